"""Operations without a formula of their own here: their local derivative, by autograd."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from types import MappingProxyType

import torch
from torch import Tensor

from engine.operations.base import Operation, Signals, Way
from engine.operations.call import Call, Row, Rows
from engine.operations.rectifier import Rectifier


@dataclass(frozen=True, eq=False)
class Derivative(Operation):
    """Goes by the derivative of ``function`` at the recorded inputs, row by row.

    ``smooth`` functions (a norm, a variance) are held constant by rules without slopes, like
    gates; the others (choosing, placing) are linear where they stand, for every rule.
    """

    function: Callable[..., Tensor]
    smooth: bool

    def forward(self, *inputs: Tensor) -> tuple[Tensor, tuple[Tensor, ...]]:
        return self.function(*inputs), inputs

    def back(self, signal: Tensor, record: tuple[Tensor, ...], way: Way) -> Signals:
        if self.smooth and not way.rule.slopes:
            return (None,) * len(record)
        with torch.enable_grad():
            leaves, output = self._run(record)
            float_leaves = [leaf for leaf in leaves if leaf.requires_grad]
            rows = [
                torch.autograd.grad(
                    output, float_leaves, row, retain_graph=True, materialize_grads=True
                )
                for row in torch.split(signal, 1)
            ]
        found = iter([torch.cat(parts) for parts in zip(*rows, strict=True)])
        return tuple(next(found) if leaf.requires_grad else None for leaf in leaves)

    def push(self, signals: Signals, record: tuple[Tensor, ...], way: Way) -> Tensor | None:
        given = [item for item in signals if item is not None]
        if not given or (self.smooth and not way.rule.slopes):
            return None
        with torch.enable_grad():
            leaves, output = self._run(record)
            pairs = [pair for pair in zip(leaves, signals, strict=True) if pair[1] is not None]
            probe = torch.zeros_like(output).requires_grad_()
            slopes = torch.autograd.grad(
                output,
                [leaf for leaf, _ in pairs],
                probe,
                create_graph=True,
                materialize_grads=True,
            )
            rows = []
            for n in range(len(given[0])):
                parts = [signal[n : n + 1] for _, signal in pairs if signal is not None]
                rows.append(torch.autograd.grad(slopes, probe, parts, retain_graph=True)[0])
        return torch.cat(rows)

    def _run(self, record: tuple[Tensor, ...]) -> tuple[list[Tensor], Tensor]:
        leaves = [item.detach().requires_grad_(item.is_floating_point()) for item in record]
        return leaves, self.function(*leaves)


def _maximum(call: Call) -> Operation:
    """Of two maps, or of a map and a constant; the maximum with zero is a rectifier."""
    if len(call.inputs) == 1:
        constant = call["other" if call.names == ("self",) else "self"]
        same = call.output.shape == call.inputs[0].shape
        if call.name == "maximum" and same and not bool(constant.any()):
            return Rectifier()
    if call.output.shape[0] != 1:
        raise ValueError("it acts along the first axis, the batch")
    return Derivative(call.apply, smooth=False)


def _sampling(call: Call) -> Operation:
    call.only("input")
    return Derivative(call.apply, smooth=False)


def _row(smooth: bool, along: bool = True) -> Row:
    def row(call: Call) -> Operation:
        if along:
            call.axes()
        if call.output.shape[0] != 1 or any(item.shape[0] != 1 for item in call.inputs):
            raise ValueError("it acts along the first axis, the batch")
        return Derivative(call.apply, smooth)

    return row


ROWS: Rows = MappingProxyType(
    {
        **dict.fromkeys(("var", "std", "linalg_vector_norm", "logsumexp"), _row(smooth=True)),
        **dict.fromkeys(("select_scatter", "slice_scatter", "stack"), _row(smooth=False)),
        **dict.fromkeys(("where", "masked_fill", "lerp"), _row(smooth=False, along=False)),
        "maximum": _maximum,
        "minimum": _maximum,
        "grid_sampler_2d": _sampling,
    }
)
