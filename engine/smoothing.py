"""Smoothing for display: what hides the grid of a coarse layer. Raw maps stay as they are."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from engine.results import LayerResponse

_WIDTH_PER_STRIDE = 0.2  # Gaussian σ in input pixels for each pixel of the layer's stride
_LEAST_WIDTH = 1.0


def smoothing_width(layer: LayerResponse, factor: float) -> float:
    """σ in input pixels: a fifth of the layer's stride, at least one pixel, times ``factor``."""
    stride = layer.values.shape[0] / layer.native_shape[1]
    return float(factor * max(_LEAST_WIDTH, _WIDTH_PER_STRIDE * stride))


def smooth(values: NDArray[np.float32], sigma: float) -> NDArray[np.float32]:
    """Gaussian of ``sigma`` pixels, cut at 3 σ, zero outside; values (H, W) → (H, W).

    Separable, a slice a weight; matrix products would be shorter but bring the BLAS threads with
    them, which fight with the engine's for the cores.
    """
    if sigma <= 0:
        return values
    reach = max(1, round(3 * sigma))
    kernel = np.exp(-0.5 * (np.arange(reach + 1) / sigma) ** 2)
    kernel /= 2 * kernel.sum() - kernel[0]
    for _ in range(2):  # along the columns, turn, along the columns again, turn back
        length = values.shape[0]
        padded = np.pad(values, ((reach, reach), (0, 0)))
        total = padded[reach : reach + length] * np.float32(kernel[0])
        for away, weight in enumerate(kernel[1:].astype(np.float32), start=1):
            pair = padded[reach - away : reach - away + length]
            total += weight * (pair + padded[reach + away : reach + away + length])
        values = np.ascontiguousarray(total.T)
    return values
