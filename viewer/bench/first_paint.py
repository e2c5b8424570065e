"""The program as it starts, watched: in a process of its own, of ``bench start``. Nothing is
imported here that the program does not need at once, and events are not looked at: each kind that
Python sees for the first time takes time."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer

if TYPE_CHECKING:
    from viewer.main_window import MainWindow


class Watch(QObject):
    """Notes when the window, its parts and the image were there, and the longest that the window's
    thread was busy at a time meanwhile, in its own processor time."""

    def __init__(self, window: MainWindow, started: float) -> None:
        super().__init__(window)  # which keeps it
        self._window, self._started = window, started
        self.times = {"stall": 0.0}
        self._last = 0.0
        self._beat = QTimer(self)
        self._beat.timeout.connect(self._look)
        window.skeleton.painted.connect(lambda: QTimer.singleShot(0, self, self._painted))

    def _note(self, what: str) -> None:
        self.times.setdefault(what, time.time() - self._started)

    def _painted(self) -> None:
        self._note("window")
        self._last = time.thread_time()
        self._beat.start(1)

    def _look(self) -> None:
        now = time.thread_time()
        self.times["stall"] = max(self.times["stall"], now - self._last)
        self._last = now
        window = self._window
        if not window.assembled:
            return
        self._note("assembled")
        if "image" not in self.times and window.session.open is not None:
            window.view.repaint()
            self._note("image")
        if "image" in self.times and window.complete:
            self._note("complete")
            self.times["torch"] = float("torch" in sys.modules)
            self._tell()
            self._beat.stop()
            window.close()

    def _tell(self) -> None:
        import json

        print(json.dumps(self.times), flush=True)
