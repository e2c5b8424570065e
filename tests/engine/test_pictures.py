"""Contact sheets: what is where in the picture."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

import engine
from engine.errors import RequestError
from engine.explanation import explain
from engine.pictures import contact_sheet
from engine.results import Explanation, Opinion
from tests.engine.small_networks import grey_image, small_explainer


@pytest.fixture(scope="module")
def result() -> Explanation:
    return explain(small_explainer("residual"), grey_image(64, 64))


def part(sheet: Image.Image, number: int, columns: int, tile: int = 200) -> NDArray[np.float32]:
    """A part's pixels: margins of 28, a head of 92, gaps of 18, captions of 52."""
    row, column = divmod(number, columns)
    x, y = 28 + column * (tile + 18), 92 + row * (tile + 52 + 18)
    return np.asarray(sheet.crop((x, y, x + tile, y + tile)), np.float32)


@pytest.mark.parametrize("columns", [1, 2, 3, 5, 40])
def test_a_sheet_has_the_scan_and_every_layer(result: Explanation, columns: int) -> None:
    sheet = contact_sheet(result, columns, tile=200)
    assert sheet.mode == "RGB"
    across = min(columns, 5)
    assert sheet.width == max(760, 2 * 28 + across * 218 - 18)
    parts = [part(sheet, number, across) for number in range(len(result.layers) + 1)]
    assert len(parts) == 5
    assert np.ptp(parts[0], axis=2).max() == 0, "the scan is grey"
    for one in parts[1:]:
        assert np.ptp(one, axis=2).max() > 60, "the others are coloured"
    assert len({one.tobytes() for one in parts}) == len(parts)


def test_colours_are_strongest_where_the_response_is(result: Explanation) -> None:
    values = np.zeros((40, 40), np.float32)
    values[30:34, 8:12], values[4:8, 30:34] = 1, -5  # what is negative is not shown
    layer = replace(result.layers[0], values=values, native_shape=(4, 40, 40))
    sheet = contact_sheet(replace(result, layers=(layer,)), 2, tile=200)
    scan, shown = part(sheet, 0, 2), part(sheet, 1, 2)
    changed = np.abs(shown - scan).sum(2)
    y, x = np.unravel_index(changed.argmax(), changed.shape)
    assert 140 < y < 180
    assert 30 < x < 70
    assert changed[:100].max() <= 3


def test_a_layer_without_a_positive_response_is_the_scan(result: Explanation) -> None:
    layer = replace(result.layers[0], values=np.full((40, 40), -1, np.float32))
    sheet = contact_sheet(replace(result, layers=(layer,)), 2, tile=200)
    assert np.abs(part(sheet, 1, 2) - part(sheet, 0, 2)).max() <= 1


def test_a_declined_image_is_a_sheet_with_the_reason() -> None:
    result = explain(small_explainer("pooled"), grey_image(), modality="MR")
    words = np.asarray(contact_sheet(result))[50:88]
    assert words.max() > 100
    other = np.asarray(contact_sheet(replace(result, withheld_because="so it is")))[50:88]
    assert not np.array_equal(words, other)


def test_names_that_are_long_or_not_english_fit_all_the_same(result: Explanation) -> None:
    first = replace(result.layers[0], name="encoder.blocks.3." * 20)
    method = Opinion("Überblick – 測", (("steps", 3),))
    sheet = contact_sheet(replace(result, layers=(first,), method=method), 1, tile=100)
    caption = np.asarray(sheet.crop((28 + 100 + 2, 92, sheet.width, sheet.height - 80)))
    assert caption.max() < 40, "nothing is written beside the part"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"columns": 0}, "in 0 columns"),
        ({"tile": 3}, "a tile of 3 pixels"),
        ({"colour_map": "rainbow of mine"}, "'rainbow of mine' is not known"),
    ],
)
def test_sizes_and_names_that_do_not_fit_are_refused(
    result: Explanation, change: dict[str, object], said: str
) -> None:
    with pytest.raises(RequestError, match=said):
        contact_sheet(result, **change)  # type: ignore[arg-type]


def test_every_name_of_the_front_door_is_there() -> None:
    for name in engine.__all__:
        assert getattr(engine, name) is not None
    assert set(engine.__all__) <= set(dir(engine))
    with pytest.raises(AttributeError, match="no attribute 'explode'"):
        engine.explode  # noqa: B018
