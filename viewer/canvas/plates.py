"""Text on translucent dark plates, kept as pictures: laying out and drawing the same lines anew for
every frame takes longer than the scan."""

from __future__ import annotations

import math
from functools import lru_cache

from PySide6.QtCore import QPoint, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QImage, QPainter

from viewer.canvas.fonts import TEXT_SIZE, face, pixels_of
from viewer.canvas.kept import device_area

_PLATE = QColor(0, 0, 0, 160)
_KEPT = 64

Look = tuple[int, bool, Qt.AlignmentFlag, int]
"""Height of the font in pixels, whether it is bold, where the text stands, its colour."""


def paint(
    painter: QPainter,
    box: QRectF,
    flags: Qt.AlignmentFlag,
    text: str,
    unit: float,
    colour: QColor,
    size: float = TEXT_SIZE,
    bold: bool = False,
) -> None:
    """``text`` of ``size`` where ``flags`` put it in ``box`` (logical pixels), on a plate of its
    own. The painter is to have no transform but the device's ratio."""
    ratio = painter.device().devicePixelRatioF()
    look = pixels_of(unit, size), bold, flags, colour.rgba()
    plate, place = _placed(text, look, unit, ratio, box.getRect())
    if ratio == 1:
        painter.drawImage(place, plate)
        return
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, False)
    painter.scale(1 / ratio, 1 / ratio)
    painter.drawImage(place, plate)
    painter.restore()


@lru_cache(maxsize=_KEPT)
def _placed(
    text: str, look: Look, unit: float, ratio: float, box: tuple[float, float, float, float]
) -> tuple[QImage, QPoint]:
    """The picture, and the device pixel of its corner. Not to be changed."""
    left, top, width, height = box
    column, row = math.floor(left * ratio), math.floor(top * ratio)
    rest = round(left - column / ratio, 6), round(top - row / ratio, 6)
    plate, away = _plate(text, look, unit, ratio, (*rest, width, height))
    return plate, QPoint(column, row) + away


@lru_cache(maxsize=_KEPT)
def _plate(
    text: str, look: Look, unit: float, ratio: float, box: tuple[float, float, float, float]
) -> tuple[QImage, QPoint]:
    """The picture, and where its corner is from that of the box, in device pixels. ``box`` is
    (left, top, width, height), less than a device pixel from 0. Not to be changed."""
    pixels, bold, how, colour = look
    font, where = face(pixels, bold), QRectF(*box)
    found = QFontMetricsF(font).boundingRect(where, how.value, text)
    place = device_area(found.adjusted(-4 * unit, -unit, 4 * unit, unit), ratio)
    image = _ground(place.width(), place.height(), 3 * unit * ratio).copy()
    own = QPainter(image)
    try:
        own.translate(QPointF(-place.left(), -place.top()))
        own.scale(ratio, ratio)
        own.setFont(font)
        own.setPen(QColor.fromRgba(colour))
        own.drawText(where, how, text)
    finally:
        own.end()
    return image, QPoint(place.left(), place.top())


@lru_cache(maxsize=_KEPT)
def _ground(width: int, height: int, radius: float) -> QImage:
    """A plate of so many device pixels. Its round corners take longer than the words on it, which
    are others in every frame, but seldom longer or shorter."""
    image = QImage(width, height, QImage.Format.Format_ARGB32_Premultiplied)
    image.fill(0)
    own = QPainter(image)
    try:
        own.setRenderHint(QPainter.RenderHint.Antialiasing)
        own.setPen(Qt.PenStyle.NoPen)
        own.setBrush(_PLATE)
        own.drawRoundedRect(QRectF(0, 0, width, height), radius, radius)
    finally:
        own.end()
    return image
