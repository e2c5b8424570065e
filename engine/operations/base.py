"""What every operation of a graph can do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

from torch import Tensor

from engine.rules import Rule


@dataclass(frozen=True)
class Way:
    """How a signal is taken back: the rectifier rule and the un-pooling."""

    rule: Rule
    unpooling: str = "switch"


class Operation(Protocol):
    """One call site's arithmetic.

    ``forward`` gets the inputs, each [1, …], and returns the output with whatever ``back`` needs
    of this pass (gates, switches, sizes); ``back`` takes signals [B, …] at the output to one
    signal [B, …] for every input. Biases are never used on the way back.
    """

    def forward(self, *inputs: Tensor) -> tuple[Tensor, Any]: ...

    def back(self, signal: Tensor, record: Any, way: Way) -> tuple[Tensor, ...]: ...
