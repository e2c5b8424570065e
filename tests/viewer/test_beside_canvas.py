"""Another image beside the main one, on the screen: linked, with a window and a turn of its own."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, QPointF, QRectF, QSizeF, Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from engine.shapes import box
from tests.factories.benches import PATIENCE, read, viewport
from tests.factories.beside import (
    film,
    is_beside_by_now,
    open_image,
    place_of,
    shown_beside,
    stack,
    swapped,
    two_films,
)
from viewer.canvas.image_view import ImageView
from viewer.canvas.scene import Scene
from viewer.canvas.shown import scenes
from viewer.canvas.view import View
from viewer.dicom.frame import default_window
from viewer.dicom.window import Window
from viewer.exporters.picture import as_on_screen
from viewer.render.turn import Turn
from viewer.state.audit import Tool
from viewer.state.document import Landmark
from viewer.state.linking import shares
from viewer.state.measurement import Measurement
from viewer.state.priors import other_of


def test_the_wheel_and_the_window_tool_work_on_the_image_under_the_mouse(
    qtbot: QtBot, tmp_path: Path
) -> None:
    stack(tmp_path, "7", 5, units="US")
    film(tmp_path / "1.dcm")
    with read(qtbot, [tmp_path]) as bench:
        session = bench.session
        open_image(qtbot, bench, "1.dcm")
        view = viewport(qtbot, session)
        view.imageWheeled.connect(lambda by: session.set_place(session.place.moved(by)))
        view.paneWheeled.connect(bench.comparing.step_image)
        view.paneWindowed.connect(bench.comparing.set_window)
        other = place_of(session, "7-0.dcm")
        shown_beside(qtbot, bench, other)
        view.grab()
        at = view.viewports[1].center()
        main = session.place
        view._looking.wheel(-240, Qt.KeyboardModifier.NoModifier, at)
        is_beside_by_now(qtbot, bench, other.moved(2))
        assert session.place is main
        assert bench.comparing.others == (other_of(other.moved(2)),)
        # a drag there widens that window and no other
        before, own = session.window, session.panes[0].window
        view.grab()
        _dragged(view, at, QPointF(60, 0))
        assert session.window == before
        assert session.panes[0].window.width > own.width
        # what was set here holds for the next image of the series
        kept = session.panes[0].window
        view._looking.wheel(-120, Qt.KeyboardModifier.NoModifier, at)
        is_beside_by_now(qtbot, bench, other.moved(3))
        assert session.panes[0].window == kept
        # and over the main picture the main window is meant
        view.grab()
        _dragged(view, view.viewports[0].center(), QPointF(60, 0))
        assert session.window.width > before.width
        assert session.panes[0].window == kept


def _dragged(view: ImageView, at: QPointF, by: QPointF) -> None:
    start, end = at.toPoint(), (at + by).toPoint()
    QTest.mousePress(view, Qt.MouseButton.LeftButton, pos=start)
    QTest.mouseMove(view, end)
    QTest.mouseRelease(view, Qt.MouseButton.LeftButton, pos=end)


def test_one_window_holds_for_both_where_both_have_the_same_units(
    qtbot: QtBot, tmp_path: Path
) -> None:
    stack(tmp_path, "7", 3)
    stack(tmp_path, "8", 3)
    with read(qtbot, [tmp_path]) as bench:
        session = bench.session
        open_image(qtbot, bench, "7-1.dcm")
        shown_beside(qtbot, bench, place_of(session, "8-1.dcm"))
        lung = Window(-600.0, 1500.0)
        session.set_window(lung)
        assert session.panes[0].window == lung
        bone = Window(400.0, 2000.0)
        bench.comparing.set_window(0, bone)
        assert session.window == session.panes[0].window == bone


def test_the_view_of_another_frame_is_the_same_share_of_it() -> None:
    port = QRectF(0, 0, 400, 300)
    here, there = ((100, 200), 1.0), ((600, 300), 1.0)
    link = shares(here, there)
    for turn in (Turn(), Turn(1, True)):
        fitted = View(turn=turn)
        assert fitted.onto(port, link, Turn(3)) == View(turn=Turn(3))
        near = View(3.0, (50.0, 20.0), turn)
        onto = near.onto(port, link, turn)
        assert onto.centre == (75.0, 120.0)
        share = near.scale(port, *here) / fitted.scale(port, *here)
        assert onto.scale(port, *there) / fitted.scale(port, *there) == pytest.approx(share)
        back = onto.onto(port, link.back, turn)
        assert back.zoom == pytest.approx(3.0)
        assert back.centre == pytest.approx((50.0, 20.0))


def test_zoom_and_pan_hold_the_point_under_the_mouse_in_the_other_image(
    qtbot: QtBot, tmp_path: Path
) -> None:
    film(tmp_path / "1.dcm", size=(60, 40))
    film(tmp_path / "2.dcm", size=(90, 200))
    with read(qtbot, [tmp_path]) as bench:
        view = two_films(qtbot, bench)
        framing, port = view.framing, view.viewports[1]
        at = port.center() + QPointF(30, 12)
        framing.take_pane(at)
        assert framing.elsewhere == 0
        before = framing.unbound_point(at)
        framing.zoom(2.0, at)
        view.grab()
        assert framing.unbound_point(at) == pytest.approx(before)
        framing.pan(QPointF(11, -7))
        view.grab()
        assert framing.unbound_point(at + QPointF(11, -7)) == pytest.approx(before)
        # the cursor is at the same shares of both frames
        x, y = framing.unbound_point(at)
        assert framing.point(at) == pytest.approx((x * 40 / 200, y * 60 / 90))
        bench.session.set_cursor(framing.point(at))
        main, other = view.current_scenes()
        assert f"x {int(x)}  y {int(y)}" in other.corners.bottom_right
        assert f"x {int(x * 40 / 200)}  y {int(y * 60 / 90)}" in main.corners.bottom_right
        framing.pane = 0
        _, pointed = view._with_drawing(view.current_scenes())
        assert pointed.pointer == pytest.approx((x, y))
        main, other = view.current_scenes()
        own = other.own(framing.view, port).transform(port, *other.extent)
        assert own.map(QPointF(x, y)).x() == pytest.approx(at.x())
        assert main.linked is None
        assert other.linked == shares(main.extent, other.extent)


def test_each_picture_shows_its_own_pixels(qtbot: QtBot, tmp_path: Path) -> None:
    film(tmp_path / "1.dcm", 100)
    film(tmp_path / "2.dcm", 300, WindowCenter=150, WindowWidth=300)
    with read(qtbot, [tmp_path]) as bench:
        view = two_films(qtbot, bench)
        main, other = view.current_scenes()
        assert other.window == default_window(other.frame) != main.window
        bench.comparing.set_window(0, Window(150.0, 3000.0))
        image = view.grab().toImage()
        here, there = (port.center().toPoint() + QPoint(40, -60) for port in view.viewports)
        assert image.pixelColor(here).lightness() > 250
        assert 120 < image.pixelColor(there).lightness() < 150, "300 in a window up to 1650"


def test_nothing_is_drawn_on_the_main_picture_by_drawing_on_the_other(
    qtbot: QtBot, tmp_path: Path
) -> None:
    film(tmp_path / "1.dcm")
    film(tmp_path / "2.dcm")
    with read(qtbot, [tmp_path]) as bench:
        view, session = two_films(qtbot, bench), bench.session
        session.audit.set_tool(Tool("measure", "length"))
        here, there = (port.center() for port in view.viewports)
        _dragged(view, there, QPointF(40, 30))
        assert session.audit.document.measurements == ()
        assert "main picture" in session.message
        # begun on the main picture, ended on the other
        for at in (here, there):
            QTest.mouseMove(view, at.toPoint())
            QTest.mouseClick(view, Qt.MouseButton.LeftButton, pos=at.toPoint())
        assert session.audit.document.measurements == ()
        QTest.keyClick(view, Qt.Key.Key_Escape)
        session.audit.set_tool(Tool("measure", "length"))
        _dragged(view, view.viewports[0].center(), QPointF(40, 30))
        assert len(session.audit.document.measurements) == 1
        main, other = view.current_scenes()
        assert len(main.measures) == 1
        assert other.measures == ()


def test_what_was_drawn_and_measured_on_the_other_image_is_on_it(
    qtbot: QtBot, tmp_path: Path
) -> None:
    film(tmp_path / "1.dcm", 100, PixelSpacing=[1.0, 1.0])
    film(tmp_path / "2.dcm", 200, PixelSpacing=[0.5, 0.5])
    with read(qtbot, [tmp_path]) as bench:
        session = bench.session
        there = place_of(session, "2.dcm")
        session.set_place(there)
        qtbot.waitUntil(lambda: bool(session.audit.image), timeout=PATIENCE)
        session.audit.add_landmark(Landmark("m1", "heart", box(5, 5, 20, 20)))
        session.audit.add_measurement(Measurement("n1", "length", ((0.0, 0.0), (30.0, 40.0))))
        session.set_place(place_of(session, "1.dcm"))
        qtbot.waitUntil(
            lambda: bool(session.audit.image) and not session.audit.document.landmarks,
            timeout=PATIENCE,
        )
        view = viewport(qtbot, session)
        shown_beside(qtbot, bench, there)
        qtbot.waitUntil(lambda: session.panes[0].notes is not None, timeout=PATIENCE)
        main, other = view.current_scenes()
        assert (main.marks, main.measures) == ((), ())
        assert [(mark.label, mark.role) for mark in other.marks] == [("heart", "landmark")]
        (measure,) = other.measures
        assert measure.reading.headline == "25.0 mm", "in its own millimetres"
        session.set_hidden_for_now(True)
        _, other = view.current_scenes()
        assert (other.marks, other.measures) == ((), ())


def test_swapping_makes_the_other_image_the_main_one_as_both_are_seen(
    qtbot: QtBot, tmp_path: Path
) -> None:
    film(tmp_path / "1.dcm", size=(60, 40))
    film(tmp_path / "2.dcm", size=(90, 200))
    with read(qtbot, [tmp_path]) as bench:
        view, session = two_films(qtbot, bench), bench.session
        session.set_window(Window(11.0, 22.0))
        bench.comparing.set_window(0, Window(33.0, 44.0))
        view.set_view(View(20.0, (10.0, 15.0)))
        view.framing.turn(Turn(1))
        view.grab()
        before = [_lies(scene, view, port) for scene, port in _pairs(view)]
        swapped(bench, view)
        is_beside_by_now(qtbot, bench, place_of(session, "1.dcm"))
        assert session.place.instance.path.name == "2.dcm"
        view.grab()
        main, other = view.current_scenes()
        assert (main.frame.size, other.frame.size) == ((90, 200), (60, 40))
        assert (main.window, other.window) == (Window(33.0, 44.0), Window(11.0, 22.0))
        assert (view.view.turn, other.turn) == (Turn(), Turn(1)), "each film has its own"
        after = [_lies(scene, view, port) for scene, port in _pairs(view)]
        assert after == [pytest.approx(lies) for lies in reversed(before)]
        assert len(bench.comparing.others) == 1


def _pairs(view: ImageView) -> list[tuple[Scene, QRectF]]:
    return list(zip(view.current_scenes(), view.viewports, strict=True))


def _lies(scene: Scene, view: ImageView, port: QRectF) -> tuple[float, ...]:
    """Where a frame's first corner is in its viewport, and how large a pixel."""
    found = scene.own(view.view, port).transform(port, *scene.extent)
    corner = found.map(QPointF(0, 0)) - port.topLeft()
    return corner.x(), corner.y(), found.m11(), found.m12()


