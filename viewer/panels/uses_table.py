"""The list of changes and candidates: by mouse and keys."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QSignalBlocker, Qt, Signal
from PySide6.QtGui import QHelpEvent, QKeyEvent, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QAbstractItemView, QListWidget, QListWidgetItem, QToolTip, QWidget

from viewer.palette import colour
from viewer.panels.rows import ANSWERS_SPACE
from viewer.panels.uses_card import ROW, SIGN, SPLIT, UseCard, UseRow

_EMPTY = "Nothing is taken out yet: draw over the picture, or look for markers and borders."


class UsesTable(QListWidget):
    """``chosen`` tells the key of the row that is selected; ``acted`` that of the one whose sign
    was clicked, or that was double-clicked or current when Enter was pressed; ``removed`` that of
    the one for which Delete was pressed."""

    chosen = Signal(str)
    acted = Signal(str)
    removed = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty(ANSWERS_SPACE, True)
        self.setItemDelegate(UseCard(self))
        self.setMouseTracking(True)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setAccessibleName("Changes: attends to, and uses")
        self.rows: tuple[UseRow, ...] = ()
        self.itemSelectionChanged.connect(lambda: self.chosen.emit(self.key))

    @property
    def key(self) -> str:
        """That of the selected row, "" without one."""
        items = self.selectedItems()
        return items[0].data(ROW).key if items else ""

    def show_rows(self, rows: Sequence[UseRow], selected: str) -> None:
        """Show these; rows with the keys they had stay where they are."""
        keys = [row.key for row in rows]
        kept = self.key
        blocker = QSignalBlocker(self)
        if keys != [row.key for row in self.rows]:
            self._make_items(len(rows))
        self.rows = tuple(rows)
        for place, row in enumerate(rows):
            item = self.item(place)
            if item.data(ROW) != row:
                item.setData(ROW, row)
                item.setData(Qt.ItemDataRole.AccessibleTextRole, row.in_words)
        offered = {row.key for row in rows if row.on is None}
        self._select(keys, selected or (kept if kept in offered else ""))
        del blocker

    def _make_items(self, count: int) -> None:
        while self.count() > count:
            self.takeItem(self.count() - 1)
        while self.count() < count:
            QListWidgetItem(self)

    def _select(self, keys: list[str], key: str) -> None:
        if key in keys:
            if self.currentRow() != keys.index(key) or not self.selectedItems():
                self.setCurrentRow(keys.index(key))
        else:
            self.clearSelection()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key, row = event.key(), self.key
        if row and key in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
            self.acted.emit(row)
        elif row and key in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace):
            self.removed.emit(row)
        else:
            super().keyPressEvent(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        item = self.itemAt(event.position().toPoint())
        if item is not None and event.button() == Qt.MouseButton.LeftButton:
            edge = self.visualItemRect(item).left() + SIGN
            if event.position().x() < edge:
                self.acted.emit(item.data(ROW).key)
                return
        super().mousePressEvent(event)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        item = self.itemAt(event.position().toPoint())
        if item is not None and event.position().x() >= self.visualItemRect(item).left() + SIGN:
            self.acted.emit(item.data(ROW).key)  # on the sign the first click has acted

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if not self.count():
            painter = QPainter(self.viewport())
            painter.setPen(colour("quiet"))
            box = self.viewport().rect().adjusted(8, 6, -8, -6)
            painter.drawText(box, Qt.AlignmentFlag.AlignTop | Qt.TextFlag.TextWordWrap, _EMPTY)

    def viewportEvent(self, event: QEvent) -> bool:
        """The tip of the half of the row that the mouse is over."""
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            item = self.itemAt(event.pos())
            if item is not None:
                QToolTip.showText(event.globalPos(), self._tip(item, event.pos().x()), self)
                return True
        return super().viewportEvent(event)

    def _tip(self, item: QListWidgetItem, x: int) -> str:
        row: UseRow = item.data(ROW)
        box = self.visualItemRect(item)
        if x < box.left() + SIGN:
            return {
                None: "Take it out of the image",
                True: "Leave it in the image",
                False: "Take it out of the image again",
            }[row.on]
        split = box.left() + SIGN + (box.width() - SIGN) * SPLIT
        return row.attends_tip if x < split else row.uses_tip
