"""Looking at a picture with the mouse: windowing, scrolling, zooming, panning, and back again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from pydicom.uid import generate_uid
from PySide6.QtCore import QPoint, QPointF, QRectF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from tests.factories.benches import viewport
from tests.factories.dicom_files import make_dataset, save
from viewer.canvas.image_view import ImageView
from viewer.canvas.true_size import why_no_true_size, zoom_kind
from viewer.canvas.view import View
from viewer.dicom.frame import Frame
from viewer.dicom.scan import scan
from viewer.dicom.window import Window
from viewer.render.pyramid import Pyramid
from viewer.render.turn import AS_IT_IS, Turn
from viewer.scaling import pixels_per_mm
from viewer.state.audit import Purpose, Tool
from viewer.state.place import OpenFrame, Place
from viewer.state.session import Pane, Session
from viewer.state.settings import LEVEL_DIRECTION, SCREEN_DOTS, WHEEL_DIRECTION

LEFT = Qt.MouseButton.LeftButton
MIDDLE, RIGHT = Qt.MouseButton.MiddleButton, Qt.MouseButton.RightButton
SIZE = (300, 200)
CENTRE = QPoint(450, 330)
PORT = QRectF(0, 0, 800, 600)


def _series(folder: Path, count: int, modality: str) -> list[Place]:
    uid, study = generate_uid(), generate_uid()
    for number in range(count):
        made = make_dataset(
            np.zeros((4, 4), np.uint16),
            StudyInstanceUID=study,
            SeriesInstanceUID=uid,
            PatientID="nobody",
            InstanceNumber=number + 1,
        )
        made.Modality = modality
        save(made, folder / modality / f"{number:02}.dcm")
    (series,) = scan([folder / modality]).studies[0].series
    return [Place(series, number) for number in range(count)]


def _show(session: Session, place: Place, frame: Frame) -> None:
    session.set_place(place)
    session.set_frame(OpenFrame(place, Pyramid.of(frame)))


def _frame(size: tuple[int, int] = SIZE) -> Frame:
    pixels = np.tile(np.arange(size[1], dtype=np.uint8), (size[0], 1))
    return Frame(
        pixels, windows=(Window(100, 200),), spacing=(0.2, 0.2), spacing_kind="at detector"
    )


@pytest.fixture
def places(tmp_path: Path) -> list[Place]:
    """Forty images of a stack."""
    return _series(tmp_path, 40, "CT")


@pytest.fixture
def view(qtbot: QtBot, places: list[Place]) -> Iterator[ImageView]:
    session = Session()
    _show(session, places[0], _frame())
    yield viewport(qtbot, session)
    session.deleteLater()


def _drag(view: ImageView, by: tuple[int, int], button: Qt.MouseButton = LEFT) -> None:
    """From the middle, in two steps."""
    QTest.mousePress(view, button, pos=CENTRE)
    for share in (0.5, 1.0):
        at = CENTRE + QPoint(round(by[0] * share), round(by[1] * share))
        QTest.mouseMove(view, at)
    QTest.mouseRelease(view, button, pos=at)
    view.grab()


def _wheel(view: ImageView, notches: int, at: QPoint = CENTRE, ctrl: bool = False) -> None:
    held = Qt.KeyboardModifier.ControlModifier if ctrl else Qt.KeyboardModifier.NoModifier
    event = QWheelEvent(
        QPointF(at),
        QPointF(view.mapToGlobal(at)),
        QPoint(),
        QPoint(0, 120 * notches),
        Qt.MouseButton.NoButton,
        held,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(view, event)


def _seen(view: ImageView, at: QPoint) -> tuple[float, float]:
    point = view.frame_point(QPointF(at))
    assert point is not None
    return point


def _stay(view: ImageView) -> list[int]:
    steps: list[int] = []
    view.imageWheeled.connect(steps.append)
    return steps


# the left button
def test_at_first_the_left_button_windows_right_wider_down_darker(view: ImageView) -> None:
    _drag(view, (30, 15))
    window = view._session.window
    assert isinstance(window, Window)
    assert window.width > 215
    assert 108 < window.center < 112
    assert view.view == View()


def test_the_level_goes_the_other_way_if_that_is_preferred(view: ImageView) -> None:
    view._session.settings.set(LEVEL_DIRECTION, "up")
    _drag(view, (0, 15))
    window = view._session.window
    assert isinstance(window, Window)
    assert window.center == pytest.approx(90)


@pytest.mark.parametrize(
    ("tool", "button"), [("zoom", LEFT), ("window", RIGHT), ("measure", RIGHT)]
)
def test_zooming_by_a_drag_holds_the_point_where_it_began(
    view: ImageView, tool: Purpose, button: Qt.MouseButton
) -> None:
    view._session.audit.set_tool(Tool(tool))
    view.framing.turn(Turn(1, True))
    before, scale = _seen(view, CENTRE + QPoint(0, 60)), view.scale
    at = CENTRE + QPoint(0, 60)
    QTest.mousePress(view, button, pos=at)
    for up in (20, 50, 100):
        QTest.mouseMove(view, at - QPoint(0, up))
    QTest.mouseRelease(view, button, pos=at - QPoint(0, 100))
    assert view.scale == pytest.approx(scale * 1.006**100, rel=0.01)
    assert _seen(view, at) == pytest.approx(before, abs=1e-6)
    assert view.view.turn == Turn(1, True)
    assert view._session.window == Window(100, 200)


@pytest.mark.parametrize(("tool", "button"), [("pan", LEFT), ("zoom", MIDDLE), ("erase", MIDDLE)])
@pytest.mark.parametrize("turn", [AS_IT_IS, Turn(1), Turn(0, True)], ids=str)
def test_panning_follows_the_hand(
    view: ImageView, tool: Purpose, button: Qt.MouseButton, turn: Turn
) -> None:
    view._session.audit.set_tool(Tool(tool))
    view.framing.turn(turn)
    before = _seen(view, CENTRE)
    _drag(view, (40, -30), button)
    assert _seen(view, CENTRE + QPoint(40, -30)) == pytest.approx(before, abs=1e-6)


def test_the_picture_cannot_be_lost_by_panning(view: ImageView) -> None:
    for _ in range(5):
        _drag(view, (400, 300), MIDDLE)
    assert view.view.centre == (0.0, 0.0)


def test_scrolling_by_a_drag_goes_through_the_whole_stack(view: ImageView) -> None:
    view._session.audit.set_tool(Tool("scroll"))
    steps = _stay(view)
    height = view.viewports[0].height()
    _drag(view, (0, round(height / 2) - 20))
    assert 17 <= sum(steps) <= 20, "half of the viewport is half of forty images"
    del steps[:]
    _drag(view, (0, -100))
    assert sum(steps) == -int(100 / (height / 40))
    del steps[:]
    _drag(view, (200, 0))
    assert steps == []
    assert view._session.window == Window(100, 200)


def test_the_wheel_goes_to_the_next_image_downwards_or_as_preferred(view: ImageView) -> None:
    steps = _stay(view)
    _wheel(view, -2)
    view._session.settings.set(WHEEL_DIRECTION, "up")
    _wheel(view, -1)
    assert steps == [2, -1]


def test_each_tool_has_a_cursor_of_its_own(view: ImageView) -> None:
    shapes = []
    for purpose in ("window", "scroll", "zoom", "pan", "magnify", "landmark"):
        view._session.audit.set_tool(Tool(purpose))
        cursor = view.cursor()
        shapes.append((cursor.shape(), cursor.pixmap().cacheKey(), cursor.hotSpot().x()))
    assert len(set(shapes)) == 6
    view._session.audit.set_tool(Tool("pan"))
    QTest.mousePress(view, LEFT, pos=CENTRE)
    assert view.cursor().shape() == Qt.CursorShape.ClosedHandCursor
    QTest.mouseRelease(view, LEFT, pos=CENTRE)
    assert view.cursor().shape() == Qt.CursorShape.OpenHandCursor


# kinds of zoom
def test_ctrl_and_the_wheel_zoom_at_the_cursor(view: ImageView) -> None:
    at = QPoint(500, 250)
    before = _seen(view, at)
    _wheel(view, 2, at, ctrl=True)
    assert _seen(view, at) == pytest.approx(before, abs=1e-6)
    assert view.scale == pytest.approx(1.44 * min(view.viewports[0].height() / 300, 4.5))


def test_fit_stays_fit_when_the_window_is_resized_and_another_zoom_stays_too(
    view: ImageView,
) -> None:
    view.resize(500, 600)
    view.grab()
    assert view.framing.kind == "fit"
    assert view.scale == pytest.approx(min(500 / 200, view.viewports[0].height() / 300))
    view.one_to_one()
    view.resize(900, 700)
    view.grab()
    assert (view.scale * view.devicePixelRatioF(), view.framing.kind) == (1.0, "1:1")


def test_the_corner_says_which_zoom_it_is(view: ImageView) -> None:
    def said() -> str:
        scene = view.current_scene()
        assert scene is not None
        return scene.corners.bottom_right[0]

    assert said().endswith("% · fit")
    view.one_to_one()
    assert said() == "zoom 100% · 1:1"
    view.zoom_by(1.5)
    assert said() == "zoom 150%"
    view._session.settings.set(SCREEN_DOTS, 254.0)
    assert view.true_size() == ""
    assert said() == "zoom 200% · true size, at detector"


def test_true_size_is_a_millimetre_for_a_millimetre(view: ImageView) -> None:
    view._session.settings.set(SCREEN_DOTS, 254.0)  # ten on a millimetre
    view.framing.turn(Turn(1))
    view.true_size()
    transform = view.view.transform(view.viewports[0], SIZE, 1.0)
    across = transform.map(QPointF(0, 50)) - transform.map(QPointF(0, 0))  # 50 pixels: 10 mm
    assert abs(across.x()) * view.devicePixelRatioF() == pytest.approx(100)
    view._session.settings.set(SCREEN_DOTS, 300.0)
    view.grab()
    assert view.framing.kind == "", "on another screen it is no longer true"


def test_true_size_that_cannot_be_says_why(view: ImageView) -> None:
    assert "screen" in view.true_size(), "an offscreen one has no millimetres"
    assert view.framing.kind == "fit"
    unknown = replace(_frame(), spacing=None)
    assert "pixel" in why_no_true_size(unknown, 4.0)
    assert zoom_kind(View(0.8), unknown, 1.0, 4.0) == ""
    assert zoom_kind(View(0.8), replace(_frame(), spacing_kind=""), 1.0, 4.0) == "true size"
    assert zoom_kind(View(0.5), unknown, 2.0, 0.0) == "1:1"
    assert pixels_per_mm(view.screen(), 254.0) == pytest.approx(10 / view.devicePixelRatioF())


@pytest.mark.parametrize("size", [(1, 1), (9000, 20000)])
def test_the_smallest_and_the_largest_frames_zoom_in_and_out(size: tuple[int, int]) -> None:
    port = PORT
    fit = View().scale(port, size, 1.0)
    grown = View().zoomed(1.2, port.center(), port, size, 1.0).scale(port, size, 1.0)
    shrunk = View().zoomed(0.8, port.center(), port, size, 1.0).scale(port, size, 1.0)
    assert shrunk <= fit <= grown
    assert grown / shrunk > 1.1


# what stays and what comes back
def test_a_stack_stays_zoomed_and_turned_while_it_is_scrolled(
    view: ImageView, places: list[Place]
) -> None:
    view.set_view(View(3.0, (50.0, 60.0), Turn(1, True)))
    _show(view._session, places[1], _frame())
    assert view.view == View(3.0, (50.0, 60.0), Turn(1, True))


def test_a_film_is_turned_for_itself_and_is_so_when_it_comes_again(
    view: ImageView, tmp_path: Path
) -> None:
    films = _series(tmp_path, 2, "DX")
    _show(view._session, films[0], _frame())
    view.framing.turn(Turn(0, True))
    _show(view._session, films[1], _frame())
    assert view.view.turn == AS_IT_IS, "the next film is not mirrored with it"
    _show(view._session, films[0], _frame())
    assert view.view.turn == Turn(0, True)
    view.set_view(View())
    _show(view._session, films[1], _frame())
    _show(view._session, films[0], _frame())
    assert view.view.turn == AS_IT_IS


def test_another_series_is_fitted_and_not_turned(view: ImageView, tmp_path: Path) -> None:
    view.set_view(View(3.0, (50.0, 60.0), Turn(1)))
    _show(view._session, _series(tmp_path, 1, "MR")[0], _frame())
    assert view.view == View()


def test_a_double_click_fits_and_the_next_goes_back(view: ImageView) -> None:
    there = View(3.0, (50.0, 60.0))
    view.set_view(there)
    QTest.mouseDClick(view, LEFT, pos=CENTRE)
    assert view.view == View()
    view.framing.turn(Turn(2))
    QTest.mouseDClick(view, LEFT, pos=CENTRE)
    assert view.view == replace(there, turn=Turn(2)), "turning is not undone by it"


def test_a_double_click_shows_one_of_several_pictures_alone(view: ImageView) -> None:
    session = view._session
    session.set_panes("this", (Pane("other", None, None), Pane("third", None, None)))
    view.grab()
    narrow = view.viewports[1]
    assert len(view.current_scenes()) == 3
    QTest.mouseDClick(view, LEFT, pos=narrow.center().toPoint())
    view.grab()
    (scene,) = view.current_scenes()
    assert scene.title == "other"
    assert scene.corners.bottom_left, "who and what it is stands there, too"
    assert scene.corners.bottom_right[0].endswith("% · fit")
    assert scene.corners.bottom_right[1] == "W 200  L 100"
    assert view.viewports[0].width() > 2 * narrow.width()
    QTest.mouseDClick(view, LEFT, pos=CENTRE)
    view.grab()
    assert len(view.viewports) == 3
    QTest.mouseDClick(view, LEFT, pos=view.viewports[2].center().toPoint())
    session.set_panes("this", (Pane("other", None, None),))
    assert len(view.current_scenes()) == 2, "what was alone is gone"
    assert view.view == View()


def test_the_main_picture_alone_says_all_of_its_corners(view: ImageView) -> None:
    before = view.current_scene()
    view._session.set_panes("this", (Pane("other", None, None),))
    beside = view.current_scenes()[0]
    view.framing.toggle_alone()
    (alone,) = view.current_scenes()
    assert before is not None
    assert before.corners.bottom_left == alone.corners.bottom_left != beside.corners.bottom_left


# the probe
def _probed(view: ImageView, frame: Frame, place: Place) -> str:
    _show(view._session, place, frame)
    view._session.set_cursor((1.5, 0.5))
    scene = view.current_scene()
    assert scene is not None
    return " | ".join(scene.corners.bottom_right)


def test_the_probe_reads_values_colours_and_no_padding(
    view: ImageView, places: list[Place]
) -> None:
    grey = Frame(np.uint16([[5, 7], [9, 9]]), slope=2.0, intercept=-100.0, units="HU")
    assert "x 1  y 0 | value -86 HU" in _probed(view, grey, places[1])
    padded = replace(grey, padding=(7.0, 7.0))
    said = _probed(view, padded, places[2])
    assert "padding, no value" in said
    assert "-86" not in said
    colour = Frame(np.tile(np.uint8([1, 20, 255]), (2, 2, 1)))
    assert "red 1  green 20  blue 255" in _probed(view, colour, places[3])
    damaged = Frame(np.array([[1, np.nan], [2, 3]], np.float32))
    assert "value" not in _probed(view, damaged, places[4])
