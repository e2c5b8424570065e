"""Every layer's response at the point under the cursor, against depth."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF
from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget

from viewer.palette import colour, themes
from viewer.panels.plotting import PlotLoader
from viewer.render.overlay import OverlayMaker
from viewer.render.style import OverlayStyle
from viewer.state.lane import Lane
from viewer.state.later import Later
from viewer.state.session import Session
from viewer.state.workbench import Workbench


@dataclass(frozen=True, eq=False)
class Depths:
    """What all layers show: maps [n] of (h, w) over the frame, raw units, and the greatest
    magnitude of each, float64 [n]; ``key`` says of which answer and style."""

    key: tuple[object, ...]
    maps: tuple[NDArray[np.float32], ...]
    maxima: NDArray[np.float64]
    frame_size: tuple[int, int]

    @classmethod
    def of(cls, maker: OverlayMaker, style: OverlayStyle) -> Depths:
        count = range(len(maker.explanation.layers))
        maps = tuple(maker.values(index, style.smoothing, style.signed) for index in count)
        maxima = np.array([float(np.abs(values).max(initial=0.0)) for values in maps])
        return cls(key_of(maker, style), maps, maxima, maker.explanation.geometry.frame_size)

    def at(self, x: float, y: float) -> NDArray[np.float64]:
        """The value of every layer at a frame point, float64 [n], raw units."""
        return np.array([_nearest(values, x, y, self.frame_size) for values in self.maps])

    def shares(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Values of all layers as shares of each layer's own maximum; 0 without any response."""
        return np.divide(values, self.maxima, out=np.zeros_like(values), where=self.maxima > 0)


def key_of(maker: OverlayMaker, style: OverlayStyle) -> tuple[object, ...]:
    return maker, style.smoothing, style.signed


def _nearest(values: NDArray[np.float32], x: float, y: float, frame_size: tuple[int, int]) -> float:
    height, width = values.shape
    row = min(height - 1, max(0, int(y * height / frame_size[0])))
    column = min(width - 1, max(0, int(x * width / frame_size[1])))
    return float(values[row, column])


