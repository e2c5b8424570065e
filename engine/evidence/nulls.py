"""Maps that know nothing of the model: what agreement with landmarks is worth without one."""

from __future__ import annotations

import copy
from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

_AT_ONCE = 8  # images: batch norm needs more than one value of each channel
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
    if min(grey.shape) < 2:
        return np.zeros(grey.shape)
    down, across = np.gradient(grey.astype(np.float64))
    return np.asarray(np.hypot(down, across))


def untrained(network: nn.Module, inputs: Sequence[Tensor], seed: int) -> nn.Module:
    """A copy that never learnt anything: weights as before training, drawn with ``seed``.

    Modules that know how to draw their weights do so; any other parameter has its values permuted,
    which keeps their distribution, and so have the tables of a network without parameters (ONNX).
    What batch norm takes for mean and spread is measured on ``inputs`` ([n, C, S, S] each), as
    training would have done: without it the signal of a deep network dies out or explodes. Draws
    from a generator of its own: the caller's is left alone.
    """
    place = next(iter(network.state_dict().values())).device
    fresh = copy.deepcopy(network).cpu()
    with torch.random.fork_rng(devices=[]), torch.no_grad():
        torch.default_generator.manual_seed(seed)
        drawn: set[int] = set()
        for module in fresh.modules():
            reset = getattr(module, "reset_parameters", None)
            if callable(reset):
                reset()
                drawn |= {id(parameter) for parameter in module.parameters(recurse=False)}
        tables: list[Tensor] = list(fresh.parameters())
        if not tables:
            tables = [
                item for item in fresh.buffers() if item.ndim > 1 and item.is_floating_point()
            ]
        for table in tables:
            if id(table) not in drawn:
                mixed = table.flatten()[torch.randperm(table.numel())]
                table.copy_(mixed.view_as(table))
        fresh.to(place)
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
        together = torch.cat(list(inputs))
        for batch in together.tensor_split(max(1, len(together) // _AT_ONCE)):
            network(batch)
