"""Signed maps, the native grid and the strongest point, worked out by hand and painted."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QSizeF
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

import resources
from engine.presets import PRESETS
from engine.results import Method
from tests.viewer.test_canvas import pixels_of
from tests.viewer.test_render import explanation
from viewer.canvas.compose import compose
from viewer.canvas.scene import Scene, make_footer
from viewer.canvas.view import View
from viewer.dicom.frame import Frame
from viewer.dicom.scan import scan
from viewer.dicom.window import Window
from viewer.exporters.picture import as_on_screen
from viewer.panels.layer_strip import LayerStrip, thumbnail
from viewer.panels.layer_tile import PICTURE
from viewer.panels.overlay_controls import OverlayControls
from viewer.panels.plotting import PlotLoader
from viewer.panels.prediction import PredictionPanel
from viewer.panels.threshold_plot import shares_above
from viewer.render import colour_maps
from viewer.render.overlay import OverlayMaker, colourise
from viewer.render.pyramid import Pyramid
from viewer.render.style import OverlayStyle
from viewer.state.document import Document
from viewer.state.lane import Lane
from viewer.state.place import OpenFrame, Place
from viewer.state.session import Session

RAW = OverlayStyle(visible=True, smoothing=0.0, threshold=0.5)
SIGNED = replace(RAW, signed=True)


@pytest.fixture
def session(qtbot: QtBot) -> Iterator[Session]:
    made = Session()
    yield made
    made.deleteLater()
    QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


def two_signs() -> np.ndarray:
    """4 for 8 × 8, -4 for 16 × 8 and 1 for 4 × 4 of 64 × 64 values."""
    values = np.zeros((64, 64))
    values[8:16, 8:16] = 4.0
    values[40:56, 40:48] = -4.0
    values[30:34, 4:8] = 1.0
    return values


def scene_with(values: np.ndarray, style: OverlayStyle) -> Scene:
    """Over a black frame of 640 × 640."""
    made = explanation(values, frame=(640, 640))
    place = Place(scan(resources.sample_files()).studies[0].series[0], 0)
    pyramid = Pyramid.of(Frame(pixels=np.zeros((640, 640), np.uint16)))
    overlay = OverlayMaker(made).overlay(0, style)
    scene = compose(place, pyramid, Window(500, 1000), made, overlay, corner_text=False)
    return replace(scene, orientation=None, footer=())


def painted(scene: Scene) -> np.ndarray:
    """RGB of the frame alone, a pixel of the picture for each of its own."""
    image: QImage = as_on_screen(scene, QSizeF(640, 640 + 24), View(1.0), 1.0)
    return pixels_of(image)[:640].astype(int)


def test_signed_share_and_area_are_those_of_the_magnitude() -> None:
    overlay = OverlayMaker(explanation(two_signs())).overlay(0, SIGNED)
    assert (overlay.minimum, overlay.maximum, overlay.level) == (-4.0, 4.0, 2.0)
    assert overlay.area == pytest.approx((64 + 128) / 64**2)
    assert overlay.mass == pytest.approx((4 * 64 + 4 * 128) / (4 * 64 + 4 * 128 + 16))
    area, mass = shares_above(overlay)
    assert area[50] == pytest.approx(overlay.area)
    assert mass[50] == pytest.approx(overlay.mass)
    assert overlay.value_at(44, 44) == -4.0


def test_both_signs_have_contours_of_their_own() -> None:
    overlay = OverlayMaker(explanation(two_signs())).overlay(0, SIGNED)
    (above,), (below,) = overlay.lines, overlay.negative_lines
    assert above.min(0) == pytest.approx([8, 8], abs=0.01)
    assert below.min(0) == pytest.approx([40, 40], abs=0.01)
    assert below.max(0) == pytest.approx([48, 56], abs=0.01)


def test_positive_maps_know_nothing_of_the_other_sign() -> None:
    overlay = OverlayMaker(explanation(two_signs())).overlay(0, RAW)
    assert (overlay.minimum, overlay.maximum, overlay.negative_lines) == (0.0, 4.0, ())
    assert overlay.mass == pytest.approx(256 / 272)
    assert overlay.value_at(44, 44) == 0.0


def test_signed_smoothing_lets_signs_cancel_and_keeps_both_at_hand() -> None:
    maker = OverlayMaker(explanation(two_signs()))
    signed, positive = maker.values(0, 1.0, True), maker.values(0, 1.0)
    assert signed.min() < -3
    assert positive.min() == 0
    assert maker.values(0, 1.0, True) is signed, "kept beside the positive one"


@pytest.mark.parametrize("name", list(colour_maps.DIVERGING_MAPS))
def test_diverging_maps_are_even_about_their_middle(name: str) -> None:
    values = np.array([[-20.0, -10.0, 0.0, 10.0, 20.0]], np.float32)
    shown = colourise(values, 10.0, name, signed=True)[0]
    table = colour_maps.table(name)
    assert np.array_equal(shown, table[[0, 0, 128, 255, 255]])
    ends = np.abs(table[0].astype(int) - table[255].astype(int)).sum()
    assert ends > 80, "the ends are told apart"
    assert colour_maps.accent(name) != colour_maps.accent(name, negative=True)


def test_negative_contours_are_dashed_and_positive_ones_are_not(qtbot: QtBot) -> None:
    values = np.zeros((64, 64))
    values[8:24, 8:24], values[40:56, 40:56] = 4.0, -4.0
    shown = painted(scene_with(values, replace(SIGNED, fill=False))).max(2)
    solid = shown[150:170, 78:83].max(1)  # along the left edges, corners left out
    dashed = shown[420:540, 398:403].max(1)
    assert solid.min() > 100
    assert dashed.max() > 100
    assert dashed.min() < 60


def test_signed_colours_are_painted_on_both_sides(qtbot: QtBot) -> None:
    style = replace(SIGNED, contours=False, opacity=1.0)
    shown = painted(scene_with(two_signs(), style))
    table = colour_maps.table(style.diverging_map).astype(int)
    assert np.abs(shown[120, 120] - table[255]).max() <= 2
    assert np.abs(shown[480, 440] - table[0]).max() <= 2
    assert shown[320, 60].max() == 0, "below the threshold"


def test_the_footer_says_signed() -> None:
    maker = OverlayMaker(explanation(two_signs()))
    signed = " ".join(make_footer(maker.explanation, maker.overlay(0, SIGNED)))
    positive = " ".join(make_footer(maker.explanation, maker.overlay(0, RAW)))
    assert "signed" in signed
    assert "range −4 – +4" in signed
    assert "signed" not in positive
    assert "positive part · raw" in positive
    assert "range 0 – 4 (this layer, rescaled)" in positive
    other = replace(maker.explanation, method=Method("linear", "full", "nearest"))
    assert "un-pooling nearest" in " ".join(make_footer(other, maker.overlay(0, RAW)))


def test_the_native_grid_leaves_the_padding_out() -> None:
    made = explanation(np.ones((64, 64)), frame=(200, 100))  # fitted: 64 × 32, 16 from the left
    grid = OverlayMaker(made).overlay(0, RAW).grid
    assert grid.size == (8, 8)
    assert grid.down == pytest.approx(np.arange(9) * 25.0)
    assert grid.across == pytest.approx([0, 25, 50, 75, 100]), "cells 2 to 5 of 8"
    assert grid.words == "8 × 8 grid"


def test_the_grid_is_painted_on_the_frame_if_wanted(qtbot: QtBot) -> None:
    style = replace(RAW, fill=False, contours=False)
    without = painted(scene_with(two_signs(), style))
    with_grid = painted(scene_with(two_signs(), replace(style, grid=True)))
    changed = np.abs(with_grid - without).max(2)[:, :400] > 20
    rows = np.flatnonzero(changed.mean(1) > 0.9)
    assert {round(row / 80) for row in rows.tolist()} >= set(range(1, 8))
    assert not changed[100:140, 100:140].any(), "inside a cell"


@pytest.mark.parametrize(("style", "expected"), [(RAW, (125, 125)), (SIGNED, (445, 485))])
def test_the_strongest_point_is_marked(
    qtbot: QtBot, style: OverlayStyle, expected: tuple[float, float]
) -> None:
    values = two_signs()
    values[12, 12], values[48, 44] = 5.0, -6.0
    scene = scene_with(values, replace(style, fill=False, contours=False))
    assert scene.overlay is not None
    assert scene.overlay.peak == expected
    marking = replace(scene.overlay.style, mark_maximum=True)
    marked = replace(scene, overlay=replace(scene.overlay, style=marking))
    changed = painted(marked) - painted(scene)
    rows, columns = np.nonzero(np.abs(changed).max(2)[:, :500] > 100)
    assert (columns.mean(), rows.mean()) == pytest.approx(expected, abs=1.0)


def test_nothing_has_no_strongest_point() -> None:
    assert OverlayMaker(explanation(np.zeros((16, 16)))).overlay(0, SIGNED).peak is None


def test_thumbnails_follow_the_sign() -> None:
    maker, grey = OverlayMaker(explanation(two_signs())), np.zeros((64, 64), np.uint8)
    positive, signed = thumbnail(maker, 0, RAW, grey), thumbnail(maker, 0, SIGNED, grey)
    assert positive[48, 44].max() == 0
    assert signed[48, 44].max() > 100


@pytest.fixture
def controls(qtbot: QtBot, session: Session) -> Iterator[OverlayControls]:
    made = OverlayControls(session)
    qtbot.addWidget(made)
    yield made
    for lane in made.findChildren(Lane):
        lane.close()
    for loader in made.findChildren(PlotLoader):
        loader.close()


def test_controls_set_and_show_the_kind(controls: OverlayControls, session: Session) -> None:
    session.set_explanation(OverlayMaker(explanation(two_signs())))
    controls.switches["signed"].setChecked(True)
    assert session.style.signed
    assert "signs left out" in controls.reading.text()
    offered = [controls.colour_map.itemText(row) for row in range(controls.colour_map.count())]
    assert offered == list(colour_maps.DIVERGING_MAPS)
    controls.colour_map.textActivated.emit("vik")
    assert (session.style.diverging_map, session.style.colour_map) == ("vik", "plasma")
    controls.switches["signed"].setChecked(False)
    assert controls.colour_map.currentText() == "plasma"
    controls.shows.textActivated.emit("dominant class")
    assert session.style.shows == "classes"
    assert not controls.switches["signed"].isEnabled()


def test_a_method_can_be_put_together_by_hand(controls: OverlayControls, session: Session) -> None:
    method = controls.method
    controls.show()
    assert not method.rule.isVisible()
    method.preset.textActivated.emit("custom")
    assert method.rule.isVisible()
    assert session.method == PRESETS["class gradient"], "opening the lists changes nothing"
    method.rule.setCurrentText("linear")
    method.rule.textActivated.emit("linear")
    assert session.method == Method("linear", "class")
    method.unpooling.setCurrentText("average")
    method.unpooling.textActivated.emit("average")
    assert session.method == Method("linear", "class", "average")
    method.preset.textActivated.emit("published ARM")
    assert session.method == PRESETS["published ARM"]
    assert not method.rule.isVisible()
    assert (method.rule.currentText(), method.seed.currentText()) == ("guided", "peak")


def test_the_strip_says_the_lift_on_a_landmark(qtbot: QtBot, session: Session) -> None:
    strip = LayerStrip(session)
    qtbot.addWidget(strip)
    place = Place(scan(resources.sample_files()).studies[0].series[0], 0)
    session.set_place(place)
    session.set_frame(OpenFrame(place, Pyramid.of(Frame(pixels=np.zeros((64, 64), np.uint16)))))
    session.set_explanation(OverlayMaker(explanation(two_signs(), two_signs())))
    qtbot.waitUntil(lambda: strip.list.count() == 2)  # after the scan
    assert strip.list.item(0).text() == "layer1\n8 × 8 · 3"
    session.set_lifts({"layer1": 1.84})
    assert strip.list.item(0).text().endswith("\nlift 1.8")
    assert strip.list.item(1).text().endswith("\nlift –")
    session.set_lifts({})
    assert strip.list.item(0).text() == "layer1\n8 × 8 · 3"
    qtbot.waitUntil(lambda: strip.list.item(1).data(PICTURE) is not None)  # the thumbnails follow
    for lane in strip.findChildren(Lane):
        assert lane.close()


def test_the_prediction_says_why_it_is_kept_back(qtbot: QtBot, session: Session) -> None:
    panel = PredictionPanel(session)
    qtbot.addWidget(panel)
    session.set_explanation(OverlayMaker(explanation(two_signs())))
    qtbot.waitUntil(lambda: panel.rows.count() == 2)  # after the scan
    session.audit.open("an image", Document())
    session.audit.set_blind(True)
    assert panel.rows.count() == 0, "at once"
    assert "Review tab" in panel.notice.label.text()
    session.audit.set_blind(False)
    qtbot.waitUntil(lambda: panel.rows.count() == 2)
    assert "Review tab" not in panel.notice.label.text()
