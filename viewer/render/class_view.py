"""Which class dominates where (CLEAR eqs. 4–6), ready to be painted: hue for the class, brightness
for its response. Where classes tie, or nothing speaks for any, nothing is shown."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.contours import contours
from engine.results import Explanation
from engine.smoothing import smooth, smoothing_width
from viewer.render.colour_maps import as_rgb32
from viewer.render.style import OverlayStyle

# Okabe and Ito's seven that are not black, and a violet that colour-blind readers, too, tell from
# them; more would not be told apart. The rest of the classes share a pale grey.
PALETTE = (
    (230, 159, 0),
    (86, 180, 233),
    (0, 158, 115),
    (240, 228, 66),
    (213, 94, 0),
    (204, 121, 167),
    (0, 114, 178),
    (122, 79, 255),
)
_OTHERS = (200, 204, 210)
OTHERS_SIGN = "+"

Colour = tuple[int, int, int]
Lines = tuple[NDArray[np.float64], ...]


@dataclass(frozen=True, eq=False)
class ClassMaps:
    """Smoothed for display, over the frame, raw units. ``names`` are the classes that dominate
    somewhere, those with the most response first; ``responses`` float32 [n, h, w] is what each has
    where it dominates, 0 elsewhere, then smoothed; ``margins`` the same of its lead over the
    runner-up. ``winner`` int16 (h, w) is the row of the strongest, -1 where there is no evidence or
    a tie, ``response`` what it has there and ``second`` what the next one has. ``factor`` is the
    style's, ``sigma`` the width in pixels of the model input."""

    names: tuple[str, ...]
    responses: NDArray[np.float32]
    margins: NDArray[np.float32]
    winner: NDArray[np.int16]
    response: NDArray[np.float32]
    second: NDArray[np.float32]
    factor: float
    sigma: float
    frame_size: tuple[int, int]


def class_maps(explanation: Explanation, factor: float) -> ClassMaps | None:
    """From an answer with class responses, None without: the slow part, for a thread. The width
    of the smoothing is that of the last layer, which the class responses start from."""
    found, geometry = explanation.class_responses, explanation.geometry
    if found is None or not explanation.layers:
        return None
    dominant = geometry.crop(found.dominant.astype(np.float32))
    strength = np.maximum(geometry.crop(found.response), 0)
    every = range(len(found.classes))
    sums = [float(strength[dominant == index].sum(dtype=np.float64)) for index in every]
    order = sorted((index for index in every if sums[index] > 0), key=lambda index: -sums[index])
    order = order or [0]
    sigma = smoothing_width(explanation.layers[-1], factor)

    def shown(values: NDArray[np.float32]) -> NDArray[np.float32]:
        own = (np.where(found.dominant == index, values, np.float32(0)) for index in order)
        return np.stack([geometry.crop(smooth(values, sigma)) for values in own])

    responses = shown(np.maximum(found.response, 0))
    top = responses.max(0)
    second = np.partition(responses, -2, axis=0)[-2] if len(order) > 1 else np.zeros_like(top)
    return ClassMaps(
        names=tuple(found.classes[index] for index in order),
        responses=responses,
        margins=shown(found.margin),
        winner=np.where(top > second, responses.argmax(0), -1).astype(np.int16),
        response=top,
        second=second,
        factor=factor,
        sigma=sigma,
        frame_size=geometry.frame_size,
    )


@dataclass(frozen=True, eq=False)
class ClassRegion:
    """Where a class (or all that share the grey) dominates above the threshold. ``sign`` stands
    for it on the picture and in the legend, ``area`` is its share (0…1) of the frame, ``lines`` are
    closed contours in frame pixels, ``place`` a frame point (x, y) in the middle of the largest."""

    name: str
    sign: str
    colour: Colour
    area: float
    lines: Lines
    place: tuple[float, float]


@dataclass(frozen=True, eq=False)
class ClassOverlay:
    """``regions`` are the classes present, those with the most response first; ``maximum`` is the
    top of the range."""

    maps: ClassMaps
    style: OverlayStyle
    regions: tuple[ClassRegion, ...]
    maximum: float

    @property
    def level(self) -> float:
        """The threshold in raw units."""
        return self.style.threshold * self.maximum

    @property
    def peak(self) -> tuple[float, float] | None:
        """The frame point (x, y) of the strongest response; None where there is none."""
        response = self.maps.response
        if self.maximum <= 0:
            return None
        row, column = divmod(int(response.argmax()), response.shape[1])
        height, width = self.maps.frame_size
        return (
            (column + 0.5) * width / response.shape[1],
            (row + 0.5) * height / response.shape[0],
        )

    def at(self, x: float, y: float) -> tuple[str, float, float] | None:
        """(class, response, margin to the runner-up) as shown under a frame point, whatever the
        threshold; None where no class dominates."""
        maps = self.maps
        height, width = maps.winner.shape
        row = min(height - 1, int(y * height / maps.frame_size[0]))
        column = min(width - 1, int(x * width / maps.frame_size[1]))
        index = int(maps.winner[row, column])
        if index < 0:
            return None
        margin = float(maps.margins[index, row, column])
        return maps.names[index], float(maps.response[row, column]), margin

    def painted(self) -> NDArray[np.uint32]:
        """0xffRRGGBB uint32 (h, w): the colour of the class, as bright as its response."""
        maps = self.maps
        palette = np.array([colour_of(row) for row in range(len(maps.names))], np.float32)
        scale = 1 / self.maximum if self.maximum > 0 else 0.0
        share = np.where(maps.winner < 0, 0, maps.response * scale)
        shown = palette[maps.winner] * np.clip(share, 0, 1)[..., None]
        return as_rgb32(np.asarray(np.rint(shown), np.uint8))


