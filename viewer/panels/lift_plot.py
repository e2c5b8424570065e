"""Lift against depth: the model's, that of untrained networks, and chance."""

from __future__ import annotations

import math
from typing import Any

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QBrush
from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget

from viewer.palette import colour, hex_of, themes
from viewer.panels.plotting import PlotLoader
from viewer.state.figures import Figures, LayerFigures
from viewer.state.session import Session

_MOST_TICKS = 10


def _legend() -> str:
    return (
        f'<span style="color:{hex_of("accent")}">●─●</span> this model &nbsp; '
        f'<span style="color:{hex_of("series")}">╌╌╌</span> untrained &nbsp; '
        f'<span style="color:{hex_of("quiet")}">┈┈┈</span> chance'
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
        self._chance: Any = None
        self.setMinimumHeight(180)
        self.setAccessibleName("Lift of each layer against its depth")
        self.legend = QLabel(_legend(), self)
        self.legend.setProperty("quiet", True)
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setSpacing(2)
        self._layout.addWidget(self.legend)
        figures.changed.connect(self.draw)
        session.audit.selectedChanged.connect(self.draw)
        session.overlayChanged.connect(self._mark)
        themes.changed.connect(self._dye)
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
        self.plot.box.setXRange(first - room, last, padding=0.04)
        every = range(first, last + 1, math.ceil(len(depths) / _MOST_TICKS))
        self.plot.axis("bottom").setTicks([[(depth, str(depth)) for depth in every]])
        self.plot.box.setYRange(0, max(top, 1.5), padding=0.08)
        self._mark()

    def _mark(self) -> None:
        """Where the layer on screen is."""
        layer = self._session.layer
        if self._now is not None:
            self._now.setVisible(layer is not None)
            if layer is not None:
                self._now.setValue(layer.depth)

    def _make(self, plots: Any) -> None:
        self.plot = plot = plots.QuietPlot(self, "depth of the layer", "lift")
        plot.setToolTip("Click to see the layer at that depth")
        self._now = plots.InfiniteLine()
        self._chance = plots.InfiniteLine(
            pos=1.0,
            angle=0,
            label="chance",
            labelOpts={"position": 0.01, "anchors": [(0, 0.5)] * 2},
        )
        plot.add(self._now)
        plot.add(self._chance)
        self._curves = (plot.curve(symbol="o", symbolSize=6, symbolPen=None), plot.curve())
        plot.scene().sigMouseClicked.connect(self._clicked)
        self._layout.addWidget(plot)
        self._dye()
        self.draw()

    def _dye(self) -> None:
        """The colours of the present theme."""
        self.legend.setText(_legend())
        if self._curves is None:
            return
        self.plot.dye()
        trained, untrained = self._curves
        trained.setPen(colour("accent"), width=2)
        trained.setSymbolBrush(colour("accent"))
        untrained.setPen(colour("series"), width=2, style=Qt.PenStyle.DashLine)
        self._now.setPen(colour("text"), width=1)
        self._chance.setPen(colour("quiet"), width=1, style=Qt.PenStyle.DotLine)
        self._chance.label.setColor(colour("quiet"))
        self._chance.label.fill = QBrush(colour("panel"))

    def _clicked(self, event: Any) -> None:
        self.show_nearest(event.scenePos())

    def show_nearest(self, place: QPointF) -> None:
        """Show the layer whose depth is nearest to a place of the plot's scene."""
        depth = self.plot.box.mapSceneToView(place).x()
        rows = range(len(self.layers))
        nearest = min(rows, key=lambda row: abs(self.layers[row].depth - depth), default=None)
        if nearest is not None:
            self._session.show_layer(nearest)
