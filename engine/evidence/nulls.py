"""Maps that know nothing of the model: what agreement with landmarks is worth without one."""

from __future__ import annotations

import copy
from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

_CENTRE_WIDTH = 0.25  # σ of the centre map, as a share of each side


def centre_map(height: int, width: int) -> NDArray[np.float64]:
    """A Gaussian about the middle of the frame, σ a quarter of each side: [height, width].

    Photographs have their subject in the middle, and so do radiographs (Zhang 2018 gives the
    baseline with the pointing game).
    """
    down, across = (
        np.exp(-0.5 * (((np.arange(side) + 0.5) / side - 0.5) / _CENTRE_WIDTH) ** 2)
        for side in (height, width)
    )
    return np.outer(down, across)


def edge_map(grey: NDArray[np.floating]) -> NDArray[np.float64]:
    """The magnitude of the grey values' gradient (central differences): [H, W] → [H, W].

    Some methods are little more than edge detectors (Adebayo 2018, arXiv 1810.03292).
    """
    down, across = np.gradient(grey.astype(np.float64))
    return np.asarray(np.hypot(down, across))


def untrained(network: nn.Module, inputs: Sequence[Tensor], seed: int) -> nn.Module:
    """A copy that never learnt anything: weights as before training, drawn with ``seed``.

    Modules that know how to draw their weights do so; any other parameter has its values permuted,
    which keeps their distribution. What batch norm takes for mean and spread is measured on
    ``inputs`` ([n, C, S, S] each), as training would have done: without it the signal of a deep
    network dies out or explodes. Draws from a generator of its own: the caller's is left alone.
    """
    fresh = copy.deepcopy(network)
    with torch.random.fork_rng(devices=[]), torch.no_grad():
        torch.manual_seed(seed)
        drawn: set[int] = set()
        for module in fresh.modules():
            reset = getattr(module, "reset_parameters", None)
            if callable(reset):
                reset()
                drawn |= {id(parameter) for parameter in module.parameters(recurse=False)}
        for parameter in fresh.parameters():
            if id(parameter) not in drawn:
                mixed = parameter.flatten()[torch.randperm(parameter.numel())]
                parameter.copy_(mixed.view_as(parameter))
        _measure_batch_norms(fresh, inputs)
    return fresh.eval()


def _measure_batch_norms(network: nn.Module, inputs: Sequence[Tensor]) -> None:
    norms = [
        module
        for module in network.modules()
        if isinstance(module, nn.modules.batchnorm._BatchNorm) and module.track_running_stats
    ]
    network.eval()
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None  # the plain mean over all batches
        norm.train()
    if norms:
        for batch in inputs:
            network(batch)
