"""Shapes drawn and moved with the mouse on the real viewport, and pictures side by side."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QImage, QKeySequence, QShortcut, QTransform
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

import resources
from engine.questions import Edit
from engine.shapes import Shape, box
from tests.viewer.test_render import explanation
from viewer.canvas.image_view import ImageView
from viewer.canvas.marks import Mark, taken
from viewer.dicom.frame import Frame
from viewer.dicom.scan import scan
from viewer.dicom.window import Window
from viewer.render.overlay import OverlayMaker
from viewer.render.pyramid import Pyramid
from viewer.state.audit import Tool
from viewer.state.document import Document, Intervention, Landmark
from viewer.state.place import OpenFrame, Place
from viewer.state.session import Pane, Session

LEFT, SHIFT = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.ShiftModifier
SIZE = (300, 200)  # of the frame


@pytest.fixture
def view(qtbot: QtBot) -> Iterator[ImageView]:
    """A viewport over a ramp of 300 × 200 pixels, with an answer of five layers."""
    session = Session()
    found = scan(resources.sample_files())
    pixels = np.tile(np.arange(SIZE[1], dtype=np.uint8), (SIZE[0], 1))
    pyramid = Pyramid.of(Frame(pixels, windows=(Window(100, 200),)))
    session.set_place(Place(found.studies[0].series[0], 0))
    session.set_frame(OpenFrame(session.place, pyramid))
    session.audit.open("picture", Document())
    values = np.zeros((16, 16))
    values[4:9, 4:12] = 5
    session.set_explanation(OverlayMaker(explanation(*[values] * 5, frame=SIZE)))
    widget = ImageView(session)
    qtbot.addWidget(widget)
    widget.resize(900, 700)
    widget.show()
    qtbot.waitExposed(widget)
    _painted(widget)
    yield widget
    session.deleteLater()


def _painted(view: ImageView) -> np.ndarray:
    """RGB of what is on screen."""
    image = view.grab().toImage().convertToFormat(QImage.Format.Format_RGB888)
    rows = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), -1)
    return rows[:, : 3 * image.width()].reshape(image.height(), -1, 3).copy()


def _at(view: ImageView, x: float, y: float, pane: int = 0) -> QPoint:
    """Where a frame point is on the widget, of a pane."""
    frame = view._session.open.frame
    port = view.viewports[pane]
    return view.view.transform(port, frame.size, frame.aspect_ratio).map(QPointF(x, y)).toPoint()


def _drag(view: ImageView, *points: tuple[float, float], pane: int = 0, **how: object) -> None:
    first, *rest = (_at(view, x, y, pane) for x, y in points)
    QTest.mousePress(view, LEFT, pos=first, **how)
    for at in rest:
        QTest.mouseMove(view, at)
    QTest.mouseRelease(view, LEFT, pos=rest[-1] if rest else first, **how)


def _document(view: ImageView) -> Document:
    return view._session.audit.document


def _near(shape: Shape, *bounds: float, within: float = 0.6) -> bool:
    return shape.bounds == pytest.approx(bounds, abs=within)


def test_a_box_becomes_a_landmark_with_the_chosen_name(view: ImageView) -> None:
    audit = view._session.audit
    audit.next_name, audit.next_source = "lungs", "Hansell 2008"
    audit.set_tool(Tool("landmark", "box"))
    assert view.cursor().shape() == Qt.CursorShape.CrossCursor
    _drag(view, (20, 40), (60, 70), (120, 160))
    (landmark,) = _document(view).landmarks
    assert (landmark.name, landmark.source, landmark.shape.kind) == ("lungs", "Hansell 2008", "box")
    assert _near(landmark.shape, 20, 40, 120, 160)
    assert audit.selected == landmark.id
    assert audit.tool.purpose == "window", "the tool is put down after one"
    assert view._session.window == Window(100, 200), "drawing is no windowing"


def test_with_shift_the_tool_stays_in_hand(view: ImageView) -> None:
    audit = view._session.audit
    audit.set_tool(Tool("landmark", "box"))
    _drag(view, (20, 40), (60, 70), stateKey=SHIFT)
    _drag(view, (80, 40), (120, 70), stateKey=SHIFT)
    assert len(_document(view).landmarks) == 2
    assert audit.tool.purpose == "landmark"


def test_a_click_with_the_box_is_no_box(view: ImageView) -> None:
    view._session.audit.set_tool(Tool("landmark", "box"))
    _drag(view, (20, 40))
    assert _document(view).landmarks == ()
    assert view._session.audit.tool.purpose == "landmark", "and the tool is still there"


def test_what_is_drawn_stays_on_the_frame(view: ImageView) -> None:
    view._session.audit.set_tool(Tool("landmark", "box"))
    _drag(view, (150, 250), (500, 900))
    assert _near(_document(view).landmarks[0].shape, 150, 250, 200, 300)


@pytest.mark.parametrize("closing", ["double click", "Enter"])
def test_a_polygon_is_clicked_and_closed(view: ImageView, closing: str) -> None:
    view._session.audit.set_tool(Tool("landmark", "polygon"))
    corners = [(30, 30), (120, 40), (100, 150)]
    for x, y in corners:
        QTest.mouseClick(view, LEFT, pos=_at(view, x, y))
    if closing == "Enter":
        QTest.keyClick(view, Qt.Key.Key_Return)
    else:
        QTest.mouseDClick(view, LEFT, pos=_at(view, *corners[-1]))
    (landmark,) = _document(view).landmarks
    assert landmark.shape.kind == "polygon"
    assert len(landmark.shape.points) == 3
    assert np.allclose(landmark.shape.points, corners, atol=0.6)


def test_backspace_takes_a_corner_back_and_escape_the_whole(view: ImageView) -> None:
    audit = view._session.audit
    audit.set_tool(Tool("landmark", "polygon"))
    for x, y in ((30, 30), (120, 40), (100, 150), (10, 200)):
        QTest.mouseClick(view, LEFT, pos=_at(view, x, y))
    QTest.keyClick(view, Qt.Key.Key_Backspace)
    QTest.keyClick(view, Qt.Key.Key_Enter)
    assert len(_document(view).landmarks[0].shape.points) == 3
    audit.set_tool(Tool("landmark", "polygon"))
    QTest.mouseClick(view, LEFT, pos=_at(view, 30, 30))
    QTest.keyClick(view, Qt.Key.Key_Escape)
    QTest.keyClick(view, Qt.Key.Key_Return)
    assert len(_document(view).landmarks) == 1
    assert audit.tool == Tool()


def test_escape_over_a_tool_is_not_the_shortcut(view: ImageView, qtbot: QtBot) -> None:
    reset: list[int] = []
    shortcut = QShortcut(QKeySequence("Esc"), view, lambda: reset.append(1))
    view._session.audit.set_tool(Tool("erase", "box"))
    QTest.keyClick(view, Qt.Key.Key_Escape)
    assert not reset
    QTest.keyClick(view, Qt.Key.Key_Escape)
    assert reset == [1]
    shortcut.deleteLater()


def test_a_point_is_one_click_as_wide_as_said(view: ImageView) -> None:
    view._session.audit.set_tool(Tool("landmark", "point", 0.1))
    QTest.mouseClick(view, LEFT, pos=_at(view, 50, 60))
    shape = _document(view).landmarks[0].shape
    assert shape.kind == "point"
    assert shape.width == pytest.approx(30)  # a tenth of the long side
    assert _near(shape, 35, 45, 65, 75)


def test_the_brush_erases_with_the_chosen_way_and_stays_in_hand(view: ImageView) -> None:
    audit = view._session.audit
    audit.next_way = "blur"
    audit.set_tool(Tool("erase", "stroke", 0.05))
    _drag(view, (30, 30), (60, 30), (90, 60))
    (made,) = _document(view).interventions
    assert made.edit.way == "blur"
    assert made.kind == "drawn"
    assert made.on
    assert made.edit.shape.kind == "stroke"
    assert made.edit.shape.width == pytest.approx(15)
    assert made.edit.shape.holds(60, 30)
    assert audit.tool.purpose == "erase"


def test_a_region_is_asked_about(view: ImageView) -> None:
    audit = view._session.audit
    audit.set_tool(Tool("ask", "box"))
    _drag(view, (30, 30), (90, 60))
    assert audit.region is not None
    assert _near(audit.region, 30, 30, 90, 60)
    assert _document(view).is_empty, "a question is no part of the document"


def test_a_landmark_is_moved_by_its_line_in_one_undone_step(view: ImageView) -> None:
    audit = view._session.audit
    audit.add_landmark(Landmark("a", "heart", box(40, 40, 100, 120)))
    _drag(view, (40, 80), (50, 85), (60, 100))
    assert _near(_document(view).landmarks[0].shape, 60, 60, 120, 140, within=1.2)
    audit.undo()
    assert _document(view).landmarks[0].shape == box(40, 40, 100, 120)


def test_a_corner_of_the_selected_one_is_dragged(view: ImageView) -> None:
    audit = view._session.audit
    audit.add_landmark(Landmark("a", "heart", box(40, 40, 100, 120)))
    _drag(view, (100, 120), (110, 130), (150, 200))
    assert _near(_document(view).landmarks[0].shape, 40, 40, 150, 200, within=1.2)


def test_inside_a_landmark_the_left_button_still_windows(view: ImageView) -> None:
    view._session.audit.add_landmark(Landmark("a", "heart", box(40, 40, 160, 220)))
    _drag(view, (100, 130), (110, 130), (130, 130))
    assert _document(view).landmarks[0].shape == box(40, 40, 160, 220)
    assert view._session.window != Window(100, 200)


def test_delete_removes_the_selected_one_and_undo_brings_it_back(view: ImageView) -> None:
    audit = view._session.audit
    audit.add_landmark(Landmark("a", "heart", box(40, 40, 160, 220)))
    QTest.keyClick(view, Qt.Key.Key_Delete)
    assert _document(view).is_empty
    audit.undo()
    assert len(_document(view).landmarks) == 1


def test_marks_are_painted_and_space_hides_them(view: ImageView) -> None:
    bare = _painted(view)
    audit = view._session.audit
    audit.add_landmark(Landmark("a", "heart", box(40, 40, 160, 220)))
    marked = _painted(view)
    at = _at(view, 40, 130)
    assert (marked[at.y(), at.x()] != bare[at.y(), at.x()]).any()
    view._session.set_hidden_for_now(True)
    assert (_painted(view) == bare).mean() > 0.999


def test_an_intervention_switched_off_is_fainter(view: ImageView) -> None:
    audit = view._session.audit
    bare = _painted(view).astype(int)
    item = Intervention("i", "brush 1", Edit(box(40, 40, 160, 220)))
    audit.add_interventions("erase", (item,))
    on = np.abs(_painted(view).astype(int) - bare).sum()
    audit.put_intervention(Intervention("i", "brush 1", Edit(box(40, 40, 160, 220)), on=False))
    off = np.abs(_painted(view).astype(int) - bare).sum()
    assert 0 < off < on


def test_a_hole_is_no_part_of_a_mark_and_grips_come_before_lines() -> None:
    outer, hole = ((0, 0), (90, 0), (90, 90), (0, 90)), ((30, 30), (60, 30), (60, 60), (30, 60))
    ring = Mark(Shape("polygon", outer, holes=(hole,)), "border", "intervention", "i", True)
    grip = taken([ring], QPointF(90, 90), QTransform())
    assert grip is not None
    assert grip.corner == 2
    line = taken([ring], QPointF(30, 45), QTransform())
    assert line is not None
    assert line.corner is None
    assert taken([ring], QPointF(45, 45), QTransform()) is None


def test_panes_lie_side_by_side_with_one_view(view: ImageView) -> None:
    session = view._session
    session.change_style(visible=True)
    other = Pane("other", session.explanation, None)
    session.set_panes("this", (other,))
    picture = _painted(view)
    first, second = view.viewports
    assert first.width() == pytest.approx(second.width())
    assert first.height() == pytest.approx(second.height())
    assert second.left() > first.right()
    for x, y in ((10, 150), (190, 160)):  # where nothing lies over the scan
        here, there = _at(view, x, y), _at(view, x, y, pane=1)
        assert here.y() == there.y()
        assert (
            abs(picture[here.y(), here.x()].astype(int) - picture[there.y(), there.x()]).max() < 15
        )
    inside = (100, 110)  # the response is shown in the first only
    here, there = _at(view, *inside), _at(view, *inside, pane=1)
    assert np.ptp(picture[here.y(), here.x()]) > 30
    assert np.ptp(picture[there.y(), there.x()]) < 3


def test_drawing_in_another_pane_means_the_same_frame_points(view: ImageView) -> None:
    session = view._session
    session.set_panes("this", (Pane("other", session.explanation, None),))
    _painted(view)
    session.audit.set_tool(Tool("landmark", "box"))
    _drag(view, (20, 40), (60, 70), (120, 160), pane=1)
    assert _near(_document(view).landmarks[0].shape, 20, 40, 120, 160, within=1.0)


def test_zooming_in_one_pane_zooms_about_the_same_point_in_all(view: ImageView) -> None:
    session = view._session
    session.set_panes("this", (Pane("other", session.explanation, None),))
    _painted(view)
    before = _at(view, 50, 60, pane=1)
    view.framing.take_pane(QPointF(before))
    view.framing.zoom(2.0, QPointF(before))
    _painted(view)
    after = _at(view, 50, 60, pane=1)
    assert (after - before).manhattanLength() <= 2
    main, first, second = _at(view, 50, 60), view.viewports[0], view.viewports[1]
    assert main.x() - first.left() == pytest.approx(after.x() - second.left(), abs=1.5)


def test_the_curtain_bares_the_scan_at_its_left_and_is_dragged(view: ImageView) -> None:
    session = view._session
    bare = _painted(view)
    session.change_style(visible=True)
    session.set_curtain(0.5)
    halved = _painted(view)
    left, right = _at(view, 70, 110), _at(view, 130, 110)
    assert (halved[left.y(), left.x()] == bare[left.y(), left.x()]).all()
    assert (halved[right.y(), right.x()] != bare[right.y(), right.x()]).any()
    port = view.viewports[0]
    middle = QPoint(round(port.left() + port.width() / 2), round(port.center().y()))
    QTest.mousePress(view, LEFT, pos=middle)
    QTest.mouseMove(view, middle + QPoint(40, 0))
    QTest.mouseMove(view, middle + QPoint(90, 0))
    QTest.mouseRelease(view, LEFT, pos=middle + QPoint(90, 0))
    assert session.curtain == pytest.approx(0.5 + 90 / port.width(), abs=0.01)
    assert session.window == Window(100, 200)


def test_centre_on_puts_a_frame_point_into_the_middle(view: ImageView) -> None:
    view.centre_on(30, 40)
    _painted(view)
    assert (_at(view, 30, 40) - view.viewports[0].center().toPoint()).manhattanLength() <= 2


def test_a_polygon_that_was_begun_is_not_given_to_another_tool(view: ImageView) -> None:
    audit = view._session.audit
    audit.next_name = "left lung"
    audit.set_tool(Tool("landmark", "polygon"))
    for x, y in ((30, 30), (120, 40), (100, 150)):
        QTest.mouseClick(view, LEFT, pos=_at(view, x, y))
    audit.next_name = "heart"
    QTest.keyClick(view, Qt.Key.Key_Return)
    assert [item.name for item in _document(view).landmarks] == ["left lung"]
    audit.set_tool(Tool("landmark", "polygon"))
    QTest.mouseClick(view, LEFT, pos=_at(view, 30, 30))
    audit.set_tool(Tool("erase", "box"))
    _drag(view, (20, 40), (60, 70), (120, 160))
    assert [item.edit.shape.kind for item in _document(view).interventions] == ["box"]


def test_a_release_that_was_never_told_does_no_harm(view: ImageView) -> None:
    view._session.audit.set_tool(Tool("landmark", "box"))
    QTest.mousePress(view, LEFT, pos=_at(view, 20, 40))
    _drag(view, (30, 50), (60, 70), (120, 160))
    (landmark,) = _document(view).landmarks
    assert _near(landmark.shape, 30, 50, 120, 160)
