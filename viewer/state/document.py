"""What a reader adds to an image: landmarks, interventions, judgements, an impression,
measurements. Frozen.

Kept as JSON by :mod:`viewer.state.records`. Nothing in it says whose image it is, unless the reader
writes it into a comment.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal, TypeVar, get_args

from engine.questions import Edit, EditWay
from engine.shapes import Shape
from viewer.state.measurement import Measurement
from viewer.state.measurement import from_facts as measurement_from

FORM = 1
"""The version of the JSON form."""
Outcome = Literal["accept", "reject", "unsure"]
OUTCOMES: tuple[Outcome, ...] = get_args(Outcome)
_WAYS: tuple[EditWay, ...] = get_args(EditWay)

Entry = TypeVar("Entry")


@dataclass(frozen=True)
class Landmark:
    """A named place that a human expert would look at; ``source`` says where the name is from."""

    id: str
    name: str
    shape: Shape
    source: str = ""


@dataclass(frozen=True)
class Intervention:
    """Something changed in the image to see what the answer makes of it. ``kind`` is "drawn", or
    that of the candidate it came from (:data:`engine.evidence.artefacts.KINDS`)."""

    id: str
    name: str
    edit: Edit
    kind: str = "drawn"
    on: bool = True


Drawn = TypeVar("Drawn", Landmark, Intervention, Measurement)


@dataclass(frozen=True)
class Judgement:
    """What the reader makes of a finding. ``about`` names it: "prediction", "landmark ID",
    "intervention ID", "evidence TEST" or "layer NAME". ``when`` is ISO time, UTC."""

    about: str
    outcome: Outcome
    comment: str = ""
    when: str = ""
    of: str = ""
    """The answer that was on screen: model, method, class. "" where that is not known."""


@dataclass(frozen=True)
class Impression:
    """What the reader thought before the model's output was shown."""

    text: str
    when: str
    """ISO time, UTC."""
    seen: bool = False
    """Whether the output had been on screen earlier all the same."""


@dataclass(frozen=True)
class Document:
    """Everything about one image (or frame)."""

    landmarks: tuple[Landmark, ...] = ()
    interventions: tuple[Intervention, ...] = ()
    judgements: tuple[Judgement, ...] = ()
    impression: Impression | None = None
    comment: str = ""
    measurements: tuple[Measurement, ...] = ()

    @property
    def is_empty(self) -> bool:
        return self == Document()

    def judgement(self, about: str) -> Judgement | None:
        return next((item for item in self.judgements if item.about == about), None)

    @property
    def edits(self) -> tuple[Edit, ...]:
        """Of the interventions that are switched on."""
        return tuple(item.edit for item in self.interventions if item.on)

    def shape_of(self, item_id: str) -> Shape | None:
        """Of a landmark or an intervention."""
        for landmark in self.landmarks:
            if landmark.id == item_id:
                return landmark.shape
        for intervention in self.interventions:
            if intervention.id == item_id:
                return intervention.edit.shape
        return None

    def measurement(self, item_id: str) -> Measurement | None:
        return next((item for item in self.measurements if item.id == item_id), None)

    @property
    def next_number(self) -> int:
        """Of the next measurement: those that were deleted last are not confused with it."""
        return 1 + max((item.number for item in self.measurements), default=0)

    def holds(self, item_id: str) -> bool:
        """Whether something of that id can be taken hold of."""
        return self.shape_of(item_id) is not None or self.measurement(item_id) is not None


def new_id() -> str:
    """For a landmark, an intervention or a measurement: unlike any other."""
    return uuid.uuid4().hex[:12]


def to_json(document: Document, image: str) -> str:
    """``image`` is the key of the image that it is about."""
    facts = {
        "form": FORM,
        "image": image,
        "landmarks": [landmark_facts(item) for item in document.landmarks],
        "interventions": [
            {
                "id": item.id,
                "name": item.name,
                "kind": item.kind,
                "on": item.on,
                "way": item.edit.way,
                "shape": item.edit.shape.to_facts(),
            }
            for item in document.interventions
        ],
        "judgements": [vars(item) for item in document.judgements],
        "impression": None if document.impression is None else vars(document.impression),
        "comment": document.comment,
        "measurements": [item.to_facts() for item in document.measurements],
    }
    return json.dumps(facts, indent=1) + "\n"


def landmark_facts(item: Landmark) -> dict[str, Any]:
    return {
        "id": item.id,
        "name": item.name,
        "source": item.source,
        "shape": item.shape.to_facts(),
    }


def from_json(text: str) -> tuple[str, Document]:
    """(image key, document). Raises :class:`ValueError` for what is none."""
    try:
        facts = json.loads(text)
        if facts["form"] != FORM:
            raise ValueError(f"form {facts['form']!r} is not read, only {FORM}")
        said = facts["impression"]
        landmarks = [landmark_from(row) for row in _rows(facts["landmarks"])]
        interventions = [_intervention(row) for row in _rows(facts["interventions"])]
        measured = [measurement_from(row) for row in _rows(facts.get("measurements", []))]
        used: set[str] = set()
        document = Document(
            landmarks=unlike(landmarks, used),
            interventions=unlike(interventions, used),
            judgements=tuple(_judgement(row) for row in _rows(facts["judgements"])),
            impression=None if said is None else _impression(said),
            comment=_text(facts["comment"]),
            measurements=unlike(measured, used),
        )
        return str(facts["image"]), document
    except (LookupError, TypeError, AttributeError, RecursionError, OverflowError) as error:
        raise ValueError(f"not a document: {type(error).__name__} {error}") from error


def landmark_from(row: Mapping[str, Any]) -> Landmark:
    """Back from JSON; one without an id gets a new one. Raises :class:`ValueError`,
    :class:`LookupError`, :class:`TypeError`, :class:`AttributeError` or :class:`OverflowError` for
    what is none."""
    return Landmark(
        str(row.get("id") or new_id()),
        _text(row["name"]),
        Shape.from_facts(row["shape"]),
        _text(row.get("source", "")),
    )


def _impression(row: Mapping[str, Any]) -> Impression:
    return Impression(_text(row["text"]), str(row["when"]), bool(row.get("seen", False)))


def _intervention(row: Mapping[str, Any]) -> Intervention:
    way = _one_of(row["way"], _WAYS)
    edit = Edit(Shape.from_facts(row["shape"]), way)
    return Intervention(
        str(row["id"]), _text(row["name"]), edit, _text(row["kind"]), bool(row["on"])
    )


def _judgement(row: Mapping[str, Any]) -> Judgement:
    outcome = _one_of(row["outcome"], OUTCOMES)
    of = _text(row.get("of", ""))
    return Judgement(_text(row["about"]), outcome, _text(row["comment"]), str(row["when"]), of)


def _one_of(value: Any, known: tuple[Entry, ...]) -> Entry:
    for item in known:
        if value == item:
            return item
    raise ValueError(f"{value!r} is none of {', '.join(map(str, known))}")


def unlike(items: Iterable[Drawn], used: set[str]) -> tuple[Drawn, ...]:
    """The items, with a new id where one is ``used`` already (which grows): an entry is taken hold
    of by its id."""
    found = []
    for item in items:
        found.append(replace(item, id=new_id()) if item.id in used else item)
        used.add(item.id)
    return tuple(found)


def _rows(rows: Any) -> list[Any]:
    if not isinstance(rows, list):
        raise ValueError("a list is missing")
    return rows


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError("a text is missing")
    return value
