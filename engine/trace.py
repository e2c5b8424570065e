"""The way in: any network as a graph, by running it once and watching.

The network runs on an example image under a dispatch mode, below autograd and with mutations
rewritten (``torch.func.functionalize``). What arrives is the small, closed set of ATen operations,
however the model was written: modules, functions, methods, in-place or not, a module used twice.
What does not depend on the image (reparametrised weights, position tables) is computed once and
becomes a constant; Python control flow is followed as it goes for an image of this size.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from engine.errors import ModelError, UnsupportedOperationError
from engine.graph import Graph, Step, folded
from engine.operations.derivative import Derivative
from engine.operations.joins import Product
from engine.operations.rectifier import Gate, Softmax, Steps, Unit
from engine.watch import Watch


def trace(network: nn.Module, example: Tensor, keep: Iterable[str] = ()) -> Graph:
    """Read ``network`` (evaluation mode) into a :class:`Graph` for images of the shape of
    ``example`` [1, C, *sides], on its device and of its dtype.

    Batch normalisation is folded into the convolution before it unless that convolution's own
    output is one of the layers to ``keep``. The network itself is left as it was; when its weights
    change, read it again. Raises :class:`UnsupportedOperationError` with the name and the place of
    an operation that has no adjoint here, :class:`ModelError` for a network in training mode or
    one that fails to run.
    """
    if any(module.training for module in network.modules()):
        raise ModelError("the network is in training mode; call eval() first")
    if example.ndim < 3 or len(example) != 1:
        raise ModelError(f"the example has the shape {tuple(example.shape)}; [1, C, …] is needed")
    watch = Watch(example, network)
    try:
        with torch.no_grad(), watch.named_calls(), watch, _Spelling():
            answer = torch.func.functionalize(lambda image: network(image.clone()))(example)
    except (ModelError, UnsupportedOperationError):
        raise
    except Exception as error:
        raise ModelError(
            f"the network does not run on an image [{', '.join(map(str, example.shape))}]: {error}"
        ) from error
    steps, outputs = _up_to(watch.step_of(answer), watch)
    steps = recognised(steps)
    called = {step.name: position for position, step in enumerate(steps)} | dict(outputs)
    kept = {called[name] for name in keep if name in called}
    return Graph(folded(steps, kept), outputs, example.shape)


class _Spelling(TorchFunctionMode):
    """Writes the one operation that ``functionalize`` cannot rewrite in words that it knows."""

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        kwargs = kwargs or {}
        if func is torch.nn.functional.relu6:
            inplace = kwargs.get("inplace", args[1] if len(args) > 1 else False)
            return torch.nn.functional.hardtanh(
                args[0] if args else kwargs["input"], 0.0, 6.0, inplace
            )
        return func(*args, **kwargs)


def _up_to(last: int, watch: Watch) -> tuple[list[Step], Mapping[str, int]]:
    """The steps up to the logits: a softmax or sigmoid at the very end is left out, since a class
    is explained by what speaks for it before it competes."""
    while isinstance(watch.steps[last].operation, (Softmax, Gate)):
        (last,) = watch.steps[last].inputs
    if len(watch.steps[last].shape) != 2:
        shape = tuple(watch.steps[last].shape)
        raise UnsupportedOperationError(f"the model must return logits [1, classes], not {shape}")
    outputs = {name: step for name, step in watch.outputs.items() if step <= last}
    return watch.steps[: last + 1], outputs


def recognised(steps: list[Step]) -> list[Step]:
    """Units written by hand are units: x · sigmoid(x), x · (x > 0), where(x > 0, x, constant)."""
    return [_unit(steps, step) or step for step in steps]


def _unit(steps: list[Step], step: Step) -> Step | None:
    if len(step.inputs) != 2:
        return None
    for gating, value in (step.inputs, step.inputs[::-1]):
        gate = steps[gating].operation
        if not isinstance(gate, (Gate, Steps)) or steps[gating].inputs != (value,):
            continue
        if isinstance(step.operation, Product) and step.operation.function is torch.mul:
            return replace(step, operation=_gated(gate), inputs=(value,))
        if isinstance(step.operation, Derivative) and step.inputs[0] == gating:
            return replace(step, operation=_chosen(step.operation, gate), inputs=(value,))
    return None


def _gated(gate: Gate | Steps) -> Unit:
    return Unit(lambda values: values * gate.function(values))


def _chosen(choice: Derivative, gate: Gate | Steps) -> Unit:
    return Unit(lambda values: choice.function(gate.function(values), values), through_zero=False)
