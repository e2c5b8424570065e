"""What-if edits before the real engine, held against the engine asked directly, and their panel."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from pydicom import dcmread
from pydicom.uid import ExplicitVRLittleEndian
from PySide6.QtCore import QEvent, Qt
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

import resources
from engine.checkpoint import choose_device, load_model
from engine.evidence.effects import PLACES, Effect
from engine.evidence.interventions import Workpiece
from engine.explainer import Explainer
from engine.questions import Candidate, Edit, WhatIfAnswer
from engine.shapes import Shape, box
from tests.factories.engines import ENGINE
from viewer.dicom.frame import Frame, to_grey
from viewer.panels import uses_words as words
from viewer.panels.uses_rows import CANDIDATE
from viewer.panels.what_if import WhatIfPanel
from viewer.panels.what_if_answer import in_words
from viewer.render.overlay import shown_values
from viewer.state.attending import Attention
from viewer.state.audit import Tool
from viewer.state.candidates import edit_of, names_of
from viewer.state.document import Document, Intervention, new_id
from viewer.state.edited import edited_frame
from viewer.state.place import Place
from viewer.state.session import Session
from viewer.state.what_if import WhatIfState, trial_of
from viewer.state.workbench import Workbench

_PATIENCE = 180_000  # ms


@pytest.fixture
def workbench(qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Workbench]:
    """With the quicker of the models that answer, and a data folder of its own."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    session = Session()
    session.set_model("shallow")
    workbench = Workbench(session, "cpu", engine=ENGINE)
    yield workbench
    workbench.close()
    for item in (workbench, session):
        item.deleteLater()
    QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


def _open(qtbot: QtBot, workbench: Workbench, paths: list[Path]) -> None:
    workbench.open_paths(paths)
    _wait_for_explanation(qtbot, workbench)


def _wait_for_explanation(qtbot: QtBot, workbench: Workbench) -> None:
    session = workbench.session
    qtbot.waitUntil(
        lambda: session.explanation is not None and bool(session.audit.image), timeout=_PATIENCE
    )


def _settled(qtbot: QtBot, what_if: WhatIfState) -> None:
    qtbot.waitUntil(lambda: what_if.answer is not None and not what_if.busy, timeout=_PATIENCE)


def _intervention(workbench: Workbench, *sides: float, way: str = "in-paint") -> Intervention:
    """A box at shares of the frame: left, top, right, bottom."""
    opened = workbench.session.open
    assert opened is not None
    height, width = opened.frame.size
    left, top, right, bottom = sides
    shape = box(left * width, top * height, right * width, bottom * height)
    return Intervention(new_id(), "box 1", Edit(shape, way))  # type: ignore[arg-type]


def _directly(workbench: Workbench, *edits: Edit) -> list[list[float]]:
    """What the engine's own code answers in this process: before, after all edits."""
    opened = workbench.session.open
    assert opened is not None
    model = load_model(resources.model_folder(workbench.session.model))
    explainer = Explainer.prepare(model, choose_device("auto"))
    side, aspect = model.specification.input_size, opened.frame.aspect_ratio
    piece = Workpiece(to_grey(opened.frame), side, aspect)
    answers: list[list[float]] = piece.answers(
        explainer, [piece.copy, piece.edited(edits)]
    ).tolist()
    return answers


def test_the_answer_follows_every_change_and_is_the_engines_own(
    qtbot: QtBot, workbench: Workbench
) -> None:
    _open(qtbot, workbench, resources.sample_files())
    session, what_if = workbench.session, workbench.what_if
    audit = session.audit
    assert what_if.answer is None
    one = _intervention(workbench, 0.2, 0.2, 0.8, 0.7)
    other = replace(_intervention(workbench, 0.1, 0.8, 0.4, 0.95, way="blur"), name="box 2")

    audit.add_interventions("erase box 1", (one,))
    _settled(qtbot, what_if)
    assert what_if.answer is not None
    before, after = _directly(workbench, one.edit)
    assert what_if.answer.before == pytest.approx(before, abs=1e-6)
    assert what_if.answer.after == pytest.approx(after, abs=1e-6)
    assert max(abs(a - b) for a, b in zip(before, after, strict=True)) > 0.01
    qtbot.waitUntil(lambda: what_if.edited_pyramid is not None, timeout=_PATIENCE)
    qtbot.waitUntil(lambda: what_if.edited is not None, timeout=_PATIENCE)
    assert session.open is not None
    assert session.explanation is not None
    assert what_if.edited_pyramid is not None
    assert what_if.edited is not None
    assert what_if.edited_pyramid.source.size == session.open.frame.size
    assert what_if.edited.explanation.target == session.explanation.target
    assert what_if.alone[one.id] == what_if.answer.after

    audit.add_interventions("erase box 2", (other,))
    _settled(qtbot, what_if)
    assert what_if.answer.after == pytest.approx(
        _directly(workbench, one.edit, other.edit)[1], abs=1e-6
    )
    audit.undo()
    _settled(qtbot, what_if)
    assert what_if.answer.after == pytest.approx(after, abs=1e-6)

    audit.put_intervention(replace(one, on=False))
    _settled(qtbot, what_if)
    assert what_if.answer.after == what_if.answer.before
    original = {item.name: item.probability for item in session.explanation.predictions}
    answered = dict(zip(what_if.answer.classes, what_if.answer.after, strict=True))
    assert answered == pytest.approx(original, abs=1e-6)
    assert what_if.edited is None

    audit.undo()
    audit.undo()
    assert audit.document.interventions == ()
    assert what_if.answer is None


