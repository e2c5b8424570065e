"""Where an image meets its padding there is nothing in between, at any size on the screen."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from PySide6.QtCore import QRect
from PySide6.QtGui import QTransform

from viewer.canvas.sampling import sample
from viewer.dicom.frame import Frame
from viewer.dicom.window import Window
from viewer.render.pyramid import Pyramid

PLACE = QRect(0, 0, 400, 300)
SCALES = (0.11, 0.25, 0.4, 0.5, 0.77, 1.0, 1.6, 5.0, 9.0)


def _shown(pyramid: Pyramid, scale: float, window: Window, invert: bool = False) -> set[int]:
    """The greys on a screen that is full of the image's middle."""
    height, width = pyramid.frame.size
    transform = QTransform.fromTranslate(-width / 2, -height / 2) * QTransform.fromScale(
        scale, scale
    )
    transform *= QTransform.fromTranslate(PLACE.width() / 2 + 0.3, PLACE.height() / 2 + 0.6)
    found = sample(pyramid, transform, 1.0, PLACE)
    assert found is not None
    into = np.empty(found.values.shape, np.uint32)
    pyramid.paint(found.values, window, invert, into)
    return {int(grey) for grey in np.unique(into & 0xFF)}


@pytest.mark.parametrize("dtype", [np.uint8, np.int8, np.uint16, np.int16, np.int32, np.float32])
@pytest.mark.parametrize("at_top", [False, True])
def test_no_rim_at_either_end_of_the_range(dtype: type, at_top: bool) -> None:
    limits = (-100, 110) if np.dtype(dtype).kind != "u" else (0, 110)
    padding = limits[1] if at_top else limits[0]
    pixels = np.full((901, 1203), 50, dtype)
    pixels[:300] = pixels[:, 611:] = padding
    pixels[450:470, 300:333] = padding
    window = Window(50.0, 300.0, "LINEAR_EXACT")
    for inverted, scale in product((False, True), SCALES):
        frame = Frame(pixels, inverted=inverted, padding=(padding, padding))
        pyramid = Pyramid.of(frame)
        assert pyramid.padded
        shown = sorted(_shown(pyramid, scale, window))
        assert shown == [0, 128], (scale, "padding and the image, no rim")


def test_a_mean_that_is_the_number_of_padding_is_none() -> None:
    """Values on both sides of it lie beside one another everywhere."""
    pixels = np.full((800, 800), 98, np.int16)
    pixels[::2, ::2] = pixels[1::2, 1::2] = 102
    pixels[:40] = 100
    pyramid = Pyramid.of(Frame(pixels, padding=(100, 100)))
    for level in pyramid.levels[1:]:
        rows = 40 * level.shape[0] // 800
        assert not (level[rows + 1 :] == 100).any()
    for scale in (0.55, 0.8, 1.3):
        assert 0 not in _shown(pyramid, scale, Window(100.0, 40.0, "LINEAR_EXACT"))


def test_only_padding_that_is_there_costs_something() -> None:
    pixels = np.full((600, 600), 50, np.uint16)
    bare, said = Pyramid.of(Frame(pixels)), Pyramid.of(Frame(pixels, padding=(9, 9)))
    assert not said.padded
    assert said.nbytes == bare.nbytes
    pixels[0, 0] = 9
    there = Pyramid.of(Frame(pixels, padding=(9, 9)))
    assert there.padded
    assert there.nbytes == bare.nbytes + sum(level.size for level in there.levels)
