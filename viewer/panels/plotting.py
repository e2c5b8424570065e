"""Plots without waiting for them: the library is slow to import, so that happens in a thread, when
the first plot is needed."""

from __future__ import annotations

import contextlib
import threading
from importlib import import_module
from typing import Any

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtWidgets import QWidget

from viewer.palette import hex_of


class PlotLoader(QObject):
    """``ready`` brings the library, pyqtgraph, once it was loaded. The thread ends with that."""

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
        library = import_module("pyqtgraph")
        with contextlib.suppress(RuntimeError):  # whoever wanted it is gone
            self.ready.emit(library)

    def join(self) -> None:
        """Wait for the end of the thread, if there is one."""
        if self._thread is not None:
            self._thread.join()


def quiet_plot(pg: Any, parent: QWidget, bottom: str, left: str = "") -> Any:
    """A plot that is looked at and not moved, on the panel's own ground, with the names of its
    axes. Its colours are put on by :func:`dye_axes`, in every theme anew."""
    plot = pg.PlotWidget(parent)
    plot.setMenuEnabled(False)
    plot.setMouseEnabled(False, False)
    plot.hideButtons()
    plot.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    for side, name in (("bottom", bottom), ("left", left)):
        if name:
            plot.setLabel(side, name)
    return plot


def dye_axes(plot: Any) -> None:
    """The ground, the axes, their numbers and names in the colours of the present theme."""
    plot.setBackground(hex_of("panel"))
    quiet = hex_of("quiet")
    for side in ("bottom", "left"):
        axis = plot.getAxis(side)
        axis.setTextPen(quiet)
        axis.setPen(quiet)
        if axis.labelText:
            axis.setLabel(axis.labelText, color=quiet)
