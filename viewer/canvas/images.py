"""Arrays of numbers as Qt's images."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtGui import QImage


def to_image(pixels: Any) -> QImage:
    """Grey uint8 (h, w), RGB uint8 (h, w, 3) or 0xffRRGGBB uint32 (h, w) → an image with memory of
    its own."""
    pixels = np.ascontiguousarray(pixels)
    if pixels.dtype == np.uint32:
        return over(pixels).copy()
    height, width = pixels.shape[:2]
    grey = pixels.ndim == 2
    form = QImage.Format.Format_Grayscale8 if grey else QImage.Format.Format_RGB888
    return QImage(pixels.data, width, height, pixels.strides[0], form).copy()


def over(pixels: NDArray[np.uint32]) -> QImage:
    """0xffRRGGBB uint32 (h, w), contiguous → an image in the same memory: it holds as long as the
    array does."""
    height, width = pixels.shape
    return QImage(pixels.data, width, height, pixels.strides[0], QImage.Format.Format_RGB32)
