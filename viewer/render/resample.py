"""Pixels of a frame at those of a screen: stored values are interpolated, and windowed afterwards,
so that window and level cost one look-up a screen pixel and nothing else."""

from __future__ import annotations

import math
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

_MOST = 8192  # pixels a side that are done at a time: OpenCV takes less than 32768
_AROUND = 2  # pixels that interpolation reaches for

Affine = tuple[float, float, float, float, float, float]
"""(a, b, c, d, e, f): the point (x, y) comes from (a x + b y + c, d x + e y + f). Points are pixels
from the corner of the first one, on both sides."""


def resampled(
    pixels: NDArray[Any], origin: Affine, found: NDArray[Any], smooth: bool = True
) -> NDArray[Any]:
    """Fill ``found`` (h, w, …) with what of ``pixels`` (h, w, …), of 8 or 16 bits and as many
    channels, is seen at each pixel: interpolated between the four nearest if ``smooth``, else the
    nearest. Beyond the edges the pixel at the edge goes on.
    """
    if pixels.dtype == np.int8:
        wider = np.empty(found.shape, np.int16)
        found[:] = resampled(pixels.astype(np.int16), origin, wider, smooth)
        return found
    how = cv2.INTER_LINEAR if smooth else cv2.INTER_NEAREST
    for top in range(0, found.shape[0], _MOST):
        for left in range(0, found.shape[1], _MOST):
            into = found[top : top + _MOST, left : left + _MOST]
            _warp(pixels, _moved(origin, left, top), into, how)
    return found


def _warp(source: NDArray[Any], origin: Affine, into: NDArray[Any], how: int) -> None:
    """Fill ``into`` from the part of the source that it needs."""
    a, b, c, d, e, f = origin
    height, width = into.shape[:2]
    corners = [(x, y) for x in (0, width) for y in (0, height)]
    across, down = zip(*((a * x + b * y + c, d * x + e * y + f) for x, y in corners), strict=True)
    left, right = _span(min(across), max(across), source.shape[1])
    top, bottom = _span(min(down), max(down), source.shape[0])
    # OpenCV counts from the middle of the first pixel
    matrix = np.array(
        [
            [a, b, c + (a + b - 1) / 2 - left],
            [d, e, f + (d + e - 1) / 2 - top],
        ]
    )
    cv2.warpAffine(
        source[top:bottom, left:right],
        matrix,
        (width, height),
        dst=into,
        flags=how | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REPLICATE,
    )


def _span(least: float, most: float, length: int) -> tuple[int, int]:
    """The pixels of a line that are reached, at least one."""
    first = min(max(0, math.floor(least) - _AROUND), length - 1)
    return first, max(first + 1, min(length, math.ceil(most) + _AROUND))


def _moved(origin: Affine, x: int, y: int) -> Affine:
    """The same for an image that begins at (x, y)."""
    a, b, c, d, e, f = origin
    return a, b, a * x + b * y + c, d, e, d * x + e * y + f
