"""Which kernels look here: those of all layers, by what their maps have in a region."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any

from engine.questions import Ranked, RankKernels
from engine.results import KernelScore
from viewer.render.overlay import OverlayMaker
from viewer.state.following import Following, current

_EVERY = 1_000_000  # more kernels than a model has
_LISTED = 100


@dataclass(frozen=True)
class KernelHere:
    """``score`` holds the signed mass of the kernel's map in the region; ``share`` is its part of
    the positive mass that all ``of`` kernels of its layer have there."""

    score: KernelScore
    share: float
    of: int

    @property
    def even(self) -> float:
        """The share of each if all kernels of the layer had as much: chance."""
        return 1 / self.of


@dataclass(frozen=True)
class Looking:
    """The kernels that look at a region most, of ``total`` in ``layers`` layers."""

    rows: tuple[KernelHere, ...]
    total: int
    layers: int


def looking(ranked: Ranked) -> Looking:
    """The strongest of a whole ranking, with their shares."""
    mass: dict[str, float] = defaultdict(float)
    kernels: dict[str, int] = defaultdict(int)
    for score in ranked.scores:
        mass[score.layer] += max(0.0, score.score)
        kernels[score.layer] += 1
    rows = tuple(
        KernelHere(score, score.score / mass[score.layer], kernels[score.layer])
        for score in ranked.scores[:_LISTED]
        if score.score > 0
    )
    return Looking(rows, ranked.total, len(kernels))


class KernelsHere(Following):
    """Asks about the region of the audit; ``found`` is None until there is an answer."""

    found: Looking | None = None

    def key(self) -> Hashable:
        maker, region = current(self.session), self.session.audit.region
        return None if maker is None or region is None else (maker, region)

    def forget(self) -> None:
        self.found = None

    def ask_next(self, maker: OverlayMaker) -> None:
        if self.found is None:
            region, method = self.session.audit.region, self.session.method
            target = maker.explanation.target
            asked = RankKernels("region", method, target, region=region, most=_EVERY)
            self.ask(asked, looking)

    def take(self, answer: Any) -> None:
        self.found = answer
