"""Sums, products, powers, bounds and comparisons, broadcast as in NumPy."""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce

import numpy as np
import torch
from torch import Tensor

from engine.errors import ModelError
from engine.models.onnx.node import Function, Node
from engine.models.onnx.tensors import KINDS, kind_name


def paired(compute: Callable[[Tensor, Tensor], Tensor]) -> Callable[[Node], Function]:
    """``compute(first, second)``, once the size of the result was looked at."""

    def build(node: Node) -> Function:
        _broadcast(node)
        return compute

    return build


def chained(compute: Callable[[Tensor, Tensor], Tensor]) -> Callable[[Node], Function]:
    """For any number of inputs: the first two, then each of the others."""

    def build(node: Node) -> Function:
        _broadcast(node)
        return lambda *inputs: reduce(compute, inputs)

    return build


def _broadcast(node: Node) -> None:
    shapes = [node.shape(position) for position in range(len(node.shapes))]
    try:
        node.bounded(np.broadcast_shapes(*shapes))
    except ValueError as error:
        raise ModelError(f"{node.record} meets shapes that do not go together {shapes}") from error


def division(first: Tensor, second: Tensor) -> Tensor:
    """Of integers, rounded towards 0."""
    if first.is_floating_point():
        return torch.div(first, second)
    return torch.div(first, second, rounding_mode="trunc")


def remainder(node: Node) -> Function:
    return torch.fmod if node.integer("fmod", 0) else torch.remainder


def power(node: Node) -> Function:
    """The result is of the type of the base; a constant exponent is a plain number."""
    _broadcast(node)
    values = node.input_values(1) if node.constants[1] is not None else None
    if values is not None and len(values) == 1 and len(node.shape(1)) <= len(node.shape(0)):
        exponent = values[0]
        return lambda base, _: torch.pow(base, exponent).to(base.dtype)
    return lambda base, exponents: torch.pow(base, exponents).to(base.dtype)


def bound(largest: bool) -> Callable[[Node], Function]:
    """Max (``largest``) and Min: with a constant of one value they clamp."""
    elementwise = torch.maximum if largest else torch.minimum

    def clamped(values: Tensor, limit: float) -> Tensor:
        return torch.clamp(values, min=limit) if largest else torch.clamp(values, max=limit)

    def build(node: Node) -> Function:
        _broadcast(node)
        if len(node.shapes) == 2:
            for place in (0, 1):
                constant, other = node.constants[place], node.shape(1 - place)
                if (
                    constant is not None
                    and constant.numel() == 1
                    and constant.ndim <= len(other)
                    and node.constants[1 - place] is None
                ):
                    limit = constant.item()
                    return lambda *both: clamped(both[1 - place], limit)
        return lambda *inputs: reduce(elementwise, inputs)

    return build


def mean(node: Node) -> Function:
    _broadcast(node)
    return lambda *inputs: reduce(torch.add, inputs) / len(inputs)


def matrix_product(node: Node) -> Function:
    first, second = node.shape(0), node.shape(1)
    if first and second:
        batch = torch.broadcast_shapes(first[:-2], second[:-2])  # type: ignore[no-untyped-call]
        node.bounded((*batch, *first[-2:-1], *(second[-1:] if len(second) > 1 else ())))
    return torch.matmul


def cast(node: Node) -> Function:
    """Between kinds of floating point nothing is done: the engine computes in one precision."""
    to = node.integer("to", 0)
    if to not in KINDS:
        raise node.unsupported(f"casts to {kind_name(to)}")
    wanted = KINDS[to].becomes

    def run(values: Tensor) -> Tensor:
        floats = values.is_floating_point() and wanted.is_floating_point
        return values if floats else values.to(wanted)

    return run
