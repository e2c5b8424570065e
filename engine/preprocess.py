"""The one way from an image to the model's input, for training, evaluation and use.

Grey values (bone white) → area-averaged fit into a square, aspect kept → stretch of the 0.5 to
99.5 percentile of the fitted image to 0…1 → centred on black → (value - mean) / std, the grey
repeated where a network reads colours. The stretch makes the input independent of how the window of
the file happened to be set.
"""

from __future__ import annotations

from collections.abc import Sequence
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
    values = checked(grey)
    geometry = InputGeometry.fit((grey.shape[0], grey.shape[1]), side, aspect_ratio)
    return stretched(shrunk(values, geometry), geometry), geometry


def checked(grey: NDArray[Any]) -> NDArray[np.float32]:
    """A copy of a grey image (H, W) as float32. Raises :class:`RequestError` for an image that is
    empty, not two-dimensional or not finite."""
    if grey.ndim != 2 or grey.size == 0:
        raise RequestError(f"the image has the shape {grey.shape}; a grey image (H, W) is needed")
    values = np.array(grey, np.float32, order="C")
    whole = grey.dtype.kind in "biu"  # whole numbers are finite
    if not whole and not bool(np.isfinite(values).all()):
        raise RequestError("the image holds values that are not finite numbers")
    return values


def shrunk(values: NDArray[np.float32], geometry: InputGeometry) -> NDArray[np.float32]:
    """The linear part of the way: an image (H, W) at the size that it has in the model's input."""
    image = torch.from_numpy(values)[None, None]
    fitted = F.interpolate(
        image, geometry.fitted_size, mode="bilinear", align_corners=False, antialias=True
    )
    return np.asarray(fitted[0, 0].numpy())


def stretched(fitted: NDArray[np.float32], geometry: InputGeometry) -> NDArray[np.float32]:
    """What :func:`shrunk` gives → (side, side) in 0…1, black outside the frame."""
    low, high = np.percentile(fitted, (LOW_PERCENTILE, HIGH_PERCENTILE))
    if high - low > _FLAT * float(np.abs(fitted).max()):
        fitted = np.clip((fitted - low) / (high - low), 0.0, 1.0)
    else:
        fitted = np.zeros_like(fitted)
    square = np.zeros((geometry.input_size, geometry.input_size), np.float32)
    (x, y), (height, width) = geometry.offset, geometry.fitted_size
    square[y : y + height, x : x + width] = fitted
    return square


def normalise(
    square: Tensor,
    mean: float | Sequence[float],
    std: float | Sequence[float],
    channels: int = 1,
) -> Tensor:
    """Grey values in 0…1 → what the network reads, (value - mean) / std.

    ``mean`` and ``std`` are one number, or one for each channel. With more than one channel
    ``square`` is [N, 1, H, W] and the grey is repeated: [N, ``channels``, H, W]; with one it may
    have any shape. Raises :class:`RequestError` if numbers and channels do not go together.
    """
    means, stds = _each(mean), _each(std)
    if not {len(means), len(stds)} <= {1, channels}:
        raise RequestError(f"{len(means)} means and {len(stds)} stds for {channels} channels")
    if channels == 1:
        return (square - means[0]) / stds[0]
    if square.ndim != 4 or square.shape[1] != 1:
        raise RequestError(
            f"grey images [N, 1, H, W] are needed for {channels} channels, not "
            f"{tuple(square.shape)}"
        )
    scale = [square.new_tensor(values).reshape(1, -1, 1, 1) for values in (means, stds)]
    return (square.expand(-1, channels, -1, -1) - scale[0]) / scale[1]


def _each(value: float | Sequence[float]) -> tuple[float, ...]:
    return tuple(value) if isinstance(value, Sequence) else (value,)
