"""The one picture: geometry of the view, and what is really painted."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PySide6.QtCore import QPointF, QRectF, QSizeF
from PySide6.QtGui import QImage
from pytestqt.qtbot import QtBot

import resources
from tests.viewer.test_render import explanation
from viewer.canvas.compose import compose
from viewer.canvas.scale_bar import nice_length
from viewer.canvas.scene import NOT_FOR_DIAGNOSIS, make_corners, orientation_letters
from viewer.canvas.view import View
from viewer.dicom.frame import Frame
from viewer.dicom.reader import read_frame
from viewer.dicom.scan import scan
from viewer.dicom.window import Window
from viewer.exporters.names import suggested_name
from viewer.exporters.picture import as_on_screen, full_resolution
from viewer.render.overlay import OverlayMaker
from viewer.render.pyramid import Pyramid
from viewer.render.style import OverlayStyle
from viewer.state.place import Place

PORT = QRectF(0, 0, 400, 300)
numbers = st.floats(0.05, 20, allow_nan=False)


def pixels_of(image: QImage) -> np.ndarray:
    """RGB uint8 (h, w, 3) of an RGB32 picture."""
    data = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), -1, 4)
    return data[:, : image.width(), 2::-1].copy()


@pytest.fixture(scope="module")
def place() -> Place:
    found = scan(resources.sample_files())
    return Place(found.studies[0].series[0], 0)


@settings(deadline=None, derandomize=True, max_examples=60)
@given(numbers, numbers, st.floats(0.3, 3))
def test_zooming_keeps_the_point_under_the_cursor(x: float, y: float, factor: float) -> None:
    size, at = (300, 200), QPointF(20 * x, 15 * y)
    view = View()
    inverse, _ = view.transform(PORT, size, 1.5).inverted()
    before = inverse.map(at)
    inverse, _ = view.zoomed(factor, at, PORT, size, 1.5).transform(PORT, size, 1.5).inverted()
    assert inverse.map(at).x() == pytest.approx(before.x(), abs=1e-6)
    assert inverse.map(at).y() == pytest.approx(before.y(), abs=1e-6)


def test_fit_shows_the_whole_frame_in_the_middle() -> None:
    shown = View().transform(PORT, (100, 300), 1.0).mapRect(QRectF(0, 0, 300, 100))
    assert shown.width() == pytest.approx(400)
    assert shown.center() == PORT.center()
    tall = View().transform(PORT, (100, 100), 2.0).mapRect(QRectF(0, 0, 100, 100))
    assert (tall.width(), tall.height()) == pytest.approx((150, 300))


def test_panning_follows_the_hand() -> None:
    before = View(2.0).transform(PORT, (100, 100), 1.0).map(QPointF(10, 10))
    moved = View(2.0).panned(QPointF(30, -12), PORT, (100, 100), 1.0)
    after = moved.transform(PORT, (100, 100), 1.0).map(QPointF(10, 10))
    assert after - before == QPointF(30, -12)


def test_overlay_is_painted_where_the_response_is(qtbot: QtBot, place: Place) -> None:
    frame = read_frame(place.instance.path)
    values = np.zeros((64, 64))
    values[40:48, 24:32] = 1.0
    made = explanation(values, frame=frame.size)
    style = OverlayStyle(visible=True, smoothing=0.0, opacity=1.0, contours=False)
    overlay = OverlayMaker(made).overlay(0, style)
    pyramid = Pyramid.of(frame)
    scene = compose(place, pyramid, Window(2000, 4000), made, overlay, corner_text=False)
    bare = replace(scene, overlay_visible=False)
    with_overlay = pixels_of(full_resolution(scene)).astype(int)
    without = pixels_of(full_resolution(bare)).astype(int)
    height, width = frame.size
    changed = np.abs(with_overlay - without).max(2)[:height, :width] > 20
    changed[:, int(width * 0.8) :] = False  # the colour bar stands there
    rows, columns = np.nonzero(changed)
    x, y = made.geometry.to_frame(np.array([[24.0, 40.0], [32.0, 48.0]])).T
    step = height / 64
    assert columns.min() == pytest.approx(x[0], abs=step)
    assert columns.max() == pytest.approx(x[1], abs=step)
    assert rows.min() == pytest.approx(y[0], abs=step)
    assert rows.max() == pytest.approx(y[1], abs=step)


def test_full_resolution_keeps_every_pixel(qtbot: QtBot, place: Place) -> None:
    frame = read_frame(place.instance.path)
    pyramid = Pyramid.of(frame)
    window = Window(780, 1560)
    scene = compose(place, pyramid, window, None, None, corner_text=False)
    scene = replace(scene, orientation=None)
    painted = pixels_of(full_resolution(scene))
    height, width = frame.size
    grey = pyramid.shown(0, window)
    middle = (slice(100, height // 2), slice(100, width // 2))
    assert np.abs(painted[middle][..., 0].astype(int) - grey[middle]).max() <= 1


def test_screen_and_export_are_the_same_picture(qtbot: QtBot, place: Place) -> None:
    frame = read_frame(place.instance.path)
    scene = compose(place, Pyramid.of(frame), Window(780, 1560), None, None)
    once = pixels_of(as_on_screen(scene, QSizeF(500, 420), View(), 1.0)).astype(float)
    twice = pixels_of(as_on_screen(scene, QSizeF(500, 420), View(), 2.0)).astype(float)
    assert twice.shape == (840, 1000, 3)
    reduced = twice.reshape(420, 2, 500, 2, 3).mean((1, 3))
    assert np.abs(reduced - once).mean() < 4


def test_identity_is_hidden_unless_asked_for(place: Place) -> None:
    facts = place.instance.attributes
    hidden = make_corners(facts, (1, 1), Window(1, 2), False, identity_shown=False)
    shown = make_corners(facts, (1, 1), Window(1, 2), False, identity_shown=True)
    everything = " ".join((*hidden.top_left, *hidden.top_right, *hidden.bottom_left))
    for private in (
        facts.patient_name,
        facts.patient_id,
        facts.institution,
        facts.study_description,
        facts.study_date,
    ):
        assert private
        assert private not in everything
        assert private in " ".join((*shown.top_left, *shown.top_right))
    assert facts.patient_id not in suggested_name(facts, "blocks.3")


def test_orientation_letters_stand_opposite_each_other() -> None:
    assert orientation_letters(("L", "F")) == ("R", "L", "H", "F")
    assert orientation_letters(()) is None


def test_strip_cannot_be_left_out_and_says_synthetic(place: Place) -> None:
    frame = read_frame(place.instance.path)
    scene = compose(place, Pyramid.of(frame), Window(1, 2), None, None)
    assert scene.banner.startswith(NOT_FOR_DIAGNOSIS)
    assert "SYNTHETIC" in scene.banner


@pytest.mark.parametrize(
    ("longest", "expected"), [(1.0, 1.0), (9.9, 5.0), (0.3, 0.2), (250, 200), (20, 20)]
)
def test_scale_bar_has_a_round_length(longest: float, expected: float) -> None:
    assert nice_length(longest) == pytest.approx(expected)


def test_full_resolution_loses_no_row_of_flat_pixels(qtbot: QtBot, place: Place) -> None:
    rows = np.tile(np.arange(900, dtype=np.uint16)[:, None] % 2 * 1000, (1, 700))
    frame = Frame(pixels=rows, aspect_ratio=0.5)
    scene = compose(place, Pyramid.of(frame), Window(500, 1000), None, None, corner_text=False)
    painted = pixels_of(full_resolution(replace(scene, orientation=None)))
    assert painted.shape[1] >= 1400
    column = painted[:900, 700, 0].astype(int)
    assert np.abs(np.diff(column)).min() > 100, "every row is still another"


def test_a_single_pixel_has_room_for_its_text(qtbot: QtBot, place: Place) -> None:
    frame = Frame(pixels=np.ones((1, 1), np.uint8))
    scene = compose(place, Pyramid.of(frame), Window(1, 2), None, None)
    painted = full_resolution(scene)
    assert min(painted.width(), painted.height()) >= 260


def test_no_room_at_all_is_no_crash(qtbot: QtBot, place: Place) -> None:
    frame = read_frame(place.instance.path)
    scene = compose(place, Pyramid.of(frame), Window(780, 1560), None, None)
    painted = as_on_screen(scene, QSizeF(300, 20), View(), 1.0)
    assert (painted.width(), painted.height()) == (300, 20)
