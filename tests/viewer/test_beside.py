"""Another image beside the main one: read, asked the same, linked, and never mistaken for it."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, QRectF, QSizeF, Qt
from PySide6.QtGui import QContextMenuEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

import resources
from engine.answering import Desk
from engine.questions import Explain, Network, Question
from engine.results import Explanation
from engine.shapes import box
from tests.factories.benches import PATIENCE, opened, read, viewport
from tests.factories.dicom_files import make_dataset, save
from tests.viewer.test_study_list import click, listed
from viewer.canvas.compose import beside, scene_of
from viewer.canvas.image_view import ImageView
from viewer.canvas.scene import Scene
from viewer.canvas.shown import scenes
from viewer.canvas.view import View
from viewer.dicom.frame import default_window
from viewer.dicom.window import Window
from viewer.exporters.picture import as_on_screen, input_facts
from viewer.main_window import MainWindow
from viewer.panels.compare import ComparePanel
from viewer.render.overlay import OverlayMaker
from viewer.render.turn import Turn
from viewer.state.audit import Tool
from viewer.state.document import Landmark
from viewer.state.log_writer import log_path
from viewer.state.measurement import Measurement
from viewer.state.others import Other
from viewer.state.pictures import Picture
from viewer.state.place import Place
from viewer.state.priors import image_words, other_of, others_like, patient_words
from viewer.state.progress import Progress
from viewer.state.session import Session
from viewer.state.workbench import Workbench
from viewer.verbs import compare
from viewer.verbs.pictures import screen_export

_SECRETS = ("DOE", "JANE", "4711", "1999", "Doe", "secret")


def film(
    path: Path, value: int = 100, size: tuple[int, int] = (60, 40), **elements: object
) -> Path:
    """A radiograph of a patient with a name: dark at the left, ``value`` at the right."""
    pixels = np.full(size, value, np.uint16)
    pixels[:, : size[1] // 4] = 0
    told = {
        "PatientName": "DOE^JANE",
        "PatientID": "4711",
        "StudyInstanceUID": f"1.2.{path.stem}",
        "SeriesInstanceUID": f"1.2.{path.stem}.1",
        "StudyDescription": "secret of Doe",
        "BodyPartExamined": "CHEST",
        "ViewPosition": "PA",
        "StudyDate": "19990101",
    }
    return save(make_dataset(pixels, **{**told, **elements}), path)


def stack(folder: Path, series: str, count: int, units: str = "HU", **elements: object) -> None:
    for number in range(count):
        pixels = np.full((32, 32), 10 * number, np.int16)
        told = {
            "Modality": "CT",
            "SeriesInstanceUID": f"1.2.{series}",
            "StudyInstanceUID": f"1.{series}",
            "InstanceNumber": number,
            "RescaleSlope": 1,
            "RescaleIntercept": 0,
            "RescaleType": units,
        }
        save(make_dataset(pixels, **{**told, **elements}), folder / f"{series}-{number}.dcm")


def place_of(session: Session, name: str) -> Place:
    found = [
        Place(series, position)
        for series in session.all_series()
        for position, instance in enumerate(series.instances)
        if instance.path.name == name
    ]
    return found[0]


def shown_beside(qtbot: QtBot, bench: Workbench, place: Place) -> None:
    """Put an image beside the main one and wait until it is on the board."""
    bench.comparing.toggle_image(place)
    _there(qtbot, bench, place)


def _there(qtbot: QtBot, bench: Workbench, place: Place) -> None:
    def is_there() -> bool:
        panes = bench.session.panes
        return any(
            pane.place is not None and pane.place.key == place.key and pane.pyramid is not None
            for pane in panes
        )

    qtbot.waitUntil(is_there, timeout=PATIENCE)


def test_the_other_image_has_the_answer_that_it_would_have_by_itself(qtbot: QtBot) -> None:
    with opened(qtbot, resources.sample_files()) as bench:
        session = bench.session
        qtbot.waitUntil(lambda: session.reading is None, timeout=PATIENCE)
        main = session.explanation
        session.show_layer(3)
        other = next(p for p in others_like(session, session.place) if p.key[0].name == "chest.dcm")
        shown_beside(qtbot, bench, other)
        qtbot.waitUntil(lambda: session.panes[0].overlay is not None, timeout=PATIENCE)
        (pane,) = session.panes
        picture = Picture(pane.pyramid, other.instance.attributes.modality)
        network = Network(resources.model_folder("shallow"), "cpu", 0)
        asked = Explain(session.method, None)
        right = Desk().answer(Question(picture.key, network, asked, picture.subject()))
        assert isinstance(right, Explanation)
        assert pane.explanation.target == right.target == "chest" != main.target
        expected = OverlayMaker(right).overlay(3, session.style)
        np.testing.assert_allclose(
            pane.overlay.values, expected.values, atol=1e-5 * expected.maximum
        )
        assert pane.overlay.maximum == pytest.approx(expected.maximum), "a window of its own"
        assert not bench.comparing.shares_range
        assert pane.pyramid.source.size == pane.explanation.geometry.frame_size
        assert session.explanation is main, "nothing was asked anew of the main picture"
        # another layer and another style hold for both
        session.change_style(shows="classes")
        qtbot.waitUntil(lambda: session.panes[0].overlay is None, timeout=PATIENCE)
        session.show_layer(1)
        session.change_style(threshold=0.6)
        qtbot.waitUntil(
            lambda: (
                session.panes[0].overlay is not None
                and session.panes[0].overlay.layer.depth == 2
                and session.panes[0].overlay.style.threshold == 0.6
            ),
            timeout=PATIENCE,
        )
        # one class, one value window: the same colour is the same response
        session.set_target("chest")
        qtbot.waitUntil(
            lambda: (
                session.explanation is not None
                and session.explanation.target == "chest"
                and bench.comparing.shares_range
                and session.panes[0].overlay is not None
                and session.panes[0].overlay.maximum == session.overlay.maximum
            ),
            timeout=PATIENCE,
        )


def test_who_reads_first_sees_the_other_image_and_no_answer(qtbot: QtBot) -> None:
    with opened(qtbot, resources.sample_files()) as bench:
        session = bench.session
        qtbot.waitUntil(lambda: session.reading is None, timeout=PATIENCE)
        session.audit.set_blind(True)
        assert session.explanation is None
        other = others_like(session, session.place)[0]
        shown_beside(qtbot, bench, other)
        qtbot.wait(600)  # as long as an answer would take to be asked for
        (pane,) = session.panes
        assert not session.style.visible, "two scans are read without anything over them"
        assert pane.explanation is None
        assert pane.overlay is None
        assert bench.comparing.problem == ""
        assert not bench.comparing.waiting
        session.audit.set_blind(False)
        qtbot.waitUntil(lambda: session.panes[0].explanation is not None, timeout=PATIENCE)
        assert bench.log.was_shown(session.panes[0].key), "which is not reading first any more"
        session.audit.set_blind(True)
        assert session.panes[0].explanation is None
        # an impression of the one is none of the other
        session.audit.commit_impression("a chest")
        assert session.explanation is not None
        qtbot.wait(600)
        assert session.panes[0].explanation is None
        assert "Kept back" in session.panes[0].footer[0]


def test_the_wheel_and_the_window_tool_work_on_the_image_under_the_mouse(
    qtbot: QtBot, tmp_path: Path
) -> None:
    stack(tmp_path, "7", 5, units="US")
    film(tmp_path / "1.dcm")
    with read(qtbot, [tmp_path]) as bench:
        session = bench.session
        session.set_place(place_of(session, "1.dcm"))
        qtbot.waitUntil(lambda: session.open is not None, timeout=PATIENCE)
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
        _there(qtbot, bench, other.moved(2))
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
        _there(qtbot, bench, other.moved(3))
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
        session.set_place(place_of(session, "7-1.dcm"))
        qtbot.waitUntil(lambda: session.open is not None, timeout=PATIENCE)
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
    for turn in (Turn(), Turn(1, True)):
        fitted = View(turn=turn)
        assert fitted.onto(port, here, there, Turn(3)) == View(turn=Turn(3))
        near = View(3.0, (50.0, 20.0), turn)
        onto = near.onto(port, here, there, turn)
        assert onto.centre == (75.0, 120.0)
        share = near.scale(port, *here) / fitted.scale(port, *here)
        assert onto.scale(port, *there) / fitted.scale(port, *there) == pytest.approx(share)
        back = onto.onto(port, there, here, turn)
        assert back.zoom == pytest.approx(3.0)
        assert back.centre == pytest.approx((50.0, 20.0))


def test_zoom_and_pan_hold_the_point_under_the_mouse_in_the_other_image(
    qtbot: QtBot, tmp_path: Path
) -> None:
    film(tmp_path / "1.dcm", size=(60, 40))
    film(tmp_path / "2.dcm", size=(90, 200))
    with read(qtbot, [tmp_path]) as bench:
        view = _two(qtbot, bench)
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
        assert other.linked == main.extent


def _two(qtbot: QtBot, bench: Workbench) -> ImageView:
    """1.dcm with 2.dcm beside it, on the screen."""
    session = bench.session
    session.set_place(place_of(session, "1.dcm"))
    qtbot.waitUntil(lambda: session.open is not None, timeout=PATIENCE)
    view = viewport(qtbot, session)
    shown_beside(qtbot, bench, place_of(session, "2.dcm"))
    view.grab()
    return view


def test_each_picture_shows_its_own_pixels(qtbot: QtBot, tmp_path: Path) -> None:
    film(tmp_path / "1.dcm", 100)
    film(tmp_path / "2.dcm", 300, WindowCenter=150, WindowWidth=300)
    with read(qtbot, [tmp_path]) as bench:
        view = _two(qtbot, bench)
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
        view, session = _two(qtbot, bench), bench.session
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


def test_nothing_tells_whose_the_other_image_is_while_the_identity_is_hidden(
    qtbot: QtBot, tmp_path: Path
) -> None:
    folder = tmp_path / "JANE"
    film(folder / "1.dcm")
    film(folder / "2.dcm", SeriesDescription="secret")
    with read(qtbot, [folder]) as bench:
        view, session = _two(qtbot, bench), bench.session
        panel = ComparePanel(bench)
        qtbot.addWidget(panel)
        panel.show()
        session.set_identity_shown(False)
        _, other = view.current_scenes()
        words = [panel.combo.itemText(row) for row in range(panel.combo.count())]
        words += [panel.facts.text(), str(session.title), str(session.panes[0].title)]
        words += [str(other.corners), str(other.title), str(other.brief), str(other.footer)]
        for secret in _SECRETS:
            assert secret not in " ".join(words), secret
        assert not other.planes_visible
        session.set_identity_shown(True)
        main, other = view.current_scenes()
        assert "DOE" in str(other.corners)
        assert "1999" in str(other.corners), "when each was taken"
        assert "1999" in str(main.corners)
        # an export that hides the identity hides that of both, whatever the screen shows
        hidden = scene_of(session, identity_shown=False)
        assert hidden is not None
        for scene in (hidden, *beside(session, hidden)):
            assert "DOE" not in str(scene.corners)


def test_an_image_that_cannot_be_read_or_is_gone_is_said_and_costs_nothing_else(
    qtbot: QtBot, tmp_path: Path
) -> None:
    film(tmp_path / "1.dcm")
    bad = film(tmp_path / "2.dcm")
    with read(qtbot, [tmp_path]) as bench:
        session = bench.session
        session.set_place(place_of(session, "1.dcm"))
        qtbot.waitUntil(lambda: session.open is not None, timeout=PATIENCE)
        view = viewport(qtbot, session)
        there = place_of(session, "2.dcm")
        bad.write_bytes(b"\0" * 600)
        bench.comparing.toggle_image(there)
        _, other = view.current_scenes()
        assert other.placard is not None
        assert "Reading" in other.placard.title, "it has its place at once"
        qtbot.waitUntil(lambda: bool(bench.comparing.problem), timeout=PATIENCE)
        _, other = view.current_scenes()
        assert "cannot be shown" in other.placard.title
        assert "2.dcm" in other.placard.text
        view.grab()
        view.framing.take_pane(view.viewports[1].center())
        assert view.framing.elsewhere == 0, "it can be wheeled past"
        hidden = scene_of(session, identity_shown=False)
        assert hidden is not None
        (exported,) = beside(session, hidden)
        assert "2.dcm" not in exported.placard.text, "whatever the screen shows"
        session.set_identity_shown(False)
        _, other = view.current_scenes()
        assert "2.dcm" not in other.placard.text + bench.comparing.problem
        # where the main image cannot be read nothing is over a pane that nobody sees
        session.set_failure(OSError("gone"))
        session.open = None
        view.grab()
        assert view.framing.elsewhere is None
        session.set_place(None)
        session.set_place(place_of(session, "1.dcm"))
        assert session.open is not None
        bench.comparing.set_other(Other("image", str(tmp_path / "never.dcm")))
        assert "no longer" in bench.comparing.problem
        assert session.panes == ()


def test_a_file_that_was_written_anew_is_read_anew(qtbot: QtBot, tmp_path: Path) -> None:
    film(tmp_path / "1.dcm")
    film(tmp_path / "2.dcm", 100)
    with read(qtbot, [tmp_path]) as bench:
        view, session = _two(qtbot, bench), bench.session
        film(tmp_path / "2.dcm", 700)
        bench.open_paths([tmp_path])
        qtbot.waitUntil(
            lambda: (
                session.panes[0].pyramid is not None
                and session.panes[0].pyramid.source.pixels.max() == 700
            ),
            timeout=PATIENCE,
        )
        assert len(view.current_scenes()) == 2


def _swapped(bench: Workbench, view: ImageView) -> None:
    view.framing.swapAsked.connect(bench.comparing.swap)
    pane = bench.comparing.swapped
    assert pane is not None
    view.framing.swap(pane)


def test_swapping_makes_the_other_image_the_main_one_as_both_are_seen(
    qtbot: QtBot, tmp_path: Path
) -> None:
    film(tmp_path / "1.dcm", size=(60, 40))
    film(tmp_path / "2.dcm", size=(90, 200))
    with read(qtbot, [tmp_path]) as bench:
        view, session = _two(qtbot, bench), bench.session
        session.set_window(Window(11.0, 22.0))
        bench.comparing.set_window(0, Window(33.0, 44.0))
        view.set_view(View(20.0, (10.0, 15.0)))
        view.framing.turn(Turn(1))
        view.grab()
        before = [_lies(scene, view, port) for scene, port in _pairs(view)]
        _swapped(bench, view)
        _there(qtbot, bench, place_of(session, "1.dcm"))
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
        view, session = _two(qtbot, bench), bench.session
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


def test_the_likeliest_is_the_same_part_of_the_same_patient_before(
    qtbot: QtBot, tmp_path: Path
) -> None:
    rows: dict[str, dict[str, str]] = {
        "1": {"StudyDate": "20200601"},
        "2": {"StudyDate": "20190601"},
        "3": {"StudyDate": "20180601"},
        "4": {"StudyDate": "20210601"},
        "5": {"StudyDate": "20190701", "BodyPartExamined": "HAND"},
        "6": {"StudyDate": "20190801", "PatientID": "5"},
        "7": {"StudyDate": "20190901", "ViewPosition": "LL"},
        "8": {"StudyDate": ""},
    }
    for name, elements in rows.items():
        film(tmp_path / f"{name}.dcm", **elements)
    with read(qtbot, [tmp_path]) as bench:
        session = bench.session
        found = others_like(session, place_of(session, "1.dcm"))
        assert [place.instance.path.stem for place in found] == ["2", "3", "4", "8", "7", "6", "5"]


def test_films_of_one_series_and_depths_of_two_stacks_belong_beside_one_another(
    qtbot: QtBot, tmp_path: Path
) -> None:
    for name in ("1", "2"):
        same = {"StudyInstanceUID": "1.2", "SeriesInstanceUID": "1.2.1"}
        film(tmp_path / f"{name}.dcm", InstanceNumber=name, **same)
    stack(tmp_path, "7", 5)
    stack(tmp_path, "8", 9)
    with read(qtbot, [tmp_path]) as bench:
        session = bench.session
        first = others_like(session, place_of(session, "1.dcm"))[0]
        assert first.instance.path.name == "2.dcm"
        deep = others_like(session, place_of(session, "7-3.dcm"))[0]
        assert deep.instance.path.name == "8-6.dcm", "three quarters of the way, too"
        assert image_words(session, deep).endswith("CT · image 7 / 9")


def test_the_list_shows_a_row_beside_the_open_image(qtbot: QtBot, tmp_path: Path) -> None:
    for name in ("1", "2", "3"):
        film(tmp_path / f"{name}.dcm")
    with listed(qtbot, [tmp_path]) as (bench, rows):
        session = bench.session
        main = session.place
        number, row = next(
            (number, row)
            for number, row in enumerate(rows.listed)
            if row.kind == "series" and row.of is not main.series
        )
        at = rows.box_of(number).center()
        QTest.mouseClick(
            rows.viewport(), Qt.MouseButton.LeftButton, Qt.KeyboardModifier.ControlModifier, at
        )
        _there(qtbot, bench, Place(row.of, 0))
        assert session.place is main
        assert "beside" in rows.words()[number].count
        rows.setFocus()
        rows._at = number
        QTest.keyClick(rows, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
        assert session.panes == ()
        assert "beside" not in rows.words()[number].count
        assert bench.comparing.others == ()
        click(qtbot, rows, number)
        assert session.place == Place(row.of, 0), "without Ctrl it is opened"


@pytest.mark.qt_log_ignore("grabbing the keyboard", extend=True)  # offscreen
def test_the_menu_of_a_row_does_the_same(qtbot: QtBot, tmp_path: Path) -> None:
    for name in ("1", "2"):
        film(tmp_path / f"{name}.dcm")
    with listed(qtbot, [tmp_path]) as (bench, rows):
        session = bench.session
        number, row = next(
            (number, row)
            for number, row in enumerate(rows.listed)
            if row.kind == "series" and row.of is not session.place.series
        )
        at = rows.box_of(number).center()
        reason = QContextMenuEvent.Reason.Mouse
        QApplication.sendEvent(
            rows.viewport(), QContextMenuEvent(reason, at, rows.viewport().mapToGlobal(at))
        )
        qtbot.waitUntil(lambda: QApplication.activePopupWidget() is not None, timeout=PATIENCE)
        menu = QApplication.activePopupWidget()
        opens, puts = menu.actions()
        assert (opens.text(), puts.text()) == ("Open", "Beside the open image")
        assert not puts.isChecked()
        puts.trigger()
        menu.close()
        _there(qtbot, bench, Place(row.of, 0))


def test_the_verb_finds_an_image_or_says_that_there_is_none(
    drive: Callable[..., int], tmp_path: Path
) -> None:
    film(tmp_path / "a" / "1.dcm")
    film(tmp_path / "b" / "2.dcm")

    def script(window: MainWindow) -> Iterator[Callable[[], bool]]:
        session, bench = window.session, window.workbench
        yield lambda: session.reading is None and session.open is not None
        window.menus.by_id["compare-image"].trigger()
        yield lambda: "No other image" in session.message
        assert not compare.compares_image(window.context)
        assert not window.menus.by_id["compare-swap"].isEnabled()
        bench.open_paths([tmp_path / "b"])
        yield lambda: session.reading is None and len(session.studies) == 2
        window.menus.by_id["compare-image"].trigger()
        yield lambda: len(session.panes) == 1
        assert window.menus.by_id["compare-image"].isChecked()
        yield lambda: window.menus.by_id["compare-swap"].isEnabled()
        export = screen_export(window.context)
        there = session.panes[0].place
        assert export.others == ((0, there.key),)
        export.write(tmp_path / "both.png", Progress())
        facts = json.loads((tmp_path / "both.png.json").read_text())
        assert facts["beside"][0]["input"] == input_facts(*there.key) != facts["input"]
        window.menus.by_id["compare-image"].trigger()
        yield lambda: session.panes == ()

    assert drive([str(tmp_path / "a")], script) == 0


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
        _there(qtbot, bench, place_of(session, beside_it()))
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


def test_a_stack_that_was_scrolled_is_taken_away_by_its_row(qtbot: QtBot, tmp_path: Path) -> None:
    film(tmp_path / "1.dcm")
    stack(tmp_path, "7", 5, units="US")
    with listed(qtbot, [tmp_path]) as (bench, rows):
        session = bench.session
        session.set_place(place_of(session, "1.dcm"))
        qtbot.waitUntil(lambda: session.open is not None, timeout=PATIENCE)
        row = next(
            row for row in rows.listed if row.kind == "series" and len(row.of.instances) == 5
        )
        rows.toggle_beside(row)
        _there(qtbot, bench, Place(row.of, 0))
        bench.comparing.step_image(0, 2)
        _there(qtbot, bench, Place(row.of, 2))
        rows.toggle_beside(row)
        assert bench.comparing.others == ()


def test_the_others_stay_as_they_are_when_one_is_taken_away(qtbot: QtBot, tmp_path: Path) -> None:
    stack(tmp_path, "7", 4, units="US")
    for name in ("1", "2", "3"):
        film(tmp_path / f"{name}.dcm")
    with read(qtbot, [tmp_path]) as bench:
        session, comparing = bench.session, bench.comparing
        session.set_place(place_of(session, "1.dcm"))
        qtbot.waitUntil(lambda: session.open is not None, timeout=PATIENCE)
        for name in ("7-0.dcm", "7-2.dcm", "2.dcm"):
            shown_beside(qtbot, bench, place_of(session, name))
        kept = Window(55.0, 66.0)
        comparing.set_window(2, kept)
        assert comparing.names == ("Study 4", "Study 4", "Study 2")
        comparing.choose(1)
        assert (comparing.chosen, len(comparing.others)) == (1, 3)
        session.change_style(visible=False)
        comparing.step_image(0, 2)
        assert Path(comparing.others[0].value).name == "7-3.dcm", "past what is there already"
        comparing.set_others(comparing.others[1:])
        assert session.panes[1].window == kept
        assert len(session.panes) == 2
        # the place of the first is free again
        shown_beside(qtbot, bench, place_of(session, "3.dcm"))
        assert session.panes[1].window == kept
        assert [pane.title[:7] for pane in session.panes] == ["Study 4", "Study 2", "Study 3"]
        comparing.add_other(Other("untrained"))
        comparing.set_others((*comparing.others[1:], Other("original")))
        session.change_style(visible=False)
        comparing.set_others(comparing.others[:-1])
        assert not session.style.visible, "what is taken away switches nothing on"


def test_the_name_of_the_main_picture_is_that_of_what_is_shown(
    qtbot: QtBot, tmp_path: Path
) -> None:
    stack(tmp_path, "7", 4, units="US", PatientID="9", PatientName="DOE^JIM")
    film(tmp_path / "1.dcm", PatientID="5")
    with read(qtbot, [tmp_path]) as bench:
        session = bench.session
        session.set_place(place_of(session, "7-0.dcm"))
        qtbot.waitUntil(lambda: session.open is not None, timeout=PATIENCE)
        shown_beside(qtbot, bench, place_of(session, "1.dcm"))
        assert session.title.endswith("image 1 / 4")
        assert session.panes[0].title.endswith("another patient")
        session.set_place(session.place.moved(2))
        assert session.title.endswith("image 3 / 4")


def test_a_main_image_without_output_is_said(qtbot: QtBot, tmp_path: Path) -> None:
    film(tmp_path / "1.dcm", size=(300, 240), Modality="US")
    with opened(qtbot, [tmp_path / "1.dcm"]) as bench:
        session = bench.session
        assert session.explanation.withheld
        bench.open_paths(resources.sample_files())
        qtbot.waitUntil(
            lambda: session.reading is None and len(session.studies) > 1, timeout=PATIENCE
        )
        session.set_place(place_of(session, "1.dcm"))
        qtbot.waitUntil(lambda: session.explanation is not None, timeout=PATIENCE)
        panel = ComparePanel(bench)
        qtbot.addWidget(panel)
        panel.show()
        shown_beside(qtbot, bench, place_of(session, "chest.dcm"))
        qtbot.waitUntil(lambda: session.panes[0].explanation is not None, timeout=PATIENCE)
        assert "no output for the main image" in panel.facts.text()


def test_nothing_is_asked_about_an_image_that_was_taken_away(qtbot: QtBot) -> None:
    with opened(qtbot, resources.sample_files()) as bench:
        session = bench.session
        qtbot.waitUntil(lambda: session.reading is None, timeout=PATIENCE)
        shown_beside(qtbot, bench, others_like(session, session.place)[0])
        bench.comparing.set_others(())
        (image, *_) = bench.comparing._images
        qtbot.wait(400)
        assert not image._asking.busy
        assert image._image.picture is None, "nor is its frame kept"


def test_what_is_compared_is_in_the_log_once_it_rests(qtbot: QtBot, tmp_path: Path) -> None:
    stack(tmp_path, "7", 6, units="US")
    film(tmp_path / "1.dcm")
    with read(qtbot, [tmp_path]) as bench:
        session = bench.session
        session.set_place(place_of(session, "1.dcm"))
        qtbot.waitUntil(lambda: session.open is not None, timeout=PATIENCE)
        shown_beside(qtbot, bench, place_of(session, "7-0.dcm"))
        for number in range(1, 5):
            bench.comparing.step_image(0, 1)
            _there(qtbot, bench, place_of(session, f"7-{number}.dcm"))
        bench.close()
        lines = [json.loads(line) for line in log_path().read_text().splitlines()]
        compared = [line["details"]["beside"] for line in lines if line["what"] == "comparing"]
        assert [title for (title,) in compared] == [session.panes[0].title]
        assert "image 5 / 6" in compared[0][0]


def test_a_picture_of_both_has_both(qtbot: QtBot, tmp_path: Path) -> None:
    film(tmp_path / "1.dcm", 100)
    film(tmp_path / "2.dcm", 100, PhotometricInterpretation="MONOCHROME1")
    with read(qtbot, [tmp_path]) as bench:
        view, session = _two(qtbot, bench), bench.session
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
        session.set_place(place_of(session, "7-2.dcm"))
        qtbot.waitUntil(lambda: session.open is not None, timeout=PATIENCE)
        view = viewport(qtbot, session)
        shown_beside(qtbot, bench, place_of(session, "7-8.dcm"))
        _swapped(bench, view)
        _there(qtbot, bench, place_of(session, "7-2.dcm"))
        assert session.place.instance.path.name == "7-8.dcm"
        session.set_place(session.place.moved(-1))
        assert Path(bench.comparing.others[0].value).name == "7-1.dcm"


def test_a_swap_keeps_the_window_of_what_the_cache_has_given_up(
    qtbot: QtBot, tmp_path: Path
) -> None:
    film(tmp_path / "1.dcm")
    film(tmp_path / "2.dcm")
    with read(qtbot, [tmp_path]) as bench:
        view, session = _two(qtbot, bench), bench.session
        bench.comparing.set_window(0, Window(33.0, 44.0))
        bench.frames.cache.drop(place_of(session, "2.dcm").key)
        _swapped(bench, view)
        assert session.open is not None
        assert session.window == Window(33.0, 44.0)


def test_what_is_still_read_has_no_view_to_keep(qtbot: QtBot, tmp_path: Path) -> None:
    film(tmp_path / "1.dcm", size=(600, 400))
    film(tmp_path / "2.dcm", size=(60, 40))
    with read(qtbot, [tmp_path]) as bench:
        session = bench.session
        session.set_place(place_of(session, "1.dcm"))
        qtbot.waitUntil(lambda: session.open is not None, timeout=PATIENCE)
        view = viewport(qtbot, session)
        view.set_view(View(3.0, (380.0, 580.0)))
        bench.comparing.toggle_image(place_of(session, "2.dcm"))
        assert session.panes[0].pyramid is None
        view.grab()
        _swapped(bench, view)
        qtbot.waitUntil(lambda: session.open is not None, timeout=PATIENCE)
        assert view.view == View()


def test_reading_first_is_switched_on_and_off_for_the_other_image_alone(qtbot: QtBot) -> None:
    with opened(qtbot, resources.sample_files()) as bench:
        session = bench.session
        qtbot.waitUntil(lambda: session.reading is None, timeout=PATIENCE)
        session.audit.set_blind(True)
        session.audit.commit_impression("a hand")
        shown_beside(qtbot, bench, others_like(session, session.place)[0])
        session.audit.set_blind(False)
        qtbot.waitUntil(lambda: session.panes[0].explanation is not None, timeout=PATIENCE)
        session.audit.set_blind(True)
        assert session.panes[0].explanation is None
        assert "Kept back" in session.panes[0].footer[0]


def test_a_slow_image_beside_does_not_end_the_reading_of_a_folder(
    qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    film(tmp_path / "1.dcm")
    stack(tmp_path, "7", 4, units="US")
    with read(qtbot, [tmp_path]) as bench:
        session = bench.session
        session.set_place(place_of(session, "1.dcm"))
        qtbot.waitUntil(lambda: session.open is not None, timeout=PATIENCE)
        shown_beside(qtbot, bench, place_of(session, "7-0.dcm"))
        ended: list[bool] = []
        monkeypatch.setattr(bench.readers[1].process, "kill", lambda: ended.append(True))
        (image, *_) = bench.comparing._images
        for reading, expected in ((3, []), (None, [True])):
            session.set_reading(reading)
            image._image._busy = (place_of(session, "7-0.dcm").key, time.monotonic() - 60)
            bench.frames.cache.drop(image.place.moved(1).key)
            bench.comparing.step_image(0, 1)
            assert ended == expected


def test_what_is_known_of_the_other_image_is_in_the_json(
    tmp_path: Path, drive: Callable[..., int]
) -> None:
    film(tmp_path / "1.dcm")
    film(tmp_path / "2.dcm", 333)

    def script(window: MainWindow) -> Iterator[Callable[[], bool]]:
        session = window.session
        yield lambda: session.reading is None and bool(session.audit.image)
        there = next(p for p in others_like(session, session.place))
        main = session.place
        session.set_place(there)
        yield lambda: bool(session.audit.image)
        session.audit.add_measurement(Measurement("n1", "length", ((0.0, 0.0), (3.0, 4.0))))
        window.view.framing.turn(Turn(1, True))
        session.set_place(main)
        yield lambda: bool(session.audit.image) and not session.audit.document.measurements
        window.workbench.comparing.toggle_image(there)
        yield lambda: bool(session.panes) and session.panes[0].notes is not None
        (facts,) = screen_export(window.context).facts["beside"]
        assert facts["display"] == {"mirrored_first": True, "turned_clockwise": 90}
        assert facts["measurements"][0]["value"] == 5.0
        yield lambda: True

    assert drive([str(tmp_path)], script) == 0


def test_nobody_is_taken_for_the_same_patient_who_is_not_known(
    qtbot: QtBot, tmp_path: Path
) -> None:
    unknown = {"PatientName": "", "PatientID": ""}
    film(tmp_path / "1.dcm", **unknown)
    film(tmp_path / "2.dcm", **unknown)
    film(tmp_path / "3.dcm")
    film(tmp_path / "4.dcm", PatientID="8")
    film(tmp_path / "5.dcm")
    with read(qtbot, [tmp_path]) as bench:
        session = bench.session
        words = {
            pair: patient_words(session, *(place_of(session, f"{name}.dcm") for name in pair))
            for pair in ("12", "13", "34", "35", "11")
        }
        assert words == {
            "12": "patient not known",
            "13": "patient not known",
            "34": "another patient",
            "35": "",
            "11": "",
        }
