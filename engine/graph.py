"""A model as a graph of operations: every call site once, in order, with a name of its own.

The way in is ``torch.fx``: it reads the model's Python once, so functional, in-place and reused
rectifiers become call sites like any other, which module hooks cannot see.
"""

from __future__ import annotations

import operator
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor, fx, nn

from engine.errors import ModelError, UnsupportedOperationError
from engine.operations.base import Operation, Way
from engine.operations.convolution import Convolution
from engine.operations.normalisation import ChannelScale
from engine.operations.rectifier import Rectifier
from engine.operations.shape import Identity, Sum
from engine.operations.table import FUNCTIONS, MODULES


@dataclass(frozen=True)
class Step:
    """A call site. ``inputs`` are indices of earlier steps; 0 is the image."""

    name: str
    operation: Operation | None
    inputs: tuple[int, ...]


@dataclass(frozen=True)
class Graph:
    """``steps[0]`` is the image, the last step the logits. ``outputs`` maps a module's dotted
    path (``path#2`` for its second call) to the step that yields its output."""

    steps: tuple[Step, ...]
    outputs: Mapping[str, int]

    def step_of(self, layer: str) -> int:
        try:
            return self.outputs[layer]
        except KeyError as error:
            raise ModelError(f"the model has no layer {layer!r}") from error


@dataclass(frozen=True, eq=False)
class Recording:
    """One forward pass: outputs of the kept steps [1, C, H, W], records of all, logits [1, K]."""

    kept: Mapping[int, Tensor]
    records: tuple[Any, ...]
    logits: Tensor


class _Proxy(fx.Proxy):
    """Reads ``a += b`` as the overwriting that it is, not as ``a = a + b``."""

    def __iadd__(self, other: object) -> fx.Proxy:
        return self.tracer.create_proxy("call_function", operator.iadd, (self, other), {})


class _Tracer(fx.Tracer):
    """Remembers which node each module call returned, containers included."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: list[tuple[str, fx.Node]] = []

    def proxy(self, node: fx.Node) -> fx.Proxy:
        return _Proxy(node, self)

    def call_module(
        self,
        m: nn.Module,
        forward: Callable[..., Any],
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
    ) -> Any:
        result = super().call_module(m, forward, args, kwargs)
        if isinstance(result, fx.Proxy):
            self.calls.append((self.path_of_module(m), result.node))
        return result


def _numbered(names: Iterable[str]) -> list[str]:
    """``name``, ``name#2``, ``name#3`` …: unique, in order of call."""
    seen: Counter[str] = Counter()
    unique = []
    for name in names:
        seen[name] += 1
        unique.append(name if seen[name] == 1 else f"{name}#{seen[name]}")
    return unique


def _place(node: fx.Node) -> str:
    """Dotted path of the call site: the module's, or the enclosing module's and the function."""
    if node.op == "call_module":
        return str(node.target)
    stack = node.meta.get("nn_module_stack") or {}
    inside = next(reversed(stack.values()))[0] if stack else ""
    called = node.target if isinstance(node.target, str) else node.target.__name__
    return f"{inside}.{called}" if inside else called


def _tensors_and_rest(node: fx.Node) -> tuple[list[fx.Node], list[Any]]:
    """The node's tensor arguments (a list of them counts as several) and what follows them."""
    tensors: list[fx.Node] = []
    rest: list[Any] = []
    for argument in node.args:
        if isinstance(argument, fx.Node):
            tensors.append(argument)
        elif isinstance(argument, (list, tuple)) and argument and isinstance(argument[0], fx.Node):
            tensors.extend(item for item in argument if isinstance(item, fx.Node))
        else:
            rest.append(argument)
    return tensors, rest


