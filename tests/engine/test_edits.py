"""Erasing, moving and laying down: what changes, and what must not."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from engine.evidence.edits import erased, filled, moved, pasted, random_shifts, shifted

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
    result = moved(image, REGION, (25, -30), _random())
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
