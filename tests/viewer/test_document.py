"""The reader's document: its JSON form, and its history of changes."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pytestqt.qtbot import QtBot

from engine.questions import Edit, EditWay
from engine.shapes import Shape, box
from viewer.panels.judgement_row import is_stale
from viewer.state.audit import Audit
from viewer.state.document import (
    OUTCOMES,
    Document,
    Impression,
    Intervention,
    Judgement,
    Landmark,
    from_json,
    new_id,
    to_json,
)

_places = st.floats(-1e6, 1e6, allow_nan=False)
_points = st.tuples(_places, _places)
_widths = st.floats(0.01, 1e5)


def _rings(least: int) -> st.SearchStrategy[tuple[tuple[float, float], ...]]:
    return st.lists(_points, min_size=least, max_size=8).map(tuple)


_shapes = st.one_of(
    st.builds(box, _places, _places, _places, _places),
    st.builds(
        lambda points, holes: Shape("polygon", points, holes=tuple(holes)),
        _rings(3),
        st.lists(_rings(3), max_size=2),
    ),
    st.builds(lambda points, width: Shape("stroke", points, width), _rings(1), _widths),
    st.builds(lambda point, width: Shape("point", (point,), width), _points, _widths),
)
_texts = st.text(st.characters(), max_size=40)  # half of a surrogate pair, too
_ids = st.uuids().map(str)
_landmarks = st.builds(Landmark, _ids, _texts, _shapes, _texts)
_edits = st.builds(Edit, _shapes, st.sampled_from(get_args(EditWay)))
_interventions = st.builds(Intervention, _ids, _texts, _edits, _texts, st.booleans())
_judgements = st.builds(Judgement, _texts, st.sampled_from(OUTCOMES), _texts, _texts)


def _few(rows: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.lists(rows, max_size=4).map(tuple)


_documents = st.builds(
    Document,
    _few(_landmarks),
    _few(_interventions),
    _few(_judgements),
    st.none() | st.builds(Impression, _texts, _texts),
    _texts,
)

LUNGS = Landmark("l1", "lungs", box(1, 2, 30, 40), "Hansell 2008")
MARKER = Intervention("i1", "marker", Edit(box(5, 5, 9, 9), "blur"), "marker", False)
FULL = Document(
    (LUNGS,),
    (MARKER,),
    (Judgement("landmark l1", "accept", "clear", "2026-01-01T00:00:00+00:00"),),
    Impression("nothing of note", "2026-01-01T00:00:00+00:00"),
    "Böhler",
)


# its JSON form
@settings(max_examples=150, deadline=None)
@given(_documents)
def test_a_document_comes_back_as_it_was(document: Document) -> None:
    written = to_json(document, "picture").encode()
    assert from_json(written.decode()) == ("picture", document)


def test_what_may_be_long_is_read_again() -> None:
    """A record that is written must not be refused when the image is opened again."""
    long = replace(
        FULL,
        landmarks=tuple(replace(LUNGS, id=f"l{n}") for n in range(2_500)),
        comment="word " * 10_000,
    )
    assert from_json(to_json(long, "k"))[1] == long


@pytest.mark.parametrize(
    ("damage", "complaint"),
    [
        (lambda facts: facts.update(form=2), "form 2"),
        (lambda facts: facts.pop("form"), "KeyError"),
        (lambda facts: facts.pop("landmarks"), "KeyError"),
        (lambda facts: facts.update(landmarks={"a": 1}), "list"),
        (lambda facts: facts.update(landmarks=["lungs"]), "AttributeError"),
        (lambda facts: facts.update(comment=None), "text"),
        (lambda facts: facts.update(impression="said"), "TypeError"),
        (lambda facts: facts["landmarks"][0].update(name=7), "text"),
        (lambda facts: facts["landmarks"][0]["shape"].update(kind="circle"), "circle"),
        (lambda facts: facts["landmarks"][0]["shape"].update(points=[[1, 2]]), "2 points"),
        (lambda facts: facts["landmarks"][0]["shape"].update(points=[[1, 2], [3]]), "unpack"),
        (lambda facts: facts["landmarks"][0]["shape"]["points"].append([1, 1]), "2 points"),
        (lambda facts: facts["landmarks"][0]["shape"].update(points=[[0, 10**400]] * 2), "int"),
        (lambda facts: facts["interventions"][0].update(way="burn"), "burn"),
        (lambda facts: facts["judgements"][0].update(outcome="perhaps"), "perhaps"),
    ],
)
def test_damage_is_refused(damage: Any, complaint: str) -> None:
    facts = json.loads(to_json(FULL, "k"))
    damage(facts)
    with pytest.raises(ValueError, match=complaint):
        from_json(json.dumps(facts))


@pytest.mark.parametrize("text", ["", "[]", "3", "null", '"x"', "{", "[" * 100_000, "NaN"])
def test_what_is_no_document_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        from_json(text)


def test_entries_with_the_same_id_are_told_apart() -> None:
    """Nothing is lost, and each can be taken hold of."""
    twice = replace(FULL, landmarks=(LUNGS, LUNGS), interventions=(replace(MARKER, id="l1"),))
    found = from_json(to_json(twice, "k"))[1]
    ids = [item.id for item in (*found.landmarks, *found.interventions)]
    assert len(set(ids)) == 3
    assert ids[0] == "l1"
    assert [item.shape for item in found.landmarks] == [LUNGS.shape] * 2


def test_edits_are_those_switched_on() -> None:
    on = replace(MARKER, id="i2", on=True)
    assert replace(FULL, interventions=(MARKER, on)).edits == (on.edit,)


def test_shapes_are_found_by_id() -> None:
    assert FULL.shape_of("l1") == LUNGS.shape
    assert FULL.shape_of("i1") == MARKER.edit.shape
    assert FULL.shape_of("other") is None


def test_ids_are_unlike() -> None:
    assert len({new_id() for _ in range(1000)}) == 1000


# its history
@pytest.fixture
def audit(qtbot: QtBot) -> Any:
    found = Audit()
    found.open("a", Document())
    yield found
    found.deleteLater()


def test_every_kind_of_change_is_undone_and_redone(audit: Audit) -> None:
    """Each step back is the document before it, each step forth the one after it."""
    changes = [
        lambda: audit.add_landmark(LUNGS),
        lambda: audit.put_landmark(replace(LUNGS, name="heart")),
        lambda: audit.reshape("l1", box(0, 0, 5, 5)),
        lambda: audit.add_interventions("erase", (MARKER,)),
        lambda: audit.put_intervention(replace(MARKER, on=True)),
        lambda: audit.reshape("i1", box(0, 0, 6, 6)),
        lambda: audit.judge("landmark l1", "reject", "no"),
        lambda: audit.judge("landmark l1", "unsure"),
        lambda: audit.withdraw("landmark l1"),
        lambda: audit.judge("intervention i1", "accept"),
        lambda: audit.remove("i1"),
        lambda: audit.remove("l1"),
        lambda: audit.change("comment", replace(audit.document, comment="x")),
    ]
    seen = [audit.document]
    for change in changes:
        change()
        assert audit.document != seen[-1]
        seen.append(audit.document)
    assert not seen[-1].judgements, "what was judged of a deleted thing went with it"
    for before in reversed(seen[:-1]):
        audit.undo()
        assert audit.document == before
    assert audit.undo_text == ""
    audit.undo()
    assert audit.document == Document()
    for after in seen[1:]:
        audit.redo()
        assert audit.document == after
    assert audit.redo_text == ""


def test_a_drag_is_undone_at_once(audit: Audit) -> None:
    audit.add_landmark(LUNGS)
    for step in range(20):
        audit.reshape("l1", LUNGS.shape.moved(step + 1, 0), merge="drag l1")
    audit.settle()
    audit.reshape("l1", LUNGS.shape.moved(50, 0), merge="drag l1")
    audit.undo()
    assert audit.document.landmarks[0].shape == LUNGS.shape.moved(20, 0)
    audit.undo()
    assert audit.document.landmarks[0].shape == LUNGS.shape
    audit.redo()
    assert audit.document.landmarks[0].shape == LUNGS.shape.moved(20, 0)
    audit.reshape("l1", LUNGS.shape.moved(9, 9), merge="drag l1")
    audit.undo()
    assert audit.document.landmarks[0].shape == LUNGS.shape.moved(20, 0), "undo ends a drag"


def test_a_change_after_undo_forgets_what_was_undone(audit: Audit) -> None:
    audit.add_landmark(LUNGS)
    audit.undo()
    assert audit.redo_text == "draw lungs"
    audit.add_landmark(replace(LUNGS, id="l2"))
    assert audit.redo_text == ""
    audit.redo()
    assert [item.id for item in audit.document.landmarks] == ["l2"]


def test_each_image_has_its_own_history(audit: Audit) -> None:
    audit.add_landmark(LUNGS)
    document = audit.document
    audit.open("b", Document())
    assert (audit.undo_text, audit.selected) == ("", "")
    audit.add_interventions("erase", (MARKER,))
    audit.open("a", document)
    assert audit.undo_text == "draw lungs"
    audit.undo()
    assert audit.document == Document()
    audit.open("b", Document(interventions=(MARKER,)))
    audit.undo()
    assert audit.document == Document()
    assert audit.undo_text == ""


def test_an_impression_cannot_be_undone(audit: Audit) -> None:
    audit.set_blind(True)
    assert audit.concealed
    audit.add_landmark(LUNGS)
    audit.undo()
    audit.commit_impression("nothing")
    said = audit.document.impression
    assert said is not None
    assert not audit.concealed
    audit.commit_impression("something after all")
    audit.redo()
    assert audit.document == Document((LUNGS,), impression=said)
    audit.undo()
    audit.undo()
    assert audit.document == Document(impression=said)


def test_equal_documents_are_no_change(audit: Audit, qtbot: QtBot) -> None:
    audit.add_landmark(LUNGS)
    with qtbot.assertNotEmitted(audit.documentChanged):
        audit.put_landmark(LUNGS)
        audit.remove("nobody")
        audit.reshape("l1", LUNGS.shape)
    assert audit.undo_text == "draw lungs"


def test_without_an_image_nothing_is_kept(audit: Audit) -> None:
    audit.close()
    audit.add_landmark(LUNGS)
    audit.commit_impression("x")
    audit.undo()
    audit.redo()
    assert (audit.document, audit.selected, audit.undo_text) == (Document(), "", "")


def test_what_is_gone_is_not_selected(audit: Audit) -> None:
    audit.add_landmark(LUNGS)
    assert audit.selected == "l1"
    audit.undo()
    assert audit.selected == ""


def test_what_was_judged_of_another_answer_is_known(qtbot: QtBot) -> None:
    audit = Audit()
    audit.open("image", Document(landmarks=(Landmark("l1", "lungs", box(0, 0, 9, 9)),)))
    audit.answer = "deep · chest"
    audit.judge("prediction", "accept")
    audit.judge("landmark l1", "accept")
    kept = from_json(to_json(audit.document, "image"))[1]
    assert kept == audit.document
    assert kept.judgement("prediction").of == "deep · chest"
    assert not is_stale(kept.judgement("prediction"), audit)
    audit.answer = "shallow · pelvis"
    assert is_stale(kept.judgement("prediction"), audit)
    audit.reshape("l1", box(1, 1, 5, 5))
    assert audit.document.judgement("landmark l1") is None, "it was of the old shape"
    audit.undo()
    assert audit.document.judgement("landmark l1") is not None
