"""The way in: any network as a graph, by running it once and watching.

The network runs on an example image under a dispatch mode, below autograd and with mutations
rewritten (``torch.func.functionalize``). What arrives is the small, closed set of ATen operations,
however the model was written: modules, functions, methods, in-place or not, a module used twice.
What does not depend on the image (reparametrised weights, position tables) is computed once and
becomes a constant; Python control flow is followed as it goes for an image of this size.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from engine.errors import ModelError, UnsupportedOperationError
from engine.graph import RESHAPED, Graph, Step, folded, record
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
        with torch.no_grad(), watch.named_calls(), watch, _Spelling(watch):
            answer = torch.func.functionalize(lambda image: network(image.clone()))(example)
    except (ModelError, UnsupportedOperationError):
        raise
    except Exception as error:
        raise ModelError(
            f"the network does not run on an image [{', '.join(map(str, example.shape))}]: {error}"
        ) from error
    last = watch.step_of(answer)
    every = recognised(watch.steps[: last + 1])
    _verify(network, Graph(tuple(every), {}, example.shape), example)
    steps, ending = _up_to_logits(every)
    outputs = {name: step for name, step in watch.outputs.items() if step < len(steps)}
    called = {step.name: position for position, step in enumerate(steps)} | dict(outputs)
    kept = {called[name] for name in keep if name in called}
    return Graph(folded(steps, kept), outputs, example.shape, ending)


def _verify(network: nn.Module, graph: Graph, example: Tensor) -> None:
    """Hold the graph against the network on an image that it has not seen: whatever went past the
    watch (values handed to NumPy, say) shows there."""
    generator = torch.Generator().manual_seed(0)
    image = torch.rand(example.shape, generator=generator).to(example)
    with torch.no_grad():
        expected = network(image.clone())
        found = record(graph, image, ()).logits
    if not bool(expected.isfinite().all()):
        return
    apart = float((found - expected).abs().max())
    near = apart <= _AGREEMENT[example.dtype] * max(float(expected.abs().max()), 1e-6)
    if not near:  # nor when the graph's answer is no number: memory read below PyTorch may be
        raise UnsupportedOperationError(
            "the network answers a second image otherwise than its own operations say; it hands "
            "values of the image to something that PyTorch does not see, or keeps a state"
        )


# Of the greatest logit; rounding alone stays well below.
_AGREEMENT = defaultdict(lambda: 0.1, {torch.float64: 1e-6, torch.float32: 1e-3})


class _Spelling(TorchFunctionMode):
    """Writes the operation that ``functionalize`` cannot rewrite in words that it knows, and marks
    ``detach``, which is not to be told from other aliases further down."""

    def __init__(self, watch: Watch) -> None:
        super().__init__()
        self._watch = watch

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        kwargs = kwargs or {}
        if func is torch.nn.functional.relu6:
            inplace = kwargs.get("inplace", args[1] if len(args) > 1 else False)
            return torch.nn.functional.hardtanh(
                args[0] if args else kwargs["input"], 0.0, 6.0, inplace
            )
        if func in (torch.Tensor.detach, torch.detach):
            return self._watch.held(args[0] if args else kwargs["input"])
        return func(*args, **kwargs)


def _up_to_logits(steps: list[Step]) -> tuple[list[Step], str]:
    """The steps up to the logits, and what was left out after them: a softmax or sigmoid at the
    end, since a class is explained by what speaks for it before it competes."""
    last, ending = len(steps) - 1, ""
    below = last
    while steps[below].kind in RESHAPED and len(steps[below].inputs) == 1:
        (below,) = steps[below].inputs
    if isinstance(steps[below].operation, (Softmax, Gate)):
        ending = "softmax" if isinstance(steps[below].operation, Softmax) else "sigmoid"
        (last,) = steps[below].inputs
    if len(steps[last].shape) != 2:
        shape = tuple(steps[last].shape)
        raise UnsupportedOperationError(f"the model must return logits [1, classes], not {shape}")
    return steps[: last + 1], ending


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
        if step.shape != steps[value].shape:
            continue
        if isinstance(step.operation, Product) and step.operation.function is torch.mul:
            return replace(step, operation=_gated(gate), inputs=(value,))
        if isinstance(step.operation, Derivative) and step.kind == "where":
            return replace(step, operation=_chosen(step.operation, gate), inputs=(value,))
    return None


def _gated(gate: Gate | Steps) -> Unit:
    return Unit(lambda values: values * gate.function(values))


def _chosen(choice: Derivative, gate: Gate | Steps) -> Unit:
    return Unit(lambda values: choice.function(gate.function(values), values), through_zero=False)
