"""MaxPool, AveragePool, the global ones, and Reduce*."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from engine.models.onnx.node import Function, Node, Shape
from engine.models.onnx.operations.windows import Window, pad_sides

_MAXIMUM: tuple[Callable[..., Tensor], ...] = (F.max_pool1d, F.max_pool2d, F.max_pool3d)
_AVERAGE: tuple[Callable[..., Tensor], ...] = (F.avg_pool1d, F.avg_pool2d, F.avg_pool3d)


def _window(node: Node) -> tuple[Shape, Window, bool]:
    """Sizes of the maps, the window, and whether torch can pad for itself."""
    sizes = node.shape(0)[2:]
    if not 1 <= len(sizes) <= 3:
        raise node.unsupported(f"pools maps of the shape {node.shape(0)}")
    window = Window.of(node, sizes, node.integers("kernel_shape", ()))
    small = all(2 * begin <= side for begin, side in zip(window.begins, window.kernel, strict=True))
    return sizes, window, window.symmetric and small


def max_pool(node: Node) -> Function:
    sizes, window, direct = _window(node)
    compute = _MAXIMUM[len(sizes) - 1]
    rounds_up = bool(node.integer("ceil_mode", 0))
    if direct:
        return lambda maps: compute(
            maps, window.kernel, window.strides, window.begins, window.dilations, rounds_up
        )
    fitted = window.extended(sizes) if rounds_up else window
    lowest = float("-inf")
    return lambda maps: compute(
        fitted.padded(maps, lowest), window.kernel, window.strides, 0, window.dilations
    )


def average_pool(node: Node) -> Function:
    """Padding that torch cannot do is divided out: sum of the values / number of what counts."""
    sizes, window, direct = _window(node)
    compute = _AVERAGE[len(sizes) - 1]
    rounds_up = bool(node.integer("ceil_mode", 0))
    counts_padding = bool(node.integer("count_include_pad", 0))
    if set(window.dilations) != {1}:
        raise node.unsupported(f"averages with the dilations {window.dilations}")
    if direct:
        return lambda maps: compute(
            maps, window.kernel, window.strides, window.begins, rounds_up, counts_padding
        )
    fitted = window.extended(sizes) if rounds_up else window
    overhang = tuple(max(new - old, 0) for new, old in zip(fitted.ends, window.ends, strict=True))
    nothing = (0,) * len(sizes)

    def run(maps: Tensor) -> Tensor:
        counted = torch.ones((1, 1, *sizes), dtype=maps.dtype, device=maps.device)
        if counts_padding:  # what lies beyond the padding, because of rounding up, never counts
            inside = tuple(new - more for new, more in zip(fitted.ends, overhang, strict=True))
            counted = pad_sides(pad_sides(counted, window.begins, inside, 1.0), nothing, overhang)
        else:
            counted = fitted.padded(counted)
        shares = compute(counted, window.kernel, window.strides)
        return compute(fitted.padded(maps), window.kernel, window.strides) / shares

    return run


def global_average(node: Node) -> Function:
    sides = tuple(range(2, len(node.shape(0))))
    return lambda maps: torch.mean(maps, sides, keepdim=True)


def global_maximum(node: Node) -> Function:
    sides = tuple(range(2, len(node.shape(0))))
    return lambda maps: torch.amax(maps, sides, keepdim=True)


def reduction(compute: Callable[..., Tensor], since: int) -> Callable[[Node], Function]:
    """``compute(values, axes, keepdim=…)``; ``since`` is the opset where axes became an input."""

    def build(node: Node) -> Function:
        axes = node.axes(since)
        keeps = bool(node.integer("keepdims", 1))
        rank = len(node.shape(0))
        if not axes:
            if node.integer("noop_with_empty_axes", 0):
                return lambda values: values
            axes = tuple(range(rank))
        sides = tuple(node.counted(axis) for axis in axes)
        return lambda values: compute(values, sides, keepdim=keeps) if rank else values

    return build


def product(values: Tensor, sides: Shape, keepdim: bool) -> Tensor:
    """torch multiplies along one side at a time."""
    result: Any = values
    for side in sorted(sides, reverse=True):
        result = torch.prod(result, side, keepdim)
    return torch.as_tensor(result)
