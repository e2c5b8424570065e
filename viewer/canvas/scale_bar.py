"""The scale bar: a length in real units, above the lines of the lower left corner."""

from __future__ import annotations

import math

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen, QTransform

from viewer.canvas.decorations import LINE, MARGIN, TEXT, paint_text
from viewer.canvas.facing import mm_per_pixel
from viewer.canvas.kept import Key, edges, numbers
from viewer.canvas.scene import Scene

_SHADOW = QColor(0, 0, 0, 150)
_NARROW = 300.0  # beside others: no room for a scale bar
_LONGEST = 0.2  # of the viewport's width
_WORDS = 240.0
_ABOVE, _BELOW, _BESIDE = 30.0, 8.0, 4.0  # of its line
_FLAGS = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignBottom


def key(scene: Scene, transform: QTransform, viewport: QRectF, unit: float) -> Key | None:
    """What the bar of a scene depends on; None where there is none."""
    frame = scene.frame
    if frame.spacing is None or min(frame.spacing) <= 0:
        return None
    if scene.title and viewport.width() < _NARROW * unit:
        return None
    seen = (edges(viewport), len(scene.corners.bottom_left), unit)
    return Key((), (frame.spacing, frame.spacing_kind, numbers(transform)[:4], *seen))


def place(scene: Scene, viewport: QRectF, unit: float) -> QRectF:
    """The part of the viewport that it keeps to."""
    start = _start(scene, viewport, unit)
    width = max(viewport.width() * _LONGEST, _WORDS * unit)
    whole = QRectF(start, start + QPointF(width, 0.0))
    return whole.adjusted(
        -_BESIDE * unit, -_ABOVE * unit, _BESIDE * unit, _BELOW * unit
    ).intersected(viewport)


def _start(scene: Scene, viewport: QRectF, unit: float) -> QPointF:
    """Its left end. The lines below stay as many while it is looked at."""
    below = (len(scene.corners.bottom_left) + 1) * LINE
    return QPointF(viewport.left() + MARGIN * unit, viewport.bottom() - (MARGIN + below) * unit)


def nice_length(longest: float) -> float:
    """The greatest 1, 2 or 5 times a power of ten that is at most ``longest`` (> 0)."""
    power = 10.0 ** math.floor(math.log10(longest))
    return max(step * power for step in (1, 2, 5) if step * power <= longest)


def paint(
    painter: QPainter, viewport: QRectF, scene: Scene, transform: QTransform, unit: float
) -> None:
    """The bar of a scene that has one."""
    assert scene.frame.spacing is not None
    pixels_per_mm = 1.0 / mm_per_pixel(transform, scene.frame.spacing)
    length = nice_length(viewport.width() * _LONGEST / pixels_per_mm)
    start, tick = _start(scene, viewport, unit), QPointF(0, 4 * unit)
    end = start + QPointF(length * pixels_per_mm, 0.0)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    for colour, thickness in ((_SHADOW, 3.5), (TEXT, 1.4)):
        painter.setPen(QPen(colour, thickness * unit))
        painter.drawLine(start, end)
        for edge in (start, end):
            painter.drawLine(edge - tick, edge + tick)
    text = f"{length / 10:g} cm" if length >= 10 else f"{length:g} mm"
    box = QRectF(start.x(), start.y() - 23 * unit, viewport.right() - start.x(), 17 * unit)
    paint_text(painter, box, _FLAGS, f"{text} {scene.frame.spacing_kind}".strip(), unit, size=11)
