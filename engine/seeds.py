"""Seeds: what is fed in at a layer before the signal is taken back to the image.

``activation`` is z_l, [1, K, *sides]; a seed is [n, K, *sides], one row for each map.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional as F


def full(activation: Tensor) -> Tensor:
    """z_l itself, one seed: the layer's whole response (CLEAR eq. 2)."""
    return activation


def uniform(activation: Tensor) -> Tensor:
    """One over the number of positions everywhere: what the mean of the layer hands down."""
    return torch.full_like(activation, 1 / activation[0, 0].numel())


def strongest_kernels(activation: Tensor, count: int) -> Tensor:
    """Indices [n] of the kernels with the largest summed activation, strongest first; kernels
    without a positive sum are dead for this image and are left out."""
    sums = activation[0].flatten(1).sum(1)
    best = sums.topk(min(count, len(sums)))
    return best.indices[best.values > 0]


def peaks_of(activation: Tensor) -> tuple[Tensor, Tensor]:
    """Of each kernel its strongest position, [K, axes] along the sides, and the activation there,
    [K]; the first in memory order where several are equal."""
    if activation.ndim == 4:  # six times faster on channels-last maps than argmax
        _, best = F.adaptive_max_pool2d(activation, 1, return_indices=True)
        best = best.flatten()
    else:
        best = activation[0].flatten(1).argmax(1)
    places = torch.stack(torch.unravel_index(best, activation.shape[2:]), 1)
    every = torch.arange(len(best), device=best.device)
    return places, activation[0][(every, *places.unbind(1))]


def peak(activation: Tensor, kernels: Tensor) -> Tensor:
    """One seed for each kernel: its strongest position alone, at its activation (the published
    code of attentive response maps, Nat. Commun. 9:2775)."""
    places, values = (item[kernels] for item in peaks_of(activation))
    seeds = activation.new_zeros(len(kernels), *activation.shape[1:])
    rows = torch.arange(len(kernels), device=activation.device)
    seeds[(rows, kernels, *places.unbind(1))] = values
    return seeds


def class_share(activation: Tensor, class_signal: Tensor) -> Tensor:
    """The layer's activation weighted by the class signal that arrives at it, [n, K, *sides]: the
    part of the response that speaks for the class. At a class layer, where the signal of a pooled
    logit is one over the number of positions on one kernel, this is CLEAR's eq. 3 up to that
    factor."""
    return activation * class_signal


def of_kernels(activation: Tensor, kernels: Tensor) -> Tensor:
    """One seed for each kernel: its own map alone. At a class layer these are the seeds of all
    class responses (CLEAR eq. 3)."""
    seeds = activation.new_zeros(len(kernels), *activation.shape[1:])
    rows = torch.arange(len(kernels), device=activation.device)
    seeds[rows, kernels] = activation[0, kernels]
    return seeds


def of_position(activation: Tensor, position: Sequence[int] | None, kernel: int | None) -> Tensor:
    """One seed: one position along the sides or (None) all, of one kernel or (None) of all."""
    places = [slice(None)] * (activation.ndim - 2) if position is None else list(position)
    where = (0, slice(None) if kernel is None else kernel, *places)
    seed = torch.zeros_like(activation)
    seed[where] = activation[where]
    return seed
