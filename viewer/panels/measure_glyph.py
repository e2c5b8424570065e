"""Small signs of the kinds of measurement."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen, QPolygonF

from viewer.state.measurement import Measure


def paint_glyph(painter: QPainter, kind: Measure, box: QRectF, colour: QColor) -> None:
    """Thin lines that fill ``box``."""
    painter.save()
    painter.setPen(QPen(colour, 1.5))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    inner = box.adjusted(1, 2, -1, -2)
    if kind == "rectangle":
        painter.drawRect(inner)
    elif kind == "ellipse":
        painter.drawEllipse(inner)
    elif kind == "angle":
        painter.drawPolyline(QPolygonF([inner.topRight(), inner.bottomLeft(), inner.bottomRight()]))
    else:
        start, end = inner.bottomLeft(), inner.topRight()
        painter.drawLine(start, end)
        way = QPointF(2.2, 2.9)
        for point in (start, end):
            painter.drawLine(point - way, point + way)
    painter.restore()
