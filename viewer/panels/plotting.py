"""Plots without waiting for them: the library is slow to import, so that happens in a thread, when
the first plot is needed."""

from __future__ import annotations

import contextlib
import threading
from importlib import import_module

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QWidget


class PlotLoader(QObject):
    """``ready`` brings :mod:`viewer.panels.quiet_plot` once it was loaded. The thread ends with
    that."""

    ready = Signal(object)

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._thread: threading.Thread | None = None

    def load(self) -> None:
        """Begin, unless that was done."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._load, name="plots", daemon=True)
            self._thread.start()

    def _load(self) -> None:
        library = import_module("viewer.panels.quiet_plot")
        with contextlib.suppress(RuntimeError):  # whoever wanted it is gone
            self.ready.emit(library)

    def join(self) -> None:
        """Wait for the end of the thread, if there is one."""
        if self._thread is not None:
            self._thread.join()
