"""Maps of single kernels at the least cost: patches instead of whole maps.

The seed of one kernel is one channel, and at a peak one position. Its signal is a patch that grows
by the receptive field on the way down; a convolution's first step copies weights instead of
multiplying by zeros. A patch that has grown to the whole grid, or meets an operation that has no
patch form here, goes on as a whole map: the answer is the same, only the cost differs.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import singledispatch
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from engine.graph import Graph, Recording
from engine.operations.base import Operation, Way
from engine.operations.convolution import Convolution, channels_last, seen
from engine.operations.joins import Concatenation, Sum
from engine.operations.normalisation import ChannelScale
from engine.operations.pooling import MaxPool, Switches, Window
from engine.operations.rectifier import Gate, Rectifier, Unit
from engine.passes import Descent, accumulate

Sides = tuple[int, ...]


@dataclass(frozen=True, eq=False)
class Patch:
    """Rows of a signal where it is not zero. ``values`` are [B, c, *sides]; the first value of a
    row lies at ``corner`` [B][axis] on the step's grid (it may lie outside, where values are zero
    once ``trimmed``). c is all channels, or 1 when ``channel`` [B] names the only one."""

    values: Tensor
    corner: Tensor
    channel: Tensor | None
    trimmed: bool = True

    def __len__(self) -> int:
        return len(self.values)

    @property
    def sides(self) -> Sides:
        return tuple(self.values.shape[2:])

    def rows(self, part: slice | Tensor) -> Patch:
        """Some of the rows."""
        channel = None if self.channel is None else self.channel[part]
        return replace(self, values=self.values[part], corner=self.corner[part], channel=channel)


def _inside(corner: Tensor, sides: Sides, grid: Sides) -> Tensor:
    """1 where a patch lies on the grid, [B, 1, *sides]."""
    mask = torch.ones(len(corner), 1, *sides, dtype=torch.bool, device=corner.device)
    for axis, (side, edge) in enumerate(zip(sides, grid, strict=True)):
        place = corner[:, axis, None] + torch.arange(side, device=corner.device)
        shape = [len(corner), 1, *(1,) * len(sides)]
        shape[2 + axis] = side
        mask &= ((place >= 0) & (place < edge)).view(shape)
    return mask


def _all_inside(corner: Tensor, sides: Sides, grid: Sides) -> bool:
    edge = torch.tensor([n - side for n, side in zip(grid, sides, strict=True)])
    return bool(((corner >= 0) & (corner <= edge.to(corner.device))).all())


def trimmed(patch: Patch, grid: Sides) -> Patch:
    """Zero outside the grid: no signal there has a way on."""
    if patch.trimmed:
        return patch
    if _all_inside(patch.corner, patch.sides, grid):
        return replace(patch, trimmed=True)
    mask = _inside(patch.corner, patch.sides, grid)
    return replace(patch, values=patch.values * mask, trimmed=True)


def crops(record: Tensor, corner: Tensor, sides: Sides, channel: Tensor | None) -> Tensor:
    """What lies under patches in a record [1, C, *grid]: [B, C or 1, *sides], 0 outside."""
    grid, channels = tuple(record.shape[2:]), record.shape[1]
    place = torch.zeros((), dtype=torch.int64, device=corner.device)
    for axis, (side, edge) in enumerate(zip(sides, grid, strict=True)):
        along = corner[:, axis, None] + torch.arange(side, device=corner.device)
        shape = [len(corner), *(1,) * len(sides)]
        shape[1 + axis] = side
        place = place * edge + along.clamp(0, edge - 1).view(shape)
    last = channels_last(record).movedim(1, -1).reshape(-1, channels)
    if channel is None:
        found = last.index_select(0, place.flatten()).view(*place.shape, channels).movedim(-1, 1)
    else:
        every = channel.view(-1, *(1,) * len(sides))
        found = last.flatten()[place * channels + every].unsqueeze(1)
    return found if _all_inside(corner, sides, grid) else found * _inside(corner, sides, grid)


def every_channel(patch: Patch, count: int) -> Patch:
    """The same patch with all its channels."""
    if patch.channel is None:
        return patch
    values = channels_last(patch.values.new_zeros(len(patch), count, *patch.sides))
    rows = torch.arange(len(patch), device=values.device)
    values[rows, patch.channel] = patch.values[:, 0]
    return replace(patch, values=values, channel=None)


def whole(patch: Patch, shape: torch.Size) -> Tensor:
    """The patch on the whole grid, [B, C, *grid], for a step of ``shape`` [1, C, *grid]."""
    out = channels_last(patch.values.new_zeros(len(patch), *shape[1:]))
    for row, (onto, under) in enumerate(_overlaps(patch, tuple(shape[2:]))):
        if patch.channel is None:
            out[row][(slice(None), *onto)] = patch.values[row][(slice(None), *under)]
        else:
            out[row, int(patch.channel[row])][tuple(onto)] = patch.values[row, 0][tuple(under)]
    return out


def _overlaps(patch: Patch, grid: Sides) -> Iterator[tuple[list[slice], list[slice]]]:
    """Of each row the part of the grid that it covers, and the part of the row that does."""
    for place in patch.corner.tolist():
        onto, under = [], []
        for at, side, edge in zip(place, patch.sides, grid, strict=True):
            first, last = max(0, at), max(0, min(edge, at + side))
            onto.append(slice(first, max(first, last)))
            under.append(slice(first - at, max(first, last) - at))
        yield onto, under


def _joined(first: Patch, second: Patch, channels: int) -> Patch:
    """Sum of two patches of the same rows: the smallest patch that holds both."""
    if (first.channel is None) != (second.channel is None):
        first, second = every_channel(first, channels), every_channel(second, channels)
    corner = torch.minimum(first.corner, second.corner)
    ends = [p.corner + torch.tensor(p.sides, device=corner.device) for p in (first, second)]
    sides = tuple((torch.maximum(*ends) - corner).amax(0).tolist())
    values = channels_last(first.values.new_zeros(*first.values.shape[:2], *sides))
    for patch in (first, second):
        for row, shift in enumerate((patch.corner - corner).tolist()):
            place = tuple(slice(a, a + n) for a, n in zip(shift, patch.sides, strict=True))
            values[row][(slice(None), *place)] += patch.values[row]
    return Patch(values, corner, first.channel, trimmed=first.trimmed and second.trimmed)


def _grown(window: Convolution | Window, sides: Sides) -> Sides:
    """What the windows of a patch look at."""
    kernel = window.kernel if isinstance(window, Window) else window.weight.shape[2:]
    return seen(sides, kernel, window.stride, window.dilation)


# How each operation takes a patch back, given the shape of each input; None where it cannot.
PatchesBack = tuple[Patch | None, ...] | None


@singledispatch
def back(
    operation: Operation, patch: Patch, record: Any, way: Way, shapes: tuple[torch.Size, ...]
) -> PatchesBack:
    """The patch form of ``operation.back``; None where there is none."""
    return None


@back.register
def _(
    operation: Convolution, patch: Patch, record: Any, way: Way, shapes: tuple[torch.Size, ...]
) -> PatchesBack:
    if operation.transposed:
        return None
    device = patch.corner.device
    stride = torch.tensor(operation.stride, device=device)
    corner = patch.corner * stride - torch.tensor(operation.padding, device=device)
    if patch.channel is None:
        values = operation.back_unpadded(patch.values)
        return (Patch(values, corner, None, trimmed=False),)
    return (_first_step(operation, patch, corner, shapes[0][1]),)


def _first_step(operation: Convolution, patch: Patch, corner: Tensor, channels: int) -> Patch:
    """One kernel's signal through its own weights alone: the cost of one layer, not of K."""
    assert patch.channel is not None
    weight, axes = operation.weight[patch.channel], len(operation.stride)
    single = set(patch.sides) == {1} and set(operation.dilation) == {1}
    values = weight * patch.values if single else _grouped(operation, patch, weight)
    values = channels_last(values)
    if operation.groups == 1:
        return Patch(values, corner, None, trimmed=False)
    group = patch.channel // (len(operation.weight) // operation.groups)
    if weight.shape[1] == 1:
        return Patch(values, corner, group, trimmed=False)
    spread = values.new_zeros(len(patch), operation.groups, weight.shape[1], *values.shape[2:])
    spread[torch.arange(len(patch), device=group.device), group] = values
    shape = (len(patch), channels, *values.shape[-axes:])
    return Patch(channels_last(spread.view(shape)), corner, None, trimmed=False)


