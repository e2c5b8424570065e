"""What an ONNX file holds, as frozen Python and torch values, once everything was checked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from torch import Tensor

Attribute = int | float | str | tuple[int, ...] | tuple[float, ...] | Tensor


@dataclass(frozen=True, eq=False)
class Record:
    """A node as the file has it. ``inputs`` and ``outputs`` are names of values, "" where one is
    left out."""

    name: str
    op_type: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attributes: Mapping[str, Attribute]

    def __str__(self) -> str:
        return f"the node {self.name!r} ({self.op_type})"


@dataclass(frozen=True, eq=False)
class OnnxFile:
    """A whole model. ``input_shape`` is (batch, channels, height, width), None where the file
    leaves a size open; floating-point ``constants`` are float32 whatever the file stores.
    ``sha256`` covers the external data, too."""

    stem: str
    sha256: str
    opset: int
    version: str
    records: tuple[Record, ...]
    constants: Mapping[str, Tensor]
    input_name: str
    input_shape: tuple[int | None, int | None, int | None, int | None]
    outputs: tuple[str, ...]
    metadata: Mapping[str, str]
