"""Do these tensors fit that network, and putting them in."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

COUNTER = "num_batches_tracked"  # of a batch norm; only training reads it


def misfit(network: nn.Module, tensors: Mapping[str, Tensor]) -> str:
    """In words, what keeps ``tensors`` from being the weights of ``network``; "" if nothing."""
    wanted = {
        name: value.shape
        for name, value in network.state_dict().items()
        if not name.endswith(COUNTER)
    }
    given = {name: value.shape for name, value in tensors.items() if not name.endswith(COUNTER)}
    missing = [name for name in wanted if name not in given]
    unexpected = [name for name in given if name not in wanted]
    if missing or unexpected:
        return f"missing {missing[:3]}, unexpected {unexpected[:3]}"
    for name, shape in wanted.items():
        if given[name] != shape:
            return (
                f"size mismatch: {name} is {tuple(given[name])} in the file and {tuple(shape)} in "
                "the network"
            )
        if not bool(torch.isfinite(tensors[name]).all()):
            return f"{name} holds values that are not finite numbers"
    return ""


def fill(network: nn.Module, tensors: Mapping[str, Tensor]) -> nn.Module:
    """Give ``network``, which may be without memory, these weights in single precision."""
    fitting = {name: value.float() for name, value in tensors.items() if not name.endswith(COUNTER)}
    counters = {
        name: torch.zeros((), dtype=torch.int64)
        for name in network.state_dict()
        if name.endswith(COUNTER)
    }
    network.load_state_dict({**fitting, **counters}, strict=True, assign=True)
    return network.eval()
