"""The lens: what is under the cursor, larger, and nothing else changed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, QRectF, Qt
from PySide6.QtGui import QImage, QPainter
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

import resources
from tests.factories.benches import viewport
from tests.viewer.test_canvas import pixels_of
from tests.viewer.test_render import explanation
from viewer.canvas.compose import compose
from viewer.canvas.image_view import ImageView
from viewer.canvas.magnifier import Lens, Magnifier
from viewer.canvas.scene import Scene
from viewer.canvas.view import View
from viewer.dicom.frame import Frame
from viewer.dicom.scan import scan
from viewer.dicom.window import Window
from viewer.render.overlay import OverlayMaker
from viewer.render.pyramid import Pyramid
from viewer.render.style import OverlayStyle
from viewer.render.turn import AS_IT_IS, Turn
from viewer.state.audit import Tool
from viewer.state.place import OpenFrame, Place
from viewer.state.session import Pane, Session
from viewer.state.settings import MAGNIFIER_FACTOR, MAGNIFIER_OVERLAY, MAGNIFIER_SHAPE

PORT = QRectF(0, 0, 600, 500)
SIZE = (300, 200)
WINDOW = Window(100, 200, "LINEAR_EXACT")
NOISE = np.random.default_rng(5).integers(0, 200, SIZE, dtype=np.uint8)


def _place() -> Place:
    return Place(scan(resources.sample_files()).studies[0].series[0], 0)


def _scene(frame: Frame, inverted: bool = False) -> Scene:
    return compose(
        _place(), Pyramid.of(frame), WINDOW, None, None, inverted=inverted, corner_text=False
    )


def _lens(scene: Scene, view: View, at: QPointF, lens: Lens, ratio: float = 1.0) -> np.ndarray:
    """RGB of a viewport in one blue with nothing but the lens on it."""
    image = QImage(round(600 * ratio), round(500 * ratio), QImage.Format.Format_RGB32)
    image.setDevicePixelRatio(ratio)
    image.fill(Qt.GlobalColor.blue)
    painter = QPainter(image)
    transform = view.transform(PORT, scene.frame.size, scene.frame.aspect_ratio)
    Magnifier().paint(painter, scene, transform, at, PORT, lens)
    painter.end()
    return pixels_of(image)


@pytest.mark.parametrize("ratio", [1.0, 2.0])
@pytest.mark.parametrize("inverted", [False, True])
@pytest.mark.parametrize(
    "turn", [AS_IT_IS, Turn(1), Turn(3, True)], ids=["as it is", "turned", "mirrored"]
)
def test_each_pixel_of_the_lens_is_the_pixel_of_the_frame_that_lies_there(
    qtbot: QtBot, turn: Turn, inverted: bool, ratio: float
) -> None:
    scene = _scene(Frame(NOISE, aspect_ratio=1.3), inverted)
    view, at, lens = View(4.0, (80.0, 90.0), turn), QPointF(330, 240), Lens(3.0)
    painted = _lens(scene, view, at, lens, ratio)
    inverse, _ = view.transform(PORT, SIZE, 1.3).inverted()
    grey = scene.pyramid.shown(0, WINDOW, inverted)
    for x, y in ((-60, -60), (40, 10), (90, -30), (-20, 70), (25, -95)):
        middle = QPointF(0.5, 0.5) / ratio  # of the pixel of the screen
        point = inverse.map(at + (QPointF(x, y) + middle) / 3.0)
        shown = painted[round((at.y() + y) * ratio), round((at.x() + x) * ratio)]
        assert np.abs(shown.astype(int) - grey[int(point.y()), int(point.x())]).max() <= 1


def test_it_is_sharper_than_the_screen(qtbot: QtBot) -> None:
    """Stripes of one pixel, which are one grey on a screen that shows a quarter of them."""
    stripes = np.tile(np.uint16([0, 1000]), (1200, 500))
    scene = replace(_scene(Frame(stripes)), window=Window(500, 1000))
    painted = _lens(scene, View(0.25), QPointF(300, 250), Lens(8.0))
    row = painted[280, 220:290, 0].astype(int)
    assert row.max() - row.min() > 100


def test_outside_the_frame_it_is_black_and_outside_the_lens_nothing(qtbot: QtBot) -> None:
    scene = _scene(Frame(np.full(SIZE, 150, np.uint8)))
    painted = _lens(scene, View(1.0), QPointF(210, 250), Lens(2.0))
    assert (painted[250, 100] == 0).all(), "left of the frame"
    assert painted[220, 290, 0] > 100
    assert (painted[250, 400] == (0, 0, 255)).all()
    assert (painted[100, 210] == (0, 0, 255)).all()
    away = _lens(scene, View(1.0), QPointF(20, 480), Lens(2.0))
    assert (away[400, 20] == 0).all(), "far from the frame it is an empty lens"


def test_round_and_square(qtbot: QtBot) -> None:
    scene = _scene(Frame(np.full(SIZE, 150, np.uint8)))
    at, corner = QPointF(300, 250), (250 - 115, 300 - 115)
    assert (_lens(scene, View(4.0), at, Lens(square=False))[corner] == (0, 0, 255)).all()
    assert _lens(scene, View(4.0), at, Lens(square=True))[corner][0] > 100


def test_it_covers_less_than_half_of_a_small_pane(qtbot: QtBot) -> None:
    box = Lens().rim(QPointF(50, 40), QRectF(0, 0, 200, 120)).boundingRect()
    assert max(box.width(), box.height()) < 110


@pytest.mark.parametrize("inverted", [False, True])
def test_colours_are_those_of_the_frame(qtbot: QtBot, inverted: bool) -> None:
    scene = _scene(Frame(np.tile(np.uint8([10, 120, 250]), (*SIZE, 1))), inverted)
    shown = _lens(scene, View(4.0), QPointF(300, 250), Lens())[230, 270].astype(int)
    assert shown.tolist() == ([245, 135, 5] if inverted else [10, 120, 250])


def test_wide_values_are_shown_like_the_picture(qtbot: QtBot) -> None:
    """Of a frame that no table of 16 bits can serve by itself."""
    scene = _scene(Frame(NOISE.astype(np.float32) * 1.0))
    painted = _lens(scene, View(4.0, (100.0, 150.0)), QPointF(300, 250), Lens(4.0))
    grey = scene.pyramid.shown(0, WINDOW)
    assert painted[250 + 40, 300 + 24, 0] == pytest.approx(grey[152, 101], abs=1)


def test_the_response_is_in_it_only_if_that_is_wanted(qtbot: QtBot) -> None:
    values = np.zeros((16, 16))
    values[4:12, 4:12] = 5
    made = explanation(values, frame=SIZE)
    style = OverlayStyle(visible=True, opacity=1.0)
    overlay = OverlayMaker(made).overlay(0, style)
    bare = _scene(Frame(np.full(SIZE, 100, np.uint8)))
    scene = replace(bare, overlay=overlay, overlay_visible=True)
    at = QPointF(300, 250)
    plain = _lens(bare, View(2.0), at, Lens())
    assert (_lens(scene, View(2.0), at, Lens(overlay=False)) == plain).all()
    assert (_lens(scene, View(2.0), at, Lens(overlay=True)) != plain).any()
    hidden = replace(scene, overlay_visible=False)
    assert (_lens(hidden, View(2.0), at, Lens(overlay=True)) == plain).all()


@pytest.fixture
def view(qtbot: QtBot) -> Iterator[ImageView]:
    session = Session()
    session.set_place(_place())
    session.set_frame(OpenFrame(session.place, Pyramid.of(Frame(NOISE, windows=(WINDOW,)))))
    yield viewport(qtbot, session)
    session.deleteLater()


def _hover(view: ImageView, at: QPoint) -> None:
    """In two steps: the first may be taken for coming from the window of the test before."""
    QTest.mouseMove(view, at + QPoint(9, 9))
    QTest.mouseMove(view, at)


def _seen(view: ImageView) -> np.ndarray:
    """RGB of the widget, one of each logical pixel's."""
    image = view.grab().toImage().convertToFormat(QImage.Format.Format_RGB32)
    ratio = round(image.devicePixelRatio())
    return pixels_of(image)[::ratio, ::ratio].astype(int)