def test_an_answer_about_an_image_that_was_left_is_dropped(
    qtbot: QtBot, workbench: Workbench
) -> None:
    _open(qtbot, workbench, resources.sample_files())
    session, what_if = workbench.session, workbench.what_if
    first = session.place
    assert first is not None
    heard: list[bool] = []
    what_if.changed.connect(lambda: heard.append(what_if.answer is not None))
    item = _intervention(workbench, 0.3, 0.3, 0.6, 0.6)
    session.audit.add_interventions("erase", (item,))
    second = next(place for place in _places(session) if place.key != first.key)
    session.set_place(second)
    _wait_for_explanation(qtbot, workbench)
    qtbot.waitUntil(lambda: not what_if.busy, timeout=_PATIENCE)
    assert session.audit.document.interventions == ()
    assert heard
    assert not any(heard)

    session.set_place(first)
    _wait_for_explanation(qtbot, workbench)
    _settled(qtbot, what_if)
    assert what_if.answer is not None
    assert what_if.answer.after == pytest.approx(_directly(workbench, item.edit)[1], abs=1e-6)


def _places(session: Session) -> list[Place]:
    return [Place(series, 0) for series in session.all_series()]


def test_nothing_is_said_before_the_impression_of_a_blind_reader(
    qtbot: QtBot, workbench: Workbench
) -> None:
    _open(qtbot, workbench, resources.sample_files())
    audit, what_if = workbench.session.audit, workbench.what_if
    panel = WhatIfPanel(workbench)
    qtbot.addWidget(panel)
    item = _intervention(workbench, 0.3, 0.3, 0.6, 0.6)
    audit.add_interventions("erase", (item,))
    _settled(qtbot, what_if)
    audit.set_blind(True)
    assert what_if.answer is None
    assert what_if.effects == {}
    assert "impression" in panel.answer.words.text()
    audit.commit_impression("a hand")
    _settled(qtbot, what_if)
    assert "Probability of" in panel.answer.words.text()


def test_a_killed_engine_is_asked_once_more(qtbot: QtBot, workbench: Workbench) -> None:
    _open(qtbot, workbench, resources.sample_files())
    what_if = workbench.what_if
    first = _intervention(workbench, 0.3, 0.3, 0.6, 0.6)
    workbench.session.audit.add_interventions("erase", (first,))
    _settled(qtbot, what_if)
    known = what_if.answer
    pid = workbench.engine.pid
    workbench.engine.kill()
    second = _intervention(workbench, 0.1, 0.1, 0.9, 0.9, way="mean")
    workbench.session.audit.add_interventions("erase", (second,))
    _settled(qtbot, what_if)
    assert what_if.refusal == ""
    assert what_if.answer is not None
    assert what_if.answer is not known
    assert workbench.engine.pid != pid