def test_looked_at_alone_it_is_the_main_picture(qtbot: QtBot, tmp_path: Path) -> None:
    film(tmp_path / "1.dcm")
    film(tmp_path / "2.dcm", ViewPosition="LL")
    with read(qtbot, [tmp_path]) as bench:
        view, session = two_films(qtbot, bench), bench.session
        view.framing.swapAsked.connect(bench.comparing.swap)
        at = view.viewports[1].center().toPoint()
        QTest.mouseDClick(view, Qt.MouseButton.LeftButton, pos=at)
        qtbot.waitUntil(lambda: session.open is not None, timeout=PATIENCE)
        view.grab()
        (alone,) = scenes(session, view.framing)
        assert "LL" in str(alone.corners.bottom_left)
        assert session.place.instance.path.name == "2.dcm", "what is done is done with it"
        assert view.framing.elsewhere is None
        view.framing.toggle_alone()
        view.grab()
        assert [scene.title[:7] for scene in view.current_scenes()] == ["Study 2", "Study 1"]


def test_two_stacks_are_scrolled_together_as_far_apart_as_they_were_put(
    qtbot: QtBot, tmp_path: Path
) -> None:
    stack(tmp_path, "7", 5)
    stack(tmp_path, "8", 9)
    with read(qtbot, [tmp_path]) as bench:
        session = bench.session
        session.set_place(place_of(session, "7-0.dcm"))
        shown_beside(qtbot, bench, place_of(session, "8-1.dcm"))

        def beside_it() -> str:
            return Path(bench.comparing.others[0].value).name

        session.set_place(session.place.moved(2))
        assert beside_it() == "8-5.dcm", "half-way, and one ahead, as it was put"
        session.set_place(session.place.moved(2))
        assert beside_it() == "8-8.dcm", "the last one"
        session.set_place(session.place.moved(-3))
        assert beside_it() == "8-3.dcm"
        is_beside_by_now(qtbot, bench, place_of(session, beside_it()))
        bench.comparing.step_image(0, 2)
        assert beside_it() == "8-5.dcm"
        session.set_place(session.place.moved(-1))
        assert beside_it() == "8-3.dcm", "three ahead from now on"
        first = session.place.number
        bench.cine.toggle()
        qtbot.waitUntil(lambda: session.place.number not in (first, first + 1), timeout=PATIENCE)
        assert beside_it() == "8-3.dcm", "not while it is played"
        bench.cine.toggle()
        deep = round(session.place.number / 4 * 8) + 3
        assert beside_it() == f"8-{min(deep, 8)}.dcm"
        last = beside_it()
        # another series is no scrolling
        session.set_place(place_of(session, "8-0.dcm"))
        assert beside_it() == last


