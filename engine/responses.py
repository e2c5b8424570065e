"""Response maps of layers, kernels, positions and classes: CLEAR eqs. 1-5.

The maps of all layers come from one pass down the graph: each layer's seed joins the batch when
the pass reaches that layer. Maps are over the sides of the model's input, summed over its channels.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from engine import seeds
from engine.errors import RequestError
from engine.explainer import Explainer, Observed
from engine.graph import Graph, Recording
from engine.layers import class_layer
from engine.operations.base import Way
from engine.operations.convolution import Convolution, Linear
from engine.passes import back_project
from engine.results import ClassResponses, Method
from engine.rules import RULES

Maps = NDArray[np.float32]

_TIE = 1e-6  # share of the greatest response below which two classes count as tied


def way_of(method: Method) -> Way:
    """How the method takes signals back."""
    return Way(RULES[method.rule], method.unpooling)


def class_seed(logits: Tensor, target: int) -> Tensor:
    """1 at the logit of a class, [1, classes]."""
    seed = torch.zeros_like(logits)
    seed[0, target] = 1
    return seed


def layer_maps(
    explainer: Explainer, recording: Recording, method: Method, target: int
) -> list[Maps]:
    """Raw signed maps [S, S] of the explained layers, in order of depth (CLEAR eq. 2)."""
    owner: list[int] = []  # the step that each row of the growing batch belongs to
    steps = set(explainer.layer_steps)
    last = len(explainer.graph.steps) - 1

    def seeds_at(step: int, arrived: Tensor | None) -> Tensor | None:
        fresh = None
        if step == last and method.seed == "class":
            fresh = class_seed(recording.logits, target)
        elif step in steps:
            fresh = _layer_seed(recording.kept[step], method, arrived)
        if fresh is not None:
            owner.extend([step] * len(fresh))
        return fresh

    with torch.no_grad():
        rows = back_project(explainer.graph, recording, way_of(method), seeds_at).sum(1)
        rows = rows.clamp(min=0) if method.positive else rows
        owners = torch.tensor(owner, device=rows.device)
        maps = [rows[owners == step].sum(0) for step in explainer.layer_steps]
    return [to_numpy(item) for item in maps]


def _layer_seed(activation: Tensor, method: Method, arrived: Tensor | None) -> Tensor | None:
    if method.seed == "class":
        return None if arrived is None else seeds.class_share(activation, arrived[:1])
    if method.seed == "full":
        return seeds.full(activation)
    if method.seed == "uniform":
        return seeds.uniform(activation)
    kernels = seeds.strongest_kernels(activation, method.kernels)
    make = seeds.peak if method.seed == "peak" else seeds.of_kernels
    return make(activation, kernels)


def to_numpy(maps: Tensor) -> Maps:
    """A map or maps as float32 in main memory."""
    return np.asarray(maps.float().cpu().numpy())


def explained_step(explainer: Explainer, observed: Observed, layer: str) -> int:
    """The step of a layer whose activation was kept; raises :class:`RequestError` otherwise."""
    step = explainer.graph.step_of(layer)
    if step not in observed.recording.kept:
        raise RequestError(f"the layer {layer!r} is not among those explained")
    return step


def map_of(
    explainer: Explainer,
    observed: Observed,
    method: Method,
    layer: str,
    kernel: int | None = None,
    position: Sequence[int] | None = None,
) -> Maps:
    """Raw signed map [S, S] of a part of a layer: one kernel, one position (y, x) on its native
    grid, one kernel at one position, or (neither given) the whole activation.

    The seed is the activation there; ``method`` gives the rule and the un-pooling. Raises
    :class:`RequestError` for a kernel or a position that the layer does not have.
    """
    step = explained_step(explainer, observed, layer)
    activation = observed.activation(step)
    _, kernels, *sides = activation.shape
    if kernel is not None and not 0 <= kernel < kernels:
        raise RequestError(f"the layer {layer!r} has the kernels 0 to {kernels - 1}, not {kernel}")
    if position is not None and not (
        len(position) == len(sides)
        and all(0 <= place < side for place, side in zip(position, sides, strict=True))
    ):
        grid = " × ".join(map(str, sides))
        raise RequestError(
            f"the position {tuple(position)} is outside the {grid} grid of {layer!r}"
        )
    part = seeds.of_position(activation, position, kernel)
    rows = back_project(
        explainer.graph,
        observed.recording,
        way_of(method),
        lambda at, arrived: part if at == step else None,
    )
    return to_numpy(rows[0].sum(0))


def class_maps(explainer: Explainer, recording: Recording, method: Method) -> ClassResponses:
    """The response of every class (CLEAR eq. 3) and, per pixel, the dominant class, its response
    and the margin to the runner-up (eqs. 4-5).

    With a class layer, R(x|c) starts from its kernel of class c. Without one it starts from the
    last layer with maps, whose kernels are summed by the signal of class c that arrives there and
    taken back by it: the same up to a factor and the class's bias where a linear layer follows
    global average pooling (class activation mapping's equivalence, Zhou 2016).
    """
    way, graph, step = way_of(method), explainer.graph, explainer.class_step
    if class_layer(graph) == step:
        every = torch.arange(recording.kept[step].shape[1], device=recording.logits.device)
        seed = seeds.of_kernels(recording.kept[step], every)
    else:
        last = len(graph.steps) - 1
        logits = torch.eye(
            recording.logits.shape[1], dtype=recording.logits.dtype, device=recording.logits.device
        )
        arrived = back_project(
            graph, recording, way, lambda at, _: logits if at == last else None, to=step
        )
        seed = arrived * seeds.class_share(recording.kept[step], arrived).sum(1, keepdim=True)
    rows = back_project(graph, recording, way, lambda at, _: seed if at == step else None).sum(1)
    if method.per_weight:
        rows = rows / _class_norms(graph).view(-1, *(1,) * (rows.ndim - 1))
    return dominant(to_numpy(rows), explainer.model.specification.classes)


def _class_norms(graph: Graph) -> Tensor:
    """‖w_c‖ of each class's weights in the last layer that has weights."""
    for step in reversed(graph.steps):
        if isinstance(step.operation, Convolution):
            return _norms(step.operation.weight.flatten(1))
        if isinstance(step.operation, Linear):
            return _norms(step.operation.weight.T)
    raise RequestError("the model has no layer with weights to divide by")


def _norms(rows: Tensor) -> Tensor:
    found: Tensor = torch.linalg.vector_norm(rows, dim=1)
    return found


def dominant(maps: Maps, classes: Sequence[str]) -> ClassResponses:
    """Class maps [K, S, S] → dominant class and response; ties and no evidence are -1."""
    if len(maps) < 2:
        raise RequestError("a dominant class needs at least two classes")
    order = np.partition(maps, len(maps) - 2, axis=0)
    response, runner_up = order[-1], order[-2]
    margin = response - runner_up
    clear = (response > 0) & (margin > _TIE * float(np.abs(maps).max(initial=0.0)))
    index = np.where(clear, maps.argmax(0), -1).astype(np.int16)
    return ClassResponses(tuple(classes), index, response, margin)
