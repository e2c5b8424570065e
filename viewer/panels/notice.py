"""Words where something is missing, and a button for what can be done about it."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QPushButton, QVBoxLayout, QWidget


class Notice(QWidget):
    """Hidden while there is nothing to say."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.label = QLabel(self)
        self.label.setWordWrap(True)
        self.button = QPushButton(self)
        self.button.setProperty("small", True)
        self.button.clicked.connect(self._act)
        self._action: Callable[[], None] | None = None
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 4, 0, 4)
        layout.setSpacing(8)
        layout.addWidget(self.label)
        layout.addWidget(self.button, 0, Qt.AlignmentFlag.AlignLeft)

    def say(
        self, text: str, button: str = "", action: Callable[[], None] | None = None, hint: str = ""
    ) -> None:
        """Show ``text`` and, if it has words, the button that does ``action``."""
        self._action = action
        self.label.setText(text)
        self.button.setText(button)
        self.button.setToolTip(hint)
        self.button.setVisible(bool(button))
        self.setVisible(bool(text))

    def _act(self) -> None:
        if self._action is not None:
            self._action()
