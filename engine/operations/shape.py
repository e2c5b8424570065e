"""Operations that only move or join values: identity, sum, concatenation."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from engine.operations.base import Way


@dataclass(frozen=True)
class Identity:
    """Dropout in evaluation mode, and anything else that passes its input on."""

    def forward(self, *inputs: Tensor) -> tuple[Tensor, None]:
        (maps,) = inputs
        return maps, None

    def back(self, signal: Tensor, record: None, way: Way) -> tuple[Tensor]:
        return (signal,)


@dataclass(frozen=True)
class Sum:
    """Residual addition of two maps of the same shape."""

    def forward(self, *inputs: Tensor) -> tuple[Tensor, None]:
        first, second = inputs
        if first.shape != second.shape:
            raise ValueError(f"addition with broadcasting: {first.shape} and {second.shape}")
        return first + second, None

    def back(self, signal: Tensor, record: None, way: Way) -> tuple[Tensor, Tensor]:
        return (signal, signal)


@dataclass(frozen=True)
class Concatenation:
    """Joins maps along the channels."""

    def forward(self, *inputs: Tensor) -> tuple[Tensor, tuple[int, ...]]:
        return torch.cat(inputs, 1), tuple(maps.shape[1] for maps in inputs)

    def back(self, signal: Tensor, record: tuple[int, ...], way: Way) -> tuple[Tensor, ...]:
        return torch.split(signal, list(record), 1)
