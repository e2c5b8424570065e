"""From a raw signed response map to what is shown: positive part, smoothing, range, threshold."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.contours import contours
from engine.geometry import InputGeometry
from engine.results import Explanation, LayerResponse
from engine.smoothing import smooth, smoothing_width
from viewer.render import colour_maps
from viewer.render.style import OverlayStyle


def shown_values(
    layer: LayerResponse, geometry: InputGeometry, factor: float
) -> NDArray[np.float32]:
    """Positive part of the raw map on the frame's own part of the input, smoothed."""
    positive = np.maximum(layer.values, 0)
    return geometry.crop(smooth(positive, smoothing_width(layer, factor)))


@dataclass(frozen=True)
class Overlay:
    """One layer, ready to be painted.

    ``values`` float32 (h, w) cover the frame exactly, in raw units; ``maximum`` is the value at
    the top of the colour bar; ``lines`` are the closed contours at the threshold, float64 (n, 2)
    as (x, y) in frame pixels from the corner of the first one. ``area`` and ``mass`` are the
    shares (0…1) of the frame and of the positive response above the threshold, ``sigma`` the
    smoothing in pixels of the model input, ``frame_size`` (height, width).
    """

    layer: LayerResponse
    style: OverlayStyle
    values: NDArray[np.float32]
    maximum: float
    lines: tuple[NDArray[np.float64], ...]
    area: float
    mass: float
    sigma: float
    frame_size: tuple[int, int]

    @property
    def level(self) -> float:
        """The threshold in raw units."""
        return self.style.threshold * self.maximum

    def colours(self) -> NDArray[np.uint8]:
        """RGB uint8 (h, w, 3) of the whole map, whatever the threshold."""
        return colourise(self.values, self.maximum, self.style.colour_map)

    def value_at(self, x: float, y: float) -> float:
        """The shown value, in raw units, under a point inside the frame (frame pixels)."""
        height, width = self.values.shape
        row = min(height - 1, int(y * height / self.frame_size[0]))
        column = min(width - 1, int(x * width / self.frame_size[1]))
        return float(self.values[row, column])


def colourise(values: NDArray[np.float32], maximum: float, colour_map: str) -> NDArray[np.uint8]:
    """Values (h, w) from 0 to ``maximum`` → RGB uint8 (h, w, 3); anything outside is clipped."""
    scaled = np.zeros_like(values) if maximum <= 0 else values * (255 / maximum)
    return colour_maps.table(colour_map)[np.clip(scaled, 0, 255).astype(np.uint8)]


def smoothed(explanation: Explanation, factor: float) -> OverlayMaker:
    """A maker that has all layers ready at a smoothing factor: the slow part, for a thread."""
    maker = OverlayMaker(explanation)
    for index in range(len(explanation.layers)):
        maker.values(index, factor)
    return maker


class OverlayMaker:
    """Overlays of one explanation. Smoothed maps are kept, so that a slider costs no smoothing."""

    def __init__(self, explanation: Explanation) -> None:
        self.explanation = explanation
        self._factor = -1.0
        self._values: dict[int, NDArray[np.float32]] = {}

    def values(self, index: int, factor: float) -> NDArray[np.float32]:
        """Layer ``index`` as it is shown, in raw units: positive part, smoothed, (h, w)."""
        if factor != self._factor:
            self._factor = factor
            self._values.clear()
        if index not in self._values:
            layer = self.explanation.layers[index]
            self._values[index] = shown_values(layer, self.explanation.geometry, factor)
        return self._values[index]

    def maximum(self, index: int, style: OverlayStyle) -> float:
        """Top of the value window: the layer's own greatest value, or that of all layers."""
        chosen = range(len(self.explanation.layers)) if style.shared_range else (index,)
        maps = (self.values(item, style.smoothing) for item in chosen)
        return max(float(values.max(initial=0.0)) for values in maps)

    def overlay(self, index: int, style: OverlayStyle) -> Overlay:
        """Layer ``index`` (from 0) of the explanation in a style."""
        values = self.values(index, style.smoothing)
        maximum = self.maximum(index, style)
        layer = self.explanation.layers[index]
        level = style.threshold * maximum
        above = (values > level) if maximum > 0 else np.zeros(values.shape, np.bool_)
        total = float(values.sum(dtype=np.float64))
        mass = float(values[above].sum(dtype=np.float64)) / total if total > 0 else 0.0
        height, width = self.explanation.geometry.frame_size
        scale = np.array([width / values.shape[1], height / values.shape[0]])
        lines = tuple(line * scale for line in contours(values, level)) if maximum > 0 else ()
        return Overlay(
            layer=layer,
            style=style,
            values=values,
            maximum=maximum,
            lines=lines,
            area=float(above.mean()),
            mass=mass,
            sigma=smoothing_width(layer, style.smoothing),
            frame_size=(height, width),
        )
