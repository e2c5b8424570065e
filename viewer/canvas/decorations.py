"""Everything around the scan that is not pixels: corner text, letters, bars, footer, strip."""

from __future__ import annotations

import math

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QImage, QPainter, QPen, QTransform

from viewer.canvas.scene import Corners, Scene
from viewer.render import colour_maps
from viewer.render.overlay import Overlay

FAMILY = "Inter"
_TEXT = QColor(226, 232, 240)
_SHADOW = QColor(0, 0, 0, 150)
_PLATE = QColor(0, 0, 0, 160)
_FOOTER = QColor(15, 18, 24)
_STRIP = QColor(58, 40, 8)
_STRIP_TEXT = QColor(255, 196, 87)
_TEXT_SIZE, _LINE, _MARGIN, _STRIP_HEIGHT = 12.0, 17.0, 10.0, 24.0
_BAR_WIDTH = 12.0


def font(unit: float, size: float = _TEXT_SIZE, bold: bool = False) -> QFont:
    chosen = QFont(FAMILY)
    chosen.setPixelSize(max(1, round(size * unit)))
    chosen.setWeight(QFont.Weight.DemiBold if bold else QFont.Weight.Normal)
    return chosen


def accent(overlay: Overlay) -> QColor:
    """The contour's colour: the upper part of the overlay's own colour map."""
    red, green, blue = colour_maps.table(overlay.style.colour_map)[232].tolist()
    return QColor(red, green, blue)


def _wrapped(lines: tuple[str, ...], width: float, metrics: QFontMetricsF) -> list[str]:
    """Lines broken at their dots so that each fits into ``width``."""
    fitted: list[str] = []
    for line in lines:
        current = ""
        for part in line.split(" · "):
            longer = f"{current} · {part}" if current else part
            if current and metrics.horizontalAdvance(longer) > width:
                fitted.append(current)
                current = part
            else:
                current = longer
        fitted.append(current)
    return fitted


def _footer_lines(size: QRectF, scene: Scene, unit: float) -> list[str]:
    width = size.width() - 2 * _MARGIN * unit
    return _wrapped(scene.footer, width, QFontMetricsF(font(unit)))


def footer_height(size: QRectF, scene: Scene, unit: float) -> float:
    lines = len(_footer_lines(size, scene, unit))
    return (lines * _LINE + _MARGIN) * unit if lines else 0.0


def viewport(size: QRectF, scene: Scene, unit: float) -> QRectF:
    """The part of the picture that shows the frame."""
    below = footer_height(size, scene, unit) + _STRIP_HEIGHT * unit
    return size.adjusted(0, 0, 0, -below)


def paint(
    painter: QPainter,
    size: QRectF,
    viewport: QRectF,
    scene: Scene,
    transform: QTransform,
    unit: float,
) -> None:
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    _paint_corners(painter, viewport, scene.corners, unit)
    if scene.orientation is not None:
        _paint_letters(painter, viewport, scene.orientation, unit)
    _paint_scale_bar(painter, viewport, scene, transform, unit)
    if scene.overlay is not None and scene.overlay_visible:
        _paint_colour_bar(painter, viewport, scene.overlay, unit)
    _paint_footer(painter, size, viewport, scene, unit)


def _text(
    painter: QPainter,
    box: QRectF,
    flags: Qt.AlignmentFlag,
    text: str,
    unit: float,
    colour: QColor = _TEXT,
) -> None:
    """Text on a translucent dark plate, so that it can be read on white and on black."""
    if not text:
        return
    plate = painter.boundingRect(box, flags, text).adjusted(-4 * unit, -unit, 4 * unit, unit)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(_PLATE)
    painter.drawRoundedRect(plate, 3 * unit, 3 * unit)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(colour)
    painter.drawText(box, flags, text)


def _paint_corners(painter: QPainter, viewport: QRectF, corners: Corners, unit: float) -> None:
    inner = viewport.adjusted(_MARGIN * unit, _MARGIN * unit, -_MARGIN * unit, -_MARGIN * unit)
    painter.setFont(font(unit))
    left, right = Qt.AlignmentFlag.AlignLeft, Qt.AlignmentFlag.AlignRight
    top, bottom = Qt.AlignmentFlag.AlignTop, Qt.AlignmentFlag.AlignBottom
    for lines, sideways, upright in (
        (corners.top_left, left, top),
        (corners.top_right, right, top),
        (corners.bottom_left, left, bottom),
        (corners.bottom_right, right, bottom),
    ):
        _text(painter, inner, sideways | upright, "\n".join(lines), unit)


def _paint_letters(
    painter: QPainter, viewport: QRectF, letters: tuple[str, str, str, str], unit: float
) -> None:
    painter.setFont(font(unit, 15, bold=True))
    inner = viewport.adjusted(_MARGIN * unit, _MARGIN * unit, -_MARGIN * unit, -_MARGIN * unit)
    middle, centre = Qt.AlignmentFlag.AlignVCenter, Qt.AlignmentFlag.AlignHCenter
    left, right, top, bottom = letters
    _text(painter, inner, Qt.AlignmentFlag.AlignLeft | middle, left, unit, _STRIP_TEXT)
    _text(painter, inner, Qt.AlignmentFlag.AlignRight | middle, right, unit, _STRIP_TEXT)
    _text(painter, inner, Qt.AlignmentFlag.AlignTop | centre, top, unit, _STRIP_TEXT)
    _text(painter, inner, Qt.AlignmentFlag.AlignBottom | centre, bottom, unit, _STRIP_TEXT)


