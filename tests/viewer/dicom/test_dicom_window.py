"""Windows and tables against values computed by hand from PS3.3 C.11.2.1."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from viewer.dicom.frame import Frame
from viewer.dicom.window import LookupTable, Window, apply_voi, apply_window, auto_window


def slow_window(x: float, window: Window) -> float:
    """The formulas of C.11.2.1.2 and C.11.2.1.3, word by word, for ymin 0 and ymax 1."""
    c, w = window.center, window.width
    if window.function == "SIGMOID":
        return 1 / (1 + math.exp(-4 * (x - c) / w))
    if window.function == "LINEAR_EXACT":
        if x <= c - w / 2:
            return 0.0
        return 1.0 if x > c + w / 2 else (x - c) / w + 0.5
    if x <= c - 0.5 - (w - 1) / 2:
        return 0.0
    return 1.0 if x > c - 0.5 + (w - 1) / 2 else (x - (c - 0.5)) / (w - 1) + 0.5


def test_linear_as_in_the_note_of_the_standard() -> None:
    # C.11.2.1.2.1: c 2048, w 4096: x <= 0 → 0, x > 4095 → 1, between ((x-2047.5)/4095+0.5)
    x = np.array([-1.0, 0, 1, 2047.5, 4095, 4096])
    expected = [0, 0, 1 / 4095, 0.5, 1, 1]
    assert apply_window(x, Window(2048, 4096)) == pytest.approx(expected)
    # c 2048, w 1: x <= 2047.5 → 0, x > 2047.5 → 1
    assert apply_window(np.array([2047.0, 2047.5, 2048]), Window(2048, 1)).tolist() == [0, 0, 1]
    # c 0, w 100: x <= -50 → 0, x > 49 → 1, else ((x+0.5)/99+0.5)
    x = np.array([-50.0, -49, 0, 48, 49, 50])
    expected = [0, -48.5 / 99 + 0.5, 0.5 / 99 + 0.5, 48.5 / 99 + 0.5, 1, 1]
    assert apply_window(x, Window(0, 100)) == pytest.approx(expected)


def test_linear_exact_and_sigmoid_at_known_points() -> None:
    x = np.array([-51.0, -50, 0, 25, 50, 51])
    assert apply_window(x, Window(0, 100, "LINEAR_EXACT")).tolist() == [0, 0, 0.5, 0.75, 1, 1]
    shown = apply_window(np.array([-1e9, 0, 25, 1e9]), Window(0, 100, "SIGMOID"))
    assert shown == pytest.approx([0, 0.5, 1 / (1 + math.exp(-1)), 1])


@given(
    x=st.floats(-5e4, 5e4),
    c=st.floats(-5e3, 5e3),
    w=st.floats(1, 1e4),
    function=st.sampled_from(["LINEAR", "LINEAR_EXACT", "SIGMOID"]),
)
def test_every_function_is_the_formula(x: float, c: float, w: float, function: str) -> None:
    window = Window(c, w, function)  # type: ignore[arg-type]
    if function == "SIGMOID" and abs(x - c) / w > 100:
        return
    assert apply_window(np.array([x]), window)[0] == pytest.approx(slow_window(x, window), abs=1e-9)


@pytest.mark.parametrize(
    ("center", "width", "function"),
    [(0, 0, "LINEAR"), (0, 0.5, "LINEAR"), (0, -3, "SIGMOID"), (math.nan, 5, "LINEAR")],
)
def test_a_window_without_meaning_cannot_be_made(
    center: float, width: float, function: str
) -> None:
    with pytest.raises(ValueError, match="window"):
        Window(center, width, function)  # type: ignore[arg-type]


def test_moving_a_window_stops_at_the_narrowest() -> None:
    assert Window(5, 50).moved(7, -20) == Window(7, 1)
    assert 0 < Window(5, 50, "SIGMOID").moved(7, -20).width < 1e-3


def test_lookup_outside_the_table_takes_its_ends() -> None:
    table = LookupTable(-1, np.array([10, 20, 40], np.uint16), 8)
    values = np.array([-9.0, -1, 0, 0.6, 1, 9])
    assert table.lookup(values).tolist() == [10, 10, 20, 40, 40, 40]
    assert apply_voi(values, table)[2] == 20 / 255
    assert table.lookup(np.array([-9, 0, 9], np.int8)).tolist() == [10, 20, 40]


def test_auto_window_ignores_padding_and_outliers() -> None:
    pixels = np.full((100, 100), -2000, np.int16)
    pixels[:50] = np.arange(5000).reshape(50, 100) % 101
    pixels[0, 0] = 30000
    window = auto_window(Frame(pixels, padding=(-2000, -2000)))
    shown = apply_window(np.array([0.0, 100]), window)
    assert shown.tolist() == [0, 1]
    assert (window.center, window.width) == (50.5, 101)


@pytest.mark.parametrize("value", [0, 7])
def test_auto_window_of_one_value_or_nothing_is_a_window(value: int) -> None:
    pixels = np.full((4, 4), value, np.uint8)
    assert auto_window(Frame(pixels)).width == 1
    assert auto_window(Frame(pixels, padding=(value, value))).width == 1
    assert auto_window(Frame(np.full((4, 4), 0.25, np.float32))).width > 0


def test_auto_window_of_fractions_is_exact() -> None:
    window = auto_window(Frame(np.linspace(0, 1, 1000, dtype=np.float32).reshape(10, 100)))
    assert window.function == "LINEAR_EXACT"
    assert window.center == pytest.approx(0.5, abs=0.01)
    assert window.width == pytest.approx(0.99, abs=0.01)
