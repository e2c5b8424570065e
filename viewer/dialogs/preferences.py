"""The preferences: what the table of settings has, by group, and the keys."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QSignalBlocker, QSize, Qt
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import (
    QDialog,
    QHBoxLayout,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from viewer.dialogs.fields import quiet_button, search_field
from viewer.dialogs.keys import KeysPage
from viewer.dialogs.settings_page import SettingsPage
from viewer.state.settings import SETTINGS, Settings
from viewer.state.shortcuts import Bindable, Shortcuts
from viewer.state.words import several

KEYS = "Keys"
_SIZE, _GROUPS = QSize(900, 620), 168  # pixels; the width of the list of groups
_FIRST = ("Appearance", "Reading", "Privacy")


def groups() -> list[str]:
    """Of all settings, in the order in which they are shown."""
    found = dict.fromkeys((*_FIRST, *(setting.group for setting in SETTINGS)))
    return [name for name in found if any(setting.group == name for setting in SETTINGS)]


class Preferences(QDialog):
    """Everything takes effect at once, so there is nothing to confirm; what is restored at one
    stroke can be undone."""

    def __init__(
        self,
        settings: Settings,
        shortcuts: Shortcuts,
        rows: Sequence[Bindable],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._settings, self._shortcuts = settings, shortcuts
        self._undo: Callable[[], None] | None = None
        self.setWindowTitle("Preferences")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.resize(_SIZE)
        self.pages: dict[str, SettingsPage | KeysPage] = {
            name: SettingsPage(settings, name, [row for row in SETTINGS if row.group == name])
            for name in groups()
        }
        self.pages[KEYS] = self.keys = KeysPage(shortcuts, rows)
        self.search = search_field("Search preferences and keys", self._filter)
        QShortcut(QKeySequence.StandardKey.Find, self, self.search.setFocus)
        self.groups = QListWidget()
        self.groups.setAccessibleName("Groups of preferences")
        self.groups.setProperty("groups", True)
        self.groups.setFixedWidth(_GROUPS)
        self.groups.currentRowChanged.connect(self._show)
        self.said = QLabel()
        self.said.setProperty("quiet", True)
        self.undo = quiet_button("Undo", self.take_back)
        self.restore = quiet_button("Restore defaults", self.restore_defaults)
        self.close_button = quiet_button("Close", self.close)
        self._lay_out()
        self.search.setFocus()

    def _lay_out(self) -> None:
        self.stack = QStackedWidget()
        for name, page in self.pages.items():
            QListWidgetItem(name, self.groups).setSizeHint(QSize(_GROUPS - 8, 34))
            self.stack.addWidget(page)
        self.undo.hide()
        middle = QHBoxLayout()
        middle.setSpacing(10)
        middle.addWidget(self.groups)
        middle.addWidget(self.stack, 1)
        below = QHBoxLayout()
        below.addWidget(self.restore)
        below.addWidget(self.said)
        below.addWidget(self.undo)
        below.addStretch(1)
        below.addWidget(self.close_button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(14, 14, 14, 14)
        layout.setSpacing(12)
        layout.addWidget(self.search)
        layout.addLayout(middle, 1)
        layout.addLayout(below)
        self.groups.setCurrentRow(0)

    # which page
    def show_page(self, name: str) -> None:
        """Bring a group to the front, with nothing filtered."""
        self.search.clear()
        self.groups.setCurrentRow(list(self.pages).index(name))

    @property
    def shown(self) -> str:
        """The name of the group in front."""
        return list(self.pages)[self.stack.currentIndex()]

    def _show(self, row: int) -> None:
        if row >= 0:
            self.stack.setCurrentIndex(row)
            self._say("", None)
            what = "all keys" if self.shown == KEYS else f"everything under {self.shown}"
            self.restore.setToolTip(f"Set {what} back to how it was at first")

    def _filter(self) -> None:
        words = self.search.text().casefold().split()
        counts = [page.filter(words) for page in self.pages.values()]
        blocker = QSignalBlocker(self.groups)
        for row, (name, count) in enumerate(zip(self.pages, counts, strict=True)):
            item = self.groups.item(row)
            item.setText(f"{name} · {count}" if words else name)
            flags = Qt.ItemFlag.ItemIsSelectable | Qt.ItemFlag.ItemIsEnabled
            item.setFlags(flags if count else Qt.ItemFlag.NoItemFlags)
        del blocker
        if not any(counts):
            self._say("Nothing here is called that.", None)
            return
        if not counts[self.stack.currentIndex()]:
            self.groups.setCurrentRow(next(row for row, count in enumerate(counts) if count))
        self._say("", None)

    # back to how it was at first
    def restore_defaults(self) -> None:
        """Of the page in front; can be undone."""
        page = self.pages[self.shown]
        if isinstance(page, KeysPage):
            before = dict(self._shortcuts.own)
            self._shortcuts.take({})
            self._say(_counted(len(before), "key"), lambda: self._shortcuts.take(before))
            return
        changed = page.restore()

        def undo() -> None:
            for setting, value in changed:
                self._settings.set(setting, value)

        self._say(_counted(len(changed), "preference"), undo if changed else None)

    def take_back(self) -> None:
        """Undo the restoring."""
        undo, self._undo = self._undo, None
        if undo is not None:
            undo()
            self._say("As it was before.", None)

    def _say(self, text: str, undo: Callable[[], None] | None) -> None:
        if self.undo.hasFocus() and undo is None:
            self.restore.setFocus()
        self.said.setText(text)
        self._undo = undo
        self.undo.setVisible(undo is not None)


def _counted(count: int, what: str) -> str:
    if not count:
        return "Nothing was changed: these are the defaults."
    return f"{several(count, what)} set back."
