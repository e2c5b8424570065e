"""A model as a graph of operations: every call site once, in order, with a name of its own."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from engine.errors import ModelError
from engine.operations.base import Operation
from engine.operations.convolution import Convolution
from engine.operations.normalisation import ChannelScale

# Kinds of steps that hand on the same values in another shape.
RESHAPED = ("view", "_unsafe_view", "reshape", "squeeze", "unsqueeze")


@dataclass(frozen=True, eq=False)
class Step:
    """A call site. ``inputs`` are indices of earlier steps; 0 is the image. ``shape`` is that of
    its output for one image, ``kind`` the name of the ATen operation. A step that was folded into
    the next has no operation."""

    name: str
    kind: str
    operation: Operation | None
    inputs: tuple[int, ...]
    shape: torch.Size


@dataclass(frozen=True, eq=False)
class Graph:
    """``steps[0]`` is the image, the last step the logits [1, classes]. ``outputs`` maps a
    module's dotted path (``path#2`` for its second call) to the step that yields its output.
    Valid for images of ``input_shape`` [1, C, *sides]. ``ending`` is what the network does to its
    logits at the very end: softmax, sigmoid or nothing."""

    steps: tuple[Step, ...]
    outputs: Mapping[str, int]
    input_shape: torch.Size
    ending: str = ""

    def step_of(self, layer: str) -> int:
        """The step that a layer's name means: a module's path or a call site's name."""
        step = self.outputs.get(layer)
        if step is None:
            named = (n for n, item in enumerate(self.steps) if n and item.name == layer)
            step = next(named, None)
        if step is None:
            raise ModelError(f"the model has no layer {layer!r}")
        if step and self.steps[step].operation is None:
            raise ModelError(
                f"the layer {layer!r} is folded into the normalisation after it; name it among "
                "the exposed layers to keep it apart"
            )
        return step

    def maps(self, step: int) -> bool:
        """True when a step's output has channels and sides [1, C, *sides] like the image's."""
        shape = self.steps[step].shape
        return len(shape) == len(self.input_shape) and shape[0] == 1


@dataclass(frozen=True, eq=False)
class Recording:
    """One forward pass: outputs of the kept steps [1, C, *sides], records of all steps, logits
    [1, classes]."""

    kept: Mapping[int, Tensor]
    records: tuple[Any, ...]
    logits: Tensor


def folded(steps: Sequence[Step], kept: set[int]) -> tuple[Step, ...]:
    """Fold each channel scale into the convolution that feeds it alone; indices stay valid."""
    steps = list(steps)
    users = Counter(item for step in steps for item in step.inputs)
    for position, step in enumerate(steps):
        if not isinstance(step.operation, ChannelScale):
            continue
        (before,) = step.inputs
        source = steps[before].operation
        alone = users[before] == 1 and before not in kept
        if isinstance(source, Convolution) and alone and not source.transposed:
            scaled = source.scaled(step.operation.scale, step.operation.shift)
            steps[position] = replace(step, operation=scaled, inputs=steps[before].inputs)
            steps[before] = replace(steps[before], operation=None)
    return tuple(steps)


def record(graph: Graph, image: Tensor, keep: Iterable[int]) -> Recording:
    """Run ``image`` forward and keep what the way back needs."""
    if image.shape != graph.input_shape:
        raise ModelError(
            f"the model was read for images {list(graph.input_shape)}, not {list(image.shape)}"
        )
    values: dict[int, Tensor] = {0: image}
    records: list[Any] = [None] * len(graph.steps)
    last_use = {item: n for n, step in enumerate(graph.steps) for item in step.inputs}
    wanted = set(keep)
    kept: dict[int, Tensor] = {}
    with torch.no_grad():
        for position, step in enumerate(graph.steps):
            if step.operation is not None:
                inputs = [values[item] for item in step.inputs]
                values[position], records[position] = step.operation.forward(*inputs)
            if position in wanted:
                kept[position] = values[position]
            for item in step.inputs:
                if last_use[item] == position:
                    values.pop(item, None)
    return Recording(kept, tuple(records), values[len(graph.steps) - 1])