def colour_of(row: int) -> Colour:
    """Of the class with the ``row``-th most response, from 0."""
    return PALETTE[row] if row < len(PALETTE) else _OTHERS


def class_overlay(maps: ClassMaps, style: OverlayStyle) -> ClassOverlay:
    """The quick part: threshold, contours and areas."""
    maximum = float(maps.response.max(initial=0.0))
    strong = maps.response > style.threshold * maximum
    rows = list(range(len(maps.names)))
    groups = [[row] for row in rows[: len(PALETTE)]] + [rows[len(PALETTE) :]]
    regions = []
    for number, group in enumerate(groups):
        above = strong & ((maps.winner == number) if len(group) == 1 else _among(maps, group))
        if above.any():
            regions.append(_region(maps, number, group, above, style.threshold * maximum))
    return ClassOverlay(maps, style, tuple(regions), maximum)


def class_line(overlay: ClassOverlay, x: float, y: float) -> str:
    """What dominates under a frame point, for the corner of the picture."""
    found = overlay.at(x, y)
    if found is None:
        return "no class dominates"
    name, response, margin = found
    return f"{name.replace('_', ' ')} {response:.3g}, {margin:.3g} ahead of the next"


def _among(maps: ClassMaps, group: list[int]) -> NDArray[np.bool_]:
    """Where one of the last classes in the order wins."""
    return maps.winner >= group[0] if group else np.zeros(maps.winner.shape, np.bool_)


def _region(
    maps: ClassMaps, number: int, group: list[int], above: NDArray[np.bool_], level: float
) -> ClassRegion:
    """Worked out in the part of the frame that it lies in, with a pixel around it."""
    part = _around(above)
    start = np.array([part[1].start, part[0].start], np.float64)
    pixel = np.array(maps.frame_size[::-1]) / above.shape[::-1]
    outlines = contours(_lead(maps, group, part, level), 0.0)
    middle = _middle(above[part], outlines)
    grey = number == len(PALETTE)
    return ClassRegion(
        name=f"{len(group)} others" if len(group) > 1 else maps.names[group[0]],
        sign=OTHERS_SIGN if grey else str(number + 1),
        colour=colour_of(number),
        area=float(above.mean()),
        lines=tuple((line + start) * pixel for line in outlines),
        place=_pair((middle + start) * pixel),
    )


def _around(mask: NDArray[np.bool_]) -> tuple[slice, slice]:
    """The rows and columns that hold a mask, with one more on each side."""
    rows, columns = (np.flatnonzero(mask.any(axis)) for axis in (1, 0))
    return (
        slice(max(0, int(rows[0]) - 1), int(rows[-1]) + 2),
        slice(max(0, int(columns[0]) - 1), int(columns[-1]) + 2),
    )


def _lead(
    maps: ClassMaps, group: list[int], part: tuple[slice, slice], level: float
) -> NDArray[np.float32]:
    """By how much the classes of a group are above the level and above every other class: 0 is
    the edge of their region."""
    winner, top = maps.winner[part], maps.response[part]
    own = np.isin(winner, group)
    if len(group) == 1:
        best, others = maps.responses[group[0]][part], maps.second[part]
    else:
        stack = maps.responses[:, *part]
        best, others = stack[group].max(0), np.delete(stack, group, axis=0).max(0)
    rivals = np.where(own, others, top)
    return np.asarray(best - np.maximum(rivals, np.float32(level)))


def _middle(inside: NDArray[np.bool_], outlines: list[NDArray[np.float64]]) -> NDArray[np.float64]:
    """A pixel (x, y) of a mask well inside the largest of its outlines."""
    chosen = inside.astype(np.float32)
    if outlines:
        largest = max(outlines, key=_enclosed)
        (left, top), (right, bottom) = np.floor(largest.min(0)), np.ceil(largest.max(0))
        box = np.zeros_like(chosen)
        box[int(top) : int(bottom), int(left) : int(right)] = 1
        chosen = chosen * box if (chosen * box).any() else chosen
    step = max(1, int(np.sqrt(chosen.sum()) / 16))  # a large one is looked at coarsely
    coarse = chosen[::step, ::step]
    if not coarse.any():
        step, coarse = 1, chosen
    deep = np.where(coarse > 0, smooth(coarse, 4.0), 0)
    row, column = divmod(int(deep.argmax()), deep.shape[1])
    return np.array([column * step + 0.5, row * step + 0.5])


def _pair(point: NDArray[np.float64]) -> tuple[float, float]:
    x, y = point.tolist()
    return x, y


def _enclosed(line: NDArray[np.float64]) -> float:
    """The area inside a closed line."""
    x, y = line[:, 0], line[:, 1]
    return float(abs(x @ np.roll(y, -1) - y @ np.roll(x, -1)) / 2)
