"""What happened, as lines of the audit log say it: from two states of a reader's document, and
from an answer.

Nothing that a person wrote freely is in a line, but for the names of landmarks, unless ``freely``:
then comments and impressions are, too.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from engine.findings import summary
from engine.questions import WhatIfAnswer
from engine.results import Explanation
from viewer.state.document import Document, Impression, Intervention, Judgement

_MOST = 2_000  # characters of a comment in a line

Event = tuple[str, dict[str, Any]]
"""What happened, and its details for JSON."""


def explained(explanation: Explanation, freely: bool) -> Event:
    facts: dict[str, Any] = {
        "device": explanation.device,
        "layers": len(explanation.layers),
        "evidence": {item.test: item.outcome for item in explanation.evidence},
        "evidence_summary": summary(explanation.evidence) if explanation.evidence else "none",
    }
    if explanation.withheld:
        because = {"because": explanation.withheld_because} if freely else {}
        return "no output for the image", {**facts, **because}
    best = explanation.predictions[0]
    predicted = {"predicted": best.name, "probability": round(best.probability, 6)}
    return "image explained", {**predicted, "target": explanation.target, **facts}


def answered(answer: WhatIfAnswer, target: str, on: Sequence[str]) -> Event:
    """The answer to the image with the interventions of the ids ``on``."""
    number = answer.classes.index(target)
    before, after = answer.before[number], answer.after[number]
    facts = {"before": round(before, 6), "after": round(after, 6)}
    change = {"target": target, **facts, "change": round(after - before, 6)}
    return "interventions answered", {"interventions": list(on), **change}


def is_settling(before: Document, after: Document) -> bool:
    """Whether only shapes differ, as they do at every step of a drag."""

    def shapeless(document: Document) -> Document:
        same = tuple(
            replace(item, edit=replace(item.edit, shape=_shape(after, item)))
            for item in document.interventions
        )
        marks = tuple(
            replace(item, shape=after.shape_of(item.id) or item.shape)
            for item in document.landmarks
        )
        rulers = tuple(
            replace(item, points=(after.measurement(item.id) or item).points)
            for item in document.measurements
        )
        return replace(document, landmarks=marks, interventions=same, measurements=rulers)

    return before != after and shapeless(before) == after


def _shape(document: Document, item: Intervention) -> Any:
    return document.shape_of(item.id) or item.edit.shape


def changes(
    before: Document, after: Document, classes: Sequence[str], freely: bool
) -> Iterator[Event]:
    """What led from one document to another. ``classes`` are the model's: an impression that is
    one of them is not written freely."""
    if before.impression is None and after.impression is not None:
        yield "impression committed", _said(after.impression, classes, freely)
    yield from _landmarks(before, after)
    yield from _interventions(before, after)
    yield from _measurements(before, after)
    yield from _judgements(before, after, freely)
    if before.comment != after.comment:
        yield "comment changed", {"comment": after.comment[:_MOST]} if freely else {}


def _said(impression: Impression, classes: Sequence[str], freely: bool) -> dict[str, Any]:
    if impression.text in classes:
        return {"class": impression.text}
    return {"own_words": impression.text[:_MOST] if freely else True}


def _landmarks(before: Document, after: Document) -> Iterator[Event]:
    old, new = ({item.id: item for item in doc.landmarks} for doc in (before, after))
    for item_id, item in new.items():
        facts = {"id": item_id, "name": item.name[:_MOST]}
        if item_id not in old:
            yield "landmark drawn", facts
        elif item != old[item_id]:
            yield "landmark changed", facts
    for item_id in old.keys() - new.keys():
        yield "landmark removed", {"id": item_id, "name": old[item_id].name[:_MOST]}


def _interventions(before: Document, after: Document) -> Iterator[Event]:
    old, new = ({item.id: item for item in doc.interventions} for doc in (before, after))
    for item_id, item in new.items():
        facts = {"id": item_id, "kind": item.kind, "way": item.edit.way, "on": item.on}
        was = old.get(item_id)
        if was is None:
            yield "intervention made", facts
        elif replace(was, on=item.on) != item:
            yield "intervention changed", facts
        elif was.on != item.on:
            yield f"intervention switched {'on' if item.on else 'off'}", facts
    for item_id in old.keys() - new.keys():
        yield "intervention removed", {"id": item_id}


def _measurements(before: Document, after: Document) -> Iterator[Event]:
    old, new = ({item.id: item for item in doc.measurements} for doc in (before, after))
    for item_id, item in new.items():
        facts = {"id": item_id, "kind": item.kind, "number": item.number}
        if item_id not in old:
            yield "measured", facts
        elif item != old[item_id]:
            yield "measurement changed", facts
    for item_id in old.keys() - new.keys():
        yield "measurement removed", {"id": item_id}


def _judgements(before: Document, after: Document, freely: bool) -> Iterator[Event]:
    old, new = ({item.about: item for item in doc.judgements} for doc in (before, after))
    for about, item in new.items():
        if item != old.get(about):
            yield "judgement", _judged(item, freely)
    for about in old.keys() - new.keys():
        yield "judgement withdrawn", {"about": about}


def _judged(item: Judgement, freely: bool) -> dict[str, Any]:
    facts: dict[str, Any] = {"about": item.about, "outcome": item.outcome}
    if item.comment:
        facts["comment"] = item.comment[:_MOST] if freely else True
    return facts
