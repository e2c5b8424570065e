"""How long the window's thread is busy at a time, in its own processor time: other programs on the
cores do not count."""

from __future__ import annotations

import time

from PySide6.QtCore import QTimer

from viewer.main_window import MainWindow

LONGEST = 0.1
"""Seconds; on two cores it is less than 0.05, which ``attentive-viewer bench audit`` and ``bench
start`` measure. Tests run on slower machines, too."""


class Watchdog:
    """Looks at the thread's clock whenever it is free."""

    def __init__(self, window: MainWindow) -> None:
        self.longest = 0.0
        self._last = time.thread_time()
        self._timer = QTimer(window)
        self._timer.setInterval(2)
        self._timer.timeout.connect(self._beat)
        self._timer.start()

    def _beat(self) -> None:
        now = time.thread_time()
        self.longest = max(self.longest, now - self._last)
        self._last = now