def _changed(view: ImageView, before: np.ndarray) -> np.ndarray:
    """Which pixels (h, w) of the widget are others than before."""
    return np.asarray(np.abs(_seen(view) - before).max(2) > 3)


def test_it_follows_the_cursor_in_the_window_and_goes_with_it(view: ImageView) -> None:
    _hover(view, QPoint(400, 300))
    bare = _seen(view)
    view._session.audit.set_tool(Tool("magnify"))
    assert view.cursor().shape() == Qt.CursorShape.BlankCursor
    rows, columns = np.nonzero(_changed(view, bare))
    assert abs((columns.min() + columns.max()) / 2 - 400) <= 2
    assert abs((rows.min() + rows.max()) / 2 - 300) <= 2
    QTest.mouseMove(view, QPoint(450, 340))
    _, columns = np.nonzero(_changed(view, bare)[:560])
    assert abs((columns.min() + columns.max()) / 2 - 450) <= 2
    view._session.audit.set_tool(Tool())
    QTest.mouseMove(view, QPoint(400, 300))
    assert not _changed(view, bare).any()


def test_dragging_up_magnifies_more_and_is_remembered(view: ImageView) -> None:
    session = view._session
    session.audit.set_tool(Tool("magnify"))
    QTest.mousePress(view, Qt.MouseButton.LeftButton, pos=QPoint(400, 300))
    QTest.mouseMove(view, QPoint(400, 260))
    assert session.settings.get(MAGNIFIER_FACTOR) == 3.0, "kept when the hand is off"
    QTest.mouseMove(view, QPoint(400, 220))
    QTest.mouseRelease(view, Qt.MouseButton.LeftButton, pos=QPoint(400, 220))
    assert session.settings.get(MAGNIFIER_FACTOR) == 4.0
    assert (view.view, session.window) == (View(), WINDOW)
    QTest.mousePress(view, Qt.MouseButton.LeftButton, pos=QPoint(400, 200))
    QTest.mouseMove(view, QPoint(400, 690))
    QTest.mouseRelease(view, Qt.MouseButton.LeftButton, pos=QPoint(400, 690))
    assert session.settings.get(MAGNIFIER_FACTOR) == 1.5


