"""From a raw signed response map to what is shown: sign, smoothing, range, threshold."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from engine.contours import contours
from engine.geometry import InputGeometry
from engine.results import Explanation, LayerResponse
from engine.smoothing import smooth, smoothing_width
from viewer.render import colour_maps
from viewer.render.grid import Grid, native_grid
from viewer.render.style import OverlayStyle

Lines = tuple[NDArray[np.float64], ...]
_CUTS = 48  # of the last thresholds and layers, a drag to and fro
_AROUND = 20  # layers whose contours are made ahead


def shown_values(
    layer: LayerResponse, geometry: InputGeometry, factor: float, signed: bool = False
) -> NDArray[np.float32]:
    """The raw map, or its positive part, on the frame's own part of the input, smoothed."""
    chosen = layer.values if signed else np.maximum(layer.values, 0)
    return geometry.crop(smooth(chosen, smoothing_width(layer, factor)))


@dataclass(frozen=True)
class Overlay:
    """One layer, ready to be painted.

    ``values`` float32 (h, w) cover the frame exactly, in raw units; ``maximum`` is the value at
    the top of the colour bar; ``lines`` are the closed contours at the threshold, float64 (n, 2)
    as (x, y) in frame pixels from the corner of the first one, ``negative_lines`` those around
    what is as far below 0. ``area`` and ``mass`` are the shares (0…1) of the frame and of the
    response (its magnitude, if signed) above the threshold, ``sigma`` the smoothing in pixels of
    the model input, ``frame_size`` (height, width).
    """

    layer: LayerResponse
    style: OverlayStyle
    values: NDArray[np.float32]
    maximum: float
    lines: Lines
    area: float
    mass: float
    sigma: float
    frame_size: tuple[int, int]
    negative_lines: Lines = ()
    grid: Grid = field(default_factory=lambda: Grid((), (), (0, 0)))

    @property
    def level(self) -> float:
        """The threshold in raw units."""
        return self.style.threshold * self.maximum

    @property
    def minimum(self) -> float:
        """The value at the bottom of the colour bar."""
        return -self.maximum if self.style.signed else 0.0

    @property
    def strengths(self) -> NDArray[np.float32]:
        """What the threshold is held against: the values, without their sign if signed."""
        return np.abs(self.values) if self.style.signed else self.values

    @property
    def peak(self) -> tuple[float, float] | None:
        """The frame point (x, y) of the strongest response; None where there is none."""
        if self.maximum <= 0:
            return None
        height, width = self.values.shape
        row, column = divmod(int(self.strengths.argmax()), width)
        return (
            (column + 0.5) * self.frame_size[1] / width,
            (row + 0.5) * self.frame_size[0] / height,
        )

    def colours(self) -> NDArray[np.uint8]:
        """RGB uint8 (h, w, 3) of the whole map, whatever the threshold."""
        return colourise(self.values, self.maximum, self.style.colours, self.style.signed)

    def painted(self) -> NDArray[np.uint32]:
        """The same as uint32 (h, w) of 0xffRRGGBB."""
        row = shades(self.values, self.maximum, self.style.signed)
        return colour_maps.packed(self.style.colours)[row]

    def value_at(self, x: float, y: float) -> float:
        """The shown value, in raw units, under a point inside the frame (frame pixels)."""
        height, width = self.values.shape
        row = min(height - 1, int(y * height / self.frame_size[0]))
        column = min(width - 1, int(x * width / self.frame_size[1]))
        return float(self.values[row, column])


def shades(values: NDArray[np.float32], maximum: float, signed: bool = False) -> NDArray[np.uint8]:
    """Values (h, w) from 0, or −``maximum``, to ``maximum`` → rows of a colour map; anything
    outside is clipped."""
    scaled = np.zeros_like(values) if maximum <= 0 else values * (255 / maximum)
    if signed:
        scaled = np.rint((scaled + 255) / 2)
    return np.asarray(np.clip(scaled, 0, 255), np.uint8)


def colourise(
    values: NDArray[np.float32], maximum: float, colour_map: str, signed: bool = False
) -> NDArray[np.uint8]:
    """Values (h, w) → RGB uint8 (h, w, 3), as :func:`shades` says."""
    return colour_maps.table(colour_map)[shades(values, maximum, signed)]


def smoothed(
    explanation: Explanation, factor: float, signed: bool = False, layer: int | None = None
) -> OverlayMaker:
    """A maker that has a layer (from 0), or all of them, ready at a smoothing factor: the slow
    part, for a thread."""
    maker = OverlayMaker(explanation)
    every = range(len(explanation.layers))
    for index in every if layer is None else every[layer : layer + 1]:
        maker.values(index, factor, signed)
    return maker


@dataclass(frozen=True)
class _Cut:
    """What a threshold makes of a map: contours, around what is below 0, too, and shares."""

    lines: Lines
    negative_lines: Lines
    area: float
    mass: float


