"""A picture that is turned or mirrored: what is where, what its letters say, and how loudly."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PySide6.QtCore import QPointF, QRectF, QSizeF
from PySide6.QtGui import QImage, QTransform
from pytestqt.qtbot import QtBot

import resources
from tests.viewer.test_canvas import pixels_of
from viewer.canvas.compose import compose
from viewer.canvas.facing import mm_per_pixel, seen_letters, turn_of
from viewer.canvas.scene import Scene
from viewer.canvas.view import View
from viewer.dicom.frame import Frame
from viewer.dicom.scan import scan
from viewer.dicom.window import Window
from viewer.exporters.picture import as_on_screen, full_resolution
from viewer.render.pyramid import Pyramid
from viewer.render.turn import AS_IT_IS, Turn
from viewer.state.place import Place

PORT = QRectF(0, 0, 400, 300)
EVERY = [Turn(quarters, mirrored) for mirrored in (False, True) for quarters in range(4)]
FILM = ("R", "L", "H", "F")
"""A chest film as it hangs: the patient's right is at the left edge."""
BY_HAND = {
    Turn(0): ("R", "L", "H", "F"),
    Turn(1): ("F", "H", "R", "L"),
    Turn(2): ("L", "R", "F", "H"),
    Turn(3): ("H", "F", "L", "R"),
    Turn(0, True): ("L", "R", "H", "F"),
    Turn(1, True): ("F", "H", "L", "R"),
    Turn(2, True): ("R", "L", "F", "H"),
    Turn(3, True): ("H", "F", "R", "L"),
}
"""Left, right, top and bottom, worked out by turning a sheet of paper."""
turns = st.sampled_from(EVERY)


def _transform(turn: Turn, size: tuple[int, int] = (300, 200), aspect: float = 1.0) -> QTransform:
    return View(turn=turn).transform(PORT, size, aspect)


@pytest.mark.parametrize("turn", EVERY, ids=str)
def test_letters_of_all_turns_are_those_worked_by_hand(turn: Turn) -> None:
    assert seen_letters(FILM, _transform(turn)) == BY_HAND[turn]


@pytest.mark.parametrize("turn", EVERY, ids=str)
def test_letters_stand_where_that_side_of_the_frame_is_seen(turn: Turn) -> None:
    transform = _transform(turn, aspect=0.7)
    middles = ((0.0, 150.0), (200.0, 150.0), (100.0, 0.0), (100.0, 300.0))
    edges = ((-1, 0), (1, 0), (0, -1), (0, 1))
    seen = seen_letters(FILM, transform)
    for letter, point in zip(FILM, middles, strict=True):
        away = transform.map(QPointF(*point)) - PORT.center()
        x, y = edges[seen.index(letter)]
        assert away.x() * x + away.y() * y > 1
        assert abs(away.x() * y) + abs(away.y() * x) < 1e-6


@given(turns, st.floats(0.05, 30), st.floats(0.2, 4), st.floats(-500, 500))
@settings(deadline=None, derandomize=True)
def test_the_turn_is_read_back_from_any_transform(
    turn: Turn, zoom: float, aspect: float, x: float
) -> None:
    assert turn_of(View(zoom, (x, 20.0), turn).transform(PORT, (300, 200), aspect)) == turn


@given(turns, st.integers(-5, 5))
@settings(deadline=None, derandomize=True)
def test_rotating_turns_what_is_seen(turn: Turn, quarters: int) -> None:
    seen = _transform(turn) * QTransform().rotate(90 * (quarters % 4))
    assert turn_of(seen) == turn.rotated(quarters)


@pytest.mark.parametrize(("turn", "upright"), list(product(EVERY, (False, True))))
def test_flipping_mirrors_what_is_seen(turn: Turn, upright: bool) -> None:
    mirror = QTransform.fromScale(1, -1) if upright else QTransform.fromScale(-1, 1)
    assert turn_of(_transform(turn) * mirror) == turn.flipped(upright)
    assert turn.flipped(upright).flipped(upright) == turn


def test_words_say_what_was_done_in_its_order() -> None:
    assert [turn.words for turn in EVERY] == [
        "",
        "turned 90° right",
        "turned 180°",
        "turned 90° left",
        "mirrored left to right",
        "mirrored left to right, then turned 90° right",
        "mirrored top to bottom",
        "mirrored left to right, then turned 90° left",
    ]
    with pytest.raises(ValueError, match="0 to 3"):
        Turn(4)


@pytest.mark.parametrize("turn", EVERY, ids=str)
def test_fit_shows_a_turned_frame_wholly(turn: Turn) -> None:
    shown = _transform(turn, aspect=1.5).mapRect(QRectF(0, 0, 200, 300))
    assert shown.center() == PORT.center()
    assert min(PORT.width() - shown.width(), PORT.height() - shown.height()) == pytest.approx(0)
    assert PORT.adjusted(-1e-6, -1e-6, 1e-6, 1e-6).contains(shown)


@given(turns, st.floats(0, 400), st.floats(0, 300), st.floats(0.3, 3))
@settings(deadline=None, derandomize=True)
def test_zooming_and_panning_hold_on_to_the_point_under_the_cursor(
    turn: Turn, x: float, y: float, factor: float
) -> None:
    at, size, aspect = QPointF(x, y), (300, 200), 1.4
    view = View(turn=turn)
    point = view.transform(PORT, size, aspect).inverted()[0].map(at)
    zoomed = view.zoomed(factor, at, PORT, size, aspect)
    there = zoomed.transform(PORT, size, aspect).map(point) - at
    assert abs(there.x()) + abs(there.y()) < 1e-5
    moved = zoomed.panned(QPointF(17, -9), PORT, size, aspect)
    there = moved.transform(PORT, size, aspect).map(point) - at
    assert (there.x(), there.y()) == pytest.approx((17, -9), abs=1e-5)
    assert zoomed.turn == moved.turn == turn


