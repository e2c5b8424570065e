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


def untrained(
    network: nn.Module, inputs: Sequence[Tensor], seed: int, share: float = 1.0
) -> nn.Module:
    """A copy that never learnt anything: weights as before training, drawn with ``seed``; with
    ``share`` below 1 only that share of its modules, from the last one up (the cascade of Adebayo
    2018, arXiv 1810.03292), in the order in which the network names them.

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
        holders = _holders(fresh)
        first = len(holders) - max(1, round(share * len(holders)))
        for module, tables in holders[first:]:
            _forget(module, tables)
        fresh.to(place)
        modules = list(fresh.modules())
        _measure_batch_norms(fresh, modules[modules.index(holders[first][0]) :], inputs)
    return fresh.eval()


def _holders(network: nn.Module) -> list[tuple[nn.Module, list[Tensor]]]:
    """Modules that hold what was learnt, each with it: parameters, or tables if there are none."""
    found: list[tuple[nn.Module, list[Tensor]]] = [
        (module, list(module.parameters(recurse=False))) for module in network.modules()
    ]
    if not any(tables for _, tables in found):
        found = [
            (module, [table])
            for module in network.modules()
            for table in module.buffers(recurse=False)
            if table.ndim > 1 and table.is_floating_point()
        ]
    return [(module, tables) for module, tables in found if tables]


def _forget(module: nn.Module, tables: Sequence[Tensor]) -> None:
    draw = getattr(module, "reset_parameters", None)
    if callable(draw):
        draw()
        return
    for table in tables:
        mixed = table.flatten()[torch.randperm(table.numel())]
        table.copy_(mixed.view_as(table))


def _measure_batch_norms(
    network: nn.Module, modules: Sequence[nn.Module], inputs: Sequence[Tensor]
) -> None:
    """Mean and spread anew for the batch norms among ``modules``."""
    norms = [
        module
        for module in modules
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
