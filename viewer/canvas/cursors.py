"""The mouse's cursor with each tool in hand."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QCursor, QPainter, QPainterPath, QPen, QPixmap

from viewer.state.audit import Purpose

_SIDE = 32
_INK, _HALO = QColor(255, 255, 255), QColor(0, 0, 0, 200)
_SHAPES = {
    "scroll": Qt.CursorShape.SizeVerCursor,
    "pan": Qt.CursorShape.OpenHandCursor,
    "magnify": Qt.CursorShape.BlankCursor,  # the lens has a cross
}


def cursor_of(purpose: Purpose, ratio: float = 1.0) -> QCursor:
    """The cursor of a tool; crossed hairs where it draws. ``ratio``: device per logical pixel."""
    if purpose == "window":
        return _painted(_half_disc(), ratio)
    if purpose == "zoom":
        return _painted(_glass(), ratio)
    return QCursor(_SHAPES.get(purpose, Qt.CursorShape.CrossCursor))


def _half_disc() -> tuple[QPainterPath, QPainterPath]:
    """A pointer, and at its foot a disc that is half dark: lines, and what is filled."""
    pointer = QPainterPath(QPointF(3, 3))
    for x, y in ((3, 19), (7.4, 15), (10, 21), (12.6, 19.8), (10, 14.2), (15.6, 13.8)):
        pointer.lineTo(x, y)
    pointer.closeSubpath()
    disc = QPainterPath()
    disc.addEllipse(QPointF(22, 22), 5.5, 5.5)
    half = QPainterPath(QPointF(22, 16.5))
    half.arcTo(QRectF(16.5, 16.5, 11, 11), 90, -180)
    half.closeSubpath()
    lines = QPainterPath(pointer)
    lines.addPath(disc)
    pointer.addPath(half)
    return lines, pointer


def _glass() -> tuple[QPainterPath, QPainterPath]:
    """A magnifying glass with a cross in it; its hot spot is the middle of the glass."""
    lines = QPainterPath()
    lines.addEllipse(QPointF(12, 12), 8, 8)
    for start, end in (
        ((18, 18), (27, 27)),
        ((8.5, 12), (15.5, 12)),
        ((12, 8.5), (12, 15.5)),
    ):
        lines.moveTo(*start)
        lines.lineTo(*end)
    return lines, QPainterPath()


def _painted(shape: tuple[QPainterPath, QPainterPath], ratio: float) -> QCursor:
    lines, filled = shape
    pixmap = QPixmap(round(_SIDE * ratio), round(_SIDE * ratio))
    pixmap.setDevicePixelRatio(ratio)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    for colour, width in ((_HALO, 3.6), (_INK, 1.6)):
        painter.strokePath(lines, QPen(colour, width))
    painter.fillPath(filled, _INK)
    painter.end()
    hot = 3 if not filled.isEmpty() else 12
    return QCursor(pixmap, hot, hot)
