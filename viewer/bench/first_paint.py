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

_QUIET = 0.5  # seconds


class Watch(QObject):
    """Notes when the window, its parts and the image were there, how long another theme takes, and
    the longest that the window's thread was busy at a time meanwhile, in its own processor time."""

    def __init__(self, window: MainWindow, started: float) -> None:
        super().__init__(window)  # which keeps it
        self._window, self._started = window, started
        self.times: dict[str, float] = {}
        self._last, self._settled, self._themed = 0.0, 0.0, 0.0
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
        now, window = time.thread_time(), self._window
        if self._themed or "complete" not in self.times:
            stall = "theme stall" if self._themed else "stall"
            self.times[stall] = max(self.times.get(stall, 0.0), now - self._last)
        self._last = now
        if not window.assembled:
            return
        self._note("assembled")
        if "image" not in self.times and window.session.open is not None:
            window.view.repaint()
            self._note("image")
        if "image" in self.times and window.complete:
            self._note("complete")
        session = window.session
        told = session.explanation is not None or session.engine.state == "failed"
        if "complete" in self.times and told:
            self._change_theme()

    def _change_theme(self) -> None:
        """A while after the answer has come; at the end the window is painted again."""
        window, now = self._window, time.time()
        if self._themed:
            if window.updatesEnabled():
                self.times["theme"] = now - self._themed
                self.times["torch"] = float("torch" in sys.modules)
                self._tell()
                self._beat.stop()
                window.close()
        elif not self._settled:
            self._settled = now + _QUIET
        elif now > self._settled:
            self._themed = now
            from viewer.state.settings import THEME

            window.session.settings.set(THEME, "light")

    def _tell(self) -> None:
        import json

        print(json.dumps(self.times), flush=True)
