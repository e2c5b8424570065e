"""Everything that acts on each value alone and is not linear: the only place where rules differ.

Rectifiers, smooth units with a gate (SiLU, GELU …), gates proper (sigmoid …) and steps.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import torch
from torch import Tensor

from engine.operations.base import Operation, Signals, Way
from engine.operations.call import Call, Row, Rows

Function = Callable[[Tensor], Tensor]
_NEAR_ZERO = 1e-6  # inputs so small that the gate is the slope there, not output over input


@dataclass(frozen=True)
class Rectifier(Operation):
    """clamp(x, 0, ceiling). Its output is recorded: it is strictly between 0 and the ceiling
    exactly where the function was the identity."""

    ceiling: float | None = None

    def forward(self, *inputs: Tensor) -> tuple[Tensor, Tensor]:
        out = inputs[0].clamp(0, self.ceiling)
        return out, out

    def _gated(self, signal: Tensor, output: Tensor) -> Tensor:
        if self.ceiling is None:
            return torch.ops.aten.threshold_backward(signal, output, 0)  # type: ignore[no-any-return]
        return torch.ops.aten.hardtanh_backward(  # type: ignore[no-any-return]
            signal, output, 0.0, self.ceiling
        )

    def push(self, signals: Signals, record: Tensor, way: Way) -> Tensor | None:
        (signal,) = signals
        if signal is None or not way.rule.gates_forward:
            return signal
        return self._gated(signal, record)

    def back(self, signal: Tensor, record: Tensor, way: Way) -> Signals:
        if way.rule.gates_forward:
            signal = self._gated(signal, record)
            return (signal.clamp_(min=0) if way.rule.gates_signal else signal,)
        return (signal.clamp(min=0) if way.rule.gates_signal else signal,)

    def back_in_place(self, signal: Tensor, record: Tensor, way: Way) -> Tensor:
        """The same, written over the signal: half the memory to go through."""
        aten = torch.ops.aten
        if way.rule.gates_forward and self.ceiling is None:
            aten.threshold_backward.grad_input(signal, record, 0, grad_input=signal)
        elif way.rule.gates_forward:
            aten.hardtanh_backward.grad_input(signal, record, 0.0, self.ceiling, grad_input=signal)
        return signal.clamp_(min=0) if way.rule.gates_signal else signal


@dataclass(frozen=True, eq=False)
class Unit(Operation):
    """A function of each value with a gate: leaky and smooth rectifiers, tanh, powers.

    The input is recorded. The gate is the slope f'(x) for rules with slopes, and for units that
    do not pass through zero (``through_zero`` False); else f(x) / x.
    """

    function: Function
    through_zero: bool = True

    def forward(self, *inputs: Tensor) -> tuple[Tensor, Tensor]:
        return self.function(inputs[0]), inputs[0]

    def gate(self, values: Tensor, slopes: bool) -> Tensor:
        """What a signal is multiplied by, of the shape of the input ``values``."""
        with torch.enable_grad():
            leaf = values.detach().requires_grad_()
            output = self.function(leaf)
            (slope,) = torch.autograd.grad(output.sum(), leaf)
        if slopes or not self.through_zero:
            return slope
        small = values.abs() < _NEAR_ZERO
        return torch.where(small, slope, output.detach() / values.masked_fill(small, 1))

    def push(self, signals: Signals, record: Tensor, way: Way) -> Tensor | None:
        (signal,) = signals
        if signal is None or not way.rule.gates_forward:
            return signal
        return signal * self.gate(record, way.rule.slopes)

    def back(self, signal: Tensor, record: Tensor, way: Way) -> Signals:
        if way.rule.gates_signal:
            signal = signal.clamp(min=0)
        return (self.push((signal,), record, way),)


@dataclass(frozen=True, eq=False)
class Gate(Operation):
    """A squashing function that weighs other maps: sigmoid, hard sigmoid. Rules with slopes go
    through it; the others hold it constant, so nothing passes."""

    function: Function

    def forward(self, *inputs: Tensor) -> tuple[Tensor, Tensor]:
        return self.function(inputs[0]), inputs[0]

    def push(self, signals: Signals, record: Tensor, way: Way) -> Tensor | None:
        (signal,) = signals
        if signal is None or not way.rule.slopes:
            return None
        return signal * Unit(self.function).gate(record, True)

    def back(self, signal: Tensor, record: Tensor, way: Way) -> Signals:
        return (self.push((signal,), record, way),)


@dataclass(frozen=True, eq=False)
class GatedHalf(Operation):
    """GLU: the first half along an axis, weighed by the sigmoid of the second."""

    axis: int

    def forward(self, *inputs: Tensor) -> tuple[Tensor, Tensor]:
        return torch.nn.functional.glu(inputs[0], self.axis), inputs[0]

    def push(self, signals: Signals, record: Tensor, way: Way) -> Tensor | None:
        (signal,) = signals
        if signal is None:
            return None
        values, gates = record.chunk(2, self.axis)
        through, aside = signal.chunk(2, self.axis)
        weight = torch.sigmoid(gates)
        out = through * weight
        return out + aside * values * weight * (1 - weight) if way.rule.slopes else out

    def input_shapes(self, record: Tensor) -> tuple[torch.Size, ...]:
        return (record.shape,)


@dataclass(frozen=True, eq=False)
class Steps(Operation):
    """A function that is constant between its jumps (comparison, sign, rounding): its slope is
    zero, so nothing passes."""

    function: Callable[..., Tensor]

    def forward(self, *inputs: Tensor) -> tuple[Tensor, int]:
        return self.function(*inputs), len(inputs)

    def push(self, signals: Signals, record: int, way: Way) -> None:
        return None

    def back(self, signal: Tensor, record: int, way: Way) -> Signals:
        return (None,) * record


@dataclass(frozen=True, eq=False)
class Softmax(Operation):
    """Softmax or its logarithm along one axis; a gate like :class:`Gate`."""

    axis: int
    logarithm: bool = False

    def forward(self, *inputs: Tensor) -> tuple[Tensor, Tensor]:
        shares = torch.softmax(inputs[0], self.axis)
        return (torch.log_softmax(inputs[0], self.axis) if self.logarithm else shares), shares

    def push(self, signals: Signals, record: Tensor, way: Way) -> Tensor | None:
        (signal,) = signals
        if signal is None or not way.rule.slopes:
            return None
        centred = signal - (record * signal).sum(self.axis, keepdim=True)
        return centred if self.logarithm else record * centred

    def input_shapes(self, record: Any) -> tuple[torch.Size, ...]:
        return (record.shape,)


def _unit(through_zero: bool = True) -> Row:
    def row(call: Call) -> Operation:
        if len(call.inputs) != 1:
            raise ValueError(f"its {call.names[1]} depends on the image")
        return Unit(call.apply, through_zero)

    return row


def _gate(call: Call) -> Operation:
    call.only("self")
    return Gate(call.apply)


def _clamp(call: Call) -> Operation:
    call.only("self")
    low = call.arguments.get("min", call.arguments.get("min_val"))
    high = call.arguments.get("max", call.arguments.get("max_val"))
    plain = not isinstance(high, Tensor) and not isinstance(low, Tensor)
    if plain and low == 0 and (high is None or high > 0):
        return Rectifier(None if high is None or math.isinf(high) else float(high))
    return Unit(call.apply, through_zero=False)


def _threshold(call: Call) -> Operation:
    plain = call["threshold"] == 0 and call["value"] == 0
    return Rectifier() if plain else Unit(call.apply, through_zero=False)


def _random_slope(call: Call) -> Operation:
    if call["training"]:
        raise ValueError("a random slope, as in training mode")
    slope = (call["lower"] + call["upper"]) / 2
    return Unit(lambda values: torch.nn.functional.leaky_relu(values, slope))


def _softmax(call: Call) -> Operation:
    (axis,) = call.axes()
    return Softmax(axis, call.name == "_log_softmax")


def _power(call: Call) -> Operation:
    call.only("self")
    exponent = call["exponent"]
    return Unit(call.apply, not isinstance(exponent, Tensor) and exponent > 0)


def _halves(call: Call) -> Operation:
    (axis,) = call.axes()
    return GatedHalf(axis)


def _cast(call: Call) -> Operation:
    if call.only("self").is_floating_point():
        raise ValueError("a change of the floating-point type")
    return Steps(call.apply)


_SMOOTH = ("silu", "gelu", "elu", "celu", "mish", "hardswish", "tanh", "leaky_relu", "erf", "sin")
_SMOOTH_TOO = ("abs", "sqrt", "hardshrink", "softshrink", "expm1", "log1p", "atan", "asinh")
_WITHOUT_GATE = ("softplus", "exp", "log", "rsqrt", "reciprocal", "cos")
_JUMPS = ("gt", "ge", "lt", "le", "eq", "ne", "sign", "floor", "ceil", "round", "trunc")
_JUMPS_TOO = (
    *("logical_not", "logical_and", "logical_or"),
    *("bitwise_not", "bitwise_and", "bitwise_or"),
)

ROWS: Rows = MappingProxyType(
    {
        "relu": lambda call: Rectifier(),
        "hardtanh": _clamp,
        "clamp": _clamp,
        "clamp_min": _clamp,
        "clamp_max": _clamp,
        "threshold": _threshold,
        "rrelu_with_noise": _random_slope,
        "_prelu_kernel": _unit(),
        "log_sigmoid_forward": lambda call: Unit(torch.nn.functional.logsigmoid, False),
        "pow": _power,
        "glu": _halves,
        "sigmoid": _gate,
        "hardsigmoid": _gate,
        "_to_copy": _cast,
        "_softmax": _softmax,
        "_log_softmax": _softmax,
        **dict.fromkeys((*_SMOOTH, *_SMOOTH_TOO), _unit()),
        **dict.fromkeys(_WITHOUT_GATE, _unit(through_zero=False)),
        **dict.fromkeys((*_JUMPS, *_JUMPS_TOO), lambda call: Steps(call.apply)),
    }
)
