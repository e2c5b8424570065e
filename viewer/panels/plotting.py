"""Plots without waiting for them: the library is slow to import, so that happens in a thread, when
the first plot is needed."""

from __future__ import annotations

import threading
from importlib import import_module

from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtWidgets import QWidget

_MODULE = "viewer.panels.quiet_plot"
_BETWEEN = 5  # milliseconds from one look to the next


class PlotLoader(QObject):
    """``ready`` brings :mod:`viewer.panels.quiet_plot` once it was loaded. The thread ends with
    that; it knows nothing of Qt's objects, which may go meanwhile."""

    ready = Signal(object)

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._thread: threading.Thread | None = None
        self._closed = False
        self._looks = QTimer(self)
        self._looks.setInterval(_BETWEEN)
        self._looks.timeout.connect(self._look)

    def load(self) -> None:
        """Begin, unless that was done."""
        if self._thread is None and not self._closed:
            self._thread = threading.Thread(
                target=import_module, args=(_MODULE,), name="plots", daemon=True
            )
            self._thread.start()
            self._looks.start()

    def _look(self) -> None:
        if self._thread is not None and not self._thread.is_alive():
            self._looks.stop()
            self.ready.emit(import_module(_MODULE))

    def close(self) -> None:
        """Wait for the end of the thread, if there is one, and start none any more."""
        self._closed = True
        if self._thread is not None:
            self._thread.join()