class ProfilePanel(QWidget):
    """The last point stays when the cursor leaves. A click shows the layer at that depth."""

    def __init__(self, workbench: Workbench, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session: Session = workbench.session
        self._depths: Depths | None = None
        self._lane = Lane("profile", self)
        self._lane.finished.connect(self._take_depths)
        self._point: tuple[float, float] | None = None
        self._loader = PlotLoader(self)
        self._loader.ready.connect(self._make)
        self.plot: Any = None
        """The plot, once it is made."""
        self.shares: NDArray[np.float64] = np.zeros(0)
        """What is drawn, a layer each."""
        self._curve: Any = None
        self._chosen: Any = None
        self._zero: Any = None
        self.line = QLabel(self)
        self.line.setWordWrap(True)
        self.line.setProperty("quiet", True)
        self.setAccessibleName("Response of every layer at a point")
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(10, 6, 10, 6)
        self._layout.addWidget(self.line)
        self._layout.addStretch()
        session = self._session
        self._later = Later(self._draw, self)
        session.cursorChanged.connect(self._move)
        session.explanationChanged.connect(self._draw)
        session.overlayChanged.connect(self._later.ask)
        session.placeChanged.connect(self._forget)
        themes.changed.connect(self._dye)
        self._draw()

    def _move(self) -> None:
        if self._session.cursor is not None:
            self._point = self._session.cursor
            self._later.ask()
        else:
            self._draw()

    def _forget(self) -> None:
        self._point = None
        self._draw()

    def showEvent(self, event: Any) -> None:
        self._draw()

    def _draw(self) -> None:
        """Nothing is worked out while nobody sees it."""
        if not self.isVisible():
            return
        session = self._session
        maker, style = session.overlays, session.style
        drawn = maker is not None and bool(maker.explanation.layers) and self._point is not None
        if self.plot is not None:
            self.plot.setVisible(drawn)
        if maker is None or not drawn or self._point is None:
            self._depths, self.shares = None, np.zeros(0)
            self.line.setText(self._why_not())
            return
        key = key_of(maker, style)
        if self._depths is None or self._depths.key != key:
            if self._depths is not None and self._depths.key[0] is not maker:
                self._depths, self.shares = None, np.zeros(0)
                self.line.setText("…")
            self._lane.submit(key, lambda: Depths.of(maker, style))
            return  # it comes back here
        values = self._depths.at(*self._point)
        self.shares = self._depths.shares(values)
        self.line.setText(self._in_words(float(values[session.layer_index])))
        if self.plot is None:
            self._loader.load()
        else:
            self._plot(style.signed)

    def _take_depths(self, key: object, depths: Depths) -> None:
        maker = self._session.overlays
        if maker is not None and depths.key == key_of(maker, self._session.style):
            self._depths = depths
            self._draw()

    def _why_not(self) -> str:
        explanation = self._session.explanation
        if explanation is None:
            return "No response is known yet."
        if not explanation.layers:
            return "The model gives no output for this image."
        return "Move over the scan to see what every layer responds with there."

    def _in_words(self, value: float) -> str:
        """The point, and the chosen layer's raw value there."""
        layer, index = self._session.layer, self._session.layer_index
        assert layer is not None
        assert self._point is not None
        x, y = self._point
        left = "" if self._session.cursor is not None else "Last point, the cursor has left: "
        return (
            f"{left}x {int(x)}  y {int(y)} · {layer.name}: {value:.3g}, "
            f"{self.shares[index]:.0%} of its maximum"
        )

    def _plot(self, signed: bool) -> None:
        depths = np.arange(1, len(self.shares) + 1)
        index = self._session.layer_index
        self._curve.setData(depths, self.shares)
        self._chosen.setData([depths[index]], [self.shares[index]])
        self.plot.box.setXRange(1, len(depths), padding=0.05)
        self.plot.box.setYRange(-1 if signed else 0, 1, padding=0.06)

    def _make(self, plots: Any) -> None:
        self.plot = plot = plots.QuietPlot(self, "depth of the layer", "share of max.")
        plot.setMinimumHeight(150)
        self._zero = plots.InfiniteLine(pos=0, angle=0)
        plot.add(self._zero)
        self._curve = plot.curve(symbol="o", symbolSize=6, symbolPen=None)
        self._chosen = plot.curve(pen=None, symbol="d", symbolSize=13)
        plot.scene().sigMouseClicked.connect(lambda event: self.show_nearest(event.scenePos()))
        plot.scene().sigMouseMoved.connect(self._name)
        self._layout.insertWidget(1, plot, 10)
        self._dye()
        self._draw()

    def _dye(self) -> None:
        """The colours of the present theme."""
        if self.plot is None:
            return
        self.plot.dye()
        self._zero.setPen(colour("line"), width=1)
        self._curve.setPen(colour("series"), width=2)
        self._curve.setSymbolBrush(colour("series"))
        self._chosen.setSymbolBrush(colour("accent"))
        self._chosen.setSymbolPen(colour("panel"))

    def _row(self, place: QPointF) -> int:
        """The layer whose depth is nearest to a place of the plot's scene, from 0."""
        depth = float(self.plot.box.mapSceneToView(place).x())
        return min(max(0, round(depth) - 1), max(0, len(self.shares) - 1))

    def _name(self, place: QPointF) -> None:
        explanation, row = self._session.explanation, self._row(place)
        if explanation is not None and row < len(self.shares):
            layer = explanation.layers[row]
            self.plot.setToolTip(f"layer {layer.depth}: {layer.name}, {self.shares[row]:.0%}")

    def show_nearest(self, place: QPointF) -> None:
        """Show the layer whose depth is nearest to a place of the plot's scene."""
        if len(self.shares):
            self._session.show_layer(self._row(place))
