"""How well the maps on screen agree with the reader's landmarks, layer by layer, beside networks
that never learnt anything."""

from __future__ import annotations

import math
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from engine.questions import Explain
from engine.results import Explanation, Method
from viewer.state.document import Landmark
from viewer.state.landmark_measures import (
    ALL,
    LandmarkFigures,
    LayerFigures,
    Maps,
    Ruler,
    shown_maps,
)
from viewer.state.session import Session

if TYPE_CHECKING:
    from viewer.state.workbench import Workbench

__all__ = ["ALL", "UNTRAINED", "Figures", "LandmarkFigures", "LayerFigures"]

UNTRAINED = (1, 2, 3)
"""The numbers that the untrained networks are drawn with."""
_KEPT = 3  # sets of answers of untrained networks, some 40 MiB each


@dataclass(frozen=True, eq=False)
class _Task:
    """What is measured; compared by what it holds."""

    image: str
    landmarks: tuple[Landmark, ...]
    answer: Explanation | None
    untrained: tuple[Maps, ...]

    def about_same(self, other: _Task | None) -> bool:
        """Whether it is about the same image and the same answer."""
        return other is not None and self.image == other.image and self.answer is other.answer

    def same(self, other: _Task | None) -> bool:
        return (
            other is not None
            and self.about_same(other)
            and self.landmarks == other.landmarks
            and self.untrained is other.untrained
        )


_Who = tuple[str, str, Method, str]  # image, model, method, target


class Figures(QObject):
    """``rows`` are about the landmarks of the open image and the answer on screen: one for each
    and, of two or more, a last one (:data:`ALL`) of all together, whose shape is the box around
    them. They are measured in the background and follow a drag."""

    changed = Signal()

    def __init__(self, session: Session, workbench: Workbench) -> None:
        super().__init__(workbench)
        self.rows: tuple[LandmarkFigures, ...] = ()
        self._session, self._workbench = session, workbench
        self._measuring = workbench.inquiry("landmarks")
        self._asking = workbench.inquiry("untrained")
        self._ruler = Ruler()
        self._task: _Task | None = None
        self._behind = False
        self._untrained: OrderedDict[_Who, tuple[Maps, ...]] = OrderedDict()
        self._who: _Who | None = None
        self._got: list[Maps] = []
        self._measuring.answered.connect(self._measured)
        self._measuring.refused.connect(lambda sentence: self._measured(()))
        self._asking.answered.connect(self._answered)
        self._asking.refused.connect(self._forget_asking)
        session.audit.documentChanged.connect(self._follow)
        session.audit.selectedChanged.connect(self._tell)
        session.explanationChanged.connect(self._follow)

    def _forget_asking(self, sentence: str) -> None:
        """What was refused is asked again with the next change."""
        self._who = None

    @property
    def chosen(self) -> LandmarkFigures | None:
        """The row of the selected landmark; else that of all, or of the only one."""
        selected = self._session.audit.selected
        rows = (row for row in self.rows if row.landmark.id == selected)
        return next(rows, self.rows[-1] if self.rows else None)

    def _follow(self) -> None:
        """Measure what is there now. While that is being done the next one waits, so that figures
        come out all along a drag."""
        session, audit = self._session, self._session.audit
        self._ask_untrained()
        known = self._untrained.get(self._who, ()) if self._who else ()
        task = _Task(audit.image, audit.document.landmarks, session.explanation, known)
        if task.same(self._task):
            self._behind = False
            return
        if not task.landmarks or not task.about_same(self._task):
            self._measuring.cancel()
            self._put(())
        self._behind = self._measuring.busy
        opened = session.open
        if self._behind or opened is None:
            return
        self._task = task
        size = opened.frame.size
        if task.landmarks:
            self._measuring.run(
                lambda: self._ruler.measure(task.landmarks, size, task.answer, task.untrained)
            )

    def _measured(self, rows: tuple[LandmarkFigures, ...]) -> None:
        self._put(rows)
        if self._behind:
            self._follow()

    def _put(self, rows: tuple[LandmarkFigures, ...]) -> None:
        if rows or self.rows:
            self.rows = rows
            self._tell()
            self.changed.emit()

    def _tell(self) -> None:
        """Lifts for whoever shows layers."""
        layers = self.chosen.layers if self.chosen else ()
        self._session.set_lifts(
            {layer.layer: layer.lift for layer in layers if math.isfinite(layer.lift)}
        )

    # networks that never learnt anything
    def _ask_untrained(self) -> None:
        """Ask them about the picture, the method and the class on screen, if there are landmarks;
        one after another, so that other questions come in between."""
        who = self._asked_of()
        if who == self._who:
            return
        self._asking.cancel()
        self._who, self._got = who, []
        if who is not None and who not in self._untrained:
            self._ask_next(who)

    def _asked_of(self) -> _Who | None:
        audit, answer = self._session.audit, self._session.explanation
        if answer is None or not answer.layers or not isinstance(answer.method, Method):
            return None
        if not audit.document.landmarks:
            return None
        return audit.image, answer.model.name, answer.method, answer.target

    def _ask_next(self, who: _Who) -> None:
        picture = self._workbench.picture()
        if picture is not None:
            _, model, method, target = who
            network = self._workbench.network(model, UNTRAINED[len(self._got)])
            self._asking.ask(picture, network, Explain(method, target), shown_maps)

    def _answered(self, maps: Maps) -> None:
        who = self._who
        if who is None:
            return
        self._got.append(maps)
        if len(self._got) < len(UNTRAINED):
            self._ask_next(who)
            return
        self._untrained[who] = tuple(self._got)
        while len(self._untrained) > _KEPT:
            self._untrained.popitem(last=False)
        self._follow()
