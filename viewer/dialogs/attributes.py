"""The DICOM attribute browser: all elements of the open file, searched as one types."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QModelIndex, QPoint, QSignalBlocker, Qt, QTimer
from PySide6.QtGui import QAction, QGuiApplication, QKeySequence, QShowEvent
from PySide6.QtWidgets import (
    QDialog,
    QHBoxLayout,
    QLabel,
    QMenu,
    QPlainTextEdit,
    QSplitter,
    QTreeView,
    QVBoxLayout,
    QWidget,
)

from engine.process import Ended
from viewer.dialogs.element_tree import ElementTree, Outline, value_text
from viewer.dialogs.fields import search_field
from viewer.dialogs.found_text import FoundText
from viewer.dicom.listing import Listing
from viewer.messages import sentence_about
from viewer.reading.process import ReaderProcess
from viewer.state.lane import Lane
from viewer.state.session import Session

_REST = 150  # milliseconds that an image stays open before its file is listed
_PAUSE = 120  # milliseconds after the last letter before a long list is searched
_LONG = 5_000  # rows
_UNFOLDED = 2_000  # rows of a search that are all unfolded
_TAGS, _INDENT = (170, 340), 14  # logical pixels: of the column of tags, least and most; of a level


class AttributeBrowser(QDialog):
    """Beside the window; follows the open image while it is on screen. What was unfolded, selected
    and searched stays so from file to file."""

    def __init__(
        self, session: Session, reader: ReaderProcess, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle("DICOM attributes")
        self.setWindowFlag(Qt.WindowType.WindowMaximizeButtonHint)
        self.resize(900, 640)
        self.session, self.reader = session, reader
        self._path: Path | None = None
        self._outline = Outline.of(Listing(()))
        self._unfolded: set[str] = set()
        self._selected = ""
        self._failed = self._wanted = ""
        self._make()
        self._lay_out()
        self._add_copying()
        self._lane = Lane("attributes", self)
        self._lane.finished.connect(self._take)
        self._lane.failed.connect(self._fail)
        self._rest = self._timer(_REST, self._ask)
        self._pause = self._timer(_PAUSE, self._filter)
        session.placeChanged.connect(self._follow)
        session.overlayChanged.connect(self._look_at_identity)

    def _make(self) -> None:
        self.search = search_field("Search by tag, name, keyword or value", self._search)
        self.model = ElementTree(self)
        self.tree = QTreeView()
        self.tree.setModel(self.model)
        self.tree.setAccessibleName("Elements of the file")
        self.tree.setUniformRowHeights(True)
        self.search.returnPressed.connect(self.tree.setFocus)
        self.tree.setItemDelegate(FoundText(self.search.text, self.tree))
        self.tree.setIndentation(_INDENT)
        self.tree.expanded.connect(self._unfold)
        self.tree.collapsed.connect(lambda index: self._unfolded.discard(self.model.path(index)))
        self.tree.selectionModel().currentChanged.connect(self._tell)
        for column, width in enumerate((_TAGS[0], 270, 44, 84)):
            self.tree.setColumnWidth(column, width)
        self.whole = QPlainTextEdit()
        self.whole.setReadOnly(True)
        self.whole.setTabChangesFocus(True)
        self.whole.setAccessibleName("The whole value")
        self.whole.setPlaceholderText("the whole value of the element that is selected")
        self.state, self.notes = QLabel(), QLabel()
        for label in (self.state, self.notes):
            label.setWordWrap(True)
            label.setProperty("quiet", True)

    def _lay_out(self) -> None:
        split = QSplitter(Qt.Orientation.Vertical)
        split.addWidget(self.tree)
        split.addWidget(self.whole)
        split.setStretchFactor(0, 1)
        split.setSizes([480, 88])
        split.setChildrenCollapsible(False)
        top = QHBoxLayout()
        top.addWidget(self.search, 1)
        layout = QVBoxLayout(self)
        layout.addLayout(top)
        layout.addWidget(split, 1)
        layout.addWidget(self.notes)
        layout.addWidget(self.state)
        self.notes.hide()

    def _add_copying(self) -> None:
        self.copy_value = QAction("Copy the value", self.tree)
        self.copy_value.setShortcut(QKeySequence.StandardKey.Copy)
        self.copy_value.triggered.connect(lambda: self._copy(whole_row=False))
        self.copy_row = QAction("Copy the row", self.tree)
        self.copy_row.setShortcut(QKeySequence("Ctrl+Shift+C"))
        self.copy_row.triggered.connect(lambda: self._copy(whole_row=True))
        find = QAction("Search", self)
        find.setShortcut(QKeySequence.StandardKey.Find)
        find.triggered.connect(self.search.setFocus)
        self.addAction(find)
        for action in (self.copy_value, self.copy_row):
            action.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
            self.tree.addAction(action)
        self.tree.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.tree.customContextMenuRequested.connect(self._show_menu)

    def _timer(self, milliseconds: int, then: object) -> QTimer:
        timer = QTimer(self)
        timer.setSingleShot(True)
        timer.setInterval(milliseconds)
        timer.timeout.connect(then)
        return timer

    # the file
    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._ask(anew=True)  # it may have been written anew meanwhile
        self.search.setFocus()

    def _follow(self) -> None:
        """Another image; while they rush by, nothing is read."""
        if self.isVisible():
            self._rest.start()

    @property
    def waiting(self) -> bool:
        """Whether a file is going to be read when the image has stayed for a moment."""
        return self._rest.isActive()

    def _ask(self, anew: bool = False) -> None:
        """Read the file of the open image, unless that is what is shown."""
        place = self.session.place
        path = None if place is None else place.instance.path
        if path is None:
            self._path = None
            self.show_outline(Outline.of(Listing(())), "")
        elif anew or path != self._path:
            self._path = path
            self.state.setText("Reading …")
            self._submit(path)
        else:
            self._filter()

    def _submit(self, path: Path) -> None:
        self._lane.submit(path, lambda: Outline.of(self.reader.elements(path)))

    def _take(self, path: Path, outline: Outline) -> None:
        if path == self._path:
            self.show_outline(outline, "")

    def _fail(self, path: Path, error: Exception) -> None:
        if path != self._path:
            return
        if isinstance(error, Ended):  # the reader was ended for the sake of another file
            self._submit(path)
        else:
            self.show_outline(Outline.of(Listing(())), sentence_about(error, self.session))

    def show_outline(self, outline: Outline, failed: str = "") -> None:
        """List these elements, or say why there are none."""
        self._outline, self._failed = outline, failed
        notes = outline.listing.notes
        self.notes.setText(" ".join(notes))
        self.notes.setVisible(bool(notes))
        self._filter()

    # the list
    def _search(self) -> None:
        """At once, in long lists once the letters rest."""
        if len(self._outline.parents) > _LONG:
            self._pause.start()
        else:
            self._filter()

    def _look_at_identity(self) -> None:
        if self.model.identity_shown != self.session.identity_shown:
            self._filter()

    def _filter(self) -> None:
        wanted, shown = self.search.text().strip(), self.session.identity_shown
        unfolded, selected = set(self._unfolded), self._selected
        at = self.tree.verticalScrollBar().value()
        with QSignalBlocker(self.tree):
            found = self.model.show_rows(self._outline, wanted, shown)
            if wanted and self.model.shown <= _UNFOLDED:
                self.tree.expandAll()
            else:
                for path in unfolded:
                    self.tree.setExpanded(self.model.index_at(path), True)
        self._unfolded = unfolded
        current = self.model.index_at(selected)
        if not current.isValid() and wanted:
            current = self.model.first_match()
        self.tree.setCurrentIndex(current)
        self._tell(current, current)
        self._selected = selected or self._selected
        if wanted == self._wanted:
            self.tree.verticalScrollBar().setValue(at)
        elif current.isValid():  # what was found stays in sight when the search is cleared
            self.tree.scrollTo(current)
        self._wanted = wanted
        self._widen()
        self._say(found, wanted)

    def _unfold(self, index: QModelIndex) -> None:
        self._unfolded.add(self.model.path(index))
        self._widen()

    def _widen(self) -> None:
        """Room for tags that are deep in sequences."""
        least, most = _TAGS
        wanted = min(most, max(least, self.tree.sizeHintForColumn(0)))
        if wanted > self.tree.columnWidth(0):
            self.tree.setColumnWidth(0, wanted)

    def _say(self, found: int, wanted: str) -> None:
        if self._failed:
            self.state.setText(self._failed)
            return
        if self._path is None:
            self.state.setText("Open an image to see what its file says.")
            return
        elements = self._outline.listing.elements
        place = self.session.place
        count = f"{len(elements):,} rows"
        which = f"Image {place.number + 1:,} of {place.series.starts[-1]:,}: " if place else ""
        parts = [which + (f"{found:,} of {count} match" if wanted else count)]
        hidden = sum(row.personal for row in elements)
        if hidden and not self.session.identity_shown:
            parts.append(
                f"{hidden:,} values that may tell who the patient is are hidden; show the identity "
                "(View menu) to see them"
            )
        self.state.setText(". ".join(parts) + ".")

    def _tell(self, current: QModelIndex, before: QModelIndex) -> None:
        if not current.isValid():
            self.whole.clear()
            return
        self._selected = self.model.path(current)
        self.whole.setPlainText(value_text(self.model.element(current), self.model.identity_shown))

    # copying
    def _copy(self, whole_row: bool) -> None:
        """What is seen: hidden values stay hidden."""
        index = self.tree.currentIndex()
        if not index.isValid():
            return
        row = self.model.element(index)
        value = value_text(row, self.model.identity_shown)
        text = "\t".join((row.tag, row.name, row.vr, value)) if whole_row else value
        QGuiApplication.clipboard().setText(text)

    def _show_menu(self, at: QPoint) -> None:
        if self.tree.indexAt(at).isValid():
            menu = QMenu(self.tree)
            menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
            menu.addActions([self.copy_value, self.copy_row])
            menu.popup(self.tree.viewport().mapToGlobal(at))