def _operation(node: fx.Node, network: nn.Module) -> Operation:
    place = _place(node)
    tensors, rest = _tensors_and_rest(node)
    try:
        if set(node.all_input_nodes) != set(tensors):
            raise ValueError("a tensor given by keyword")
        if node.op == "call_module":
            module = network.get_submodule(str(node.target))
            return MODULES[type(module)](module)
        return FUNCTIONS[node.target](*rest, **node.kwargs)
    except KeyError as error:
        kind = (
            type(network.get_submodule(str(node.target))).__name__
            if node.op == "call_module"
            else _place(node).rpartition(".")[2]
        )
        raise UnsupportedOperationError(
            f"the engine does not know the operation {kind} at {place!r}"
        ) from error
    except ValueError as error:
        raise UnsupportedOperationError(
            f"the engine does not know this form of operation at {place!r}: {error}"
        ) from error


def _overwrites(node: fx.Node, operation: Operation | None, network: nn.Module) -> bool:
    """True when the call writes its result over its first input."""
    if not isinstance(operation, (Rectifier, Sum)):
        return False
    if node.op == "call_module":
        return bool(getattr(network.get_submodule(str(node.target)), "inplace", False))
    if node.op == "call_method":
        return str(node.target).endswith("_")
    flag = node.kwargs.get("inplace", node.args[1] if len(node.args) > 1 else False)
    return node.target is operator.iadd or flag is True


def _refuse_lost_values(nodes: Mapping[fx.Node, int], steps: list[Step], net: nn.Module) -> None:
    """Raise for a step that reads a value after an in-place operation has overwritten it: the
    graph would go on with the old value, the network with the new one."""
    storage: dict[int, int] = {}  # step → the step whose memory its output shares
    writer: dict[int, int] = {}  # that step → the last one that overwrote it
    for node, position in nodes.items():
        step = steps[position]
        for item in step.inputs:
            last = writer.get(storage[item], item)
            if last > item:
                raise UnsupportedOperationError(
                    f"the operation at {step.name!r} reads a value that {steps[last].name!r} has "
                    "overwritten in place"
                )
        overwrites = _overwrites(node, step.operation, net)
        shares = overwrites or isinstance(step.operation, Identity)
        storage[position] = storage[step.inputs[0]] if shares else position
        if overwrites:
            writer[storage[position]] = position


def trace(network: nn.Module, keep: Iterable[str] = ()) -> Graph:
    """Read ``network`` (evaluation mode, one image in, logits out) into a :class:`Graph`.

    Batch normalisation is folded into the convolution before it unless that convolution's own
    output is one of the layers to ``keep``. The network itself is not changed. Raises
    :class:`UnsupportedOperationError` with the place of an operation that has no adjoint here.
    """
    if any(module.training for module in network.modules()):
        raise ModelError("the network is in training mode; call eval() first")
    tracer = _Tracer()
    try:
        nodes = list(tracer.trace(network).nodes)
    except (fx.proxy.TraceError, RuntimeError, TypeError) as error:
        raise UnsupportedOperationError(f"the model cannot be read as a graph: {error}") from error
    index: dict[fx.Node, int] = {}
    steps: list[Step] = []
    callers = [node for node in nodes if node.op in ("call_module", "call_function", "call_method")]
    names = dict(zip(callers, _numbered(_place(node) for node in callers), strict=True))
    for node in nodes:
        if node.op == "placeholder" and not steps:
            steps.append(Step("image", None, ()))
        elif node in names:
            tensors, _ = _tensors_and_rest(node)
            inputs = tuple(index[item] for item in tensors)
            steps.append(Step(names[node], _operation(node, network), inputs))
        elif node.op == "output":
            (answer,) = node.args
            if not isinstance(answer, fx.Node) or index[answer] != len(steps) - 1:
                raise UnsupportedOperationError(
                    "the model must return one tensor, the output of its last operation"
                )
            continue
        else:
            raise UnsupportedOperationError(f"the engine does not know {node.op} {node.target!r}")
        index[node] = len(steps) - 1
    _refuse_lost_values(index, steps, network)
    paths = _numbered(path for path, _ in tracer.calls)
    outputs = {path: index[node] for path, (_, node) in zip(paths, tracer.calls, strict=True)}
    kept = {outputs[name] for name in keep if name in outputs}
    return Graph(_folded(steps, kept), outputs)