def _grouped(operation: Convolution, patch: Patch, weight: Tensor) -> Tensor:
    """Each row by the weights of its own kernel, [B, C, *sides]."""
    axes = len(operation.stride)
    if set(weight.shape[2:]) == {1} and set(operation.stride) == {1}:
        return patch.values * weight
    out = torch.convolution(
        patch.values.transpose(0, 1),
        weight,
        None,
        operation.stride,
        (0,) * axes,
        operation.dilation,
        True,
        (0,) * axes,
        len(patch),
    )
    return out.view(len(patch), weight.shape[1], *out.shape[2:])


@back.register
def _(
    operation: ChannelScale, patch: Patch, record: Any, way: Way, shapes: tuple[torch.Size, ...]
) -> PatchesBack:
    axes = (1,) * len(patch.sides)
    if patch.channel is None:
        scale = operation.scale.view(1, -1, *axes)
    else:
        scale = operation.scale[patch.channel].view(-1, 1, *axes)
    return (replace(patch, values=patch.values * scale),)


@back.register
def _(
    operation: Rectifier, patch: Patch, record: Tensor, way: Way, shapes: tuple[torch.Size, ...]
) -> PatchesBack:
    """The record is looked at where the patch lies; it is 0 outside the grid, and so is what
    passes."""
    under = record
    if way.rule.gates_forward:
        under = crops(record, patch.corner, patch.sides, patch.channel)
    (values,) = operation.back(patch.values, under, way)
    assert values is not None
    return (replace(patch, values=values, trimmed=patch.trimmed or way.rule.gates_forward),)


