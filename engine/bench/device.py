"""``python -m engine bench --device cuda``: the questions of an audit on a graphics card.

The same answers by the same machine's processor are the peer. Every image is new to the engine, so
that fitting it and the way to the card and back are counted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import cv2

from engine import phantoms
from engine.answering import Desk
from engine.bench.measure import Row, pairs
from engine.presets import DEFAULT_PRESET, PRESETS
from engine.questions import (
    Asked,
    Control,
    Edit,
    Explain,
    MapKernels,
    Network,
    Question,
    RankKernels,
    Subject,
    WhatIf,
)
from engine.results import Explanation
from engine.shapes import box

_SIZE = (4280, 3520)
_METHOD = PRESETS[DEFAULT_PRESET]
_EDIT = Edit(box(900, 1200, 1400, 1600))
_PLACES = 6
_KERNELS = tuple(range(32))


class _Asker:
    """One device; each call asks about another image unless it is told to stay."""

    def __init__(self, folder: Path, device: str) -> None:
        self.desk, self.network = Desk(), Network(folder, device)
        height, width = _SIZE
        self._grey = cv2.resize(phantoms.make("hand").image, (width, height))
        self._number = 0
        self.target, self.layers = self._facts()

    def _facts(self) -> tuple[str, tuple[str, ...]]:
        answer = self.ask(Explain(_METHOD), new=True)
        if not isinstance(answer, Explanation) or not answer.layers:
            raise SystemExit(f"error: the model gives no maps for the benchmark's image: {answer}")
        return answer.target, tuple(layer.name for layer in answer.layers)

    def ask(self, asked: Asked, new: bool = False) -> object:
        if new:
            self._number += 1
        subject = Subject(self._grey, "DX") if new else None
        return self.desk.answer(Question(str(self._number), self.network, asked, subject))


def measure(folder: Path, device: str, runs: int) -> Iterator[Row]:
    """Rows for the model in ``folder``, the device beside the processor."""
    ours, peer = _Asker(folder, device), _Asker(folder, "cpu")
    layer = ours.layers[len(ours.layers) // 2]
    region = box(1200, 1500, 1900, 2300)
    jobs: tuple[tuple[str, Callable[[_Asker], object]], ...] = (
        ("first maps of an image", lambda desk: desk.ask(Explain(_METHOD), new=True)),
        ("maps of another class", lambda desk: desk.ask(Explain(_METHOD, desk.target))),
        (
            f"{len(_KERNELS)} kernel maps of {layer}",
            lambda desk: desk.ask(MapKernels(layer, _KERNELS, _METHOD, desk.target)),
        ),
        (
            "every kernel ranked by a region",
            lambda desk: desk.ask(RankKernels("region", _METHOD, desk.target, desk.layers, region)),
        ),
        ("an edit answered", lambda desk: desk.ask(WhatIf((_EDIT,)))),
        (
            f"{_PLACES} places of a control",
            lambda desk: desk.ask(Control(_EDIT, desk.target, places=_PLACES)),
        ),
    )
    for what, job in jobs:
        mine, theirs = pairs(lambda job=job: job(ours), lambda job=job: job(peer), runs)  # type: ignore[misc]
        yield Row(f"{what}, {device}", "s", mine, theirs, "the same on this machine's processor")
