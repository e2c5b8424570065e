"""What measurements come to, written beside them: never over their own lines, never outside the
viewport, and off each other where there is room."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter, QPolygonF, QTransform

from viewer.canvas.fonts import font
from viewer.state.measured import Reading

COLOUR = QColor("#d8ff6b")
_QUIET = QColor("#dfe6d2")
_PLATE = QColor(0, 0, 0, 175)
_SIZE, _GAP, _PAD = 12.0, 8.0, 4.0
_STEP = 5.0  # between two points of a line that labels keep off
_CORNER = (200.0, 66.0, 100.0)  # width, height above, height below
_MOST = 2000  # of these points on a line

Line = list[tuple[str, QColor, bool]]
"""Pieces of a line: text, colour, whether bold."""


def lines_of(reading: Reading, numbered: bool, brief: bool = False) -> list[Line]:
    """The value first, what it is true of behind it, statistics below; before it the number that
    lists and tables know it by."""
    if not reading.headline:
        return []
    proviso = f"  {reading.proviso}" if reading.proviso else ""
    number = f"{reading.measurement.number}  " if numbered else ""
    first: Line = [
        (number, _QUIET, False),
        (reading.headline, COLOUR, True),
        (proviso, _QUIET, False),
    ]
    below = () if brief else reading.value_lines
    return [first, *([(text, _QUIET, False)] for text in below)]


def paint_labels(
    painter: QPainter,
    readings: Sequence[Reading],
    texts: Sequence[list[Line]],
    lines: Sequence[Sequence[QPolygonF]],
    transform: QTransform,
    viewport: QRectF,
    unit: float,
) -> None:
    """``texts`` are those of each reading, ``lines`` what is painted of it on the screen."""
    fonts = [font(unit, _SIZE, bold) for bold in (False, True)]
    metrics = [QFontMetricsF(each) for each in fonts]
    points = [_along(rings, unit) for rings in lines]
    placed: list[QRectF] = []
    corners = _corners(viewport, unit)
    for number, reading in enumerate(readings):
        rows = texts[number]
        if not rows or not _inside(points[number], viewport):
            continue
        width = max(
            sum(metrics[bold].horizontalAdvance(text) for text, _, bold in row) for row in rows
        )
        high = metrics[1].height()
        size = (width + 2 * _PAD * unit, high * len(rows) + _PAD * unit)
        others = [line for n, line in enumerate(points) if n != number]
        box = _place(
            _candidates(reading, transform, viewport, size, unit),
            points[number],
            np.concatenate(others) if others else np.empty((0, 2)),
            placed,
            corners,
        )
        placed.append(box)
        _write(painter, box, rows, fonts, metrics, unit)


def _along(rings: Sequence[QPolygonF], unit: float) -> NDArray[np.float64]:
    """Points close together on lines, (n, 2)."""
    found = [np.empty((0, 2))]
    for ring in rings:
        corners = np.array([(point.x(), point.y()) for point in ring.toList()])
        steps = np.diff(corners, axis=0)
        counts = 1 + np.minimum(_MOST, np.hypot(*steps.T) / (_STEP * unit)).astype(int)
        which = np.repeat(np.arange(len(steps)), counts)
        shares = (np.arange(len(which)) - (np.cumsum(counts) - counts)[which]) / counts[which]
        found += [corners[which] + steps[which] * shares[:, None], corners[-1:]]
    return np.concatenate(found)


def _candidates(
    reading: Reading,
    transform: QTransform,
    viewport: QRectF,
    size: tuple[float, float],
    unit: float,
) -> Iterator[QRectF]:
    """Where the label could stand, the best place first; each inside the viewport."""
    measurement, gap = reading.measurement, _GAP * unit
    points = [transform.map(QPointF(*point)) for point in measurement.points]
    if measurement.is_region:
        places = _around(QRectF(points[0], points[1]).normalized(), size, gap)
    elif measurement.kind == "length":
        places = _beside(points[0], points[1], size, gap)
    else:
        places = _at_vertex(points[0], points[1], points[2], size, gap)
    for place in places:
        yield _kept(place, viewport)


def _around(box: QRectF, size: tuple[float, float], gap: float) -> Iterator[QRectF]:
    width, height = size
    right, left = box.right() + gap, box.left() - gap - width
    for x in (right, left):
        yield QRectF(x, box.top(), width, height)
    for y in (box.bottom() + gap, box.top() - gap - height):
        yield QRectF(box.left(), y, width, height)
    for x in (right, left):
        yield QRectF(x, box.bottom() - height, width, height)
    yield QRectF(box.left() + gap, box.bottom() - gap - height, width, height)


def _beside(
    start: QPointF, end: QPointF, size: tuple[float, float], gap: float
) -> Iterator[QRectF]:
    """To the right of the middle or below it, then on the other side, then beyond the ends."""
    along = end - start
    long = math.hypot(along.x(), along.y()) or 1.0
    way = along / long
    across = QPointF(-way.y(), way.x())
    if across.x() + across.y() < 0:
        across = -across
    middle = (start + end) / 2
    for point, direction in ((middle, across), (middle, -across), (end, way), (start, -way)):
        yield _off(point, direction, size, gap)


def _at_vertex(
    first: QPointF, vertex: QPointF, second: QPointF, size: tuple[float, float], gap: float
) -> Iterator[QRectF]:
    """Outside the angle, then beyond the ends of its legs, then between them."""
    legs = []
    for end in (first, second):
        leg = end - vertex
        long = math.hypot(leg.x(), leg.y()) or 1.0
        legs.append(leg / long)
    inward = legs[0] + legs[1]
    long = math.hypot(inward.x(), inward.y())
    inward = inward / long if long > 0.05 else QPointF(-legs[0].y(), legs[0].x())
    yield _off(vertex, -inward, size, gap)
    for end, leg in ((second, legs[1]), (first, legs[0])):
        yield _off(end, leg, size, gap)
    yield _off(vertex, inward, size, gap * 5)
    yield _off(vertex, QPointF(inward.y(), -inward.x()), size, gap)


def _off(point: QPointF, direction: QPointF, size: tuple[float, float], gap: float) -> QRectF:
    """A box as far from a point in a direction (of length 1) as keeps all of it on that side."""
    width, height = size
    away = gap + abs(direction.x()) * width / 2 + abs(direction.y()) * height / 2
    middle = point + direction * away
    return QRectF(middle.x() - width / 2, middle.y() - height / 2, width, height)


def _kept(box: QRectF, viewport: QRectF) -> QRectF:
    """Inside the viewport."""
    left = min(
        max(box.left(), viewport.left()), max(viewport.left(), viewport.right() - box.width())
    )
    room = viewport.bottom() - box.height()
    top = min(max(box.top(), viewport.top()), max(viewport.top(), room))
    return QRectF(left, top, box.width(), box.height())


def _corners(viewport: QRectF, unit: float) -> list[QRectF]:
    """About where the corners have their text, and the lower ones a scale bar."""
    width, top, bottom = min(_CORNER[0] * unit, viewport.width() * 0.4), _CORNER[1], _CORNER[2]
    boxes = []
    for left in (viewport.left(), viewport.right() - width):
        boxes.append(QRectF(left, viewport.top(), width, top * unit))
        boxes.append(QRectF(left, viewport.bottom() - bottom * unit, width, bottom * unit))
    return boxes


def _place(
    candidates: Iterator[QRectF],
    own: NDArray[np.float64],
    others: NDArray[np.float64],
    placed: Sequence[QRectF],
    corners: Sequence[QRectF],
) -> QRectF:
    """The first that covers nothing, else the one that covers least; its own lines count most,
    then labels that are ``placed`` already, then the text in the corners."""
    best, least = QRectF(), math.inf
    for box in candidates:
        over = sum(1 for other in placed if other.intersects(box))
        aside = sum(1 for corner in corners if corner.intersects(box))
        cost = 100 * _inside(own, box) + 30 * over + 10 * aside + _inside(others, box)
        if cost < least:
            best, least = box, float(cost)
        if not cost:
            break
    return best


def _inside(points: NDArray[np.float64], box: QRectF) -> int:
    x, y = points[:, 0], points[:, 1]
    across = (x > box.left()) & (x < box.right())
    return int((across & (y > box.top()) & (y < box.bottom())).sum())


def _write(
    painter: QPainter,
    box: QRectF,
    rows: Sequence[Line],
    fonts: Sequence[QFont],
    metrics: Sequence[QFontMetricsF],
    unit: float,
) -> None:
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(_PLATE)
    painter.drawRoundedRect(box, 3 * unit, 3 * unit)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    high = metrics[1].height()
    for number, row in enumerate(rows):
        x = box.left() + _PAD * unit
        y = box.top() + _PAD * unit / 2 + number * high + metrics[1].ascent()
        for text, colour, bold in row:
            painter.setFont(fonts[bold])
            painter.setPen(colour)
            painter.drawText(QPointF(x, y), text)
            x += metrics[bold].horizontalAdvance(text)
