"""Lift of landmarks against the depth of the layer, beside networks that never learnt anything."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen, QPolygonF

from viewer.exporters.paper import CENTRE, INK, LEFT, QUIET, RIGHT, RULE, SMALL, Block, font, write
from viewer.state.figures import LandmarkFigures

_HEIGHT, _NAME = 1900.0, 1170.0
_COLOURS = tuple(
    QColor(c) for c in ("#0072b2", "#d55e00", "#00795a", "#a3447c", "#8a6d00", "#3d3d3d")
)
_LINES = (
    Qt.PenStyle.SolidLine,
    Qt.PenStyle.DashLine,
    Qt.PenStyle.DashDotLine,
    Qt.PenStyle.DotLine,
)


@dataclass(frozen=True)
class _Axes:
    """Depths along the width and lifts up the height of ``box``."""

    box: QRectF
    layers: int
    top: float
    step: float

    def at(self, depth: int, lift: float) -> QPointF:
        across = (depth - 1) / max(1, self.layers - 1)
        return QPointF(
            self.box.left() + across * self.box.width(),
            self.box.bottom() - min(lift, self.top) / self.top * self.box.height(),
        )


def lift_plot(rows: Sequence[LandmarkFigures]) -> Block | None:
    """At most six landmarks, numbered as they come; None where no layer responds."""
    rows = rows[: len(_COLOURS)]
    lifts = [
        lift
        for row in rows
        for cell in row.layers
        for lift in (cell.lift, cell.untrained_lift)
        if lift is not None and math.isfinite(lift)
    ]
    if not lifts:
        return None
    step = _step(max(2.0, *lifts))
    top = step * math.ceil(max(2.0, *lifts) / step)
    layers = max(len(row.layers) for row in rows)

    def paint(painter: QPainter, box: QRectF) -> None:
        inner = box.adjusted(250, 130, -1640, -330)
        axes = _Axes(inner, layers, top, step)
        _paint_axes(painter, axes)
        for number, row in enumerate(rows):
            _paint_row(painter, axes, row, number)
        _paint_names(painter, axes, rows)

    return Block(_HEIGHT, paint)


def _step(highest: float) -> float:
    """Between two lines: 1, 2 or 5 times a power of ten, for at most five of them."""
    power = 10.0 ** math.floor(math.log10(highest / 5))
    return next(step * power for step in (1, 2, 5, 10) if step * power * 5 >= highest)


def _paint_axes(painter: QPainter, axes: _Axes) -> None:
    box = axes.box
    for number in range(round(axes.top / axes.step) + 1):
        lift = axes.step * number
        y = axes.at(1, lift).y()
        painter.setPen(QPen(RULE, 5))
        painter.drawLine(QLineF(box.left(), y, box.right(), y))
        write(
            painter,
            QRectF(box.left() - 250, y - 80, 200, 160),
            f"{lift:g}",
            SMALL,
            colour=QUIET,
            flags=RIGHT,
        )
    every = max(1, math.ceil(axes.layers / 20))
    for depth in range(1, axes.layers + 1, every):
        x = axes.at(depth, 0).x()
        place = QRectF(x - 150, box.bottom() + 30, 300, 130)
        write(painter, place, str(depth), SMALL, colour=QUIET, flags=CENTRE)
    title = QRectF(box.left(), box.bottom() + 150, box.width(), 140)
    write(painter, title, "depth of the layer, from the image", SMALL, colour=QUIET, flags=CENTRE)
    head = QRectF(box.left() - 250, box.top() - 170, box.width(), 140)
    write(painter, head, "lift", SMALL, colour=QUIET, flags=LEFT)
    painter.setPen(QPen(INK, 8, Qt.PenStyle.DashLine))
    chance = axes.at(1, 1.0).y()
    painter.drawLine(QLineF(box.left(), chance, box.right(), chance))


def _paint_row(painter: QPainter, axes: _Axes, row: LandmarkFigures, number: int) -> None:
    colour = _COLOURS[number]
    for trained in (False, True):
        line = QPolygonF()
        for cell in row.layers:
            lift = cell.lift if trained else cell.untrained_lift
            if lift is not None and math.isfinite(lift):
                line.append(axes.at(cell.depth, lift))
        faint = QColor(colour)
        faint.setAlpha(110)
        style = _LINES[number % len(_LINES)] if trained else Qt.PenStyle.DotLine
        painter.setPen(QPen(colour if trained else faint, 16 if trained else 8, style))
        painter.drawPolyline(line)


def _paint_names(painter: QPainter, axes: _Axes, rows: Sequence[LandmarkFigures]) -> None:
    """A key at the right: the line of each landmark, chance, and the untrained networks."""
    left, y = axes.box.right() + 150, axes.box.top()
    entries = [
        (row.landmark.name, QPen(_COLOURS[n], 16, _LINES[n % len(_LINES)]))
        for n, row in enumerate(rows)
    ]
    entries.append(("chance: 1", QPen(INK, 8, Qt.PenStyle.DashLine)))
    if any(cell.untrained_lift is not None for row in rows for cell in row.layers):
        entries.append(("the same, untrained", QPen(QUIET, 8, Qt.PenStyle.DotLine)))
    for name, pen in entries:
        painter.setPen(pen)
        painter.drawLine(QLineF(left, y + 65, left + 260, y + 65))
        place = QRectF(left + 310, y, _NAME, 130)
        painter.setFont(font(SMALL))
        write(painter, place, _elided(painter, name, _NAME), SMALL, flags=LEFT)
        y += 160


def _elided(painter: QPainter, text: str, width: float) -> str:
    return painter.fontMetrics().elidedText(text, Qt.TextElideMode.ElideRight, int(width))
