"""What stands around the scan in words and letters: corners, edges, title, footer, strip."""

from __future__ import annotations

from functools import lru_cache

from PySide6.QtCore import QLineF, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPen, QTransform

from viewer.canvas import plates
from viewer.canvas.facing import Letters, seen_letters, turn_of
from viewer.canvas.fonts import TEXT_SIZE, face, font, pixels_of
from viewer.canvas.scene import Corners, Scene

TEXT = QColor(226, 232, 240)
_SHADOW = QColor(0, 0, 0, 150)
_FOOTER = QColor(15, 18, 24)
_STRIP = QColor(58, 40, 8)
_STRIP_TEXT = QColor(255, 196, 87)
LINE, MARGIN, _STRIP_HEIGHT = 17.0, 10.0, 24.0
_HEAD = 28.0  # of the title beside other pictures
_LEAST_ROOM = 170.0  # between two corners, for words there
_LEFT, _RIGHT = Qt.AlignmentFlag.AlignLeft, Qt.AlignmentFlag.AlignRight
_TOP, _BOTTOM = Qt.AlignmentFlag.AlignTop, Qt.AlignmentFlag.AlignBottom
_CENTRE, _MIDDLE = Qt.AlignmentFlag.AlignHCenter, Qt.AlignmentFlag.AlignVCenter
_AT_CORNERS = (_LEFT | _TOP, _RIGHT | _TOP, _LEFT | _BOTTOM, _RIGHT | _BOTTOM)
_AT_EDGES = (_LEFT | _MIDDLE, _RIGHT | _MIDDLE, _TOP | _CENTRE, _BOTTOM | _CENTRE)
_DISPLAY_ONLY = "display only · the model sees it as it was taken"


@lru_cache(maxsize=128)
def _wrapped(line: str, width: float, pixels: int, bold: bool = False) -> tuple[str, ...]:
    """A line broken at its dots, and between words where that is not enough, so that each row fits
    into ``width``."""
    metrics = QFontMetricsF(face(pixels, bold))
    rows: list[str] = []
    for piece in _broken(line, " · ", width, metrics):
        rows += _broken(piece, " ", width, metrics)
    return tuple(rows)


def _broken(line: str, between: str, width: float, metrics: QFontMetricsF) -> list[str]:
    """As many of the parts on each row as fit, at least one."""
    if metrics.horizontalAdvance(line) <= width:
        return [line]
    rows: list[str] = []
    for part in line.split(between):
        longer = f"{rows[-1]}{between}{part}" if rows else part
        if rows and metrics.horizontalAdvance(longer) <= width:
            rows[-1] = longer
        else:
            rows.append(part)
    return rows


def _footer_lines(size: QRectF, scene: Scene, unit: float) -> list[str]:
    width, pixels = size.width() - 2 * MARGIN * unit, pixels_of(unit, TEXT_SIZE)
    return [row for line in scene.footer for row in _wrapped(line, width, pixels)]


def footer_height(size: QRectF, scene: Scene, unit: float) -> float:
    lines = len(_footer_lines(size, scene, unit))
    return (lines * LINE + MARGIN) * unit if lines else 0.0


def _strip_height(scene: Scene, unit: float) -> float:
    return _STRIP_HEIGHT * unit if scene.banner else 0.0


def strip_area(size: QRectF, scene: Scene, unit: float) -> QRectF:
    """Empty if there is no strip."""
    height = _strip_height(scene, unit)
    return QRectF(size.left(), size.bottom() - height, size.width(), height)


def footer_area(size: QRectF, viewport: QRectF, scene: Scene, unit: float) -> QRectF:
    """Between the viewport and the strip."""
    area = QRectF(viewport.bottomLeft(), strip_area(size, scene, unit).topRight())
    area.setLeft(size.left())
    return area


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
    inner = head.adjusted(MARGIN * unit, 0, -MARGIN * unit, 0)
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
    size: float = TEXT_SIZE,
    bold: bool = False,
) -> None:
    """Text on a translucent dark plate, so that it can be read on white and on black."""
    if text:
        plates.paint(painter, box, flags, text, unit, colour, size, bold)


def _paint_corners(painter: QPainter, viewport: QRectF, corners: Corners, unit: float) -> None:
    inner = _inner(viewport, unit)
    for lines, flags in zip(corners.all, _AT_CORNERS, strict=True):
        paint_text(painter, inner, flags, "\n".join(lines), unit)


def _paint_letters(painter: QPainter, viewport: QRectF, letters: Letters, unit: float) -> None:
    inner = _inner(viewport, unit)
    for letter, flags in zip(letters, _AT_EDGES, strict=True):
        paint_text(painter, inner, flags, letter, unit, _STRIP_TEXT, 15, bold=True)


def _inner(viewport: QRectF, unit: float) -> QRectF:
    margin = MARGIN * unit
    return viewport.adjusted(margin, margin, -margin, -margin)


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
        lines = _wrapped(text, box.width(), pixels_of(unit, points), loud)
        box.setHeight(len(lines) * 20 * unit)
        if loud:
            painter.setFont(font(unit, points, bold=True))
            _paint_loudly(painter, box, _CENTRE | _TOP, "\n".join(lines), unit)
        else:
            paint_text(painter, box, _CENTRE | _TOP, "\n".join(lines), unit, size=points)
        box.moveTop(box.bottom() + 4 * unit)


def _below_the_letter(viewport: QRectF, corners: Corners, unit: float) -> QRectF:
    """Where there is room for words: between the upper corners, or below them in a narrow
    picture. Its height is not said."""
    metrics = QFontMetricsF(font(unit))
    widest = max(
        (metrics.horizontalAdvance(line) for line in (*corners.top_left, *corners.top_right)),
        default=0.0,
    )
    width, row = viewport.width() - 2 * (widest + 3 * MARGIN * unit), 0
    if width < _LEAST_ROOM * unit:
        width = viewport.width() - 6 * MARGIN * unit
        row = max(len(corners.top_left), len(corners.top_right))
    top = viewport.top() + max(MARGIN + 26, 2 * MARGIN + row * LINE) * unit
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


def paint_footer(
    painter: QPainter, size: QRectF, viewport: QRectF, scene: Scene, unit: float
) -> None:
    """What the overlay is, below the viewport."""
    area = footer_area(size, viewport, scene, unit)
    painter.fillRect(area, _FOOTER)
    painter.setFont(font(unit))
    painter.setPen(TEXT)
    inner = area.adjusted(MARGIN * unit, MARGIN / 2 * unit, -MARGIN * unit, 0)
    for row, line in enumerate(_footer_lines(size, scene, unit)):
        box = QRectF(inner.left(), inner.top() + row * LINE * unit, inner.width(), LINE * unit)
        painter.drawText(box, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, line)


def paint_strip(painter: QPainter, strip: QRectF, banner: str, unit: float) -> None:
    """What cannot be dismissed, at the foot of the picture."""
    painter.fillRect(strip, _STRIP)
    painter.setPen(_STRIP_TEXT)
    for points in (11.5, 10.0, 9.0, 8.0, 7.0):  # whole, however narrow the picture
        painter.setFont(font(unit, points, bold=True))
        if painter.fontMetrics().horizontalAdvance(banner) <= strip.width() - 8 * unit:
            break
    painter.drawText(strip, Qt.AlignmentFlag.AlignCenter, banner)
