"""The strongest kernels of the chosen layer: their ranking, then their maps, a few at a time."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Signal

from engine.questions import MapKernels, Ranked, Ranking, RankKernels
from engine.results import KernelScore, Method
from viewer.render.kernel_overlay import KernelTile, kernel_tiles
from viewer.render.overlay import OverlayMaker
from viewer.state.following import Following, current
from viewer.state.kernel_choice import KernelChoice
from viewer.state.kernels_here import KernelsHere
from viewer.state.session import Session

if TYPE_CHECKING:
    from viewer.state.workbench import Workbench

RANKINGS: Mapping[Ranking, str] = MappingProxyType(
    {
        "class": "by contribution to the class",
        "activation": "by activation",
        "region": "by response in the region",
    }
)
_FIRST, _THEN = 4, 8  # maps asked for at a time: a row to look at, then the others
_SHOWN = 24


class KernelSearch(Following):
    """``tiles`` are the maps so far, in the order of ``scores``; ``mapsChanged`` tells of more of
    them, ``changed`` of anything."""

    mapsChanged = Signal()

    def __init__(self, session: Session, workbench: Workbench) -> None:
        super().__init__(session, workbench)
        self.by: Ranking = "class"
        self.scores: tuple[KernelScore, ...] = ()
        self.tiles: tuple[KernelTile, ...] = ()
        self.limit = _SHOWN
        self.here = KernelsHere(session, workbench)
        self.choice = KernelChoice(session, workbench)
        self.follow()

    @property
    def goal(self) -> int:
        """How many kernels are to be shown."""
        return min(self.limit, len(self.scores))

    def set_by(self, by: Ranking) -> None:
        if by != self.by:
            self.by = by
            self.follow()

    def more(self) -> None:
        """Show twice as many."""
        self.limit *= 2
        self.go_on()
        self.changed.emit()

    def key(self) -> Hashable:
        maker, region = current(self.session), self.session.audit.region
        if maker is None or (self.by == "region" and region is None):
            return None
        return maker, self.session.layer_index, self.by, region if self.by == "region" else None

    def forget(self) -> None:
        self.scores, self.tiles, self.limit = (), (), _SHOWN
        self.mapsChanged.emit()

    def ask_next(self, maker: OverlayMaker) -> None:
        found = maker.explanation
        layer, method = found.layers[self.session.layer_index], self.session.method
        if not self.scores:
            region = self.session.audit.region if self.by == "region" else None
            kernels = layer.native_shape[0]
            layers = (layer.name,)
            self.ask(RankKernels(self.by, method, found.target, layers, region, kernels))
        elif len(self.tiles) < self.goal:
            self._ask_maps(maker, method)

    def _ask_maps(self, maker: OverlayMaker, method: Method) -> None:
        found, done = maker.explanation, len(self.tiles)
        layer = found.layers[self.session.layer_index]
        scores = self.scores[done : min(self.goal, done + (_THEN if done else _FIRST))]
        asked = MapKernels(layer.name, tuple(s.kernel for s in scores), method, found.target)
        self.ask(asked, lambda maps: kernel_tiles(maps, scores, layer, found.geometry))

    def take(self, answer: Any) -> None:
        if isinstance(answer, Ranked):
            self.scores = answer.scores
            if not answer.scores:
                self.refusal = "No kernel of this layer contributes to that."
        else:
            self.tiles += answer
            self.mapsChanged.emit()
