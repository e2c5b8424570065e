"""Erasing, moving and laying down: what changes, and what must not."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.typing import NDArray

from engine.evidence.edits import (
    blurred,
    erased,
    filled,
    levelled,
    pasted,
    random_shifts,
    shifted,
)

Mask = NDArray[np.bool_]


def _region(rows: slice, columns: slice, shape: tuple[int, int] = (60, 80)) -> Mask:
    mask = np.zeros(shape, bool)
    mask[rows, columns] = True
    return mask


REGION = _region(slice(20, 30), slice(40, 52))


def _random() -> np.random.Generator:
    return np.random.default_rng(3)


def test_what_is_erased_looks_like_what_surrounds_it() -> None:
    """A white block on a noisy slope becomes the slope, with as much noise."""
    random = _random()
    slope = np.linspace(100, 300, 80)[None] + np.zeros((60, 1))
    image = slope + 5 * random.standard_normal(slope.shape)
    marked = image.copy()
    marked[REGION] = 4000
    result = erased(marked, REGION, random)
    np.testing.assert_array_equal(result[~REGION], marked[~REGION].astype(np.float32))
    rest = (result - slope)[REGION]
    assert abs(rest.mean()) < 5
    assert 2.5 < rest.std() < 9
    assert marked[REGION].min() == 4000  # nothing was changed in place


def test_a_plain_surrounding_stays_plain() -> None:
    image = np.full((60, 80), 7.0)
    image[REGION] = 90
    for scale in (1.0, 0.01, 1000.0):  # whatever the grey values' unit
        result = erased(image * scale, REGION, _random())
        np.testing.assert_allclose(result, 7 * scale, rtol=1e-4)


def test_nothing_to_erase_and_nothing_else() -> None:
    image = _random().standard_normal((60, 80))
    np.testing.assert_array_equal(
        erased(image, np.zeros_like(REGION), _random()), image.astype(np.float32)
    )
    whole = erased(image, np.ones_like(REGION), _random())
    np.testing.assert_allclose(whole, np.median(image.astype(np.float32)))


def test_what_is_filled_is_of_one_grey() -> None:
    image = np.arange(4800).reshape(60, 80)
    result = filled(image, REGION, 12.5)
    assert (result[REGION] == 12.5).all()
    np.testing.assert_array_equal(result[~REGION], image[~REGION])


def test_what_is_moved_is_gone_here_and_there_now() -> None:
    image = np.full((60, 80), 10, np.uint16)
    image[REGION] = 500
    bare = erased(image, REGION, _random())
    result = pasted(bare, image, REGION, (25, -30))
    np.testing.assert_allclose(result[REGION], 10, rtol=1e-4)
    np.testing.assert_allclose(result[shifted(REGION, (25, -30))], 500)
    assert (result == 500).sum() == REGION.sum()


def test_pasting_takes_the_region_of_another_image() -> None:
    ground, source = np.zeros((60, 80)), np.arange(4800.0).reshape(60, 80)
    result = pasted(ground, source, REGION, (1, 2))
    np.testing.assert_array_equal(result[shifted(REGION, (1, 2))], source[REGION])
    with pytest.raises(ValueError, match="leaves the image"):
        pasted(ground, source, REGION, (40, 0))


def test_random_places_fit_and_avoid() -> None:
    avoid = _region(slice(0, 60), slice(0, 40))
    shifts = random_shifts(REGION, avoid, 50, _random())
    assert len(shifts) == 50
    assert len(set(shifts)) > 40
    for shift in shifts:
        place = shifted(REGION, shift)
        assert place.sum() == REGION.sum()
        assert not (place & avoid).any()
        rows, columns = np.nonzero(place)
        assert np.ptp(rows) == 9  # it did not come in on the other side
        assert np.ptp(columns) == 11


def test_no_room_no_place() -> None:
    assert random_shifts(REGION, np.ones_like(REGION), 3, _random()) == []
    assert random_shifts(np.zeros_like(REGION), np.zeros_like(REGION), 3, _random()) == []


def _stripes(period: int, shape: tuple[int, int] = (60, 80)) -> NDArray[np.float64]:
    return np.where(np.arange(shape[1]) // period % 2, 100.0, 0.0) + np.zeros(shape)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float64])
def test_what_is_blurred_cannot_be_recognised(dtype: type) -> None:
    image = _stripes(2).astype(dtype)
    before = image.copy()
    result = blurred(image, REGION)
    assert result.dtype == np.float32
    np.testing.assert_array_equal(result[~REGION], image[~REGION].astype(np.float32))
    assert np.ptp(image[REGION]) == 100
    assert np.ptp(result[REGION]) < 10
    assert abs(result[REGION].mean() - 50) < 3
    np.testing.assert_array_equal(image, before)


def test_a_blur_is_as_wide_as_a_quarter_of_the_shorter_side() -> None:
    """An edge through a region of 40 × 60 is spread as by a Gaussian of σ 10, whatever the size
    at which it is computed."""
    image = np.zeros((200, 300))
    image[:, 150:] = 1
    region = _region(slice(80, 120), slice(120, 180), (200, 300))
    row = blurred(image, region)[100, 120:180]
    places = np.arange(120, 180) + 0.5 - 150
    expected = np.array([0.5 * (1 + math.erf(x / 10 / math.sqrt(2))) for x in places])
    np.testing.assert_allclose(row, expected, atol=0.015)


def test_blurring_looks_beyond_the_region_and_copes_with_any() -> None:
    image = np.full((60, 80), 7.0)
    for region in (REGION, _region(slice(0, 60), slice(0, 80)), _region(slice(0, 1), slice(0, 1))):
        np.testing.assert_allclose(blurred(image, region), 7, rtol=1e-5)
    np.testing.assert_array_equal(blurred(image, np.zeros_like(REGION)), image)
    noise = _random().standard_normal((60, 80))
    whole = blurred(noise, np.ones_like(REGION))
    assert whole.std() < 0.1 * noise.std()
    for shape in ((1, 80), (60, 1), (1, 1)):
        line = _random().standard_normal(shape)
        assert np.isfinite(blurred(line, np.ones(shape, bool))).all()


def test_what_is_levelled_has_the_mean_of_its_surroundings() -> None:
    image = np.full((60, 80), 10, np.uint16)
    image[REGION] = 500
    image[:, 70:] = 9000  # too far away to count
    result = levelled(image, REGION)
    assert (result[REGION] == 10).all()
    np.testing.assert_array_equal(result[~REGION], image[~REGION])
    assert (image[REGION] == 500).all()
    half = np.full((60, 80), 10.0)
    half[:, 46:] = 30  # half of what is around it
    assert levelled(half, REGION)[25, 45] == pytest.approx(20, abs=0.1)


def test_without_surroundings_a_region_has_its_own_mean() -> None:
    image = _random().standard_normal((60, 80))
    whole = levelled(image, np.ones_like(REGION))
    np.testing.assert_allclose(whole, image.mean(), atol=1e-6)
    np.testing.assert_array_equal(levelled(image, np.zeros_like(REGION)), image.astype(np.float32))
