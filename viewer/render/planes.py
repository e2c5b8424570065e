"""The overlay planes of a frame as one layer of ink, at the resolution of the screen."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from viewer.dicom.planes import Plane

FULL, TINT = 255, 56
"""Ink of graphics and of edges of regions, and of what lies inside a region."""


def ink(planes: Sequence[Plane], size: tuple[int, int]) -> NDArray[np.uint8]:
    """(height, width) uint8 for a frame of that size: 0 bare, ``TINT`` or ``FULL``.

    Regions of interest are tinted inside their edges, so that they hide nothing.
    """
    layer = np.zeros(size, np.uint8)
    for plane in planes:
        placed = plane.on(size)
        layer[placed & (layer == 0)] = TINT
        layer[_edges(placed) if plane.kind == "R" else placed] = FULL
    return layer


def level_for(scale: float) -> int:
    """The smallest level whose pixels are at least screen pixels at ``scale`` (screen pixels per
    frame pixel), so that none of them is skipped."""
    return max(0, math.ceil(-math.log2(scale) - 1e-6)) if scale > 0 else 0


def reduced(layer: NDArray[np.uint8], level: int) -> NDArray[np.uint8]:
    """The layer reduced by 2ⁿ, rounded up: the most ink of each block, so that no line is lost."""
    block = 2**level
    height, width = layer.shape
    padded = np.pad(layer, ((0, -height % block), (0, -width % block)))
    rows, columns = padded.shape
    blocks = padded.reshape(rows // block, block, columns // block, block)
    return np.asarray(blocks.max(axis=(1, 3)), np.uint8)


def _edges(region: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The pixels of a region that have a neighbour outside it; beyond the frame nothing counts."""
    wide = np.pad(region, 1, mode="edge")
    inside = wide[:-2, 1:-1] & wide[2:, 1:-1] & wide[1:-1, :-2] & wide[1:-1, 2:]
    return region & ~inside
