"""Keys as they look on a keyboard: a cap each, side by side."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QFont, QFontMetricsF, QKeySequence, QPainter, QPen

from viewer.palette import colour

_PIXELS, _HEIGHT, _INSIDE, _BETWEEN = 12, 19.0, 6.0, 5.0


def named(key: str) -> str:
    """A key in words of the system it runs on; gestures stay as they are."""
    return QKeySequence(key).toString(QKeySequence.SequenceFormat.NativeText) or key


def _font(font: QFont) -> QFont:
    small = QFont(font)
    small.setPixelSize(_PIXELS)
    return small


def _widths(font: QFont, keys: Sequence[str]) -> list[float]:
    metrics = QFontMetricsF(_font(font))
    return [max(_HEIGHT, metrics.horizontalAdvance(named(key)) + 2 * _INSIDE) for key in keys]


def width_of(font: QFont, keys: Sequence[str]) -> float:
    """What the caps of all keys take, in pixels."""
    widths = _widths(font, keys)
    return sum(widths) + _BETWEEN * max(0, len(widths) - 1)


def draw(painter: QPainter, left: QPointF, keys: Sequence[str]) -> None:
    """Caps from the middle of a left edge on."""
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    font = painter.font()
    painter.setFont(_font(font))
    x, y = left.x(), left.y() - _HEIGHT / 2
    for key, width in zip(keys, _widths(font, keys), strict=True):
        cap = QRectF(x, y, width, _HEIGHT).adjusted(0.5, 0.5, -0.5, -0.5)
        painter.setPen(QPen(colour("faint"), 1))
        painter.setBrush(colour("raised"))
        painter.drawRoundedRect(cap, 4, 4)
        painter.setPen(colour("text"))
        painter.drawText(cap, Qt.AlignmentFlag.AlignCenter, named(key))
        x += width + _BETWEEN
    painter.restore()
