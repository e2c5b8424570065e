"""Agreement of a map with a region: every figure on cases that can be worked out by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.typing import NDArray

from engine.evidence.agreement import MEASURES, agreement
from engine.evidence.bootstrap import mean_of, ratio_of

REGION = np.array([[1.0, 1, 0, 0], [1, 1, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0]])


def test_a_map_on_the_region_agrees_wholly() -> None:
    found = agreement(REGION * 3, REGION)
    assert (found.mass, found.lift, found.hit) == (1.0, 4.0, 1.0)
    assert (found.rank_accuracy, found.overlap) == (1.0, 1.0)


def test_an_even_map_is_chance() -> None:
    found = agreement(np.full((4, 4), 0.5), REGION)
    assert found.mass == 0.25
    assert found.lift == 1.0
    assert found.overlap == 0.25


def test_figures_of_a_map_that_agrees_in_part() -> None:
    """Response 1 + 2 + 4 inside, 8 outside, the rest nothing."""
    values = np.zeros((4, 4))
    values[0, :2], values[1, 0], values[3, 3] = (1, 2), 4, 8
    found = agreement(values, REGION)
    assert found.mass == pytest.approx(7 / 15)
    assert found.lift == pytest.approx(7 / 15 * 4)
    assert found.hit == 0
    assert found.rank_accuracy == pytest.approx(3 / 4)  # of the strongest four: 8, 4, 2, 1
    assert found.overlap == pytest.approx(1 / 5)  # 4 and 8 are above 0.35 of 8; 1 of 4 + 1


def test_pixels_without_response_are_not_among_the_strongest() -> None:
    values = np.zeros((4, 4))
    values[1, 1] = 1
    assert agreement(values, REGION).rank_accuracy == pytest.approx(1 / 4)


def test_a_region_smaller_than_a_pixel_keeps_its_area() -> None:
    region = np.zeros((4, 4))
    region[2, 2] = 0.25
    values = np.zeros((4, 4))
    values[2, 2] = 5
    found = agreement(values, region)
    assert found.mass == 0.25
    assert found.lift == 16.0  # a quarter of the mass on a sixty-fourth of the area
    assert found.hit == 0  # most of the pixel is outside


def test_the_scale_of_a_map_does_not_matter() -> None:
    values = np.random.default_rng(0).random((4, 4))
    assert vars(agreement(values * 1e-12, REGION)) == pytest.approx(vars(agreement(values, REGION)))


def test_a_map_without_response_has_no_figures() -> None:
    found = agreement(np.zeros((4, 4)), REGION)
    assert all(math.isnan(getattr(found, name)) for name in MEASURES)


@pytest.mark.parametrize("region", [np.zeros((4, 4)), np.ones((4, 5))])
def test_a_region_that_cannot_be_compared_is_refused(region: NDArray[np.float64]) -> None:
    with pytest.raises(ValueError, match="region"):
        agreement(np.ones((4, 4)), region)


def test_an_interval_holds_the_mean_and_narrows_with_the_images() -> None:
    random = np.random.default_rng(1)
    few, many = (mean_of(random.normal(2.0, 1.0, count)) for count in (20, 500))
    assert few.low < few.value < few.high
    assert many.high - many.low < (few.high - few.low) / 2
    assert (few.count, many.count) == (20, 500)
    # the standard error of the mean, times 1.96 on each side
    assert many.high - many.low == pytest.approx(2 * 1.96 / math.sqrt(500), rel=0.15)


def test_a_ratio_is_of_means_and_of_the_same_images() -> None:
    """Images differ by a factor of ten, both sides alike: the ratio is certain all the same."""
    beside = np.array([1.0, 10, 3, 7, 2, 9])
    found = ratio_of(2 * beside, beside)
    assert (found.value, found.low, found.high) == pytest.approx((2, 2, 2))


def test_a_ratio_over_what_may_be_nothing_has_no_upper_end() -> None:
    found = ratio_of(np.array([1.0, 1, 1]), np.array([0.0, 0, 3]))
    assert found.value == pytest.approx(1)
    assert found.high == math.inf


def test_images_without_a_value_are_left_out() -> None:
    assert mean_of(np.array([1.0, np.nan, 3])).value == 2
    assert ratio_of(np.array([1.0, 4, np.nan]), np.array([1.0, np.nan, 3])).count == 1
    assert math.isnan(mean_of(np.array([np.nan])).value)
    assert math.isnan(ratio_of(np.array([1.0]), np.array([0.0])).value)