@pytest.mark.parametrize("turn", EVERY, ids=str)
def test_the_scale_bar_measures_along_the_screen(turn: Turn) -> None:
    """Rows 0.5 mm and columns 0.2 mm apart, pixels as high as that: 1 mm is as long both ways."""
    spacing, aspect = (0.5, 0.2), 2.5
    transform = View(3.0, turn=turn).transform(PORT, (300, 200), aspect)
    assert mm_per_pixel(transform, spacing) == pytest.approx(0.2 / 3)
    square = View(3.0, turn=turn).transform(PORT, (300, 200), 1.0)  # as if it did not know
    assert mm_per_pixel(square, spacing) == pytest.approx((0.5 if turn.sideways else 0.2) / 3)


@pytest.fixture(scope="module")
def scene() -> Scene:
    """Four grey quarters, 50 100 150 200 in reading order, with letters and spacing."""
    pixels = np.repeat(np.repeat(np.uint8([[50, 100], [150, 200]]), 90, axis=0), 60, axis=1)
    frame = Frame(pixels, spacing=(0.2, 0.2), spacing_kind="at detector")
    found = scan(resources.sample_files())
    place = Place(found.studies[0].series[0], 0)
    made = compose(place, Pyramid.of(frame), Window(127.5, 256), None, None, corner_text=False)
    return replace(made, orientation=FILM)


QUARTERS = {
    Turn(0): (50, 100, 150, 200),
    Turn(1): (150, 50, 200, 100),
    Turn(2): (200, 150, 100, 50),
    Turn(3): (100, 200, 50, 150),
    Turn(0, True): (100, 50, 200, 150),
    Turn(1, True): (200, 100, 150, 50),
    Turn(2, True): (150, 200, 50, 100),
    Turn(3, True): (50, 150, 100, 200),
}


def _quarters(image: QImage, box: QRectF) -> tuple[int, ...]:
    """Grey in the middle of the four quarters of a part of a picture."""
    pixels = pixels_of(image)
    return tuple(
        int(pixels[round(box.top() + y * box.height()), round(box.left() + x * box.width()), 0])
        for y in (0.3, 0.7)
        for x in (0.3, 0.7)
    )


@pytest.mark.parametrize("turn", EVERY, ids=str)
def test_the_frame_is_painted_as_it_is_turned(qtbot: QtBot, scene: Scene, turn: Turn) -> None:
    view, port = View(turn=turn), QRectF(0, 0, 800, 600)
    painted = as_on_screen(scene, QSizeF(800, 624), view, 1.0)
    box = view.transform(port, scene.frame.size, 1.0).mapRect(QRectF(0, 0, 120, 180))
    assert _quarters(painted, box) == pytest.approx(QUARTERS[turn], abs=1)


@pytest.mark.parametrize("turn", EVERY, ids=str)
def test_the_whole_frame_is_exported_as_it_is_turned(
    qtbot: QtBot, scene: Scene, turn: Turn
) -> None:
    bare = replace(scene, orientation=None)
    painted = full_resolution(bare, turn)
    tall = 180 * 640 / 180
    size = (tall, tall * 2 / 3) if turn.sideways else (tall * 2 / 3, tall)
    box = QRectF(0, 0, *size)
    box.moveCenter(QPointF(painted.width() / 2, size[1] / 2))
    assert _quarters(painted, box) == pytest.approx(QUARTERS[turn], abs=1)


def _warning(image: QImage) -> int:
    """Pixels in the colours of the loud plate, in the upper third of a picture."""
    pixels = pixels_of(image)[26 : image.height() // 3].astype(int)
    return int((np.abs(pixels - (58, 40, 8)).max(2) < 4).sum())


@pytest.mark.parametrize("width", [260, 400, 900])
def test_a_mirrored_picture_says_so_loudly_without_corner_text(
    qtbot: QtBot, scene: Scene, width: int
) -> None:
    for turn in EVERY:
        painted = as_on_screen(scene, QSizeF(width, 700), View(turn=turn), 1.0)
        assert (_warning(painted) > 300) == turn.mirrored


def test_a_turned_picture_says_so_and_one_that_is_not_says_nothing(
    qtbot: QtBot, scene: Scene
) -> None:
    size, view = QSizeF(900, 700), View(0.05)  # only words at the top
    blank = pixels_of(as_on_screen(scene, size, view, 1.0))[:90, 350:550]
    bare = replace(scene, orientation=None)
    assert not pixels_of(as_on_screen(bare, size, view, 1.0))[:90].any()
    turned = pixels_of(as_on_screen(scene, size, replace(view, turn=Turn(2)), 1.0))[:90, 350:550]
    assert (turned[30:] > 128).any()
    assert not (blank[30:] > 128).any()


def test_letters_in_the_picture_are_those_of_the_turn(qtbot: QtBot, scene: Scene) -> None:
    """The same letters drawn for a frame that lies so by itself give the same picture."""
    size = QSizeF(900, 700)
    for turn in EVERY:
        own = pixels_of(as_on_screen(scene, size, View(0.01, turn=turn), 1.0))
        lies = replace(scene, orientation=BY_HAND[turn])
        other = pixels_of(as_on_screen(lies, size, View(0.01, turn=AS_IT_IS), 1.0))
        edges = (slice(300, 380), slice(0, 40)), (slice(300, 380), slice(-40, None))
        for edge in (*edges, (slice(0, 30), slice(430, 470)), (slice(640, 676), slice(430, 470))):
            assert (own[edge] == other[edge]).all()
            assert (own[edge] > 128).any(), "there is a letter"
