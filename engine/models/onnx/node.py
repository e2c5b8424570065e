"""What the rows of the table of operations see of a node, and what they answer with."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from torch import Tensor

from engine.errors import ModelError, UnsupportedOperationError
from engine.models.onnx.file import Record

Shape = tuple[int, ...]
Function = Callable[..., Tensor | Sequence[Tensor]]
_MAXIMUM_VALUES = 1 << 28  # of one result, 1 GiB: a damaged size must not fill the memory


@dataclass(frozen=True, eq=False)
class Node:
    """A node with what is known of its inputs once the size of the image is.

    ``shapes`` holds the shape of each input, ``constants`` its values where they do not depend on
    the image; both are None for an input that is left out.
    """

    record: Record
    opset: int
    shapes: tuple[Shape | None, ...]
    constants: tuple[Tensor | None, ...]

    def unsupported(self, what: str) -> UnsupportedOperationError:
        return UnsupportedOperationError(f"{self.record} {what}; the engine cannot compute that")

    def shape(self, position: int) -> Shape:
        found = self.shapes[position] if position < len(self.shapes) else None
        if found is None:
            raise ModelError(f"{self.record} lacks its input {position}; the file is damaged")
        return found

    def given(self, position: int) -> bool:
        return position < len(self.shapes) and self.shapes[position] is not None

    # Attributes. ``has`` tells what is written from what is left to the default.

    def has(self, name: str) -> bool:
        return name in self.record.attributes

    def integer(self, name: str, default: int) -> int:
        value = self.record.attributes.get(name, default)
        if not isinstance(value, int):
            raise self._unfit(name)
        return value

    def number(self, name: str, default: float) -> float:
        value = self.record.attributes.get(name, default)
        if not isinstance(value, int | float):
            raise self._unfit(name)
        return float(value)

    def text(self, name: str, default: str) -> str:
        value = self.record.attributes.get(name, default)
        if not isinstance(value, str):
            raise self._unfit(name)
        return value

    def integers(self, name: str, default: Sequence[int]) -> Shape:
        value = self.record.attributes.get(name, tuple(default))
        if not isinstance(value, tuple) or not all(isinstance(item, int) for item in value):
            raise self._unfit(name)
        return tuple(int(item) for item in value)

    def tensor(self, name: str) -> Tensor | None:
        value = self.record.attributes.get(name)
        return value if isinstance(value, Tensor) else None

    # Inputs that say how to compute, so they have to be known before there is an image.

    def input_values(self, position: int) -> tuple[float, ...] | None:
        """The numbers of a constant input, flattened; None where it is left out."""
        if not self.given(position):
            return None
        constant = self.constants[position]
        if constant is None:
            raise self.unsupported(f"takes its input {position} from what the image shows")
        return tuple(constant.flatten().tolist())

    def input_integers(self, position: int) -> Shape | None:
        values = self.input_values(position)
        return None if values is None else tuple(int(value) for value in values)

    def input_number(self, position: int) -> float | None:
        values = self.input_values(position)
        if values is not None and len(values) != 1:
            raise self._unfit(f"input {position}")
        return None if values is None else float(values[0])

    def axes(self, since: int) -> Shape | None:
        """Of a node that has them as an attribute before opset ``since``, then as an input."""
        if self.opset >= since:
            return self.input_integers(1)
        return self.integers("axes", ()) if self.has("axes") else None

    def axis(self, default: int, rank: int | None = None) -> int:
        """The attribute ``axis``, counted from the first side on."""
        return self.counted(self.integer("axis", default), rank)

    def counted(self, axis: int, rank: int | None = None) -> int:
        sides = len(self.shape(0)) if rank is None else rank
        if not -sides <= axis < max(sides, 1):
            raise ModelError(f"{self.record} works along axis {axis} of {sides}")
        return axis % max(sides, 1)

    def bounded(self, shape: Sequence[int]) -> Shape:
        """``shape``, if a result of that shape can be held."""
        if any(side < 0 for side in shape) or math.prod(shape) > _MAXIMUM_VALUES:
            raise ModelError(f"{self.record} makes the impossible shape {tuple(shape)}")
        return tuple(shape)

    def _unfit(self, name: str) -> ModelError:
        return ModelError(f"{self.record} has an unfit {name!r}; the file is damaged")


@dataclass(frozen=True)
class Row:
    """One operator. ``build`` reads a node into a function of its tensors; only the first
    ``reads`` inputs are given to it (None: all), the others being read by ``build`` itself."""

    build: Callable[[Node], Function]
    reads: int | None = None
