"""Find a command by typing, and run it: everything that stands in a menu."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from PySide6.QtCore import (
    QEvent,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QPoint,
    QPointF,
    QRectF,
    QSize,
    Qt,
)
from PySide6.QtGui import QAction, QKeyEvent, QKeySequence, QPainter
from PySide6.QtWidgets import (
    QDialog,
    QLabel,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QMenu,
    QMenuBar,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from viewer.dialogs import key_caps
from viewer.palette import colour
from viewer.state.shortcuts import Keys

_WIDTH, _ROW, _MOST = 620, 34, 11  # pixels; rows without scrolling
_FOUND = Qt.ItemDataRole.UserRole
Index = QModelIndex | QPersistentModelIndex


@dataclass(frozen=True, eq=False)
class Command:
    """An action of a menu: the menus that lead there, what it says, its keys."""

    path: str
    text: str
    keys: Keys
    action: QAction
    why_not: str
    """Why it cannot be run; "" if it can."""

    @property
    def usable(self) -> bool:
        return not self.why_not

    @property
    def in_words(self) -> str:
        keys = " or ".join(map(key_caps.named, self.keys))
        parts = (self.text, self.path, keys, self.why_not)
        return ", ".join(part for part in parts if part)


def commands(bar: QMenuBar, why_not: Callable[[QAction], str]) -> list[Command]:
    """What all menus hold now, in their order; menus that are filled when they open are filled."""
    every: list[Command] = []
    for action in bar.actions():
        menu = action.menu()
        if isinstance(menu, QMenu):
            every += _of_menu(menu, _plain(action.text()), why_not)
    return every


def _of_menu(menu: QMenu, path: str, why_not: Callable[[QAction], str]) -> list[Command]:
    menu.aboutToShow.emit()
    rows: list[Command] = []
    for action in menu.actions():
        below = action.menu()
        if isinstance(below, QMenu):
            rows += _of_menu(below, f"{path} › {_plain(action.text())}", why_not)
        elif not action.isSeparator() and action.text():
            reason = "" if action.isEnabled() else why_not(action)
            text, _, key = action.text().partition("\t")  # a key that another action has
            keys = _keys(action) or ((key,) if key else ())
            rows.append(Command(path, _plain(text), keys, action, reason))
    return rows


def _keys(action: QAction) -> Keys:
    form = QKeySequence.SequenceFormat.PortableText
    return tuple(key.toString(form) for key in action.shortcuts())


def _plain(text: str) -> str:
    """Without the marks of the keys that open menus."""
    return text.replace("&&", "\0").replace("&", "").replace("\0", "&")


def ranked(every: Sequence[Command], typed: str) -> list[Command]:
    """The commands in which every word that was typed occurs: those that begin so first, then those
    with words that do, then those whose menu fits. What can be run stands before what cannot."""
    words = typed.casefold().split()
    found = []
    for place, command in enumerate(every):
        text, whole = command.text.casefold(), f"{command.text} {command.path}".casefold()
        if not all(word in whole or word in _cased(command.keys) for word in words):
            continue
        begins = not words or text.startswith(" ".join(words))
        starts = all(any(part.startswith(word) for part in text.split()) for word in words)
        inside = all(word in text for word in words)
        rank = 0 if begins else 1 if starts else 2 if inside else 3
        found.append((not command.usable, rank, place, command))
    return [command for *_, command in sorted(found, key=lambda row: row[:3])]


def _cased(keys: Keys) -> str:
    return " ".join(keys).casefold()


class _Line(QStyledItemDelegate):
    """What it says, the menu more quietly, and the keys at the right – or why it cannot be run."""

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return QSize(200, _ROW)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        command: Command = index.data(_FOUND)
        box = QRectF(option.rect)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if option.state & QStyle.StateFlag.State_Selected:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(colour("line"))
            painter.drawRoundedRect(box.adjusted(2, 1, -2, -1), 5, 5)
            painter.setBrush(colour("accent"))
            painter.drawRoundedRect(
                QRectF(box.left() + 2, box.top() + 7, 3, box.height() - 14), 1, 1
            )
        inner = box.adjusted(14, 0, -12, 0)
        room = inner.width() - self._right(painter, inner, command) - 14
        middle = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft
        metrics = painter.fontMetrics()
        painter.setPen(colour("text" if command.usable else "quiet"))
        mark = "✓ " if command.action.isCheckable() and command.action.isChecked() else ""
        text = metrics.elidedText(f"{mark}{command.text}", Qt.TextElideMode.ElideRight, int(room))
        painter.drawText(inner, middle, text)
        used = metrics.horizontalAdvance(text) + 12
        painter.setPen(colour("quiet"))
        path = metrics.elidedText(command.path, Qt.TextElideMode.ElideRight, int(room - used))
        painter.drawText(inner.adjusted(used, 0, 0, 0), middle, path)
        painter.restore()

    def _right(self, painter: QPainter, inner: QRectF, command: Command) -> float:
        """What stands at the right; the pixels it takes."""
        if command.usable:
            width = key_caps.width_of(painter.font(), command.keys)
            key_caps.draw(painter, QPointF(inner.right() - width, inner.center().y()), command.keys)
            return width
        painter.setPen(colour("quiet"))
        sides = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight
        painter.drawText(inner, sides, command.why_not)
        return float(painter.fontMetrics().horizontalAdvance(command.why_not))


class FindCommand(QDialog):
    """A field over the window: Up and Down choose, Enter runs, Esc leaves everything as it is. The
    command runs once the field is gone."""

    def __init__(self, every: Sequence[Command], parent: QWidget) -> None:
        super().__init__(parent)
        self._every = list(every)
        self.setWindowTitle("Find a command")
        self.setWindowFlags(Qt.WindowType.Dialog | Qt.WindowType.FramelessWindowHint)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setModal(True)
        self.setProperty("sheet", True)
        self.field = QLineEdit()
        self.field.setProperty("search", True)
        self.field.setPlaceholderText("What do you want to do?")
        self.field.setAccessibleName("Find a command")
        self.field.textChanged.connect(self._fill)
        self.field.installEventFilter(self)
        self.lines = QListWidget()
        self.lines.setItemDelegate(_Line(self.lines))
        self.lines.setAccessibleName("Commands")
        self.lines.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.lines.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.lines.itemClicked.connect(lambda item: self.run())
        self.none = QLabel("No command is called that.")
        self.none.setProperty("quiet", True)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(10, 10, 10, 10)
        layout.addWidget(self.field)
        layout.addWidget(self.none)
        layout.addWidget(self.lines)
        self._most = _MOST
        self._place(parent)
        self._fill()

    def _place(self, window: QWidget) -> None:
        """Below the menu, in the middle."""
        width = min(_WIDTH, window.width() - 40)
        self._most = min(_MOST, max(4, (window.height() - 220) // _ROW))
        self.setFixedWidth(width)
        self.move(window.mapToGlobal(QPoint((window.width() - width) // 2, 64)))

    def _fill(self) -> None:
        self.lines.clear()
        for command in ranked(self._every, self.field.text()):
            item = QListWidgetItem(self.lines)
            item.setData(_FOUND, command)
            item.setData(Qt.ItemDataRole.AccessibleTextRole, command.in_words)
        count = self.lines.count()
        self.none.setVisible(not count)
        self.lines.setVisible(bool(count))
        self.lines.setFixedHeight(min(count, self._most) * _ROW + 6)
        self.lines.setCurrentRow(0)
        self.adjustSize()

    @property
    def shown(self) -> list[Command]:
        """The commands that are listed."""
        return [self.lines.item(row).data(_FOUND) for row in range(self.lines.count())]

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """The keys that move in the list, while one types."""
        if event.type() == QEvent.Type.KeyPress and isinstance(event, QKeyEvent):
            key, count = event.key(), self.lines.count()
            steps = {
                Qt.Key.Key_Down: 1,
                Qt.Key.Key_Up: -1,
                Qt.Key.Key_PageDown: _MOST - 1,
                Qt.Key.Key_PageUp: 1 - _MOST,
            }
            if key in steps and count:
                row = self.lines.currentRow() + steps[Qt.Key(key)]
                single = abs(steps[Qt.Key(key)]) == 1
                self.lines.setCurrentRow(row % count if single else max(0, min(count - 1, row)))
                return True
            if key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
                self.run()
                return True
        return super().eventFilter(watched, event)

    def run(self) -> None:
        """Run the command that is chosen, if it can be."""
        item = self.lines.currentItem()
        if item is None:
            return
        command: Command = item.data(_FOUND)
        if command.usable:
            self.finished.connect(lambda result: command.action.trigger())
            self.accept()
