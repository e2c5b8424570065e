"""Images side by side: one scale where both say how large they are, the same place of the patient
where both say where they lie, and stacks as deep as each other in millimetres."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF
from pytestqt.qtbot import QtBot

from tests.factories.benches import read, viewport
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
from viewer.canvas.view import View, scale_of
from viewer.dicom.attributes import Attributes
from viewer.dicom.frame import Frame
from viewer.dicom.image_plane import ImagePlane
from viewer.dicom.study import Instance, Series
from viewer.panels.compare import ComparePanel
from viewer.render.turn import Turn
from viewer.state.linking import Ahead, Link, ahead_of, as_deep, link, shares
from viewer.state.place import Place
from viewer.state.settings import ONE_SCALE

_AXIAL = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)
_CORONAL = (1.0, 0.0, 0.0, 0.0, 0.0, -1.0)
_OBLIQUE = (0.8, 0.6, 0.0, -0.6, 0.8, 0.0)


def _series(planes: list[ImagePlane | None], frames: int = 1, patient: str = "7") -> Series:
    told = Attributes(patient_name="Doe", patient_id=patient)
    instances = tuple(
        Instance(Path(f"{number}.dcm"), told, frames, 4, 4, plane)
        for number, plane in enumerate(planes)
    )
    return Series("1", None, "", "CT", instances)


def _stack(
    depths: list[float], patient: str = "1.2", orientation: tuple[float, ...] = _AXIAL
) -> Series:
    normal = np.cross(orientation[:3], orientation[3:])
    return _series([ImagePlane(tuple(normal * z), orientation, patient) for z in depths])


def _one(plane: ImagePlane | None = None, patient: str = "7") -> Place:
    return Place(_series([plane], patient=patient), 0)


def _frame(
    size: tuple[int, int], spacing: tuple[float, float] | None, kind: str = "calibrated"
) -> Frame:
    aspect = 1.0 if spacing is None else spacing[0] / spacing[1]
    pixels = np.zeros(size, np.uint16)
    return Frame(pixels, spacing=spacing, spacing_kind=kind, aspect_ratio=aspect)


def _patient_point(
    plane: ImagePlane, spacing: tuple[float, float], at: tuple[float, float]
) -> NDArray[np.float64]:
    """Equation C.7.6.2.1-1, from the corner of the first pixel."""
    row, column = np.array(plane.orientation[:3]), np.array(plane.orientation[3:])
    right, down = (at[0] - 0.5) * spacing[1], (at[1] - 0.5) * spacing[0]
    return np.array(plane.position) + row * right + column * down


_places = st.tuples(*[st.floats(-50, 50)] * 3)
_spacings = st.tuples(*[st.floats(0.1, 5.0)] * 2)


@given(
    first=_places,
    second=_places,
    spacing=_spacings,
    other=_spacings,
    at=st.tuples(*[st.floats(0, 500)] * 2),
    orientation=st.sampled_from([_AXIAL, _CORONAL, _OBLIQUE]),
)
def test_what_belongs_together_is_the_same_place_of_the_patient(
    first, second, spacing, other, at, orientation
) -> None:
    here, there = ImagePlane(first, orientation, "1.2"), ImagePlane(second, orientation, "1.2")
    found = link(_one(here), _frame((800, 900), spacing), _one(there), _frame((700, 600), other))
    assume(found.by == "place")  # they may lie far apart
    apart = _patient_point(there, other, found.point(at)) - _patient_point(here, spacing, at)
    normal = np.cross(orientation[:3], orientation[3:])
    assert np.cross(apart, normal) == pytest.approx(np.zeros(3), abs=1e-6), "along the normal alone"
    assert found.back.point(found.point(at)) == pytest.approx(at, abs=1e-6)


@given(
    spacing=_spacings,
    other=_spacings,
    at=st.tuples(*[st.floats(0, 50)] * 2),
    by=st.tuples(*[st.floats(-50, 50)] * 2),
)
def test_without_a_common_patient_lengths_are_the_same_and_the_middles(
    spacing, other, at, by
) -> None:
    found = link(_one(), _frame((40, 50), spacing), _one(), _frame((61, 30), other))
    assume(found.by == "millimetres")  # one may be much larger
    assert found.point((25, 20)) == pytest.approx((15, 30.5))
    moved = np.subtract(found.point((at[0] + by[0], at[1] + by[1])), found.point(at))
    mm = np.multiply(by, (spacing[1], spacing[0]))
    assert np.multiply(moved, (other[1], other[0])) == pytest.approx(mm, abs=1e-6)


@pytest.mark.parametrize(
    ("spacing", "kind"), [(None, ""), ((0.0, 0.1), "calibrated"), ((0.2, 0.2), "at detector")]
)
def test_what_is_not_known_alike_is_linked_by_shares(
    spacing: tuple[float, float] | None, kind: str
) -> None:
    """At the detector a length is another one than in the body."""
    one, other = _frame((40, 50), (0.3, 0.3)), Frame(np.zeros((60, 30), np.uint16))
    other = Frame(other.pixels, spacing=spacing, spacing_kind=kind)
    found = link(_one(), one, _one(), other)
    assert found == shares((one.size, 1.0), (other.size, 1.0))
    assert found.point((50, 40)) == (30, 60)


def test_one_scale_is_a_choice() -> None:
    plane = ImagePlane((0.0, 0.0, 0.0), _AXIAL, "1.2")
    frames = _frame((40, 50), (0.3, 0.3)), _frame((60, 30), (0.1, 0.1))
    assert link(_one(plane), frames[0], _one(plane), frames[1], one_scale=False).by == "share"


@pytest.mark.parametrize(
    ("patient", "uid", "other"),
    [
        ("7", "1.2", ImagePlane((9.0, 0.0, 0.0), _CORONAL, "1.2")),
        ("7", "1.2", ImagePlane((9.0, 0.0, 0.0), _AXIAL, "1.3")),
        ("7", "", ImagePlane((9.0, 0.0, 0.0), _AXIAL, "")),
        ("7", "1.2", ImagePlane((200.0, 0.0, 0.0), _AXIAL, "1.2")),  # nowhere near
        ("8", "1.2", ImagePlane((9.0, 0.0, 0.0), _AXIAL, "1.2")),  # files without names share it
        ("7", "1.2", None),
    ],
)
def test_other_planes_patients_or_none_have_no_place_in_common(
    patient: str, uid: str, other: ImagePlane | None
) -> None:
    plane, frame = ImagePlane((0.0, 0.0, 0.0), _AXIAL, uid), _frame((40, 50), (0.3, 0.3))
    assert link(_one(plane), frame, _one(other, patient), frame).by == "millimetres"


# the view
@pytest.mark.parametrize("turn", [Turn(), Turn(1), Turn(2, True)])
@pytest.mark.parametrize("other_turn", [Turn(), Turn(3, True)])
@pytest.mark.parametrize("centre", [None, (10.0, 35.0)])
def test_one_scale_on_the_screen(
    turn: Turn, other_turn: Turn, centre: tuple[float, float] | None
) -> None:
    port = QRectF(0, 0, 400, 300)
    found = link(_one(), _frame((40, 50), (0.4, 0.2)), _one(), _frame((61, 30), (0.1, 0.3)))
    view = View(7.0, centre, turn)
    onto = view.onto(port, found, other_turn)
    main, other = view.transform(port, *found.here), onto.transform(port, *found.there)
    assert scale_of(other) / 0.3 == pytest.approx(scale_of(main) / 0.2)
    middle = other.inverted()[0].map(port.center())
    assert (middle.x(), middle.y()) == pytest.approx(found.point(centre or (25, 20)))
    back = onto.onto(port, found.back, turn)
    assert back.zoom == pytest.approx(7.0)
    assert back.centre == pytest.approx(centre or (25, 20))


def _seen(view: ImageView, number: int) -> tuple[QRectF, QRectF]:
    """The viewport of a picture, and where its frame lies."""
    port, scene = view.viewports[number], view.current_scenes()[number]
    height, width = scene.frame.size
    transform = scene.own(view.view, port).transform(port, *scene.extent)
    return port, transform.mapRect(QRectF(0, 0, width, height))


def _mm(view: ImageView, number: int) -> float:
    """Screen pixels of a millimetre across a picture."""
    scene = view.current_scenes()[number]
    assert scene.frame.spacing is not None
    own = scene.own(view.view, view.viewports[number])
    return own.scale(view.viewports[number], *scene.extent) / scene.frame.spacing[1]


def test_films_fit_together_in_one_scale_or_each_alone(qtbot: QtBot, tmp_path: Path) -> None:
    """The larger one is seen whole, whichever is turned, and so it stays with zoom and swap."""
    film(tmp_path / "1.dcm", size=(60, 40), PixelSpacing=[0.5, 0.5])
    film(tmp_path / "2.dcm", size=(90, 200), PixelSpacing=[0.5, 0.5])
    with read(qtbot, [tmp_path]) as bench:
        view, settings = two_films(qtbot, bench), bench.session.settings
        panel = ComparePanel(bench)
        qtbot.addWidget(panel)
        panel.show()
        view.grab()
        assert view.framing.kind == "fit"
        assert _mm(view, 1) == pytest.approx(_mm(view, 0))
        port, frame = _seen(view, 1)
        assert frame.width() == pytest.approx(port.width()), "as large as it can be"
        assert "from the middle of each image, in one scale" in panel.facts.text()
        # turned, the main one is still the smaller one
        view.framing.turn(Turn(1))
        view.grab()
        assert _mm(view, 1) == pytest.approx(_mm(view, 0))
        assert _seen(view, 1)[1].width() == pytest.approx(port.width())
        view.framing.turn(Turn())
        view.framing.zoom(3.0, view.viewports[0].center() + QPointF(9, 4))
        view.grab()
        assert _mm(view, 1) == pytest.approx(_mm(view, 0))
        view.fit()
        # each by itself
        settings.set(ONE_SCALE, False)
        view.grab()
        port, frame = _seen(view, 0)
        assert frame.height() == pytest.approx(port.height())
        assert _seen(view, 1)[1].width() == pytest.approx(port.width())
        assert "shares of the frame" in panel.facts.text()
        settings.set(ONE_SCALE, True)
        # alone, there is no other to leave room for
        view.framing.take_pane(view.viewports[0].center())
        view.framing.toggle_alone()
        view.grab()
        port, frame = _seen(view, 0)
        assert frame.height() == pytest.approx(port.height())
        view.framing.toggle_alone()
        view.grab()
        assert _mm(view, 1) == pytest.approx(_mm(view, 0))
        swapped(bench, view)
        is_beside_by_now(qtbot, bench, place_of(bench.session, "1.dcm"))
        qtbot.waitUntil(lambda: bench.session.open.place.instance.path.name == "2.dcm")
        view.grab()
        assert view.framing.kind == "fit"
        port, frame = _seen(view, 0)
        assert frame.width() == pytest.approx(port.width())
        assert _mm(view, 1) == pytest.approx(_mm(view, 0))


def test_the_cursor_is_at_the_same_place_of_the_patient(qtbot: QtBot, tmp_path: Path) -> None:
    stack(tmp_path, "7", 1, depths=[0], PixelSpacing=[1, 1])
    moved = {"PixelSpacing": [0.5, 0.5], "ImagePositionPatient": [8, 4, 0]}
    stack(tmp_path, "8", 1, depths=[0], **moved)
    with read(qtbot, [tmp_path]) as bench:
        session = bench.session
        open_image(qtbot, bench, "7-0.dcm")
        view = viewport(qtbot, session)
        shown_beside(qtbot, bench, place_of(session, "8-0.dcm"))
        session.set_cursor((10.5, 8.5))  # the patient's point (10, 8)
        other = view.current_scenes()[1]
        assert "x 4  y 8" in other.corners.bottom_right  # 2 mm and 4 mm from the first pixel
        session.set_cursor((3.5, 20.0))  # 5 mm left of the other image
        other = view.current_scenes()[1]
        assert not any(line.startswith("x ") for line in other.corners.bottom_right)
        # and the mouse over the other image is there in the main one; beside it it is nowhere
        view.grab()
        frame, framing = _seen(view, 1)[1], view.framing
        at = frame.topLeft() + QPointF(6.0, 16.0) * (frame.width() / 32)
        framing.take_pane(at)
        assert framing.point(at) == pytest.approx((11.25, 12.25))
        assert framing.point(QPointF(frame.left() - 2, at.y())) is None


# depth
def test_a_stack_of_the_same_patient_is_found_at_the_same_millimetre() -> None:
    thick, thin = _stack([0, 10, 20, 30]), _stack([-20 + 2 * n for n in range(21)])  # up to 20
    for number, expected in ((0, 10), (1, 15), (2, 20), (3, 20)):
        assert as_deep(thin, Place(thick, number)).number == expected
    assert as_deep(thick, Place(thin, 0)).number == 0
    assert as_deep(thick, Place(thin, 18)).number == 2, "16 mm is nearer to 20 than to 10"


@pytest.mark.parametrize(
    "other",
    [
        _stack([5.0 * n for n in range(9)], "1.3"),
        _stack([5.0 * n for n in range(9)], "1.2", _CORONAL),
        _stack([0.0, 1.0, 1.0, *range(2, 8)]),  # a moment each
        _series([None] * 9),
        _series([ImagePlane((0.0, 0.0, 0.0), _AXIAL, "1.2")], frames=9),
    ],
)
def test_without_a_place_in_common_the_share_of_the_stack_counts(other: Series) -> None:
    main = _stack([0, 10, 20, 30, 40])
    assert [as_deep(other, Place(main, n)).number for n in range(5)] == [0, 2, 4, 6, 8]


def test_what_was_put_beside_stays_as_many_millimetres_ahead() -> None:
    """Also in a study of another day, whose numbers begin elsewhere, and beyond the ends."""
    main, prior = _stack([0, 10, 20, 30, 40]), _stack([100 + 2.5 * n for n in range(12)], "1.3")
    ahead = ahead_of(Place(prior, 4), Place(main, 1))
    found = [as_deep(prior, Place(main, n), ahead).number for n in range(5)]
    assert found == [0, 4, 8, 11, 11]
    coronal = _stack([5.0 * n for n in range(9)], "1.2", _CORONAL)
    ahead = ahead_of(Place(coronal, 3), Place(main, 1))
    assert [as_deep(coronal, Place(main, n), ahead).number for n in range(5)] == [1, 3, 5, 7, 8]


def test_scrolling_takes_the_other_stack_along_in_millimetres(qtbot: QtBot, tmp_path: Path) -> None:
    stack(tmp_path, "7", 4, depths=[0, 10, 20, 30])
    stack(tmp_path, "8", 9, depths=[-8, -4, 0, 4, 8, 12, 16, 20, 24])
    with read(qtbot, [tmp_path]) as bench:
        session = bench.session
        open_image(qtbot, bench, "7-0.dcm")
        series = place_of(session, "8-0.dcm").series
        assert as_deep(series, session.place).instance.path.name == "8-2.dcm"
        shown_beside(qtbot, bench, as_deep(series, session.place))
        for number, expected in ((1, {"8-4.dcm", "8-5.dcm"}), (2, {"8-7.dcm"}), (3, {"8-8.dcm"})):
            session.set_place(place_of(session, f"7-{number}.dcm"))
            other = bench.comparing.image_at(0).place
            assert other.instance.path.name in expected
        session.set_place(place_of(session, "7-0.dcm"))
        assert bench.comparing.image_at(0).place.instance.path.name == "8-2.dcm"


def test_room_is_what_the_other_frame_takes_around_the_middle() -> None:
    found = Link(((40, 50), 2.0), ((10, 10), 1.0), (0.5, 1.0), (-10.0, 0.0), "place")
    # it reaches from x 20 to 40 and from y 0 to 10 of this one, whose middle is (25, 20)
    assert found.room == (30.0, 80.0)


def test_where_one_is_much_larger_or_a_plane_is_none_the_rest_counts() -> None:
    whole, part = _frame((400, 500), (1.0, 1.0)), _frame((40, 50), (0.1, 0.1))
    assert link(_one(), whole, _one(), part).by == "share", "100 times"
    wrong = ((2.0, 0.0, 0.0, 0.0, 2.0, 0.0), (0.0,) * 6, (1.0, 0.0, 0.0, 1.0, 0.0, 0.0))
    for orientation in wrong:
        plane = ImagePlane((1.0, 2.0, 3.0), orientation, "1.2")
        assert link(_one(plane), whole, _one(plane), whole).by == "millimetres"
        assert _series([plane, ImagePlane((1.0, 2.0, 9.0), orientation, "1.2")]).depths == ()


def test_who_has_no_name_is_one_patient_in_one_study_alone() -> None:
    frame, plane = _frame((40, 50), (0.3, 0.3)), ImagePlane((9.0, 0.0, 0.0), _AXIAL, "1.2")

    def nobody(study: str) -> Place:
        told = Attributes(study_instance_uid=study)
        one = Instance(Path("1.dcm"), told, 1, 40, 50, plane)
        return Place(Series("1", None, "", "CT", (one,)), 0)

    assert link(nobody("1"), frame, nobody("1"), frame).by == "place"
    assert link(nobody("1"), frame, nobody("2"), frame).by == "millimetres"


def test_the_nearest_slice_is_not_ahead() -> None:
    """What the program put beside an image is the nearest one for those after it, too."""
    thin, thick = _stack([1.0 * n for n in range(40)]), _stack([0, 10, 20, 30])
    first = as_deep(thick, Place(thin, 4))
    ahead = ahead_of(first, Place(thin, 4))
    found = [as_deep(thick, Place(thin, n), ahead).number for n in (4, 6, 9, 14, 16, 26, 29)]
    assert found == [0, 1, 1, 1, 2, 3, 3]
    ahead = ahead_of(Place(thick, 2), Place(thin, 4))  # chosen by hand
    assert [as_deep(thick, Place(thin, n), ahead).number for n in (0, 4, 10)] == [2, 2, 3]


def test_what_is_ahead_keeps_its_unit_while_a_stack_grows() -> None:
    main, some = _stack([1.0 * n for n in range(40)]), _stack([1.0 * n for n in range(21)], "1.3")
    ahead = ahead_of(Place(some, 5), Place(main, 25))
    assert ahead == Ahead(-20.0, in_mm=True)
    grown = _series([*(instance.plane for instance in some.instances), None])
    assert as_deep(grown, Place(main, 26), ahead).number == 14, "by its share, for want of depths"
    ahead = ahead_of(Place(grown, 5), Place(main, 0))
    assert ahead == Ahead(5)
    assert as_deep(some, Place(main, 39), ahead).number == 20
    assert as_deep(some, Place(main, 0), ahead).number == 5


# what happens meanwhile
def test_no_turn_goes_over_to_the_next_film(qtbot: QtBot, tmp_path: Path) -> None:
    """Whatever room the images beside it need."""
    for number in range(1, 5):
        film(tmp_path / f"{number}.dcm", size=(50 + 10 * number, 40), PixelSpacing=[0.5, 0.5])
    with read(qtbot, [tmp_path]) as bench:
        session = bench.session
        open_image(qtbot, bench, "3.dcm")
        view = viewport(qtbot, session)
        view.framing.turn(Turn(2))
        open_image(qtbot, bench, "1.dcm")
        shown_beside(qtbot, bench, place_of(session, "2.dcm"))
        view.framing.turn(Turn(1, True))
        for name, own in (("3.dcm", Turn(2)), ("4.dcm", Turn()), ("1.dcm", Turn(1, True))):
            bench.frames.cache.drop(place_of(session, name).key)
            open_image(qtbot, bench, name)
            assert view.view.turn == own, name


def test_the_picture_stays_as_large_while_the_next_one_beside_it_is_read(
    qtbot: QtBot, tmp_path: Path
) -> None:
    stack(tmp_path, "7", 4, depths=[0, 1, 2, 3], PixelSpacing=[1, 1])
    stack(tmp_path, "8", 4, depths=[0, 1, 2, 3], PixelSpacing=[3, 3])
    with read(qtbot, [tmp_path]) as bench:
        session = bench.session
        open_image(qtbot, bench, "7-0.dcm")
        view = viewport(qtbot, session)
        shown_beside(qtbot, bench, place_of(session, "8-0.dcm"))
        view.grab()
        scales = {view.framing.scale}
        view.framing.changed.connect(lambda: scales.add(view.framing.scale))
        for number in (1, 2, 3):
            open_image(qtbot, bench, f"7-{number}.dcm")
            scales.add(view.framing.scale)
            is_beside_by_now(qtbot, bench, place_of(session, f"8-{number}.dcm"))
            view.grab()
            scales.add(view.framing.scale)
        assert len(scales) == 1


def test_two_images_of_a_turned_stack_fit_at_once(qtbot: QtBot, tmp_path: Path) -> None:
    stack(tmp_path, "7", 2, depths=[0, 1], PixelSpacing=[2, 1])
    with read(qtbot, [tmp_path]) as bench:
        session = bench.session
        open_image(qtbot, bench, "7-0.dcm")
        view = viewport(qtbot, session)
        shown_beside(qtbot, bench, place_of(session, "7-1.dcm"))
        assert view.view.room == pytest.approx((32, 64))
        view.framing.turn(Turn(1))
        assert view.view.room == pytest.approx((64, 32))
        view.framing.turn(Turn())
        assert view.view.room == pytest.approx((32, 64))


def test_no_gesture_is_turned_round_where_the_frames_differ(qtbot: QtBot, tmp_path: Path) -> None:
    """Limits that are those of another frame let nothing jump."""
    film(tmp_path / "1.dcm", size=(400, 400), PixelSpacing=[0.1, 0.1])
    film(tmp_path / "2.dcm", size=(60, 80), PixelSpacing=[5, 5])
    with read(qtbot, [tmp_path]) as bench:
        view = two_films(qtbot, bench)
        framing = view.framing
        for factor, count in ((1.5, 30), (1 / 1.5, 60)):
            for pane in (1, 0):
                framing.pane = pane
                for _ in range(count):
                    before = framing.scale
                    framing.zoom(factor, framing.viewport.center())
                    assert (framing.scale - before) * (factor - 1) >= 0
        framing.fit()
        framing.pane = 1
        framing.pan(QPointF(150, 0))
        for pane, by in ((0, 1.0), (1, -1.0)):
            framing.pane = pane
            here = framing.transform().map(QPointF(0, 0))
            framing.pan(QPointF(by, 0))
            moved = framing.transform().map(QPointF(0, 0)) - here
            assert abs(moved.x() - by) <= 1.0 + 1e-6


def test_what_the_other_image_has_is_read_where_the_main_one_has_nothing(
    qtbot: QtBot, tmp_path: Path
) -> None:
    film(tmp_path / "1.dcm", size=(20, 20), PixelSpacing=[1, 1])
    film(tmp_path / "2.dcm", 300, size=(100, 100), PixelSpacing=[1, 1])
    with read(qtbot, [tmp_path]) as bench:
        view, session = two_films(qtbot, bench), bench.session
        frame = _seen(view, 1)[1]
        at = frame.topLeft() + QPointF(90.5, 80.5) * (frame.width() / 100)
        view.framing.take_pane(at)
        session.set_cursor(view.framing.look(at))
        assert session.cursor is None
        main, other = view.current_scenes()
        assert {"x 90  y 80", "value 300"} <= set(other.corners.bottom_right)
        assert not any(line.startswith("value") for line in main.corners.bottom_right)
        view.framing.look(None)
        assert not any("value" in line for line in view.current_scenes()[1].corners.bottom_right)
