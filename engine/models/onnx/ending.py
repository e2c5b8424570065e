"""The softmax or sigmoid that a classifier's file ends in: found, so that it can be left out.

The engine explains logits and makes probabilities itself.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from torch import Tensor

from engine.models.onnx.file import Record
from engine.models.specification import OutputName

_KINDS: Mapping[str, OutputName] = {
    "Softmax": "softmax",
    "LogSoftmax": "softmax",
    "Sigmoid": "sigmoid",
}
_MOVES_ONLY = {"Identity", "Flatten", "Reshape", "Squeeze", "Unsqueeze", "Cast", "Transpose"}


@dataclass(frozen=True)
class Ending:
    """``kind`` of the function; the names of what goes in and of what comes out."""

    kind: OutputName
    inside: str
    outside: str


def ending_of(
    records: Sequence[Record], output: str, opset: int, values: Mapping[str, Tensor]
) -> Ending | None:
    """The last function before ``output``, also from behind operators that only move values."""
    makers = {record.outputs[0]: record for record in records}
    name = output
    while name in makers and makers[name].op_type in _MOVES_ONLY:
        name = makers[name].inputs[0]
    record = makers.get(name)
    if record is None or record.op_type not in _KINDS:
        return None
    kind, inside = _KINDS[record.op_type], record.inputs[0]
    if kind == "softmax" and not _is_over_all(record, opset, tuple(values[inside].shape)):
        return None
    return Ending(kind, inside, name)


def _is_over_all(softmax: Record, opset: int, shape: tuple[int, ...]) -> bool:
    """Does it take all values of one image together? Before opset 13 it takes all sides from an
    axis on, then that side alone."""
    axis = softmax.attributes.get("axis", 1 if opset < 13 else -1)
    if not isinstance(axis, int):
        return False
    together = shape[axis:] if opset < 13 else shape[axis:][:1]
    return math.prod(together) == math.prod(shape)
