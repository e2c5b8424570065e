"""An ONNX graph as an ordinary torch module, for images of one size.

Once the size of the image is fixed, everything that does not depend on what the image shows is a
number: the arithmetic on shapes is done here, and is gone from the network. What is left is one
small module a node, named as in the file, so that layers have names that the author recognises.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn

from engine.errors import ModelError, UnsupportedOperationError
from engine.models.onnx.ending import Ending, ending_of
from engine.models.onnx.file import OnnxFile, Record
from engine.models.onnx.node import Function, Node
from engine.models.onnx.operations.table import OPERATORS, READ_THE_SHAPE_ONLY
from engine.models.onnx.structure import needed
from engine.models.specification import LARGEST_INPUT, MOST_CHANNELS, OutputName

_MOST_VALUES = 1 << 30  # of all results for one image together: 4 GiB
_FAULTS = (
    RuntimeError, ValueError, TypeError, IndexError, NotImplementedError, OverflowError,
    ZeroDivisionError, MemoryError,
)  # fmt: skip


class OnnxNode(nn.Module):
    """One node: its function, and those of its inputs that are the same for every image."""

    def __init__(self, function: Function, constants: Sequence[Tensor | None]) -> None:
        super().__init__()
        self.function = function
        self.slots = tuple(
            None if value is None else f"input_{place}" for place, value in enumerate(constants)
        )
        for slot, value in zip(self.slots, constants, strict=True):
            if slot is not None:
                self.register_buffer(slot, value)

    def forward(self, *moving: Tensor | None) -> Tensor | Sequence[Tensor]:
        """``moving``: the inputs without a buffer, in order; None for one that is left out."""
        left = iter(moving)
        return self.function(
            *(next(left) if slot is None else self.get_buffer(slot) for slot in self.slots)
        )


@dataclass(frozen=True)
class Step:
    """A call: the module and the names of the values that go in and come out."""

    module: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]


class OnnxNetwork(nn.Module):
    """Input ``[N, channels, side, side]`` float, normalised; output ``[N, classes]``.

    ``activation`` is the softmax or sigmoid that the file ends in; it is left out here, so that
    the output is logits. ``output`` chooses one of several outputs. Several images are computed
    one after the other, as files often have a batch of one written into them.

    Raises :class:`UnsupportedOperationError` for an operator, or a use of it, without an exact
    counterpart, and :class:`ModelError` for a graph that does not work out.
    """

    def __init__(self, file: OnnxFile, channels: int, side: int, output: str | None = None) -> None:
        super().__init__()
        _check_input(file, channels, side)
        self.input_name = file.input_name
        self.image_shape = (channels, side, side)
        self.output_name = _chosen_output(file, output)
        self.activation: OutputName | None = None
        self.classes = 0
        self.steps: list[Step] = []
        records = needed(file.records, self.output_name)
        _check_operators(records)
        values = self._computed(records, file)
        ending = ending_of(records, self.output_name, file.opset, values)
        if ending:
            self._leave_out(ending)
        self._keep_needed()
        shape = values[self.output_name].shape
        self.classes = values[self.output_name].numel()
        if not self.classes or self.classes not in shape:
            raise ModelError(
                f"the output {self.output_name!r} has the shape {tuple(shape)}; a classifier has "
                "one number for each class"
            )
        self.eval()

    def forward(self, image: Tensor) -> Tensor:
        if image.shape[1:] != self.image_shape:
            raise ModelError(
                f"the model was read for images {self.image_shape}, not {tuple(image.shape[1:])}"
            )
        if image.shape[0] != 1:
            return torch.cat([self(image[place : place + 1]) for place in range(len(image))])
        values: dict[str, Tensor | None] = {"": None, self.input_name: image}
        for step in self.steps:
            result = self.get_submodule(step.module)(*(values[name] for name in step.inputs))
            values.update(_named(step.outputs, result))
        logits = values[self.output_name]
        assert logits is not None
        return logits if logits.ndim == 2 else logits.reshape(1, self.classes)

    def _computed(self, records: Sequence[Record], file: OnnxFile) -> dict[str, Tensor]:
        """Every value for a black image; on the way the steps are found."""
        values = {**file.constants, self.input_name: torch.zeros(1, *self.image_shape)}
        moving, count = {self.input_name}, 0
        with torch.no_grad():
            for record in records:
                count += self._add(record, file.opset, values, moving)
                if count > _MOST_VALUES:
                    raise ModelError(f"the model takes more than {_MOST_VALUES >> 28} GiB an image")
        if self.output_name not in moving:
            raise ModelError(f"the output {self.output_name!r} does not depend on the image")
        return values

    def _add(self, record: Record, opset: int, values: dict[str, Tensor], moving: set[str]) -> int:
        """Compute a node once; keep it as a step if its result depends on what the image shows.
        Returns how many values were computed."""
        row = OPERATORS[record.op_type]
        found = [values.get(name) for name in record.inputs]
        for name, value in zip(record.inputs, found, strict=True):
            if name and value is None:
                raise UnsupportedOperationError(
                    f"{record} uses {name!r}, a second result that the engine does not compute"
                )
        constants = [
            None if name in moving else value
            for name, value in zip(record.inputs, found, strict=True)
        ]
        shapes = tuple(None if value is None else tuple(value.shape) for value in found)
        try:
            function = row.build(Node(record, opset, shapes, tuple(constants)))
            module = OnnxNode(function, constants[: row.reads])
            arguments = zip(found[: row.reads], module.slots, strict=True)
            result = module(*(value for value, slot in arguments if slot is None))
        except _FAULTS as error:
            raise ModelError(
                f"{record} does not work out for an image of this size ({_first_line(error)})"
            ) from error
        outputs = _named(record.outputs, result)
        values.update(outputs)
        computed = sum(value.numel() for value in outputs.values())
        if moving.isdisjoint(record.inputs) or record.op_type in READ_THE_SHAPE_ONLY:
            return computed
        moving.update(outputs)
        name = self._free_name(record)
        self.add_module(name, module)
        read = zip(record.inputs, module.slots, strict=False)
        inputs = tuple(value for value, slot in read if slot is None)
        self.steps.append(Step(name, inputs, record.outputs))
        return computed

    def _free_name(self, record: Record) -> str:
        """The node's name, fit for a module path (no dots) and not yet taken."""
        wanted = re.sub(r"[^\w/:-]", "_", record.name.strip("/"))[:200] or record.op_type
        name, number = wanted, len(self.steps)
        while hasattr(self, name):
            number += 1
            name = f"{wanted}_{number}"
        return name

    def _leave_out(self, ending: Ending) -> None:
        """Whoever read the result of the last function reads its input."""
        self.activation = ending.kind
        old, new = ending.outside, ending.inside
        self.output_name = new if self.output_name == old else self.output_name
        self.steps = [
            replace(step, inputs=tuple(new if name == old else name for name in step.inputs))
            for step in self.steps
            if old not in step.outputs
        ]

    def _keep_needed(self) -> None:
        """Without what only shapes were taken from."""
        wanted = {self.output_name}
        kept: list[Step] = []
        for step in reversed(self.steps):
            if wanted.intersection(step.outputs):
                wanted.update(step.inputs)
                kept.append(step)
        self.steps = kept[::-1]
        for name in set(self._modules) - {step.module for step in kept}:
            delattr(self, name)


