"""Batch normalisation in evaluation mode: a fixed scale and shift per channel.

On the way back only the scale γ/√(σ² + ε) acts; taking it for the identity would break
adjointness.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from engine.operations.base import Way


@dataclass(frozen=True, eq=False)
class ChannelScale:
    """y = x * scale + shift; ``scale`` and ``shift`` are [C]."""

    scale: Tensor
    shift: Tensor

    @classmethod
    def from_module(cls, module: nn.BatchNorm2d) -> ChannelScale:
        mean, variance = module.running_mean, module.running_var
        if mean is None or variance is None:
            raise ValueError("batch normalisation without running statistics")
        gamma = torch.ones_like(variance) if module.weight is None else module.weight.detach()
        beta = torch.zeros_like(mean) if module.bias is None else module.bias.detach()
        scale = gamma / torch.sqrt(variance + module.eps)
        return cls(scale, beta - mean * scale)

    def forward(self, *inputs: Tensor) -> tuple[Tensor, None]:
        (maps,) = inputs
        return maps * self.scale.view(1, -1, 1, 1) + self.shift.view(1, -1, 1, 1), None

    def back(self, signal: Tensor, record: None, way: Way) -> tuple[Tensor]:
        return (signal * self.scale.view(1, -1, 1, 1),)
