"""Two maps held against each other: numbers that can be worked out by hand, or slowly."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tests.viewer.test_render import RAW, explanation
from viewer.render.difference import (
    Likeness,
    beside,
    difference,
    difference_overlay,
    in_short,
    likeness,
    on_one_grid,
    ranks,
)
from viewer.render.overlay import Overlay, OverlayMaker


def _map(seed: int, shape: tuple[int, int] = (24, 20)) -> np.ndarray:
    values = np.random.default_rng(seed).normal(size=shape)
    return np.maximum(values, 0).astype(np.float32)


def test_a_map_does_not_differ_from_itself() -> None:
    values = _map(1)
    assert not difference(values, values).any()
    np.testing.assert_allclose(difference(values, 7 * values), 0, atol=1e-6)


def test_the_difference_is_antisymmetric_on_any_grids() -> None:
    first, second = _map(1), _map(2, (30, 28))
    there, back = difference(first, second), difference(second, first)
    assert there.shape == (30, 28)
    np.testing.assert_allclose(there, -back, atol=1e-6)
    assert float(there.mean()) == pytest.approx(0, abs=1e-6), "both hold the same total"


def test_the_difference_by_hand() -> None:
    first = np.array([[4, 0], [0, 0]], np.float32)
    second = np.array([[0, 0], [1, 1]], np.float32)
    np.testing.assert_array_equal(difference(first, second), [[4, 0], [-2, -2]])
    np.testing.assert_array_equal(difference(first, 0 * first), [[4, 0], [0, 0]])


def test_maps_meet_on_the_finer_grid() -> None:
    coarse, fine = np.array([[0, 1], [0, 1]], np.float32), _map(1, (4, 4))
    ours, theirs = on_one_grid(coarse, fine)
    np.testing.assert_array_equal(theirs, fine)
    np.testing.assert_allclose(ours[0], [0, 0.25, 0.75, 1], atol=1e-6)


def _slow_ranks(values: list[float]) -> list[float]:
    return [
        sum(other < value for other in values) + (sum(other == value for other in values) + 1) / 2
        for value in values
    ]


def test_equal_values_share_a_rank() -> None:
    values = np.maximum(_map(3, (6, 7)) - 0.4, 0).astype(np.float32)
    assert (values == 0).sum() > 10
    np.testing.assert_array_equal(ranks(values).ravel(), _slow_ranks(values.ravel().tolist()))


def _overlay(values: np.ndarray) -> Overlay:
    side = np.zeros((32, 32), np.float32)
    side[: values.shape[0], : values.shape[1]] = values
    return OverlayMaker(explanation(side)).overlay(0, RAW)


def test_likeness_against_slow_numbers() -> None:
    first, second = _overlay(_map(4, (32, 32))), _overlay(_map(5, (32, 32)))
    found = likeness(first, second)
    for there, rho, overlap in (
        (second.values, found.correlation, found.overlap),
        (second.values[:, ::-1], found.mirrored_correlation, found.mirrored_overlap),
    ):
        ours = _slow_ranks(first.values.ravel().tolist())
        theirs = _slow_ranks(there.ravel().tolist())
        assert rho == pytest.approx(np.corrcoef(ours, theirs)[0, 1])
        one, two = first.values > 0.5 * first.maximum, there > 0.5 * second.maximum
        assert overlap == pytest.approx((one & two).sum() / (one | two).sum())


def test_a_map_is_like_itself_and_nothing_is_like_no_map() -> None:
    whole = _overlay(_map(4, (32, 32)))
    same = likeness(whole, whole)
    assert same.correlation == pytest.approx(1)
    assert same.overlap == 1
    assert same.mirrored_correlation < 0.5
    empty = likeness(whole, _overlay(np.zeros((32, 32))))
    assert math.isnan(empty.correlation)
    assert empty.overlap == 0
    assert in_short(Likeness(math.nan, 0.5, -0.25, 0)) == (
        "ρ = – (chance −0.25), overlap 0.50 (chance 0.00)"
    )


def test_the_difference_is_painted_with_both_signs() -> None:
    left, right = np.zeros((32, 32)), np.zeros((32, 32))
    left[10:20, 2:8] = 1
    right[10:20, 20:26] = 3
    first, second = _overlay(left), _overlay(right)
    shown = difference_overlay(first, second)
    assert shown.minimum == -shown.maximum
    (positive,), (negative,) = shown.lines, shown.negative_lines
    assert positive[:, 0].max() < 32 < negative[:, 0].min()
    assert shown.area == pytest.approx(120 / 32**2)
    same = difference_overlay(first, first)
    assert (same.maximum, same.lines, same.negative_lines, same.area) == (0, (), (), 0)


def test_one_range_draws_the_other_in_the_window_of_the_main_map() -> None:
    maps = OverlayMaker(explanation(_map(4, (32, 32)), 0.4 * _map(5, (32, 32))))
    main = maps.overlay(0, RAW)
    own, shared = beside(main, maps, 1, False).overlay, beside(main, maps, 1, True).overlay
    assert own.maximum < main.maximum == shared.maximum
    assert own.lines
    assert not shared.lines, "all of it lies below half of the main map's top"
