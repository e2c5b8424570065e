"""The sliding window that convolutions and pooling share: kernel, strides and padding."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from torch import Tensor
from torch.nn import functional as F

from engine.errors import ModelError
from engine.models.onnx.node import Node, Shape


@dataclass(frozen=True)
class Window:
    """One value a spatial side in each field; ``begins`` and ``ends`` are what is added there."""

    kernel: Shape
    strides: Shape
    dilations: Shape
    begins: Shape
    ends: Shape

    @classmethod
    def of(cls, node: Node, sizes: Shape, kernel: Shape) -> Window:
        """The window of ``node`` over maps of the spatial ``sizes``."""
        ones = (1,) * len(sizes)
        strides, dilations = node.integers("strides", ones), node.integers("dilations", ones)
        pads = node.integers("pads", (0,) * (2 * len(sizes)))
        fits = len(strides) == len(dilations) == len(kernel) == len(sizes) == len(pads) // 2
        if not fits or min((*kernel, *strides, *dilations), default=0) < 1:
            raise ModelError(f"{node.record} has an unfit kernel, stride, dilation or padding")
        if min(pads) < 0:
            raise node.unsupported(f"has the negative padding {pads}")
        begins, ends = pads[: len(sizes)], pads[len(sizes) :]
        manner = node.text("auto_pad", "NOTSET")
        if manner == "VALID":
            begins = ends = (0,) * len(sizes)
        elif manner.startswith("SAME"):
            extents = _extents(kernel, dilations)
            totals = tuple(
                max((-(-size // stride) - 1) * stride + extent - size, 0)
                for size, stride, extent in zip(sizes, strides, extents, strict=True)
            )
            begins, ends = shared_out(totals, upper=manner == "SAME_UPPER")
        elif manner != "NOTSET":
            raise node.unsupported(f"has the auto_pad {manner!r}")
        padded = [a + b + c for a, b, c in zip(sizes, begins, ends, strict=True)]
        node.bounded((*node.shape(0)[:2], *padded))
        return cls(kernel, strides, dilations, begins, ends)

    @property
    def extents(self) -> Shape:
        """How far the kernel reaches, dilated."""
        return _extents(self.kernel, self.dilations)

    @property
    def symmetric(self) -> bool:
        return self.begins == self.ends

    def positions(self, sizes: Shape) -> Shape:
        """How many times the kernel fits along each side, rounding down; 0 where it does not."""
        return tuple(
            max((size + begin + end - extent) // stride + 1, 0)
            for size, begin, end, stride, extent in zip(
                sizes, self.begins, self.ends, self.strides, self.extents, strict=True
            )
        )

    def padded(self, maps: Tensor, value: float = 0.0) -> Tensor:
        return pad_sides(maps, self.begins, self.ends, value)

    def extended(self, sizes: Shape) -> Window:
        """The window that, rounding down, has as many positions as this one rounding up; a
        position that would begin in the padding after the maps does not count."""
        ends = []
        for size, begin, end, stride, extent in zip(
            sizes, self.begins, self.ends, self.strides, self.extents, strict=True
        ):
            positions = -(-(size + begin + end - extent) // stride) + 1
            if (positions - 1) * stride >= size + begin:
                positions -= 1
            ends.append((positions - 1) * stride + extent - size - begin)
        return Window(self.kernel, self.strides, self.dilations, self.begins, tuple(ends))


def _extents(kernel: Shape, dilations: Shape) -> Shape:
    return tuple((side - 1) * step + 1 for side, step in zip(kernel, dilations, strict=True))


def shared_out(totals: Sequence[int], upper: bool) -> tuple[Shape, Shape]:
    """Padding before and after; ``upper`` puts the odd one after."""
    less = tuple(total // 2 for total in totals)
    more = tuple(total - total // 2 for total in totals)
    return (less, more) if upper else (more, less)


def pad_sides(maps: Tensor, begins: Shape, ends: Shape, value: float = 0.0) -> Tensor:
    """Pad (or crop, where negative) the last sides with a constant."""
    pairs = list(zip(begins, ends, strict=True))
    while pairs and pairs[0] == (0, 0):  # leave alone what is not padded
        pairs.pop(0)
    if not pairs:
        return maps
    amounts = [amount for pair in reversed(pairs) for amount in pair]  # from the last side on
    return F.pad(maps, amounts, value=value)
