"""Which key does what, to be changed: a table of all actions, and the keys of the chosen one."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QFont, QPainter
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QLabel,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from viewer.dialogs import key_caps
from viewer.dialogs.key_editor import KeyEditor
from viewer.state.shortcuts import Bindable, Keys, Shortcuts

_HEADS = ("action", "menu", "keys")
_KEYS = Qt.ItemDataRole.UserRole
_ROW, _KEYS_WIDTH, _MENU_WIDTH = 29, 200, 120  # pixels
Index = QModelIndex | QPersistentModelIndex


class CapsDelegate(QStyledItemDelegate):
    """Paints the keys of a cell as caps, over its ground."""

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        super().paint(painter, option, index)
        box = QRectF(option.rect)
        left = QPointF(box.left() + 6, box.center().y())
        key_caps.draw(painter, left, index.data(_KEYS) or ())

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return QSize(_KEYS_WIDTH, _ROW)


class KeysPage(QWidget):
    """Rows whose keys are the user's are written bold."""

    def __init__(self, shortcuts: Shortcuts, rows: Sequence[Bindable]) -> None:
        super().__init__()
        self.setAutoFillBackground(True)
        self._shortcuts, self._rows = shortcuts, tuple(rows)
        self.problem = QLabel()
        self.problem.setProperty("message", True)
        self.problem.setWordWrap(True)
        self.table = QTableWidget(len(self._rows), len(_HEADS))
        self._cells: list[list[QTableWidgetItem]] = []
        self.editor = KeyEditor(shortcuts, self._rows)
        self._make_table()
        self._lay_out()
        shortcuts.changed.connect(self._read)
        self.table.currentCellChanged.connect(lambda row, *others: self._choose(row))
        self.table.cellActivated.connect(lambda row, column: self.editor.recorder.setFocus())
        self._read()
        self.table.setCurrentCell(0, 0)

    def _make_table(self) -> None:
        table = self.table
        table.setAccessibleName("Actions and their keys")
        table.setHorizontalHeaderLabels(_HEADS)
        table.horizontalHeader().setDefaultAlignment(Qt.AlignmentFlag.AlignLeft)
        table.horizontalHeader().setHighlightSections(False)
        table.horizontalHeader().setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        table.setColumnWidth(1, _MENU_WIDTH)
        table.setColumnWidth(2, _KEYS_WIDTH)
        table.verticalHeader().hide()
        table.verticalHeader().setDefaultSectionSize(_ROW)
        table.setShowGrid(False)
        table.setTabKeyNavigation(False)
        table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        table.setItemDelegateForColumn(2, CapsDelegate(table))
        for place, row in enumerate(self._rows):
            cells = [QTableWidgetItem(text) for text in (row.text, row.place, "")]
            for column, cell in enumerate(cells):
                table.setItem(place, column, cell)
            self._cells.append(cells)

    def _lay_out(self) -> None:
        heading = QLabel("Keys")
        heading.setProperty("heading", True)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(22, 16, 22, 12)
        layout.setSpacing(10)
        layout.addWidget(heading)
        layout.addWidget(self.problem)
        layout.addWidget(self.table, 1)
        layout.addWidget(self.editor)

    def _read(self) -> None:
        keys = self._shortcuts.resolved(self._rows)
        self.problem.setText(self._shortcuts.problem)
        self.problem.setVisible(bool(self._shortcuts.problem))
        for place, row in enumerate(self._rows):
            self._put(place, row, keys[row.id])
        self.editor.read()

    def _put(self, place: int, row: Bindable, keys: Keys) -> None:
        name, _, item = cells = self._cells[place]
        font = QFont(self.table.font())
        own = self._shortcuts.is_own(row.id)
        font.setWeight(QFont.Weight.DemiBold if own else QFont.Weight.Normal)
        name.setFont(font)
        spoken = " or ".join(key_caps.named(key) for key in keys) or "no key"
        item.setData(_KEYS, keys)
        item.setData(Qt.ItemDataRole.AccessibleTextRole, spoken)
        first = f"; at first {', '.join(row.keys) or 'none'}" if own else ""
        for cell in cells:
            cell.setToolTip(f"{row.text}: {spoken}{first}")

    def _choose(self, place: int) -> None:
        self.editor.choose(self._rows[place] if place >= 0 else None)

    def filter(self, words: Sequence[str]) -> int:
        """Show the actions in whose name, menu or keys all words occur; how many those are."""
        keys, count = self._shortcuts.resolved(self._rows), 0
        for place, row in enumerate(self._rows):
            text = f"{row.text} {row.place} {' '.join(keys[row.id])}".casefold()
            found = all(word in text for word in words)
            self.table.setRowHidden(place, not found)
            count += found
        if count and self.table.isRowHidden(max(0, self.table.currentRow())):
            shown = (p for p in range(len(self._rows)) if not self.table.isRowHidden(p))
            self.table.setCurrentCell(next(shown), 0)
        return count

    def choose(self, action: str) -> None:
        """Go to an action, by its id."""
        place = next(p for p, row in enumerate(self._rows) if row.id == action)
        self.table.setCurrentCell(place, 0)
