"""Contours: sub-pixel exact, in the corner convention, closed along the border."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from engine.contours import contours

Line = NDArray[np.float64]


def _area(line: Line) -> float:
    """Signed area of a closed polygon (the shoelace formula)."""
    x, y = line[:-1].T
    next_x, next_y = line[1:].T
    return float(0.5 * (x * next_y - next_x * y).sum())


def _cone(size: tuple[int, int], centre: tuple[float, float], top: float) -> NDArray[np.float32]:
    """``top`` minus the distance of each pixel's centre to ``centre`` (x, y)."""
    y, x = np.mgrid[: size[0], : size[1]] + 0.5
    return np.asarray(top - np.hypot(x - centre[0], y - centre[1]), np.float32)


@settings(derandomize=True, deadline=None, max_examples=40, database=None)
@given(st.floats(17, 23), st.floats(15, 21), st.floats(4, 12))
def test_a_disc_has_its_radius_centre_and_area(x: float, y: float, radius: float) -> None:
    """The level set of a cone is a circle; lines at half its height lie between pixels."""
    (line,) = contours(_cone((36, 40), (x, y), 20.0), 20.0 - radius)
    assert np.array_equal(line[0], line[-1])
    radii = np.hypot(line[:, 0] - x, line[:, 1] - y)
    assert float(np.abs(radii - radius).max()) < 0.04
    assert abs(_area(line)) == pytest.approx(math.pi * radius**2, rel=0.02)
    assert float(abs(line[:-1, 0].max() + line[:-1, 0].min()) / 2) == pytest.approx(x, abs=0.1)


@pytest.mark.parametrize("place", [(3, 2), (0, 0), (6, 4), (0, 3), (5, 0)])
def test_a_single_bright_pixel_is_ringed_around_its_centre(place: tuple[int, int]) -> None:
    x, y = place
    values = np.zeros((5, 7), np.float32)
    values[y, x] = 1
    (line,) = contours(values, 0.5)
    assert np.array_equal(line[0], line[-1])
    inside = 0 < x < 6 and 0 < y < 4
    if inside:
        assert line[:-1].mean(0) == pytest.approx([x + 0.5, y + 0.5], abs=1e-9)
        assert line.min(0) == pytest.approx([x, y])
        assert line.max(0) == pytest.approx([x + 1, y + 1])
    low, high = line.min(0), line.max(0)
    assert bool((low < (x + 0.5, y + 0.5)).all())
    assert bool((high > (x + 0.5, y + 0.5)).all())


def test_where_between_two_pixels_the_line_lies() -> None:
    """From 0 at x = 1.5 to 4 at x = 2.5: level 1 is crossed at 1.75, level 3 at 2.25."""
    values = np.zeros((6, 4), np.float32)
    values[:, 2:] = 4
    for level, x in ((1.0, 1.75), (3.0, 2.25)):
        (line,) = contours(values, level)
        middle = line[(line[:, 1] > 1) & (line[:, 1] < 5) & (line[:, 0] < 3)]
        assert len(middle) > 0
        assert middle[:, 0] == pytest.approx(np.full(len(middle), x))


@pytest.mark.parametrize("top", [20.0, 0.0, -20.0, 1000.0])  # maps are signed
def test_a_region_at_the_border_is_closed_along_it(top: float) -> None:
    (line,) = contours(_cone((20, 30), (0.0, 10.0), top), top - 6)  # half a disc of radius 6
    assert np.array_equal(line[0], line[-1])
    assert bool((line >= 0).all())
    assert bool((line <= (30, 20)).all())
    assert float(line[:, 0].min()) == pytest.approx(0, abs=1e-6)
    assert abs(_area(line)) == pytest.approx(math.pi * 6**2 / 2, rel=0.02)


@settings(derandomize=True, deadline=None, max_examples=40, database=None)
@given(st.integers(0, 10_000), st.floats(0.05, 0.95))
def test_every_line_is_closed_and_inside_and_parts_high_from_low(seed: int, share: float) -> None:
    values = np.random.default_rng(seed).random((7, 9), dtype=np.float32)
    level = float(np.quantile(values, share))
    lines = contours(values, level)
    for line in lines:
        assert line.dtype == np.float64
        assert line.shape[1] == 2
        assert np.array_equal(line[0], line[-1])
        assert bool((line >= 0).all())
        assert bool((line <= (9, 7)).all())
    for y, x in np.ndindex(values.shape):
        if abs(values[y, x] - level) < 1e-3:
            continue
        turns = sum(_turns(line, x + 0.5, y + 0.5) for line in lines)
        assert (round(turns) != 0) == (values[y, x] > level)


def _turns(line: Line, x: float, y: float) -> float:
    """How often ``line`` winds around a point."""
    angles = np.unwrap(np.arctan2(line[:, 1] - y, line[:, 0] - x))
    return float((angles[-1] - angles[0]) / (2 * math.pi))


@pytest.mark.parametrize("level", [1.0, 2.0, math.nan, math.inf])
def test_a_level_that_nothing_exceeds_has_no_line(level: float) -> None:
    values = np.linspace(0, 1, 12, dtype=np.float32).reshape(3, 4)
    assert contours(values, level) == []


@pytest.mark.parametrize("level", [-1.0, -1e-9])
def test_a_level_below_all_values_goes_around_the_map(level: float) -> None:
    (line,) = contours(np.linspace(0, 1, 12, dtype=np.float32).reshape(3, 4), level)
    assert abs(_area(line)) == pytest.approx(12 - 4 * 0.125)  # the four corners are cut


def test_the_lowest_level_leaves_out_what_does_not_respond_at_all() -> None:
    values = np.zeros((8, 8), np.float32)
    values[2:6, 2:6] = 1
    (line,) = contours(values, 0.0)
    assert line.min(0) == pytest.approx([1.5, 1.5])
    assert line.max(0) == pytest.approx([6.5, 6.5])


def test_a_constant_map_has_no_line() -> None:
    assert contours(np.full((4, 5), 2.0, np.float32), 2.0) == []
    assert contours(np.zeros((1, 1), np.float32), 0.0) == []
