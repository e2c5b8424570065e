"""Operations that are linear as they stand: averaging, resizing, cutting, padding, reordering."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from types import MappingProxyType

import torch
from torch import Tensor

from engine.operations.base import Operation, Signals, Way
from engine.operations.call import Call, Row, Rows

Map = Callable[[Tensor], Tensor]


@dataclass(frozen=True, eq=False)
class LinearMap(Operation):
    """y = map(x) + shift. ``map`` is linear and takes any number of rows; ``adjoint`` is its
    adjoint (signal, shape of the recorded input) where that is faster than autograd's."""

    map: Map
    adjoint: Callable[[Tensor, torch.Size], Tensor] | None = None
    shift: Tensor | float | None = None
    takes_parts: bool = True

    def forward(self, *inputs: Tensor) -> tuple[Tensor, torch.Size]:
        (values,) = inputs
        out = self.map(values)
        return (out if self.shift is None else out + self.shift), values.shape

    def push(self, signals: Signals, record: torch.Size, way: Way) -> Tensor | None:
        return None if signals[0] is None else self.map(signals[0])

    def back(self, signal: Tensor, record: torch.Size, way: Way) -> Signals:
        if self.adjoint is None:
            return super().back(signal, record, way)
        return (self.adjoint(signal, record),)

    def input_shapes(self, record: torch.Size) -> tuple[torch.Size, ...]:
        return (record,)


def reshaping(before: torch.Size, after: torch.Size) -> LinearMap:
    """The same values in another shape. The first axis may take others in (a batch of one and
    the positions, as matrix products want it): rows stay outermost in it."""
    if after[0] % before[0] and before[0] % after[0]:
        raise ValueError("it mixes the first axis, the batch, with others")
    return LinearMap(
        lambda values: values.reshape(len(values) * after[0] // before[0], *after[1:]),
        lambda signal, _: signal.reshape(len(signal) * before[0] // after[0], *before[1:]),
    )


def scaling(factor: Tensor | float) -> LinearMap:
    """Times a constant of the input's shape (which may broadcast along the input)."""
    one = not isinstance(factor, Tensor) or factor.ndim == 0
    return LinearMap(
        lambda values: values * factor, lambda signal, _: signal * factor, takes_parts=one
    )


def shifting(shift: Tensor | float, factor: float = 1) -> LinearMap:
    """factor · x + shift."""
    one = not isinstance(shift, Tensor) or shift.ndim == 0
    if factor == 1:
        return LinearMap(lambda values: values, lambda signal, _: signal, shift, one)
    return LinearMap(lambda values: values * factor, lambda signal, _: signal * factor, shift, one)


def padding(sides: list[int], border: Tensor | None) -> LinearMap:
    """Constant padding (negative sides cut), last axis first as in ``torch.nn.functional.pad``;
    ``border`` holds the constant where the padding is, and 0 inside."""
    opposite = [-side for side in sides]
    return LinearMap(
        lambda values: torch.constant_pad_nd(values, sides, 0),
        lambda signal, _: torch.constant_pad_nd(signal, opposite, 0),
        border,
    )


def averaging(axes: tuple[int, ...], keeps_axes: bool) -> LinearMap:
    """Mean over axes (never the first): global average pooling."""

    def spread(signal: Tensor, shape: torch.Size) -> Tensor:
        count = 1
        for axis in sorted(axes):
            count *= shape[axis]
            signal = signal if keeps_axes else signal.unsqueeze(axis)
        return (signal / count).expand(len(signal), *shape[1:])

    return LinearMap(lambda values: values.mean(axes, keepdim=keeps_axes), spread)


def _linear(*axis_names: str) -> Row:
    """Linear as it stands, for any number of rows; ``axis_names`` are arguments that name axes."""

    def row(call: Call) -> Operation:
        call.only("self")
        for name in axis_names:
            call.axes(call.arguments.get(name))
        return LinearMap(call.apply)

    return row


def _reshape(call: Call) -> Operation:
    return reshaping(call.only("self").shape, call.output.shape)


def _average(call: Call) -> Operation:
    call.only("self")
    return averaging(call.axes(), call["keepdim"])


def _expansion(call: Call) -> Operation:
    before, after = call.only("self").shape, call.output.shape
    if len(before) != len(after) or before[0] != after[0]:
        raise ValueError("it acts along the first axis, the batch")
    return LinearMap(lambda values: values.expand(-1, *after[1:]))


def _repetition(call: Call) -> Operation:
    if len(call["repeats"]) != call.only("self").ndim or call["repeats"][0] != 1:
        raise ValueError("it acts along the first axis, the batch")
    return LinearMap(call.apply)


def _permutation(call: Call) -> Operation:
    order = [axis % call.only("self").ndim for axis in call["dims"]]
    if order[0] != 0:
        raise ValueError("it moves the first axis, the batch")
    inverse = sorted(range(len(order)), key=order.__getitem__)
    return LinearMap(
        lambda values: values.permute(order), lambda signal, _: signal.permute(inverse)
    )


def _padding(call: Call) -> Operation:
    maps, sides = call.only("self"), list(call["pad"])
    if len(sides) // 2 >= maps.ndim:
        raise ValueError("it acts along the first axis, the batch")
    border = call.apply(torch.zeros_like(maps)) if call.arguments.get("value") else None
    return padding(sides, border)


def _picking(call: Call) -> Operation:
    call.only("self")
    if call["indices"][:1] != [None]:
        raise ValueError("it acts along the first axis, the batch")
    return LinearMap(call.apply)


def _parts(call: Call) -> list[Operation]:
    """Splitting: several outputs, each linear."""
    call.only("self")
    call.axes()
    apply = call.apply

    def part(number: int) -> Operation:
        return LinearMap(lambda values: apply(values)[number])

    return [part(number) for number in range(len(call.output))]


_ALONG = {
    "sum": ("dim",),
    "select": ("dim",),
    "slice": ("dim",),
    "narrow": ("dim",),
    "index_select": ("dim",),
    "flip": ("dims",),
    "roll": ("dims",),
    "cumsum": ("dim",),
    "transpose": ("dim0", "dim1"),
}
_AS_THEY_STAND = (
    *("avg_pool2d", "avg_pool3d", "_adaptive_avg_pool2d", "_adaptive_avg_pool3d"),
    *(f"upsample_nearest{axes}d" for axes in (1, 2, 3)),
    *(f"_upsample_nearest_exact{axes}d" for axes in (1, 2, 3)),
    *("upsample_linear1d", "upsample_bilinear2d", "upsample_trilinear3d", "upsample_bicubic2d"),
    *("_upsample_bilinear2d_aa", "_upsample_bicubic2d_aa"),
    *(f"{kind}_pad{axes}d" for kind in ("reflection", "replication") for axes in (1, 2, 3)),
    *("pixel_shuffle", "pixel_unshuffle", "channel_shuffle", "im2col", "col2im", "neg"),
)

ROWS: Rows = MappingProxyType(
    {
        **{name: _linear(*axes) for name, axes in _ALONG.items()},
        **dict.fromkeys(_AS_THEY_STAND, _linear()),
        **dict.fromkeys(("view", "_unsafe_view", "reshape", "squeeze", "unsqueeze"), _reshape),
        **dict.fromkeys(("split", "split_with_sizes", "unbind"), _parts),
        "mean": _average,
        "expand": _expansion,
        "repeat": _repetition,
        "permute": _permutation,
        "constant_pad_nd": _padding,
        "index": _picking,
    }
)
