"""Text on translucent dark plates, kept as pictures: laying out and drawing the same lines anew for
every frame takes longer than the scan."""

from __future__ import annotations

import math
from functools import lru_cache

from PySide6.QtCore import QPoint, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QImage, QPainter

from viewer.canvas.fonts import face
from viewer.canvas.kept import device_area

_PLATE = QColor(0, 0, 0, 160)
_KEPT = 64


def paint(
    painter: QPainter, box: QRectF, flags: Qt.AlignmentFlag, text: str, unit: float, colour: QColor
) -> None:
    """``text`` in the painter's font, which :mod:`viewer.canvas.fonts` made, where ``flags`` put it
    in ``box`` (logical pixels), on a plate of its own. The painter is to have no transform but the
    device's ratio."""
    ratio = painter.device().devicePixelRatioF()
    left, top = math.floor(box.left() * ratio), math.floor(box.top() * ratio)
    rest = round(box.left() - left / ratio, 6), round(box.top() - top / ratio, 6)
    size = box.width(), box.height()
    font = painter.font()
    kind = font.pixelSize(), font.weight() > QFont.Weight.Normal
    plate, away = _plate(text, kind, flags.value, colour.rgba(), unit, ratio, (*rest, *size))
    if ratio == 1:
        painter.drawImage(QPoint(left, top) + away, plate)
        return
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, False)
    painter.scale(1 / ratio, 1 / ratio)
    painter.drawImage(QPoint(left, top) + away, plate)
    painter.restore()


@lru_cache(maxsize=_KEPT)
def _plate(
    text: str,
    kind: tuple[int, bool],
    flags: int,
    colour: int,
    unit: float,
    ratio: float,
    box: tuple[float, float, float, float],
) -> tuple[QImage, QPoint]:
    """The picture, and where its corner is from that of the box, in device pixels. ``box`` is
    (left, top, width, height), less than a device pixel from 0. Not to be changed."""
    font = face(*kind)
    where, how = QRectF(*box), Qt.AlignmentFlag(flags)
    scratch = QImage(1, 1, QImage.Format.Format_ARGB32_Premultiplied)
    probe = QPainter(scratch)
    try:
        probe.scale(ratio, ratio)
        probe.setFont(font)
        found = probe.boundingRect(where, how, text)
    finally:
        probe.end()
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