@back.register
def _(
    operation: Unit, patch: Patch, record: Tensor, way: Way, shapes: tuple[torch.Size, ...]
) -> PatchesBack:
    """The gate is made of the whole record, since the function may differ between channels and
    places, and then looked at where the patch lies."""
    values = patch.values.clamp(min=0) if way.rule.gates_signal else patch.values
    if way.rule.gates_forward:
        gate = operation.gate(record, way.rule.slopes)
        values = values * crops(gate, patch.corner, patch.sides, patch.channel)
    return (replace(patch, values=values),)


@back.register
def _(
    operation: Gate, patch: Patch, record: Tensor, way: Way, shapes: tuple[torch.Size, ...]
) -> PatchesBack:
    if not way.rule.slopes:
        return (None,)
    return back(Unit(operation.function), patch, record, way, shapes)


@back.register
def _(
    operation: Sum, patch: Patch, record: Any, way: Way, shapes: tuple[torch.Size, ...]
) -> PatchesBack:
    if len(set(shapes)) != 1:
        return None
    return tuple(
        patch if factor == 1 else replace(patch, values=patch.values * factor)
        for factor in operation.factors
    )


@back.register
def _(
    operation: Concatenation, patch: Patch, record: Any, way: Way, shapes: tuple[torch.Size, ...]
) -> PatchesBack:
    if operation.axis != 1:
        return None
    counts = [shape[1] for shape in shapes]
    patch = every_channel(patch, sum(counts))
    return tuple(replace(patch, values=part) for part in torch.split(patch.values, counts, 1))


@back.register
def _(
    operation: MaxPool, patch: Patch, record: Switches, way: Way, shapes: tuple[torch.Size, ...]
) -> PatchesBack:
    switches, size = record.positions, record.size
    if operation.window is None or len(patch.sides) != len(size) - 2:
        return None
    if way.unpooling == "nearest":
        return (_nearest(patch, tuple(switches.shape[2:]), tuple(size[2:])),)
    return (_switched(operation, patch, switches, size),) if way.unpooling == "switch" else None


