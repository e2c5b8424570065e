"""Measurements over the scan: thin bright lines with what they come to beside them.

Everything is worked out on the screen, from mapped points, so that ticks, arcs and labels stay as
they are however the frame is turned or mirrored.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPainterPath, QPen, QPolygonF, QTransform

from viewer.canvas.measure_labels import COLOUR, lines_of, paint_labels
from viewer.state.measured import Reading
from viewer.state.measurement import Measurement

GRIP = 7.0
"""Logical pixels: how near to an end or a line the mouse takes hold of it."""
_HALO = QColor(0, 0, 0, 190)
_TICK, _HANDLE, _ARC = 5.0, 3.6, 26.0
_ARC_STEP = math.radians(4)


@dataclass(frozen=True)
class MeasureMark:
    """What is measured and what it comes to; ``key`` is its id, "" while it is being drawn. A
    ``brief`` one has its size beside it, but not its statistics."""

    reading: Reading
    key: str = ""
    selected: bool = False
    brief: bool = False

    @property
    def measurement(self) -> Measurement:
        return self.reading.measurement


def paint(
    painter: QPainter,
    marks: Sequence[MeasureMark],
    transform: QTransform,
    viewport: QRectF,
    unit: float,
) -> None:
    """Paint ``marks`` (frame pixels) through ``transform``; labels stay inside ``viewport``."""
    if not marks:
        return
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    lines = [_lines(mark.measurement, transform, unit) for mark in marks]
    for mark, rings in zip(marks, lines, strict=True):
        for colour, width in ((_HALO, 3.4), (COLOUR, 1.9 if mark.selected else 1.3)):
            pen = QPen(colour, width * unit)
            pen.setJoinStyle(Qt.PenJoinStyle.MiterJoin)
            painter.setPen(pen)
            for ring in rings:  # ten times as fast as the path as a whole
                painter.drawPolyline(ring)
        if mark.selected or not mark.key:
            _paint_handles(painter, mark, transform, unit)
    readings = [mark.reading for mark in marks]
    texts = [lines_of(mark.reading, len(marks) > 1, mark.brief) for mark in marks]
    paint_labels(painter, readings, texts, lines, transform, viewport, unit)
    painter.restore()


def _paint_handles(
    painter: QPainter, mark: MeasureMark, transform: QTransform, unit: float
) -> None:
    """Where it can be taken hold of: open rings, so that what lies below can be seen."""
    size = _HANDLE * unit
    for x, y in mark.measurement.handles:
        at = transform.map(QPointF(x, y))
        for colour, width in ((_HALO, 3.2), (COLOUR, 1.5)):
            painter.setPen(QPen(colour, width * unit))
            painter.drawEllipse(at, size, size)


def _lines(measurement: Measurement, transform: QTransform, unit: float) -> list[QPolygonF]:
    """On the screen, with ticks and arcs."""
    return _path(measurement, transform, unit).toSubpathPolygons()


def _path(measurement: Measurement, transform: QTransform, unit: float) -> QPainterPath:
    points = [transform.map(QPointF(*point)) for point in measurement.points]
    path = QPainterPath()
    if measurement.is_region:
        left, top, right, bottom = measurement.bounds
        box = QRectF(QPointF(left, top), QPointF(right, bottom))
        if measurement.kind == "rectangle":
            path.addRect(box)
        else:
            path.addEllipse(box)
        return transform.map(path)
    for start, end in pairwise(points):
        path.moveTo(start)
        path.lineTo(end)
    if measurement.kind == "length":
        for tick in _ticks(points[0], points[1], unit):
            path.moveTo(tick.p1())
            path.lineTo(tick.p2())
    else:
        path.addPath(_arc(points[0], points[1], points[2], unit))
    return path


def _ticks(start: QPointF, end: QPointF, unit: float) -> tuple[QLineF, ...]:
    """Across both ends; none while there is no direction."""
    along = end - start
    long = math.hypot(along.x(), along.y())
    if not long:
        return ()
    across = QPointF(-along.y(), along.x()) * (_TICK * unit / long)
    return tuple(QLineF(point - across, point + across) for point in (start, end))


def _arc(first: QPointF, vertex: QPointF, second: QPointF, unit: float) -> QPainterPath:
    """From one leg to the other, the short way round."""
    path = QPainterPath()
    legs = [leg - vertex for leg in (first, second)]
    shortest = min(math.hypot(leg.x(), leg.y()) for leg in legs)
    if not shortest:
        return path
    begin, end = (math.atan2(leg.y(), leg.x()) for leg in legs)
    turn = math.remainder(end - begin, math.tau)
    radius = min(_ARC * unit, shortest * 0.5)
    steps = max(2, math.ceil(abs(turn) / _ARC_STEP))
    for number in range(steps + 1):
        way = begin + turn * number / steps
        point = vertex + QPointF(math.cos(way), math.sin(way)) * radius
        path.lineTo(point) if number else path.moveTo(point)
    return path


@dataclass(frozen=True)
class MeasureHold:
    """What of a measurement the mouse has: one of its handles, or (None) the whole."""

    key: str
    handle: int | None


def taken(
    measurements: Sequence[Measurement], selected: str, at: QPointF, transform: QTransform
) -> MeasureHold | None:
    """What can be taken hold of at a screen point: a handle, else a line; the selected one first,
    then the newest. The inside of a region is free: there the scan is windowed."""
    ordered = list(measurements)[::-1]
    ordered.sort(key=lambda item: item.id != selected)
    for item in ordered:
        near = [
            (math.hypot(away.x(), away.y()), number)
            for number, away in enumerate(
                transform.map(QPointF(x, y)) - at for x, y in item.handles
            )
        ]
        distance, number = min(near)
        if distance <= GRIP:
            return MeasureHold(item.id, number)
    for item in ordered:
        if _distance(item, at, transform) <= GRIP:
            return MeasureHold(item.id, None)
    return None


def _distance(measurement: Measurement, at: QPointF, transform: QTransform) -> float:
    """Logical pixels from a screen point to the nearest line."""
    path = QPainterPath()
    if measurement.kind == "ellipse":
        left, top, right, bottom = measurement.bounds
        path.addEllipse(QRectF(QPointF(left, top), QPointF(right, bottom)))
        rings = [ring.toList() for ring in transform.map(path).toSubpathPolygons()]
    else:
        corners = measurement.handles
        if measurement.kind == "rectangle":
            corners = (*corners, corners[0])
        rings = [[transform.map(QPointF(x, y)) for x, y in corners]]
    return min(_from_segment(at, start, end) for ring in rings for start, end in pairwise(ring))


def _from_segment(at: QPointF, start: QPointF, end: QPointF) -> float:
    along, away = end - start, at - start
    square = QPointF.dotProduct(along, along)
    share = min(1.0, max(0.0, QPointF.dotProduct(away, along) / square)) if square else 0.0
    rest = away - along * share
    return math.hypot(rest.x(), rest.y())