def _lettered(folder: Path) -> Path:
    """A radiograph of the sample study with a burned-in letter."""
    dataset = dcmread(resources.sample_files()[0])
    pixels = dataset.pixel_array.copy()
    height, width = pixels.shape
    at, thick = (int(0.08 * width), int(0.22 * height)), max(3, width // 90)
    strokes = np.zeros(pixels.shape, np.uint8)
    cv2.putText(strokes, "R", at, cv2.FONT_HERSHEY_SIMPLEX, width / 300, 1, thick)
    pixels[strokes > 0] = pixels.max()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset["PixelData"].is_undefined_length = False
    dataset.PixelData = pixels.tobytes()
    path = folder / "lettered.dcm"
    dataset.save_as(path)
    return path


def test_a_burned_in_letter_is_offered_taken_out_and_held_against_39_other_places(
    qtbot: QtBot, workbench: Workbench, tmp_path: Path
) -> None:
    panel = WhatIfPanel(workbench)
    qtbot.addWidget(panel)
    panel.resize(300, 700)
    panel.show()
    assert panel.answer.words.text() == "Open an image to take something out of it."
    _open(qtbot, workbench, [_lettered(tmp_path)])
    session, what_if = workbench.session, workbench.what_if
    audit = session.audit

    panel.finds.click()
    assert what_if.offers.busy
    assert not panel.finds.isEnabled()
    qtbot.waitUntil(lambda: what_if.candidates is not None, timeout=_PATIENCE)
    assert what_if.candidates is not None
    assert session.open is not None
    height, width = session.open.frame.size
    letter = (0.08 * width, 0.17 * height, 0.15 * width, 0.22 * height)
    marker = next(
        item
        for item in what_if.candidates
        if item.kind == "marker" and _overlaps(item.shape.bounds, letter)
    )
    assert marker.shape in [shape for _, shape in audit.proposals]
    panel.hide()
    assert audit.proposals == ()
    panel.show()
    assert marker.shape in [shape for _, shape in audit.proposals]

    place = what_if.candidates.index(marker)
    panel.table.acted.emit(f"{CANDIDATE}{place}")
    added = audit.document.interventions[0]
    assert (added.kind, added.edit) == ("marker", Edit(marker.shape, "in-paint"))
    what_if.offers.add((marker,))
    assert audit.document.interventions == (added,)
    assert marker.shape not in [shape for _, shape in audit.proposals]
    assert panel.table.key == added.id

    trial = trial_of(added)
    seen: set[str] = set()
    what_if.changed.connect(lambda: seen.add(panel.table.rows[0].verdict.words))
    qtbot.waitUntil(lambda: what_if.is_done(trial), timeout=_PATIENCE)
    effect = what_if.effects[added.id]
    assert len(effect.elsewhere) == PLACES
    assert effect.moved
    assert what_if.answer is not None
    column = what_if.answer.classes.index(effect.target)
    before, alone = what_if.answer.before[column], what_if.alone[added.id][column]
    assert effect.change == pytest.approx(alone - before, abs=1e-9)
    assert any(text.startswith("checking 1") for text in seen)
    row = panel.table.rows[0]
    assert row.verdict == words.verdict(effect, True, True)
    _attention_is_that_of_the_maps(session, what_if, marker)
    layer = session.layer_index
    attention = what_if.attention(marker.shape)
    assert session.explanation is not None
    names = tuple(item.name for item in session.explanation.layers)
    assert row.attends == words.attends(attention, layer, names)
    session.set_layer(0)
    assert panel.table.rows[0].attends == words.attends(attention, 0, names)

    panel.table.acted.emit(added.id)
    assert not audit.document.interventions[0].on
    qtbot.keyClick(panel.table, Qt.Key.Key_Delete)
    assert audit.document.interventions == ()
    qtbot.mouseClick(panel.tools.undo, Qt.MouseButton.LeftButton)
    assert [item.id for item in audit.document.interventions] == [added.id]
    panel.close()


def _attention_is_that_of_the_maps(
    session: Session, what_if: WhatIfState, marker: Candidate
) -> None:
    """To within what the share of a pixel at the edge of the region can make out."""
    explanation, attention = session.explanation, what_if.attention(marker.shape)
    assert explanation is not None
    assert attention is not None
    assert session.open is not None
    values = shown_values(explanation.layers[0], explanation.geometry, 1.0)
    height, width = session.open.frame.size
    fine = cv2.resize(values, (width, height), interpolation=cv2.INTER_NEAREST)
    inside = np.zeros((height, width), np.uint8)
    cv2.fillPoly(inside, [np.array(marker.shape.points, np.int32)], 1)
    share = float(fine[inside > 0].sum() / fine.sum())
    assert attention.masses[0] == pytest.approx(share, rel=0.15)
    assert attention.lifts[0] == pytest.approx(share / inside.mean(), rel=0.15)


def _overlaps(one: tuple[float, ...], other: tuple[float, ...]) -> bool:
    across = max(one[0], other[0]) < min(one[2], other[2])
    return across and max(one[1], other[1]) < min(one[3], other[3])


def test_the_tools_set_the_audit_and_follow_it(qtbot: QtBot, workbench: Workbench) -> None:
    audit = workbench.session.audit
    panel = WhatIfPanel(workbench)
    qtbot.addWidget(panel)
    tools = panel.tools
    tools.buttons["stroke"].click()
    assert audit.tool == Tool("erase", "stroke", 0.04)
    tools.brush.setValue(100)
    assert audit.tool == Tool("erase", "stroke", 0.1)
    tools.buttons["box"].click()
    assert (audit.tool.purpose, audit.tool.kind) == ("erase", "box")
    assert not tools.buttons["stroke"].isChecked()
    tools.buttons["box"].click()
    assert audit.tool.purpose == "window"
    tools.way.setCurrentIndex(1)
    tools.way.activated.emit(1)
    assert audit.next_way == "blur"
    with qtbot.waitSignal(panel.besideAsked):
        panel.beside.click()


def test_the_way_of_the_selected_change_is_set_and_shown(
    qtbot: QtBot, workbench: Workbench
) -> None:
    audit = workbench.session.audit
    panel = WhatIfPanel(workbench)
    qtbot.addWidget(panel)
    audit.open("image", Document())
    item = Intervention("one", "box 1", Edit(box(0, 0, 9, 9), "mean"))
    audit.add_interventions("erase", (item,))
    audit.select("one")
    assert panel.tools.way.currentText() == "mean"
    assert audit.next_way == "mean"
    panel.tools.way.activated.emit(1)
    assert audit.document.interventions[0].edit.way == "blur"
    assert panel.table.rows[0].detail == "blur"


def _effect(change: float, *elsewhere: float) -> Effect:
    return Effect("marker", (0, 0, 1, 1), "chest", 0.9, change, elsewhere)


@pytest.mark.parametrize(
    ("effect", "done", "compared", "said"),
    [
        (None, False, True, "not tried yet"),
        (_effect(-0.3, *[0.01] * 15), False, True, "checking 15 / 39 …"),
        (_effect(-0.3, *[0.01] * 39), True, True, "✕ uses it"),
        (_effect(-0.3, *[-0.4] * 20, *[0.1] * 19), True, True, "≈ same elsewhere"),
        (_effect(-0.01, *[0.0] * 39), True, True, "✓ no use found"),
        (_effect(-0.3, *[0.01] * 9), True, True, "? not certain (9 places)"),
        (_effect(-0.3), True, False, "? not certain"),
    ],
)
def test_a_verdict_in_words(effect: Effect | None, done: bool, compared: bool, said: str) -> None:
    assert words.verdict(effect, done, compared).text == said


def test_figures_in_words() -> None:
    assert [words.signed(value) for value in (-0.314, 0.02, -0.001)] == ["−0.31", "+0.02", "0.00"]
    assert words.share(0.0423) == "4.2 %"
    assert words.share(math.nan) == "–"
    assert words.elsewhere(_effect(0.0, -0.02, 0.01), compared=True) == "2 elsewhere: −0.02…+0.01"


def test_a_changed_answer_is_said_in_words() -> None:
    nothing = np.zeros((1, 1), np.float32)
    answer = WhatIfAnswer(("chest", "hand_wrist"), (0.99, 0.01), (0.39, 0.61), (), nothing)
    assert "chest 0.99 → hand wrist 0.61" in in_words(answer, "chest")
    same = WhatIfAnswer(("chest", "hand_wrist"), (0.99, 0.01), (0.9, 0.1), (), nothing)
    assert "stays chest" in in_words(same, "chest")


def test_candidates_are_numbered_where_there_are_several_and_large_ones_become_one_grey() -> None:
    shape = box(0, 0, 1, 1)
    found = tuple(Candidate(kind, shape, 0.1) for kind in ("marker", "marker", "background"))
    assert names_of(found) == ("marker 1", "marker 2", "background")
    assert [edit_of(item).way for item in found] == ["in-paint", "in-paint", "mean"]


def test_the_edited_scan_is_sharp_where_nothing_was_changed() -> None:
    """Twice as many pixels a side as the engine edits."""
    stored = np.random.default_rng(1).integers(0, 256, (80, 60)).astype(np.uint8)
    frame = Frame(stored, spacing=(0.2, 0.2), spacing_kind="calibrated")
    small = np.full((40, 30), 77, np.float32)
    shape = Shape("box", ((10.0, 20.0), (30.0, 50.0)))
    edited = edited_frame(frame, small, (shape,))
    assert (edited.pixels[20:50, 10:30] == 77).all()
    outside = np.ones((80, 60), bool)
    outside[20:50, 10:30] = False
    assert (edited.pixels[outside] == to_grey(frame)[outside]).all()
    assert edited.spacing == frame.spacing
    assert (to_grey(edited) == edited.pixels).all()


def test_attention_of_another_answer_is_not_put_into_words() -> None:
    """While the next image is waited for, the layers may be others, or none."""
    old = Attention((0.1, 0.4), (1.0, 2.0))
    assert words.attends(old, 1, ("conv1", "conv2")) == ("40.0 % × 2.0", "max × 2.0 conv2")
    for names in ((), ("conv1",), ("a", "b", "c")):
        assert words.attends(old, 0, names) == ("…", "")
        assert "as soon as" in words.attends_tip(old, 0, names)
