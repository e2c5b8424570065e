"""Frame ↔ model input: round trips, the corner convention, the part that shows the frame."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from engine.geometry import InputGeometry

REPEATABLE = settings(derandomize=True, deadline=None, max_examples=150, database=None)
SIDES = st.integers(1, 6000)
INPUTS = st.integers(8, 512)


@REPEATABLE
@given(SIDES, SIDES, INPUTS, st.floats(-100, 7000), st.floats(-100, 7000))
def test_there_and_back_is_where_it_was(
    height: int, width: int, side: int, x: float, y: float
) -> None:
    geometry = InputGeometry.fit((height, width), side)
    points = np.array([[x, y], [y, x]])
    there_and_back = geometry.to_frame(geometry.to_input(points))
    assert np.allclose(there_and_back, points, rtol=0, atol=1e-6)
    back_and_there = geometry.to_input(geometry.to_frame(points))
    assert np.allclose(back_and_there, points, rtol=0, atol=1e-6)


@REPEATABLE
@given(SIDES, SIDES, INPUTS)
def test_the_frame_is_fitted_whole_centred_and_in_proportion(
    height: int, width: int, side: int
) -> None:
    geometry = InputGeometry.fit((height, width), side)
    (x, y), (fitted_height, fitted_width) = geometry.offset, geometry.fitted_size
    assert max(fitted_height, fitted_width) == side
    assert x >= 0
    assert y >= 0
    for start, length in ((x, fitted_width), (y, fitted_height)):
        after = side - start - length
        assert 0 <= after - start <= 1
    exact = side / max(height, width)
    assert abs(fitted_height - height * exact) <= 0.5 or fitted_height == 1
    assert abs(fitted_width - width * exact) <= 0.5 or fitted_width == 1


@REPEATABLE
@given(SIDES, SIDES, INPUTS)
def test_corners_go_to_corners(height: int, width: int, side: int) -> None:
    geometry = InputGeometry.fit((height, width), side)
    (x, y), (fitted_height, fitted_width) = geometry.offset, geometry.fitted_size
    corners = geometry.to_input(np.array([[0.0, 0.0], [width, height]]))
    assert corners == pytest.approx(
        np.array([[x, y], [x + fitted_width, y + fitted_height]]), abs=1e-9
    )


@REPEATABLE
@given(SIDES, SIDES, INPUTS)
def test_the_frame_rect_is_the_whole_input_on_the_frame(height: int, width: int, side: int) -> None:
    geometry = InputGeometry.fit((height, width), side)
    x, y, rect_width, rect_height = geometry.frame_rect()
    corners = geometry.to_input(np.array([[x, y], [x + rect_width, y + rect_height]]))
    assert corners == pytest.approx(np.array([[0.0, 0.0], [side, side]]), abs=1e-6)
    assert x <= 1e-9
    assert y <= 1e-9
    assert x + rect_width >= width - 1e-6
    assert y + rect_height >= height - 1e-6


def test_by_hand() -> None:
    geometry = InputGeometry.fit((100, 50), 20)
    assert geometry == InputGeometry((100, 50), 20, (20, 10), (5, 0))
    assert geometry.scale == (0.2, 0.2)
    centre_of_first_pixel = np.array([0.5, 0.5])
    assert geometry.to_input(centre_of_first_pixel) == pytest.approx([5.1, 0.1])
    assert geometry.to_input(np.array([25.0, 50.0])) == pytest.approx([10.0, 10.0])
    assert geometry.to_frame(np.array([5.5, 0.5])) == pytest.approx([2.5, 2.5])
    assert geometry.frame_rect() == pytest.approx((-25.0, 0.0, 100.0, 100.0))
    wide = InputGeometry.fit((50, 100), 20)
    assert wide == InputGeometry((50, 100), 20, (10, 20), (0, 5))
    assert wide.frame_rect() == pytest.approx((0.0, -25.0, 100.0, 100.0))


def test_points_keep_their_shape_and_order() -> None:
    geometry = InputGeometry.fit((30, 80), 40)
    points = np.arange(24.0).reshape(2, 3, 4, 1) + np.array([0.0, 100.0])
    mapped = geometry.to_input(points)
    assert mapped.shape == points.shape
    assert mapped[1, 2, 3] == pytest.approx(geometry.to_input(points[1, 2, 3]))
    whole = geometry.to_input(np.array([[1, 2], [3, 4]]))  # integers are points too
    assert whole == pytest.approx(geometry.to_input(np.array([[1.0, 2.0], [3.0, 4.0]])))


@pytest.mark.parametrize("size", [(100, 50), (50, 100), (33, 34), (7, 7), (1, 900)])
def test_crop_is_the_part_that_shows_the_frame(size: tuple[int, int]) -> None:
    geometry = InputGeometry.fit(size, 24)
    y, x = np.mgrid[:24, :24].astype(np.float32) + np.float32(0.5)
    frame = geometry.to_frame(np.stack((x, y), -1).astype(np.float64))
    inside = ((frame > 0) & (frame < (size[1], size[0]))).all(-1)
    marked: NDArray[np.float32] = np.asarray(inside, np.float32)
    shown = geometry.crop(marked)
    assert shown.shape == geometry.fitted_size
    assert bool(shown.all())
    assert marked.sum() == shown.size  # and nothing of it lies outside
    stack = np.stack((x, y))
    assert geometry.crop(stack).shape == (2, *geometry.fitted_size)


@pytest.mark.parametrize(("size", "side"), [((0, 5), 8), ((5, 0), 8), ((5, 5), 0), ((-1, 5), 8)])
def test_sizes_that_are_none_are_refused(size: tuple[int, int], side: int) -> None:
    with pytest.raises(ValueError, match="positive"):
        InputGeometry.fit(size, side)


def test_the_aspect_ratio_of_pixels_is_part_of_the_fit() -> None:
    tall = InputGeometry.fit((100, 100), 64, aspect_ratio=2.0)
    assert tall.fitted_size == (64, 32)
    assert tall.to_input(np.array([100.0, 100.0])) == pytest.approx([48, 64])
    with pytest.raises(ValueError, match="positive"):
        InputGeometry.fit((10, 10), 64, aspect_ratio=0.0)