def test_a_picture_of_both_has_both(qtbot: QtBot, tmp_path: Path) -> None:
    film(tmp_path / "1.dcm", 100)
    film(tmp_path / "2.dcm", 100, PhotometricInterpretation="MONOCHROME1")
    with read(qtbot, [tmp_path]) as bench:
        view, session = two_films(qtbot, bench), bench.session
        main, *others = view.current_scenes()
        size = QSizeF(view.width(), view.height())
        image = as_on_screen(main, size, view.view, 1.0, others)
        here, there = (port.center().toPoint() + QPoint(40, -60) for port in view.viewports)
        assert image.pixelColor(here).lightness() > 200
        assert image.pixelColor(there).lightness() < 50
        assert session.panes[0].place is not None


def test_two_images_of_one_stack_are_swapped(qtbot: QtBot, tmp_path: Path) -> None:
    stack(tmp_path, "7", 10)
    with read(qtbot, [tmp_path]) as bench:
        session = bench.session
        open_image(qtbot, bench, "7-2.dcm")
        view = viewport(qtbot, session)
        shown_beside(qtbot, bench, place_of(session, "7-8.dcm"))
        swapped(bench, view)
        is_beside_by_now(qtbot, bench, place_of(session, "7-2.dcm"))
        assert session.place.instance.path.name == "7-8.dcm"
        session.set_place(session.place.moved(-1))
        assert Path(bench.comparing.others[0].value).name == "7-1.dcm"


