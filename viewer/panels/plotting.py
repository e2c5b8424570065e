"""Plots without waiting for them: the library is slow to import, so that happens in a thread, when
the first plot is needed."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QWidget

from viewer.state.lane import Lane

TEXT = "#94a3b8"


class PlotLoader(QObject):
    """``ready`` brings the library, pyqtgraph, once it was loaded."""

    ready = Signal(object)

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._lane: Lane | None = None

    def load(self) -> None:
        """Begin, unless that was done."""
        if self._lane is None:
            self._lane = Lane("plots", self)
            self._lane.finished.connect(self._loaded)
            self._lane.submit("pyqtgraph", lambda: import_module("pyqtgraph"))

    def _loaded(self, key: object, pg: Any) -> None:
        if self._lane is not None:
            self._lane.close()
        self.ready.emit(pg)


def quiet_plot(pg: Any, parent: QWidget, bottom: str, left: str = "") -> Any:
    """A plot that is looked at and not moved, on the panel's own ground, with the names of its
    axes."""
    plot = pg.PlotWidget(parent, background=None)
    plot.setMenuEnabled(False)
    plot.setMouseEnabled(False, False)
    plot.hideButtons()
    for side, name in (("bottom", bottom), ("left", left)):
        if name:
            plot.setLabel(side, name, color=TEXT)
        axis = plot.getAxis(side)
        axis.setTextPen(TEXT)
        axis.setPen(TEXT)
    return plot
