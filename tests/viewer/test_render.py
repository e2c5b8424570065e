"""From raw maps to what is shown, on cases that can be worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from engine.geometry import InputGeometry
from engine.results import Explanation, LayerResponse, Method, ModelIdentity, Prediction
from engine.smoothing import smooth
from viewer.dicom.frame import Frame, to_grey
from viewer.dicom.window import Window
from viewer.panels.threshold_plot import shares_above
from viewer.render import colour_maps
from viewer.render.overlay import OverlayMaker, colourise
from viewer.render.pyramid import Pyramid
from viewer.render.style import OverlayStyle


def explanation(*maps: np.ndarray, frame: tuple[int, int] = (64, 64)) -> Explanation:
    """An explanation with the given raw maps, each (S, S), of layers on an (S/8)² grid."""
    side = maps[0].shape[0]
    layers = tuple(
        LayerResponse(f"layer{n}", n, (3, side // 8, side // 8), values.astype(np.float32))
        for n, values in enumerate(maps, start=1)
    )
    return Explanation(
        model=ModelIdentity("m", "1", "0" * 64, "none", ("a", "b")),
        device="CPU",
        method=Method("gradient", "full"),
        target="a",
        predictions=(Prediction("a", 0.75), Prediction("b", 0.25)),
        layers=layers,
        geometry=InputGeometry.fit(frame, side),
        input_image=np.zeros((side, side), np.float32),
        class_responses=None,
        seconds=0.0,
    )


RAW = OverlayStyle(visible=True, smoothing=0.0, threshold=0.5)


def test_threshold_gives_area_mass_and_a_contour_in_frame_pixels() -> None:
    values = np.zeros((32, 32))
    values[8:16, 4:20] = 2.0
    values[20, 20] = 0.5
    values[0, 0] = -9.0
    overlay = OverlayMaker(explanation(values, frame=(320, 320))).overlay(0, RAW)
    assert overlay.maximum == 2.0
    assert overlay.level == 1.0
    assert overlay.area == pytest.approx(8 * 16 / 32**2)
    assert overlay.mass == pytest.approx(256 / 256.5)
    (line,) = overlay.lines
    low, high = line.min(0), line.max(0)
    assert low == pytest.approx([40, 80], abs=1e-6)
    assert high == pytest.approx([200, 160], abs=1e-6)
    assert overlay.value_at(41, 81) == 2.0
    assert overlay.value_at(39, 81) == 0.0


def test_padding_of_the_model_input_is_no_part_of_the_frame() -> None:
    values = np.ones((32, 32))
    values[:, :8] = values[:, 24:] = 100.0  # the letterbox beside a frame twice as tall as wide
    overlay = OverlayMaker(explanation(values, frame=(200, 100))).overlay(0, RAW)
    assert overlay.values.shape == (32, 16)
    assert overlay.maximum == 1.0


def test_shared_range_is_that_of_the_strongest_layer() -> None:
    maker = OverlayMaker(explanation(np.full((16, 16), 1.0), np.full((16, 16), 4.0)))
    alone = maker.overlay(0, RAW)
    shared = maker.overlay(0, OverlayStyle(smoothing=0.0, shared_range=True))
    assert (alone.maximum, shared.maximum) == (1.0, 4.0)


def test_a_layer_without_positive_response_has_no_overlay() -> None:
    overlay = OverlayMaker(explanation(np.full((16, 16), -1.0))).overlay(0, RAW)
    assert overlay.maximum == 0
    assert overlay.lines == ()
    assert (overlay.area, overlay.mass) == (0, 0)


def test_smoothing_keeps_the_mass_and_the_place() -> None:
    values = np.zeros((41, 41), np.float32)
    values[20, 14] = 1.0
    smoothed = smooth(values, 2.0)
    assert smoothed.sum() == pytest.approx(1.0, abs=1e-5)
    assert np.unravel_index(smoothed.argmax(), smoothed.shape) == (20, 14)
    spread = (np.arange(41) - 14) ** 2 @ smoothed.sum(0)
    assert spread == pytest.approx(4.0, rel=0.05), "variance σ²"
    assert smooth(values, 0.0) is values


def test_smoothing_is_display_only() -> None:
    values = np.random.default_rng(1).normal(size=(32, 32))
    made = explanation(values)
    OverlayMaker(made).overlay(0, OverlayStyle(smoothing=2.0))
    assert np.array_equal(made.layers[0].values, values.astype(np.float32))


def test_colours_run_from_zero_to_the_maximum_and_are_clipped() -> None:
    table = colour_maps.table("viridis")
    shown = colourise(np.array([[-1.0, 0.0, 5.0, 10.0, 20.0]], np.float32), 10.0, "viridis")
    assert np.array_equal(shown[0], table[[0, 0, 127, 255, 255]])


@pytest.mark.parametrize("name", list(colour_maps.COLOUR_MAPS))
def test_every_colour_map_is_there(name: str) -> None:
    assert colour_maps.table(name).shape == (256, 3)
    assert len(np.unique(colour_maps.table(name), axis=0)) > 200


def test_shares_above_each_threshold_by_hand() -> None:
    values = np.array([[0.0, 1.0], [3.0, 4.0]])
    overlay = OverlayMaker(explanation(np.kron(values, np.ones((8, 8))))).overlay(0, RAW)
    area, mass = shares_above(overlay)
    assert area[[0, 20, 50, 100]] == pytest.approx([0.75, 0.75, 0.5, 0.0])
    assert mass[[0, 30, 80, 100]] == pytest.approx([1.0, 7 / 8, 0.5, 0.0])


@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.uint16, np.int32, np.float32])
def test_full_resolution_is_the_standards_grey(dtype: type) -> None:
    pixels = np.random.default_rng(2).integers(-90 if dtype != np.uint8 else 0, 120, (70, 90))
    if np.dtype(dtype).kind == "u":
        pixels = np.abs(pixels)
    frame = Frame(pixels=pixels.astype(dtype), slope=2.0, intercept=-10.0, inverted=True)
    window = Window(40.0, 200.0)
    shown = Pyramid.of(frame).shown(0, window)
    difference = np.abs(shown.astype(int) - to_grey(frame, window).astype(int))
    assert difference.max() <= (0 if np.dtype(dtype).itemsize <= 2 else 1)


def test_each_level_is_the_mean_of_the_one_below() -> None:
    pixels = np.random.default_rng(3).integers(0, 4096, (515, 700)).astype(np.uint16)
    pyramid = Pyramid.of(Frame(pixels=pixels))
    first, second = pyramid.levels[:2]
    assert second.shape == (257, 350)
    blocks = first[:514, :700].reshape(257, 2, 350, 2).mean((1, 3))
    assert np.abs(second - blocks).max() <= 0.5


def test_the_level_has_at_least_a_pixel_for_every_screen_pixel() -> None:
    pyramid = Pyramid.of(Frame(pixels=np.zeros((4096, 4096), np.uint16)))
    for scale in (2.0, 1.0, 0.7, 0.5, 0.3, 0.25, 0.1):
        level = pyramid.level_for(scale)
        assert scale * 2**level <= 1.0 or level == 0
        last = len(pyramid.levels) - 1
        assert level == last or scale * 2 ** (level + 1) > 1.0


def test_padding_and_outliers_of_float_images_do_not_take_the_greys() -> None:
    pixels = np.random.default_rng(4).random((80, 80)).astype(np.float32)
    pixels[:8] = -3.4e38
    pixels[8, 0], pixels[8, 1] = 1e30, np.nan
    frame = Frame(pixels=pixels, padding=(-3.4e38, -3.3e38))
    window = Window(0.5, 1.0, "LINEAR_EXACT")
    for inverted in (False, True):
        shown = Pyramid.of(frame).shown(0, window, inverted).astype(int)
        assert np.abs(shown - to_grey(frame, window, inverted)).max() <= 1
