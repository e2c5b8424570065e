"""The least multiply-adds that the work can cost, counted on a graph's shapes alone.

Everything is counted by formula, not by running the engine: convolutions and matrix products; what
acts on values one by one is taken as free. Results are in units of one forward pass (METHOD: cost).
"""

from __future__ import annotations

import math

from engine.graph import Graph, Step
from engine.operations.convolution import Convolution, Linear, seen
from engine.operations.pooling import MaxPool


def forward_cost(graph: Graph) -> int:
    """Multiply-adds of one forward pass."""
    return sum(_cost(graph, step) for step in graph.steps)


def _cost(graph: Graph, step: Step) -> int:
    """Multiply-adds of one step for one image; its adjoint has the same."""
    operation = step.operation
    if isinstance(operation, Convolution):
        maps = graph.steps[step.inputs[0]].shape if operation.transposed else step.shape
        return math.prod(maps[1:]) * math.prod(operation.weight.shape[1:])
    if isinstance(operation, Linear):
        return math.prod(step.shape) * operation.weight.shape[0]
    return 0


def layer_maps_limit(graph: Graph, layers: tuple[int, ...]) -> float:
    """All layer maps by one growing batch: a step costs its adjoint once for each layer whose seed
    has joined above it (the forward pass before it is not counted)."""
    reached: dict[int, set[int]] = {}
    total = 0
    for position in range(len(graph.steps) - 1, 0, -1):
        rows = reached.pop(position, set())
        rows = rows | {position} if position in layers else rows
        if rows:
            total += len(rows) * _cost(graph, graph.steps[position])
            for item in graph.steps[position].inputs:
                reached.setdefault(item, set()).update(rows)
    return total / forward_cost(graph)


def kernel_maps_limit(graph: Graph, layers: tuple[int, ...], peaks: bool) -> float:
    """A map for each kernel of each layer: the first convolution below a layer from the kernel's
    own channel alone, the others whole; ``peaks`` start from one position, and each step costs the
    part of it that the receptive field covers (the forward pass before it is not counted)."""
    total = 0.0
    for layer in layers:
        total += graph.steps[layer].shape[1] * way_down(graph, layer, peaks)
    return total / forward_cost(graph)


def way_down(graph: Graph, start: int, peaks: bool) -> float:
    """Multiply-adds of one kernel's way from a layer to the image."""
    grid = graph.steps[start].shape[2:]
    sides = {start: ((1,) * len(grid) if peaks else tuple(grid), True)}
    total = 0.0
    for position in range(start, 0, -1):
        found = sides.pop(position, None)
        if found is None:
            continue
        step, (covered, single) = graph.steps[position], found
        share = math.prod(covered) / math.prod(step.shape[2:] or (1,))
        below, mixes = covered, single
        if isinstance(step.operation, Convolution):
            depth = step.operation.weight.shape[0] if single else 1
            total += _cost(graph, step) * share / depth
            kernel = step.operation.weight.shape[2:]
            below = seen(covered, kernel, step.operation.stride, step.operation.dilation)
            mixes = single and step.operation.weight.shape[1] == 1 and step.operation.groups > 1
        elif isinstance(step.operation, MaxPool) and step.operation.window is not None:
            window = step.operation.window
            below = seen(covered, window.kernel, window.stride, window.dilation)
        elif isinstance(step.operation, Linear):
            total += _cost(graph, step)
        for item in step.inputs:
            shape = graph.steps[item].shape[2:]
            before, alone = sides.get(item, ((0,) * len(shape), True))
            if len(shape) != len(below):
                below = tuple(shape)
            grown = tuple(
                min(edge, max(a, b)) for edge, a, b in zip(shape, below, before, strict=True)
            )
            sides[item] = (grown, alone and mixes)
    return total
