"""Which steps of a graph are layers worth a map, when nobody has named them."""

from __future__ import annotations

from collections import defaultdict

import torch

from engine.graph import RESHAPED, Graph
from engine.operations.base import Way
from engine.operations.convolution import Convolution
from engine.operations.joins import Concatenation, Sum
from engine.operations.normalisation import ChannelScale
from engine.operations.rectifier import Rectifier, Unit
from engine.rules import RULES

_POOLED = ("mean", "_adaptive_avg_pool2d", "avg_pool2d", "avg_pool3d")
_GRADIENT = Way(RULES["gradient"])


def every_layer(graph: Graph) -> tuple[str, ...]:
    """Every convolution, residual sum and concatenation with maps, each taken after the
    normalisation and the rectifier that follow it alone; names in order of depth."""
    users = _users(graph)
    found: dict[int, None] = {}
    for position, step in enumerate(graph.steps):
        joined = isinstance(step.operation, (Convolution, Sum, Concatenation))
        if joined and graph.maps(position) and step.shape[2:].numel() > 1:
            found[_end_of_block(graph, users, position)] = None
    steps = sorted(step for step in found if graph.maps(step))
    return tuple(_name(graph, step) for step in steps)


def _users(graph: Graph) -> dict[int, list[int]]:
    users: dict[int, list[int]] = defaultdict(list)
    for position, step in enumerate(graph.steps):
        for item in step.inputs:
            if step.operation is not None:
                users[item].append(position)
    return users


def _end_of_block(graph: Graph, users: dict[int, list[int]], position: int) -> int:
    while len(users[position]) == 1:
        (after,) = users[position]
        if not isinstance(graph.steps[after].operation, (ChannelScale, Rectifier, Unit)):
            break
        position = after
    return position


def _name(graph: Graph, step: int) -> str:
    """The outermost module that ends with this step, or the name of the call site."""
    paths = [path for path, output in graph.outputs.items() if output == step]
    return min(paths, key=len) if paths else graph.steps[step].name


def class_layer(graph: Graph) -> int | None:
    """The step with one kernel per class whose mean over the sides is the logits, if any."""
    position = len(graph.steps) - 1
    pooled = False
    while graph.steps[position].kind in (*_POOLED, *RESHAPED):
        pooled |= graph.steps[position].kind in _POOLED
        (position,) = graph.steps[position].inputs
    step = graph.steps[position]
    if pooled and graph.maps(position) and isinstance(step.operation, Convolution):
        return position if _is_its_mean(graph, position) else None
    return None


def _is_its_mean(graph: Graph, position: int) -> bool:
    """True when each logit is the mean of its own channel over all positions of the step."""
    classes, shape = graph.steps[-1].shape[1], graph.steps[position].shape
    if shape[1] != classes:
        return False
    signal, at = torch.eye(classes), len(graph.steps) - 1
    while at != position:
        step = graph.steps[at]
        (below,) = step.inputs
        assert step.operation is not None
        (found,) = step.operation.back(signal, graph.steps[below].shape, _GRADIENT)
        assert found is not None
        signal, at = found, below
    expected = torch.eye(classes).view(classes, classes, *(1,) * len(shape[2:]))
    return bool(torch.allclose(signal, expected / shape[2:].numel()))
