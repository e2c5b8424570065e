"""Everything around the scan that is not pixels: corner text, letters, bars, footer, strip."""

from __future__ import annotations

import math
from functools import lru_cache

from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPen, QTransform

from viewer.canvas import plates
from viewer.canvas.facing import Letters, mm_per_pixel, seen_letters, turn_of
from viewer.canvas.fonts import font
from viewer.canvas.scene import Corners, Scene

TEXT = QColor(226, 232, 240)
_SHADOW = QColor(0, 0, 0, 150)
_FOOTER = QColor(15, 18, 24)
_STRIP = QColor(58, 40, 8)
_STRIP_TEXT = QColor(255, 196, 87)
_LINE, _MARGIN, _STRIP_HEIGHT = 17.0, 10.0, 24.0
_NARROW = 300.0  # beside others: no room for a scale bar
_HEAD = 28.0  # of the title beside other pictures
_LEAST_ROOM = 170.0  # between two corners, for words there
_DISPLAY_ONLY = "display only · the model sees it as it was taken"


def _wrapped(lines: tuple[str, ...], width: float, metrics: QFontMetricsF) -> list[str]:
    """Lines broken at their dots, and between words where that is not enough, so that each fits
    into ``width``."""
    fitted: list[str] = []
    for line in lines:
        for piece in _broken(line, " · ", width, metrics):
            whole = metrics.horizontalAdvance(piece) <= width
            fitted += [piece] if whole else _broken(piece, " ", width, metrics)
    return fitted


def _broken(line: str, between: str, width: float, metrics: QFontMetricsF) -> list[str]:
    """As many of the parts on each row as fit, at least one."""
    rows: list[str] = []
    for part in line.split(between):
        longer = f"{rows[-1]}{between}{part}" if rows else part
        if rows and metrics.horizontalAdvance(longer) <= width:
            rows[-1] = longer
        else:
            rows.append(part)
    return rows


def _footer_lines(size: QRectF, scene: Scene, unit: float) -> tuple[str, ...]:
    return _fitted(scene.footer, size.width() - 2 * _MARGIN * unit, unit)


@lru_cache(maxsize=128)
def _fitted(lines: tuple[str, ...], width: float, unit: float) -> tuple[str, ...]:
    return tuple(_wrapped(lines, width, QFontMetricsF(font(unit))))


def footer_height(size: QRectF, scene: Scene, unit: float) -> float:
    lines = len(_footer_lines(size, scene, unit))
    return (lines * _LINE + _MARGIN) * unit if lines else 0.0


def _strip_height(scene: Scene, unit: float) -> float:
    return _STRIP_HEIGHT * unit if scene.banner else 0.0


def viewport(size: QRectF, scene: Scene, unit: float, footer: float = 0.0) -> QRectF:
    """The part of the picture that shows the frame; ``footer`` is the least height of what is below
    it, without the strip."""
    below = max(footer, footer_height(size, scene, unit)) + _strip_height(scene, unit)
    above = _HEAD * unit if scene.title else 0.0
    return size.adjusted(0, above, 0, -below)


def paint(
    painter: QPainter,
    size: QRectF,
    viewport: QRectF,
    scene: Scene,
    transform: QTransform,
    unit: float,
) -> None:
    """All but the footer."""
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    _paint_corners(painter, viewport, scene.corners, unit)
    if scene.orientation is not None:
        _paint_letters(painter, viewport, seen_letters(scene.orientation, transform), unit)
    _paint_turn(painter, viewport, scene.corners, transform, unit)
    _paint_scale_bar(painter, viewport, scene, transform, unit)
    if scene.title:
        paint_title(painter, size, scene.title, unit)
    if scene.curtain is not None and scene.overlay_visible:
        _paint_curtain(painter, viewport, scene.curtain, unit)


