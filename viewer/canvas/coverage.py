"""How much of each pixel closed lines and what they enclose cover. OpenCV draws the lines, and Qt
tells inside from outside: its own smooth strokes and fills take five times as long, a third of a
frame."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPainterPath, QPolygonF
from shiboken6 import VoidPtr

from viewer.canvas.scratch import Scratch
from viewer.render.resample import Affine

_BITS = 4  # of a pixel's fraction
_THIN = 1.36  # pixels: what OpenCV's thinnest smooth line covers, whichever way it goes
_FIRM = 1.5  # pixels: a thin line that is made no stronger, but wider
_NEXT = 0.05  # pixels that a line may be too narrow
_ALL = QColor(255, 255, 255)
_AS_IT_IS = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)

Coverage = NDArray[np.uint8]
"""(h, w): 0 where nothing of a pixel is covered, 255 where all of it is."""
Ink = tuple[int, int, int, int]
"""Blue, green, red, alpha, each times alpha: 0…255, in the order of a picture's bytes."""


@dataclass(frozen=True, eq=False)
class Rings:
    """Lines one after another: float64 (n, 2) as (x, y) in pixels from the corner of the first one,
    and how many points come before each of them but the first."""

    points: NDArray[np.float64]
    starts: NDArray[np.intp]

    @classmethod
    def placed(cls, lines: Sequence[NDArray[np.float64]], affine: Affine) -> Rings:
        """Lines, each (n, 2), where an affine map takes them."""
        if not lines:
            return cls(np.empty((0, 2)), np.empty(0, np.intp))
        a, b, c, d, e, f = affine
        moved = np.concatenate(lines) @ np.array([[a, d], [b, e]]) + (c, f)
        return cls(moved, np.cumsum([len(line) for line in lines])[:-1])

    @cached_property
    def each(self) -> list[NDArray[np.float64]]:
        return np.split(self.points, self.starts) if len(self.points) else []

    def thin(self, size: tuple[int, int], memory: Scratch) -> Coverage:
        """What lines about a pixel wide cover of a picture of ``size`` (height, width)."""
        found = memory.zeros(size, np.uint8)
        if len(self.points):
            middles = np.rint((self.points - 0.5) * (1 << _BITS)).astype(np.int32)
            lines = np.split(middles, self.starts)
            cv2.polylines(found, lines, False, 255, 1, cv2.LINE_AA, _BITS)
        return found

    def inside(self, size: tuple[int, int], memory: Scratch) -> NDArray[np.uint32]:
        """All bits of those pixels of a picture of ``size`` (height, width) whose middle closed
        lines enclose by the odd-even rule, none of the others."""
        height, width = size
        found = memory.zeros(size, np.uint32)
        image = QImage(found.data, width, height, 4 * width, QImage.Format.Format_RGB32)
        painter = QPainter(image)
        try:
            painter.fillPath(self._path(), _ALL)
        finally:
            painter.end()
        return found

    def _path(self) -> QPainterPath:
        path = QPainterPath()
        path.setFillRule(Qt.FillRule.OddEvenFill)
        for ring in self.each:
            path.addPolygon(_polygon(ring))
        return path

    def dashed(self, on: float, off: float, size: tuple[int, int]) -> Rings:
        """Pieces of the lines, ``on`` pixels long each, ``off`` apart, from where each begins, if
        near a picture of ``size`` (height, width)."""
        height, width = size
        pieces: list[NDArray[np.float64]] = []
        for line in self.each:
            steps = np.diff(line, axis=0)
            along = np.concatenate(([0.0], np.cumsum(np.hypot(steps[:, 0], steps[:, 1]))))
            starts = np.arange(0.0, along[-1], on + off)
            x, y = (np.interp(starts, along, line[:, axis]) for axis in (0, 1))
            near = (x > -on) & (x < width + on) & (y > -on) & (y < height + on)
            starts = starts[near]
            ends = np.minimum(starts + on, along[-1])
            every = np.unique(np.concatenate((along, starts, ends)))
            points = np.stack([np.interp(every, along, line[:, axis]) for axis in (0, 1)], 1)
            cuts = zip(np.searchsorted(every, starts), np.searchsorted(every, ends), strict=True)
            pieces += [points[first : last + 1] for first, last in cuts]
        return Rings.placed(pieces, _AS_IT_IS)


