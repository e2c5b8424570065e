"""Seeds: what is fed in at a layer before the signal is taken back to the image.

``activation`` is z_l, [1, K, h, w]; a seed is [n, K, h, w].
"""

from __future__ import annotations

import torch
from torch import Tensor


def full(activation: Tensor) -> Tensor:
    """z_l itself, one seed: the layer's whole response (CLEAR eq. 2)."""
    return activation


def strongest_kernels(activation: Tensor, count: int) -> Tensor:
    """Indices [n] of the kernels with the largest summed activation, strongest first; kernels
    without a positive sum are dead for this image and are left out."""
    sums = activation[0].flatten(1).sum(1)
    best = sums.topk(min(count, len(sums)))
    return best.indices[best.values > 0]


def peak(activation: Tensor, count: int) -> Tensor:
    """One seed for each of the ``count`` strongest kernels: its strongest position alone, at its
    activation (the published code of attentive response maps, Nat. Commun. 9:2775)."""
    kernels = strongest_kernels(activation, count)
    seeds = activation.new_zeros(len(kernels), *activation.shape[1:])
    width = activation.shape[3]
    for row, kernel in enumerate(kernels.tolist()):
        place = int(activation[0, kernel].argmax())
        y, x = divmod(place, width)
        seeds[row, kernel, y, x] = activation[0, kernel, y, x]
    return seeds


def class_share(activation: Tensor, class_signal: Tensor) -> Tensor:
    """The layer's activation weighted by the class signal that arrives at it, [1, K, h, w]: the
    part of the response that speaks for the class. At the class layer, where the signal of a
    pooled logit is 1/(h·w) on one kernel, this is CLEAR's eq. 3 up to that factor."""
    return activation * class_signal


def single_kernels(activation: Tensor) -> Tensor:
    """One seed a kernel, [K, K, h, w]: the kernel's own map alone. At the class layer these are
    the seeds of all class responses (CLEAR eq. 3)."""
    count = activation.shape[1]
    mask = torch.eye(count, dtype=activation.dtype, device=activation.device)
    return activation * mask.view(count, count, 1, 1)
