"""Which PyTorch module or function becomes which operation: a row each, nothing else.

A thing without a row raises :class:`UnsupportedOperationError`; nothing is ever passed over.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import torch
from torch import nn
from torch.nn import functional as F

from engine.operations.base import Operation
from engine.operations.convolution import Convolution
from engine.operations.normalisation import ChannelScale
from engine.operations.pooling import AveragePool, GlobalAverage, MaxPool
from engine.operations.rectifier import Rectifier
from engine.operations.shape import Concatenation, Identity, Sum


def _adaptive(module: nn.AdaptiveAvgPool2d) -> GlobalAverage:
    if module.output_size not in (1, (1, 1)):
        raise ValueError(f"adaptive pooling to {module.output_size}")
    return GlobalAverage(keeps_sides=True)


MODULES: Mapping[type[nn.Module], Callable[[Any], Operation]] = MappingProxyType(
    {
        nn.Conv2d: Convolution.from_module,
        nn.BatchNorm2d: ChannelScale.from_module,
        nn.ReLU: lambda module: Rectifier(),
        nn.ReLU6: lambda module: Rectifier(6.0),
        nn.MaxPool2d: MaxPool.from_module,
        nn.AvgPool2d: AveragePool.from_module,
        nn.AdaptiveAvgPool2d: _adaptive,
        nn.Dropout: lambda module: Identity(),
        nn.Dropout2d: lambda module: Identity(),
        nn.Identity: lambda module: Identity(),
    }
)


def _mean(dim: Any = None, keepdim: bool = False, **options: Any) -> GlobalAverage:
    sides = dim if isinstance(dim, (tuple, list)) else ()
    if {side % 4 for side in sides} != {2, 3} or options:
        raise ValueError(f"mean over {dim} {options}; only the mean over both sides is known")
    return GlobalAverage(keepdim)


def _concatenation(*arguments: Any, **options: Any) -> Concatenation:
    axis = arguments[0] if arguments else options.get("dim", 0)
    if axis != 1:
        raise ValueError(f"concatenation along axis {axis}; only channels (1) are known")
    return Concatenation()


def _rectifier(*arguments: Any, **options: Any) -> Rectifier:
    return Rectifier()


def _sum(*arguments: Any, **options: Any) -> Sum:
    if arguments or options.get("alpha", 1) != 1:
        raise ValueError("addition with a factor or a constant")
    return Sum()


# Called with what follows the tensor arguments of the call.
FUNCTIONS: Mapping[Any, Callable[..., Operation]] = MappingProxyType(
    {
        torch.mean: _mean,
        "mean": _mean,
        torch.cat: _concatenation,
        torch.relu: _rectifier,
        F.relu: _rectifier,
        "relu": _rectifier,
        "relu_": _rectifier,
        F.relu6: lambda *_, **__: Rectifier(6.0),
        operator.add: _sum,
        operator.iadd: _sum,
        torch.add: _sum,
        "add": _sum,
        "add_": _sum,
    }
)