def test_a_swap_keeps_the_window_of_what_the_cache_has_given_up(
    qtbot: QtBot, tmp_path: Path
) -> None:
    film(tmp_path / "1.dcm")
    film(tmp_path / "2.dcm")
    with read(qtbot, [tmp_path]) as bench:
        view, session = two_films(qtbot, bench), bench.session
        bench.comparing.set_window(0, Window(33.0, 44.0))
        bench.frames.cache.drop(place_of(session, "2.dcm").key)
        swapped(bench, view)
        assert session.open is not None
        assert session.window == Window(33.0, 44.0)


def test_what_is_still_read_has_no_view_to_keep(qtbot: QtBot, tmp_path: Path) -> None:
    film(tmp_path / "1.dcm", size=(600, 400))
    film(tmp_path / "2.dcm", size=(60, 40))
    with read(qtbot, [tmp_path]) as bench:
        session = bench.session
        open_image(qtbot, bench, "1.dcm")
        view = viewport(qtbot, session)
        view.set_view(View(3.0, (380.0, 580.0)))
        bench.comparing.toggle_image(place_of(session, "2.dcm"))
        assert session.panes[0].pyramid is None
        view.grab()
        swapped(bench, view)
        qtbot.waitUntil(lambda: session.open is not None, timeout=PATIENCE)
        assert view.view == View()
