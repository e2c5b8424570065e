"""What the bias detector offers: regions that a model should not need, to be taken away."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from engine.questions import Candidate, Candidates, Edit, EditWay, FindCandidates
from engine.shapes import Shape
from viewer.state.document import Intervention, new_id

if TYPE_CHECKING:
    from viewer.state.workbench import Workbench

_LARGE_KINDS = ("padding", "background")  # one grey instead of being painted over


class Offers(QObject):
    """Candidates of the open image. They are drawn over it while they are ``shown``, and kept only
    once they are added to the document."""

    changed = Signal()

    def __init__(self, workbench: Workbench) -> None:
        super().__init__(workbench)
        self._workbench = workbench
        self._audit = workbench.session.audit
        self._inquiry = workbench.inquiry("candidates")
        self._inquiry.answered.connect(self._take)
        self._inquiry.refused.connect(self._refuse)
        self._drawn: tuple[tuple[str, Shape], ...] = ()
        self._image = ""
        self.shown = False
        self.found: tuple[Candidate, ...] | None = None
        """None until they were looked for."""
        self.refusal = ""
        self._audit.documentChanged.connect(self._follow)

    @property
    def busy(self) -> bool:
        return self._inquiry.busy

    def find(self) -> None:
        """Look for them in the open image."""
        picture = self._workbench.picture()
        if picture is not None and self._audit.image:
            self.refusal = ""
            self._inquiry.ask(picture, self._workbench.network(), FindCandidates())
            self.changed.emit()

    def show(self, shown: bool) -> None:
        """Draw them over the picture, or take them away from it."""
        if shown != self.shown:
            self.shown = shown
            self._draw()
            self.changed.emit()

    def add(self, candidates: tuple[Candidate, ...]) -> None:
        """Make interventions of them; what is one already stays as it is."""
        names = dict(zip(self.found or (), names_of(self.found or ()), strict=True))
        new = tuple(
            Intervention(new_id(), names.get(item, item.kind), edit_of(item), item.kind)
            for item in candidates
            if not self.has(item)
        )
        if new:
            what = new[0].name if len(new) == 1 else f"{len(new)} regions"
            self._audit.add_interventions(f"add {what}", new)
            self._audit.select(new[0].id)

    def add_markers(self) -> None:
        """Make interventions of all markers that were found."""
        self.add(tuple(item for item in self.found or () if item.kind == "marker"))

    def has(self, candidate: Candidate) -> bool:
        """Whether it is an intervention already."""
        return any(
            item.kind == candidate.kind and item.edit.shape == candidate.shape
            for item in self._audit.document.interventions
        )

    def _follow(self) -> None:
        if self._audit.image == self._image:
            self._draw()
            return
        self._image = self._audit.image
        self._inquiry.cancel()
        self.found, self.refusal = None, ""
        self._draw()
        self.changed.emit()

    def _take(self, answer: Candidates) -> None:
        self.found = answer.found
        self._draw()
        self.changed.emit()

    def _refuse(self, message: str) -> None:
        self.refusal = message
        self.changed.emit()

    def _draw(self) -> None:
        """Others may draw proposals, too: theirs are left alone."""
        named = zip(names_of(self.found or ()), self.found or (), strict=True)
        offered = tuple((name, item.shape) for name, item in named if not self.has(item))
        wanted = offered if self.shown else ()
        if wanted or self._audit.proposals == self._drawn:
            self._audit.set_proposals(wanted)
        self._drawn = wanted


def edit_of(candidate: Candidate) -> Edit:
    """How it is taken away at first."""
    way: EditWay = "mean" if candidate.kind in _LARGE_KINDS else "in-paint"
    return Edit(candidate.shape, way)


def names_of(found: tuple[Candidate, ...]) -> tuple[str, ...]:
    """What they are called: the kind, with a number where there are several."""
    counts = Counter(item.kind for item in found)
    so_far: Counter[str] = Counter()
    names = []
    for item in found:
        so_far[item.kind] += 1
        several = counts[item.kind] > 1
        names.append(f"{item.kind} {so_far[item.kind]}" if several else item.kind)
    return tuple(names)
