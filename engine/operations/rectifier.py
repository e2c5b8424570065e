"""ReLU and ReLU6: the only place where the rules differ."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from engine.operations.base import Way


@dataclass(frozen=True)
class Rectifier:
    """clamp(x, 0, ceiling); the recorded gate (bool) is where it was the identity."""

    ceiling: float | None = None

    def forward(self, *inputs: Tensor) -> tuple[Tensor, Tensor]:
        (maps,) = inputs
        gate = maps > 0
        if self.ceiling is not None:
            gate &= maps < self.ceiling
        return maps.clamp(0, self.ceiling), gate

    def back(self, signal: Tensor, record: Tensor, way: Way) -> tuple[Tensor]:
        return (way.rule.through(signal, record),)
