"""Operations with several inputs: sums, products, concatenation, choice."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import torch
from torch import Tensor

from engine.operations.base import Operation, Signals, Way, summed_to
from engine.operations.call import Call, Rows
from engine.operations.convolution import Linear
from engine.operations.derivative import Derivative
from engine.operations.linear_map import LinearMap, scaling, shifting
from engine.operations.rectifier import Steps, Unit

Shapes = tuple[torch.Size, ...]


@dataclass(frozen=True)
class Sum(Operation):
    """factor · first + factor · second …, as in residual connections; may broadcast."""

    factors: tuple[float, ...] = (1, 1)

    def forward(self, *inputs: Tensor) -> tuple[Tensor, Shapes]:
        return self._added(inputs), tuple(item.shape for item in inputs)

    def _added(self, inputs: Signals) -> Tensor:
        total: Tensor | None = None
        for factor, item in zip(self.factors, inputs, strict=True):
            if item is not None:
                term = item if factor == 1 else item * factor
                total = term if total is None else total + term
        assert total is not None
        return total

    def push(self, signals: Signals, record: Shapes, way: Way) -> Tensor | None:
        given = [item for item in signals if item is not None]
        if not given:
            return None
        sides = torch.broadcast_shapes(*(shape[1:] for shape in record))  # type: ignore[no-untyped-call]
        return self._added(signals).expand(len(given[0]), *sides)

    def back(self, signal: Tensor, record: Shapes, way: Way) -> Signals:
        return tuple(
            summed_to(signal if factor == 1 else signal * factor, shape)
            for factor, shape in zip(self.factors, record, strict=True)
        )


@dataclass(frozen=True, eq=False)
class Product(Operation):
    """A product of two inputs, elementwise or of matrices: each passes the signal times the
    other (a gate passes nothing further down, see :class:`engine.operations.rectifier.Gate`)."""

    function: Callable[[Tensor, Tensor], Tensor] = torch.mul

    def forward(self, *inputs: Tensor) -> tuple[Tensor, tuple[Tensor, ...]]:
        return self.function(*inputs), inputs

    def push(self, signals: Signals, record: tuple[Tensor, Tensor], way: Way) -> Tensor | None:
        first, second = signals
        terms = []
        if first is not None:
            terms.append(self.function(first, record[1].expand(len(first), *record[1].shape[1:])))
        if second is not None:
            terms.append(self.function(record[0].expand(len(second), *record[0].shape[1:]), second))
        return sum(terms[1:], terms[0]) if terms else None

    def input_shapes(self, record: tuple[Tensor, Tensor]) -> Shapes:
        return (record[0].shape, record[1].shape)


@dataclass(frozen=True)
class Concatenation(Operation):
    """Joins maps along an axis, the channels as a rule."""

    axis: int = 1

    def forward(self, *inputs: Tensor) -> tuple[Tensor, Shapes]:
        return torch.cat(inputs, self.axis), tuple(item.shape for item in inputs)

    def push(self, signals: Signals, record: Shapes, way: Way) -> Tensor | None:
        given = [item for item in signals if item is not None]
        if not given:
            return None
        parts = [
            given[0].new_zeros(len(given[0]), *shape[1:]) if item is None else item
            for item, shape in zip(signals, record, strict=True)
        ]
        return torch.cat(parts, self.axis)

    def back(self, signal: Tensor, record: Shapes, way: Way) -> Signals:
        return torch.split(signal, [shape[self.axis] for shape in record], self.axis)


@dataclass(frozen=True, eq=False)
class Quotient(Operation):
    """first / second. Without slopes the divisor is held constant, as the norm that it is."""

    def forward(self, *inputs: Tensor) -> tuple[Tensor, tuple[Tensor, ...]]:
        return inputs[0] / inputs[1], inputs

    def push(self, signals: Signals, record: tuple[Tensor, Tensor], way: Way) -> Tensor | None:
        first, second = signals
        dividend, divisor = record
        terms = [] if first is None else [first / divisor]
        if second is not None and way.rule.slopes:
            terms.append(-second * dividend / divisor**2)
        return sum(terms[1:], terms[0]) if terms else None

    def input_shapes(self, record: tuple[Tensor, Tensor]) -> Shapes:
        return (record[0].shape, record[1].shape)


def _constant(call: Call) -> Any:
    """The operand that does not depend on the image; it may not make the result larger than the
    one that does, for that would have to be undone on the way back."""
    (name,) = call.names
    if call[name].shape != call.output.shape:
        raise ValueError("a constant that is larger than what it is joined with")
    return call["other" if name == "self" else "self"]


def _sum(call: Call) -> Operation:
    factor = call.arguments.get("alpha", 1)
    first, second = {"add": (1, factor), "sub": (1, -factor), "rsub": (-factor, 1)}[call.name]
    if len(call.inputs) == 2:
        return Sum((first, second))
    if call.names == ("self",):
        return shifting(_constant(call) * second, first)
    return shifting(_constant(call) * first, second)


def _product(call: Call) -> Operation:
    return Product() if len(call.inputs) == 2 else scaling(_constant(call))


def _quotient(call: Call) -> Operation:
    if call.arguments.get("rounding_mode"):
        return Steps(call.apply)
    if len(call.inputs) == 2:
        return Quotient()
    other = _constant(call)
    if call.names == ("other",):
        return Unit(call.apply, through_zero=False)
    return LinearMap(lambda values: values / other, lambda signal, _: signal / other)


def _matrices(call: Call) -> Operation:
    if call.names == ("self",) and (call["mat2"].stride(0) == 0 or len(call["mat2"]) == 1):
        return Linear(call["mat2"][0])
    if call.output.shape[0] != 1:
        raise ValueError("a batched matrix product along the first axis, the batch")
    return Product(torch.bmm) if len(call.inputs) == 2 else Derivative(call.apply, smooth=False)


def _concatenation(call: Call) -> Operation:
    (axis,) = call.axes()
    complete = len(call.inputs) == len(call["tensors"])
    return Concatenation(axis) if complete else Derivative(call.apply, smooth=False)


ROWS: Rows = MappingProxyType(
    {
        **dict.fromkeys(("add", "sub", "rsub"), _sum),
        "mul": _product,
        "div": _quotient,
        "bmm": _matrices,
        "cat": _concatenation,
    }
)