def _folded(steps: list[Step], kept: set[int]) -> tuple[Step, ...]:
    """Fold each channel scale into the convolution that feeds it alone; indices stay valid."""
    users = Counter(item for step in steps for item in step.inputs)
    for position, step in enumerate(steps):
        if not isinstance(step.operation, ChannelScale):
            continue
        (before,) = step.inputs
        source = steps[before].operation
        if isinstance(source, Convolution) and users[before] == 1 and before not in kept:
            scaled = source.scaled(step.operation.scale, step.operation.shift)
            steps[before] = replace(steps[before], operation=None)
            steps[position] = Step(step.name, scaled, steps[before].inputs)
    return tuple(steps)


def record(graph: Graph, image: Tensor, keep: Iterable[int]) -> Recording:
    """Run ``image`` [1, C, S, S] forward and keep what the way back needs."""
    values: dict[int, Tensor] = {0: image}
    records: list[Any] = [None] * len(graph.steps)
    last_use = {item: n for n, step in enumerate(graph.steps) for item in step.inputs}
    wanted = set(keep)
    kept: dict[int, Tensor] = {}
    for position, step in enumerate(graph.steps):
        if step.operation is not None:
            inputs = [values[item] for item in step.inputs]
            try:
                values[position], records[position] = step.operation.forward(*inputs)
            except ValueError as error:
                raise UnsupportedOperationError(
                    f"the engine does not know this form of operation at {step.name!r}: {error}"
                ) from error
        if position in wanted:
            kept[position] = values[position]
        for item in step.inputs:
            if last_use[item] == position:
                values.pop(item, None)
    return Recording(kept, tuple(records), values[len(graph.steps) - 1])


def accumulate(first: Tensor | None, second: Tensor) -> Tensor:
    """Sum of two signal batches; the shorter one lacks the slots of layers further down."""
    if first is None:
        return second
    if len(first) < len(second):
        first, second = second, first
    if len(first) == len(second):
        return first + second
    return torch.cat((first[: len(second)] + second, first[len(second) :]))


def back_project(
    graph: Graph,
    recording: Recording,
    way: Way,
    seeds_at: Callable[[int, Tensor | None], Tensor | None],
) -> Tensor:
    """Take seeds of many layers to the image in ONE pass, as one batch that grows on its way.

    ``seeds_at(step, arrived)`` is asked at every step, from the logits down, and may return seeds
    [n, C, H, W] that join the batch there; ``arrived`` is what has come so far [B, C, H, W] (None
    before the first seed). Returns [total, C, S, S] in image space; rows stand in the order in
    which the seeds joined.
    """
    signals: dict[int, Tensor] = {}
    joined = 0
    for position in range(len(graph.steps) - 1, -1, -1):
        signal = signals.pop(position, None)
        fresh = seeds_at(position, signal)
        if fresh is not None:
            if signal is None:
                signal = fresh.new_zeros(0, *fresh.shape[1:])
            gap = fresh.new_zeros(joined - len(signal), *fresh.shape[1:])
            signal = torch.cat((signal, gap, fresh))
            joined += len(fresh)
        step = graph.steps[position]
        if signal is None:
            continue
        if position == 0:
            return torch.cat((signal, signal.new_zeros(joined - len(signal), *signal.shape[1:])))
        if step.operation is None:
            raise AssertionError(f"a folded step was reached: {step.name}")
        for item, share in zip(
            step.inputs, step.operation.back(signal, recording.records[position], way), strict=True
        ):
            signals[item] = accumulate(signals.get(item), share)
    raise ModelError("no seed reached the image")
