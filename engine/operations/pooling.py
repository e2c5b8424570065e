"""Max pooling in one to three dimensions, windowed or adaptive, and how it is undone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType

import torch
from torch import Tensor
from torch.nn import functional as F

from engine.operations.base import Operation, Signals, Way
from engine.operations.call import Call, Rows

_AVERAGE: dict[int, Callable[..., Tensor]] = {1: F.avg_pool1d, 2: F.avg_pool2d, 3: F.avg_pool3d}
_ADAPTIVE: dict[int, Callable[..., Tensor]] = {
    1: F.adaptive_avg_pool1d,
    2: F.adaptive_avg_pool2d,
    3: F.adaptive_avg_pool3d,
}


@dataclass(frozen=True)
class Window:
    """Sides of a pooling window along each axis."""

    kernel: tuple[int, ...]
    stride: tuple[int, ...]
    padding: tuple[int, ...]
    dilation: tuple[int, ...]
    ceil_mode: bool = False

    def tiles(self, size: torch.Size) -> bool:
        """True when the windows cover a map of ``size`` exactly, each value once."""
        plain = self.kernel == self.stride and not any(self.padding) and set(self.dilation) == {1}
        return plain and all(n % k == 0 for n, k in zip(size, self.kernel, strict=True))


class Switches:
    """Where the maxima were: flat positions [1, C, *out] among all axes after the channels of a
    map of ``size``."""

    def __init__(self, positions: Tensor, size: torch.Size) -> None:
        self.positions = positions
        self.size = size

    @cached_property
    def mask(self) -> Tensor:
        """1 at the switches [1, C, H, W], channels-last."""
        positions, size = self.positions[0].flatten(1), self.size
        flat = torch.zeros(size[1], size[2:].numel(), device=positions.device)
        mask = flat.scatter_(1, positions, 1).view(size)
        return mask.contiguous(memory_format=torch.channels_last)


@dataclass(frozen=True, eq=False)
class MaxPool(Operation):
    """``pool`` gives the maxima and their switches: flat positions among all axes after the
    channels. ``switch`` un-pooling puts each value back where its maximum was and ADDS where
    windows overlap (so it equals the gradient); ``nearest`` upsamples; ``average`` shares out."""

    pool: Callable[[Tensor], tuple[Tensor, Tensor]]
    window: Window | None = None
    gives_new = True

    def forward(self, *inputs: Tensor) -> tuple[Tensor, Switches]:
        (maps,) = inputs
        out, positions = self.pool(maps)
        return out, Switches(positions, maps.shape)

    def push(self, signals: Signals, record: Switches, way: Way) -> Tensor | None:
        (signal,) = signals
        if signal is None:
            return None
        switches, size = record.positions, record.size
        if way.unpooling == "switch":
            places = switches.expand(len(signal), *switches.shape[1:])
            flat = places.reshape(*places.shape[:2], -1)
            return signal.flatten(2).gather(2, flat).view(places.shape)
        with torch.enable_grad():
            leaf = signal.new_zeros(len(signal), *switches.shape[1:]).requires_grad_()
            (out,) = torch.autograd.grad(
                self._spread(leaf, size, way.unpooling), leaf, signal, create_graph=True
            )
        return out if torch.is_grad_enabled() else out.detach()

    def back(self, signal: Tensor, record: Switches, way: Way) -> Signals:
        switches, size = record.positions, record.size
        if way.unpooling != "switch":
            return (self._spread(signal, size, way.unpooling),)
        if self.window is not None and signal.ndim == 4 and self.window.tiles(size[2:]):
            return (self._tiled(signal, record.mask),)
        flat = signal.new_zeros(*signal.shape[:2], size[2:].numel())
        places = switches.reshape(1, size[1], -1).expand(len(signal), -1, -1)
        values = signal.reshape(*signal.shape[:2], -1)
        return (flat.scatter_add_(2, places, values).view(len(signal), *size[1:]),)

    def _tiled(self, signal: Tensor, mask: Tensor) -> Tensor:
        """Windows that do not overlap: each value repeated over its window, times the mask, in
        one sweep over memory."""
        assert self.window is not None
        (rows, channels, height, width), (kh, kw) = signal.shape, self.window.kernel
        last = signal.permute(0, 2, 3, 1).reshape(rows, height, 1, width, 1, channels)
        tiles = mask.permute(0, 2, 3, 1).reshape(1, height, kh, width, kw, channels)
        out = last * tiles.to(signal.dtype)
        return out.view(rows, height * kh, width * kw, channels).permute(0, 3, 1, 2)

    def _spread(self, signal: Tensor, size: torch.Size, unpooling: str) -> Tensor:
        """Un-pooling that does not look at the switches; linear in the signal."""
        if unpooling == "nearest":
            signal = signal.reshape(*signal.shape[:2], *(signal.shape[2:] or (1,) * len(size[2:])))
            return F.interpolate(signal, size[2:], mode="nearest")
        axes = len(size) - 2
        if self.window is None:
            grid = signal.shape[2:] or (1,) * axes

            def average(maps: Tensor) -> Tensor:
                return _ADAPTIVE[axes](maps, grid)
        elif set(self.window.dilation) == {1}:
            sides = (self.window.kernel, self.window.stride, self.window.padding)
            ceil_mode = self.window.ceil_mode

            def average(maps: Tensor) -> Tensor:
                return _AVERAGE[axes](maps, *sides, ceil_mode)
        else:
            raise ValueError("average un-pooling of dilated max pooling")
        with torch.enable_grad():
            leaf = signal.new_zeros(len(signal), *size[1:]).requires_grad_()
            out = average(leaf)
            (shared,) = torch.autograd.grad(
                out, leaf, signal.reshape(out.shape), create_graph=signal.requires_grad
            )
        return shared


def _windowed(call: Call) -> Operation:
    maps = call.only("self")
    axes = 3 if "3d" in call.name else 2
    if maps.ndim != axes + 2:
        raise ValueError("pooling of a map without a batch axis")
    kernel = call.sides("kernel_size", axes)
    stride = call.sides("stride", axes) or kernel
    padding, dilation = call.sides("padding", axes), call.sides("dilation", axes)
    return MaxPool(call.apply, Window(kernel, stride, padding, dilation, call["ceil_mode"]))


def _adaptive(call: Call) -> Operation:
    if call.only("self").ndim != (5 if "3d" in call.name else 4):
        raise ValueError("pooling of a map without a batch axis")
    return MaxPool(call.apply)


def _maximum_along(call: Call) -> Operation:
    """The maximum over all axes after the channels."""
    maps = call.only("self")
    axes, kept = call.axes(), call["keepdim"]
    if axes != tuple(range(2, maps.ndim)):
        raise ValueError(f"a maximum along {axes}; the one over all spatial axes is known")

    def pool(values: Tensor) -> tuple[Tensor, Tensor]:
        best, places = values.flatten(2).max(2)
        shape = (*best.shape, *((1,) * len(axes) if kept else ()))
        return best.view(shape), places.view(shape)

    return MaxPool(pool)


ROWS: Rows = MappingProxyType(
    {
        "max_pool2d_with_indices": _windowed,
        "max_pool3d_with_indices": _windowed,
        "adaptive_max_pool2d": _adaptive,
        "adaptive_max_pool3d": _adaptive,
        "amax": _maximum_along,
        "max": _maximum_along,
    }
)
