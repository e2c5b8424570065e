"""The layer that is next for who steps through them is painted ahead, and never seen where another
one belongs."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QRectF
from pytestqt.qtbot import QtBot

from engine.results import Explanation
from tests.factories.benches import read, viewport
from tests.factories.dicom_files import make_dataset, save
from tests.viewer.test_painting import grey_frame, painted, response, scene_of
from tests.viewer.test_render import explanation
from viewer.canvas.coverage import Rings
from viewer.canvas.kept import KeptPicture, Key
from viewer.canvas.paint import ScenePainter
from viewer.canvas.scene import Scene
from viewer.canvas.view import View
from viewer.render.overlay import OverlayMaker
from viewer.render.style import OverlayStyle
from viewer.state.session import Session

_STYLE = OverlayStyle(visible=True)


@pytest.fixture
def helper() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(1, "painting") as made:
        yield made


def _answer(count: int = 4) -> Explanation:
    return explanation(*(response(seed) for seed in range(count)), frame=grey_frame().size)


def _seen_once(helper: ThreadPoolExecutor) -> tuple[OverlayMaker, Scene, ScenePainter]:
    """A painter that has painted the first layer of an answer."""
    maker, own = OverlayMaker(_answer()), ScenePainter(helper)
    scene = scene_of(grey_frame(), _STYLE, maker)
    painted(own, scene, View())
    return maker, scene, own


def _ready(count: int = 4, style: OverlayStyle = _STYLE) -> Session:
    """A session whose layers are smoothed and cut."""
    session, maker = Session(), OverlayMaker(_answer(count))
    for index in range(count):
        maker.overlay(index, style)
    session.set_explanation(maker)
    session.set_style(style)
    return session


def test_whatever_was_foreseen_what_is_painted_is_what_was_asked_for(
    qtbot: QtBot, helper: ThreadPoolExecutor
) -> None:
    random, maker = np.random.default_rng(5), OverlayMaker(_answer())
    first = scene_of(grey_frame(), _STYLE, maker)
    own, view, style, layer = ScenePainter(helper), View(), _STYLE, 0
    looks = ({"fill": False}, {"fill": True}, {"contours": False}, {"contours": True})
    for number in range(60):
        own.foresee(maker.overlay(int(random.integers(4)), style))
        if random.random() < 0.5:  # foreseen twice, and otherwise
            own.foresee(maker.overlay(int(random.integers(4)), style))
        what = random.random()
        if what < 0.6:
            layer = int(random.integers(4))
        elif what < 0.7:
            view = View(float(random.uniform(0.7, 3.0)), (150.0, 200.0))
        elif what < 0.8:
            style = replace(style, threshold=float(random.choice([0.2, 0.4])))
        else:
            style = replace(style, **looks[int(random.integers(4))])
        scene = replace(first, overlay=maker.overlay(layer, style))
        seen, fresh = painted(own, scene, view), painted(ScenePainter(), scene, view)
        assert np.array_equal(seen, fresh), number


def test_nothing_of_a_layer_that_was_foreseen_is_worked_out_when_it_is_shown(
    qtbot: QtBot, helper: ThreadPoolExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    maker, scene, own = _seen_once(helper)
    own.foresee(maker.overlay(1, _STYLE))
    helper.submit(int).result()  # it is done with that
    traced: list[str] = []
    place = Rings.placed

    def placed(*given: object) -> object:
        traced.append(threading.current_thread().name)
        return place(*given)

    monkeypatch.setattr("viewer.canvas.coverage.Rings.placed", placed)
    painted(own, replace(scene, overlay=maker.overlay(1, _STYLE)), View())
    assert traced == []
    painted(own, replace(scene, overlay=maker.overlay(0, _STYLE)), View())
    assert traced == [], "the one before is still there"
    painted(own, replace(scene, overlay=maker.overlay(2, _STYLE)), View())
    assert traced != []


def test_what_went_wrong_ahead_does_no_harm(
    qtbot: QtBot, helper: ThreadPoolExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    maker, scene, own = _seen_once(helper)
    with monkeypatch.context() as broken:
        broken.setattr("viewer.canvas.overlay_paint.resampled", lambda *given: 1 / 0)
        own.foresee(maker.overlay(1, _STYLE))
        helper.submit(int).result()
    for layer in (1, 2, 3, 0):
        other = replace(scene, overlay=maker.overlay(layer, _STYLE))
        own.foresee(maker.overlay((layer + 1) % 4, _STYLE))
        assert np.array_equal(painted(own, other, View()), painted(ScenePainter(), other, View()))


def test_a_helper_does_not_begin_with_what_is_given_up(helper: ThreadPoolExecutor) -> None:
    held, begun, key = threading.Event(), [], Key((), (1,))
    helper.submit(held.wait)
    picture = KeptPicture()
    picture.make(
        1.0, QRectF(0, 0, 4, 4), key, fill=lambda *given: begun.append(given), helper=helper
    )
    assert picture.holds(1.0, QRectF(0, 0, 4, 4), key)
    picture.give_up()
    assert not picture.holds(1.0, QRectF(0, 0, 4, 4), key)
    held.set()
    helper.submit(int).result()
    assert begun == []


def test_colours_of_another_size_are_not_taken(qtbot: QtBot, helper: ThreadPoolExecutor) -> None:
    """A crop may be seen in the same place at the same zoom."""
    whole, view, own = grey_frame(), View(6.0, (160.0, 250.0)), ScenePainter(helper)
    crop = replace(whole, pixels=whole.pixels[:-120])
    maker = OverlayMaker(explanation(*map(response, range(2)), frame=crop.size))
    first, hidden = scene_of(crop, _STYLE, maker), scene_of(whole, _STYLE)
    second = replace(first, overlay=maker.overlay(1, _STYLE))
    painted(own, hidden, view)
    own.foresee(maker.overlay(1, _STYLE))
    for scene in (first, second):
        assert np.array_equal(painted(own, scene, view), painted(ScenePainter(), scene, view))


# which one is next
def test_it_goes_on_as_it_went_and_back_at_the_end(qtbot: QtBot) -> None:
    session = _ready()
    names = [layer.name for layer in session.explanation.layers]

    def upcoming() -> str | None:
        return None if session.upcoming is None else session.upcoming.layer.name

    session.show_layer(0)
    session.change_style(opacity=0.7)
    assert upcoming() is None, "nobody steps through layers"
    for index, expected in ((1, 2), (2, 3), (1, 0), (0, 1), (3, 2), (2, 1)):
        session.show_layer(index)
        assert upcoming() == names[expected], index
    session.set_playing(True)
    assert upcoming() is None
    session.set_playing(False)
    session.set_hidden_for_now(True)
    assert upcoming() is None
    session.set_hidden_for_now(False)
    assert upcoming() == names[1]
    session.change_style(threshold=0.77)
    assert upcoming() is None
    session.show_layer(0)
    session.set_explanation(OverlayMaker(_answer()))
    assert upcoming() is None


def test_only_what_is_ready_is_foreseen(qtbot: QtBot) -> None:
    session, maker = Session(), OverlayMaker(_answer())
    session.set_explanation(maker)
    session.set_style(_STYLE)
    for index in (0, 1):
        session.show_layer(index)
    assert session.upcoming is None
    maker.values(2, _STYLE.smoothing)
    assert session.upcoming is None, "its contours are missing"
    shown = maker.overlay(2, _STYLE)
    assert session.upcoming is not None
    assert session.upcoming.lines is shown.lines
    session.set_style(replace(_STYLE, shared_range=True))
    session.show_layer(2)
    assert session.upcoming is None, "the range of all is not known"


def test_the_window_foresees_the_next_layer(
    qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pixels = grey_frame().pixels
    save(make_dataset(pixels), tmp_path / "1.dcm")
    with read(qtbot, [tmp_path]) as bench:
        session, maker = bench.session, OverlayMaker(_answer())
        view = viewport(qtbot, session)
        session.set_explanation(maker)
        session.set_style(_STYLE)
        for index in range(4):
            maker.overlay(index, _STYLE)
        foreseen: list[str] = []
        monkeypatch.setattr(
            view._board, "foresee", lambda overlay: foreseen.append(overlay.layer.name)
        )
        session.show_layer(0)
        view.grab()
        foreseen.clear()
        session.show_layer(1)
        view.grab()
        qtbot.waitUntil(lambda: foreseen[-1:] == ["layer3"])
