"""A kernel's map as it is shown: large in the place of its layer's, and small over the scan."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from engine.geometry import InputGeometry
from engine.results import Explanation, KernelMaps, KernelScore, LayerResponse
from viewer.render.overlay import OverlayMaker, colourise, shown_values

Sign = Literal["positive", "negative", "dead"]
_TILE_SIDE = 104  # pixels that the long side of a tile has at least, if the map has as many


@dataclass(frozen=True, eq=False)
class KernelChosen:
    """A kernel of a layer with its raw signed map, float32 [S, S] in model input space."""

    layer: str
    kernel: int
    values: NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class KernelTile:
    """A kernel's map in small: ``values`` float32 (h, w) are its positive part over the frame,
    smoothed by the layer's own width. ``sign`` says whether there is a positive part: a map is
    ``negative`` without one and ``dead`` where it is zero everywhere."""

    score: KernelScore
    values: NDArray[np.float32]
    sign: Sign


def kernel_maker(explanation: Explanation, chosen: KernelChosen) -> OverlayMaker:
    """Overlays of one kernel's map, named "kernel 17 of blocks.9", its range its own."""
    layer = next(item for item in explanation.layers if item.name == chosen.layer)
    response = _response(layer, chosen.kernel, chosen.values)
    return OverlayMaker(replace(explanation, layers=(response,)))


def kernel_tiles(
    maps: KernelMaps,
    scores: tuple[KernelScore, ...],
    layer: LayerResponse,
    geometry: InputGeometry,
) -> tuple[KernelTile, ...]:
    """Tiles of the maps of a layer's kernels; ``scores`` are theirs, in the same order."""
    return tuple(
        _tile(score, _response(layer, score.kernel, values), geometry)
        for score, values in zip(scores, maps.values, strict=True)
    )


def blended(
    values: NDArray[np.float32], colour_map: str, grey: NDArray[np.uint8]
) -> NDArray[np.uint8]:
    """A map (h, w) from 0 to its own maximum over the scan (h, w), RGB uint8. It fades in with its
    value, so that a small picture needs no threshold to be read."""
    maximum = float(values.max(initial=0.0))
    share = values / maximum if maximum > 0 else np.zeros_like(values)
    weight = 0.9 * np.clip(share, 0, 1)[..., None] ** 0.8
    colours = colourise(values, maximum, colour_map)
    return np.asarray(np.rint(grey[..., None] * (1 - weight) + colours * weight), np.uint8)


def _response(layer: LayerResponse, kernel: int, values: NDArray[np.float32]) -> LayerResponse:
    native = (1, *layer.native_shape[1:])
    return replace(
        layer, name=f"kernel {kernel} of {layer.name}", native_shape=native, values=values
    )


def _tile(score: KernelScore, response: LayerResponse, geometry: InputGeometry) -> KernelTile:
    raw = geometry.crop(response.values)
    sign: Sign = "positive" if (raw > 0).any() else "negative" if raw.any() else "dead"
    return KernelTile(score, _smaller(shown_values(response, geometry, 1.0)), sign)


def _smaller(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Means of square blocks; what is left over at the right and below is cut off."""
    height, width = values.shape
    step = min(max(1, max(height, width) // _TILE_SIDE), height, width)
    rows, columns = height // step, width // step
    blocks = values[: rows * step, : columns * step].reshape(rows, step, columns, step)
    return np.asarray(blocks.mean(axis=(1, 3)), np.float32)
