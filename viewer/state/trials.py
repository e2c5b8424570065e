"""Each change by itself: what it does to the answer, and whether as much elsewhere does the same.

Asked a few places at a time, so that whoever edits meanwhile does not wait for it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Signal

from engine.evidence.effects import PLACES, Effect
from engine.questions import Control, Edit, WhatIf, WhatIfAnswer
from engine.shapes import Shape
from viewer.state.pictures import Picture

if TYPE_CHECKING:
    from viewer.state.workbench import Workbench

_EACH, _MOVES = 3, 1  # places, and moves of a marker, in one question
_PIECES = 16  # questions at most: a place may not be found at every try
_UNCOMPARED = ("padding", "background")
_MOST = 2_000  # trials that are remembered


@dataclass(frozen=True)
class Case:
    """Whose answer is changed: the image's key, the model's name, the class that is explained."""

    image: str
    model: str
    target: str


@dataclass(frozen=True)
class Trial:
    """One change. ``kind`` is "drawn" or one of :data:`engine.evidence.artefacts.KINDS`."""

    edit: Edit
    kind: str = "drawn"

    @property
    def is_compared(self) -> bool:
        """Whether as much elsewhere says anything: of padding and background it is the body."""
        return self.kind not in _UNCOMPARED


@dataclass(frozen=True)
class Scores:
    """Probabilities of ``classes``, as the image is and with one change alone."""

    classes: tuple[str, ...]
    before: tuple[float, ...]
    after: tuple[float, ...]


@dataclass(frozen=True)
class Work:
    """What is to be tried on a picture. ``avoid`` is what the other places must not touch."""

    case: Case
    picture: Picture
    trials: tuple[Trial, ...]
    avoid: tuple[Shape, ...] = ()


class Trials(QObject):
    """Tries what it is given, one question after another, and remembers what came of it."""

    changed = Signal()

    def __init__(self, workbench: Workbench) -> None:
        super().__init__(workbench)
        self._workbench = workbench
        self._inquiry = workbench.inquiry("controls")
        self._inquiry.answered.connect(self._take)
        self._inquiry.refused.connect(self._refuse)
        self._work: Work | None = None
        self._asked: tuple[Case, Trial] | None = None
        self._scores: dict[tuple[str, str, Edit], Scores] = {}
        self._pieces: dict[tuple[Case, Trial], tuple[Effect, ...]] = {}
        self._refusals: dict[tuple[Case, Trial], str] = {}

    def follow(self, work: Work) -> None:
        """Try these now, the first ones first."""
        self._work = work
        self._refusals.clear()
        if not self._inquiry.busy:
            self._next()

    def pause(self) -> None:
        """Ask nothing more until there is something to follow again."""
        self._work = None

    def learn(self, case: Case, edit: Edit, answer: WhatIfAnswer) -> None:
        """Remember the answer with this change alone, whoever asked for it."""
        scores = Scores(answer.classes, answer.before, answer.after)
        self._scores[case.image, case.model, edit] = scores
        _forget_oldest(self._scores)

    def alone(self, case: Case, edit: Edit) -> tuple[float, ...] | None:
        """Probabilities of all classes with one change alone; None until they are known."""
        scores = self._scores.get((case.image, case.model, edit))
        return None if scores is None else scores.after

    def effect(self, case: Case, trial: Trial) -> Effect | None:
        """What is known so far; None before anything is."""
        scores = self._scores.get((case.image, case.model, trial.edit))
        if scores is None or case.target not in scores.classes:
            return None
        column = scores.classes.index(case.target)
        before, after = scores.before[column], scores.after[column]
        left, top, right, bottom = (round(side) for side in trial.edit.shape.bounds)
        pieces = self._pieces.get((case, trial), ())
        return Effect(
            trial.kind,
            (left, top, right, bottom),
            case.target,
            before,
            after - before,
            tuple(change for piece in pieces for change in piece.elsewhere)[:PLACES],
            tuple(change for piece in pieces for change in piece.moved),
        )

    def is_done(self, case: Case, trial: Trial) -> bool:
        """Whether no more will be known of it: at all places, or as many as were found."""
        effect = self.effect(case, trial)
        if effect is None:
            return False
        asked = len(self._pieces.get((case, trial), ()))
        return not trial.is_compared or asked >= _PIECES or len(effect.elsewhere) >= PLACES

    def refusal(self, case: Case, trial: Trial) -> str:
        """Why nothing is known of it, "" if nothing went wrong."""
        return self._refusals.get((case, trial), "")

    def _open(self) -> Iterator[Trial]:
        """Trials that are not finished: first what nothing is known of."""
        work = self._work
        if work is None:
            return
        rest = [trial for trial in work.trials if not self.refusal(work.case, trial)]
        yield from (trial for trial in rest if self.alone(work.case, trial.edit) is None)
        yield from (trial for trial in rest if not self.is_done(work.case, trial))

    def _next(self) -> None:
        trial, work = next(self._open(), None), self._work
        if trial is None or work is None:
            return
        self._asked = work.case, trial
        network = self._workbench.network(work.case.model)
        if self.alone(work.case, trial.edit) is None:
            self._inquiry.ask(work.picture, network, WhatIf((trial.edit,)))
            return
        as_marker = trial.kind in ("marker", "drawn")
        control = Control(
            trial.edit,
            work.case.target,
            "marker" if as_marker else trial.kind,
            work.avoid,
            _EACH,
            _MOVES if trial.kind == "marker" else 0,
            seed=len(self._pieces.get((work.case, trial), ())),
        )
        self._inquiry.ask(work.picture, network, control)

    def _take(self, answer: WhatIfAnswer | Effect) -> None:
        assert self._asked is not None
        case, trial = self._asked
        if isinstance(answer, WhatIfAnswer):
            self.learn(case, trial.edit, answer)
        else:
            self._pieces[self._asked] = (*self._pieces.get(self._asked, ()), answer)
            _forget_oldest(self._pieces)
        self.changed.emit()
        self._next()

    def _refuse(self, message: str) -> None:
        assert self._asked is not None
        self._refusals[self._asked] = message
        self.changed.emit()
        self._next()


def _forget_oldest(rows: dict[Any, Any]) -> None:
    while len(rows) > _MOST:
        rows.pop(next(iter(rows)))
