"""Words where something is missing, and a button for what can be done about it."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from viewer import icons, palette

_SIDE = 28  # logical pixels of the drawing


class Notice(QWidget):
    """Hidden while there is nothing to say. A drawing and a title stand with the words where they
    take the place of something large."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.drawing, self.title, self.label = QLabel(self), QLabel(self), QLabel(self)
        for label in (self.title, self.label):
            label.setWordWrap(True)
        bold = self.title.font()
        bold.setWeight(bold.Weight.DemiBold)
        self.title.setFont(bold)
        self.button = QPushButton(self)
        self.button.setProperty("small", True)
        self.button.clicked.connect(self._act)
        self._action: Callable[[], None] | None = None
        self._icon = ""
        self._said: tuple[str, ...] = ()
        words = QVBoxLayout()
        words.setSpacing(6)
        for widget in (self.title, self.label):
            words.addWidget(widget)
        words.addWidget(self.button, 0, Qt.AlignmentFlag.AlignLeft)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 4, 0, 4)
        layout.setSpacing(12)
        layout.addWidget(self.drawing, 0, Qt.AlignmentFlag.AlignTop)
        layout.addLayout(words, 1)
        palette.themes.changed.connect(self._draw)
        self.say("")

    def say(
        self,
        text: str,
        button: str = "",
        action: Callable[[], None] | None = None,
        hint: str = "",
        title: str = "",
        icon: str = "",
    ) -> None:
        """Show ``text`` and, if it has words, the button that does ``action``."""
        self._action = action
        said = (text, button, hint, title, icon)
        if said == self._said:
            return
        self._said, self._icon = said, icon
        self.label.setText(text)
        self.title.setText(title)
        self.title.setVisible(bool(title))
        if self.label.property("quiet") != bool(title):
            self.label.setProperty("quiet", bool(title))
            self.label.style().polish(self.label)
        self.button.setText(button)
        self.button.setToolTip(hint)
        self.button.setVisible(bool(button))
        self.drawing.setVisible(bool(icon))
        self._draw()
        self.setVisible(bool(text))

    def _draw(self) -> None:
        if self._icon:
            ratio = self.devicePixelRatioF()
            self.drawing.setPixmap(icons.pixmap(self._icon, _SIDE, palette.colour("quiet"), ratio))

    def _act(self) -> None:
        if self._action is not None:
            self._action()