def _nearest(patch: Patch, coarse: Sides, fine: Sides) -> Patch:
    """Nearest-neighbour enlargement of the part of the fine grid that looks at the patch."""
    factors = [large // small for small, large in zip(coarse, fine, strict=True)]
    if all(n * k == m for n, k, m in zip(coarse, factors, fine, strict=True)):
        values = _repeated(patch.values, factors)
        corner = patch.corner * torch.tensor(factors, device=patch.corner.device)
        return Patch(values, corner, patch.channel, patch.trimmed)
    values, corners = patch.values, []
    for axis, (small, large) in enumerate(zip(coarse, fine, strict=True)):
        values, first = _stretched(patch, values, axis, small, large)
        corners.append(first)
    return Patch(channels_last(values), torch.stack(corners, 1), patch.channel)


def _repeated(values: Tensor, factors: list[int]) -> Tensor:
    """Each value as many times along each side, in one sweep; channels stay innermost."""
    last = values.movedim(1, -1)
    split, wide = [len(last)], [len(last)]
    for side, factor in zip(last.shape[1:-1], factors, strict=True):
        split += [side, 1]
        wide += [side, factor]
    every = last.reshape(*split, last.shape[-1]).expand(*wide, last.shape[-1])
    sides = [n * k for n, k in zip(last.shape[1:-1], factors, strict=True)]
    return every.reshape(len(last), *sides, last.shape[-1]).movedim(-1, 1)


def _stretched(
    patch: Patch, values: Tensor, axis: int, small: int, large: int
) -> tuple[Tensor, Tensor]:
    """One axis enlarged from ``small`` to ``large`` values by PyTorch's own table of neighbours,
    and where each row now begins."""
    table = F.interpolate(torch.arange(small, dtype=torch.float64).view(1, 1, -1), large)
    source = table[0, 0].long().to(patch.corner.device)  # which coarse value a fine one shows
    begin = patch.corner[:, axis]
    first = torch.searchsorted(source, begin.clamp(0, small).contiguous())
    last = torch.searchsorted(source, (begin + patch.sides[axis]).clamp(0, small).contiguous())
    side = max(1, int((last - first).max()))
    place = first[:, None] + torch.arange(side, device=first.device)
    local = (source[place.clamp(max=large - 1)] - begin[:, None]).clamp(0, patch.sides[axis] - 1)
    shape = [len(patch), 1, *(1,) * len(patch.sides)]
    shape[2 + axis] = side
    wide = list(values.shape)
    wide[2 + axis] = side
    values = values.gather(2 + axis, local.view(shape).expand(wide))
    return values.masked_fill((place >= last[:, None]).view(shape), 0), first


def _switched(operation: MaxPool, patch: Patch, switches: Tensor, size: torch.Size) -> Patch:
    """Values put back where their maxima were, within the windows of the patch."""
    window = operation.window
    assert window is not None
    device = patch.corner.device
    corner = patch.corner * torch.tensor(window.stride, device=device)
    corner = corner - torch.tensor(window.padding, device=device)
    sides = _grown(window, patch.sides)
    under = crops(switches, patch.corner, patch.sides, patch.channel)
    place = torch.zeros_like(under)
    rest = under
    for axis in range(len(sides) - 1, -1, -1):
        shift = corner[:, axis].view(-1, 1, *(1,) * len(sides))
        local = (rest % size[2 + axis] - shift).clamp(0, sides[axis] - 1)
        rest = rest // size[2 + axis]
        place += local * math.prod(sides[axis + 1 :])
    flat = patch.values.new_zeros(*patch.values.shape[:2], math.prod(sides))
    flat.scatter_add_(2, place.flatten(2), patch.values.flatten(2))
    return Patch(channels_last(flat.view(*flat.shape[:2], *sides)), corner, patch.channel)


@dataclass(frozen=True, eq=False)
class PatchDescent:
    """Patches of one step's seeds down to the image, in batches within ``budget`` bytes.
    ``positive`` clips each map at 0. ``out`` [n, *sides] is where the maps go, summed over the
    channels of the image; it starts as zero."""

    graph: Graph
    recording: Recording
    way: Way
    budget: int
    positive: bool
    out: Tensor

    def down(self, start: int, patch: Patch, rows: Sequence[int]) -> None:
        """Write the maps of the patch's rows into these rows of ``out``."""
        self._down(start, {start: patch}, rows)

    def _down(self, start: int, signals: dict[int, Patch | Tensor], rows: Sequence[int]) -> None:
        for position in range(start, 0, -1):
            if not any(isinstance(item, Patch) for item in signals.values()):
                self._whole(position, signals, rows)
                return
            if position not in signals:
                continue
            if len(rows) > 1 and self._bytes(position, signals[position]) > self.budget:
                self._halves(position, signals, rows)
                return
            self._step(position, signals.pop(position), signals)
        self._at_image(signals.get(0), rows)

    def _whole(
        self, position: int, signals: dict[int, Patch | Tensor], rows: Sequence[int]
    ) -> None:
        maps = {step: item for step, item in signals.items() if isinstance(item, Tensor)}
        descent = Descent(self.graph, self.recording, self.way, self.budget, 0)
        self._at_image(descent.down(position, maps, len(rows), None), rows)

    def _at_image(self, signal: Patch | Tensor | None, rows: Sequence[int]) -> None:
        if signal is None:
            return
        values = signal.values if isinstance(signal, Patch) else signal
        values = values[:, 0] if values.shape[1] == 1 else values.sum(1)
        values = values.clamp(min=0) if self.positive else values
        if isinstance(signal, Tensor):
            for row, value in zip(rows, values, strict=True):
                self.out[row] = value
            return
        places = _overlaps(signal, tuple(self.out.shape[1:]))
        for row, value, (onto, under) in zip(rows, values, places, strict=True):
            self.out[row][tuple(onto)] = value[tuple(under)]

    def _bytes(self, position: int, signal: Patch | Tensor) -> int:
        """What the rows take after this step, at most."""
        step = self.graph.steps[position]
        shapes = [self.graph.steps[item].shape for item in step.inputs]
        if isinstance(signal, Patch):
            single = signal.channel is not None and not isinstance(step.operation, Convolution)
            sides = signal.sides
            if isinstance(step.operation, Convolution):
                sides = _grown(step.operation, sides)
            most = max(1 if single else shape[1] for shape in shapes) * math.prod(sides)
        else:
            most = max(math.prod(shape[1:]) for shape in shapes)
        return most * len(signal) * self.recording.logits.element_size()

    def _halves(
        self, position: int, signals: dict[int, Patch | Tensor], rows: Sequence[int]
    ) -> None:
        part = (len(rows) + 1) // 2
        for cut in (slice(0, part), slice(part, len(rows))):
            held: dict[int, Patch | Tensor] = {
                step: item.rows(cut) if isinstance(item, Patch) else item[cut]
                for step, item in signals.items()
            }
            self._down(position, held, rows[cut])

    def _step(
        self, position: int, signal: Patch | Tensor, signals: dict[int, Patch | Tensor]
    ) -> None:
        step = self.graph.steps[position]
        assert step.operation is not None
        record = self.recording.records[position]
        shapes = tuple(self.graph.steps[item].shape for item in step.inputs)
        shares: tuple[Patch | Tensor | None, ...] | None = None
        if isinstance(signal, Patch):
            grid = tuple(step.shape[2:])
            if not (isinstance(step.operation, Rectifier) and self.way.rule.gates_forward):
                signal = trimmed(signal, grid)
            shares = back(step.operation, signal, record, self.way, shapes)
            if shares is None:
                signal = whole(signal, step.shape)
        if isinstance(signal, Tensor):
            shares = step.operation.back(signal, record, self.way)
        assert shares is not None
        for item, share in zip(step.inputs, shares, strict=True):
            if share is not None:
                self._add(signals, item, share)

    def _add(self, signals: dict[int, Patch | Tensor], item: int, share: Patch | Tensor) -> None:
        shape = self.graph.steps[item].shape
        before = signals.get(item)
        if isinstance(share, Patch) and isinstance(before, Patch):
            share = _joined(before, share, shape[1])
        elif before is not None:
            maps = [whole(p, shape) if isinstance(p, Patch) else p for p in (before, share)]
            share = accumulate(maps[0], maps[1])
        if isinstance(share, Patch) and self._covers(share, shape):
            share = whole(share, shape)
        signals[item] = share

    @staticmethod
    def _covers(patch: Patch, shape: torch.Size) -> bool:
        """True when whole maps cost no more: the patch is as large as the grid."""
        large = all(side >= edge for side, edge in zip(patch.sides, shape[2:], strict=True))
        return large and patch.channel is None
