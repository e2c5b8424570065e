"""How well the maps of an answer agree with landmarks: figures of every landmark and layer."""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.evidence.agreement import Agreement, agreement
from engine.results import Explanation
from engine.shapes import Shape, box
from viewer.render.overlay import shown_values
from viewer.state.document import Landmark

ALL = "all landmarks"
"""The id and the name of the row of all landmarks together."""
_SMOOTHING = 1.0  # whatever the reader's slider says: figures stay comparable
_GRID = (256, 256)  # where there is no map

Region = NDArray[np.float64]


@dataclass(frozen=True)
class LayerFigures:
    """``mass``: the share of the layer's response that lies on the landmark; ``lift``: that over
    the landmark's share of the area, 1 is chance; both NaN where the layer has no response, or the
    landmark no area. ``hit``: whether the strongest response lies on it. ``untrained_lift`` is the
    mean of the untrained networks that respond, None until it is known."""

    layer: str
    depth: int
    mass: float
    lift: float
    hit: bool
    untrained_lift: float | None


@dataclass(frozen=True)
class LandmarkFigures:
    """``area`` is the landmark's share (0…1) of the frame."""

    landmark: Landmark
    area: float
    layers: tuple[LayerFigures, ...]

    @property
    def best(self) -> LayerFigures | None:
        """The layer with the highest lift; None if no layer has any."""
        known = [layer for layer in self.layers if math.isfinite(layer.lift)]
        return max(known, key=lambda layer: layer.lift, default=None)


@dataclass(frozen=True, eq=False)
class Maps:
    """What an answer shows of the frame, layer by layer: names, depths, and the shown maps at the
    default smoothing, float32 [layers, h, w], at least 0. A declined image has no layers."""

    names: tuple[str, ...]
    depths: tuple[int, ...]
    values: NDArray[np.float32]


def shown_maps(explanation: Explanation) -> Maps:
    layers, geometry = explanation.layers, explanation.geometry
    values = np.empty((len(layers), *geometry.fitted_size), np.float32)
    for place, layer in enumerate(layers):
        values[place] = shown_values(layer, geometry, _SMOOTHING)
    names, depths = (layer.name for layer in layers), (layer.depth for layer in layers)
    return Maps(tuple(names), tuple(depths), values)


class Ruler:
    """Measures landmarks; what stayed as it was since the last time is not measured again. For one
    thread."""

    def __init__(self) -> None:
        self._before: dict[Hashable, Any] = {}
        self._known: dict[Hashable, Any] = {}

    def measure(
        self,
        landmarks: Sequence[Landmark],
        frame_size: tuple[int, int],
        answer: Explanation | None,
        untrained: tuple[Maps, ...],
    ) -> tuple[LandmarkFigures, ...]:
        """A row a landmark and, of two or more, one of all together; ``frame_size`` is (height,
        width)."""
        self._before, self._known = self._known, {}
        maps = None
        if answer is not None:
            maps = self._kept(("maps", id(answer)), lambda: (answer, shown_maps(answer)))[1]
        groups: list[tuple[Landmark, tuple[Shape, ...]]]
        groups = [(landmark, (landmark.shape,)) for landmark in landmarks]
        if len(landmarks) > 1:
            shapes = tuple(landmark.shape for landmark in landmarks)
            groups.append((Landmark(ALL, ALL, _around(shapes)), shapes))
        return tuple(
            self._row(landmark, shapes, frame_size, maps, untrained) for landmark, shapes in groups
        )

    def _kept(self, key: Hashable, make: Callable[[], Any]) -> Any:
        for known in (self._known, self._before):
            if key in known:
                self._known[key] = known[key]
                return known[key]
        self._known[key] = made = make()
        return made

    def _row(
        self,
        landmark: Landmark,
        shapes: tuple[Shape, ...],
        frame_size: tuple[int, int],
        maps: Maps | None,
        untrained: tuple[Maps, ...],
    ) -> LandmarkFigures:
        rows, columns = _GRID if maps is None else maps.values.shape[1:]
        region = self._region(shapes, frame_size, (rows, columns))
        area = float(region.mean())
        if maps is None:
            return LandmarkFigures(landmark, area, ())
        if area <= 0:
            return LandmarkFigures(landmark, 0.0, _nothing(maps))
        trained: list[Agreement] = self._kept(
            (maps, shapes), lambda: [agreement(values, region) for values in maps.values]
        )
        bare: list[float] | list[None] = [None] * len(trained)
        if untrained:
            bare = self._kept((untrained, shapes), lambda: _mean_lifts(untrained, region))
        every = zip(maps.names, maps.depths, trained, bare, strict=True)
        layers = tuple(
            LayerFigures(name, depth, found.mass, found.lift, found.hit == 1, lift)
            for name, depth, found, lift in every
        )
        return LandmarkFigures(landmark, area, layers)

    def _region(
        self, shapes: tuple[Shape, ...], frame_size: tuple[int, int], grid: tuple[int, int]
    ) -> Region:
        """The share of every pixel of the grid that lies in any of the shapes."""
        from engine.rasters import coverage

        parts: list[Region] = [
            self._kept((shape, frame_size, grid), partial(coverage, shape, frame_size, grid))
            for shape in shapes
        ]
        return parts[0] if len(parts) == 1 else np.asarray(np.maximum.reduce(parts))


def lifts(maps: Maps, region: Region) -> list[float]:
    """Of every layer, as :func:`engine.evidence.agreement.agreement` has it, and nothing else: a
    tenth of its time."""
    totals = maps.values.sum(axis=(1, 2), dtype=np.float64)
    inside = np.einsum("lhw,hw->l", maps.values, region)
    usable = np.isfinite(totals) & (totals > 0)
    masses = np.divide(inside, totals, out=np.full(len(totals), np.nan), where=usable)
    return [float(mass) for mass in masses / region.mean()]


def _mean_lifts(networks: Sequence[Maps], region: Region) -> list[float]:
    """Of every layer, the mean of the networks that respond; NaN where none does."""
    rows = zip(*(lifts(maps, region) for maps in networks), strict=True)
    responding = ([lift for lift in row if math.isfinite(lift)] for row in rows)
    return [sum(row) / len(row) if row else math.nan for row in responding]


def _nothing(maps: Maps) -> tuple[LayerFigures, ...]:
    rows = zip(maps.names, maps.depths, strict=True)
    nan = math.nan
    return tuple(LayerFigures(name, depth, nan, nan, False, None) for name, depth in rows)


def _around(shapes: Sequence[Shape]) -> Shape:
    """The box around them all."""
    lefts, tops, rights, bottoms = zip(*(shape.bounds for shape in shapes), strict=True)
    return box(min(lefts), min(tops), max(rights), max(bottoms))
