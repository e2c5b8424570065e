"""What a reader can judge of the open image: a title, the figures behind it, and its name in the
document."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from engine.findings import PASS
from engine.results import Explanation
from viewer.panels.uses_words import signed, verdict
from viewer.state.document import Document
from viewer.state.landmark_measures import LandmarkFigures
from viewer.state.session import Session
from viewer.state.what_if import WhatIfState, trial_of
from viewer.state.words import readable
from viewer.state.workbench import Workbench


@dataclass(frozen=True)
class ReviewItem:
    """``about`` is what :class:`viewer.state.document.Judgement` calls it."""

    about: str
    title: str
    figures: str
    hint: str = ""


def review_items(workbench: Workbench) -> tuple[ReviewItem, ...]:
    """The findings in the order in which they are shown; none before there is an answer that may
    be seen."""
    session = workbench.session
    explanation = session.explanation
    if explanation is None:
        return ()
    return (
        _prediction(explanation),
        *_landmarks(workbench),
        *_interventions(workbench.what_if, session.audit.document),
        *_evidence(explanation),
        *_layer(session, explanation),
    )


def told(when: str) -> str:
    """ISO time → the reader's own: ``14:02``, or ``26 Nov 2026, 14:02`` of another day."""
    try:
        local = datetime.fromisoformat(when).astimezone()
    except ValueError:
        return when
    today = local.date() == datetime.now().date()
    return f"{local:%H:%M}" if today else f"{local.day} {local:%b %Y, %H:%M}"


def _prediction(explanation: Explanation) -> ReviewItem:
    if explanation.withheld:
        because = explanation.withheld_because
        return ReviewItem("prediction", "No output", because, because)
    best = explanation.predictions[0]
    chance = 1 / len(explanation.predictions)
    figures = f"probability {best.probability:.3f} (chance {chance:.3f})"
    return ReviewItem("prediction", f"Prediction: {readable(best.name)}", figures)


def _landmarks(workbench: Workbench) -> Iterator[ReviewItem]:
    found = {row.landmark.id: row for row in workbench.figures.rows}
    for landmark in workbench.session.audit.document.landmarks:
        yield ReviewItem(
            f"landmark {landmark.id}",
            f"Landmark: {landmark.name}",
            _lift(found.get(landmark.id)),
            f"Named after {landmark.source}" if landmark.source else "",
        )


def _lift(row: LandmarkFigures | None) -> str:
    if row is None:
        return "being measured …"
    if row.best is None:
        return "no layer responds on it"
    beside = "chance 1"
    if row.best.untrained_lift is not None:
        beside += f", untrained {row.best.untrained_lift:.2f}"
    return f"best lift {row.best.lift:.2f} at {row.best.layer} ({beside})"


def _interventions(what_if: WhatIfState, document: Document) -> Iterator[ReviewItem]:
    for item in document.interventions:
        trial = trial_of(item)
        effect = what_if.effect(trial)
        case = what_if.case
        refusal = "" if case is None else what_if.trials.refusal(case, trial)
        known = verdict(effect, what_if.is_done(trial), trial.is_compared, refusal).text
        change = f"{readable(effect.target)} {signed(effect.change)}: " if effect else ""
        yield ReviewItem(
            f"intervention {item.id}",
            f"Intervention: {item.name}",
            f"{change}{known}",
            f"{item.edit.way} of what is {item.kind}",
        )


def _evidence(explanation: Explanation) -> Iterator[ReviewItem]:
    for finding in explanation.evidence:
        if finding.outcome != PASS:
            yield ReviewItem(
                f"evidence {finding.test}",
                f"Evidence: {finding.test}",
                finding.outcome,
                finding.sentence,
            )


def _layer(session: Session, explanation: Explanation) -> Iterator[ReviewItem]:
    layer = session.layer
    if layer is not None:
        figures = f"layer {layer.depth} of {len(explanation.layers)}: does its map make sense?"
        yield ReviewItem(f"layer {layer.name}", f"Map: {layer.name}", figures)
