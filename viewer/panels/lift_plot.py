"""Lift against depth: the model's, that of untrained networks, and chance."""

from __future__ import annotations

import math
from typing import Any

from PySide6.QtCore import QPointF, Qt
from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget

from viewer.panels.plotting import TEXT, PlotLoader, quiet_plot
from viewer.state.figures import Figures, LayerFigures
from viewer.state.session import Session

_TRAINED, _UNTRAINED, _CHANCE = "#f0a63c", "#7dd3fc", "#94a3b8"
_NOW, _PANEL = "#e2e8f0", "#161a22"
_MOST_TICKS = 10
_LEGEND = (
    f'<span style="color:{_TRAINED}">●─●</span> this model &nbsp; '
    f'<span style="color:{_UNTRAINED}">╌╌╌</span> untrained &nbsp; '
    f'<span style="color:{_CHANCE}">┈┈┈</span> chance'
)


class LiftPlot(QWidget):
    """Of the chosen landmark. A click shows the layer at that depth."""

    def __init__(self, session: Session, figures: Figures, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session, self._figures = session, figures
        self._loader = PlotLoader(self)
        self._loader.ready.connect(self._make)
        self.plot: Any = None
        """The plot, once it is made."""
        self._curves: tuple[Any, Any] | None = None
        self._now: Any = None
        self.setMinimumHeight(180)
        self.setAccessibleName("Lift of each layer against its depth")
        legend = QLabel(_LEGEND, self)
        legend.setProperty("quiet", True)
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setSpacing(2)
        self._layout.addWidget(legend)
        figures.changed.connect(self.draw)
        session.audit.selectedChanged.connect(self.draw)
        session.overlayChanged.connect(self._mark)
        self.draw()

    @property
    def layers(self) -> tuple[LayerFigures, ...]:
        """What is drawn."""
        chosen = self._figures.chosen
        return () if chosen is None else chosen.layers

    def draw(self) -> None:
        layers = self.layers
        self.setVisible(bool(layers))
        if not layers:
            return
        if self._curves is None:
            self._loader.load()
            return
        depths = [layer.depth for layer in layers]
        trained = [layer.lift for layer in layers]
        bare = [math.nan if x.untrained_lift is None else x.untrained_lift for x in layers]
        for curve, lifts in zip(self._curves, (trained, bare), strict=True):
            curve.setData(depths, lifts)
        top = max((lift for lift in (*trained, *bare) if math.isfinite(lift)), default=1.0)
        first, last = min(depths), max(depths)
        room = 0.19 * max(1, last - first)  # for the word beside the line
        self.plot.setXRange(first - room, last, padding=0.04)
        every = range(first, last + 1, math.ceil(len(depths) / _MOST_TICKS))
        self.plot.getAxis("bottom").setTicks([[(depth, str(depth)) for depth in every]])
        self.plot.setYRange(0, max(top, 1.5), padding=0.08)
        self._mark()

    def _mark(self) -> None:
        """Where the layer on screen is."""
        layer = self._session.layer
        if self._now is not None:
            self._now.setVisible(layer is not None)
            if layer is not None:
                self._now.setValue(layer.depth)

    def _make(self, pg: Any) -> None:
        self.plot = plot = quiet_plot(pg, self, "depth of the layer", "lift")
        plot.setToolTip("Click to see the layer at that depth")
        self._now = pg.InfiniteLine(pen=pg.mkPen(_NOW, width=1))
        plot.addItem(self._now)
        plot.addItem(self._chance(pg))
        self._curves = (
            plot.plot(
                pen=pg.mkPen(_TRAINED, width=2),
                symbol="o",
                symbolSize=6,
                symbolBrush=_TRAINED,
                symbolPen=None,
            ),
            plot.plot(pen=pg.mkPen(_UNTRAINED, width=2, style=Qt.PenStyle.DashLine)),
        )
        plot.scene().sigMouseClicked.connect(self._clicked)
        self._layout.addWidget(plot)
        self.draw()

    def _chance(self, pg: Any) -> Any:
        return pg.InfiniteLine(
            pos=1.0,
            angle=0,
            pen=pg.mkPen(_CHANCE, width=1, style=Qt.PenStyle.DotLine),
            label="chance",
            labelOpts={"position": 0.01, "color": TEXT, "fill": _PANEL, "anchors": [(0, 0.5)] * 2},
        )

    def _clicked(self, event: Any) -> None:
        self.show_nearest(event.scenePos())

    def show_nearest(self, place: QPointF) -> None:
        """Show the layer whose depth is nearest to a place of the plot's scene."""
        depth = self.plot.getPlotItem().vb.mapSceneToView(place).x()
        rows = range(len(self.layers))
        nearest = min(rows, key=lambda row: abs(self.layers[row].depth - depth), default=None)
        if nearest is not None:
            self._session.show_layer(nearest)
