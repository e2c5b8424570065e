"""Figures of landmarks against slow sums of the same maps, and by the real engine."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from pytestqt.qtbot import QtBot

import resources
from engine.questions import Explain
from engine.results import Explanation, Method
from engine.shapes import Shape, box
from tests.factories.benches import PATIENCE, opened
from tests.viewer.test_render import explanation
from viewer.render.overlay import OverlayMaker
from viewer.state.document import Landmark
from viewer.state.figures import ALL, UNTRAINED, Figures
from viewer.state.landmark_measures import LandmarkFigures, Ruler, shown_maps
from viewer.state.workbench import Workbench

FRAME = (320, 320)
LEFT = Landmark("left", "left half", box(0, 0, 160, 320))
CORNER = Landmark("corner", "corner", box(240, 240, 320, 320))
NOWHERE = (
    box(-90, -90, -10, -10),
    box(50, 10, 50, 300),
    Shape("polygon", ((900.0, 0.0), (999.0, 0.0), (999.0, 99.0))),
    Shape("point", ((-500.0, -500.0),), 10.0),
)
EVERYWHERE = box(-1e6, -1e6, 1e6, 1e6)


@pytest.fixture(autouse=True)
def _own_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "home"))


def _slow(values: NDArray[np.float64], shape: Shape, frame: tuple[int, int]) -> dict[str, float]:
    """Mass, lift and hit of a box, a pixel at a time."""
    left, top, right, bottom = shape.bounds
    rows, columns = values.shape
    inside = covered = total = 0.0
    best, hits = -1.0, []
    for row in range(rows):
        for column in range(columns):
            tall, wide = frame[0] / rows, frame[1] / columns
            down = min(bottom, (row + 1) * tall) - max(top, row * tall)
            across = min(right, (column + 1) * wide) - max(left, column * wide)
            share = max(0.0, down) * max(0.0, across) / (tall * wide)
            value = float(values[row, column])
            inside += value * share
            covered += share
            total += value
            if value > best:
                best, hits = value, []
            if value == best:
                hits.append(share)
    area = covered / values.size
    return {
        "area": area,
        "mass": inside / total,
        "lift": inside / total / area,
        "hit": float(np.mean(hits) >= 0.5),
    }


def _check(row: LandmarkFigures, answer: Explanation, shape: Shape) -> None:
    """Every layer's figures are what slow sums say of the map as it is shown by default."""
    maker = OverlayMaker(answer)
    frame = answer.geometry.frame_size
    assert [layer.layer for layer in row.layers] == [layer.name for layer in answer.layers]
    assert [layer.depth for layer in row.layers] == [layer.depth for layer in answer.layers]
    for index, found in enumerate(row.layers):
        slow = _slow(maker.values(index, 1.0).astype(np.float64), shape, frame)
        assert row.area == pytest.approx(slow["area"], rel=1e-9)
        assert found.mass == pytest.approx(slow["mass"], rel=1e-5)
        assert found.lift == pytest.approx(slow["lift"], rel=1e-5)
        assert found.hit == (slow["hit"] == 1)


# by hand
def _hand_made() -> Explanation:
    """Layers of 32 × 32: even, all in the corner, none, and noise."""
    corner = np.zeros((32, 32))
    corner[28, 28] = 7
    noise = np.random.default_rng(0).normal(size=(32, 32))
    return explanation(np.ones((32, 32)), corner, np.zeros((32, 32)), noise, frame=FRAME)


def test_figures_are_those_of_slow_sums() -> None:
    answer = _hand_made()
    shapes = (box(33, 71, 218, 305), CORNER.shape, box(-50, 100, 400, 130))
    for shape in shapes:
        mark = Landmark("x", "x", shape)
        answered = replace(answer, layers=(answer.layers[0], answer.layers[1], answer.layers[3]))
        (row,) = Ruler().measure([mark], FRAME, answered, ())
        _check(row, answered, shape)
    left, corner, together = Ruler().measure([LEFT, CORNER], FRAME, answer, ())
    assert left.area == 0.5
    assert corner.area == 1 / 16
    assert together.area == 9 / 16
    even, peak, silent, _ = corner.layers
    assert even.lift == pytest.approx(1, abs=0.15), "less at the rim, where smoothing leaves"
    assert peak.lift > 15
    assert peak.hit
    assert not left.layers[1].hit
    assert math.isnan(silent.lift)
    assert math.isnan(silent.mass)
    assert not silent.hit
    assert [layer.untrained_lift for layer in corner.layers] == [None] * 4
    assert corner.best is peak


