"""Another answer beside the main picture: the engine's own maps, linked, held against it."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from PySide6.QtCore import QEvent, Qt
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

import resources
from engine.answering import Desk
from engine.presets import PRESETS
from engine.questions import Edit, Explain, Network, Question
from engine.results import Explanation
from engine.shapes import Shape
from tests.factories.engines import ENGINE
from viewer.commands import Context
from viewer.panels.compare import ComparePanel, likeness_rows, probabilities
from viewer.render.difference import (
    difference,
    figure,
    in_short,
)
from viewer.render.overlay import OverlayMaker
from viewer.state.document import Intervention
from viewer.state.others import Other, counterpart
from viewer.state.session import Pane, Session
from viewer.state.words import readable
from viewer.state.workbench import Workbench
from viewer.verbs import compare

CHOICE = "class gradient"


@pytest.fixture
def bench(qtbot: QtBot) -> Iterator[Workbench]:
    """The sample study, answered by the shallow model."""
    session = Session()
    session.set_model("shallow")
    workbench = Workbench(session, "cpu", engine=ENGINE)
    workbench.open_paths(resources.sample_files())
    qtbot.waitUntil(lambda: session.explanation is not None, timeout=60_000)
    yield workbench
    workbench.close()
    for item in (workbench, session):
        item.deleteLater()
    QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


def compared(qtbot: QtBot, workbench: Workbench, other: Other) -> tuple[Pane, ...]:
    """Compare with it, and wait for the picture."""
    workbench.comparing.set_other(other)
    return settled(qtbot, workbench)


def settled(qtbot: QtBot, workbench: Workbench) -> tuple[Pane, ...]:
    """The panes once they belong to what the main picture shows."""
    session, comparing = workbench.session, workbench.comparing

    def done() -> bool:
        theirs, beside = comparing.explanation, comparing.beside
        if session.overlay is None or theirs is None:
            return False
        return theirs.withheld or (beside is not None and beside.main is session.overlay)

    qtbot.waitUntil(done, timeout=60_000)
    return session.panes


def asked_here(workbench: Workbench, network: Network, asked: Explain) -> Explanation:
    """What the engine answers in this process."""
    picture = workbench.picture()
    assert picture is not None
    answer = Desk().answer(Question(picture.key, network, asked, picture.subject()))
    assert isinstance(answer, Explanation)
    return answer


def network(model: str, untrained: int = 0) -> Network:
    return Network(resources.model_folder(model), "cpu", untrained)


def test_the_pane_shows_what_the_engine_answers(qtbot: QtBot, bench: Workbench) -> None:
    session = bench.session
    assert session.explanation is not None
    for other, model, untrained, method in (
        (Other("model", "plain3"), "plain3", 0, CHOICE),
        (Other("untrained"), "shallow", 1, CHOICE),
        (Other("method", "CLEAR"), "shallow", 0, "CLEAR"),
    ):
        (pane,) = compared(qtbot, bench, other)
        asked = Explain(PRESETS[method], session.explanation.target)
        right = asked_here(bench, network(model, untrained), asked)
        place = counterpart(session.layer_index, 6, len(right.layers))
        expected = OverlayMaker(right).overlay(place, session.style)
        assert pane.overlay is not None
        assert pane.explanation is not None
        assert pane.explanation.method == PRESETS[method]
        np.testing.assert_allclose(
            pane.overlay.values, expected.values, atol=1e-5 * expected.maximum
        )
        assert pane.overlay.maximum == pytest.approx(expected.maximum), "its own range"


def test_the_edited_image_is_shown_in_the_window_of_the_main_picture(
    qtbot: QtBot, bench: Workbench
) -> None:
    session = bench.session
    qtbot.waitUntil(lambda: bool(session.audit.image), timeout=60_000)
    bench.comparing.set_other(Other("edited"))
    assert session.panes == ()
    assert "No intervention is on" in bench.comparing.problem
    assert session.open is not None
    height, width = session.open.frame.size
    middle = Shape("box", ((width * 0.3, height * 0.4), (width * 0.7, height * 0.7)))
    session.audit.add_interventions("erase", (Intervention("one", "middle", Edit(middle)),))

    def done() -> bool:
        return bool(session.panes) and session.panes[0].pyramid is not None

    qtbot.waitUntil(done, timeout=60_000)
    (pane,) = settled(qtbot, bench)
    assert session.explanation is not None
    right = asked_here(
        bench,
        network("shallow"),
        Explain(PRESETS[CHOICE], session.explanation.target, edits=(Edit(middle),)),
    )
    expected = OverlayMaker(right).values(session.layer_index, session.style.smoothing)
    assert pane.overlay is not None
    assert session.overlay is not None
    np.testing.assert_allclose(
        pane.overlay.values, expected, atol=1e-5 * float(session.overlay.maximum)
    )
    assert pane.overlay.maximum == session.overlay.maximum
    session.audit.undo()
    assert session.panes == ()


def test_another_class_is_shown_in_the_value_window_of_the_main_picture(
    qtbot: QtBot, bench: Workbench
) -> None:
    session = bench.session
    assert session.explanation is not None
    second = session.explanation.predictions[1].name
    (pane,) = compared(qtbot, bench, Other("class", second))
    assert pane.explanation is not None
    assert pane.explanation.target == second
    assert pane.overlay is not None
    assert session.overlay is not None
    assert pane.overlay.maximum == session.overlay.maximum
    assert float(np.abs(pane.overlay.values - session.overlay.values).max()) > 0
    above = pane.overlay.values > session.overlay.level
    assert pane.overlay.area == pytest.approx(float(above.mean()))


def test_the_pane_follows_the_layer_and_the_style(qtbot: QtBot, bench: Workbench) -> None:
    session = bench.session
    (first,) = compared(qtbot, bench, Other("model", "plain3"))
    assert "conv3, layer 3 of 4" in first.title
    assert session.title == "shallow · conv4, layer 4 of 6"
    session.set_layer(0)
    (pane,) = settled(qtbot, bench)
    assert pane.title == "plain3 · conv1, layer 1 of 4"
    assert session.title == "shallow · conv1, layer 1 of 6"
    session.change_style(threshold=0.7, smoothing=0.0)
    (pane,) = settled(qtbot, bench)
    assert pane.overlay is not None
    assert pane.overlay.style == session.style
    assert pane.overlay.sigma == 0


def test_the_difference_is_a_third_picture(qtbot: QtBot, bench: Workbench) -> None:
    session = bench.session
    bench.comparing.set_difference(True)
    other, third = compared(qtbot, bench, Other("untrained"))
    assert other.title == "shallow, untrained (seed 1)"
    assert session.title == "shallow (trained)"
    assert other.overlay is not None
    assert third.overlay is not None
    assert session.overlay is not None
    assert third.overlay.style.signed
    expected = difference(session.overlay.values, other.overlay.values)
    np.testing.assert_array_equal(third.overlay.values, expected)
    found = bench.comparing.likeness
    assert found is not None
    assert third.title == "difference"
    assert in_short(found) in third.footer
    bench.comparing.set_difference(False)
    assert len(session.panes) == 1


def test_another_image_drops_the_answer_to_the_one_before(qtbot: QtBot, bench: Workbench) -> None:
    session = bench.session
    (first,) = compared(qtbot, bench, Other("untrained"))
    place = session.place
    assert place is not None
    following = next(s for s in session.all_series() if s.uid != place.series.uid)
    moved = session.place_of(following.instances[0].path)
    bench.comparing.set_other(Other("model", "plain12"))  # asked, and not wanted any more
    session.set_place(moved)
    assert [pane.title for pane in session.panes] == ["plain12: explaining …"]
    assert session.panes[0].overlay is None
    qtbot.waitUntil(lambda: session.explanation is not None, timeout=60_000)
    (pane,) = settled(qtbot, bench)
    assert pane.explanation is not None
    assert first.explanation is not None
    assert session.explanation is not None
    right = asked_here(
        bench, network("plain12"), Explain(PRESETS[CHOICE], session.explanation.target)
    )
    assert right.withheld == pane.explanation.withheld
    np.testing.assert_allclose(pane.explanation.input_image, right.input_image)
    assert not np.array_equal(pane.explanation.input_image, first.explanation.input_image)


def test_nothing_is_told_while_the_output_is_kept_back_nor_without_an_image(
    qtbot: QtBot, bench: Workbench
) -> None:
    session = bench.session
    panel = ComparePanel(bench)
    qtbot.addWidget(panel)
    panel.show()
    compared(qtbot, bench, Other("untrained"))
    assert panel.answers.count() > 1
    qtbot.waitUntil(lambda: bool(session.audit.image), timeout=60_000)
    session.audit.set_blind(True)
    assert session.panes == ()
    assert bench.comparing.explanation is None
    assert bench.comparing.likeness is None
    assert not panel.answers.isVisibleTo(panel)
    assert not any("p = " in panel.combo.itemText(row) for row in range(panel.combo.count()))
    session.audit.set_blind(False)
    settled(qtbot, bench)
    assert session.panes
    session.set_place(None)
    assert session.panes == ()
    assert bench.comparing.problem == "No image is open."


def test_the_panel_says_what_is_compared(qtbot: QtBot, bench: Workbench) -> None:
    panel = ComparePanel(bench)
    qtbot.addWidget(panel)
    panel.resize(330, 700)
    panel.show()
    assert "Choose what to see" in panel.facts.text()
    offered = [panel.combo.itemText(row) for row in range(panel.combo.count())]
    assert "model: shallow" not in offered, "the present one"
    assert {"model: deep", "method: CLEAR", "the edited image"} <= set(offered)
    row = offered.index("untrained, same shape")
    panel.combo.setCurrentIndex(row)
    panel.combo.activated.emit(row)
    settled(qtbot, bench)
    assert bench.comparing.other == Other("untrained")
    assert "Other network (never trained)" in panel.facts.text()
    assert "says nothing about learning" in panel.facts.text()
    found = bench.comparing.likeness
    assert found is not None
    assert likeness_rows(found)[1][1:] == (
        figure(found.correlation),
        figure(found.mirrored_correlation),
    )
    assert panel.alike.count() == 3
    said = panel.alike.item(2).data(Qt.ItemDataRole.AccessibleTextRole)
    assert said == f"overlap: {figure(found.overlap)}, chance {figure(found.mirrored_overlap)}"
    assert panel.minimumSizeHint().width() <= 330
    main, theirs = bench.session.explanation, bench.comparing.explanation
    assert main is not None
    assert theirs is not None
    _, (name, here, there), *_ = probabilities(main, theirs)
    assert (name, here) == (
        readable(main.predictions[0].name),
        f"{main.predictions[0].probability:.3f}",
    )
    chance = next(item.probability for item in theirs.predictions if readable(item.name) == name)
    assert there == f"{chance:.3f}"
    panel.difference.click()
    assert len(bench.session.panes) == 2


def test_what_is_chosen_can_be_taken_back(qtbot: QtBot, bench: Workbench) -> None:
    session, comparing = bench.session, bench.comparing
    comparing.set_other(Other("original"))
    (pane,) = session.panes
    assert (pane.title, pane.explanation, pane.overlay) == ("the bare scan", None, None)
    assert session.style.visible, "the maps are asked for"
    assert not comparing.waiting
    comparing.set_other(Other("model", "shallow"))
    assert session.panes == ()
    assert "choose something else" in comparing.problem
    comparing.set_other(None)
    context = Context(session, bench, None, None)  # type: ignore[arg-type]
    compare.toggle_difference(context)
    assert "Choose what to compare with" in session.message
    compare.toggle_compare_other_model(context)
    assert comparing.other == Other("model", "deep")
    assert [pane.title for pane in session.panes] == ["deep: explaining …"]
    compare.toggle_difference(context)
    assert comparing.difference
    compare.toggle_compare_untrained(context)
    assert comparing.other == Other("untrained")
    compare.toggle_compare_untrained(context)
    assert comparing.other is None
    compare.toggle_compare_other_model(context)
    compare.stop_comparing(context)
    assert session.panes == ()


def several(qtbot: QtBot, workbench: Workbench, count: int) -> tuple[Pane, ...]:
    """The panes, once ``count`` of them have their maps."""
    session = workbench.session

    def done() -> bool:
        there = [pane for pane in session.panes if pane.overlay is not None]
        return len(there) == count and not workbench.comparing.waiting

    qtbot.waitUntil(done, timeout=60_000)
    return session.panes


def test_four_depths_stand_two_by_two(qtbot: QtBot, bench: Workbench) -> None:
    session, comparing = bench.session, bench.comparing
    context = Context(session, bench, None, None)  # type: ignore[arg-type]
    session.set_layer(1)
    compare.toggle_depths(context)
    panes = several(qtbot, bench, 3)
    shown = [pane.overlay.layer.depth for pane in panes if pane.overlay is not None]
    assert shown == sorted(set(shown))
    assert 2 not in shown, "that is the main picture's"
    answer = session.overlays
    assert answer is not None
    for pane in panes:
        assert pane.explanation is session.explanation, "no question was asked for it"
        assert pane.overlay is not None
        own = answer.overlay(pane.overlay.layer.depth - 1, session.style)
        np.testing.assert_array_equal(pane.overlay.values, own.values)
        assert pane.overlay.layer.name in pane.title
    assert f"layer 2 of {len(answer.explanation.layers)}" in session.title
    session.set_layer(shown[0] - 1)  # the same layer twice is no harm: the reader asked for both
    assert len(several(qtbot, bench, 3)) == 3
    session.set_model("plain3")  # which has not all of these layers

    def answered() -> bool:
        return session.explanation is not None and session.explanation.model.name == "plain3"

    qtbot.waitUntil(answered, timeout=60_000)
    assert session.explanation is not None
    known = [layer.name for layer in session.explanation.layers]
    missing = [n for n, other in enumerate(comparing.others) if other.value not in known]
    comparing.choose(missing[0])
    name = comparing.others[missing[0]].value
    assert comparing.problem == f"plain3 has no layer {name}; choose another."
    assert len(session.panes) == 3 - len(missing)


def test_what_is_learnt_stands_beside_what_is_not(qtbot: QtBot, bench: Workbench) -> None:
    session, comparing = bench.session, bench.comparing
    context = Context(session, bench, None, None)  # type: ignore[arg-type]
    compare.toggle_what_is_learnt(context)
    panes = several(qtbot, bench, 3)
    assert [other.kind for other in comparing.others] == ["untrained", "model", "class"]
    assert compare.compares_untrained(context)
    assert compare.compares_other_model(context)
    comparing.set_difference(True)
    assert len(session.panes) == 3, "four pictures at most"
    compare.toggle_compare_other_model(context)
    assert [other.kind for other in comparing.others] == ["untrained", "class"]
    panes = several(qtbot, bench, 3)
    assert panes[-1].title == "difference"
    comparing.choose(1)
    qtbot.waitUntil(lambda: "class" in session.panes[-1].footer[0], timeout=60_000)
    comparing.add_other(Other("class", "nothing like it"))
    comparing.add_other(Other("model", "plain3"))
    assert len(comparing.others) == 3
    compare.stop_comparing(context)
    assert session.panes == ()
    assert session.title == ""


def test_the_panel_offers_one_more_up_to_four_pictures(qtbot: QtBot, bench: Workbench) -> None:
    panel, comparing = ComparePanel(bench), bench.comparing
    qtbot.addWidget(panel)
    panel.show()
    assert not panel.more.isVisible()
    comparing.set_other(Other("untrained"))
    assert panel.more.isVisible()
    assert not panel.tabs.isVisible()
    menu = panel.more.menu()
    assert menu is not None
    for start in ("model: deep", "the bare scan"):
        menu.aboutToShow.emit()
        (action,) = [item for item in menu.actions() if item.text() == start]
        action.trigger()
    assert [panel.tabs.tabText(tab) for tab in range(3)] == ["untrained", "deep", "bare scan"]
    assert panel.tabs.currentIndex() == 2
    assert not panel.more.isVisible()
    panel.tabs.setCurrentIndex(0)
    assert comparing.other == Other("untrained")
    assert panel.combo.currentText() == "untrained, same shape"
    panel.combo.activated.emit(0)  # nothing
    assert [other.kind for other in comparing.others] == ["model", "original"]


@pytest.mark.parametrize(
    ("index", "count", "others", "expected"),
    [
        (2, 6, 6, 2),
        (0, 19, 4, 0),
        (18, 19, 4, 3),
        (16, 19, 4, 3),  # 17/19 = 0.89, nearer to 1 than to 0.75
        (15, 19, 4, 2),  # 16/19 = 0.84
        (2, 4, 2, 0),  # 0.75 between 0.5 and 1: the shallower
        (3, 6, 4, 2),  # 0.67 is nearer to 0.75
    ],
)
def test_layers_are_linked_by_relative_depth(
    index: int, count: int, others: int, expected: int
) -> None:
    assert counterpart(index, count, others) == expected
