"""Above the picture, once after a crash: what was open can be opened again with one click."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QWidget

from viewer.palette import hex_of, themes


class OfferBar(QWidget):
    """Hidden until there is something to offer; ``answered`` carries whether it is wanted."""

    answered = Signal(bool)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setObjectName("offer")
        self.words = QLabel()
        self.words.setWordWrap(True)
        self.restore = QPushButton("Restore what was open")
        self.restore.setProperty("primary", True)
        self.leave = QPushButton("Not now")
        layout = QHBoxLayout(self)
        layout.setContentsMargins(14, 8, 10, 8)
        layout.setSpacing(8)
        layout.addWidget(self.words, 1)
        for button, wanted in ((self.restore, True), (self.leave, False)):
            layout.addWidget(button)
            button.clicked.connect(lambda checked=False, wanted=wanted: self._answer(wanted))
        themes.changed.connect(self._dress)
        self._dress()
        self.hide()

    def _dress(self) -> None:
        self.setStyleSheet(
            f"#offer {{ background: {hex_of('raised')}; "
            f"border-bottom: 2px solid {hex_of('accent')}; }}"
        )

    def offer(self, what: str) -> None:
        """Ask, saying what there was without saying whose."""
        there = f" What was open: {what}." if what else ""
        self.words.setText(f"The program did not end as it should the last time.{there}")
        self.show()

    def _answer(self, wanted: bool) -> None:
        self.hide()
        self.answered.emit(wanted)
