"""Constant, ConstantOfShape, Shape, Size, Range: values that no image changes.

They are computed once, when the size of the image is known, and are gone from the network.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from engine.errors import ModelError
from engine.models.onnx.node import Function, Node


def constant(node: Node) -> Function:
    found = node.record.attributes
    for name, kind in (
        ("value_int", torch.int64),
        ("value_ints", torch.int64),
        ("value_float", torch.float32),
        ("value_floats", torch.float32),
    ):
        if name in found:
            numbers = torch.tensor(found[name], dtype=kind)
            return lambda: numbers
    value = node.tensor("value")
    if value is None:
        raise node.unsupported("is neither a tensor nor numbers")
    return lambda: value


def constant_of_shape(node: Node) -> Function:
    shape = node.bounded(node.input_integers(0) or ())
    value = node.tensor("value")
    single = torch.zeros(1) if value is None else value
    if single.numel() != 1:
        raise ModelError(f"{node.record} has {single.numel()} values where one is needed")
    return lambda _: single.reshape(()).expand(shape).clone()


def shape_of(node: Node) -> Function:
    sides = node.shape(0)[slice(node.integer("start", 0), _end(node))]
    return lambda _: torch.tensor(sides, dtype=torch.int64)


def _end(node: Node) -> int | None:
    return node.integer("end", 0) if node.has("end") else None


def size_of(node: Node) -> Function:
    count = math.prod(node.shape(0))
    return lambda _: torch.tensor(count, dtype=torch.int64)


def number_range(node: Node) -> Function:
    start, limit, step = (node.input_number(place) or 0.0 for place in range(3))
    if step == 0:
        raise ModelError(f"{node.record} counts in steps of 0")
    node.bounded([max(math.ceil((limit - start) / step), 0)])
    count = max(math.ceil((limit - start) / step), 0)

    def run(first: Tensor, last: Tensor, delta: Tensor) -> Tensor:
        return first + delta * torch.arange(count, dtype=first.dtype)

    return run
