"""Pictures that are kept between two paintings, each at the resolution of what it is painted on."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, wait
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPoint, QRect, QRectF
from PySide6.QtGui import QImage, QPainter, QTransform

_MOST = 9_000_000  # device pixels of one picture: a screen of 4K
_ROOM = 1.5  # areas that are seen, of what is painted whole
_SPARE = 1_000_000  # device pixels that an image may be too large by
_NOT_AWAY = QPoint(0, 0)
_CLEAR = QImage.Format.Format_ARGB32_Premultiplied

Draw = Callable[[QPainter], None]
Fill = Callable[[NDArray[np.uint32], QRect], None]
"""Gives each pixel of an array (h, w), which lies at a place (device pixels), its 0xAARRGGBB, whose
parts are times alpha."""


@dataclass(frozen=True, eq=False)
class Key:
    """What a picture depends on: objects that must be the same ones, and values."""

    objects: tuple[object, ...]
    values: tuple[Any, ...]

    def like(self, other: Key) -> bool:
        return (
            len(self.objects) == len(other.objects)
            and all(a is b for a, b in zip(self.objects, other.objects, strict=True))
            and self.values == other.values
        )


class KeptPicture:
    """A picture of a part of a device, made anew when its key changes, else painted as it is.

    Whether it was kept makes no difference to what is painted. The painters are to have no
    transform of their own but the device's ratio.
    """

    def __init__(self, opaque: bool = False) -> None:
        self._form = QImage.Format.Format_RGB32 if opaque else _CLEAR
        self._kept: tuple[Key, QRect] | None = None
        self._memory: NDArray[np.uint32] = np.empty(0, np.uint32)
        self._image = QImage()  # in that memory
        self._ratio = 1.0
        self._filling: Future[None] | None = None

    def paint(
        self,
        painter: QPainter,
        area: QRectF,
        key: Key,
        *,
        fill: Fill | None = None,
        draw: Draw | None = None,
        away: QPoint = _NOT_AWAY,
    ) -> None:
        """Make it, if need be, and show it."""
        self.make(painter.device().devicePixelRatioF(), area, key, fill=fill, draw=draw)
        self.show(painter, away)

    def make(
        self,
        ratio: float,
        area: QRectF,
        key: Key,
        *,
        fill: Fill | None = None,
        draw: Draw | None = None,
        helper: Executor | None = None,
    ) -> None:
        """A picture of an ``area`` (logical pixels, ``ratio`` device pixels each): what ``fill``
        gives all of its pixels, or nothing, with what ``draw`` paints over it. A ``helper`` fills
        it meanwhile; that is waited for when it is shown."""
        self._ratio = ratio
        if self.holds(ratio, area, key):
            return
        place = device_area(area, ratio)
        if self._filling is not None:  # with what is not wanted any more
            wait([self._filling])
        self._filling = self._kept = None
        if place.isEmpty():
            return
        pixels = self._blank(place)
        if fill is None:
            pixels.fill(0)
        elif helper is None:
            fill(pixels, place)
        else:
            self._filling = helper.submit(fill, pixels, place)
        if draw is not None:
            _draw(self._image, place, ratio, draw)
        self._kept = (key, place)

    def holds(self, ratio: float, area: QRectF, key: Key) -> bool:
        """Whether it is that picture already, or a helper is at work on it and has not failed."""
        kept, filling = self._kept, self._filling
        if kept is None or kept[1] != device_area(area, ratio) or not kept[0].like(key):
            return False
        return filling is None or not filling.done() or filling.exception() is None

    def give_up(self) -> None:
        """It is not wanted any more: a helper that has not begun with it need not."""
        if self._filling is not None and self._filling.cancel():
            self._filling = self._kept = None

    def show(self, painter: QPainter, away: QPoint = _NOT_AWAY, opacity: float = 1.0) -> None:
        """Paint it, so many device pixels ``away``, over what is there with ``opacity``."""
        self._finish()
        if self._kept is None:
            return
        at = self._kept[1].topLeft() + away
        if self._ratio == 1 and opacity == 1:
            painter.drawImage(at, self._image)
            return
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, False)
        painter.scale(1 / self._ratio, 1 / self._ratio)
        painter.setOpacity(opacity)
        painter.drawImage(at, self._image)
        painter.restore()

    def _finish(self) -> None:
        """Wait for the helper, if one is at work."""
        if self._filling is not None:
            filling, self._filling = self._filling, None
            try:
                filling.result()
            except BaseException:
                self._kept = None
                raise

    def _blank(self, place: QRect) -> NDArray[np.uint32]:
        """The pixels of an image, of anything, in memory that is used again where it can be: the
        pages of new memory cost more than painting. If it is much too large, it is given back."""
        width, height = place.width(), place.height()
        count = width * height
        self._image = QImage()
        if not count <= self._memory.size <= 2 * count + _SPARE:
            self._memory = np.empty(count + count // 2, np.uint32)  # zooming takes more and more
        self._image = QImage(self._memory.data, width, height, 4 * width, self._form)
        return self._memory[:count].reshape(height, width)


def _draw(image: QImage, place: QRect, ratio: float, draw: Draw) -> None:
    own = QPainter(image)
    try:
        own.translate(-place.left(), -place.top())
        own.scale(ratio, ratio)
        draw(own)
    finally:  # an image that goes while it is painted takes the program with it
        own.end()


def device_area(area: QRectF, ratio: float) -> QRect:
    """The device pixels that an area of logical ones touches."""
    left, top = math.floor(area.left() * ratio), math.floor(area.top() * ratio)
    right, bottom = math.ceil(area.right() * ratio), math.ceil(area.bottom() * ratio)
    return QRect(left, top, max(0, right - left), max(0, bottom - top))


def strips(area: QRectF, ratio: float) -> Iterator[QRectF]:
    """An area (logical pixels) in level strips, none of more pixels than a large screen: an export
    of any size then needs no more memory than that."""
    whole = device_area(area, ratio)
    rows = max(1, _MOST // max(1, whole.width()))
    if rows >= whole.height():
        yield area
        return
    for top in range(whole.top(), whole.top() + whole.height(), rows):
        strip = QRectF(area)
        strip.setTop(max(area.top(), top / ratio))
        strip.setBottom(min(area.bottom(), (top + rows) / ratio))
        yield strip


@dataclass(frozen=True, eq=False)
class Steady:
    """A transform (frame → logical pixels) without the whole device pixels that it moves by, which
    are ``away``: what is painted through it stays as it is while it is only moved."""

    transform: QTransform
    away: QPoint
    ratio: float
    numbers: tuple[float, ...]
    """Those of the transform."""

    @classmethod
    def of(cls, transform: QTransform, ratio: float) -> Steady:
        return _steady(numbers(transform), ratio)

    def moved(self, area: QRectF) -> QRectF:
        """An area of the painter as it lies for the steady transform."""
        return area.translated(-self.away.x() / self.ratio, -self.away.y() / self.ratio)

    def reach(self, bounds: QRectF, area: QRectF) -> QRectF:
        """What of ``bounds`` to paint where ``area`` is seen: all of it while that is not much
        more, so that it is still there when it is moved."""
        seen = bounds.intersected(area)
        if seen.isEmpty():
            return QRectF()
        room = _ROOM * area.width() * area.height()
        return bounds if bounds.width() * bounds.height() <= room else seen


@lru_cache(maxsize=16)
def _steady(of: tuple[float, ...], ratio: float) -> Steady:
    """That of a transform with these numbers; several pictures of one painting ask for the same."""
    x, left = _parts(of[4] * ratio)
    y, top = _parts(of[5] * ratio)
    rest = (*of[:4], x / ratio, y / ratio)
    return Steady(QTransform(*rest), QPoint(left, top), ratio, rest)


def _parts(place: float) -> tuple[float, int]:
    """What is left of whole device pixels, without the noise of computing, and these."""
    whole = math.floor(place)
    rest = round(place - whole, 6)
    return (0.0, whole + 1) if rest >= 1.0 else (rest, whole)


def numbers(transform: QTransform) -> tuple[float, ...]:
    """Those of a transform that only moves, turns and scales: equal for equal ones."""
    return (
        transform.m11(),
        transform.m12(),
        transform.m21(),
        transform.m22(),
        transform.dx(),
        transform.dy(),
    )


def edges(area: QRectF) -> tuple[float, float, float, float]:
    """Left, top, right, bottom."""
    return (area.left(), area.top(), area.right(), area.bottom())
