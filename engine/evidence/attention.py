"""How much of the response lies on regions of one image, layer by layer ("attends to")."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.evidence.agreement import agreement
from engine.evidence.cases import mask_coverage
from engine.evidence.shown import shown_maps
from engine.explainer import Explainer, Observed
from engine.kernels import rank_by_region
from engine.responses import layer_maps
from engine.results import KernelScore, Method
from engine.rules import RULES

_KERNELS = 5


@dataclass(frozen=True, eq=False)
class Attention:
    """Of one region, per explained layer: ``mass``, the share of the response shown that lies on
    it, and ``lift``, that over its share of the area (1 is chance; NaN without any response).
    ``kernels`` are those whose maps have most of their mass there, over all layers, the strongest
    first; none for rules that are not linear, or if they were not asked for."""

    mass: tuple[float, ...]
    lift: tuple[float, ...]
    kernels: tuple[KernelScore, ...]


def attention(
    explainer: Explainer,
    observed: Observed,
    method: Method,
    target: int,
    masks: Sequence[NDArray[np.bool_]],
    with_kernels: bool = True,
) -> list[Attention]:
    """Attention to each of the ``masks`` [H, W] over the image's own pixels, in maps for the class
    number ``target``. A mask too small to cover any pixel of the input has NaN everywhere."""
    geometry = observed.geometry
    maps = shown_maps(
        explainer, layer_maps(explainer, observed.recording, method, target), geometry
    )
    found = []
    for mask in masks:
        region = mask_coverage(mask, geometry)
        if not region.any():
            nothing = (float("nan"),) * len(maps)
            found.append(Attention(nothing, nothing, ()))
            continue
        figures = [agreement(values, region) for values in maps]
        kernels = _kernels(explainer, observed, method, target, region) if with_kernels else ()
        mass, lift = (tuple(getattr(item, name) for item in figures) for name in ("mass", "lift"))
        found.append(Attention(mass, lift, kernels))
    return found


def _kernels(
    explainer: Explainer,
    observed: Observed,
    method: Method,
    target: int,
    region: NDArray[np.float64],
) -> tuple[KernelScore, ...]:
    """One forward pass of the region screens every kernel (the adjoint trick)."""
    if not RULES[method.rule].is_linear or method.seed not in ("full", "class"):
        return ()
    geometry = observed.geometry
    whole = np.zeros(observed.square.shape, np.float32)
    geometry.crop(whole)[...] = region
    name = explainer.identity.classes[target]
    return rank_by_region(explainer, observed, method, whole, explainer.layers, name)[:_KERNELS]