def paint_title(painter: QPainter, size: QRectF, title: str, unit: float) -> None:
    """What the picture is called beside others, above it."""
    head = QRectF(size.left(), size.top(), size.width(), _HEAD * unit)
    painter.fillRect(head, _FOOTER)
    painter.setFont(font(unit, 13, bold=True))
    painter.setPen(TEXT)
    inner = head.adjusted(_MARGIN * unit, 0, -_MARGIN * unit, 0)
    fitted = painter.fontMetrics().elidedText(
        title, Qt.TextElideMode.ElideRight, int(inner.width())
    )
    flags = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignHCenter
    painter.drawText(inner, flags, fitted)


def _paint_curtain(painter: QPainter, viewport: QRectF, share: float, unit: float) -> None:
    """The line between the bare scan and the overlay, with a knob to drag."""
    x = viewport.left() + viewport.width() * share
    line = QLineF(x, viewport.top(), x, viewport.bottom())
    for colour, width in ((_SHADOW, 4.0), (TEXT, 1.6)):
        painter.setPen(QPen(colour, width * unit))
        painter.drawLine(line)
    knob = QRectF(x - 5 * unit, viewport.center().y() - 16 * unit, 10 * unit, 32 * unit)
    painter.setPen(QPen(_SHADOW, unit))
    painter.setBrush(TEXT)
    painter.drawRoundedRect(knob, 4 * unit, 4 * unit)
    painter.setBrush(Qt.BrushStyle.NoBrush)


def paint_text(
    painter: QPainter,
    box: QRectF,
    flags: Qt.AlignmentFlag,
    text: str,
    unit: float,
    colour: QColor = TEXT,
) -> None:
    """Text on a translucent dark plate, so that it can be read on white and on black."""
    if text:
        plates.paint(painter, box, flags, text, unit, colour)


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
        paint_text(painter, inner, sideways | upright, "\n".join(lines), unit)


def _paint_letters(painter: QPainter, viewport: QRectF, letters: Letters, unit: float) -> None:
    painter.setFont(font(unit, 15, bold=True))
    inner = viewport.adjusted(_MARGIN * unit, _MARGIN * unit, -_MARGIN * unit, -_MARGIN * unit)
    middle, centre = Qt.AlignmentFlag.AlignVCenter, Qt.AlignmentFlag.AlignHCenter
    left, right, top, bottom = letters
    paint_text(painter, inner, Qt.AlignmentFlag.AlignLeft | middle, left, unit, _STRIP_TEXT)
    paint_text(painter, inner, Qt.AlignmentFlag.AlignRight | middle, right, unit, _STRIP_TEXT)
    paint_text(painter, inner, Qt.AlignmentFlag.AlignTop | centre, top, unit, _STRIP_TEXT)
    paint_text(painter, inner, Qt.AlignmentFlag.AlignBottom | centre, bottom, unit, _STRIP_TEXT)


def _paint_turn(
    painter: QPainter, viewport: QRectF, corners: Corners, transform: QTransform, unit: float
) -> None:
    """That the picture is turned, below the upper letter; a mirrored one is taken for the other
    side of the body, so that it is said on a plate of its own, and louder."""
    turn = turn_of(transform)
    if not turn.words:
        return
    words = turn.words.replace("mirrored", "MIRRORED") if turn.mirrored else f"display {turn.words}"
    box = _below_the_letter(viewport, corners, unit)
    for text, points, loud in ((words, 13.0, turn.mirrored), (_DISPLAY_ONLY, 11.0, False)):
        painter.setFont(font(unit, points, bold=loud))
        lines = _wrapped((text,), box.width(), QFontMetricsF(painter.font()))
        box.setHeight(len(lines) * 20 * unit)
        paint = _paint_loudly if loud else paint_text
        flags = Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop
        paint(painter, box, flags, "\n".join(lines), unit)
        box.moveTop(box.bottom() + 4 * unit)


