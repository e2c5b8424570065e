"""How a row of the list of studies looks."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import (
    QColor,
    QFont,
    QFontMetricsF,
    QPainter,
    QPainterPath,
    QPen,
    QPixmap,
    QPolygonF,
)

from viewer import palette
from viewer.panels.study_rows import StudyRow, Words

THUMBNAIL = 66.0
"""Logical pixels of the side of the square that a thumbnail stands in, at the usual size."""

_MARGIN, _GAP, _BAR = 8.0, 9.0, 3.0
_STAR = tuple(
    (0.5 + radius * x, 0.5 + radius * y)
    for (x, y), radius in zip(
        (
            (0.0, -1.0),
            (0.588, -0.809),
            (0.951, -0.309),
            (0.951, 0.309),
            (0.588, 0.809),
            (0.0, 1.0),
            (-0.588, 0.809),
            (-0.951, 0.309),
            (-0.951, -0.309),
            (-0.588, -0.809),
        ),
        (0.5, 0.2) * 5,
        strict=True,
    )
)
_LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter


@dataclass(frozen=True)
class Look:
    """How a row stands: ``current`` is that of the open series or image, ``focused`` has the
    keyboard, ``hovered`` the mouse; ``opened`` is None where nothing can be opened in it. ``font``
    is that of the list, ``unit`` how much larger than usual everything is."""

    font: QFont
    unit: float = 1.0
    current: bool = False
    focused: bool = False
    hovered: bool = False
    opened: bool | None = None
    thumbnail: QPixmap | None = None
    missing: bool = False


def arrow_box(row: StudyRow, box: QRectF, unit: float) -> QRectF:
    """Where the arrow is that opens and closes a row."""
    if row.kind == "study":
        return QRectF(box.left(), box.top(), 24 * unit, box.height())
    side = 26 * unit
    return QRectF(box.right() - side, box.bottom() - side, side, side)


def paint_star(painter: QPainter, box: QRectF, colour: QColor, filled: bool = True) -> None:
    """The sign of a key image; its outline where it is none, but could be."""
    points = [QPointF(box.left() + x * box.width(), box.top() + y * box.height()) for x, y in _STAR]
    painter.setPen(Qt.PenStyle.NoPen if filled else QPen(colour, 1.4))
    painter.setBrush(colour if filled else Qt.BrushStyle.NoBrush)
    painter.drawPolygon(QPolygonF(points))
    painter.setBrush(Qt.BrushStyle.NoBrush)


def paint_row(painter: QPainter, row: StudyRow, words: Words, box: QRectF, look: Look) -> None:
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    _paint_ground(painter, row, box, look)
    if row.kind == "study":
        _paint_study(painter, words, box, look)
    elif row.kind == "series":
        _paint_series(painter, words, box, look)
    else:
        _paint_line(painter, row, words, box, look)
    if look.opened is not None:
        _paint_arrow(painter, arrow_box(row, box, look.unit), look)
    if look.focused:
        painter.setPen(QPen(palette.colour("focus"), 1.5))
        painter.drawRoundedRect(box.adjusted(1.5, 1.5, -1.5, -1.5), 3, 3)


def _paint_ground(painter: QPainter, row: StudyRow, box: QRectF, look: Look) -> None:
    if row.kind == "study":
        painter.fillRect(box, palette.colour("base"))
        if look.hovered:
            painter.fillRect(box, _veil("raised", 120))
        return
    if look.current:
        painter.fillRect(box, palette.colour("raised"))
        bar = QRectF(box.left(), box.top(), _BAR * look.unit, box.height())
        painter.fillRect(bar, palette.colour("accent"))
    elif look.hovered:
        painter.fillRect(box, _veil("raised", 120))


def _veil(name: str, alpha: int) -> QColor:
    colour = palette.colour(name)
    colour.setAlpha(alpha)
    return colour


def _write(
    painter: QPainter,
    box: QRectF,
    text: str,
    look: Look,
    colour: str = "text",
    bold: bool = False,
    flags: Qt.AlignmentFlag = _LEFT,
    size: float = 1.0,
) -> None:
    """One line, with dots where it does not fit."""
    font = QFont(look.font)
    font.setPixelSize(max(1, round(font.pixelSize() * size)))
    font.setWeight(QFont.Weight.DemiBold if bold else QFont.Weight.Normal)
    painter.setFont(font)
    painter.setPen(palette.colour(colour))
    metrics = painter.fontMetrics()
    fitted = metrics.elidedText(text, Qt.TextElideMode.ElideRight, int(box.width()) + 1)
    painter.drawText(box, flags, fitted)


def _metrics(look: Look, size: float = 1.0, bold: bool = False) -> QFontMetricsF:
    font = QFont(look.font)
    font.setPixelSize(max(1, round(font.pixelSize() * size)))
    font.setWeight(QFont.Weight.DemiBold if bold else QFont.Weight.Normal)
    return QFontMetricsF(font)


def _paint_study(painter: QPainter, words: Words, box: QRectF, look: Look) -> None:
    unit = look.unit
    line = 18 * unit
    row = QRectF(box.left() + 24 * unit, box.top() + 6 * unit, 0, line)
    row.setRight(box.right() - _MARGIN * unit)
    _write(painter, row, words.title, look, bold=True)
    if words.detail:
        row.translate(0, line)
        _write(painter, row, words.detail, look, size=0.92)
    row.translate(0, line)
    _write(painter, row, words.date, look, "quiet", size=0.92)
    _write(painter, row, words.count, look, "quiet", flags=_RIGHT, size=0.92)


def _paint_series(painter: QPainter, words: Words, box: QRectF, look: Look) -> None:
    """The thumbnail; beside it badge and view, the description in two lines, the count."""
    unit = look.unit
    side = THUMBNAIL * unit
    frame = QRectF(box.left() + _MARGIN * unit + _BAR * unit, 0, side, side)
    frame.moveTop(box.top() + (box.height() - side) / 2)
    _paint_thumbnail(painter, frame, look)
    line = 19 * unit
    row = QRectF(frame.right() + _GAP * unit, box.top() + 5 * unit, 0, line)
    row.setRight(box.right() - _MARGIN * unit)
    stars = _paint_stars(painter, row, words.stars, look) if words.stars else 0.0
    badge = _paint_badge(painter, row, words.badge, look)
    detail = row.adjusted(badge + 6 * unit, 0, -stars, 0)
    _write(painter, detail, words.detail, look, "quiet", size=0.92)
    row.translate(0, line + unit)
    for text in broken(words.title, row.width(), _metrics(look, bold=look.current)):
        _write(painter, row, text, look, bold=look.current)
        row.translate(0, 17 * unit)
    row.translate(0, unit)
    row.setRight(row.right() - (20 * unit if look.opened is not None else 0))
    _write(painter, row, words.count, look, "accent" if look.current else "quiet", size=0.92)


def broken(text: str, width: float, metrics: QFontMetricsF) -> list[str]:
    """A text in one line, or in two, broken between words; the second takes what is left."""
    words = text.split()
    for count in range(len(words), 0, -1):
        first = " ".join(words[:count])
        if metrics.horizontalAdvance(first) <= width:
            return [first, *([" ".join(words[count:])] if count < len(words) else [])]
    return [text]


def _paint_thumbnail(painter: QPainter, frame: QRectF, look: Look) -> None:
    """The picture on black, whole, with round corners; what there is not, is said."""
    clip = QPainterPath()
    clip.addRoundedRect(frame, 4 * look.unit, 4 * look.unit)
    painter.save()
    painter.setClipPath(clip)
    painter.fillRect(frame, QColor(0, 0, 0))
    pixmap = look.thumbnail
    if pixmap is not None:
        ratio = pixmap.devicePixelRatio()
        shown = QRectF(0, 0, pixmap.width() / ratio, pixmap.height() / ratio)
        shown.moveCenter(frame.center())
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.drawPixmap(shown, pixmap, QRectF(pixmap.rect()))
    elif look.missing:
        painter.setFont(look.font)
        painter.setPen(QColor(148, 163, 184))
        painter.drawText(frame, Qt.AlignmentFlag.AlignCenter, "no\npicture")
    painter.restore()
    painter.setPen(QPen(palette.colour("accent" if look.current else "line"), 1.0))
    painter.drawPath(clip)


def _paint_badge(painter: QPainter, line: QRectF, text: str, look: Look) -> float:
    """At the left end of a line; how wide it is."""
    if not text:
        return 0.0
    unit = look.unit
    width = _metrics(look, 0.82, bold=True).horizontalAdvance(text) + 10 * unit
    plate = QRectF(line.left(), line.top() + 1.5 * unit, width, 16 * unit)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(palette.colour("line"))
    painter.drawRoundedRect(plate, 3 * unit, 3 * unit)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    centre = Qt.AlignmentFlag.AlignCenter
    _write(painter, plate, text, look, bold=True, flags=centre, size=0.82)
    return width


def _paint_stars(painter: QPainter, line: QRectF, count: int, look: Look) -> float:
    """At the right end of a line: a star, and how many where there are several; how wide."""
    unit, right = look.unit, line.right()
    if count > 1:
        text = str(count)
        _write(painter, line, text, look, "accent", bold=True, flags=_RIGHT, size=0.92)
        right -= _metrics(look, 0.92, bold=True).horizontalAdvance(text) + 4 * unit
    side = 14 * unit
    star = QRectF(right - side, line.center().y() - side / 2, side, side)
    paint_star(painter, star, palette.colour("accent"))
    return line.right() - star.left() + 4 * unit


def _paint_line(painter: QPainter, row: StudyRow, words: Words, box: QRectF, look: Look) -> None:
    """An image of a series that is opened, a heading, or a file that is not shown."""
    unit = look.unit
    indent = {"image": 30.0, "note": 16.0}.get(row.kind, _MARGIN)
    inner = box.adjusted(indent * unit, 0, -_MARGIN * unit, 0)
    if row.kind == "note":
        _paint_reason(painter, words.title, inner, look)
        return
    if words.stars:
        inner.setRight(inner.right() - _paint_stars(painter, inner, 1, look))
    if words.count:
        _write(painter, inner, words.count, look, "quiet", flags=_RIGHT, size=0.92)
        wide = _metrics(look, 0.92).horizontalAdvance(words.count)
        inner.setRight(inner.right() - wide - 6 * unit)
    heading = row.kind == "group"
    _write(painter, inner, words.title, look, "quiet" if heading else "text", bold=heading)


def _paint_reason(painter: QPainter, text: str, box: QRectF, look: Look) -> None:
    """A sentence in one line or two."""
    lines = broken(text, box.width(), _metrics(look, 0.92))
    line = 17 * look.unit
    row = QRectF(box.left(), box.center().y() - line * len(lines) / 2, box.width(), line)
    for part in lines:
        _write(painter, row, part, look, "quiet", size=0.92)
        row.translate(0, line)


def _paint_arrow(painter: QPainter, box: QRectF, look: Look) -> None:
    """Down for what is open, to the right for what is closed."""
    size = 4.0 * look.unit
    middle = box.center()
    points = (
        ((-1.0, -0.5), (0.0, 0.5), (1.0, -0.5))
        if look.opened
        else ((-0.5, -1.0), (0.5, 0.0), (-0.5, 1.0))
    )
    path = QPainterPath()
    for number, (x, y) in enumerate(points):
        at = QPointF(middle.x() + size * x, middle.y() + size * y)
        path.lineTo(at) if number else path.moveTo(at)
    pen = QPen(palette.colour("text" if look.hovered else "quiet"), 1.6 * look.unit)
    pen.setCapStyle(Qt.PenCapStyle.RoundCap)
    painter.setPen(pen)
    painter.drawPath(path)