def _polygon(points: NDArray[np.float64]) -> QPolygonF:
    """Points (n, 2) as Qt's, without a Python object for each."""
    made = QPolygonF()
    made.resize(len(points))
    memory: Any = VoidPtr(made.data(), points.size * 8, True)  # type: ignore[call-arg,arg-type]
    np.frombuffer(memory, np.float64)[:] = points.ravel()
    return made


def softened(inside: NDArray[np.uint32], thin: Coverage, memory: Scratch) -> Coverage:
    """What closed lines enclose, and half of what lies on a line, which is what thin ones cover."""
    middles = memory.take(thin.shape, np.uint8)
    cv2.extractChannel(_parts(inside), 0, middles)
    half = np.right_shift(thin, 1, out=memory.take(thin.shape, np.uint8))
    np.bitwise_xor(middles, half, out=middles)
    return middles


def stroked(thin: Coverage, width: float, memory: Scratch) -> Coverage:
    """What thin lines cover when they are so many pixels wide."""
    firm = memory.take(thin.shape, np.uint8)
    cv2.convertScaleAbs(thin, firm, min(width, _FIRM) / _THIN)
    return widened(firm, (width - _FIRM) / 2, memory)


def widened(coverage: Coverage, by: float, memory: Scratch) -> Coverage:
    """Everything larger by so many pixels, or parts of one, on all sides."""
    if by < _NEXT:
        return coverage
    whole = math.floor(by)
    less, more = _dilated(coverage, whole, memory), _dilated(coverage, whole + 1, memory)
    return _mixed(less, more, by - whole, memory)


def _dilated(coverage: Coverage, by: int, memory: Scratch) -> Coverage:
    if by == 0:
        return coverage
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * by + 1, 2 * by + 1))
    found = memory.take(coverage.shape, np.uint8)
    cv2.dilate(coverage, disc, found)
    if by > 1:
        return found
    # that was a cross, which does too little for what is aslant; a square does too much
    square = memory.take(coverage.shape, np.uint8)
    cv2.dilate(coverage, np.ones((3, 3), np.uint8), square)
    return _mixed(found, square, 0.5, memory)


def _mixed(one: Coverage, other: Coverage, share: float, memory: Scratch) -> Coverage:
    """``share`` of the other."""
    found = memory.take(one.shape, np.uint8)
    cv2.addWeighted(one, 1 - share, other, share, 0, found)
    return found


def lay(
    pixels: NDArray[np.uint32], layers: Sequence[tuple[Coverage, Ink]], memory: Scratch
) -> None:
    """Fill a picture (h, w) with colours, one over another."""
    found: list[Coverage | None] = [None] * 4
    rest = memory.take(pixels.shape, np.uint8)
    for coverage, ink in layers:
        cv2.bitwise_not(coverage, rest)
        for channel, amount in enumerate(ink):
            found[channel] = _over(found[channel], rest, coverage, amount, memory)
    nothing = memory.zeros(pixels.shape, np.uint8)
    cv2.merge([nothing if part is None else part for part in found], _parts(pixels))


def _over(
    below: Coverage | None, rest: Coverage, coverage: Coverage, amount: int, memory: Scratch
) -> Coverage | None:
    """One channel of an ink over what is there already, of which ``rest`` is not covered."""
    part = memory.take(rest.shape, np.uint8) if amount else None
    if part is not None:
        cv2.convertScaleAbs(coverage, part, amount / 255)
    if below is None:
        return part
    cv2.multiply(below, rest, below, 1 / 255)
    if part is not None:
        cv2.add(below, part, below)
    return below


def cut_out(
    pixels: NDArray[np.uint32], colours: NDArray[np.uint8], coverage: Coverage, memory: Scratch
) -> None:
    """Fill a picture (h, w) with colours (h, w, 4) where they are covered, blue first."""
    every = memory.take(colours.shape, np.uint8)
    cv2.merge([coverage] * 4, every)
    cv2.multiply(colours, every, _parts(pixels), 1 / 255)


def _parts(pixels: NDArray[np.uint32]) -> NDArray[np.uint8]:
    """The bytes of a picture: (h, w, 4)."""
    return pixels.view(np.uint8).reshape(*pixels.shape, 4)
