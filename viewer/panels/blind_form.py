"""Read first: what a reader says before the model's output is shown."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QComboBox, QLabel, QLineEdit, QPushButton, QVBoxLayout, QWidget

from viewer.panels.judgement_row import LONGEST_COMMENT
from viewer.state.words import readable

_OWN = "in my own words …"


class BlindForm(QWidget):
    """``committed`` carries a class name of the model, or what was written instead."""

    committed = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        question = QLabel("Read first. What do you see?")
        question.setStyleSheet("font-weight: 600; font-size: 15px")
        self.choice = QComboBox()
        self.choice.setAccessibleName("What the image shows")
        self.words = QLineEdit()
        self.words.setPlaceholderText("what you see")
        self.words.setAccessibleName("What you see, in your own words")
        self.words.setMaxLength(LONGEST_COMMENT)
        self.commit = QPushButton("Commit")
        self.commit.setProperty("primary", True)
        note = QLabel(
            "The model's answer and maps are kept back until then. A commitment cannot be undone."
        )
        self.warning = QLabel("The model's output for this image was on screen before.")
        for label in (note, self.warning):
            label.setWordWrap(True)
            label.setProperty("quiet", True)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 4, 0, 4)
        layout.setSpacing(8)
        for widget in (question, self.choice, self.words, self.commit, note, self.warning):
            layout.addWidget(widget)
        self.choice.currentIndexChanged.connect(self._enable)
        self.words.textChanged.connect(self._enable)
        self.words.returnPressed.connect(self._commit)
        self.commit.clicked.connect(self._commit)

    def begin(self, classes: tuple[str, ...], seen: bool) -> None:
        """For another image: nothing is chosen. ``seen`` when the output was shown before."""
        self.choice.clear()
        self.choice.addItem("choose …")
        for name in classes:
            self.choice.addItem(readable(name), name)
        self.choice.addItem(_OWN, "")
        self.words.clear()
        self.warning.setVisible(seen)
        self._enable()

    @property
    def said(self) -> str:
        name = self.choice.currentData()
        return self.words.text().strip() if name == "" else str(name or "")

    def _enable(self) -> None:
        own = self.choice.currentData() == ""
        self.words.setVisible(own)
        self.commit.setEnabled(bool(self.said))

    def _commit(self) -> None:
        if self.said:
            self.committed.emit(self.said)
