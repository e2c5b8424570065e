"""Which class dominates where: by hand, painted, and asked of the real engine."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QSizeF
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

import resources
from engine.presets import PRESETS
from engine.results import ClassResponses, Explanation, Method
from tests.factories.engines import ENGINE
from tests.viewer.test_canvas import pixels_of
from tests.viewer.test_render import explanation
from viewer.canvas.compose import compose
from viewer.canvas.scene import make_footer
from viewer.canvas.view import View
from viewer.dicom.frame import Frame
from viewer.dicom.scan import scan
from viewer.dicom.window import Window
from viewer.exporters.picture import as_on_screen
from viewer.render.class_view import (
    OTHERS_SIGN,
    PALETTE,
    ClassOverlay,
    class_line,
    class_maps,
    class_overlay,
)
from viewer.render.overlay import OverlayMaker
from viewer.render.pyramid import Pyramid
from viewer.render.style import OverlayStyle
from viewer.state.place import Place
from viewer.state.session import Session
from viewer.state.workbench import Workbench

RAW = OverlayStyle(visible=True, shows="classes", smoothing=0.0, threshold=0.3)


def answer(dominant: np.ndarray, response: np.ndarray, count: int) -> Explanation:
    """Of classes c0, c1, … over a frame ten times as large as the square maps."""
    side = len(dominant)
    found = ClassResponses(
        tuple(f"c{number}" for number in range(count)),
        dominant.astype(np.int16),
        response.astype(np.float32),
        (response / 4).astype(np.float32),
    )
    made = explanation(np.ones((side, side)), frame=(10 * side, 10 * side))
    return replace(made, class_responses=found)


def halves() -> Explanation:
    """c1 with 8 on the left, c0 with 4 on the right, c2 with 1 at the bottom, a tie at the top."""
    dominant, response = np.full((32, 32), -1), np.full((32, 32), 9.0)
    dominant[8:24, :16], response[8:24, :16] = 1, 8.0
    dominant[8:24, 16:], response[8:24, 16:] = 0, 4.0
    dominant[24:], response[24:] = 2, 1.0
    return answer(dominant, response, 3)


def overlay_of(made: Explanation, style: OverlayStyle = RAW) -> ClassOverlay:
    maps = class_maps(made, style.smoothing)
    assert maps is not None
    return class_overlay(maps, style)


def test_classes_are_ranked_and_cut_at_the_threshold() -> None:
    overlay = overlay_of(halves())
    assert overlay.maximum == 8.0
    assert overlay.maps.names == ("c1", "c0", "c2")
    assert [(item.name, item.sign, item.colour) for item in overlay.regions] == [
        ("c1", "1", PALETTE[0]),
        ("c0", "2", PALETTE[1]),
    ], "c2 is below the threshold of 2.4"
    assert [item.area for item in overlay.regions] == [0.25, 0.25]


def test_regions_meet_at_the_border_and_are_named_inside() -> None:
    for region, left, right in zip(overlay_of(halves()).regions, (0, 160), (160, 320), strict=True):
        (line,) = region.lines
        assert line.min(0) == pytest.approx([left, 80], abs=5)
        assert line.max(0) == pytest.approx([right, 240], abs=5)
        x, y = region.place
        assert left + 40 < x < right - 40
        assert 120 < y < 200


def test_under_a_point_stand_class_response_and_margin() -> None:
    overlay = overlay_of(halves())
    assert overlay.at(50, 100) == ("c1", 8.0, 2.0)
    assert overlay.at(200, 300) == ("c2", 1.0, 0.25), "also below the threshold"
    assert overlay.at(50, 20) is None, "a tie has no class"
    assert class_line(overlay, 200, 100) == "c0 4, 1 ahead of the next"
    assert class_line(overlay, 50, 20) == "no class dominates"


def test_brightness_is_the_response_and_ties_are_black() -> None:
    painted = overlay_of(halves()).painted()
    assert (painted >> 24 == 255).all()
    colours = np.stack([painted >> shift & 255 for shift in (16, 8, 0)], -1)
    assert np.array_equal(colours[10, 4], PALETTE[0])
    assert np.array_equal(colours[10, 20], np.rint(np.array(PALETTE[1]) / 2))
    assert colours[2].max() == 0


def test_the_label_goes_to_the_largest_region() -> None:
    dominant, response = np.full((32, 32), -1), np.ones((32, 32))
    dominant[2:6, 2:6], response[2:6, 2:6] = 0, 5.0
    dominant[12:30, 10:30] = 0
    dominant[0, 31] = 1
    first = overlay_of(answer(dominant, response, 2), replace(RAW, threshold=0.1)).regions[0]
    assert len(first.lines) == 2
    assert 150 < first.place[0] < 250
    assert 160 < first.place[1] < 260


def test_more_classes_than_colours_share_the_grey() -> None:
    dominant = np.repeat(np.arange(13), 2)[:, None] * np.ones((1, 26))
    response = 20 - dominant
    overlay = overlay_of(answer(dominant, response, 13))
    *named, others = overlay.regions
    assert [item.sign for item in named] == [str(number) for number in range(1, 9)]
    assert len({item.colour for item in overlay.regions}) == 9
    assert (others.name, others.sign) == ("5 others", OTHERS_SIGN)
    assert others.area == pytest.approx(5 / 13)
    assert len(others.lines) == 1, "no line between classes of one colour"


def test_smoothing_joins_what_is_scattered() -> None:
    dominant = np.indices((32, 32)).sum(0) % 2  # a board of c0, with a fifth of it c1's
    response = np.where(dominant == 0, 4.0, 1.0)
    overlay = overlay_of(answer(dominant, response, 2), replace(RAW, smoothing=2.0))
    assert [item.name for item in overlay.regions] == ["c0"]
    assert len(overlay.regions[0].lines) == 1
    assert overlay.maps.sigma == pytest.approx(3.2), "two fifths of the last layer's stride"


def test_no_evidence_is_no_overlay() -> None:
    overlay = overlay_of(answer(np.full((16, 16), -1), np.zeros((16, 16)), 3))
    assert (overlay.regions, overlay.maximum, overlay.peak) == ((), 0.0, None)
    assert overlay.at(3, 3) is None
    assert class_maps(explanation(np.ones((16, 16))), 1.0) is None


def test_regions_and_signs_are_painted_in_the_place_of_the_layer(qtbot: QtBot) -> None:
    made = halves()
    style = replace(RAW, opacity=1.0)
    layer = OverlayMaker(made).overlay(0, style)
    place = Place(scan(resources.sample_files()).studies[0].series[0], 0)
    pyramid = Pyramid.of(Frame(pixels=np.zeros((320, 320), np.uint16)))
    scene = compose(place, pyramid, Window(500, 1000), made, layer, corner_text=False)
    scene = replace(scene, orientation=None, footer=())
    size = QSizeF(320, 320 + 24)
    waiting = pixels_of(as_on_screen(scene, size, View(1.0), 1.0))
    assert waiting[:320, :200].max() == 0, "the layer is not what was asked for"
    known = replace(scene, classes=overlay_of(made, style))
    shown = pixels_of(as_on_screen(known, size, View(1.0), 1.0)).astype(int)
    assert np.abs(shown[100, 30] - PALETTE[0]).max() <= 3
    x, y = (round(value) for value in known.classes.regions[0].place)  # type: ignore[union-attr]
    assert shown[y - 6 : y + 7, x - 6 : x + 7].min(2).max() > 200, "a white number"
    assert shown[30, 30].max() == 0, "a tie"
    above_all = replace(scene, classes=overlay_of(made, replace(style, threshold=1.0)))
    assert above_all.classes.regions == ()  # type: ignore[union-attr]
    none = pixels_of(as_on_screen(above_all, size, View(1.0), 1.0))
    assert none[100, 30].max() == 0, "no class is above the threshold"


def test_the_footer_names_the_equations_and_the_smoothing() -> None:
    made = halves()
    layer = OverlayMaker(made).overlay(0, RAW)
    text = " ".join(make_footer(made, layer, True, overlay_of(made)))
    assert "CLEAR eqs. 3–6" in text
    assert "range 0 – 8 · threshold 30% of it" in text
    assert "asking which class" in " ".join(make_footer(made, layer))


@pytest.fixture
def workbench(qtbot: QtBot) -> Iterator[Workbench]:
    session = Session()
    made = Workbench(session, "cpu", engine=ENGINE)
    made.open_paths(resources.sample_files())
    qtbot.waitUntil(lambda: session.explanation is not None, timeout=60_000)
    yield made
    made.close()
    made.deleteLater()
    session.deleteLater()
    QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


def test_the_engine_is_asked_when_the_classes_are_to_be_seen(
    qtbot: QtBot, workbench: Workbench
) -> None:
    session, view = workbench.session, workbench.class_view
    assert view.overlay is None
    session.change_style(visible=True, shows="classes")
    qtbot.waitUntil(lambda: view.overlay is not None, timeout=60_000)
    overlay, explained = session.classes, session.explanation
    assert overlay is not None
    assert explained is not None
    assert overlay.regions[0].name == explained.target, "the predicted class has most response"
    session.change_style(threshold=0.8)
    assert session.classes is not None
    assert session.classes.regions[0].area < overlay.regions[0].area
    session.change_style(smoothing=0.0)
    qtbot.waitUntil(lambda: session.classes is not None and session.classes.maps.sigma == 0)
    session.show_layer(2)
    assert session.classes is None


def test_classes_of_another_answer_are_dropped(qtbot: QtBot, workbench: Workbench) -> None:
    session = workbench.session
    session.change_style(visible=True, shows="classes")
    qtbot.waitUntil(lambda: session.classes is not None, timeout=60_000)
    first, before = session.classes, session.explanation
    session.set_method(PRESETS["CLEAR"])
    qtbot.waitUntil(lambda: session.explanation is not before, timeout=60_000)
    assert session.classes is not first
    qtbot.waitUntil(lambda: session.classes is not None, timeout=60_000)
    assert session.classes is not None
    assert first is not None
    assert session.classes.maximum != pytest.approx(first.maximum)
    session.audit.set_blind(True)
    assert session.audit.concealed
    assert session.classes is None


def test_nothing_is_claimed_to_be_known_of_a_method_without_a_name(
    qtbot: QtBot, workbench: Workbench
) -> None:
    session = workbench.session
    before = session.explanation
    session.set_method(Method("linear", "uniform", "average"))
    qtbot.waitUntil(
        lambda: session.explanation is not None and session.explanation is not before,
        timeout=60_000,
    )
    assert session.explanation is not None
    about_maps = [item.outcome for item in session.explanation.evidence]
    assert about_maps
    assert "pass" not in about_maps, session.explanation.evidence
