"""What leaves the program, seen before it does: which of it, and whether it tells whose it is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QSignalBlocker, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QHideEvent, QImage
from PySide6.QtWidgets import (
    QCheckBox,
    QDialog,
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QProgressBar,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from viewer.dialogs.preview import Preview
from viewer.messages import UserError, sentence
from viewer.state.progress import Progress
from viewer.state.workbench import Workbench

_SIZE, _ROW = (1060, 740), 28  # pixels
_SETTLE = 250  # milliseconds without a change, after which a preview is made
BURNED_IN = (
    "This image may have text burned into its pixels; hiding the identity does not remove it."
)
_COMMENTS = "What the reader wrote is exported as it was written."


@dataclass(frozen=True)
class Wishes:
    """``layers``: numbers from 0 of those that are ticked."""

    identity: bool
    layers: tuple[int, ...]


@dataclass(frozen=True)
class Prepared:
    """An export of one moment. ``preview`` and ``write`` run in a thread; ``name`` is suggested for
    the file, ``words`` follow "Exported NAME" when it is done."""

    name: str
    preview: Callable[[], QImage | str]
    write: Callable[[Path, Progress], None]
    words: str


@dataclass(frozen=True)
class Offer:
    """Something that can be exported; ``prepare`` raises :class:`UserError` if not now."""

    title: str
    about: str
    prepare: Callable[[Wishes], Prepared]
    with_layers: bool = False
    with_words: bool = False
    """Whether what the reader wrote is in it."""


class ExportDialog(QDialog):
    """Stays open beside the window and follows it: what is previewed is what would be written."""

    _stepped = Signal(float)
    _ended = Signal()

    def __init__(
        self, workbench: Workbench, offers: Sequence[Offer], parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle("Export")
        self.resize(*_SIZE)
        self._workbench, self._offers = workbench, tuple(offers)
        self._prepared: Prepared | None = None
        self._progress: Progress | None = None
        self._inquiry = workbench.inquiry("report")
        self._later = QTimer(self)
        self._later.setSingleShot(True)
        self._later.setInterval(_SETTLE)
        self.kinds = QListWidget()
        self.about = _quiet()
        self.layers = QListWidget()
        self.all_layers = QPushButton("All")
        self.no_layers = QPushButton("None")
        self.identity = QCheckBox("Show whose image it is")
        self.warning = QLabel()
        self.comments = _quiet()
        self.preview = Preview()
        self.bar = QProgressBar()
        self.cancel = QPushButton("Cancel")
        self.export = QPushButton("Export …")
        self.close_button = QPushButton("Close")
        self._lay_out()
        self._connect()

    # looks
    def _lay_out(self) -> None:
        for offer in self._offers:
            QListWidgetItem(offer.title, self.kinds).setSizeHint(QSize(0, _ROW))
        self.kinds.setStyleSheet("QListView::item { padding-left: 8px; }")
        self.kinds.setAccessibleName("What is exported")
        self.kinds.setFixedHeight(_ROW * len(self._offers) + 4)
        self.layers.setAccessibleName("Layers of the contact sheet")
        self.warning.setWordWrap(True)
        self.warning.setProperty("message", True)
        self.bar.setRange(0, 1000)
        self.bar.setTextVisible(False)
        self.bar.setFixedHeight(8)
        policy = self.bar.sizePolicy()
        policy.setRetainSizeWhenHidden(True)
        self.bar.setSizePolicy(policy)
        self.export.setProperty("primary", True)
        for button in (self.all_layers, self.no_layers):
            button.setProperty("small", True)
            button.setAutoDefault(False)
        ticks = QHBoxLayout()
        ticks.addWidget(QLabel("Layers"))
        ticks.addStretch()
        ticks.addWidget(self.all_layers)
        ticks.addWidget(self.no_layers)
        self._choice = QWidget()
        choice = QVBoxLayout(self._choice)
        choice.setContentsMargins(0, 0, 0, 0)
        choice.addLayout(ticks)
        choice.addWidget(self.layers, 1)
        left = QVBoxLayout()
        left.setContentsMargins(0, 0, 0, 0)
        left.setSpacing(10)
        left.addWidget(self.kinds)
        left.addWidget(self.about)
        left.addWidget(self._choice, 1)
        left.addStretch()
        left.addWidget(self.comments)
        left.addWidget(self.identity)
        left.addWidget(self.warning)
        below = QHBoxLayout()
        below.addWidget(self.bar, 1)
        for button in (self.cancel, self.close_button, self.export):
            below.addWidget(button)
        column = QWidget()
        column.setLayout(left)
        column.setFixedWidth(320)
        above = QHBoxLayout()
        above.addWidget(column)
        above.addWidget(self.preview, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(18, 18, 18, 18)
        layout.setSpacing(14)
        layout.addLayout(above, 1)
        layout.addLayout(below)
        self._show_running()

    def _connect(self) -> None:
        session, bench = self._workbench.session, self._workbench
        self.kinds.currentRowChanged.connect(self._choose)
        self.layers.itemChanged.connect(self._wish)
        self.identity.toggled.connect(self._wish)
        self.all_layers.clicked.connect(lambda: self._tick(Qt.CheckState.Checked))
        self.no_layers.clicked.connect(lambda: self._tick(Qt.CheckState.Unchecked))
        self.export.clicked.connect(self._ask_and_export)
        self.cancel.clicked.connect(self._cancel)
        self.close_button.clicked.connect(self.reject)
        self._later.timeout.connect(self._prepare)
        self._inquiry.answered.connect(self.preview.show_one)
        self._stepped.connect(lambda share: self.bar.setValue(round(1000 * share)))
        self._ended.connect(self._end)
        session.explanationChanged.connect(self._fill_layers)
        for changed in (
            session.frameChanged,
            session.windowChanged,
            session.explanationChanged,
            session.overlayChanged,
            session.audit.documentChanged,
            bench.figures.changed,
            bench.what_if.changed,
        ):
            changed.connect(self._wish)

    # what is wished
    def show_anew(self) -> None:
        """Open it, with the identity hidden, whatever was chosen before."""
        self.identity.setChecked(False)
        if self.kinds.currentRow() < 0:
            self.kinds.setCurrentRow(0)
        if self.isVisible():
            self.raise_()
        self.show()
        self._fill_layers()
        self._prepare()

    @property
    def offer(self) -> Offer:
        return self._offers[max(0, self.kinds.currentRow())]

    @property
    def wishes(self) -> Wishes:
        rows = (self.layers.item(row) for row in range(self.layers.count()))
        ticked = (n for n, row in enumerate(rows) if row.checkState() == Qt.CheckState.Checked)
        return Wishes(self.identity.isChecked(), tuple(ticked))

    def _fill_layers(self) -> None:
        explanation = self._workbench.session.explanation
        names = [] if explanation is None else [layer.name for layer in explanation.layers]
        if names == [self.layers.item(row).text() for row in range(self.layers.count())]:
            return
        blocker = QSignalBlocker(self.layers)
        self.layers.clear()
        for name in names:
            item = QListWidgetItem(name, self.layers)
            item.setCheckState(Qt.CheckState.Checked)
        del blocker
        self._wish()

    def _tick(self, state: Qt.CheckState) -> None:
        blocker = QSignalBlocker(self.layers)
        for row in range(self.layers.count()):
            self.layers.item(row).setCheckState(state)
        del blocker
        self._wish()

    def _choose(self) -> None:
        self._inquiry.cancel()
        self.preview.show_one("Making the preview …")
        self._wish()

    def _wish(self) -> None:
        """Something is other than in the preview: make a new one when changes rest."""
        if self.isVisible():
            self._later.start()

    def _prepare(self) -> None:
        self._later.stop()
        offer = self.offer
        self.about.setText(offer.about)
        self._choice.setVisible(offer.with_layers)
        self.comments.setText(_COMMENTS if offer.with_words else "")
        self.warning.setText(BURNED_IN)
        self.warning.setVisible(self._may_be_burned_in())
        try:
            prepared = self._prepared = offer.prepare(self.wishes)
        except UserError as error:
            self._prepared = None
            self._inquiry.cancel()
            self.preview.show_one(sentence(error))
        else:
            self._inquiry.run(lambda: _previewed(prepared))
        self._show_running()

    def _may_be_burned_in(self) -> bool:
        """What the file says, or does not say, and what looks like a marker."""
        opened, found = self._workbench.session.open, self._workbench.what_if.candidates
        if opened is None:
            return False
        said = opened.place.instance.attributes.burned_in_annotation.upper()
        return said != "NO" or any(item.kind == "marker" for item in found or ())

    # exporting
    def _ask_and_export(self) -> None:
        if self._later.isActive():  # a wish was changed just now
            self._later.stop()
            self._prepare()
        prepared = self._prepared
        if prepared is None:
            return
        dialog = QFileDialog(self, "Export", prepared.name)
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setDefaultSuffix(Path(prepared.name).suffix.lstrip("."))
        if dialog.exec():
            self.write(prepared, Path(dialog.selectedFiles()[0]))
        dialog.deleteLater()

    def export_to(self, path: Path) -> None:
        """Write what is wished now."""
        self._prepare()
        if self._prepared is not None:
            self.write(self._prepared, path)

    def write(self, prepared: Prepared, path: Path) -> None:
        """In the background; the dialog and the window stay usable."""
        progress = self._progress = Progress(self._stepped.emit)
        self._workbench.session.say(f"Exporting {path.name} …")
        self._show_running()

        def run() -> None:
            try:
                prepared.write(path, progress)
            finally:
                self._ended.emit()

        self._workbench.export(path, run, prepared.words)

    def _cancel(self) -> None:
        if self._progress is not None:
            self._progress.cancel()
            self.cancel.setEnabled(False)

    def _end(self) -> None:
        self._progress = None
        self._show_running()

    def _show_running(self) -> None:
        running = self._progress is not None
        self.bar.setVisible(running)
        self.cancel.setVisible(running)
        self.cancel.setEnabled(running)
        self.export.setEnabled(self._prepared is not None and not running)
        if not running:
            self.bar.setValue(0)

    def hideEvent(self, event: QHideEvent) -> None:
        """A preview that nobody sees is not made."""
        self._later.stop()
        self._inquiry.cancel()
        super().hideEvent(event)


def _quiet() -> QLabel:
    label = QLabel()
    label.setProperty("quiet", True)
    label.setWordWrap(True)
    return label


def _previewed(prepared: Prepared) -> QImage | str:
    try:
        return prepared.preview()
    except Exception as error:  # whatever it is, it is said where the preview would be
        return sentence(error)
