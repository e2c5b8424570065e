"""Shapes as pixels, and pixels as shapes. Needs no torch."""

from __future__ import annotations

import math
from itertools import pairwise

import cv2
import numpy as np
from contourpy import FillType, contour_generator
from numpy.typing import NDArray

from engine.shapes import Point, Shape

_FINER = 8  # as many sub-pixels a side where the share of a pixel counts
_BITS = 4  # of a sub-pixel in OpenCV's drawing
_TOLERANCE = 0.6  # pixels: how far a polygon may run beside the edge of a mask


def mask(shape: Shape, size: tuple[int, int]) -> NDArray[np.bool_]:
    """Pixels of a frame of ``size`` (height, width) whose middle lies in the shape: bool [H, W].
    A shape that misses every middle marks the pixel that its centre is in, if it is on the frame.
    """
    height, width = size
    found = np.zeros(size, np.uint8)
    if shape.kind == "box":
        left, top, right, bottom = shape.bounds
        rows = slice(*(min(height, max(0, math.ceil(y - 0.5))) for y in (top, bottom)))
        columns = slice(*(min(width, max(0, math.ceil(x - 0.5))) for x in (left, right)))
        found[rows, columns] = 1
    else:
        _draw(found, shape)
    if not found.any():
        x, y = shape.centre
        if 0 <= x < width and 0 <= y < height:
            found[int(y), int(x)] = 1
    return found > 0


def coverage(
    shape: Shape, frame_size: tuple[int, int], grid: tuple[int, int]
) -> NDArray[np.float64]:
    """The share of every pixel of a ``grid`` (rows, columns) laid over the whole frame that lies
    in the shape: float64 in 0…1."""
    height, width = frame_size
    rows, columns = grid
    placed = shape.scaled(columns / width, rows / height)
    if placed.kind == "box":
        left, top, right, bottom = placed.bounds
        return np.outer(_overlap(top, bottom, rows), _overlap(left, right, columns))
    fine = np.zeros((rows * _FINER, columns * _FINER), np.uint8)
    _draw(fine, placed.scaled(_FINER, _FINER))
    blocks = fine.reshape(rows, _FINER, columns, _FINER)
    return np.asarray(blocks.mean(axis=(1, 3), dtype=np.float64))


def outlined(region: NDArray[np.bool_], size: tuple[int, int]) -> tuple[Shape, ...]:
    """Polygons around the parts of a mask [h, w], on the frame of ``size`` (height, width) that
    the mask covers; the largest first. Parts under a thousandth of the largest are left out."""
    across, down = size[1] / region.shape[1], size[0] / region.shape[0]
    framed = np.pad(region.astype(np.float64), 1)
    generator = contour_generator(z=framed, fill_type=FillType.OuterOffset)
    parts: list[tuple[float, Shape]] = []
    for points, offsets in zip(*generator.filled(0.5, 2.0), strict=True):
        spans = pairwise(offsets.tolist())
        rings = [_simple(points[start:end] - 0.5) for start, end in spans]  # the pad is one pixel
        rings = [ring for ring in rings if len(ring) >= 3]
        if rings:
            area = float(cv2.contourArea(rings[0].astype(np.float32)))
            outer, *holes = (tuple((x * across, y * down) for x, y in r.tolist()) for r in rings)
            parts.append((area, Shape("polygon", outer, holes=tuple(holes))))
    parts.sort(key=lambda part: -part[0])
    return tuple(shape for area, shape in parts if area >= parts[0][0] / 1000)


def _simple(line: NDArray[np.float64]) -> NDArray[np.float64]:
    """A ring without the points that change next to nothing, and without its first one again."""
    fewer = cv2.approxPolyDP(line[:-1, None].astype(np.float32), _TOLERANCE, True)
    return np.asarray(fewer[:, 0], np.float64)


def _draw(canvas: NDArray[np.uint8], shape: Shape) -> None:
    if shape.kind == "polygon":
        rings = [_fixed(ring) for ring in (shape.points, *shape.holes)]
        cv2.fillPoly(canvas, rings, 1, shift=_BITS)
        return
    path = _fixed(shape.points)
    if len(path) > 1:
        thickness = max(1, round(shape.width))
        cv2.polylines(canvas, [path], False, 1, thickness, shift=_BITS)
    radius = round(max(0.0, shape.width / 2 - 0.5) * 2**_BITS)
    for x, y in path.tolist() if len(path) == 1 else (path[0].tolist(), path[-1].tolist()):
        cv2.circle(canvas, (x, y), radius, 1, -1, shift=_BITS)


def _fixed(points: tuple[Point, ...]) -> NDArray[np.int32]:
    """Corner coordinates as OpenCV's, which count from the middle of the first pixel."""
    values = (np.asarray(points, np.float64) - 0.5) * 2**_BITS
    return np.asarray(np.rint(values).clip(-(2**27), 2**27), np.int32)


def _overlap(start: float, end: float, count: int) -> NDArray[np.float64]:
    """How much of each of ``count`` pixels lies between two places."""
    pixels = np.arange(count)
    return np.asarray(np.clip(np.minimum(end, pixels + 1) - np.maximum(start, pixels), 0.0, 1.0))
