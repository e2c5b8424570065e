"""The window: a frame that is on screen at once, and what its parts have in common. The parts are
made and put in by :mod:`viewer.wiring`; nothing here needs more than Qt to be imported."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QByteArray, QRect, QSize, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication, QMainWindow, QWidget

from viewer.layout import VERSION, Layout, brought_back, write_layout
from viewer.palette import theme
from viewer.skeleton import Skeleton, dress

if TYPE_CHECKING:
    from PySide6.QtCore import QChildEvent
    from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QDropEvent, QShowEvent
    from PySide6.QtWidgets import QLabel

    from viewer.canvas.image_view import ImageView
    from viewer.commands import Context
    from viewer.docks import Docks
    from viewer.held_keys import HeldKeys
    from viewer.keeping import Keeper
    from viewer.menus import Menus
    from viewer.panels.cine_bar import CineBar
    from viewer.panels.evidence import VerdictLabel
    from viewer.panels.reading_bar import ReadingBar
    from viewer.panels.welcome import Welcome
    from viewer.state.session import Session
    from viewer.state.workbench import Workbench
    from viewer.toolbar import Toolbar

_SIZE = QSize(1440, 900)  # logical pixels, where the screen is large enough


class MainWindow(QMainWindow):
    """``words`` stand in the middle until the parts are there; from then on it is ``assembled``,
    and ``complete`` once the panels behind other tabs are there, too."""

    shown = Signal()
    """It is on screen, again or for the first time."""
    closing = Signal()
    childPolished = Signal(QWidget)
    """A child is to be shown, whoever made it: now it can be dressed."""

    # the parts, from the time on when it is assembled
    session: Session
    workbench: Workbench
    view: ImageView
    docks: Docks
    toolbar: Toolbar
    context: Context
    menus: Menus
    welcome: Welcome
    cine_bar: CineBar
    reading_bar: ReadingBar
    verdict: VerdictLabel
    engine_label: QLabel
    message: QLabel
    held_keys: HeldKeys
    keeper: Keeper

    def __init__(self, layout: Layout | None = None, words: str = "Starting …") -> None:
        super().__init__()
        self.kept_layout = layout or Layout()
        self.assembled = False
        self._alone = self._full_before = self._closes_later = False
        self._state_before = QByteArray()
        self._waiting: list[Path] = []
        self.setWindowTitle("Attentive Viewer")
        self.setAcceptDrops(True)
        self.setDockNestingEnabled(True)
        dress(self)
        self.statusBar().setSizeGripEnabled(False)
        self.skeleton = Skeleton(words, self.kept_layout.middle, self)
        self.setCentralWidget(self.skeleton)
        screens = [screen.availableGeometry() for screen in QGuiApplication.screens()]
        self.resize(_SIZE.boundedTo(screens[0].size()) if screens else _SIZE)
        if not self.kept_layout.geometry.isEmpty():
            self.restoreGeometry(self.kept_layout.geometry)
            self.bring_back(screens)

    @property
    def complete(self) -> bool:
        """Whether every part and panel is there."""
        return self.assembled and self.docks.complete

    def childEvent(self, event: QChildEvent) -> None:
        super().childEvent(event)
        if event.polished():
            self.childPolished.emit(event.child())

    # paths
    def open_paths(self, paths: Sequence[Path]) -> None:
        """Open them, once there is somebody who can."""
        if self.assembled:
            self.workbench.open_paths(paths)
        else:
            self._waiting.extend(paths)

    def take_waiting(self) -> list[Path]:
        """What was to be opened before there was somebody who could."""
        waiting, self._waiting = self._waiting, []
        return waiting

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if event.mimeData().hasUrls():
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        paths = [Path(url.toLocalFile()) for url in event.mimeData().urls() if url.isLocalFile()]
        if paths:
            self.open_paths(paths)
            event.acceptProposedAction()

    # where it stands
    def bring_back(self, screens: Sequence[QRect]) -> None:
        """Itself and the panels that float, onto screens (their usable areas) that there are."""
        floating = [d for d in self.docks.all() if d.isFloating()] if self.assembled else []
        for window in (self, *floating):
            there = window.frameGeometry()
            wanted = brought_back(there, screens)
            if wanted != there:
                window.move(wanted.topLeft())
                window.resize(wanted.size())

    def come_to_front(self) -> None:
        """Where the system lets it; elsewhere it asks for attention."""
        if self.isMinimized():
            self.setWindowState(self.windowState() & ~self.windowState().WindowMinimized)
        self.show()
        self.raise_()
        self.activateWindow()
        QApplication.alert(self)

    @property
    def picture_alone(self) -> bool:
        """Whether the picture has the whole screen."""
        return self._alone

    def show_picture_alone(self, alone: bool) -> None:
        """Give the picture the whole screen, or everything its place back."""
        if alone == self.picture_alone:
            return
        from PySide6.QtWidgets import QToolBar

        bars = (self.menuBar(), self.statusBar())
        if alone:
            every: list[QWidget] = [*self.docks.all(), *self.findChildren(QToolBar)]
            self._state_before = self.saveState(VERSION)
            self._full_before = self.isFullScreen()
            for part in every:
                part.hide()
        else:
            self.restoreState(self._state_before, VERSION)
        self._alone = alone
        for bar in bars:
            bar.setVisible(not alone)
        full = alone or self._full_before
        self.set_full_screen(full)

    def set_full_screen(self, full: bool) -> None:
        """Over the whole screen, or as it was before, maximised or not."""
        from PySide6.QtCore import Qt  # not for the first frame

        whole = Qt.WindowState.WindowFullScreen
        state = self.windowState()
        self.setWindowState(state | whole if full else state & ~whole)

    def keep_layout(self) -> None:
        """Keep how it is laid out."""
        if self.picture_alone or not self.assembled:
            return
        centre = self.centralWidget()
        assert centre is not None
        middle = centre.geometry()
        above = self.menuBar().height()
        middle.moveTop(middle.top() - above)
        layout = Layout(self.saveGeometry(), self.saveState(VERSION), middle, theme())
        write_layout(layout)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.shown.emit()

    # the end
    def _close_later(self) -> None:
        if self._closes_later:
            self.close()

    def _stay(self) -> None:
        """What could not be exported is to be read."""
        self._closes_later = False
        self.workbench.exported.disconnect(self._close_later)
        self.workbench.exportCancelled.disconnect(self._close_later)
        self.workbench.exportFailed.disconnect(self._stay)

    def closeEvent(self, event: QCloseEvent) -> None:
        """Nothing that was asked for is lost: a running export is finished first."""
        if self.assembled and self.workbench.exporting:
            self.session.say("An export is being finished; the window closes after it.")
            if not self._closes_later:
                self._closes_later = True
                self.workbench.exported.connect(self._close_later)
                self.workbench.exportCancelled.connect(self._close_later)
                self.workbench.exportFailed.connect(self._stay)
            event.ignore()
            return
        self.show_picture_alone(False)
        self.closing.emit()
        event.accept()
