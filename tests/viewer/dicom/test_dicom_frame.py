"""From stored values to grey, in the order of the standard."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from viewer.dicom.frame import Frame, default_window, grey_table, has_grey_table, to_grey, to_rgb
from viewer.dicom.window import LookupTable, Window, apply_window

EXACT = Window(0, 100, "LINEAR_EXACT")
VOI = LookupTable(0, np.array([0, 51, 255], np.uint16), 8, "steps")


def test_rescale_with_negative_intercept_on_signed_values() -> None:
    frame = Frame(np.array([[-100, 0, 1024]], np.int16), slope=2, intercept=-1024, units="HU")
    assert frame.modality_values().tolist() == [[-1224, -1024, 1024]]
    assert frame.modality_values().dtype == np.float32
    assert frame.value_at(2.999, 0.5) == 1024


def test_modality_lut_takes_the_place_of_rescale() -> None:
    lut = LookupTable(10, np.array([5, 500, 1000], np.uint16), 16, "OD")
    frame = Frame(np.array([[0, 10, 11, 12, 99]], np.uint8), slope=7, modality_lut=lut)
    assert frame.modality_values().tolist() == [[5, 5, 500, 1000, 1000]]


@pytest.mark.parametrize(
    ("x", "y", "expected"),
    [(0, 0, 1), (0.99, 0.99, 1), (1, 0, 2), (2.99, 1.99, 6), (3, 0, None), (0, 2, None)],
)
def test_value_at_counts_from_the_corner(x: float, y: float, expected: float | None) -> None:
    frame = Frame(np.array([[1, 2, 3], [4, 5, 6]], np.uint8))
    assert frame.value_at(x, y) == expected
    assert frame.value_at(-0.01, 0) is None


def test_grey_by_hand_through_rescale_window_and_inversion() -> None:
    pixels = np.array([[0, 25, 50, 75, 100]], np.uint16)
    plain = Frame(pixels, intercept=-50)
    # 0.25 * 255 = 63.75 → 64, 0.5 * 255 = 127.5 → 128, 0.75 * 255 = 191.25 → 191
    assert to_grey(plain, EXACT).tolist() == [[0, 64, 128, 191, 255]]
    negative = Frame(pixels, intercept=-50, inverted=True)
    assert to_grey(negative, EXACT).tolist() == [[255, 191, 128, 64, 0]]
    assert to_grey(negative, EXACT, invert=True).tolist() == to_grey(plain, EXACT).tolist()


def test_voi_lut_acts_on_modality_values_before_inversion() -> None:
    frame = Frame(np.array([[100, 101, 102]], np.uint8), intercept=-100, inverted=True)
    assert to_grey(frame, VOI).tolist() == [[255, 204, 0]]


@pytest.mark.parametrize("invert", [False, True])
@pytest.mark.parametrize("inverted", [False, True])
@pytest.mark.parametrize("dtype", [np.int16, np.int32, np.float32])
def test_padding_is_black_however_it_is_shown(dtype: type, inverted: bool, invert: bool) -> None:
    frame = Frame(np.array([[-2000, -1990, 0]], dtype), inverted=inverted, padding=(-2000, -1990))
    grey = to_grey(frame, EXACT, invert)
    assert grey[0, :2].tolist() == [0, 0]
    assert grey[0, 2] == 128


def test_not_a_number_is_black_and_has_no_value() -> None:
    frame = Frame(np.array([[np.nan, np.inf, -np.inf, 0]], np.float32))
    assert to_grey(frame, EXACT).tolist() == [[0, 255, 0, 128]]
    assert to_grey(frame).shape == (1, 4)
    assert frame.value_at(0, 0) is None


def test_default_window_is_the_files_then_its_lut_then_a_guess() -> None:
    pixels = np.zeros((2, 2), np.uint8)
    assert default_window(Frame(pixels, windows=(EXACT, Window(1, 2)), voi_luts=(VOI,))) is EXACT
    assert default_window(Frame(pixels, voi_luts=(VOI,))) is VOI
    assert isinstance(default_window(Frame(pixels)), Window)


def test_colour_keeps_its_values_and_is_grey_by_luma() -> None:
    pixels = np.array([[[255, 0, 0], [0, 255, 0], [0, 0, 255], [90, 90, 90]]], np.uint8)
    frame = Frame(pixels)
    assert frame.is_colour
    assert frame.size == (1, 4)
    assert np.array_equal(to_rgb(frame), pixels)
    assert to_grey(frame).tolist() == [[76, 150, 29, 90]]
    assert not has_grey_table(frame)
    assert to_rgb(Frame(np.array([[0, 9]], np.uint8))).shape == (1, 2, 3)


@pytest.mark.parametrize("shape", [(4,), (2, 2, 4), (1, 2, 2, 3)])
def test_a_frame_of_another_shape_cannot_be_made(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="frame"):
        Frame(np.zeros(shape, np.uint8))


@pytest.mark.parametrize("dtype", [np.uint8, np.int8, np.uint16, np.int16])
@settings(max_examples=15, deadline=None)
@given(
    center=st.floats(-3e4, 7e4),
    width=st.floats(1, 7e4),
    function=st.sampled_from(["LINEAR", "LINEAR_EXACT", "SIGMOID", "LUT"]),
    slope=st.sampled_from([1, 0.5, -2]),
    flags=st.tuples(st.booleans(), st.booleans(), st.booleans()),
)
def test_the_table_is_the_slow_way_for_every_stored_value(
    dtype: type,
    center: float,
    width: float,
    function: str,
    slope: float,
    flags: tuple[bool, bool, bool],
) -> None:
    limits = np.iinfo(dtype)
    pixels: NDArray[Any] = np.arange(limits.min, limits.max + 1).astype(dtype).reshape(16, -1)
    inverted, invert, padded = flags
    padding = (-3.0, 5.0) if padded else None
    frame = Frame(pixels, slope=slope, intercept=-10, inverted=inverted, padding=padding)
    window = VOI if function == "LUT" else Window(center, width, function)  # type: ignore[arg-type]
    first, table = grey_table(frame, window, invert)
    assert np.array_equal(table[pixels - first], to_grey(frame, window, invert))

    values = pixels.astype(np.float64) * slope - 10
    if isinstance(window, Window):
        shown = apply_window(values, window)
    else:
        shown = np.array([0, 51, 255])[np.clip(np.rint(values), 0, 2).astype(int)] / 255
    shown = 1 - shown if inverted != invert else shown
    if padding:
        shown[(pixels >= -3) & (pixels <= 5)] = 0
    assert np.array_equal(table[pixels - first], np.floor(shown * 255 + 0.5))


def test_wide_and_float_pixels_have_no_table_but_are_shown() -> None:
    for dtype in (np.int32, np.uint32, np.float32, np.float64):
        frame = Frame(np.array([[-50, 0, 50]]).astype(dtype), slope=1)
        with pytest.raises(ValueError, match="table"):
            grey_table(frame, EXACT)
        assert to_grey(frame, EXACT)[0, 1] == 128
    deep = Frame(np.array([[2**31 - 1, 2**31 - 2]], np.int32))
    assert deep.modality_values().tolist() == [[2**31 - 1, 2**31 - 2]]
