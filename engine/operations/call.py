"""One recorded call of an ATen operation, as the rows that turn it into one of ours see it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from engine.operations.base import Operation


@dataclass(frozen=True, eq=False)
class Call:
    """``arguments`` by their names in the operation's schema, defaults included, tensors cut off
    from autograd; ``inputs`` are those tensors that depend on the image, ``names`` the arguments
    they are (or are in); ``apply`` is the call as a function of ``inputs`` alone, ``output`` what
    it returned."""

    name: str
    arguments: Mapping[str, Any]
    inputs: tuple[Tensor, ...]
    names: tuple[str, ...]
    apply: Callable[..., Any]
    output: Any

    def __getitem__(self, name: str) -> Any:
        return self.arguments[name]

    def only(self, name: str) -> Tensor:
        """The one input; raises when another argument depends on the image, too."""
        others = sorted(set(self.names) - {name})
        if others or len(self.inputs) != 1:
            raise ValueError(f"its {(others or [name])[0]} depends on the image")
        return self.inputs[0]

    def axes(self, value: Any = None) -> tuple[int, ...]:
        """Axes counted from the front, ``dim`` of the call unless given; raises for the first
        one, along which the images of a batch lie."""
        dimensions = self.inputs[0].ndim
        value = self.arguments.get("dim") if value is None else value
        given = (
            range(dimensions) if value is None else (value,) if isinstance(value, int) else value
        )
        axes = tuple(sorted(axis % dimensions for axis in given))
        if 0 in axes or not axes:
            raise ValueError("it acts along the first axis, the batch")
        return axes

    def sides(self, name: str, axes: int) -> tuple[int, ...]:
        """An argument with a value for each spatial axis, or one for all."""
        value = self.arguments[name]
        values = (value,) if isinstance(value, int) else tuple(value)
        return values * axes if len(values) == 1 else values


# Gives the operation, or one for each output if there are several that count; raises ValueError
# for a form without an adjoint here.
Row = Callable[[Call], Operation | list[Operation]]
Rows = Mapping[str, Row]
