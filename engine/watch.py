"""Watching a network run: every operation that depends on the image becomes a step."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils import _pytree
from torch.utils._python_dispatch import TorchDispatchMode

from engine.errors import UnsupportedOperationError
from engine.graph import Step
from engine.operations.base import Operation
from engine.operations.call import Call
from engine.operations.rectifier import Steps
from engine.operations.table import MADE_NEW, OPERATIONS, PASSED_ON, RANDOM_IN_TRAINING


def _numbered(seen: Counter[str], name: str) -> str:
    """``name``, ``name#2``, ``name#3`` …: unique, in order of call."""
    seen[name] += 1
    return name if seen[name] == 1 else f"{name}#{seen[name]}"


@dataclass
class _Spot:
    """Where the run is: the modules that it is inside of, and whose output is being named."""

    modules: list[str] = field(default_factory=list)
    naming: str | None = None
    holding: bool = False


class Watch(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """``steps`` are those met so far, ``outputs`` the steps that module calls ended with. An
    operation without an adjoint is remembered with its reason and refused when the answer turns
    out to depend on it."""

    def __init__(self, example: Tensor, network: nn.Module) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.steps = [Step("image", "image", None, (), example.shape)]
        self.outputs: dict[str, int] = {}
        # By id, each with its tensor so that no id is used twice: the step that yields a tensor, or
        # why no signal can be taken back through it.
        self._found: dict[int, tuple[int | UnsupportedOperationError, Tensor]] = {
            id(example): (0, example)
        }
        self._paths = {module: path for path, module in network.named_modules()}
        self._leaves = {
            path for path, m in network.named_modules() if next(m.children(), None) is None
        }
        self._spot = _Spot()
        self._step_names: Counter[str] = Counter()
        self._call_names: Counter[str] = Counter()

    @contextmanager
    def named_calls(self) -> Iterator[None]:
        """While it runs, module calls are followed through PyTorch's global hooks; the modules
        themselves are not touched."""
        modules = torch.nn.modules.module

        def enter(module: nn.Module, _: Any) -> None:
            if module in self._paths:
                self._spot.modules.append(self._paths[module])

        def leave(module: nn.Module, _: Any, output: Any) -> None:
            if module not in self._paths:
                return
            path = self._spot.modules.pop()
            if path and isinstance(output, Tensor):
                self._spot.naming = path
                torch.ops.aten.alias(output)  # arrives below as the tensor that is known there
                self._spot.naming = None

        handles = (
            modules.register_module_forward_pre_hook(enter),
            modules.register_module_forward_hook(leave, always_call=True),
        )
        try:
            yield
        finally:
            for handle in handles:
                handle.remove()

    def held(self, values: Tensor) -> Tensor:
        """``detach``: the same values, through which no signal passes."""
        self._spot.holding = True
        try:
            out: Tensor = torch.ops.aten.alias(values)
            return out
        finally:
            self._spot.holding = False

    def step_of(self, answer: object) -> int:
        """The step that yields what the network returned; raises what stands in the way."""
        found = self._found.get(id(answer))
        if found is None:
            raise UnsupportedOperationError(
                "the model must return one tensor that depends on the image"
            )
        if isinstance(found[0], UnsupportedOperationError):
            raise found[0]
        return found[0]

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        kwargs = kwargs or {}
        flat, layout = _pytree.tree_flatten((args, kwargs))
        holes = [n for n, item in enumerate(flat) if id(item) in self._found]
        output = func(*args, **kwargs)
        schema = func._schema.name.partition("::")[2]
        name = schema if schema in PASSED_ON else schema.removesuffix("_copy")
        if self._spot.naming is not None and holes:
            self._name_output(flat[holes[0]])
            return output
        if _is_random(func, name, kwargs):
            reason = f"the network draws random numbers at {self._place(name)!r}; switch that off"
            self._keep(name, name, [UnsupportedOperationError(reason)], (), output)
            return output
        if not holes or (name in MADE_NEW and holes == [0]):
            return output
        if self._spot.holding:
            step = self._found[id(flat[holes[0]])][0]
            made: list[Any] = [Steps(lambda values: values)] if isinstance(step, int) else [step]
            place = self._place("detach")
            self._keep(place, "detach", made, (step,) if isinstance(step, int) else (), output)
            return output
        self._follow(_Met(name, func, flat, layout, holes), output)
        return output

    def _name_output(self, tensor: Tensor) -> None:
        step, _ = self._found[id(tensor)]
        if isinstance(step, int) and self._spot.naming is not None:
            self.outputs[_numbered(self._call_names, self._spot.naming)] = step

    def _follow(self, met: _Met, output: Any) -> None:
        """Note the step, or why there is none."""
        came = [self._found[id(met.flat[n])][0] for n in met.holes]
        lost = next((item for item in came if isinstance(item, UnsupportedOperationError)), None)
        place = self._place(met.name)
        if met.name in _DECISIONS:
            raise self._unknown(met.name, place)
        if met.func._schema.is_mutable and met.name not in RANDOM_IN_TRAINING:
            raise self._unknown(met.name, place)
        if lost is not None:
            self._keep(place, met.name, [lost], (), output)
            return
        steps = tuple(item for item in came if isinstance(item, int))
        if met.name in PASSED_ON and output.dtype == met.flat[met.holes[0]].dtype:
            self._found[id(output)] = (steps[0], output)
            return
        made: list[Operation | UnsupportedOperationError]
        try:
            known = met.name in OPERATIONS
            made = self._made(met, output) if known else [self._unknown(met.name, place)]
        except ValueError as error:
            made = [
                UnsupportedOperationError(
                    f"the engine does not know this form of the operation {met.name} at "
                    f"{place!r}: {error}"
                )
            ]
        self._keep(place, met.name, made, steps, output)

    @staticmethod
    def _unknown(name: str, place: str) -> UnsupportedOperationError:
        return UnsupportedOperationError(
            f"the engine does not know the operation {name} at {place!r}"
            f"{_REASONS.get(name, '')}; it cannot be taken back to the image"
        )

    @staticmethod
    def _made(met: _Met, output: Any) -> list[Operation | UnsupportedOperationError]:
        call = met.call(output)
        operation = OPERATIONS[met.name](call)
        operations = operation if isinstance(operation, list) else [operation]
        results = output if isinstance(output, (tuple, list)) else (output,)
        shared = any(item.shape[:1] != (1,) for item in (*call.inputs, results[0]))
        if shared and not all(item.takes_parts for item in operations):
            raise ValueError("parts of the image lie along the first axis, that of the batch")
        return list(operations)

    def _keep(
        self,
        place: str,
        kind: str,
        made: list[Any],
        steps: tuple[int, ...],
        output: Any,
    ) -> None:
        """A step for each result that an operation yields. The others (positions of maxima,
        statistics) depend on the image, but lead nowhere."""
        results = output if isinstance(output, (tuple, list)) else (output,)
        for result, item in itertools.zip_longest(results, made):
            if not isinstance(result, Tensor):
                continue
            if isinstance(item, Operation):
                name = _numbered(self._step_names, place)
                self.steps.append(Step(name, kind, item, steps, result.shape))
                self._found[id(result)] = (len(self.steps) - 1, result)
                continue
            reason = item or UnsupportedOperationError(
                f"the model uses the positions or statistics that {kind} at {place!r} yields "
                "beside its result, through which no response can be taken back"
            )
            self._found[id(result)] = (reason, result)

    def _place(self, name: str) -> str:
        """Dotted path of the call site: the module's own, or with the function's name."""
        path = self._spot.modules[-1] if self._spot.modules else ""
        if not path:
            return name
        return path if path in self._leaves else f"{path}.{name}"


@dataclass(frozen=True, eq=False)
class _Met:
    """A call as it arrived: its arguments flattened, and which of them depend on the image."""

    name: str
    func: Any
    flat: list[Any]
    layout: Any
    holes: list[int]

    def call(self, output: Any) -> Call:
        constants = [
            item.detach() if isinstance(item, Tensor) and n not in self.holes else item
            for n, item in enumerate(self.flat)
        ]
        args, kwargs = _pytree.tree_unflatten(constants, self.layout)
        arguments = _by_name(self.func, args, kwargs)
        inputs = tuple(self.flat[n] for n in self.holes)
        func, layout, holes = self.func, self.layout, self.holes
        for hole in holes:
            constants[hole] = None  # the graph holds no values of the example

        def apply(*values: Tensor) -> Any:
            filled = list(constants)
            for hole, value in zip(holes, values, strict=True):
                filled[hole] = value
            args, kwargs = _pytree.tree_unflatten(filled, layout)
            return func(*args, **kwargs)

        return Call(self.name, arguments, inputs, _names_of(arguments, inputs), apply, output)


# Calls that hand values of the image to Python.
_DECISIONS = frozenset({"_local_scalar_dense", "nonzero", "equal", "is_nonzero"})
_REASONS = {
    "_local_scalar_dense": " (the network decides by the values of the image)",
    "nonzero": " (the network decides by the values of the image)",
    "copy_": " (values written into a new tensor, as circular padding does)",
}


def _is_random(func: Any, name: str, options: Mapping[str, Any]) -> bool:
    """True for random numbers that differ each time: not from a generator of the network's own."""
    random = torch.Tag.nondeterministic_seeded in func.tags and name not in RANDOM_IN_TRAINING
    return random and options.get("generator") is None


def _by_name(func: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> dict[str, Any]:
    """Arguments by the names of the schema, defaults included."""
    schema = func._schema.arguments
    named = {item.name: item.default_value for item in schema if item.has_default_value()}
    named.update((item.name, value) for item, value in zip(schema, args, strict=False))
    named.update(kwargs)
    return named


def _names_of(arguments: Mapping[str, Any], inputs: tuple[Tensor, ...]) -> tuple[str, ...]:
    """The arguments that the inputs are, or are in."""
    known = {id(item) for item in inputs}
    names: list[str] = []
    for name, value in arguments.items():
        items = value if isinstance(value, (list, tuple)) else (value,)
        names.extend(name for item in items if id(item) in known)
    return tuple(names)
