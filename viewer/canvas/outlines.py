"""Contours as Qt draws them fast: no more points than can be seen, long lines in pieces."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import Qt
from PySide6.QtGui import (
    QPainter,
    QPainterPath,
    QPainterPathStroker,
    QPen,
    QPolygonF,
    QTransform,
)
from shiboken6 import VoidPtr

from viewer.canvas.view import scale_of

_SEEN = 0.12  # device pixels that a point may lie beside a line and yet be left out
_PASSES = 2  # each leaves out every other point at most
_SHORTEST = 8  # points of a line that loses some
_LAST = 24  # lines whose outlines are kept: there and back through the layers
_PIECE = 24  # points; Qt's rasteriser needs more than twice as long for twice as many
_SMOOTH_TURN = math.cos(math.radians(20))  # joins are not seen where lines turn less

Lines = Sequence[NDArray[np.float64]]


def polygon(points: NDArray[np.float64]) -> QPolygonF:
    """Points (n, 2) as Qt's, without a Python object for each."""
    made = QPolygonF()
    made.resize(len(points))
    if len(points):
        memory: Any = VoidPtr(made.data(), points.size * 8, True)  # type: ignore[call-arg,arg-type]
        np.frombuffer(memory, np.float64)[:] = points.ravel()
    return made


def thinned(lines: Lines, away: float) -> list[NDArray[np.float64]]:
    """Closed lines, each (n, 2), without points that lie within ``away`` of them; the first point
    of each is its last one, too. All lines at a time, for there may be a hundred."""
    rings = [line for line in lines if len(line)]
    if not rings:
        return []
    points, counts = np.concatenate(rings), np.array([len(ring) for ring in rings])
    for _ in range(_PASSES):
        starts = np.cumsum(counts) - counts
        place = np.arange(len(points)) - np.repeat(starts, counts)
        length = np.repeat(counts, counts)
        here = np.flatnonzero((place % 2 == 1) & (place < length - 1) & (length >= _SHORTEST))
        kept = np.ones(len(points), np.bool_)
        kept[here[_flat(points, here, away / _PASSES)]] = False
        points, counts = points[kept], np.add.reduceat(kept, starts, dtype=np.intp)
    return np.split(points, np.cumsum(counts)[:-1])


def _flat(points: NDArray[np.float64], here: NDArray[np.intp], away: float) -> NDArray[np.bool_]:
    """Which points (by number) lie beside the line between their neighbours by ``away`` at most."""
    before = points[here - 1]
    way, step = points[here + 1] - before, points[here] - before
    length = np.hypot(way[:, 0], way[:, 1])
    aside = np.abs(way[:, 0] * step[:, 1] - way[:, 1] * step[:, 0])
    along = (way * step).sum(1)
    return np.asarray((aside <= away * length) & (along >= 0) & (along <= length * length))


def _sharp(ring: NDArray[np.float64]) -> NDArray[np.bool_]:
    """At which points a closed ring turns so much that the join is seen; one less than it has."""
    step = np.diff(ring, axis=0)
    size = np.hypot(step[:, 0], step[:, 1])
    dots = (step * np.roll(step, 1, axis=0)).sum(1)
    return np.asarray(dots < _SMOOTH_TURN * size * np.roll(size, 1))


def _pieces(ring: NDArray[np.float64]) -> Iterator[tuple[QPolygonF, bool, bool]]:
    """A closed ring in pieces that share a step, so that no seam is left between them: each with
    whether it is the whole ring, and whether its joins can be seen."""
    last, sharp = len(ring) - 1, _sharp(ring)
    if last <= _PIECE + 1:
        yield polygon(ring), True, bool(sharp.any())
        return
    longer = np.concatenate((ring, ring[1:2]))  # the last piece, too, ends a step into the first
    sharp = np.append(sharp, sharp[:1])
    for start in range(0, last, _PIECE):
        end = min(start + _PIECE, last) + 2
        yield polygon(longer[start:end]), False, bool(sharp[start + 1 : end - 1].any())


@dataclass(frozen=True, eq=False)
class Outlines:
    """Closed ``lines``, each (n, 2) in frame pixels, for transforms of one octave of scale."""

    lines: Lines
    away: float
    """Frame pixels that a point may lie beside a line and yet be left out."""

    @cached_property
    def _thinned(self) -> list[NDArray[np.float64]]:
        return thinned(self.lines, self.away)

    @cached_property
    def path(self) -> QPainterPath:
        """All of them, inside by the odd-even rule."""
        path = QPainterPath()
        path.setFillRule(Qt.FillRule.OddEvenFill)
        for line in self._thinned:
            path.addPolygon(polygon(line))
            path.closeSubpath()
        return path

    @cached_property
    def _drawn(self) -> list[tuple[QPolygonF, bool, bool]]:
        """(piece, whether it is a whole ring, whether its joins can be seen)."""
        return [piece for ring in self._thinned for piece in _pieces(ring)]

    def stroke(self, painter: QPainter, transform: QTransform, pen: QPen) -> None:
        """Draw them; pieces overlap where they meet, so that it takes an opaque pen, or one that
        replaces what is there."""
        chosen = None
        pen.setCapStyle(Qt.PenCapStyle.FlatCap)
        for line, whole, joined in self._drawn:
            join = Qt.PenJoinStyle.RoundJoin if joined else Qt.PenJoinStyle.BevelJoin
            if join != chosen:
                pen.setJoinStyle(join)
                painter.setPen(pen)
                chosen = join
            if whole:
                painter.drawPolygon(transform.map(line))
            else:
                painter.drawPolyline(transform.map(line))

    def stroke_dashed(self, painter: QPainter, transform: QTransform, pen: QPen) -> None:
        """Draw each of them in one go, for dashes go on around it. By a stroker of our own:
        painters count dashes from where a line comes into the picture, which moves with it."""
        pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
        stroker = QPainterPathStroker(pen)
        for line in self._thinned:
            path = QPainterPath()
            path.addPolygon(transform.map(polygon(line)))
            path.closeSubpath()
            painter.fillPath(stroker.createStroke(path), pen.color())


class OutlinesKeeper:
    """The outlines of the lines that were asked for last, for as long as these are the same."""

    def __init__(self) -> None:
        self._kept: list[tuple[float, Outlines]] = []

    def of(self, lines: Lines, transform: QTransform, ratio: float) -> Outlines:
        """``transform`` goes from frame to logical pixels, of which each is ``ratio`` wide."""
        largest = max(scale_of(transform), math.hypot(transform.m21(), transform.m22())) * ratio
        octave = 2.0 ** math.ceil(math.log2(max(largest, 1e-6)))
        for at, outlines in self._kept:
            if at == octave and outlines.lines is lines:
                return outlines
        made = Outlines(lines, _SEEN / octave)
        self._kept = [(octave, made), *self._kept[: _LAST - 1]]
        return made
