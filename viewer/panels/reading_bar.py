"""How far the reading of studies is, with a button that stops it."""

from __future__ import annotations

from PySide6.QtWidgets import QHBoxLayout, QLabel, QProgressBar, QPushButton, QWidget

from viewer.state.session import Session


class ReadingBar(QWidget):
    """For the status bar; there only while files are read. Whoever makes it connects ``stop``."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self.label = QLabel()
        bar = QProgressBar()
        bar.setRange(0, 0)  # how many files there will be is not known before the end
        bar.setFixedSize(90, 6)
        bar.setTextVisible(False)
        self.stop = QPushButton("Stop reading")
        self.stop.setProperty("small", True)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(6, 0, 0, 0)
        for widget in (bar, self.label, self.stop):
            layout.addWidget(widget)
        layout.addStretch()
        session.readingChanged.connect(self._show)
        self.hide()

    def _show(self) -> None:
        files = self._session.reading
        self.setVisible(files is not None)
        self.label.setText(f"Reading studies: {files:,} files" if files else "Reading studies …")
