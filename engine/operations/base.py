"""What every operation of a graph can do, and the adjoint that needs no writing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch import Tensor

from engine.rules import Rule

Signals = tuple[Tensor | None, ...]


@dataclass(frozen=True)
class Way:
    """How a signal is taken back: the rectifier rule and the un-pooling."""

    rule: Rule
    unpooling: str = "switch"


class Operation:
    """One call site's arithmetic. A subclass gives ``forward`` and ``push``, and ``back`` where
    a formula is faster than the adjoint of ``push`` that stands here.

    Inputs and output of ``forward`` have a first dimension of 1 (one image); signals have any
    number of rows B there, each a signal of its own. Biases act in ``forward`` alone.
    """

    # ``back`` hands down memory of its own, in which the next operation may write.
    gives_new: ClassVar[bool] = False
    # Parts of the image may lie along the first axis, so that a row is several there (a batched
    # matrix product wants it so).
    takes_parts: bool = False

    def forward(self, *inputs: Tensor) -> tuple[Tensor, Any]:
        """Inputs [1, …] → output [1, …] and whatever the way back needs of this pass."""
        raise NotImplementedError

    def push(self, signals: Signals, record: Any, way: Way) -> Tensor | None:
        """The linear map whose adjoint the way back is: signals [B, …] at the inputs (None for
        zero) → signal [B, …] at the output, None for zero. For rules that are linear."""
        raise NotImplementedError

    def back(self, signal: Tensor, record: Any, way: Way) -> Signals:
        """Signal [B, …] at the output → signal [B, …] at every input, None for zero."""
        shapes = self.input_shapes(record)
        with torch.enable_grad():
            inputs = [
                signal.new_zeros(()).expand(len(signal), *shape[1:]).requires_grad_()
                for shape in shapes
            ]
            output = self.push(tuple(inputs), record, way)
            if output is None:
                return (None,) * len(shapes)
            return torch.autograd.grad(output, inputs, signal, allow_unused=True)

    def input_shapes(self, record: Any) -> tuple[torch.Size, ...]:
        """Shapes of the inputs of the recorded pass; the adjoint that stands here needs them."""
        raise NotImplementedError


def summed_to(signal: Tensor, shape: torch.Size) -> Tensor:
    """Adjoint of broadcasting [B, …] from ``shape`` [1, …], rows apart."""
    if signal.shape[1:] == shape[1:]:
        return signal
    extra = signal.ndim - len(shape)
    if extra:
        raise ValueError(f"broadcasting from {tuple(shape)} to {tuple(signal.shape)}")
    axes = [n for n in range(1, signal.ndim) if shape[n] == 1 and signal.shape[n] != 1]
    return signal.sum(axes, keepdim=True)
