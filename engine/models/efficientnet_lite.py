"""EfficientNet-Lite0 (Tan & Le 2019, arXiv 1905.11946; the Lite variant without
squeeze-and-excitation, with ReLU6): inverted residual blocks with depthwise convolutions.

Two changes for radiographs and for auditing: one grey input channel, unless more are asked for,
and a classifier that is a 1 × 1 convolution with one kernel per class BEFORE global average
pooling (the same function as pooling first, and it gives every class a map of its own).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

# expansion, kernels, repeats, stride of the first, kernel side (EfficientNet-B0's table)
_STAGES = (
    (1, 16, 1, 1, 3),
    (6, 24, 2, 2, 3),
    (6, 40, 2, 2, 5),
    (6, 80, 3, 2, 3),
    (6, 112, 3, 1, 5),
    (6, 192, 4, 2, 5),
    (6, 320, 1, 1, 3),
)


def _convolution(
    inputs: int, outputs: int, side: int, stride: int = 1, groups: int = 1, active: bool = True
) -> nn.Sequential:
    block = nn.Sequential(
        nn.Conv2d(inputs, outputs, side, stride, side // 2, groups=groups, bias=False),
        nn.BatchNorm2d(outputs, eps=1e-3, momentum=0.05),
    )
    if active:
        block.append(nn.ReLU6())
    return block


class InvertedResidual(nn.Module):
    """expand (1 × 1) → depthwise (k × k, stride) → project (1 × 1, linear), plus the identity."""

    def __init__(self, inputs: int, outputs: int, expansion: int, side: int, stride: int) -> None:
        super().__init__()
        wide = inputs * expansion
        if expansion != 1:
            self.expand = _convolution(inputs, wide, 1)
        self.depthwise = _convolution(wide, wide, side, stride, groups=wide)
        self.project = _convolution(wide, outputs, 1, active=False)
        self.expands = expansion != 1
        self.residual = stride == 1 and inputs == outputs

    def forward(self, maps: Tensor) -> Tensor:
        wide = self.expand(maps) if self.expands else maps
        out: Tensor = self.project(self.depthwise(wide))
        return maps + out if self.residual else out


class EfficientNetLite0(nn.Module):
    """Input ``[N, channels, S, S]`` float, normalised; output ``[N, classes]`` logits."""

    def __init__(self, classes: int, dropout: float = 0.0, channels: int = 1) -> None:
        super().__init__()
        self.stem = _convolution(channels, 32, 3, stride=2)
        blocks: list[nn.Module] = []
        inputs = 32
        for expansion, kernels, repeats, first_stride, side in _STAGES:
            for repeat in range(repeats):
                stride = first_stride if repeat == 0 else 1
                blocks.append(InvertedResidual(inputs, kernels, expansion, side, stride))
                inputs = kernels
        self.blocks = nn.Sequential(*blocks)
        self.head = _convolution(inputs, 1280, 1)
        self.dropout = nn.Dropout2d(dropout)
        self.classes = nn.Conv2d(1280, classes, 1)

    def forward(self, image: Tensor) -> Tensor:
        maps = self.head(self.blocks(self.stem(image)))
        class_maps: Tensor = self.classes(self.dropout(maps))
        return torch.mean(class_maps, (2, 3))

    @property
    def layer_names(self) -> tuple[str, ...]:
        blocks = tuple(f"blocks.{index}" for index in range(len(self.blocks)))
        return ("stem", *blocks, "head", "classes")
