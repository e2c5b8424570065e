"""The two passes over a recorded graph: seeds back to the image, and regions forward.

Signals are rows, one a seed. Going down, maps get larger: when a batch of rows would outgrow
``budget`` bytes it is halved and each half goes down on its own. Small working sets stay in the
processor's cache and in memory that is used again; on a CPU that is worth a factor of two, and it
bounds the memory whatever the number of seeds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import torch
from torch import Tensor

from engine.errors import ModelError, UnsupportedOperationError
from engine.graph import Graph, Recording
from engine.operations.base import Signals, Way
from engine.operations.convolution import channels_last
from engine.operations.rectifier import Rectifier

CPU_BUDGET = 8 * 2**20
GPU_BUDGET = 512 * 2**20

Seeds = Callable[[int, Tensor | None], Tensor | None]


def budget_for(device: torch.device) -> int:
    """Bytes that a batch of signals may take at one step: measured: from 64 MiB on it makes no
    difference on a card."""
    return GPU_BUDGET if device.type == "cuda" else CPU_BUDGET


def accumulate(first: Tensor | None, second: Tensor) -> Tensor:
    """Sum of two signal batches; the shorter one lacks the slots of layers further down."""
    if first is None:
        return second
    if len(first) < len(second):
        first, second = second, first
    if len(first) == len(second):
        return first + second
    return torch.cat((first[: len(second)] + second, first[len(second) :]))


def back_project(
    graph: Graph,
    recording: Recording,
    way: Way,
    seeds_at: Seeds,
    budget: int | None = None,
    to: int = 0,
) -> Tensor:
    """Take seeds of many layers to the image in ONE pass, as one batch that grows on its way.

    ``seeds_at(step, arrived)`` is asked at every step, from the logits down, and may return seeds
    [n, C, *sides] that join the batch there; ``arrived`` is what has come so far from the seeds
    asked for above (None before the first; rows of the earliest seeds first, all of them only
    while the batch is whole). Returns [total, C, *sides] in image space, or what arrives at step
    ``to``; rows stand in the order in which the seeds joined, and are zero where nothing arrives.
    Raises :class:`ModelError` when no seed was given.
    """
    budget = budget or budget_for(recording.logits.device)
    descent = Descent(graph, recording, way, budget, to)
    given = False

    def watched(step: int, arrived: Tensor | None) -> Tensor | None:
        nonlocal given
        fresh = seeds_at(step, arrived)
        given = given or fresh is not None
        return fresh if fresh is not None and len(fresh) else None

    with torch.no_grad():
        rows = descent.down(len(graph.steps) - 1, {}, 0, watched)
    if not given:
        raise ModelError("no seed was given at any layer")
    return rows


@dataclass(frozen=True, eq=False)
class Descent:
    """Rows of whole maps on their way down. See :func:`back_project`."""

    graph: Graph
    recording: Recording
    way: Way
    budget: int
    to: int

    def down(
        self, start: int, signals: dict[int, Tensor], rows: int, seeds_at: Seeds | None
    ) -> Tensor:
        """``signals`` of so many ``rows`` from step ``start`` down: those rows at the end, and
        after them the rows of the seeds that joined."""
        owned: set[int] = set()  # steps whose signal may be written over
        for position in range(start, self.to - 1, -1):
            signal = signals.pop(position, None)
            fresh = None if seeds_at is None else seeds_at(position, signal)
            if fresh is not None and rows and self._room(position) < rows + len(fresh):
                alone = self.down(position, {position: fresh}, len(fresh), None)
                if signal is not None:
                    signals[position] = signal
                rest = self.down(position, signals, rows, _after(position, seeds_at))
                return torch.cat((rest[:rows], alone, rest[rows:]))
            if fresh is not None:
                signal = self._joined(signal, fresh, rows)
                rows += len(fresh)
                owned.discard(position)
            if position == self.to:
                return self._arrived(signal, rows)
            if signal is None:
                continue
            if rows > 1 and self._room(position) < rows:
                signals[position] = signal
                return self._halves(position, signals, rows, _after(position, seeds_at))
            self._step(position, signal, signals, owned)
        raise AssertionError(f"step {self.to} is not below step {start}")

    def _joined(self, signal: Tensor | None, fresh: Tensor, rows: int) -> Tensor:
        if not rows:
            return fresh
        parts = [] if signal is None else [signal]
        gap = rows - sum(len(part) for part in parts)
        if gap:
            parts.append(fresh.new_zeros(gap, *fresh.shape[1:]))
        # One layout throughout: a mixed one would be given up, and gates cost twenty times as much.
        return torch.cat([channels_last(part) for part in (*parts, fresh)])

    def _arrived(self, signal: Tensor | None, rows: int) -> Tensor:
        nothing = self.recording.logits.new_zeros(0, *self.graph.steps[self.to].shape[1:])
        signal = nothing if signal is None else signal
        if len(signal) == rows:
            return signal
        return torch.cat((signal, signal.new_zeros(rows - len(signal), *signal.shape[1:])))

    def _room(self, position: int) -> int:
        """How many rows the budget holds at this step and below it, one at least."""
        step = self.graph.steps[position]
        maps = [self.graph.steps[item].shape.numel() for item in (position, *step.inputs)]
        return max(1, self.budget // (max(maps) * self.recording.logits.element_size()))

    def _halves(
        self, position: int, signals: dict[int, Tensor], rows: int, seeds_at: Seeds | None
    ) -> Tensor:
        """The later rows go down alone, then the earlier ones and with them all further seeds."""
        part = (rows + 1) // 2
        first, second = {}, {}
        for item, signal in signals.items():
            unit = self.graph.steps[item].shape[0]
            first[item] = signal[: part * unit]
            if len(signal) > part * unit:
                second[item] = signal[part * unit :]
        signals.clear()
        later = self.down(position, second, rows - part, None)
        second.clear()
        earlier = self.down(position, first, part, seeds_at)
        return torch.cat((earlier[:part], later, earlier[part:]))

    def _step(
        self, position: int, signal: Tensor, signals: dict[int, Tensor], owned: set[int]
    ) -> None:
        step = self.graph.steps[position]
        record = self.recording.records[position]
        operation = step.operation
        if operation is None:
            raise AssertionError(f"a folded step was reached: {step.name}")
        try:
            if isinstance(operation, Rectifier) and position in owned:
                shares: Signals = (operation.back_in_place(signal, record, self.way),)
            else:
                shares = operation.back(signal, record, self.way)
        except ValueError as error:
            raise UnsupportedOperationError(
                f"the engine does not know this way back at {step.name!r}: {error}"
            ) from error
        for item, share in zip(step.inputs, shares, strict=True):
            if share is not None:
                before = signals.get(item)
                signals[item] = accumulate(before, share)
                if before is not None or operation.gives_new:
                    owned.add(item)


def _after(position: int, seeds_at: Seeds | None) -> Seeds | None:
    """The same seeds, but those of a step that have joined already."""
    if seeds_at is None:
        return None

    def further(step: int, arrived: Tensor | None) -> Tensor | None:
        return None if step == position else seeds_at(step, arrived)

    return further


def push_forward(
    graph: Graph, recording: Recording, way: Way, regions: Tensor, wanted: Iterable[int]
) -> dict[int, Tensor]:
    """Take regions of the image [R, C, *sides] FORWARD through the map whose adjoint the way back
    is (same weights, recorded gates and switches, no biases): signals [R, C, *sides] at the
    ``wanted`` steps. The inner product of such a signal with a seed is that of the region with the
    seed's map (the adjoint trick), so one pass screens every kernel of every layer. For rules that
    are linear; steps that nothing reaches are zero.
    """
    if not way.rule.is_linear:
        raise ValueError("a rule that cuts signals off has no adjoint")
    wanted = set(wanted)
    values: dict[int, Tensor | None] = {0: regions}
    found: dict[int, Tensor] = {}
    last_use = {item: n for n, step in enumerate(graph.steps) for item in step.inputs}
    with torch.no_grad():
        for position, step in enumerate(graph.steps):
            if step.operation is not None:
                inputs: Signals = tuple(values.get(item) for item in step.inputs)
                record = recording.records[position]
                given = any(item is not None for item in inputs)
                values[position] = step.operation.push(inputs, record, way) if given else None
            if position in wanted:
                value = values.get(position)
                found[position] = (
                    regions.new_zeros(len(regions), *step.shape[1:]) if value is None else value
                )
            for item in step.inputs:
                if last_use[item] == position:
                    values.pop(item, None)
            if position >= max(wanted, default=0):
                break
    return found