def nice_length(longest: float) -> float:
    """The greatest 1, 2 or 5 times a power of ten that is at most ``longest`` (> 0)."""
    power = 10.0 ** math.floor(math.log10(longest))
    return max(step * power for step in (1, 2, 5) if step * power <= longest)


def _paint_scale_bar(
    painter: QPainter, viewport: QRectF, scene: Scene, transform: QTransform, unit: float
) -> None:
    """A length in real units, above the lines of the lower right corner."""
    if scene.frame.spacing is None or scene.frame.spacing[1] <= 0:
        return
    pixels_per_mm = transform.m11() / scene.frame.spacing[1]
    length = nice_length(viewport.width() * 0.2 / pixels_per_mm)
    width = length * pixels_per_mm
    right = viewport.right() - _MARGIN * unit
    lines = max(3, len(scene.corners.bottom_right))
    y = viewport.bottom() - (_MARGIN + (lines + 1) * _LINE) * unit
    tick = QPointF(0, 4 * unit)
    start, end = QPointF(right - width, y), QPointF(right, y)
    for colour, thickness in ((_SHADOW, 3.5), (_TEXT, 1.4)):
        painter.setPen(QPen(colour, thickness * unit))
        painter.drawLine(start, end)
        for edge in (start, end):
            painter.drawLine(edge - tick, edge + tick)
    text = f"{length / 10:g} cm" if length >= 10 else f"{length:g} mm"
    painter.setFont(font(unit, 11))
    box = QRectF(viewport.left(), y - 23 * unit, right - viewport.left(), 17 * unit)
    flags = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignBottom
    _text(painter, box, flags, f"{text} {scene.frame.spacing_kind}".strip(), unit)


def _paint_colour_bar(painter: QPainter, viewport: QRectF, overlay: Overlay, unit: float) -> None:
    """The value of each colour, with numbers; hatched off below the threshold."""
    height = min(220 * unit, viewport.height() * 0.42)
    right = viewport.right() - (_MARGIN + 22) * unit
    bar = QRectF(
        right - _BAR_WIDTH * unit, viewport.center().y() - height / 2, _BAR_WIDTH * unit, height
    )
    colours = colour_maps.table(overlay.style.colour_map)[::-1].copy()
    column = QImage(colours.data, 1, 256, 3, QImage.Format.Format_RGB888)
    painter.setOpacity(0.92)
    painter.drawImage(bar, column)
    cut = bar.bottom() - overlay.style.threshold * height
    painter.fillRect(QRectF(bar.left(), cut, bar.width(), bar.bottom() - cut), QColor(0, 0, 0, 190))
    painter.setOpacity(1.0)
    painter.setPen(QPen(_TEXT, unit))
    painter.drawRect(bar)
    painter.drawLine(QPointF(bar.left() - 5 * unit, cut), QPointF(bar.right(), cut))
    painter.setFont(font(unit, 11))
    flags = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
    rows = [(1.0, f"{overlay.maximum:.3g}"), (0.0, "0")]
    if 0.06 < overlay.style.threshold < 0.94:
        rows.append((overlay.style.threshold, f"{overlay.level:.3g}"))
    for share, text in rows:
        y = bar.bottom() - share * height
        box = QRectF(bar.left() - 90 * unit, y - 9 * unit, 82 * unit, 18 * unit)
        _text(painter, box, flags, text, unit)
    title = QRectF(
        bar.left() - 90 * unit, bar.top() - 30 * unit, 90 * unit + bar.width(), 18 * unit
    )
    _text(painter, title, flags, "response", unit)


def _paint_footer(
    painter: QPainter, size: QRectF, viewport: QRectF, scene: Scene, unit: float
) -> None:
    lines = _footer_lines(size, scene, unit)
    top = viewport.bottom()
    strip = QRectF(
        size.left(), size.bottom() - _STRIP_HEIGHT * unit, size.width(), _STRIP_HEIGHT * unit
    )
    painter.fillRect(QRectF(size.left(), top, size.width(), strip.top() - top), _FOOTER)
    painter.setFont(font(unit))
    painter.setPen(_TEXT)
    left, width = size.left() + _MARGIN * unit, size.width() - 2 * _MARGIN * unit
    for row, line in enumerate(lines):
        y = top + (_MARGIN / 2 + row * _LINE) * unit
        box = QRectF(left, y, width, _LINE * unit)
        painter.drawText(box, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, line)
    painter.fillRect(strip, _STRIP)
    painter.setFont(font(unit, 11.5, bold=True))
    painter.setPen(_STRIP_TEXT)
    painter.drawText(strip, Qt.AlignmentFlag.AlignCenter, scene.banner)