def test_the_settings_give_its_shape_and_what_is_in_it(view: ImageView) -> None:
    session = view._session
    session.audit.set_tool(Tool("magnify"))
    _hover(view, QPoint(400, 300))
    before = _seen(view)
    session.settings.set(MAGNIFIER_SHAPE, "square")
    assert _changed(view, before)[300 - 110, 400 - 110]
    values = np.full((16, 16), 5.0)
    session.set_explanation(OverlayMaker(explanation(values, frame=SIZE)))
    session.change_style(visible=True, threshold=0.1, opacity=1.0)
    before = _seen(view)
    session.settings.set(MAGNIFIER_OVERLAY, True)
    assert _changed(view, before)[250:350, 350:450].mean() > 0.5


def test_in_panes_it_shows_the_one_that_the_mouse_is_over(view: ImageView) -> None:
    session = view._session
    other = Pyramid.of(Frame(np.full(SIZE, 180, np.uint8), windows=(WINDOW,)))
    session.set_panes("this", (Pane("other", None, None, pyramid=other),))
    view.grab()
    session.audit.set_tool(Tool("magnify"))
    at = view.viewports[1].center().toPoint()
    _hover(view, at)
    painted = _seen(view)
    inside = painted[at.y() - 70 : at.y() - 30, at.x() - 30 : at.x() + 30]
    assert inside.std() < 3, "the even grey of the other picture"
    assert painted[at.y(), 200:250].std() > 10