class OverlayMaker:
    """Overlays of one explanation. Smoothed maps are kept, so that a slider costs no smoothing, and
    what the last thresholds cut, so that opacity and colours cost no contours."""

    def __init__(self, explanation: Explanation) -> None:
        self.explanation = explanation
        self._kept: tuple[float, dict[tuple[int, bool], NDArray[np.float32]]] = (-1.0, {})
        self._tops: list[tuple[NDArray[np.float32], float]] = []
        self._cuts: list[tuple[NDArray[np.float32], float, _Cut]] = []

    def values(self, index: int, factor: float, signed: bool = False) -> NDArray[np.float32]:
        """Layer ``index`` as it is shown, in raw units: its positive part, or all of it if
        ``signed``; smoothed, (h, w). May be called from several threads."""
        kept_factor, kept = self._kept
        if factor != kept_factor:
            kept = {}
            self._kept = (factor, kept)
        found = kept.get((index, signed))
        if found is None:
            layer = self.explanation.layers[index]
            found = shown_values(layer, self.explanation.geometry, factor, signed)
            kept[index, signed] = found
        return found

    def maximum(self, index: int, style: OverlayStyle) -> float:
        """Top of the value window: the layer's own greatest value (or magnitude, if signed), or
        that of all layers."""
        chosen = range(len(self.explanation.layers)) if style.shared_range else (index,)
        factor, signed = style.smoothing, style.signed
        return max(self._top(self.values(item, factor, signed), signed) for item in chosen)

    def _top(self, values: NDArray[np.float32], signed: bool) -> float:
        """The greatest value or magnitude of a map, kept for as long as that is."""
        for map_of, top in self._tops:
            if map_of is values:
                return top
        top = float((np.abs(values) if signed else values).max(initial=0.0))
        self._tops = [(values, top), *self._tops[: 2 * len(self.explanation.layers)]]
        return top

    def _cut(self, values: NDArray[np.float32], level: float, signed: bool) -> _Cut:
        """The same for the same threshold, for as long as it is among the last ones."""
        for map_of, at, cut in self._cuts:
            if map_of is values and at == level:
                return cut
        size = self.explanation.geometry.frame_size
        area, mass = share_above(np.abs(values) if signed else values, level)
        below = frame_lines(-values, level, size) if signed else ()
        cut = _Cut(frame_lines(values, level, size), below, area, mass)
        self._cuts = [(values, level, cut), *self._cuts[: _CUTS - 1]]
        return cut

    def cut_around(self, index: int, style: OverlayStyle) -> bool:
        """Make what the threshold cuts of the layers around one, for stepping there; whether the
        maps of all of them were ready. For a thread."""
        factor, maps = self._kept
        if factor != style.smoothing:
            return False
        every, signed = range(len(self.explanation.layers)), style.signed
        tops = {
            other: self._top(maps[other, signed], signed)
            for other in every
            if (other, signed) in maps
        }
        if style.shared_range and len(tops) < len(every):
            return False
        near = sorted(every, key=lambda other: abs(other - index))[:_AROUND]
        for other in tops.keys() & set(near):
            top = max(tops.values()) if style.shared_range else tops[other]
            if top > 0:
                self._cut(maps[other, signed], style.threshold * top, signed)
        return tops.keys() >= set(near)

    def at_hand(self, index: int, style: OverlayStyle) -> Overlay | None:
        """Layer ``index`` in a style if nothing has to be worked out for it."""
        (factor, maps), signed = self._kept, style.signed
        every = range(len(self.explanation.layers))
        needed = every if style.shared_range else every[index : index + 1]
        if factor != style.smoothing or any((other, signed) not in maps for other in needed):
            return None
        values, level = maps[index, signed], style.threshold * self.maximum(index, style)
        cut = any(map_of is values and at == level for map_of, at, _ in self._cuts)
        return self.overlay(index, style) if cut else None

    def overlay(self, index: int, style: OverlayStyle) -> Overlay:
        """Layer ``index`` (from 0) of the explanation in a style."""
        values = self.values(index, style.smoothing, style.signed)
        maximum = self.maximum(index, style)
        layer, geometry = self.explanation.layers[index], self.explanation.geometry
        cut = _NOTHING
        if maximum > 0:
            cut = self._cut(values, style.threshold * maximum, style.signed)
        return Overlay(
            layer=layer,
            style=style,
            values=values,
            maximum=maximum,
            lines=cut.lines,
            negative_lines=cut.negative_lines,
            area=cut.area,
            mass=cut.mass,
            sigma=smoothing_width(layer, style.smoothing),
            frame_size=geometry.frame_size,
            grid=native_grid(layer, geometry),
        )


_NOTHING = _Cut((), (), 0.0, 0.0)


def share_above(strengths: NDArray[np.float32], level: float) -> tuple[float, float]:
    """Shares (0…1) of the area and of the sum that lie above a level."""
    above = strengths > level
    total = float(strengths.sum(dtype=np.float64))
    mass = float(strengths[above].sum(dtype=np.float64)) / total if total > 0 else 0.0
    return np.count_nonzero(above) / above.size, mass


def frame_lines(values: NDArray[np.float32], level: float, frame_size: tuple[int, int]) -> Lines:
    """Contours of values (h, w) that cover the frame, as (x, y) in frame pixels."""
    height, width = frame_size
    scale = np.array([width / values.shape[1], height / values.shape[0]])
    return tuple(line * scale for line in contours(values, level))