def _named(outputs: Sequence[str], result: Tensor | Sequence[Tensor]) -> dict[str, Tensor]:
    """Results by name. Those that only training uses (a mask, say) are not computed."""
    several = (result,) if isinstance(result, Tensor) else result
    return {name: value for name, value in zip(outputs, several, strict=False) if name}


def _first_line(error: BaseException) -> str:
    return next(iter(str(error).splitlines()), type(error).__name__)


def _check_input(file: OnnxFile, channels: int, side: int) -> None:
    if channels > MOST_CHANNELS or side > LARGEST_INPUT:
        raise ModelError(
            f"the model reads {channels} channels of {side} × {side} pixels; at most "
            f"{MOST_CHANNELS} of {LARGEST_INPUT} × {LARGEST_INPUT} are computed"
        )
    wanted = (1, channels, side, side)
    for stated, given in zip(file.input_shape, wanted, strict=True):
        if stated not in (None, given):
            raise ModelError(
                f"the model reads images {file.input_shape} (batch, channels, height, width), "
                f"where {wanted} was asked for; correct channels and input_size in model.json, "
                "or export the model with a batch of 1 and square images"
            )


def _chosen_output(file: OnnxFile, output: str | None) -> str:
    if output is None and len(file.outputs) == 1:
        return file.outputs[0]
    if output not in file.outputs or output is None:
        raise ModelError(
            f"the model has the outputs {list(file.outputs[:5])}; say which are the classes, in "
            'model.json: "arguments": {"output": NAME}'
        )
    return output


def _check_operators(records: Sequence[Record]) -> None:
    for record in records:
        if record.op_type not in OPERATORS:
            raise UnsupportedOperationError(
                f"{record} is an operator that the engine does not know; export the model with "
                "ordinary layers"
            )
