"""Every gesture and every key, by subject, to look something up: the keys as they are now."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QFont, QKeySequence, QPainter, QShortcut
from PySide6.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QHBoxLayout,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from viewer.dialogs import key_caps
from viewer.dialogs.fields import quiet_button, search_field
from viewer.palette import colour
from viewer.state.shortcuts import Bindable, Keys, Shortcuts

_SIZE, _ROW, _HEAD = QSize(760, 700), 28, 44  # pixels
_KEYS_WIDTH = 232.0
_ENTRY = Qt.ItemDataRole.UserRole
Index = QModelIndex | QPersistentModelIndex


@dataclass(frozen=True)
class Entry:
    """A line of the help, or with no words a heading: the name of its group."""

    group: str
    keys: Keys
    text: str

    @property
    def in_words(self) -> str:
        """For those who do not see the line."""
        keys = " or ".join(map(key_caps.named, self.keys)) or "no key"
        return f"{self.text}: {keys}" if self.text else self.group


GESTURES: tuple[Entry, ...] = (
    Entry(
        "Mouse", ("left drag",), "The tool in hand; at first window (sideways) and level (up, down)"
    ),
    Entry("Mouse", ("middle drag",), "Pan"),
    Entry("Mouse", ("right drag",), "Zoom"),
    Entry("Mouse", ("drag up", "drag down"), "With the magnifier: larger or smaller"),
    Entry("Mouse", ("wheel",), "Next or previous image"),
    Entry("Mouse", ("Ctrl + wheel",), "Zoom at the cursor"),
    Entry("Mouse", ("Shift + wheel",), "Opacity of the overlay"),
    Entry("Mouse", ("Ctrl + click",), "In the list of studies: beside the open image, or no more"),
    Entry(
        "Mouse", ("double click",), "This picture alone and back; of a single one, the whole image"
    ),
    Entry("Mouse", ("right click",), "Menu"),
    Entry("Mouse", ("hold Space",), "Hide the overlay and all marks while held"),
    Entry("Drawing", ("drag",), "Draw with the tool, or move what is under the cursor"),
    Entry("Drawing", ("drag a corner",), "Change the shape of what is selected"),
    Entry("Drawing", ("click …", "double click"), "Corners of a polygon, and its last one"),
)


def entries(shortcuts: Shortcuts, rows: Sequence[Bindable]) -> list[Entry]:
    """The gestures, then all actions by the menu they stand in, those of a menu together."""
    keys = shortcuts.resolved(rows)
    order = list(dict.fromkeys(row.place for row in rows))
    by_menu = sorted(rows, key=lambda row: order.index(row.place))
    return [*GESTURES, *(Entry(row.place, keys[row.id], row.text) for row in by_menu)]


def found(every: Sequence[Entry], words: Sequence[str]) -> list[Entry]:
    """The entries in which all words occur, each group under its heading."""
    fits = [
        entry
        for entry in every
        if all(word in f"{entry.group} {entry.in_words}".casefold() for word in words)
    ]
    shown: list[Entry] = []
    for group, members in groupby(fits, key=lambda entry: entry.group):
        shown += [Entry(group, (), ""), *members]
    return shown


class _Line(QStyledItemDelegate):
    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return QSize(200, _ROW if index.data(_ENTRY).text else _HEAD)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        entry: Entry = index.data(_ENTRY)
        box = QRectF(option.rect).adjusted(8, 0, -8, 0)
        painter.save()
        if not entry.text:
            font = QFont(painter.font())
            font.setWeight(QFont.Weight.DemiBold)
            painter.setFont(font)
            painter.setPen(colour("accent"))
            painter.drawText(
                box.adjusted(0, 0, 0, -6),
                Qt.AlignmentFlag.AlignBottom | Qt.AlignmentFlag.AlignLeft,
                entry.group,
            )
            painter.restore()
            return
        if entry.keys:
            key_caps.draw(painter, QPointF(box.left(), box.center().y()), entry.keys)
        else:
            painter.setPen(colour("quiet"))
            painter.drawText(box, Qt.AlignmentFlag.AlignVCenter, "no key")
        used = key_caps.width_of(painter.font(), entry.keys)
        words = box.adjusted(max(_KEYS_WIDTH, used + 14), 0, 0, 0)
        painter.setPen(colour("text"))
        text = painter.fontMetrics().elidedText(
            entry.text, Qt.TextElideMode.ElideRight, int(words.width())
        )
        painter.drawText(words, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, text)
        painter.restore()


class HelpDialog(QDialog):
    """``keysAsked`` tells that the keys are to be changed."""

    keysAsked = Signal()

    def __init__(
        self, shortcuts: Shortcuts, rows: Sequence[Bindable], parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._shortcuts, self._rows = shortcuts, tuple(rows)
        self.setWindowTitle("Keys and gestures")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.resize(_SIZE)
        self.search = search_field("Search for a key or for what it does", self._fill)
        QShortcut(QKeySequence.StandardKey.Find, self, self.search.setFocus)
        self.lines = QListWidget()
        self.lines.setItemDelegate(_Line(self.lines))
        self.lines.setAccessibleName("Gestures and keys")
        self.lines.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
        self.lines.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.lines.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.none = QLabel("No key and no gesture is called that.")
        self.none.setProperty("quiet", True)
        self.change = quiet_button("Change keys …", self.keysAsked.emit)
        self.close_button = quiet_button("Close", self.close)
        self._lay_out()
        shortcuts.changed.connect(self._fill)
        self._fill()
        self.search.setFocus()

    def _lay_out(self) -> None:
        below = QHBoxLayout()
        below.addWidget(self.change)
        below.addStretch(1)
        below.addWidget(self.close_button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(14, 14, 14, 14)
        layout.setSpacing(10)
        layout.addWidget(self.search)
        layout.addWidget(self.none)
        layout.addWidget(self.lines, 1)
        layout.addLayout(below)

    def _fill(self) -> None:
        words = self.search.text().casefold().split()
        shown = found(entries(self._shortcuts, self._rows), words)
        self.lines.clear()
        for entry in shown:
            item = QListWidgetItem(self.lines)
            item.setData(_ENTRY, entry)
            item.setData(Qt.ItemDataRole.AccessibleTextRole, entry.in_words)
            item.setToolTip(entry.text)
            if not entry.text:
                item.setFlags(Qt.ItemFlag.NoItemFlags)
        self.none.setVisible(not shown)

    @property
    def shown(self) -> list[Entry]:
        """The lines that are shown."""
        return [self.lines.item(row).data(_ENTRY) for row in range(self.lines.count())]
