"""The one way from an image to the model's input."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from engine.errors import RequestError
from engine.preprocess import fit_to_square, normalise
from tests.engine.small_networks import grey_image

SIZES = [(90, 60), (60, 90), (64, 64), (31, 200), (20, 15)]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(("gain", "shift"), [(2.0, 0.0), (0.01, -3.0), (16.0, 5000.0)])
def test_contrast_and_brightness_do_not_change_the_square(
    size: tuple[int, int], gain: float, shift: float
) -> None:
    grey = grey_image(*size)
    square, geometry = fit_to_square(grey, 48)
    again, same = fit_to_square(grey * np.float32(gain) + np.float32(shift), 48)
    assert same == geometry
    assert again == pytest.approx(square, abs=2e-4)
    assert float(square.std()) > 0.1


def test_inversion_changes_the_square_into_its_negative() -> None:
    grey = grey_image(90, 60)
    square, geometry = fit_to_square(grey, 48)
    negative, _ = fit_to_square(grey.max() - grey, 48)
    assert geometry.crop(negative) == pytest.approx(1 - geometry.crop(square), abs=1e-4)
    assert float(np.abs(negative - square).max()) > 0.5


@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.uint16, np.int32, np.float32, np.float64])
def test_the_type_of_the_pixels_does_not_matter(dtype: type) -> None:
    grey = np.clip(grey_image() / 10, 0, 250).astype(np.uint8)
    expected, _ = fit_to_square(grey.astype(np.float32), 32)
    square, _ = fit_to_square(grey.astype(dtype), 32)
    assert square.dtype == np.float32
    assert np.array_equal(square, expected)


def test_memory_layout_does_not_matter_and_the_image_is_left_alone() -> None:
    grey = grey_image()
    before = grey.copy()
    expected, _ = fit_to_square(grey, 32)
    flipped = np.ascontiguousarray(grey[::-1, ::-1])[::-1, ::-1]
    assert np.array_equal(fit_to_square(flipped, 32)[0], expected)
    assert np.array_equal(fit_to_square(np.asfortranarray(grey), 32)[0], expected)
    frozen = grey.view()
    frozen.flags.writeable = False  # as arrays are that were unpickled from bytes
    assert np.array_equal(fit_to_square(frozen, 32)[0], expected)
    assert np.array_equal(grey, before)


@pytest.mark.parametrize("value", [0.0, 7.0, -1000.0, 65_535.0])
@pytest.mark.parametrize("marks", [0, 1])
def test_a_constant_image_is_black(value: float, marks: int) -> None:
    """Rounding while it is fitted is not content; nor is one pixel beyond the percentiles."""
    grey = np.full((300, 200), value, np.float32)
    grey[0, :marks] += 1
    square, geometry = fit_to_square(grey, 24)
    assert square.shape == (24, 24)
    assert not square.any()
    assert geometry.fitted_size == (24, 16)


@pytest.mark.parametrize("size", [*SIZES, (1, 1), (500, 1)])
def test_everything_outside_the_frame_is_black(size: tuple[int, int]) -> None:
    grey = grey_image(*size) + np.float32(1e5)
    square, geometry = fit_to_square(grey, 48)
    assert square.shape == (48, 48)
    assert 0 <= float(square.min()) <= float(square.max()) <= 1
    outside = np.ones((48, 48), bool)
    geometry.crop(outside)[:] = False
    assert not square[outside].any()
    if min(size) > 1:
        assert float(geometry.crop(square).max()) == 1
        assert float(geometry.crop(square).min()) == 0


@pytest.mark.parametrize("size", [(96, 60), (60, 96), (300, 220), (30, 24)])
@pytest.mark.parametrize("side", [48, 49])
def test_content_lands_where_the_geometry_says(size: tuple[int, int], side: int) -> None:
    """A bright blob anywhere in the frame: its centre of mass in the square."""
    for x, y in ((0.5, 0.5), (0.3, 0.6), (0.7, 0.35)):
        centre = np.array([x * size[1], y * size[0]])
        rows, columns = np.mgrid[: size[0], : size[1]] + 0.5
        away = np.hypot(columns - centre[0], rows - centre[1])
        grey = np.exp(-0.5 * (away / (0.08 * min(size))) ** 2)
        square, geometry = fit_to_square(grey, side)
        mass = np.where(square > 0.2, square, 0).astype(np.float64)
        found_y, found_x = ((np.mgrid[:side, :side] + 0.5) * mass).sum((1, 2)) / mass.sum()
        assert [found_x, found_y] == pytest.approx(geometry.to_input(centre).tolist(), abs=0.15)


def test_shrinking_averages_areas() -> None:
    """Fine bright lines, one column in four, leave a quarter of their light wherever they lie;
    picking pixels would make them black or white."""
    for first in range(4):
        lines = np.zeros((96, 96), np.float32)
        lines[:, 48 + first :: 4] = 100
        lines[:, :48] = np.linspace(0, 100, 48)  # so that the range is known
        square, _ = fit_to_square(lines, 24)
        assert square[4:-4, 14:-2] == pytest.approx(np.full((16, 8), 0.25), abs=0.06)


def test_few_extreme_pixels_do_not_set_the_range() -> None:
    grey = grey_image(48, 48)
    marked = grey.copy()
    marked[0, :5] = 60_000
    square, _ = fit_to_square(grey, 48)
    other, _ = fit_to_square(marked, 48)
    assert float(np.abs(other[2:] - square[2:]).max()) < 0.1


@pytest.mark.parametrize(
    "grey",
    [
        np.zeros((4, 4, 4)),
        np.zeros(7),
        np.zeros((0, 3)),
        np.array([[0.0, np.nan]]),
        np.array([[0.0, np.inf]]),
    ],
)
def test_what_is_no_grey_image_is_refused(grey: NDArray[np.float64]) -> None:
    with pytest.raises(RequestError):
        fit_to_square(grey, 16)


def test_normalise() -> None:
    values = torch.tensor([[0.0, 0.5, 1.0]])
    assert normalise(values, 0.5, 0.25).tolist() == [[-2.0, 0.0, 2.0]]


def test_normalise_repeats_the_grey_for_each_channel() -> None:
    square = torch.rand(2, 1, 5, 4)
    found = normalise(square, (0.1, 0.2, 0.3), (1.0, 0.5, 0.25), 3)
    assert found.shape == (2, 3, 5, 4)
    for channel, (mean, std) in enumerate(((0.1, 1.0), (0.2, 0.5), (0.3, 0.25))):
        assert torch.allclose(found[:, channel], (square[:, 0] - mean) / std)
    assert torch.equal(normalise(square, 0.4, 0.5, 3), normalise(square, (0.4,) * 3, (0.5,), 3))
    assert torch.equal(normalise(square, (0.4,), (0.5,)), normalise(square, 0.4, 0.5))


@pytest.mark.parametrize(
    ("shape", "mean", "channels"),
    [((1, 1, 4, 4), (0.1, 0.2), 3), ((1, 1, 4, 4), (0.1, 0.2), 1), ((1, 3, 4, 4), 0.1, 3),
     ((4, 4), 0.1, 3)],
)  # fmt: skip
def test_normalise_refuses_what_does_not_go_together(
    shape: tuple[int, ...], mean: float | tuple[float, ...], channels: int
) -> None:
    with pytest.raises(RequestError):
        normalise(torch.zeros(shape), mean, 0.5, channels)
