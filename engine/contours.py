"""Contours of a map: polylines in pixel-corner coordinates, closed at the border of the map."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from contourpy import contour_generator
from numpy.typing import NDArray


def contours(values: NDArray[np.float32], level: float) -> list[NDArray[np.float64]]:
    """Lines around where ``values`` (H, W) exceed ``level``, sub-pixel by linear interpolation.

    Each line is float64 (n, 2) as (x, y) from the top-left corner of the first pixel; values sit
    at pixel centres. Regions that reach the border are closed along it, so that every line is a
    closed polygon; where all values exceed the level, that is the border itself.
    """
    if not level < float(values.max(initial=-np.inf)):
        return []
    x, y = _places(*values.shape)
    # the frame is crossed at once, so that lines close on the border
    framed = np.full(x.shape, np.nextafter(level, -np.inf))
    framed[1:-1, 1:-1] = values
    lines = contour_generator(x, y, framed).lines(level)
    return [np.asarray(line, np.float64) for line in lines]


@lru_cache(maxsize=4)
def _places(height: int, width: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Where the values of a map and of a frame around it sit, x and y, each (H + 2, W + 2): to lay
    them out takes as long as half of the contours. Not to be changed."""
    x = np.concatenate(([0.0], np.arange(width) + 0.5, [float(width)]))
    y = np.concatenate(([0.0], np.arange(height) + 0.5, [float(height)]))
    across, down = np.meshgrid(x, y)
    return across, down
