"""What a new user sees: what to do, and one click to see it done."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QDragEnterEvent, QShowEvent
from PySide6.QtWidgets import (
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from viewer.panels.cards import Card, DropField
from viewer.state.recents import Recent, forget_recents, read_recents
from viewer.state.session import Session
from viewer.state.words import NOT_FOR_DIAGNOSIS

_WIDEST = 620  # logical pixels of the column in the middle
_MOST = 4  # cards of what was opened lately
_ENGINE = {
    "starting": "The engine is warming up; images can be opened meanwhile.",
    "ready": "The engine is ready.",
    "busy": "The engine is at work.",
    "failed": "The engine gave no answer; images can still be viewed and measured.",
}


class Welcome(QWidget):
    """Three buttons, which whoever makes it connects; what was opened lately, of which
    ``recentAsked`` carries the :class:`Recent` that is wanted; and while studies are read how far
    that is, with a button to ``stop``."""

    recentAsked = Signal(object)

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setProperty("welcome", True)
        self.sample = QPushButton("Open the sample study")
        self.folder = QPushButton("Open a folder …")
        self.files = QPushButton("Open files …")
        self.sample.setProperty("primary", True)
        self.sample.setToolTip("Four synthetic radiographs: see what the program does")
        self.field = DropField()
        self.progress = self._make_progress()
        self.lately = QWidget()
        self.engine = QLabel()
        self.engine.setProperty("quiet", True)
        self._lay_out()
        session.readingChanged.connect(self._read)
        session.engineChanged.connect(self._read)
        self._read()

    def _make_progress(self) -> QWidget:
        box = QWidget()
        self.told = QLabel()
        self.stop = QPushButton("Stop reading")
        self.stop.setProperty("small", True)
        bar = QProgressBar()
        bar.setRange(0, 0)  # how many files there will be is not known before the end
        bar.setFixedSize(220, 6)
        bar.setTextVisible(False)
        layout = QVBoxLayout(box)
        layout.setSpacing(12)
        for widget in (self.told, bar, self.stop):
            layout.addWidget(widget, 0, Qt.AlignmentFlag.AlignHCenter)
        box.setMinimumHeight(self.field.minimumHeight())
        return box

    def _lay_out(self) -> None:
        title = QLabel("Which parts of a radiograph does the model respond to?")
        hint = QLabel(
            "Open a study; the model names what is shown, and every layer of it is laid over the "
            "scan."
        )
        title.setProperty("title", True)
        hint.setProperty("quiet", True)
        buttons = QHBoxLayout()
        buttons.setSpacing(10)
        for button in (self.sample, self.folder, self.files):
            buttons.addWidget(button)
        self._column = column = QVBoxLayout()
        column.setSpacing(16)
        for label in (title, hint):
            label.setWordWrap(True)
            label.setAlignment(Qt.AlignmentFlag.AlignHCenter)
            column.addWidget(label)
        column.addLayout(buttons)
        for widget in (self.field, self.progress, self.lately):
            column.addWidget(widget)
        column.addWidget(self.engine, 0, Qt.AlignmentFlag.AlignHCenter)
        middle = QWidget()
        middle.setMaximumWidth(_WIDEST)
        middle.setLayout(column)
        strip = QLabel(NOT_FOR_DIAGNOSIS)
        strip.setProperty("strip", True)
        strip.setAlignment(Qt.AlignmentFlag.AlignCenter)
        row = QHBoxLayout()
        row.addStretch(1)
        row.addWidget(middle, 100)
        row.addStretch(1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addStretch(2)
        layout.addLayout(row)
        layout.addStretch(3)
        layout.addWidget(strip)

    def _read(self) -> None:
        """How far the reading is, and what the engine does."""
        files = self._session.reading
        self.field.setVisible(files is None)
        self.progress.setVisible(files is not None)
        self.told.setText(f"Reading studies: {files:,} files" if files else "Reading studies …")
        self.engine.setText(_ENGINE[self._session.engine.state])

    # what was opened lately
    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.window().installEventFilter(self)
        self.read_recents()

    def read_recents(self) -> None:
        """Cards of what was opened lately, newest first."""
        found = read_recents()[:_MOST]
        before, self.lately = self.lately, self._make_lately(found)
        self._column.replaceWidget(before, self.lately)
        before.deleteLater()
        self.lately.setVisible(bool(found))

    def _make_lately(self, found: list[Recent]) -> QWidget:
        box = QWidget()
        grid = QGridLayout(box)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setSpacing(8)
        heading, forget = QLabel("Opened lately"), QPushButton("Forget these")
        heading.setProperty("quiet", True)
        forget.setProperty("small", True)
        forget.setToolTip("Empty this list; the files stay where they are")
        forget.clicked.connect(self._forget)
        grid.addWidget(heading, 0, 0)
        grid.addWidget(forget, 0, 1, Qt.AlignmentFlag.AlignRight)
        for number, recent in enumerate(found):
            what, _, when = recent.title.rpartition(" · ")
            card = Card("recent", what, when)
            card.clicked.connect(lambda checked=False, it=recent: self.recentAsked.emit(it))
            grid.addWidget(card, 1 + number // 2, number % 2)
        grid.setColumnStretch(0, 1)
        grid.setColumnStretch(1, 1)
        return box

    def _forget(self) -> None:
        forget_recents()
        self.read_recents()

    # files that are held over the window, which takes them
    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.DragEnter and isinstance(event, QDragEnterEvent):
            self.field.set_over(event.mimeData().hasUrls())
        elif event.type() in (QEvent.Type.DragLeave, QEvent.Type.Drop):
            self.field.set_over(False)
        return False
