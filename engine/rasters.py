"""Shapes as pixels, and pixels as shapes. Needs no torch.

A pixel belongs to a shape if its middle does. That is decided exactly (OpenCV would also fill every
pixel that an outline touches): along each row of middles the outline is crossed from left to right,
and what is between the crossings lies inside.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import pairwise

import cv2
import numpy as np
from contourpy import FillType, contour_generator
from numpy.typing import NDArray

from engine.shapes import MOST_POINTS, Shape

_FINER = 8  # as many sub-pixels a side where the share of a pixel counts
_BAND = 1 << 22  # pixels that are filled at once
_AT_ONCE = 1 << 20  # crossings that are looked at once
_TOLERANCE = 0.4  # pixels: how far a polygon may run beside the edge of a mask
_SMALL = 1000  # times smaller than the largest part is too small to be outlined

Numbers = NDArray[np.float64]
Counts = NDArray[np.int64]
Crossings = tuple[Counts, Numbers, Counts]  # line, place along it, turns


def mask(
    shape: Shape, frame_size: tuple[int, int], grid: tuple[int, int] | None = None
) -> NDArray[np.bool_]:
    """Pixels whose middle lies in the shape, of a ``grid`` (rows, columns) laid over the whole
    frame of ``frame_size`` (height, width), by default of the frame itself: bool [rows, columns].

    Strokes are at least as wide as a pixel. A shape that misses every middle marks the pixel that
    its centre is in, if it is on the frame.
    """
    rows, columns = grid or frame_size
    across, down = columns / frame_size[1], rows / frame_size[0]
    found = np.zeros((rows, columns), bool)
    if shape.kind == "box":
        left, top, right, bottom = _placed(shape, across, down)
        found[_middles(top, bottom, rows), _middles(left, right, columns)] = True
    else:
        thinnest = 1 / min(across, down)
        for place, part in _filled(shape, (across, down), (rows, columns), 1, thinnest):
            found[place] = part
    if not found.any():
        x, y = shape.centre[0] * across, shape.centre[1] * down
        if 0 <= x < columns and 0 <= y < rows:
            found[int(y), int(x)] = True
    return found


def coverage(
    shape: Shape, frame_size: tuple[int, int], grid: tuple[int, int]
) -> NDArray[np.float64]:
    """The share of every pixel of a ``grid`` (rows, columns) laid over the whole frame that lies
    in the shape: float64 in 0…1, exact for boxes, else counted in 8 × 8 sub-pixels."""
    rows, columns = grid
    across, down = columns / frame_size[1], rows / frame_size[0]
    if shape.kind == "box":
        left, top, right, bottom = _placed(shape, across, down)
        return np.outer(_overlap(top, bottom, rows), _overlap(left, right, columns))
    found = np.zeros(grid)
    for place, part in _filled(shape, (across, down), grid, _FINER):
        height, width = (side // _FINER for side in part.shape)
        blocks = part.reshape(height, _FINER, width, _FINER)
        found[place] = blocks.mean(axis=(1, 3), dtype=np.float64)
    return found


def outlined(region: NDArray[np.bool_], size: tuple[int, int]) -> tuple[Shape, ...]:
    """Polygons around the parts of a mask [h, w], on the frame of ``size`` (height, width) that
    the mask covers; the largest first. Parts and holes under a thousandth of the largest part are
    left out; an outline of too many points becomes coarser."""
    framed = np.pad(region.astype(np.float64), 1)
    generator = contour_generator(z=framed, fill_type=FillType.OuterOffset)
    parts = [
        [points[start:end] - 0.5 for start, end in pairwise(offsets.tolist())]  # less the pad
        for points, offsets in zip(*generator.filled(0.5, 2.0), strict=True)
    ]
    parts.sort(key=lambda rings: -_area(rings[0]))
    least = _area(parts[0][0]) / _SMALL if parts else 0.0
    large = [[ring for ring in rings if _area(ring) >= least] for rings in parts]
    scale = np.array([size[1] / region.shape[1], size[0] / region.shape[0]])
    return tuple(_polygon(rings, scale) for rings in large if rings)


def _polygon(rings: list[Numbers], scale: Numbers) -> Shape:
    tolerance = _TOLERANCE
    simple = [_simple(ring, tolerance) for ring in rings]
    while sum(map(len, simple)) > MOST_POINTS:
        tolerance *= 2
        simple = [_simple(ring, tolerance) for ring in rings]
    outer, *holes = (tuple((x, y) for x, y in (ring * scale).tolist()) for ring in simple)
    return Shape("polygon", outer, holes=tuple(holes))


def _area(ring: Numbers) -> float:
    return float(cv2.contourArea(ring.astype(np.float32)))


def _simple(ring: Numbers, tolerance: float) -> Numbers:
    """A ring without the points that change next to nothing, and without its first one again."""
    line = ring[:-1]
    fewer = cv2.approxPolyDP(line[:, None].astype(np.float32), tolerance, True)[:, 0]
    return line if len(fewer) < 3 else np.asarray(fewer, np.float64)


def _placed(shape: Shape, across: float, down: float) -> tuple[float, float, float, float]:
    left, top, right, bottom = shape.bounds
    return left * across, top * down, right * across, bottom * down


def _middles(start: float, end: float, count: int) -> slice:
    """Those of ``count`` pixels whose middle lies from ``start`` to ``end``."""
    return slice(*(min(count, max(0, math.ceil(place - 0.5))) for place in (start, end)))


def _overlap(start: float, end: float, count: int) -> Numbers:
    """How much of each of ``count`` pixels lies between two places."""
    pixels = np.arange(count)
    return np.asarray(np.clip(np.minimum(end, pixels + 1) - np.maximum(start, pixels), 0.0, 1.0))


def _filled(
    shape: Shape,
    scale: tuple[float, float],
    grid: tuple[int, int],
    finer: int,
    thinnest: float = 0.0,
) -> Iterator[tuple[tuple[slice, slice], NDArray[np.bool_]]]:
    """What lies in a polygon or a stroke, in bands that together hold all of it: (rows, columns)
    of ``grid``, and bool at ``finer`` sub-pixels a side. ``scale`` (across, down) is pixels of the
    grid a frame pixel; a stroke is at least ``thinnest`` frame pixels wide."""
    (across, down), (rows, columns) = scale, grid
    width = max(shape.width, thinnest)
    more = (width - shape.width) / 2
    left, top, right, bottom = shape.bounds
    first, last = _touched((left - more) * across, (right + more) * across, columns)
    start, end = _touched((top - more) * down, (bottom + more) * down, rows)
    step = max(1, _BAND // (max(1, last - first) * finer**2))
    for upper in range(start, end, step):
        lower = min(upper + step, end)
        lines = np.arange(upper * finer, lower * finer, dtype=np.float64)
        middles = (lines + 0.5) / (down * finer)
        part = (first * finer, last * finer)
        inside = _inside(shape, width / 2, middles, across * finer, part)
        yield (slice(upper, lower), slice(first, last)), inside


def _inside(
    shape: Shape, radius: float, middles: Numbers, across: float, columns: tuple[int, int]
) -> NDArray[np.bool_]:
    """Which middles of pixels lie inside, on the lines y = ``middles`` of the frame and from the
    first of ``columns`` to before the last, ``across`` of which are a frame pixel."""
    first, last = columns
    width = last - first + 1
    counts = np.zeros(len(middles) * width, np.int32)
    for line, places, signs in _crossings(shape, radius, middles):
        column = (np.ceil(places * across - 0.5) - first).clip(0, width - 1)
        np.add.at(counts, line * width + column.astype(np.int64), signs)
    turns = counts.reshape(len(middles), width)[:, :-1].cumsum(1, dtype=np.int32)
    return np.asarray(turns % 2 == 1 if shape.kind == "polygon" else turns > 0)


def _touched(start: float, end: float, count: int) -> tuple[int, int]:
    """From which to before which of ``count`` pixels something between two places reaches."""
    return min(count, max(0, math.floor(start))), min(count, max(0, math.ceil(end)))


def _crossings(shape: Shape, radius: float, middles: Numbers) -> Iterator[Crossings]:
    """Where the outline of a polygon, or of the discs and the bars between them that make a
    stroke, crosses the lines y = ``middles`` (ascending)."""
    if shape.kind == "polygon":
        for ring in (shape.points, *shape.holes):
            corners = np.array(ring, np.float64)
            yield from _of_edges(corners, np.roll(corners, -1, 0), middles)
        return
    path = np.array(shape.points, np.float64)
    yield from _of_discs(path, radius, middles)
    starts, along = path[:-1], np.diff(path, axis=0)
    length = np.hypot(*along.T)
    starts, along, length = starts[length > 0], along[length > 0], length[length > 0]
    beside = along[:, ::-1] * (-1, 1) * (radius / length)[:, None]
    bar = [starts + beside, starts + along + beside, starts + along - beside, starts - beside]
    for number, corners in enumerate(bar):
        yield from _of_edges(corners, bar[(number + 1) % 4], middles)


def _of_edges(starts: Numbers, ends: Numbers, middles: Numbers) -> Iterator[Crossings]:
    """Straight edges between points [N, 2]; those that go down count 1, those that go up -1."""
    (x0, y0), (x1, y1) = starts.T, ends.T
    first = np.searchsorted(middles, np.minimum(y0, y1))
    last = np.searchsorted(middles, np.maximum(y0, y1))
    for edge, line in _met(first, last):
        share = (middles[line] - y0[edge]) / (y1[edge] - y0[edge])
        yield line, x0[edge] + share * (x1[edge] - x0[edge]), np.where(y1 > y0, 1, -1)[edge]


def _of_discs(centres: Numbers, radius: float, middles: Numbers) -> Iterator[Crossings]:
    """Circles about points [N, 2]: their left side counts 1, their right side -1."""
    x, y = centres.T
    first = np.searchsorted(middles, y - radius)
    last = np.searchsorted(middles, y + radius, "right")
    for disc, line in _met(first, last):
        half = np.sqrt((radius**2 - (middles[line] - y[disc]) ** 2).clip(0))
        yield line, x[disc] - half, np.array(1)
        yield line, x[disc] + half, np.array(-1)


def _met(first: Counts, last: Counts) -> Iterator[tuple[Counts, Counts]]:
    """Every number with every line from its ``first`` to before its ``last`` one, some at once."""
    counts = last - first
    ends = counts.cumsum()
    start = 0
    while start < len(counts):
        before = ends[start] - counts[start]
        stop = max(start + 1, int(np.searchsorted(ends, before + _AT_ONCE, "right")))
        some = counts[start:stop]
        numbers = np.repeat(np.arange(start, stop), some)
        place = np.arange(len(numbers)) - np.repeat(ends[start:stop] - some - before, some)
        yield numbers, first[numbers] + place
        start = stop
