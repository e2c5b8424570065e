"""Judging what the model says and shows: rows, buttons, comments, and what is always in sight."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import QEvent, Qt
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

import resources
from engine.findings import summary
from engine.presets import PRESETS
from engine.questions import Edit
from engine.shapes import box
from tests.factories.engines import ENGINE
from tests.viewer.conftest import Steps
from viewer.dialogs.log_view import LogView
from viewer.main_window import MainWindow
from viewer.panels.evidence import EvidencePanel, VerdictLabel, signs
from viewer.panels.review import ReviewPanel
from viewer.panels.review_items import told
from viewer.state.document import Intervention, Landmark
from viewer.state.records import read_record
from viewer.state.session import Session
from viewer.state.workbench import Workbench
from viewer.verbs import review as verbs

_SECONDS = 60_000  # that one awaited condition may take, in milliseconds


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "kept"))


@pytest.fixture
def workbench(qtbot: QtBot) -> Iterator[Workbench]:
    """With the sample hand explained."""
    session = Session()
    made = Workbench(session, "cpu", engine=ENGINE)
    made.open_paths(resources.sample_files())
    qtbot.waitUntil(
        lambda: session.explanation is not None and bool(session.audit.image), timeout=_SECONDS
    )
    yield made
    made.close()
    for item in (made, session):
        item.deleteLater()
    QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


@pytest.fixture
def panel(qtbot: QtBot, workbench: Workbench) -> ReviewPanel:
    made = ReviewPanel(workbench)
    qtbot.addWidget(made)
    made.resize(330, 700)
    made.show()
    return made


def test_every_finding_has_a_row(panel: ReviewPanel, workbench: Workbench) -> None:
    session, audit = workbench.session, workbench.session.audit
    explanation = session.explanation
    doubtful = [item.test for item in explanation.evidence if item.outcome != "pass"]
    assert doubtful
    audit.add_landmark(Landmark("m1", "carpus", box(0, 0, 40, 40), "Gray's"))
    item = Intervention("i1", "letter", Edit(box(10, 10, 60, 60)), "marker")
    audit.add_interventions("erase", (item,))
    session.show_layer(4)
    assert list(panel.rows) == [
        "prediction",
        "landmark m1",
        "intervention i1",
        *(f"evidence {test}" for test in doubtful),
        f"layer {explanation.layers[4].name}",
    ]
    prediction = panel.rows["prediction"]
    assert prediction.title.text() == "Prediction: hand wrist"
    best = explanation.predictions[0].probability
    assert prediction.figures.text() == f"probability {best:.3f} (chance 0.077)"
    assert panel.rows["landmark m1"].title.text() == "Landmark: carpus"
    assert panel.verdict.text().startswith(signs(explanation.evidence))
    assert summary(explanation.evidence) in panel.verdict.text()
    assert panel.minimumSizeHint().width() <= 330
    audit.remove("m1")
    assert "landmark m1" not in panel.rows


def test_landmarks_and_interventions_bring_their_figures(
    qtbot: QtBot, panel: ReviewPanel, workbench: Workbench
) -> None:
    audit = workbench.session.audit
    height, width = workbench.session.open.frame.size
    audit.add_landmark(Landmark("m1", "hand", box(0, 0, width, height / 2)))
    item = Intervention("i1", "all of it", Edit(box(0, 0, width, height), "mean"), "background")
    audit.add_interventions("erase", (item,))
    landmark, intervention = (
        panel.rows["landmark m1"].figures,
        panel.rows["intervention i1"].figures,
    )
    qtbot.waitUntil(lambda: "best lift" in landmark.text(), timeout=_SECONDS)
    best = workbench.figures.rows[0].best
    assert f"best lift {best.lift:.2f} at {best.layer} (chance 1" in landmark.text()
    qtbot.waitUntil(lambda: "hand wrist −0." in intervention.text(), timeout=_SECONDS)


def test_a_judgement_can_be_made_commented_changed_withdrawn_and_undone(
    qtbot: QtBot, panel: ReviewPanel, workbench: Workbench
) -> None:
    audit = workbench.session.audit
    row = panel.rows["prediction"]
    assert row.comment.isHidden()
    qtbot.mouseClick(row.buttons["accept"], Qt.MouseButton.LeftButton)
    assert audit.document.judgement("prediction").outcome == "accept"
    assert row.buttons["accept"].isChecked()
    assert row.when.text() == f"accepted {told(audit.document.judgement('prediction').when)}"
    row.comment.setFocus()
    qtbot.keyClicks(row.comment, "plain as day")
    assert audit.document.judgement("prediction").comment == ""
    qtbot.keyClick(row.comment, Qt.Key.Key_Return)
    assert audit.document.judgement("prediction").comment == "plain as day"
    row.buttons["unsure"].setFocus()
    qtbot.keyClick(row.buttons["unsure"], Qt.Key.Key_Space)
    judgement = audit.document.judgement("prediction")
    assert (judgement.outcome, judgement.comment) == ("unsure", "plain as day")
    assert [row.buttons[name].isChecked() for name in row.buttons] == [False, False, True]
    qtbot.mouseClick(row.buttons["unsure"], Qt.MouseButton.LeftButton)
    assert audit.document.judgement("prediction") is None
    assert row.comment.isHidden()
    assert row.comment.text() == ""
    audit.undo()
    assert row.buttons["unsure"].isChecked()
    assert row.comment.text() == "plain as day"
    audit.undo()
    audit.undo()
    assert row.buttons["accept"].isChecked()
    assert row.comment.text() == ""
    audit.redo()
    assert row.comment.text() == "plain as day"


def test_what_is_typed_stays_with_its_image(
    qtbot: QtBot, panel: ReviewPanel, workbench: Workbench
) -> None:
    session = workbench.session
    first = session.audit.image
    verdict = panel.rows["prediction"]
    qtbot.mouseClick(verdict.buttons["reject"], Qt.MouseButton.LeftButton)
    qtbot.keyClicks(verdict.comment, "not sure why")
    qtbot.keyClicks(panel.comment, "good film")
    session.set_place(replace(session.place, series=session.all_series()[1]))
    assert not panel.rows
    qtbot.waitUntil(
        lambda: session.audit.image not in ("", first) and session.explanation is not None,
        timeout=_SECONDS,
    )
    assert session.audit.document.is_empty
    assert panel.comment.text() == ""
    assert not any(b.isChecked() for b in panel.rows["prediction"].buttons.values())
    qtbot.keyClicks(panel.comment, "another one")
    second = session.audit.image
    workbench.close()
    assert read_record(first).comment == "good film"
    assert read_record(first).judgement("prediction").comment == "not sure why"
    assert read_record(second).comment == "another one", "closing the program loses nothing"


def test_all_of_it_can_be_reached_and_heard(panel: ReviewPanel, workbench: Workbench) -> None:
    workbench.session.audit.judge("prediction", "accept")
    workbench.session.audit.add_landmark(Landmark("m1", "carpus", box(0, 0, 40, 40)))
    for row in panel.rows.values():
        for outcome, button in row.buttons.items():
            assert button.accessibleName() == f"{outcome} {row.title.text()}"
            assert button.focusPolicy() & Qt.FocusPolicy.TabFocus
        assert row.comment.accessibleName() == f"comment on {row.title.text()}"
    assert panel.comment.accessibleName()
    last = panel.rows["prediction"].comment
    assert last.nextInFocusChain() is panel.rows["landmark m1"].buttons["accept"]


def test_the_verdict_stays_in_sight_and_leads_to_the_evidence(
    qtbot: QtBot, workbench: Workbench
) -> None:
    session = workbench.session
    label = VerdictLabel(session)
    qtbot.addWidget(label)
    label.show()
    evidence = session.explanation.evidence
    assert label.text() == f"Evidence  {signs(evidence)}"
    assert summary(evidence) in label.accessibleName()
    assert all(f"{item.test}: {item.sentence}" in label.toolTip() for item in evidence)
    with qtbot.waitSignal(label.asked):
        qtbot.mouseClick(label, Qt.MouseButton.LeftButton)
    with qtbot.waitSignal(label.asked):
        qtbot.keyClick(label, Qt.Key.Key_Return)
    session.set_place(replace(session.place, series=session.all_series()[1]))
    assert label.text() == f"Evidence  {signs(evidence)}", "it is of the model and the method"
    qtbot.waitUntil(lambda: session.explanation is not None, timeout=_SECONDS)
    session.set_method(PRESETS["CLEAR"])
    assert label.text() == "Evidence: with the first answer", "of this method nothing is known yet"
    qtbot.waitUntil(
        lambda: session.explanation is not None and session.explanation.method == PRESETS["CLEAR"],
        timeout=_SECONDS,
    )
    assert label.text() == f"Evidence  {signs(session.explanation.evidence)}"
    session.audit.set_blind(True)
    assert label.text() == "Evidence: kept back"
    assert label.toolTip() == "Evidence: kept back"


def test_the_model_card_is_one_click_away(
    qtbot: QtBot, panel: ReviewPanel, workbench: Workbench
) -> None:
    evidence = EvidencePanel(workbench.session)
    qtbot.addWidget(evidence)
    for shown in (panel, evidence):
        with qtbot.waitSignal(shown.cardAsked):
            qtbot.mouseClick(shown.card, Qt.MouseButton.LeftButton)


@pytest.mark.qt_log_ignore("does not support raise")
def test_judging_by_keys(drive) -> None:
    def script(window: MainWindow) -> Steps:
        session = window.session
        yield lambda: session.explanation is not None and session.audit.image != ""
        for verb, outcome in (
            (verbs.accept_prediction, "accept"),
            (verbs.reject_prediction, "reject"),
            (verbs.doubt_prediction, "unsure"),
        ):
            verb(window.context)
            assert session.audit.document.judgement("prediction").outcome == outcome
        verbs.doubt_prediction(window.context)
        assert session.audit.document.judgement("prediction") is None
        verbs.show_log(window.context)
        verbs.show_log(window.context)
        views = [view for view in window.findChildren(LogView) if view.isVisible()]
        assert len(views) == 1, "one that is open comes up"
        yield lambda: "unbroken" in views[0].state.text()
        views[0].close()
        verbs.toggle_log_identity(window.context)
        assert "patient ID" in session.message

    assert drive(["--sample"], script) == 0
