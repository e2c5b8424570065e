"""Normalisation: with stored statistics a fixed scale and shift per channel, else by the image's
own mean and variance (layer, group and instance normalisation)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import torch
from torch import Tensor

from engine.operations.base import Operation, Signals, Way
from engine.operations.call import Call, Rows


@dataclass(frozen=True, eq=False)
class ChannelScale(Operation):
    """y = x * scale + shift, per channel [C]: batch normalisation in evaluation mode. On the way
    back the scale γ/√(σ² + ε) acts; taking it for the identity would break adjointness."""

    scale: Tensor
    shift: Tensor
    takes_parts = True

    @classmethod
    def from_statistics(
        cls,
        gamma: Tensor | None,
        beta: Tensor | None,
        mean: Tensor,
        variance: Tensor,
        epsilon: float,
    ) -> ChannelScale:
        scale = 1 / torch.sqrt(variance + epsilon)
        scale = scale if gamma is None else gamma * scale
        return cls(scale, -mean * scale if beta is None else beta - mean * scale)

    def forward(self, *inputs: Tensor) -> tuple[Tensor, None]:
        (maps,) = inputs
        return maps * _across(self.scale, maps) + _across(self.shift, maps), None

    def push(self, signals: Signals, record: None, way: Way) -> Tensor | None:
        (signal,) = signals
        return None if signal is None else signal * _across(self.scale, signal)

    def back(self, signal: Tensor, record: None, way: Way) -> Signals:
        return (signal * _across(self.scale, signal),)


@dataclass(frozen=True, eq=False)
class OwnStatistics(Operation):
    """(x - mean) / √(variance + ε) * weight + bias over groups of values of one image.

    ``grouped`` is the shape [G, n] in which each row is normalised together, groups in memory
    order; ``weight`` and ``bias`` broadcast against the input. Rules with slopes differentiate
    mean and variance, too; the others hold them constant.
    """

    grouped: tuple[int, int]
    weight: Tensor | None
    bias: Tensor | None
    epsilon: float

    def forward(self, *inputs: Tensor) -> tuple[Tensor, tuple[Tensor, Tensor, torch.Size]]:
        (maps,) = inputs
        rows = maps.reshape(1, *self.grouped)
        variance, mean = torch.var_mean(rows, -1, correction=0, keepdim=True)
        scale = torch.rsqrt(variance + self.epsilon)
        normal = (rows - mean) * scale
        out = normal.reshape(maps.shape)
        out = out if self.weight is None else out * self.weight
        return (out if self.bias is None else out + self.bias), (normal, scale, maps.shape)

    def push(self, signals: Signals, record: Any, way: Way) -> Tensor | None:
        (signal,) = signals
        if signal is None:
            return None
        normal, scale, shape = record
        rows = signal.reshape(len(signal), *self.grouped)
        if way.rule.slopes:
            rows = rows - rows.mean(-1, keepdim=True)
            rows = rows - normal * (normal * rows).mean(-1, keepdim=True)
        out: Tensor = (rows * scale).reshape(len(signal), *shape[1:])
        return out if self.weight is None else out * self.weight

    def input_shapes(self, record: Any) -> tuple[torch.Size, ...]:
        return (record[2],)


def _across(values: Tensor, maps: Tensor) -> Tensor:
    """[C] → [1, C, 1, …] for maps with any number of sides."""
    return values.view(1, -1, *(1,) * (maps.ndim - 2))


def _affine(call: Call, maps: Tensor) -> tuple[Tensor | None, Tensor | None]:
    """Weight and bias per channel, as they broadcast against the maps."""
    weight, bias = (call[name] for name in ("weight", "bias"))
    return (
        None if weight is None else _across(weight, maps),
        None if bias is None else _across(bias, maps),
    )


_ON_CARDS = ("cudnn_batch_norm", "miopen_batch_norm")


def _batch_norm(call: Call) -> Operation:
    maps = call.only("input")
    mean, variance = call.arguments.get("running_mean"), call.arguments.get("running_var")
    own = call.arguments.get("training", call.name == "_native_batch_norm_legit")
    eps = call.arguments["epsilon" if call.name in _ON_CARDS else "eps"]
    if own or mean is None or variance is None:
        grouped = (maps.shape[1], math.prod(maps.shape[2:]))
        weight, bias = _affine(call, maps)
        return OwnStatistics(grouped, weight, bias, eps)
    return ChannelScale.from_statistics(call["weight"], call["bias"], mean, variance, eps)


def _layer_norm(call: Call) -> Operation:
    maps = call.only("input")
    count = math.prod(call["normalized_shape"])
    if maps.ndim == len(call["normalized_shape"]):
        raise ValueError("it acts along the first axis, the batch")
    return OwnStatistics((maps.numel() // count, count), call["weight"], call["bias"], call["eps"])


def _group_norm(call: Call) -> Operation:
    maps, groups = call.only("input"), call["group"]
    weight, bias = _affine(call, maps)
    return OwnStatistics((groups, maps.numel() // groups), weight, bias, call["eps"])


ROWS: Rows = MappingProxyType(
    {
        "native_layer_norm": _layer_norm,
        "native_group_norm": _group_norm,
        **dict.fromkeys(
            (
                "native_batch_norm",
                *_ON_CARDS,
                "_native_batch_norm_legit",
                "_native_batch_norm_legit_no_training",
                "_batch_norm_no_update",
            ),
            _batch_norm,
        ),
    }
)