def _below_the_letter(viewport: QRectF, corners: Corners, unit: float) -> QRectF:
    """Where there is room for words: between the upper corners, or below them in a narrow
    picture. Its height is not said."""
    metrics = QFontMetricsF(font(unit))
    widest = max(
        (metrics.horizontalAdvance(line) for line in (*corners.top_left, *corners.top_right)),
        default=0.0,
    )
    width, row = viewport.width() - 2 * (widest + 3 * _MARGIN * unit), 0
    if width < _LEAST_ROOM * unit:
        width = viewport.width() - 6 * _MARGIN * unit
        row = max(len(corners.top_left), len(corners.top_right))
    top = viewport.top() + max(_MARGIN + 26, 2 * _MARGIN + row * _LINE) * unit
    return QRectF(viewport.center().x() - width / 2, top, width, 0.0)


def _paint_loudly(
    painter: QPainter, box: QRectF, flags: Qt.AlignmentFlag, text: str, unit: float
) -> None:
    """Text on a plate in the colours of the strip."""
    plate = painter.boundingRect(box, flags, text)
    painter.setPen(QPen(_STRIP_TEXT, 1.5 * unit))
    painter.setBrush(_STRIP)
    painter.drawRoundedRect(
        plate.adjusted(-8 * unit, -3 * unit, 8 * unit, 3 * unit), 4 * unit, 4 * unit
    )
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawText(box, flags, text)


def nice_length(longest: float) -> float:
    """The greatest 1, 2 or 5 times a power of ten that is at most ``longest`` (> 0)."""
    power = 10.0 ** math.floor(math.log10(longest))
    return max(step * power for step in (1, 2, 5) if step * power <= longest)


def _paint_scale_bar(
    painter: QPainter, viewport: QRectF, scene: Scene, transform: QTransform, unit: float
) -> None:
    """A length in real units, above the lines of the lower left corner: they stay as many."""
    spacing = scene.frame.spacing
    if spacing is None or min(spacing) <= 0:
        return
    if scene.title and viewport.width() < _NARROW * unit:
        return
    pixels_per_mm = 1.0 / mm_per_pixel(transform, spacing)
    length = nice_length(viewport.width() * 0.2 / pixels_per_mm)
    left = viewport.left() + _MARGIN * unit
    y = viewport.bottom() - (_MARGIN + (len(scene.corners.bottom_left) + 1) * _LINE) * unit
    tick = QPointF(0, 4 * unit)
    start, end = QPointF(left, y), QPointF(left + length * pixels_per_mm, y)
    for colour, thickness in ((_SHADOW, 3.5), (TEXT, 1.4)):
        painter.setPen(QPen(colour, thickness * unit))
        painter.drawLine(start, end)
        for edge in (start, end):
            painter.drawLine(edge - tick, edge + tick)
    text = f"{length / 10:g} cm" if length >= 10 else f"{length:g} mm"
    painter.setFont(font(unit, 11))
    box = QRectF(left, y - 23 * unit, viewport.right() - left, 17 * unit)
    flags = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignBottom
    paint_text(painter, box, flags, f"{text} {scene.frame.spacing_kind}".strip(), unit)


def paint_footer(
    painter: QPainter, size: QRectF, viewport: QRectF, scene: Scene, unit: float
) -> None:
    lines = _footer_lines(size, scene, unit)
    top = viewport.bottom()
    height = _strip_height(scene, unit)
    strip = QRectF(size.left(), size.bottom() - height, size.width(), height)
    painter.fillRect(QRectF(size.left(), top, size.width(), strip.top() - top), _FOOTER)
    painter.setFont(font(unit))
    painter.setPen(TEXT)
    left, width = size.left() + _MARGIN * unit, size.width() - 2 * _MARGIN * unit
    for row, line in enumerate(lines):
        y = top + (_MARGIN / 2 + row * _LINE) * unit
        box = QRectF(left, y, width, _LINE * unit)
        painter.drawText(box, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, line)
    if not scene.banner:
        return
    painter.fillRect(strip, _STRIP)
    painter.setPen(_STRIP_TEXT)
    for points in (11.5, 10.0, 9.0, 8.0, 7.0):  # whole, however narrow the picture
        painter.setFont(font(unit, points, bold=True))
        if painter.fontMetrics().horizontalAdvance(scene.banner) <= strip.width() - 8 * unit:
            break
    painter.drawText(strip, Qt.AlignmentFlag.AlignCenter, scene.banner)
