"""Max, average and global average pooling, and how each is undone."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from engine.operations.base import Way
from engine.operations.convolution import Pair, _pair


def _spread(signal: Tensor, size: Pair, kernel: Pair, stride: Pair, padding: Pair) -> Tensor:
    """Adjoint of average pooling with zero padding counted: every value shared out evenly."""
    channels = signal.shape[1]
    weight = signal.new_full((channels, 1, *kernel), 1 / (kernel[0] * kernel[1]))
    sides = zip(size, padding, kernel, stride, strict=True)
    output_padding = [(n + 2 * p - k) % s for n, p, k, s in sides]
    return torch.conv_transpose2d(signal, weight, None, stride, padding, output_padding, channels)


@dataclass(frozen=True)
class MaxPool:
    """``switch`` un-pooling puts each value back where its maximum was and ADDS where windows
    overlap (so it equals the gradient); ``nearest`` upsamples; ``average`` shares out."""

    kernel: Pair
    stride: Pair
    padding: Pair

    @classmethod
    def from_module(cls, module: nn.MaxPool2d) -> MaxPool:
        if module.ceil_mode or _pair(module.dilation) != (1, 1):
            raise ValueError("max pooling with ceil_mode or dilation")
        stride = module.kernel_size if module.stride is None else module.stride
        return cls(_pair(module.kernel_size), _pair(stride), _pair(module.padding))

    def forward(self, *inputs: Tensor) -> tuple[Tensor, tuple[Tensor, Pair]]:
        (maps,) = inputs
        out, switches = F.max_pool2d(
            maps, self.kernel, self.stride, self.padding, return_indices=True
        )
        return out, (switches, (maps.shape[2], maps.shape[3]))

    def back(self, signal: Tensor, record: tuple[Tensor, Pair], way: Way) -> tuple[Tensor]:
        switches, size = record
        if way.unpooling == "nearest":
            return (F.interpolate(signal, size, mode="nearest"),)
        if way.unpooling == "average":
            return (_spread(signal, size, self.kernel, self.stride, self.padding),)
        batch, channels = signal.shape[:2]
        flat = signal.new_zeros(batch, channels, size[0] * size[1])
        places = switches.expand(batch, -1, -1, -1).flatten(2)
        return (flat.scatter_add_(2, places, signal.flatten(2)).view(batch, channels, *size),)


@dataclass(frozen=True)
class AveragePool:
    """Average pooling; padding zeros count, as in PyTorch's default."""

    kernel: Pair
    stride: Pair
    padding: Pair

    @classmethod
    def from_module(cls, module: nn.AvgPool2d) -> AveragePool:
        excluded = _pair(module.padding) != (0, 0) and not module.count_include_pad
        if module.ceil_mode or excluded or module.divisor_override is not None:
            raise ValueError("average pooling with ceil_mode, a divisor or uncounted padding")
        return cls(_pair(module.kernel_size), _pair(module.stride), _pair(module.padding))

    def forward(self, *inputs: Tensor) -> tuple[Tensor, Pair]:
        (maps,) = inputs
        out = F.avg_pool2d(maps, self.kernel, self.stride, self.padding)
        return out, (maps.shape[2], maps.shape[3])

    def back(self, signal: Tensor, record: Pair, way: Way) -> tuple[Tensor]:
        return (_spread(signal, record, self.kernel, self.stride, self.padding),)


@dataclass(frozen=True)
class GlobalAverage:
    """Mean over both sides, [1, C, H, W] → [1, C] or [1, C, 1, 1] (``keeps_sides``)."""

    keeps_sides: bool = False

    def forward(self, *inputs: Tensor) -> tuple[Tensor, Pair]:
        (maps,) = inputs
        return maps.mean((2, 3), keepdim=self.keeps_sides), (maps.shape[2], maps.shape[3])

    def back(self, signal: Tensor, record: Pair, way: Way) -> tuple[Tensor]:
        height, width = record
        share = signal.reshape(*signal.shape[:2], 1, 1) / (height * width)
        return (share.expand(-1, -1, height, width),)
