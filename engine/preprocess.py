"""The one way from an image to the model's input, for training, evaluation and use.

Grey values (bone white) → area-averaged fit into a square, aspect kept → stretch of the 0.5 to
99.5 percentile of the fitted image to 0…1 → centred on black → (value - mean) / std. The stretch
makes the input independent of how the window of the file happened to be set.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from engine.errors import RequestError
from engine.geometry import InputGeometry

LOW_PERCENTILE, HIGH_PERCENTILE = 0.5, 99.5
_FLAT = 1e-5  # a range below this share of the values is rounding, not content


def fit_to_square(
    grey: NDArray[Any], side: int, aspect_ratio: float = 1.0
) -> tuple[NDArray[np.float32], InputGeometry]:
    """Grey image (H, W) of any real dtype, bone white → (side, side) float32 in 0…1.

    Outside the fitted frame the result is 0 (black). Raises :class:`RequestError` for an image
    that is empty, not two-dimensional or not finite.
    """
    if grey.ndim != 2 or grey.size == 0:
        raise RequestError(f"the image has the shape {grey.shape}; a grey image (H, W) is needed")
    values = torch.from_numpy(np.array(grey, np.float32, order="C"))[None, None]  # a copy: writable
    if not bool(torch.isfinite(values).all()):
        raise RequestError("the image holds values that are not finite numbers")
    geometry = InputGeometry.fit((grey.shape[0], grey.shape[1]), side, aspect_ratio)
    fitted = F.interpolate(
        values, geometry.fitted_size, mode="bilinear", align_corners=False, antialias=True
    )[0, 0].numpy()
    low, high = np.percentile(fitted, (LOW_PERCENTILE, HIGH_PERCENTILE))
    if high - low > _FLAT * float(np.abs(fitted).max()):
        fitted = np.clip((fitted - low) / (high - low), 0.0, 1.0)
    else:
        fitted = np.zeros_like(fitted)
    square = np.zeros((side, side), np.float32)
    (x, y), (height, width) = geometry.offset, geometry.fitted_size
    square[y : y + height, x : x + width] = fitted
    return square, geometry


def normalise(square: Tensor, mean: float, std: float) -> Tensor:
    """Values in 0…1, any shape → what the network reads."""
    return (square - mean) / std
