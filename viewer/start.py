"""The start of the window: its frame first, on screen as soon as Qt is there; then, while it can be
moved and seen already, the rest is imported in a thread and put in step by step."""

from __future__ import annotations

import gc
import threading
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Signal

from viewer import palette
from viewer.layout import read_layout
from viewer.main_window import MainWindow

if TYPE_CHECKING:
    from PySide6.QtWidgets import QApplication

    from viewer.reading.process import ReaderProcess

_UNSEEN = 500  # milliseconds until a window that is not painted (minimised, say) is filled, too
_PATIENCE = 1500  # milliseconds that panels behind other tabs wait for the first image at most


def run_until_closed(application: QApplication, window: MainWindow) -> int:
    """Show the window until it is closed; the exit status."""
    window.show()
    status = int(application.exec())
    from PySide6.QtCore import QEvent  # not before the first painting

    window.deleteLater()  # here and now, on this thread, and not whenever Python collects it
    application.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    return status


def make_frame(opens: bool) -> MainWindow:
    """The window as it is before anything but Qt is there."""
    layout = read_layout()
    palette.use(layout.theme)
    return MainWindow(layout, "Opening …" if opens else "Starting …")


class Start(QObject):
    """Puts the parts into a window that is on screen, then opens what
    ``paths`` gives.

    ``ended`` tells that everything is there. Whatever goes wrong meanwhile ends the program: it is
    raised in the window's thread, after the window was closed."""

    ended = Signal()
    _imported = Signal(object)

    def __init__(
        self,
        application: QApplication,
        window: MainWindow,
        device: str,
        paths: Callable[[], Sequence[Path]],
    ) -> None:
        super().__init__(window)
        self._application, self._window = application, window
        self._device, self._paths = device, paths
        self._readers: Sequence[ReaderProcess] = ()
        self._work: deque[Callable[[], None]] = deque()
        self._quiet = threading.Event()
        self._stopped = False
        self._imported.connect(self._take)
        window.closing.connect(self._stop)
        self._thread: threading.Thread | None = None
        window.skeleton.painted.connect(lambda: QTimer.singleShot(0, self, self._go))
        QTimer.singleShot(_UNSEEN, self, self._go)

    def _go(self) -> None:
        """Once the frame is on screen: a thread that imports would hold that up."""
        if self._thread is None and not self._stopped:
            self._thread = threading.Thread(target=self._import, name="starting", daemon=True)
            self._thread.start()

    # in the thread
    def _import(self) -> None:
        for load in (_load_readers, _load_parts, self._load_late):
            if self._stopped:
                return
            try:
                found = load()
            except Exception as error:
                self._imported.emit(error)
                return
            self._imported.emit(found)

    def _load_late(self) -> str:
        """What panels behind other tabs need, once the first image is there."""
        from viewer.docks import load_late

        self._quiet.wait()
        if not self._stopped:
            load_late()
        return "late"

    # in the window's thread
    def _take(self, found: object) -> None:
        if self._stopped:
            return
        if isinstance(found, Exception):
            self._window.close()
            self._application.exit(1)
            raise found
        if found == "readers":
            self._work.append(self._boot_readers)
        elif found == "parts":
            self._work.append(self._put_in_parts)
        else:
            self._window.docks.make_late()
            gc.enable()
            self.ended.emit()
        QTimer.singleShot(0, self, self._next)

    def _next(self) -> None:
        if not self._work or self._stopped:
            return
        try:
            self._work.popleft()()
        except Exception:  # half a window is none
            self._window.close()
            self._application.exit(1)
            raise
        QTimer.singleShot(0, self, self._next)

    def _put_in_parts(self) -> None:
        from viewer.wiring import steps

        self._work.extend(steps(self._application, self._window, self._device, self._readers))
        self._work.append(self._begin)

    def _boot_readers(self) -> None:
        """The first two readers take as long to boot as the rest of the window to be made."""
        from viewer.reading.process import make_readers

        self._readers = make_readers()
        for reader in self._readers[:2]:
            reader.process.start()

    def _begin(self) -> None:
        """Open what is to be opened, and listen for what later starts of the program want."""
        from viewer.handover import Listener

        window = self._window
        window.keeper.begin([*self._paths(), *window.take_waiting()])
        Listener(window)
        if window.session.reading is None:
            self._quiet.set()
            return
        for changed in (window.session.frameChanged, window.session.readingChanged):
            changed.connect(self._rest)
        QTimer.singleShot(_PATIENCE, self, self._quiet.set)

    def _rest(self) -> None:
        session = self._window.session
        waits = session.reading is not None or session.place is not None
        if session.open is not None or not waits:
            self._quiet.set()

    def _stop(self) -> None:
        self._stopped = True
        gc.enable()
        self._quiet.set()
        self._work.clear()
        if self._thread is not None:
            self._thread.join()
        if not self._window.assembled:
            for reader in self._readers:
                reader.process.close()
                reader.process.stop()


def _load_readers() -> str:
    from viewer.reading import process

    assert process
    return "readers"


def _load_parts() -> str:
    from viewer import wiring

    assert wiring
    return "parts"
