"""Maps as they are shown by default: what a reader judges, and so what evidence is about."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from engine.explainer import Explainer
from engine.geometry import InputGeometry
from engine.results import LayerResponse
from engine.smoothing import smooth, smoothing_width


def shown_maps(
    explainer: Explainer, maps: Sequence[NDArray[np.float32]], geometry: InputGeometry
) -> list[NDArray[np.float64]]:
    """Raw maps [S, S] of all explained layers → positive, smoothed by each layer's own width,
    without the padding: float64 [h, w]."""
    found = []
    for number, (step, values) in enumerate(zip(explainer.layer_steps, maps, strict=True)):
        native = explainer.graph.steps[step].shape
        layer = LayerResponse(
            explainer.layers[number], number + 1, (native[1], native[2], native[3]), values
        )
        smoothed = smooth(np.maximum(values, 0), smoothing_width(layer, 1.0))
        found.append(geometry.crop(smoothed).astype(np.float64))
    return found
