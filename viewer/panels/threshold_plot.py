"""Area and response above every threshold, with a line to drag: the threshold itself."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QSignalBlocker, Qt
from PySide6.QtWidgets import QVBoxLayout, QWidget

from viewer.palette import colour, themes
from viewer.panels.plotting import PlotLoader
from viewer.render.overlay import Overlay
from viewer.state.later import Later
from viewer.state.session import Session

_STEPS = np.linspace(0, 1, 101)


def shares_above(overlay: Overlay) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Shares (0…1) of the area and of the response (its magnitude, if signed) above each of 101
    thresholds from 0 to the top of the range; both 0 where nothing responds."""
    values = np.sort(overlay.strengths, axis=None).astype(np.float64)
    below = np.searchsorted(values, _STEPS * overlay.maximum, side="right")
    summed = np.concatenate(([0.0], np.cumsum(values)))
    total = summed[-1]
    if total <= 0:
        return np.zeros(len(_STEPS)), np.zeros(len(_STEPS))
    return 1 - below / len(values), 1 - summed[below] / total


class ThresholdPlot(QWidget):
    """Made when the first overlay is there."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._loader = PlotLoader(self)
        self._loader.ready.connect(self._make)
        self._curves: tuple[Any, Any] | None = None
        self._line: Any = None
        self._plot: Any = None
        self._shown: Overlay | None = None
        self.setMinimumHeight(110)
        self.setMaximumHeight(260)
        self.setAccessibleName("Area and response above the threshold")
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        policy = self.sizePolicy()
        policy.setRetainSizeWhenHidden(True)
        self.setSizePolicy(policy)
        self._later = Later(self._plot_now, self)
        session.overlayChanged.connect(self._follow)
        themes.changed.connect(self._dye)

    def _follow(self) -> None:
        self._session.follow_answer(self._draw)

    def _draw(self) -> None:
        overlay = self._session.overlay
        shown = overlay is not None and overlay.style.shows == "layer"
        self.setVisible(shown)
        if overlay is None or not shown:
            return
        if self._curves is None:
            self._loader.load()
        else:
            self._later.ask()

    def _plot_now(self) -> None:
        """Move the line, and draw the curves of another map."""
        overlay = self._session.overlay
        if overlay is None or self._curves is None:
            return
        blocker = QSignalBlocker(self._line)
        self._line.setValue(overlay.style.threshold)
        del blocker
        if (
            self._shown is None
            or self._shown.values is not overlay.values
            or self._shown.maximum != overlay.maximum
        ):
            self._shown = overlay
            for curve, shares in zip(self._curves, shares_above(overlay), strict=True):
                curve.setData(_STEPS, shares)

    def _make(self, plots: Any) -> None:
        self._plot = plot = plots.QuietPlot(self, "threshold")
        plot.box.setXRange(0, 1, padding=0.02)
        plot.box.setYRange(0, 1, padding=0.04)
        plot.add_legend((-6, 4), -6)
        self._curves = (plot.curve(name="area above"), plot.curve(name="response above"))
        self._line = plots.InfiniteLine(movable=True, bounds=(0, 1))
        self._line.sigPositionChanged.connect(
            lambda line: self._session.change_style(threshold=round(float(line.value()), 3))
        )
        plot.add(self._line)
        self._layout.addWidget(plot)
        self._dye()
        self._draw()

    def _dye(self) -> None:
        """The colours of the present theme."""
        if self._curves is None:
            return
        self._plot.dye()
        area, response = self._curves
        area.setPen(colour("series"), width=2)
        response.setPen(colour("accent"), width=2, style=Qt.PenStyle.DashLine)
        self._line.setPen(colour("text"), width=2)
        self._line.setHoverPen(colour("focus"), width=2)
