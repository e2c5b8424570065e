"""What of a frame lies under the pixels of a device: stored values, before any window."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPoint, QRect, QRectF
from PySide6.QtGui import QTransform

from viewer.canvas.scratch import Scratch
from viewer.canvas.view import scale_of
from viewer.render.pyramid import Pyramid
from viewer.render.resample import Affine, resampled

_SMOOTH_UP_TO = 6.0  # device pixels per frame pixel: beyond that they are seen as they are
_NOISE = 1e-6  # device pixels, of computing


@dataclass(frozen=True, eq=False)
class Sampled:
    """``values`` (h, w), or (h, w, 3) of colours, of the pixels ``inside``, which are counted from
    the corner of what was asked for."""

    values: NDArray[Any]
    inside: QRect


def sample(
    pyramid: Pyramid,
    transform: QTransform,
    ratio: float,
    place: QRect,
    memory: Scratch | None = None,
) -> Sampled | None:
    """The values for the device pixels of ``place``; ``transform`` takes frame points to logical
    ones, ``ratio`` device pixels each. None where the frame covers none of them. They are in
    ``memory``, if there is some."""
    height, width = pyramid.frame.size
    box = transform.mapRect(QRectF(0, 0, width, height))
    across = _covered(box.left() * ratio, box.right() * ratio, place.left(), place.width())
    down = _covered(box.top() * ratio, box.bottom() * ratio, place.top(), place.height())
    inside = QRect(across[0], down[0], across[1] - across[0], down[1] - down[0])
    if inside.isEmpty():
        return None
    scale = scale_of(transform) * ratio
    level = pyramid.level_for(max(scale, scale * pyramid.frame.aspect_ratio))
    pixels = pyramid.levels[level]
    rows, columns = pixels.shape[:2]
    start = place.topLeft() + inside.topLeft()
    origin = origin_of(transform, ratio, start, (height, width), (rows, columns))
    shape = (inside.height(), inside.width(), *pixels.shape[2:])
    memory, smooth = memory or Scratch(), scale <= _SMOOTH_UP_TO
    found = resampled(pixels, origin, memory.take(shape, pixels.dtype), smooth)
    if smooth and pyramid.padded:
        _keep_apart(pyramid, level, origin, found, memory)
    return Sampled(found, inside)


def _keep_apart(
    pyramid: Pyramid, level: int, origin: Affine, found: NDArray[Any], memory: Scratch
) -> None:
    """Take the nearest pixel where padding had its share in ``found``: what lies between a value
    and padding is neither, and would be a rim around the image."""
    nearest = memory.take(found.shape, found.dtype)
    resampled(pyramid.levels[level], origin, nearest, smooth=False)
    share = memory.take(found.shape, np.uint8)
    resampled(pyramid.padding_at(level), origin, share)
    np.copyto(found, nearest, where=(share > 0) | pyramid.frame.is_padding(found))


def origin_of(
    transform: QTransform,
    ratio: float,
    start: QPoint,
    size: tuple[int, int],
    pixels: tuple[int, int],
) -> Affine:
    """Where the device pixels from ``start`` on come from, in an array of (rows, columns) that
    covers a frame of ``size`` (height, width)."""
    return affine_of(
        QTransform.fromTranslate(start.x(), start.y())
        * QTransform.fromScale(1 / ratio, 1 / ratio)
        * transform.inverted()[0]
        * QTransform.fromScale(pixels[1] / size[1], pixels[0] / size[0])
    )


def affine_of(transform: QTransform) -> Affine:
    """A transform that only moves, turns and scales."""
    return (
        transform.m11(),
        transform.m21(),
        transform.dx(),
        transform.m12(),
        transform.m22(),
        transform.dy(),
    )


def _covered(start: float, end: float, origin: int, length: int) -> tuple[int, int]:
    """Those of ``length`` pixels from ``origin`` on whose middle lies between two places; of
    something narrower than a pixel the one that it lies in."""
    first = math.ceil(start - 0.5 - _NOISE)
    last = max(math.ceil(end - 0.5 - _NOISE), math.floor(start) + 1)
    first = min(first, last - 1)
    return min(max(0, first - origin), length), min(max(0, last - origin), length)
