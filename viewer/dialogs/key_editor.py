"""The keys of one action: taken away by a click, recorded by pressing them."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QKeySequenceEdit,
    QLabel,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from viewer.dialogs.fields import quiet_button
from viewer.dialogs.key_caps import named
from viewer.state.shortcuts import Bindable, Keys, Shortcuts

_MOST = 4  # keys of one action
_FIXED = {
    "Space": "Space is held to hide the overlay, and presses buttons.",
    "Return": "Enter chooses in lists and closes shapes.",
    "Enter": "Enter chooses in lists and closes shapes.",
    "Tab": "Tab leads from one control to the next.",
    "Shift+Tab": "Tab leads from one control to the next.",
    "Backspace": "Backspace takes back what is drawn or typed.",
}
_IN_LISTS = frozenset(("Up", "Down", "Left", "Right", "Home", "End", "Del"))


def why_not(key: str, row: Bindable) -> str:
    """Why a key cannot be given to an action, in a sentence; "" if it can."""
    if key in _FIXED:
        return _FIXED[key]
    parts = key.split("+")
    if len(parts) == 2 and parts[0] == "Alt" and len(parts[1]) == 1 and parts[1].isalpha():
        return "Alt with a letter opens the menus."
    if key in _IN_LISTS and not row.in_view:
        return f"{named(key)} is needed in lists and fields, wherever the focus is."
    return ""


class KeyEditor(QFrame):
    """A key that somebody else has is taken over only when that is asked for."""

    def __init__(self, shortcuts: Shortcuts, rows: Sequence[Bindable]) -> None:
        super().__init__()
        self._shortcuts, self._rows = shortcuts, tuple(rows)
        self.row: Bindable | None = None
        self._wanted = ""
        self.title = QLabel()
        self.title.setProperty("heading", True)
        self.caps: list[QPushButton] = []
        self.recorder = QKeySequenceEdit()
        self.recorder.setMaximumSequenceLength(1)
        self.recorder.setAccessibleName("Press the keys to add")
        self.recorder.setFixedWidth(170)
        self.recorder.editingFinished.connect(self._recorded)
        self.default = quiet_button("Default keys", self._back, small=True)
        self.says = QLabel()
        self.says.setWordWrap(True)
        self.take = quiet_button("Take it over", self._take_over, small=True)
        self.leave = quiet_button("Leave it there", self._leave, small=True)
        self._lay_out()
        self.choose(None)

    def _lay_out(self) -> None:
        self._line = QHBoxLayout()
        self._line.setSpacing(6)
        self._line.addStretch(1)
        hint = QLabel("Add:")
        hint.setProperty("quiet", True)
        hint.setBuddy(self.recorder)
        self._line.addWidget(hint)
        self._line.addWidget(self.recorder)
        self._line.addWidget(self.default)
        below = QHBoxLayout()
        below.addWidget(self.says, 1)
        below.addWidget(self.take)
        below.addWidget(self.leave)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 4, 0, 0)
        layout.setSpacing(6)
        layout.addWidget(self.title)
        layout.addLayout(self._line)
        layout.addLayout(below)

    def changeEvent(self, event: QEvent) -> None:
        """Room for the buttons beside what it says, also while they are not there."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.StyleChange:
            self.says.setMinimumHeight(self.take.sizeHint().height())

    def choose(self, row: Bindable | None) -> None:
        """Show the keys of an action."""
        self.row = row
        self._say("")
        self.read()

    @property
    def keys(self) -> Keys:
        """Those of the action that is shown."""
        if self.row is None:
            return ()
        return self._shortcuts.resolved(self._rows)[self.row.id]

    def read(self) -> None:
        """Show what holds now."""
        had_focus = any(cap.hasFocus() for cap in self.caps)
        for cap in self.caps:
            self._line.removeWidget(cap)
            cap.hide()
            cap.deleteLater()
        self.caps = [self._cap(key) for key in self.keys]
        for place, cap in enumerate(self.caps):
            self._line.insertWidget(place, cap)
            before = self.caps[place - 1] if place else None
            if before is not None:
                QWidget.setTabOrder(before, cap)
        if self.caps:
            QWidget.setTabOrder(self.caps[-1], self.recorder)
        row = self.row
        self.title.setText("" if row is None else f"{row.text}  ·  {row.place}")
        self.recorder.setEnabled(row is not None and len(self.caps) < _MOST)
        own = row is not None and self._shortcuts.is_own(row.id)
        self.default.setEnabled(own or (row is not None and self.keys != row.keys))
        if had_focus:
            self.recorder.setFocus()

    def _cap(self, key: str) -> QPushButton:
        cap = quiet_button(f"{named(key)}  ✕", lambda: self._remove(key), small=True)
        cap.setToolTip(f"Take {named(key)} away from this action")
        cap.setAccessibleName(cap.toolTip())
        return cap

    # changing
    def _remove(self, key: str) -> None:
        if self.row is not None:
            self._say("")
            self._shortcuts.give(self.row, tuple(had for had in self.keys if had != key))

    def _recorded(self) -> None:
        key = self.recorder.keySequence().toString(QKeySequence.SequenceFormat.PortableText)
        self.recorder.clear()
        if key and self.row is not None:
            self.add(key)

    def add(self, key: str) -> None:
        """Give the key to the action, or say why not, or whose it is."""
        assert self.row is not None
        if key in self.keys:
            self._say(f"{named(key)} does that already.")
            return
        refusal = why_not(key, self.row)
        if refusal:
            self._say(f"{refusal} Choose another key.")
            return
        holder = self._holder(key)
        if holder is None:
            self._say("")
            self._shortcuts.give(self.row, (*self.keys, key))
        else:
            self._say(f"{named(key)} is the key of “{holder.text}” ({holder.place}).", key)

    def _holder(self, key: str) -> Bindable | None:
        keys = self._shortcuts.resolved(self._rows)
        return next((row for row in self._rows if key in keys[row.id]), None)

    def _take_over(self) -> None:
        key, row = self._wanted, self.row
        if key and row is not None:
            loser = self._holder(key)
            self._shortcuts.give(row, (*self.keys, key))
            self._say("" if loser is None else f"{named(key)} was taken from “{loser.text}”.")
            self.recorder.setFocus()

    def _leave(self) -> None:
        self._say("")
        self.recorder.setFocus()

    def _back(self) -> None:
        """The keys of the table, also where others were given them."""
        row = self.row
        if row is None:
            return
        losers = {self._holder(key) for key in row.keys} - {row, None}
        self._shortcuts.give(row, row.keys)
        names = ", ".join(f"“{loser.text}”" for loser in losers if loser is not None)
        self._say(f"Taken back from {names}." if names else "")

    def _say(self, text: str, wanted: str = "") -> None:
        self._wanted = wanted
        self.says.setText(text)
        for button in (self.take, self.leave):
            button.setVisible(bool(wanted))
        if wanted:
            self.take.setFocus(Qt.FocusReason.OtherFocusReason)
