"""What only moves values: Reshape, Transpose, Concat, Split, Slice, Gather, Pad and their like."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from engine.errors import ModelError
from engine.models.onnx.node import Function, Node
from engine.models.onnx.operations.windows import pad_sides


def flatten(node: Node) -> Function:
    shape = node.shape(0)
    axis = node.integer("axis", 1)
    axis = axis + len(shape) if axis < 0 else axis
    if axis == 1 < len(shape):
        return lambda values: torch.flatten(values, 1)
    flat = (math.prod(shape[:axis]), math.prod(shape[axis:]))
    return lambda values: values.reshape(flat)


def reshape(node: Node) -> Function:
    """0 keeps a side (unless ``allowzero``), -1 is what is left."""
    old, wanted = node.shape(0), node.input_integers(1) or ()
    keeps = not node.integer("allowzero", 0)
    if any(side == 0 and place >= len(old) for place, side in enumerate(wanted) if keeps):
        raise ModelError(f"{node.record} keeps a side that the shape {old} does not have")
    shape = tuple(old[place] if side == 0 and keeps else side for place, side in enumerate(wanted))
    return lambda values: values.reshape(shape)


def transpose(node: Node) -> Function:
    order = node.integers("perm", tuple(reversed(range(len(node.shape(0))))))
    return lambda values: values.permute(order)


def squeeze(node: Node) -> Function:
    shape = node.shape(0)
    axes = node.axes(13)
    if axes is None:
        axes = tuple(place for place, side in enumerate(shape) if side == 1)
    places = {node.counted(axis) for axis in axes}
    if any(shape[place] != 1 for place in places):
        raise ModelError(f"{node.record} removes a side of {shape} that is not 1")
    left = tuple(side for place, side in enumerate(shape) if place not in places)
    return lambda values: values.reshape(left)


def unsqueeze(node: Node) -> Function:
    axes = node.axes(13) or ()
    shape = list(node.shape(0))
    for place in sorted(node.counted(axis, len(shape) + len(axes)) for axis in axes):
        shape.insert(place, 1)
    return lambda values: values.reshape(tuple(shape))


def expand(node: Node) -> Function:
    shape = node.bounded(np.broadcast_shapes(node.shape(0), node.input_integers(1) or ()))
    return lambda values: values.expand(shape)


def tile(node: Node) -> Function:
    repeats = node.input_integers(1) or ()
    node.bounded([side * times for side, times in zip(node.shape(0), repeats, strict=True)])
    return lambda values: values.repeat(repeats)


def concatenation(node: Node) -> Function:
    axis = node.axis(1)
    sides = [node.shape(position)[axis] for position in range(len(node.shapes))]
    node.bounded((*node.shape(0)[:axis], sum(sides), *node.shape(0)[axis + 1 :]))
    return lambda *inputs: torch.cat(inputs, axis)


def split(node: Node) -> Function:
    axis = node.axis(0)
    whole, parts = node.shape(0)[axis], len(node.record.outputs)
    given = node.integers("split", ()) if node.opset < 13 else node.input_integers(1)
    share = -(-whole // parts)
    sizes = list(given or [share] * (parts - 1) + [whole - share * (parts - 1)])
    if len(sizes) != parts or sum(sizes) != whole or min(sizes) < 0:
        raise ModelError(f"{node.record} splits {whole} into {sizes[:5]} for {parts} outputs")
    return lambda values: torch.split(values, sizes, axis)


def _slices(node: Node) -> list[tuple[int, int, int, int]]:
    """(axis, start, end, step) of each sliced side; attributes before opset 10, then inputs."""
    if node.opset < 10:
        starts, ends = node.integers("starts", ()), node.integers("ends", ())
        axes: Sequence[int] = node.integers("axes", range(len(starts)))
        steps: Sequence[int] = (1,) * len(starts)
    else:
        starts, ends = node.input_integers(1) or (), node.input_integers(2) or ()
        axes = node.input_integers(3) or range(len(starts))
        steps = node.input_integers(4) or (1,) * len(starts)
    counted = [node.counted(axis) for axis in axes]
    return list(zip(counted, starts, ends, steps, strict=True))


def slice_sides(node: Node) -> Function:
    index = [slice(None)] * len(node.shape(0))
    turned: list[int] = []
    for axis, start, end, step in _slices(node):
        size = node.shape(0)[axis]
        chosen = range(size)[start:end:step]
        if step < 0:  # torch slices forwards only
            turned.append(axis)
            chosen = range(size - 1 - chosen.start, size - 1 - chosen.stop, -chosen.step)
        index[axis] = slice(chosen.start, max(chosen.stop, chosen.start), chosen.step)
    where = tuple(index)
    if turned:
        return lambda values: torch.flip(values, turned)[where]
    return lambda values: values[where]


def gather(node: Node) -> Function:
    """Indices must not depend on the image; negative ones count from the end."""
    axis = node.axis(0)
    size, form = node.shape(0)[axis], node.shape(1)
    found = node.input_integers(1) or ()
    if any(not -size <= index < size for index in found):
        raise ModelError(f"{node.record} takes a place outside of 0…{size - 1}")
    places = [index % size for index in found]
    if form == ():
        return lambda values: values.select(axis, places[0])
    old = node.shape(0)
    shape = node.bounded((*old[:axis], *form, *old[axis + 1 :]))

    def run(values: Tensor) -> Tensor:
        index = torch.tensor(places, dtype=torch.int64, device=values.device)
        return values.index_select(axis, index).reshape(shape)

    return run


_MODES = {"reflect": "reflect", "edge": "replicate"}


def pad(node: Node) -> Function:
    """Attributes before opset 11, then inputs; reflected and repeated edges only on the sides of
    maps."""
    rank = len(node.shape(0))
    if node.opset < 11:
        pads: Sequence[int] = node.integers("pads", ())
        value: float | None = node.number("value", 0.0)
        axes: Sequence[int] = range(rank)
    else:
        pads, value = node.input_integers(1) or (), node.input_number(2)
        axes = node.input_integers(3) or range(rank)
    begins, ends = [0] * rank, [0] * rank
    for place, axis in enumerate(axes):
        begins[node.counted(axis)] = pads[place]
        ends[node.counted(axis)] = pads[place + len(axes)]
    node.bounded([a + b + c for a, b, c in zip(node.shape(0), begins, ends, strict=True)])
    mode = node.text("mode", "constant")
    if mode == "constant":
        filling = value or 0.0
        return lambda values: pad_sides(values, tuple(begins), tuple(ends), filling)
    if mode not in _MODES or any((*begins[:2], *ends[:2])) or not 3 <= rank <= 5:
        raise node.unsupported(f"pads a shape of {rank} sides in the mode {mode!r}")
    amounts = [part for side in reversed(range(2, rank)) for part in (begins[side], ends[side])]
    return lambda values: F.pad(values, amounts, mode=_MODES[mode])


def depth_to_space(node: Node) -> Function:
    batch, channels, height, width = _maps(node)
    side, mode = node.integer("blocksize", 1), node.text("mode", "DCR")
    if side < 1 or channels % side**2:
        raise ModelError(f"{node.record} cannot make blocks of {side} from {channels} channels")
    if mode == "CRD":
        return lambda values: F.pixel_shuffle(values, side)
    if mode != "DCR":
        raise node.unsupported(f"has the mode {mode!r}")
    fewer = channels // side**2
    parts = (batch, side, side, fewer, height, width)
    shape = (batch, fewer, height * side, width * side)
    return lambda values: values.reshape(parts).permute(0, 3, 4, 1, 5, 2).reshape(shape)


def space_to_depth(node: Node) -> Function:
    batch, channels, height, width = _maps(node)
    side = node.integer("blocksize", 1)
    if side < 1 or height % side or width % side:
        raise ModelError(f"{node.record} cannot cut maps of {height} × {width} into {side}s")
    parts = (batch, channels, height // side, side, width // side, side)
    shape = (batch, channels * side**2, height // side, width // side)
    return lambda values: values.reshape(parts).permute(0, 3, 5, 1, 2, 4).reshape(shape)


def _maps(node: Node) -> tuple[int, int, int, int]:
    shape = node.shape(0)
    if len(shape) != 4:
        raise node.unsupported(f"rearranges the shape {shape}")
    return shape[0], shape[1], shape[2], shape[3]
