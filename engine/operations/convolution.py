"""Convolution in one, two or three dimensions, and its adjoint: the fractionally strided
(transposed) convolution with the same weights. A transposed convolution is the same thing read
the other way round."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from types import MappingProxyType

import torch
from torch import Tensor
from torch.nn import functional as F

from engine.operations.base import Operation, Signals, Way
from engine.operations.call import Call, Rows

Sides = tuple[int, ...]


def seen(sides: Sequence[int], kernel: Sequence[int], stride: Sides, dilation: Sides) -> Sides:
    """How much of a window's input a part of its output of these sides looks at."""
    every = zip(sides, kernel, stride, dilation, strict=True)
    return tuple((n - 1) * s + d * (k - 1) + 1 for n, k, s, d in every)


def channels_last(maps: Tensor) -> Tensor:
    """Maps with the channels innermost: on a CPU both ways are two to five times faster."""
    if maps.ndim == 4 and maps.shape[1] == 1:  # both layouts at once; say which is meant
        maps, (height, width) = maps.contiguous(), maps.shape[2:]
        return maps.as_strided(maps.shape, (height * width, 1, width, 1), maps.storage_offset())
    if maps.ndim == 4:
        return maps.contiguous(memory_format=torch.channels_last)
    if maps.ndim == 5:
        return maps.contiguous(memory_format=torch.channels_last_3d)
    return maps.contiguous()


@dataclass(frozen=True, eq=False)
class Convolution(Operation):
    """``weight`` is [out, in / groups, *kernel], with ``transposed`` [in, out / groups, *kernel];
    ``bias`` [out] or None. Maps and weights are held channels-last."""

    weight: Tensor
    bias: Tensor | None
    stride: Sides
    padding: Sides
    dilation: Sides
    groups: int = 1
    transposed: bool = False
    output_padding: Sides = ()
    gives_new = True
    takes_parts = True

    def __post_init__(self) -> None:
        object.__setattr__(self, "weight", channels_last(self.weight))

    def scaled(self, scale: Tensor, shift: Tensor) -> Convolution:
        """The same convolution followed by ``y * scale + shift`` per output channel."""
        if self.transposed:
            raise ValueError("a transposed convolution is not scaled")
        bias = shift if self.bias is None else self.bias * scale + shift
        weight = self.weight * scale.view(-1, *(1,) * (self.weight.ndim - 1))
        return Convolution(weight, bias, self.stride, self.padding, self.dilation, self.groups)

    def _run(self, maps: Tensor, bias: Tensor | None, transposed: bool, extra: Sides) -> Tensor:
        return torch.convolution(
            channels_last(maps),
            self.weight,
            bias,
            self.stride,
            self.padding,
            self.dilation,
            transposed,
            extra,
            self.groups,
        )

    @property
    def _none(self) -> Sides:
        return (0,) * (self.weight.ndim - 2)

    def forward(self, *inputs: Tensor) -> tuple[Tensor, torch.Size]:
        (maps,) = inputs
        extra = self.output_padding if self.transposed else self._none
        return self._run(maps, self.bias, self.transposed, extra), maps.shape

    def push(self, signals: Signals, record: torch.Size, way: Way) -> Tensor | None:
        (signal,) = signals
        if signal is None:
            return None
        extra = self.output_padding if self.transposed else self._none
        return self._run(signal, None, self.transposed, extra)

    def back_unpadded(self, signal: Tensor) -> Tensor:
        """The adjoint onto all that the signal looks at, (n - 1)s + d(k - 1) + 1 to a side, padding
        included."""
        if self._grey and signal.ndim == 4:
            sides = seen(signal.shape[2:], self.weight.shape[2:], self.stride, self.dilation)
            return self._onto_one_channel(signal, sides, self._none)
        return torch.convolution(
            channels_last(signal),
            self.weight,
            None,
            self.stride,
            self._none,
            self.dilation,
            True,
            self._none,
            self.groups,
        )

    @property
    def _grey(self) -> bool:
        """True when there is one channel below, as under the first layer of most."""
        return self.weight.shape[1] == 1 and self.groups == 1

    def back(self, signal: Tensor, record: torch.Size, way: Way) -> Signals:
        """The other convolution with the same weights, onto the recorded input size.

        ``output_padding`` is what the forward pass dropped: (n + 2p - d(k - 1) - 1) mod s.
        """
        sides = record[2:]
        if self.transposed:
            maps = self._run(signal, None, False, self._none)
            for axis, side in enumerate(sides, start=2):
                maps = maps.narrow(axis, 0, side)
            return (maps,)
        if self._grey and signal.ndim == 4:
            return (self._onto_one_channel(signal, sides, self.padding),)
        kernel = self.weight.shape[2:]
        dropped = tuple(
            (n + 2 * p - d * (k - 1) - 1) % s
            for n, p, d, k, s in zip(
                sides, self.padding, self.dilation, kernel, self.stride, strict=True
            )
        )
        return (self._run(signal, None, True, dropped),)

    def _onto_one_channel(self, signal: Tensor, sides: Sequence[int], padding: Sides) -> Tensor:
        """The same for a grey image below, as a matrix product and an overlapping sum: two to
        three times faster there, where a convolution has too few channels to work on."""
        rows, channels, height, width = signal.shape
        pixels = channels_last(signal).permute(0, 2, 3, 1).reshape(rows, height * width, channels)
        columns = torch.matmul(self.weight.flatten(1).T, pixels.transpose(1, 2))
        kernel = self.weight.shape[2:]
        return F.fold(columns, tuple(sides), kernel, self.dilation, padding, self.stride)


@dataclass(frozen=True, eq=False)
class Linear(Operation):
    """x @ weight + bias along the last axis; ``weight`` is [in, out], ``bias`` [out] or None."""

    weight: Tensor
    bias: Tensor | None = None
    takes_parts = True

    def forward(self, *inputs: Tensor) -> tuple[Tensor, None]:
        out = inputs[0] @ self.weight
        return (out if self.bias is None else out + self.bias), None

    def push(self, signals: Signals, record: None, way: Way) -> Tensor | None:
        return None if signals[0] is None else signals[0] @ self.weight

    def back(self, signal: Tensor, record: None, way: Way) -> Signals:
        return (signal @ self.weight.T,)


def _convolution(call: Call) -> Operation:
    call.only("input")
    axes = call["weight"].ndim - 2
    stride, padding, dilation, extra = (
        call.sides(name, axes) for name in ("stride", "padding", "dilation", "output_padding")
    )
    return Convolution(
        call["weight"],
        call["bias"],
        stride,
        padding,
        dilation,
        call["groups"],
        call["transposed"],
        extra,
    )


def _matrix(call: Call) -> Operation:
    call.only("self")
    return Linear(call["mat2"])


def _matrix_and_bias(call: Call) -> Operation:
    call.only("mat1")
    if (call["beta"], call["alpha"]) != (1, 1):
        raise ValueError("a matrix product with factors")
    return Linear(call["mat2"], call["self"])


ROWS: Rows = MappingProxyType(
    {"convolution": _convolution, "mm": _matrix, "addmm": _matrix_and_bias}
)
