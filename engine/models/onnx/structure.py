"""The shape of an ONNX graph: one image goes in, and every value is made before it is used."""

from __future__ import annotations

from collections.abc import Container, Iterable
from pathlib import Path

import onnx
from onnx import TensorProto

from engine.errors import ModelError
from engine.models.onnx.file import Record
from engine.models.onnx.tensors import kind_name
from engine.models.specification import MOST_CHANNELS

InputShape = tuple[int | None, int | None, int | None, int | None]
_IMAGES = (TensorProto.FLOAT, TensorProto.FLOAT16, TensorProto.DOUBLE)


def input_of(
    graph: onnx.GraphProto, constants: Container[str], path: Path
) -> tuple[str, InputShape]:
    """Name and shape (batch, channels, height, width) of the one input that is no constant."""
    inputs = [value for value in graph.input if value.name not in constants]
    if len(inputs) != 1:
        names = [value.name for value in inputs][:5]
        raise ModelError(f"{path}: the model has {len(inputs)} inputs {names}; one image is needed")
    kind = inputs[0].type.tensor_type
    if not inputs[0].type.HasField("tensor_type") or kind.elem_type not in _IMAGES:
        raise ModelError(
            f"{path}: the input {inputs[0].name!r} is of type {kind_name(kind.elem_type)}; the "
            "engine gives floating point, so export the model with such an input"
        )
    sides = tuple(
        side.dim_value if side.HasField("dim_value") and side.dim_value > 0 else None
        for side in kind.shape.dim
    )
    if len(sides) != 4:
        raise ModelError(
            f"{path}: the input {inputs[0].name!r} has {len(sides)} dimensions; an image has "
            "four (batch, channels, height, width)"
        )
    batch, channels, height, width = sides
    if channels is not None and channels > MOST_CHANNELS >= (width or channels):
        raise ModelError(
            f"{path}: the input has the shape {sides}, its channels last; export the model with "
            "channels first (tf2onnx: --inputs-as-nchw)"
        )
    return inputs[0].name, (batch, channels, height, width)


def check_order(
    graph: onnx.GraphProto,
    records: Iterable[Record],
    input_name: str,
    constants: Iterable[str],
    path: Path,
) -> None:
    """Every value is made once, and before it is used; so there is no cycle either."""
    made = {input_name, *constants}
    for record in records:
        for name in record.inputs:
            if name and name not in made:
                raise ModelError(
                    f"{path}: {record} uses {name!r}, which nothing before it makes; the file is "
                    "damaged or goes round in a circle"
                )
        for name in record.outputs:
            if name in made:
                raise ModelError(f"{path}: {record} makes {name!r} a second time")
            if name:
                made.add(name)
    for value in graph.output:
        if value.name not in made:
            raise ModelError(f"{path}: nothing makes the output {value.name!r}")


def needed(records: tuple[Record, ...], output: str) -> tuple[Record, ...]:
    """The nodes that ``output`` depends on, in the order of the file."""
    wanted = {output}
    kept = []
    for record in reversed(records):
        if wanted.intersection(record.outputs):
            wanted.update(name for name in record.inputs if name)
            kept.append(record)
    return tuple(reversed(kept))