def test_all_together_count_an_overlap_once() -> None:
    answer = _hand_made()
    twice = Landmark("again", "again", LEFT.shape)
    rows = Ruler().measure([LEFT, twice], FRAME, answer, ())
    assert [row.landmark.id for row in rows] == ["left", "again", ALL]
    assert rows[2].area == rows[0].area
    assert rows[2].layers[3] == rows[0].layers[3]
    assert rows[2].landmark.shape == LEFT.shape


def test_untrained_figures_are_means_of_networks_that_respond() -> None:
    noise = np.random.default_rng(1).random((32, 32))
    peak, nothing = np.zeros((32, 32)), np.zeros((32, 32))
    peak[28, 28] = 1
    networks = [explanation(maps, nothing, frame=FRAME) for maps in (noise, peak, nothing)]
    answer = explanation(noise, noise, frame=FRAME)
    (row,) = Ruler().measure([CORNER], FRAME, answer, tuple(map(shown_maps, networks)))
    wanted = [
        _slow(OverlayMaker(network).values(0, 1.0), CORNER.shape, FRAME)["lift"]
        for network in networks[:2]
    ]
    assert row.layers[0].untrained_lift == pytest.approx(np.mean(wanted), rel=1e-5)
    assert math.isnan(row.layers[1].untrained_lift or 0.0)


@pytest.mark.parametrize("shape", NOWHERE)
def test_a_shape_without_area_breaks_nothing(shape: Shape) -> None:
    rows = Ruler().measure([Landmark("x", "x", shape), LEFT], FRAME, _hand_made(), ())
    assert rows[0].area == 0
    assert all(math.isnan(layer.lift) and not layer.hit for layer in rows[0].layers)
    assert rows[0].best is None
    assert rows[2].area == pytest.approx(0.5)
    assert rows[2].layers[0].lift == rows[1].layers[0].lift


def test_a_shape_beyond_the_frame_is_its_part_on_it() -> None:
    (row,) = Ruler().measure([Landmark("x", "x", EVERYWHERE)], FRAME, _hand_made(), ())
    assert row.area == 1
    assert row.layers[3].lift == pytest.approx(1)


def test_without_an_answer_the_area_is_known() -> None:
    declined = replace(_hand_made(), layers=(), withheld_because="it is no radiograph")
    for answer in (None, declined):
        (row,) = Ruler().measure([CORNER], FRAME, answer, ())
        assert (row.area, row.layers) == (1 / 16, ())


def test_a_second_measurement_is_the_same_as_the_first() -> None:
    """What is kept from one to the next is only what is still true."""
    ruler, answers = Ruler(), [_hand_made(), explanation(np.eye(32), frame=FRAME)]
    marks = [LEFT, CORNER]
    for answer in (*answers, *answers):
        for number in range(3):
            marks[1] = replace(CORNER, shape=CORNER.shape.moved(-20 * number, 0))
            assert repr(ruler.measure(marks, FRAME, answer, ())) == repr(
                Ruler().measure(marks, FRAME, answer, ())
            )


# by the engine
@pytest.fixture(scope="module")
def hand() -> list[Path]:
    return [path for path in resources.sample_files() if "hand" in path.name]


@pytest.fixture
def workbench(qtbot: QtBot, hand: list[Path]) -> Iterator[Workbench]:
    with opened(qtbot, hand) as found:
        yield found


def _drawn(workbench: Workbench, name: str, left: float, top: float, size: float) -> Landmark:
    """A square landmark at shares of the frame, drawn."""
    opened_frame = workbench.session.open
    assert opened_frame is not None
    height, width = opened_frame.frame.size
    shape = box(left * width, top * height, (left + size) * width, (top + size) * height)
    landmark = Landmark(name, name, shape)
    workbench.session.audit.add_landmark(landmark)
    return landmark


