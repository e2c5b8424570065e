"""Arrays of numbers as Qt's images."""

from __future__ import annotations

from typing import Any

import numpy as np
from PySide6.QtGui import QImage


def to_image(pixels: Any) -> QImage:
    """Grey uint8 (h, w) or RGB uint8 (h, w, 3) → an image with memory of its own."""
    pixels = np.ascontiguousarray(pixels)
    height, width = pixels.shape[:2]
    grey = pixels.ndim == 2
    form = QImage.Format.Format_Grayscale8 if grey else QImage.Format.Format_RGB888
    return QImage(pixels.data, width, height, pixels.strides[0], form).copy()
