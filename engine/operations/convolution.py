"""Convolution, and its adjoint: the fractionally strided convolution with the same weights."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from engine.operations.base import Way

Pair = tuple[int, int]


def _pair(value: int | Sequence[int]) -> Pair:
    if isinstance(value, int):
        return (value, value)
    first, second = value
    return (first, second)


def _channels_last(maps: Tensor) -> Tensor:
    return maps.contiguous(memory_format=torch.channels_last)


@dataclass(frozen=True, eq=False)
class Convolution:
    """2-D convolution; ``weight`` [out, in / groups, kh, kw], ``bias`` [out] or None.

    Maps and weights are held channels-last: on a CPU both ways are two to five times faster.
    """

    weight: Tensor
    bias: Tensor | None
    stride: Pair
    padding: Pair
    dilation: Pair
    groups: int

    @classmethod
    def from_module(cls, module: nn.Conv2d) -> Convolution:
        if module.padding_mode != "zeros" or isinstance(module.padding, str):
            raise ValueError(f"padding {module.padding!r} in mode {module.padding_mode!r}")
        return cls(
            module.weight.detach().contiguous(memory_format=torch.channels_last),
            None if module.bias is None else module.bias.detach(),
            _pair(module.stride),
            _pair(module.padding),
            _pair(module.dilation),
            module.groups,
        )

    def scaled(self, scale: Tensor, shift: Tensor) -> Convolution:
        """The same convolution followed by ``y * scale + shift`` per output channel."""
        bias = shift if self.bias is None else self.bias * scale + shift
        return Convolution(
            self.weight * scale.view(-1, 1, 1, 1),
            bias,
            self.stride,
            self.padding,
            self.dilation,
            self.groups,
        )

    def forward(self, *inputs: Tensor) -> tuple[Tensor, Pair]:
        (maps,) = inputs
        out = F.conv2d(
            _channels_last(maps),
            self.weight,
            self.bias,
            self.stride,
            self.padding,
            self.dilation,
            self.groups,
        )
        return out, (maps.shape[2], maps.shape[3])

    def back(self, signal: Tensor, record: Pair, way: Way) -> tuple[Tensor]:
        """The transposed convolution onto the recorded input size.

        ``output_padding`` is what the forward pass dropped: (n + 2p - d(k - 1) - 1) mod s.
        """
        sides = zip(
            record,
            self.padding,
            self.dilation,
            self.weight.shape[2:],
            self.stride,
            strict=True,
        )
        output_padding = [(n + 2 * p - d * (k - 1) - 1) % s for n, p, d, k, s in sides]
        return (
            torch.conv_transpose2d(
                _channels_last(signal),
                self.weight,
                None,
                self.stride,
                self.padding,
                output_padding,
                self.groups,
                self.dilation,
            ),
        )
