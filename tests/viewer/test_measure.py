"""Lengths, angles and statistics of regions, held against geometry and numpy."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from viewer.dicom.frame import Frame
from viewer.dicom.window import LookupTable
from viewer.render.measure import (
    Region,
    Ruler,
    Statistics,
    angle,
    area,
    inside,
    length,
    ruler_of,
    statistics,
)

_TALL = (1.0, 0.5)  # mm between rows, between columns
_sides = st.floats(-20, 80, allow_nan=False)
_kinds = st.sampled_from(("rectangle", "ellipse"))


def _mask(region: Region, size: tuple[int, int]) -> NDArray[np.bool_]:
    """Pixel by pixel, as one would say it."""
    kind, (left, top, right, bottom) = region
    found = np.zeros(size, bool)
    for row in range(size[0]):
        for column in range(size[1]):
            x, y = column + 0.5, row + 0.5
            if kind == "rectangle":
                found[row, column] = left <= x <= right and top <= y <= bottom
            elif right > left and bottom > top:
                across = (x - (left + right) / 2) / ((right - left) / 2)
                down = (y - (top + bottom) / 2) / ((bottom - top) / 2)
                found[row, column] = across * across + down * down <= 1
    return found


def _same(found: Statistics, values: NDArray[np.float64]) -> None:
    """The statistics are numpy's of these values."""
    assert found.count == len(values)
    if not len(values):
        assert math.isnan(found.mean)
        return
    assert (found.least, found.most) == (values.min(), values.max())
    assert found.median == np.median(values)
    scale = max(1.0, float(np.abs(values).max()))
    assert found.mean == pytest.approx(values.mean(), rel=1e-12, abs=1e-12 * scale)
    assert found.sd == pytest.approx(values.std(), rel=1e-9, abs=1e-9 * scale)


@settings(max_examples=120, deadline=None)
@given(_kinds, _sides, _sides, _sides, _sides, st.sampled_from(("u1", "u2", "i2", "i4", "f4")))
def test_statistics_are_those_of_numpy_on_the_mask(
    kind: Any, x1: float, y1: float, x2: float, y2: float, form: str
) -> None:
    pixels = np.random.default_rng(5).normal(90, 60, (50, 60)).clip(0, 250).astype(form)
    region = (kind, (min(x1, x2), min(y1, y2), max(x1, x2), max(y1, y2)))
    frame = Frame(pixels, slope=0.5, intercept=-1024)
    mask = _mask(region, frame.size)
    _same(statistics(frame, region), (pixels.astype(np.float64) * 0.5 - 1024)[mask])


def test_a_large_region_goes_band_by_band_and_comes_to_the_same() -> None:
    pixels = np.random.default_rng(1).integers(-2000, 3000, (1500, 1400)).astype(np.int16)
    region: Region = ("ellipse", (10.2, 20.7, 1390.0, 1490.0))
    mask = inside(region, range(1500), range(1400))
    _same(statistics(Frame(pixels, intercept=-24), region), pixels[mask].astype(np.float64) - 24)
    floats = Frame(pixels.astype(np.float32))
    _same(statistics(floats, region), pixels[mask].astype(np.float64))


def test_padding_and_what_is_no_number_are_left_out_and_counted() -> None:
    pixels = np.full((10, 10), 7, np.int16)
    pixels[:5] = -2000
    whole: Region = ("rectangle", (0, 0, 10, 10))
    found = statistics(Frame(pixels, padding=(-2000, -2000)), whole)
    assert (found.count, found.padding, found.void, found.mean, found.sd) == (50, 50, 0, 7, 0)
    floats = np.full((10, 10), 2.5, np.float32)
    floats[0], floats[1, 0] = np.nan, np.inf
    found = statistics(Frame(floats), whole)
    assert (found.count, found.padding, found.void, found.median) == (89, 0, 11, 2.5)
    assert statistics(Frame(np.full((4, 4), np.nan, np.float32)), whole).count == 0
    nothing = statistics(Frame(pixels, padding=(-9999, 9999)), whole)
    assert (nothing.count, nothing.padding) == (0, 100)


def test_values_near_the_end_of_numbers_do_no_harm() -> None:
    found = statistics(Frame(np.full((4, 4), 1e308)), ("rectangle", (0, 0, 4, 4)))
    assert found.count == 16
    assert found.least == found.most == 1e308


def test_values_go_through_the_modality_table() -> None:
    table = LookupTable(0, np.array([900, 100, 500], np.uint16), 16)
    pixels = np.array([[0, 1, 2, 2]], np.uint8)
    found = statistics(Frame(pixels, modality_lut=table), ("rectangle", (0, 0, 4, 1)))
    _same(found, np.array([900.0, 100, 500, 500]))


def test_colour_is_measured_by_its_luma() -> None:
    pixels = np.random.default_rng(2).integers(0, 256, (9, 8, 3)).astype(np.uint8)
    frame = Frame(pixels)
    found = statistics(frame, ("ellipse", (1, 1, 7, 8)))
    mask = inside(("ellipse", (1, 1, 7, 8)), range(9), range(8))
    _same(found, frame.modality_values()[mask].astype(np.float64))


def test_lengths_respect_pixels_that_are_not_square() -> None:
    ruler = ruler_of(Frame(np.zeros((4, 4), np.uint8), spacing=_TALL, spacing_kind="calibrated"))
    assert (ruler.across, ruler.down, ruler.unit, ruler.kind) == (0.5, 1.0, "mm", "calibrated")
    assert length((0, 0), (8, 3), ruler) == pytest.approx(5.0)
    assert area(("rectangle", (0, 0, 8, 3)), ruler) == pytest.approx(12.0)
    assert area(("ellipse", (0, 0, 8, 3)), ruler) == pytest.approx(math.pi * 3.0)


def test_without_spacing_there_are_pixels_and_it_is_said() -> None:
    ruler = ruler_of(Frame(np.zeros((4, 4), np.uint8), aspect_ratio=2.0))
    assert (ruler.unit, ruler.kind) == ("px", "spacing unknown")
    assert length((0, 0), (0, 5), ruler) == 10.0, "as wide as columns are apart"


def test_angles_respect_pixels_that_are_not_square() -> None:
    tall = Ruler(0.5, 1.0, "mm", "")
    assert angle((10, 0), (0, 0), (0, 10), tall) == pytest.approx(90)
    assert angle((2, 1), (0, 0), (2, 0), tall) == pytest.approx(45)
    assert angle((2, 1), (0, 0), (2, 0), Ruler()) == pytest.approx(math.degrees(math.atan(0.5)))


@given(st.floats(0, 360), st.floats(0, 180), st.booleans())
def test_an_angle_is_the_same_however_it_lies(start: float, wide: float, swapped: bool) -> None:
    legs = [math.radians(start), math.radians(start + wide)]
    ends = [(100 + 50 * math.cos(leg), 100 + 70 * math.sin(leg)) for leg in legs]
    squeezed = Ruler(1.0, 50 / 70)
    first, second = ends[::-1] if swapped else ends
    assert angle(first, (100, 100), second, squeezed) == pytest.approx(wide, abs=1e-4)


def test_an_angle_without_a_leg_is_none() -> None:
    assert math.isnan(angle((3, 3), (3, 3), (9, 9), Ruler()))
