"""What if this were not in the image: the model's answer to the edited image, kept up to date."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Signal

from engine.evidence.effects import Effect
from engine.questions import Candidate, Edit, WhatIf, WhatIfAnswer
from engine.shapes import Shape
from viewer.render.overlay import OverlayMaker
from viewer.render.pyramid import Pyramid
from viewer.state.attending import Attending, Attention
from viewer.state.candidates import Offers, edit_of
from viewer.state.document import Intervention
from viewer.state.edited import Edited, EditedImage
from viewer.state.session import Session
from viewer.state.trials import Case, Trial, Trials, Work

if TYPE_CHECKING:
    from viewer.state.workbench import Workbench

_REST = 250  # ms without a change, before anything but the answer is asked for


class WhatIfState(QObject):
    """Asks for the answer at every change; for the rest when the changes rest. ``answer`` is that
    with all interventions that are on, None without any intervention; while the next one is on its
    way the last one stays."""

    changed = Signal()

    def __init__(self, session: Session, workbench: Workbench) -> None:
        super().__init__(workbench)
        self._session, self._workbench = session, workbench
        self._inquiry = workbench.inquiry("what if")
        self._inquiry.answered.connect(self._take)
        self._inquiry.refused.connect(self._refuse)
        self._edited = EditedImage(workbench)
        self._attending = Attending(workbench)
        self.trials = Trials(workbench)
        self.offers = Offers(workbench)
        self.answer: WhatIfAnswer | None = None
        self.refusal = ""
        self._asked: tuple[str, str, tuple[Edit, ...]] | None = None
        self._rest = QTimer(self)
        self._rest.setSingleShot(True)
        self._rest.setInterval(_REST)
        self._rest.timeout.connect(self._settle)
        for part in (self._edited, self._attending, self.trials):
            part.changed.connect(self.changed)
        self._edited.changed.connect(self._settle)
        self.offers.changed.connect(self._follow)
        session.audit.documentChanged.connect(self._follow)
        session.requestChanged.connect(self._follow)
        session.explanationChanged.connect(self._follow)

    # what there is to be read
    @property
    def case(self) -> Case | None:
        """What the changes are held against; None while no answer is shown (yet)."""
        session, explanation = self._session, self._session.explanation
        if explanation is None or explanation.withheld:
            return None
        if explanation.model.name != session.model:
            return None
        image = session.audit.image
        return Case(image, session.model, explanation.target) if image else None

    @property
    def busy(self) -> bool:
        """Whether ``answer`` is not yet the one to the document as it is."""
        return self._inquiry.busy

    @property
    def alone(self) -> Mapping[str, tuple[float, ...]]:
        """Probabilities of all classes with one intervention alone, by its id, on or off."""
        case = self.case
        if case is None:
            return {}
        rows = ((item.id, self.trials.alone(case, item.edit)) for item in self._interventions)
        return {item_id: scores for item_id, scores in rows if scores is not None}

    @property
    def effects(self) -> Mapping[str, Effect]:
        """Each intervention by itself, by its id; with fewer other places while they are asked
        for."""
        rows = ((item.id, self.effect(trial_of(item))) for item in self._interventions)
        return {item_id: effect for item_id, effect in rows if effect is not None}

    def effect(self, trial: Trial) -> Effect | None:
        """What is known so far of an intervention or a candidate."""
        case = self.case
        return None if case is None else self.trials.effect(case, trial)

    def is_done(self, trial: Trial) -> bool:
        """Whether no more will be known of it."""
        case = self.case
        return case is not None and self.trials.is_done(case, trial)

    def attention(self, shape: Shape) -> Attention | None:
        """How much of each layer's response lies in a region; None until it is known."""
        return self._attending.of(shape)

    @property
    def candidates(self) -> tuple[Candidate, ...] | None:
        return self.offers.found

    @property
    def edited(self) -> OverlayMaker | None:
        """Maps of the edited image; None without a change, and until they are there."""
        case, session = self.case, self._session
        if case is None:
            return None
        return self._edited.maps_of(Edited(case, session.audit.document.edits, session.method))

    @property
    def edited_pyramid(self) -> Pyramid | None:
        """The edited scan, of the frame's size; None without a change, and until it is there."""
        return None if self.busy or self.answer is None else self._edited.scan_of(self.answer)

    # what is asked
    @property
    def _interventions(self) -> tuple[Intervention, ...]:
        return self._session.audit.document.interventions

    def _follow(self) -> None:
        """Ask for the answer if the question is another one."""
        case = self.case
        asked = None
        if case is not None and self._interventions:
            asked = case.image, case.model, self._session.audit.document.edits
        if case is None:
            self.trials.pause()
        if asked != self._asked:
            if asked is None or self._asked is None or asked[:2] != self._asked[:2]:
                self._clear()
            self._asked = asked
            self._ask()
        self._rest.start()
        self.changed.emit()

    def _ask(self) -> None:
        picture = self._workbench.picture()
        self.trials.pause()
        if self._asked is None or picture is None:
            return
        _, model, edits = self._asked
        if not edits:
            self._edited.clear()
        self._inquiry.ask(picture, self._workbench.network(model), WhatIf(edits))

    def _clear(self) -> None:
        self._inquiry.cancel()
        self._edited.clear()
        self.answer, self.refusal = None, ""

    def _take(self, answer: WhatIfAnswer) -> None:
        case = self.case
        if case is None or self._asked is None:
            return
        self.answer, self.refusal = answer, ""
        edits = self._asked[2]
        if len(edits) == 1:
            self.trials.learn(case, edits[0], answer)
        self._rest.start()
        self.changed.emit()

    def _refuse(self, message: str) -> None:
        self.answer, self.refusal = None, message
        self._edited.clear()
        self.changed.emit()

    def _settle(self) -> None:
        """The changes rest: look at the edited image, then at each change by itself."""
        case, opened, picture = self.case, self._session.open, self._workbench.picture()
        if case is None or opened is None or picture is None or self.busy or self._rest.isActive():
            return
        method, edits = self._session.method, self._session.audit.document.edits
        self._attending.follow(self._session.explanation, self._shapes())
        if edits and self.answer is not None:
            self._edited.follow(picture, opened.frame, Edited(case, edits, method), self.answer)
        if not self._edited.busy:
            markers = (item.shape for item in self._offered if item.kind == "marker")
            avoid = (*markers, *(item.edit.shape for item in self._interventions))
            self.trials.follow(Work(case, picture, self._trials(), avoid))

    @property
    def _offered(self) -> tuple[Candidate, ...]:
        return (self.candidates or ()) if self.offers.shown else ()

    def _shapes(self) -> tuple[Shape, ...]:
        mine = (item.edit.shape for item in self._interventions)
        return (*mine, *(item.shape for item in self._offered))

    def _trials(self) -> tuple[Trial, ...]:
        """The selected intervention first, then the others, then the candidates."""
        selected = self._session.audit.selected
        mine = sorted(self._interventions, key=lambda item: item.id != selected)
        return (*map(trial_of, mine), *map(trial_of_candidate, self._offered))


def trial_of(intervention: Intervention) -> Trial:
    return Trial(intervention.edit, intervention.kind)


def trial_of_candidate(candidate: Candidate) -> Trial:
    """As the intervention would be that is made of it."""
    return Trial(edit_of(candidate), candidate.kind)