def _known(figures: Figures) -> bool:
    """Whether all is measured, untrained networks included."""
    rows = figures.rows
    return bool(rows) and all(
        layer.untrained_lift is not None for row in rows if row.area for layer in row.layers
    )


def test_the_hand_by_the_real_engine(workbench: Workbench, qtbot: QtBot) -> None:
    session, figures = workbench.session, workbench.figures
    palm, finger = _drawn(workbench, "palm", 0.35, 0.5, 0.3), _drawn(workbench, "tip", 0.4, 0, 0.2)
    qtbot.waitUntil(lambda: len(figures.rows) == 3 and _known(figures), timeout=PATIENCE)
    answer, picture = session.explanation, workbench.picture()
    assert answer is not None
    assert picture is not None
    _check(figures.rows[0], answer, palm.shape)
    _check(figures.rows[1], answer, finger.shape)
    assert figures.chosen is figures.rows[1], "the one that was drawn last is selected"
    assert session.lifts == {layer.layer: layer.lift for layer in figures.rows[1].layers}
    session.audit.select("")
    assert session.lifts == {layer.layer: layer.lift for layer in figures.rows[2].layers}
    assert isinstance(answer.method, Method)
    bare = [
        workbench.engine.answer(
            picture.key,
            picture.subject,
            workbench.network(untrained=number),
            Explain(answer.method, answer.target),
        )
        for number in UNTRAINED
    ]
    frame = answer.geometry.frame_size
    for index, found in enumerate(figures.rows[0].layers):
        lifts = [
            _slow(OverlayMaker(network).values(index, 1.0), palm.shape, frame)["lift"]
            for network in bare
        ]
        assert found.untrained_lift == pytest.approx(np.mean(lifts), rel=1e-4)


def test_figures_follow_a_drag_and_end_where_it_ends(workbench: Workbench, qtbot: QtBot) -> None:
    session, figures = workbench.session, workbench.figures
    landmark = _drawn(workbench, "palm", 0.3, 0.4, 0.3)
    qtbot.waitUntil(lambda: _known(figures), timeout=PATIENCE)
    seen: list[Shape] = []
    figures.changed.connect(lambda: seen.append(figures.rows[0].landmark.shape))
    steps = 0

    def dragged() -> bool:
        """A step further each time it is asked, until figures came out under way."""
        nonlocal steps
        steps += 1
        session.audit.reshape("palm", landmark.shape.moved(steps, 0), merge="drag")
        return len(seen) >= 3

    qtbot.waitUntil(dragged, timeout=PATIENCE)
    assert steps >= 3
    last = session.audit.document.landmarks[0]
    qtbot.waitUntil(lambda: figures.rows[0].landmark == last)
    answer = session.explanation
    assert answer is not None
    _check(figures.rows[0], answer, last.shape)
    assert _known(figures), "untrained networks are not asked again"


def test_figures_are_about_what_is_on_screen(workbench: Workbench, qtbot: QtBot) -> None:
    """Another class, another image, no landmarks, a reader who reads first."""
    session, figures, audit = workbench.session, workbench.figures, workbench.session.audit
    landmark = _drawn(workbench, "palm", 0.3, 0.4, 0.3)
    qtbot.waitUntil(lambda: _known(figures), timeout=PATIENCE)
    before = figures.rows
    session.set_target("chest")
    qtbot.waitUntil(lambda: _known(figures) and figures.rows != before, timeout=PATIENCE)
    answer = session.explanation
    assert answer is not None
    assert answer.target == "chest"
    _check(figures.rows[0], answer, landmark.shape)
    audit.set_blind(True)
    qtbot.waitUntil(lambda: bool(figures.rows) and not figures.rows[0].layers)
    assert figures.rows[0].area == pytest.approx(before[0].area, abs=0.01)
    assert session.lifts == {}
    audit.set_blind(False)
    qtbot.waitUntil(lambda: bool(figures.rows) and bool(figures.rows[0].layers))
    audit.undo()
    assert figures.rows == ()
    assert session.lifts == {}
    assert figures.chosen is None
    audit.redo()
    qtbot.waitUntil(lambda: bool(figures.rows))
    session.set_place(None)
    assert figures.rows == ()
