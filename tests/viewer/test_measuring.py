"""Measurements drawn, taken hold of and kept: with the mouse on the real viewport."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QImage
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

import resources
from engine.shapes import box
from tests.factories.benches import viewport
from viewer.canvas.compose import scene_of
from viewer.canvas.image_view import ImageView
from viewer.dicom.frame import Frame
from viewer.dicom.scan import scan
from viewer.dicom.window import Window
from viewer.render.pyramid import Pyramid
from viewer.render.turn import Turn
from viewer.state.audit import Measure, Tool
from viewer.state.document import Document, Landmark, from_json, to_json
from viewer.state.log_events import changes, is_settling
from viewer.state.measured import Measuring, Reading, read
from viewer.state.measurement import Measurement
from viewer.state.place import OpenFrame, Place
from viewer.state.session import Session

LEFT, SHIFT = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.ShiftModifier
SIZE = (300, 200)  # of the frame


def _frame() -> Frame:
    pixels = np.tile(np.arange(SIZE[1], dtype=np.uint8), (SIZE[0], 1))
    return Frame(
        pixels, windows=(Window(100, 200),), spacing=(0.5, 0.5), spacing_kind="at detector"
    )


@pytest.fixture
def view(qtbot: QtBot) -> Iterator[ImageView]:
    """A viewport over a ramp of 300 × 200 pixels of half a millimetre."""
    session = Session()
    found = scan(resources.sample_files())
    session.set_place(Place(found.studies[0].series[0], 0))
    session.set_frame(OpenFrame(session.place, Pyramid.of(_frame())))
    measuring = Measuring(session, session)
    yield viewport(qtbot, session)
    for lane in measuring.lanes():
        lane.close()
    session.deleteLater()


def _at(view: ImageView, x: float, y: float) -> QPoint:
    frame = view._session.open.frame
    port = view.viewports[0]
    return view.view.transform(port, frame.size, frame.aspect_ratio).map(QPointF(x, y)).toPoint()


def _drag(view: ImageView, *points: tuple[float, float], **how: object) -> None:
    first, *rest = (_at(view, x, y) for x, y in points)
    QTest.mousePress(view, LEFT, pos=first, **how)
    for at in rest:
        QTest.mouseMove(view, at)
    QTest.mouseRelease(view, LEFT, pos=rest[-1] if rest else first, **how)


def _hover(view: ImageView, x: float, y: float) -> None:
    """By way of another place: a mouse that stays where it is moves nothing."""
    for across in (x - 9, x):
        QTest.mouseMove(view, _at(view, across, y))


def _take(view: ImageView, kind: Measure) -> None:
    view._session.audit.set_tool(Tool("measure", measure=kind))


def _kept(view: ImageView) -> tuple[Measurement, ...]:
    return view._session.audit.document.measurements


def _reading(view: ImageView, number: int = 0) -> Reading:
    return scene_of(view._session).measures[number].reading


def test_a_length_is_dragged_and_read_live(view: ImageView) -> None:
    _take(view, "length")
    assert view.cursor().shape() == Qt.CursorShape.CrossCursor
    QTest.mousePress(view, LEFT, pos=_at(view, 20, 40))
    QTest.mouseMove(view, _at(view, 50, 80))
    assert _reading(view).value == pytest.approx(25, abs=0.6), "before the button is up"
    assert _kept(view) == ()
    QTest.mouseMove(view, _at(view, 80, 120))
    QTest.mouseRelease(view, LEFT, pos=_at(view, 80, 120))
    (found,) = _kept(view)
    assert np.allclose(found.points, [(20, 40), (80, 120)], atol=0.6)
    reading = _reading(view)
    assert reading.value == pytest.approx(50, abs=0.6)
    assert reading.text == f"length 1: {reading.value:.1f} mm at detector"
    audit = view._session.audit
    assert (audit.selected, audit.draft, audit.tool.purpose) == (found.id, None, "window")
    assert view._session.window == Window(100, 200), "measuring is no windowing"


def test_a_length_can_be_clicked_too_and_a_single_click_is_none(view: ImageView) -> None:
    _take(view, "length")
    QTest.mouseClick(view, LEFT, pos=_at(view, 20, 40))
    assert _kept(view) == ()
    _hover(view, 60, 70)
    QTest.mouseClick(view, LEFT, pos=_at(view, 60, 70))
    assert np.allclose(_kept(view)[0].points, [(20, 40), (60, 70)], atol=0.6)


@pytest.mark.parametrize("dragged", [True, False])
def test_an_angle_takes_three_clicks_or_a_drag_and_a_click(view: ImageView, dragged: bool) -> None:
    _take(view, "angle")
    if dragged:
        _drag(view, (40, 20), (40, 60), (40, 100))
    else:
        QTest.mouseClick(view, LEFT, pos=_at(view, 40, 20))
        QTest.mouseClick(view, LEFT, pos=_at(view, 40, 100))
    assert math.isnan(_reading(view).value) or _reading(view).value < 1
    _hover(view, 120, 100)
    assert _reading(view).value == pytest.approx(90, abs=1)
    QTest.mouseClick(view, LEFT, pos=_at(view, 120, 20))
    (found,) = _kept(view)
    assert np.allclose(found.points, [(40, 20), (40, 100), (120, 20)], atol=0.6)
    assert _reading(view).headline == f"{_reading(view).value:.1f}°"
    assert _reading(view).value == pytest.approx(45, abs=1)


@pytest.mark.parametrize("kind", ["rectangle", "ellipse"])
def test_a_region_has_its_statistics(view: ImageView, qtbot: QtBot, kind: Measure) -> None:
    _take(view, kind)
    _drag(view, (20, 40), (60, 70), (120, 140))
    assert _kept(view)[0].kind == kind
    qtbot.waitUntil(lambda: not _reading(view).is_waiting)
    left, top, right, bottom = _kept(view)[0].bounds
    x, y = np.meshgrid(np.arange(SIZE[1]) + 0.5, np.arange(SIZE[0]) + 0.5)
    mask = (x >= left) & (x <= right) & (y >= top) & (y <= bottom)
    if kind == "ellipse":
        across, down = (x - (left + right) / 2), (y - (top + bottom) / 2)
        mask = (2 * across / (right - left)) ** 2 + (2 * down / (bottom - top)) ** 2 <= 1
    values = np.floor(x[mask])
    found = _reading(view).statistics
    assert (found.count, found.least, found.most) == (len(values), values.min(), values.max())
    assert found.mean == pytest.approx(values.mean())
    assert found.sd == pytest.approx(values.std())


def test_shift_keeps_the_tool_and_numbers_go_on(view: ImageView) -> None:
    _take(view, "length")
    _drag(view, (20, 40), (60, 70), stateKey=SHIFT)
    _drag(view, (20, 90), (60, 120), stateKey=SHIFT)
    assert view._session.audit.tool == Tool("measure", measure="length")
    assert [item.number for item in _kept(view)] == [1, 2]
    view._session.audit.remove(_kept(view)[0].id)
    _drag(view, (20, 190), (60, 220), stateKey=SHIFT)
    assert [item.number for item in _kept(view)] == [2, 3], "none is called what another was"


def test_what_is_measured_stays_on_the_frame(view: ImageView) -> None:
    _take(view, "rectangle")
    _drag(view, (150, 250), (500, 900))
    assert _kept(view)[0].bounds == pytest.approx((150, 250, 200, 300), abs=0.6)
    middle = (175, 250)  # on its upper line
    _drag(view, middle, (175, 260), (175, 290))
    assert _kept(view)[0].bounds == pytest.approx((150, 250, 200, 300), abs=0.6)


def test_escape_drops_what_is_begun_and_backspace_takes_a_point_back(view: ImageView) -> None:
    _take(view, "angle")
    QTest.mouseClick(view, LEFT, pos=_at(view, 40, 20))
    QTest.mouseClick(view, LEFT, pos=_at(view, 40, 100))
    QTest.keyClick(view, Qt.Key.Key_Backspace)
    QTest.mouseClick(view, LEFT, pos=_at(view, 80, 100))
    QTest.mouseClick(view, LEFT, pos=_at(view, 120, 20))
    assert np.allclose(_kept(view)[0].points, [(40, 20), (80, 100), (120, 20)], atol=0.6)
    _take(view, "length")
    QTest.mouseClick(view, LEFT, pos=_at(view, 40, 20))
    QTest.keyClick(view, Qt.Key.Key_Escape)
    assert view._session.audit.draft is None
    assert view._session.audit.tool.purpose == "window"
    assert len(_kept(view)) == 1


def test_another_tool_gives_up_what_was_begun(view: ImageView) -> None:
    _take(view, "length")
    QTest.mouseClick(view, LEFT, pos=_at(view, 40, 20))
    _take(view, "ellipse")
    assert view._session.audit.draft is None
    _drag(view, (20, 40), (120, 140))
    assert [item.kind for item in _kept(view)] == ["ellipse"]


def _put(view: ImageView, kind: Measure, *points: tuple[float, float]) -> Measurement:
    made = Measurement("m", kind, points)
    view._session.audit.add_measurement(made)
    return made


@pytest.mark.parametrize("turn", [Turn(), Turn(1), Turn(2, True), Turn(3, True)])
def test_an_end_is_taken_hold_of_however_the_frame_is_turned(view: ImageView, turn: Turn) -> None:
    view.set_view(replace(view.view, turn=turn))
    view.grab()
    _put(view, "length", (20, 40), (80, 120))
    _drag(view, (80, 120), (90, 130), (100, 150))
    assert np.allclose(_kept(view)[0].points, [(20, 40), (100, 150)], atol=0.8)


def test_a_move_is_one_step_back(view: ImageView) -> None:
    made = _put(view, "length", (20, 40), (80, 120))
    audit = view._session.audit
    audit.select("")
    _drag(view, (50, 80), (60, 80), (70, 80), (80, 80))
    assert np.allclose(_kept(view)[0].points, [(50, 40), (110, 120)], atol=0.8)
    assert audit.selected == "m"
    assert audit.undo_text == "move length 1"
    audit.undo()
    assert _kept(view) == (made,)
    audit.undo()
    assert _kept(view) == ()
    audit.redo()
    assert _kept(view) == (made,)


def test_sides_of_an_ellipse_move_one_by_one(view: ImageView) -> None:
    _put(view, "ellipse", (40, 40), (120, 140))
    _drag(view, (120, 90), (130, 95), (150, 100))
    assert _kept(view)[0].bounds == pytest.approx((40, 40, 150, 140), abs=0.8)
    _drag(view, (95, 40), (95, 30), (99, 20))
    assert _kept(view)[0].bounds == pytest.approx((40, 20, 150, 140), abs=0.8)


def test_a_corner_can_go_beyond_the_opposite_one(view: ImageView) -> None:
    _put(view, "rectangle", (40, 40), (120, 140))
    _drag(view, (40, 40), (100, 100), (180, 200))
    assert _kept(view)[0].bounds == pytest.approx((120, 140, 180, 200), abs=0.8)


def test_the_inside_of_a_region_is_free_for_windowing(view: ImageView) -> None:
    _put(view, "rectangle", (40, 40), (160, 240))
    before = _kept(view)
    _drag(view, (90, 120), (100, 130), (110, 140))
    assert _kept(view) == before
    assert view._session.window != Window(100, 200)


def test_delete_takes_the_selected_one_away(view: ImageView) -> None:
    _put(view, "length", (20, 40), (80, 120))
    view.setFocus()
    QTest.keyClick(view, Qt.Key.Key_Delete)
    assert _kept(view) == ()
    assert view._session.audit.selected == ""


def test_it_is_hidden_while_space_is_held(view: ImageView) -> None:
    _put(view, "length", (20, 40), (180, 280))

    def bright() -> int:
        image = view.grab().toImage().convertToFormat(QImage.Format.Format_RGB888)
        rows = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), -1)
        rgb = rows[:, : 3 * image.width()].reshape(-1, 3).astype(int)
        return int(((rgb[:, 1] > 200) & (rgb[:, 2] < 150)).sum())

    assert bright() > 200
    view._session.set_hidden_for_now(True)
    assert bright() == 0


# the document
def test_it_comes_back_from_json_and_old_records_are_read() -> None:
    made = (
        Measurement("a", "length", ((1.5, 2.5), (3, 4))),
        Measurement("b", "angle", ((1, 2), (3, 4), (5, 7)), 2),
        Measurement("c", "ellipse", ((1, 2), (3, 4)), 3),
    )
    document = Document((Landmark("x", "lungs", box(1, 2, 3, 4)),), measurements=made)
    text = to_json(document, "key")
    assert from_json(text) == ("key", document)
    facts = json.loads(text)
    del facts["measurements"]  # as versions before it wrote them
    assert from_json(json.dumps(facts)) == ("key", replace(document, measurements=()))


@pytest.mark.parametrize(
    "row",
    [
        {"id": "a", "kind": "length", "number": 1, "points": [[1, 2]]},
        {"id": "a", "kind": "length", "number": 1, "points": [[1, 2], [3, float("inf")]]},
        {"id": "a", "kind": "volume", "number": 1, "points": [[1, 2], [3, 4]]},
        {"id": "a", "kind": ["length"], "number": 1, "points": [[1, 2], [3, 4]]},
        {"id": "a", "kind": "length", "number": 0, "points": [[1, 2], [3, 4]]},
        {"id": "a", "kind": "length", "number": 1, "points": 7},
        {"id": "a", "kind": "length", "points": [[1, 2], [3, 4]]},
        7,
    ],
)
def test_damaged_measurements_are_refused(row: object) -> None:
    facts = json.loads(to_json(Document(), "key"))
    with pytest.raises(ValueError, match=r"."):
        from_json(json.dumps({**facts, "measurements": [row]}))


def test_ids_are_made_unlike() -> None:
    twice = Measurement("a", "length", ((1, 2), (3, 4)))
    text = to_json(Document(measurements=(twice, twice)), "key")
    _, document = from_json(text)
    assert len({item.id for item in document.measurements}) == 2


def test_the_log_says_what_was_measured_and_a_drag_is_one_line() -> None:
    made = Measurement("a", "length", ((1, 2), (3, 4)))
    before, after = Document(), Document(measurements=(made,))
    assert list(changes(before, after, (), False)) == [
        ("measured", {"id": "a", "kind": "length", "number": 1})
    ]
    moved = Document(measurements=(made.moved(1, 1, (50, 50)),))
    assert is_settling(after, moved)
    assert not is_settling(before, after)
    assert [what for what, _ in changes(after, moved, (), False)] == ["measurement changed"]
    assert [what for what, _ in changes(after, before, (), False)] == ["measurement removed"]


# words
def _words(kind: Measure, *points: tuple[float, float], frame: Frame | None = None) -> Reading:
    return read(Measurement("m", kind, points), frame or _frame(), {})


def test_sizes_are_said_with_what_they_are_true_of() -> None:
    assert _words("length", (0, 0), (100, 0)).text == "length 1: 50.0 mm at detector"
    assert _words("length", (0, 0), (5, 0)).headline == "2.50 mm"
    assert _words("rectangle", (0, 0), (100, 30)).headline == "750 mm²"
    assert _words("rectangle", (0, 0), (200, 300)).headline == "150 cm²"
    plain = Frame(np.zeros((50, 50), np.uint8))
    assert _words("length", (0, 0), (5, 0), frame=plain).text == "length 1: 5.0 px spacing unknown"
    assert _words("ellipse", (0, 0), (40, 40), frame=plain).headline == "1,257 px²"
    assert _words("angle", (0, 0), (9, 0), (9, 9)).text == "angle 1: 90.0°"


def test_what_is_left_out_is_said(qtbot: QtBot) -> None:
    from viewer.state.measured import read_all

    pixels = np.full((20, 20), -5, np.int16)
    pixels[:10] = -2000
    frame = Frame(pixels, padding=(-2000, -2000), units="HU")
    (found,) = read_all([Measurement("m", "rectangle", ((0, 0), (20, 20)))], frame)
    assert found.value_lines == (
        "mean −5 HU · SD 0",
        "−5 to −5 · median −5",
        "200 pixels · 200 of padding left out",
    )
    (found,) = read_all([Measurement("m", "rectangle", ((0, 0), (20, 9)))], frame)
    assert found.value_lines == ("no values inside · 180 of padding left out",)
    assert found.facts()["mean"] is None
    colour = Frame(np.full((20, 20, 3), 100, np.uint8))
    (found,) = read_all([Measurement("m", "ellipse", ((0, 0), (20, 20)))], colour)
    assert found.value_lines[0] == "mean 100 luma · SD 0"
