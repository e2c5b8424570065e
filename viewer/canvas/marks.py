"""Shapes over the scan: landmarks, interventions, what is offered, what is being drawn.

Told apart by line and sign as well as by colour: landmarks have a solid line, interventions a
dashed one with hatching, proposals a dotted one, the region asked about dashes and dots.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import (
    QBrush,
    QColor,
    QFontMetricsF,
    QPainter,
    QPainterPath,
    QPainterPathStroker,
    QPen,
    QPolygonF,
    QTransform,
)

from engine.shapes import Point, Shape
from viewer.canvas.fonts import font

Role = Literal["landmark", "intervention", "proposal", "region", "draft"]

_HALO = QColor(0, 0, 0, 170)
_PLATE = QColor(0, 0, 0, 175)
_LOOKS: dict[Role, tuple[QColor, Qt.PenStyle, str]] = {
    "landmark": (QColor("#3fe0ac"), Qt.PenStyle.SolidLine, ""),
    "intervention": (QColor("#ff9ccb"), Qt.PenStyle.DashLine, "✕ "),
    "proposal": (QColor("#ffe27a"), Qt.PenStyle.DotLine, "? "),
    "region": (QColor("#8fd3ff"), Qt.PenStyle.DashDotLine, ""),
    "draft": (QColor("#ffffff"), Qt.PenStyle.SolidLine, ""),
}
GRIP = 7.0
"""Logical pixels: how near to a corner or a line the mouse takes hold of it."""


@dataclass(frozen=True)
class Mark:
    """A shape with its name. ``on`` is False for an intervention that is switched off; ``key`` is
    the id of what it shows, "" if it cannot be taken hold of."""

    shape: Shape
    label: str
    role: Role
    key: str = ""
    selected: bool = False
    on: bool = True


@lru_cache(maxsize=256)
def outline(shape: Shape) -> QPainterPath:
    """The edge of a shape in frame pixels, inside by the odd-even rule; not to be changed."""
    path = QPainterPath()
    path.setFillRule(Qt.FillRule.OddEvenFill)
    if shape.kind == "box":
        left, top, right, bottom = shape.bounds
        path.addRect(QRectF(QPointF(left, top), QPointF(right, bottom)))
    elif shape.kind == "polygon":
        for ring in (shape.points, *shape.holes):
            path.addPolygon(_polygon(ring))
            path.closeSubpath()
    elif len(shape.points) == 1:
        path.addEllipse(QPointF(*shape.points[0]), shape.width / 2, shape.width / 2)
    else:
        line = QPainterPath()
        line.addPolygon(_polygon(shape.points))
        pen = QPainterPathStroker()
        pen.setWidth(shape.width)
        pen.setCapStyle(Qt.PenCapStyle.RoundCap)
        pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
        path = pen.createStroke(line).simplified()
    return path


def paint(
    painter: QPainter,
    marks: Sequence[Mark],
    transform: QTransform,
    viewport: QRectF,
    unit: float,
) -> None:
    """Paint ``marks`` (frame pixels) through ``transform``; labels stay inside ``viewport``."""
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    for mark in marks:
        _paint_one(painter, mark, transform, unit)
    for mark in marks:
        if mark.label:
            _paint_label(painter, mark, transform, viewport, unit)
    painter.restore()


def paint_path(
    painter: QPainter, points: Sequence[Point], transform: QTransform, unit: float
) -> None:
    """A polygon that is not closed yet: its corners, and the lines between them."""
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    line = transform.map(_polygon(points))
    for colour, width in ((_HALO, 3.4), (_LOOKS["draft"][0], 1.5)):
        painter.setPen(QPen(colour, width * unit))
        painter.drawPolyline(line)
    painter.setBrush(_LOOKS["draft"][0])
    painter.setPen(QPen(_HALO, unit))
    for x, y in points:
        painter.drawEllipse(transform.map(QPointF(x, y)), 3 * unit, 3 * unit)
    painter.restore()


def paint_brush(
    painter: QPainter, at: Point, width: float, transform: QTransform, unit: float
) -> None:
    """The rim of the brush around the cursor."""
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    path = transform.map(outline(Shape("point", (at,), width)))
    painter.strokePath(path, QPen(_HALO, 3 * unit))
    painter.strokePath(path, QPen(_LOOKS["draft"][0], 1.2 * unit))
    painter.restore()


def paint_pointer(painter: QPainter, at: Point, transform: QTransform, unit: float) -> None:
    """The same point as under the cursor in another pane: a small open cross."""
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    middle = transform.map(QPointF(*at))
    for colour, width in ((_HALO, 3.2), (_LOOKS["draft"][0], 1.2)):
        painter.setPen(QPen(colour, width * unit))
        for x, y in ((1, 0), (-1, 0), (0, 1), (0, -1)):
            way = QPointF(x, y)
            painter.drawLine(middle + way * 4 * unit, middle + way * 10 * unit)
    painter.restore()


def _paint_one(painter: QPainter, mark: Mark, transform: QTransform, unit: float) -> None:
    colour, style, _ = _LOOKS[mark.role]
    path = transform.map(outline(mark.shape))
    painter.setOpacity(1.0 if mark.on else 0.45)
    if mark.role == "intervention" and mark.on:
        shade = QColor(colour)
        shade.setAlpha(70)
        painter.fillPath(path, QBrush(shade, Qt.BrushStyle.BDiagPattern))
    rings = path.toSubpathPolygons()
    halo = QPen(_HALO, (4.4 if mark.selected else 3.4) * unit)
    line = QPen(colour, (2.2 if mark.selected else 1.5) * unit, style)
    for pen in (halo, line):
        pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
        painter.setPen(pen)
        for ring in rings:  # ten times as fast as the path as a whole
            painter.drawPolygon(ring)
    if mark.shape.kind == "point":
        middle = transform.map(QPointF(*mark.shape.points[0]))
        painter.setPen(line)
        for way in (QPointF(4 * unit, 0), QPointF(0, 4 * unit)):
            painter.drawLine(middle - way, middle + way)
    if mark.selected and mark.key and mark.shape.kind in ("box", "polygon"):
        painter.setPen(QPen(_HALO, unit))
        painter.setBrush(colour)
        for x, y in mark.shape.corners:
            at = transform.map(QPointF(x, y))
            painter.drawRect(QRectF(at.x() - 3.5 * unit, at.y() - 3.5 * unit, 7 * unit, 7 * unit))
        painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setOpacity(1.0)


def _paint_label(
    painter: QPainter, mark: Mark, transform: QTransform, viewport: QRectF, unit: float
) -> None:
    colour, _, sign = _LOOKS[mark.role]
    text = sign + mark.label
    painter.setFont(font(unit, 11.5))
    metrics = QFontMetricsF(painter.font())
    box = transform.mapRect(outline(mark.shape).boundingRect())
    if not box.intersects(viewport):
        return
    width, height = metrics.horizontalAdvance(text) + 8 * unit, metrics.height() + 2 * unit
    start = box.left()
    if mark.shape.kind in ("polygon", "stroke"):  # its corner may be far from the line
        highest = min(mark.shape.points, key=lambda point: point[1])
        start = transform.map(QPointF(*highest)).x() - width / 2
    left = min(max(start, viewport.left()), max(viewport.left(), viewport.right() - width))
    above = box.top() - height - 2 * unit
    top = above if above >= viewport.top() else max(box.top() + 2 * unit, viewport.top())
    plate = QRectF(left, min(top, viewport.bottom() - height), width, height)
    painter.setOpacity(1.0 if mark.on else 0.6)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(_PLATE)
    painter.drawRoundedRect(plate, 3 * unit, 3 * unit)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(colour)
    painter.drawText(plate, Qt.AlignmentFlag.AlignCenter, text)
    painter.setOpacity(1.0)


@dataclass(frozen=True)
class Hold:
    """What of a mark the mouse has: one of its corners, or (None) the whole."""

    key: str
    corner: int | None


def taken(marks: Sequence[Mark], at: QPointF, transform: QTransform) -> Hold | None:
    """What can be taken hold of at a screen point: a corner of the selected mark, else a line (or
    the inside of a stroke or point); the topmost, and the selected one first."""
    ordered = list(marks)[::-1]
    ordered.sort(key=lambda mark: not mark.selected)
    for mark in ordered:
        if not mark.key:
            continue
        if mark.selected and mark.shape.kind in ("box", "polygon"):
            for number, (x, y) in enumerate(mark.shape.corners):
                away = transform.map(QPointF(x, y)) - at
                if math.hypot(away.x(), away.y()) <= GRIP:
                    return Hold(mark.key, number)
        if _touches(mark.shape, at, transform):
            return Hold(mark.key, None)
    return None


def _touches(shape: Shape, at: QPointF, transform: QTransform) -> bool:
    path = transform.map(outline(shape))
    if shape.kind in ("stroke", "point"):
        return path.contains(at)
    pen = QPainterPathStroker()
    pen.setWidth(GRIP)
    return pen.createStroke(path).contains(at)


def _polygon(points: Sequence[Point]) -> QPolygonF:
    return QPolygonF([QPointF(x, y) for x, y in points])
