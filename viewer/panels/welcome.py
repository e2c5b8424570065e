"""What a new user sees: what to do, and one click to see it done."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from viewer.canvas.scene import NOT_FOR_DIAGNOSIS


class Welcome(QWidget):
    """Three buttons; whoever makes it connects them."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setProperty("welcome", True)
        self.sample = QPushButton("Open the sample study")
        self.folder = QPushButton("Open a folder …")
        self.files = QPushButton("Open files …")
        self.sample.setProperty("primary", True)
        title, hint, strip = (
            QLabel("Which parts of a radiograph does the model respond to?"),
            QLabel("Open a DICOM study, or drop files and folders anywhere on this window."),
            QLabel(NOT_FOR_DIAGNOSIS),
        )
        title.setProperty("title", True)
        hint.setProperty("quiet", True)
        strip.setProperty("strip", True)
        buttons = QHBoxLayout()
        buttons.setSpacing(10)
        buttons.addStretch()
        for button in (self.sample, self.folder, self.files):
            buttons.addWidget(button)
        buttons.addStretch()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(14)
        layout.addStretch()
        for label in (title, hint):
            layout.addWidget(label, 0, Qt.AlignmentFlag.AlignHCenter)
        layout.addLayout(buttons)
        layout.addStretch()
        layout.addWidget(strip)
        strip.setAlignment(Qt.AlignmentFlag.AlignCenter)
