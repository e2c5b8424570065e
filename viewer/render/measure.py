"""Lengths, angles, areas and the statistics of regions: numbers only, in the units of the frame.

A pixel lies in a region if its centre does. Points are (x, y) in frame pixels from the top-left
CORNER of the first pixel.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from engine.shapes import Point
from viewer.dicom.frame import Frame, has_grey_table

Bounds = tuple[float, float, float, float]
Area = Literal["rectangle", "ellipse"]
Region = tuple[Area, Bounds]
"""A kind of region and its (left, top, right, bottom) in frame pixels."""
_BLOCK = 1 << 20  # pixels that are looked at together


@dataclass(frozen=True)
class Ruler:
    """How far apart things are: ``across`` from column to column and ``down`` from row to row, in
    ``unit``. ``kind`` says of what that is true: "calibrated", "at detector", "spacing unknown", or
    "" where the file does not say."""

    across: float = 1.0
    down: float = 1.0
    unit: Literal["mm", "px"] = "px"
    kind: str = "spacing unknown"


def ruler_of(frame: Frame) -> Ruler:
    """Millimetres where the frame says how large its pixels are; else pixels, as wide as columns
    are apart."""
    if frame.spacing is None:
        return Ruler(1.0, frame.aspect_ratio)
    down, across = frame.spacing
    return Ruler(across, down, "mm", frame.spacing_kind)


def length(start: Point, end: Point, ruler: Ruler) -> float:
    """In the ruler's unit."""
    return math.hypot((end[0] - start[0]) * ruler.across, (end[1] - start[1]) * ruler.down)


def angle(first: Point, vertex: Point, second: Point, ruler: Ruler) -> float:
    """Degrees between the two legs, 0 to 180; NaN for a leg without length."""
    ax, ay = (first[0] - vertex[0]) * ruler.across, (first[1] - vertex[1]) * ruler.down
    bx, by = (second[0] - vertex[0]) * ruler.across, (second[1] - vertex[1]) * ruler.down
    if not (ax or ay) or not (bx or by):
        return math.nan
    return math.degrees(math.atan2(abs(ax * by - ay * bx), ax * bx + ay * by))


def area(region: Region, ruler: Ruler) -> float:
    """Of the region as drawn, in the ruler's unit squared."""
    kind, (left, top, right, bottom) = region
    whole = (right - left) * ruler.across * (bottom - top) * ruler.down
    return whole * math.pi / 4 if kind == "ellipse" else whole


@dataclass(frozen=True)
class Statistics:
    """Of the modality values of ``count`` pixels; NaN where there are none. ``sd`` divides by
    ``count``. ``padding`` and ``void`` count the pixels inside that are left out: those that are no
    image, and those whose value is no finite number."""

    count: int
    mean: float = math.nan
    sd: float = math.nan
    least: float = math.nan
    median: float = math.nan
    most: float = math.nan
    padding: int = 0
    void: int = 0


def inside(region: Region, rows: range, columns: range) -> NDArray[np.bool_]:
    """Which pixels of some rows and columns lie in a region, (rows, columns)."""
    kind, (left, top, right, bottom) = region
    y = (np.arange(rows.start, rows.stop) + 0.5)[:, None]
    x = (np.arange(columns.start, columns.stop) + 0.5)[None, :]
    if kind == "rectangle":
        return (y >= top) & (y <= bottom) & (x >= left) & (x <= right)
    across, down = (right - left) / 2, (bottom - top) / 2
    if across <= 0 or down <= 0:
        return np.zeros((len(rows), len(columns)), bool)
    far = ((x - (left + right) / 2) / across) ** 2 + ((y - (top + bottom) / 2) / down) ** 2
    return np.asarray(far <= 1)


def statistics(frame: Frame, region: Region) -> Statistics:
    """Of the values inside a region; what of it lies outside the frame counts for nothing."""
    with np.errstate(over="ignore", invalid="ignore"):  # values near the end of what numbers can be
        if has_grey_table(frame):
            return _of_counts(frame, region)
        return _of_values(frame, region)


def _blocks(frame: Frame, region: Region) -> Iterator[NDArray[Any]]:
    """The stored values inside, a band of rows after the other: other threads get their turn."""
    _, (left, top, right, bottom) = region
    height, width = frame.size
    rows = range(max(0, math.floor(top)), min(height, math.ceil(bottom)))
    columns = range(max(0, math.floor(left)), min(width, math.ceil(right)))
    if not columns:
        return
    step = max(1, _BLOCK // len(columns))
    for first in range(rows.start, rows.stop, step):
        band = range(first, min(first + step, rows.stop))
        pixels = frame.pixels[band.start : band.stop, columns.start : columns.stop]
        yield pixels[inside(region, band, columns)]


def _of_counts(frame: Frame, region: Region) -> Statistics:
    """By counting how often each of at most 65,536 stored values occurs: one pass, little memory,
    however large the region is."""
    limits = np.iinfo(frame.pixels.dtype)
    first, kinds = int(limits.min), int(limits.max) - int(limits.min) + 1
    counts = np.zeros(kinds, np.int64)
    for stored in _blocks(frame, region):
        counts += np.bincount(stored.astype(np.int32) - first, minlength=kinds)
    present = np.flatnonzero(counts)
    counts, stored = counts[present], present + first
    values = frame.values_of(stored)
    padding = frame.is_padding(stored)
    usable = ~padding & np.isfinite(values)
    found = _described(values[usable], counts[usable])
    void = int(counts[~padding & ~usable].sum())
    return replace(found, padding=int(counts[padding].sum()), void=void)


def _described(values: NDArray[np.float64], counts: NDArray[np.int64]) -> Statistics:
    """Of values that each occur so often."""
    count = int(counts.sum())
    if not count:
        return Statistics(0)
    order = np.argsort(values, kind="stable")
    values, counts = values[order], counts[order]
    mean = (values * counts).sum() / count
    spread = np.sqrt(((values - mean) ** 2 * counts).sum() / count)
    places = np.array([(count - 1) // 2, count // 2])
    middle = values[np.searchsorted(np.cumsum(counts), places, side="right")]
    return Statistics(
        count,
        float(mean),
        float(spread),
        float(values[0]),
        float(middle.sum() / 2),
        float(values[-1]),
    )


def _of_values(frame: Frame, region: Region) -> Statistics:
    padding = void = 0
    found: list[NDArray[np.float64]] = [np.empty(0)]
    for stored in _blocks(frame, region):
        values = frame.values_of(stored)
        padded = np.zeros(len(stored), bool) if frame.is_colour else frame.is_padding(stored)
        usable = ~padded & np.isfinite(values)
        padding += int(padded.sum())
        void += int((~padded & ~usable).sum())
        found.append(values[usable])
    values = np.concatenate(found)
    if not len(values):
        return Statistics(0, padding=padding, void=void)
    return Statistics(
        len(values),
        float(values.mean()),
        float(values.std()),
        float(values.min()),
        float(np.median(values)),
        float(values.max()),
        padding,
        void,
    )
