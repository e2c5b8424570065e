"""A frame as a small picture, as it looks when it is opened."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from viewer.dicom.frame import Frame, default_window
from viewer.render.pyramid import Pyramid


def thumbnail(frame: Frame, side: int) -> NDArray[np.uint8]:
    """(h, w) uint8 grey, or (h, w, 3) RGB for a colour frame, its longer side ``side`` pixels at
    most; pixels are square in it. Overlay planes, in which names are written, are not in it."""
    height, width = frame.size
    tall = height * frame.aspect_ratio
    scale = min(1.0, side / max(width, tall))
    size = max(1, round(tall * scale)), max(1, round(width * scale))
    pyramid = Pyramid.of(frame)
    level = pyramid.level_for(scale * min(1.0, frame.aspect_ratio))
    return _resized(pyramid.shown(level, default_window(frame)), size)


def _resized(pixels: NDArray[Any], size: tuple[int, int]) -> NDArray[np.uint8]:
    """Means of blocks where it becomes smaller, repeated pixels where it becomes larger."""
    for axis, wanted in enumerate(size):
        length = pixels.shape[axis]
        starts = np.arange(wanted) * length // wanted
        counts = np.maximum(np.diff(starts, append=length), 1)
        total = np.add.reduceat(pixels, starts, axis=axis, dtype=np.int64)
        shape = [1] * pixels.ndim
        shape[axis] = wanted
        pixels = (total + counts.reshape(shape) // 2) // counts.reshape(shape)
    return pixels.astype(np.uint8)
