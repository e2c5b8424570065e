"""The rows of the table of uses, made of what is known."""

from __future__ import annotations

from engine.questions import Candidate
from engine.shapes import Shape
from viewer.panels import uses_words as words
from viewer.panels.uses_card import UseRow
from viewer.state.candidates import names_of
from viewer.state.document import Intervention
from viewer.state.session import Session
from viewer.state.trials import Trial
from viewer.state.what_if import WhatIfState, trial_of, trial_of_candidate
from viewer.state.words import readable

CANDIDATE = "candidate "
"""Before the number of a candidate, where a change has its id."""


class RowMaker:
    """Rows as of now: changes first, then what is offered and not one of them."""

    def __init__(self, session: Session, what_if: WhatIfState) -> None:
        self._what_if, self._case = what_if, what_if.case
        self._interventions = session.audit.document.interventions
        explanation = session.explanation
        self._layer = session.layer_index
        self._layers = () if explanation is None else tuple(i.name for i in explanation.layers)

    def rows(self) -> list[UseRow]:
        offers = self._what_if.offers
        found = offers.found or ()
        named = enumerate(zip(names_of(found), found, strict=True))
        return [
            *map(self._change, self._interventions),
            *(
                self._candidate(place, name, item)
                for place, (name, item) in named
                if not offers.has(item)
            ),
        ]

    def _change(self, item: Intervention) -> UseRow:
        way = item.edit.way if item.on else f"{item.edit.way}, off"
        return self._row(item.id, item.name, way, item.on, item.edit.shape, trial_of(item))

    def _candidate(self, place: int, name: str, item: Candidate) -> UseRow:
        detail = f"{words.share(item.share)} of area"
        trial = trial_of_candidate(item)
        return self._row(f"{CANDIDATE}{place}", name, detail, None, item.shape, trial)

    def _row(
        self, key: str, name: str, detail: str, on: bool | None, shape: Shape, trial: Trial
    ) -> UseRow:
        what_if, case = self._what_if, self._case
        effect, compared = what_if.effect(trial), trial.is_compared
        refusal = "" if case is None else what_if.trials.refusal(case, trial)
        attention = what_if.attention(shape)
        figure = "…" if effect is None else words.signed(effect.change)
        return UseRow(
            key,
            name,
            detail,
            on,
            words.attends(attention, self._layer, self._layers),
            (figure, words.elsewhere(effect, compared)),
            words.verdict(effect, what_if.is_done(trial), compared, refusal),
            words.attends_tip(attention, self._layer, self._layers),
            words.uses_tip(effect, compared, readable(case.target) if case else "", refusal),
        )
