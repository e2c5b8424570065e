"""Figures of a classifier that may decline, on cases that can be counted by hand."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pytest

from engine.evaluation.figures import DECLINED, Figures, Share, figures_of, wilson_interval

CLASSES = ("hand", "foot", "knee")
HAND, FOOT, KNEE = 0, 1, 2


def _figures(
    labels: Sequence[int],
    answers: Sequence[int],
    confidences: Sequence[float] = (),
    groups: Sequence[str] = (),
) -> Figures:
    """Without confidences all are 0.5; without groups each image is of its own."""
    return Figures(
        CLASSES,
        np.array(labels, np.int64),
        np.array(answers, np.int64),
        np.array(confidences or [0.5] * len(labels), np.float64),
        tuple(groups) or tuple(str(number) for number in range(len(labels))),
    )


def _right_and_wrong(right: int, wrong: int, groups: Sequence[str] = ()) -> Figures:
    """Hands, of which some are taken for feet."""
    return _figures([HAND] * (right + wrong), [HAND] * right + [FOOT] * wrong, groups=groups)


@pytest.mark.parametrize(
    ("right", "total", "low", "high"),
    [
        (8, 10, 0.490162, 0.943318),
        (0, 10, 0.0, 0.277533),  # z² / (n + z²)
        (10, 10, 0.722467, 1.0),  # n / (n + z²)
        (1, 1, 0.206549, 1.0),
        (50, 100, 0.403832, 0.596168),
        (0, 0, 0.0, 1.0),
    ],
)
def test_wilson_intervals_are_those_counted_by_hand(
    right: int, total: int, low: float, high: float
) -> None:
    assert wilson_interval(right, total) == pytest.approx((low, high), abs=2e-6)
    assert Share(right, total).interval == wilson_interval(right, total)


@pytest.mark.parametrize(("right", "total"), [(1, 3), (8, 10), (371, 400), (1, 5000)])
def test_an_end_of_wilsons_interval_is_just_compatible_with_the_share(
    right: int, total: int
) -> None:
    """By definition: a true share at either end is 1.96 of its standard errors from the found."""
    for end in wilson_interval(right, total):
        error = math.sqrt(end * (1 - end) / total)
        assert abs(right / total - end) / error == pytest.approx(1.959964, rel=1e-9)


def test_the_share_of_no_image_is_no_number() -> None:
    assert math.isnan(Share(0, 0).value)
    assert Share(3, 4).value == 0.75


def test_the_answer_is_the_most_probable_class() -> None:
    chances = np.array([[0.7, 0.2, 0.1], [0.1, 0.3, 0.6], [0.2, 0.5, 0.3]], np.float32)
    found = figures_of(chances, [HAND, FOOT, FOOT], CLASSES)
    assert found.answers.tolist() == [HAND, KNEE, FOOT]
    assert found.confidences.tolist() == pytest.approx([0.7, 0.6, 0.5])
    assert (found.accuracy.right, found.accuracy.total) == (2, 3)
    assert len(set(found.groups)) == 3


def test_a_declined_image_is_not_right_and_has_no_answer() -> None:
    chances = np.array([[0.7, 0.2, 0.1], [0.1, 0.6, 0.3], [0.2, 0.5, 0.3], [0.4, 0.3, 0.3]])
    declined = np.array([True, False, False, True])
    found = figures_of(chances, [HAND, FOOT, HAND, FOOT], CLASSES, declined, list("abca"))
    assert found.answers.tolist() == [DECLINED, FOOT, FOOT, DECLINED]
    assert found.accuracy == Share(1, 4)
    assert found.declined == Share(2, 4)
    assert found.groups == ("a", "b", "c", "a")


def test_of_the_accepted_the_declined_are_left_out() -> None:
    found = _figures(
        [HAND, FOOT, FOOT, KNEE],
        [HAND, DECLINED, FOOT, FOOT],
        [0.9, 0.8, 0.7, 0.6],
        ["a", "b", "c", "d"],
    ).accepted()
    assert found.accuracy == Share(2, 3)
    assert found.declined == Share(0, 3)
    assert found.labels.tolist() == [HAND, FOOT, KNEE]
    assert found.confidences.tolist() == [0.9, 0.7, 0.6]
    assert found.groups == ("a", "c", "d")


def test_recall_is_of_classes_that_have_an_image_and_counts_the_declined() -> None:
    found = _figures([HAND, HAND, HAND, HAND, FOOT], [HAND, KNEE, DECLINED, HAND, FOOT])
    assert found.per_class == {"hand": Share(2, 4), "foot": Share(1, 1)}
    assert found.mean_recall == 0.75
    assert found.accepted().per_class == {"hand": Share(2, 3), "foot": Share(1, 1)}
    assert found.accepted().mean_recall == pytest.approx(5 / 6)


def test_the_calibration_error_of_two_bins() -> None:
    """0.5…0.6: stated 0.55, one of two right. 0.9…1: stated 2.9 of three, two right."""
    found = _figures(
        [HAND, HAND, FOOT, FOOT, FOOT],
        [HAND, FOOT, FOOT, FOOT, HAND],
        [0.52, 0.58, 0.92, 0.98, 1.0],
    )
    assert found.calibration_error == pytest.approx((abs(1.1 - 1) + abs(2.9 - 2)) / 5)


def test_over_and_underconfidence_in_one_bin_cancel_and_in_two_do_not() -> None:
    assert _figures([HAND] * 2, [HAND, FOOT], [0.45, 0.45]).calibration_error == pytest.approx(0.05)
    assert _figures([HAND] * 2, [HAND, FOOT], [0.35, 0.65]).calibration_error == pytest.approx(0.65)


def test_the_calibration_error_is_of_the_answers_given() -> None:
    answered = _figures([HAND, FOOT], [HAND, HAND], [0.95, 0.65])
    declined = _figures([HAND, FOOT, HAND], [HAND, HAND, DECLINED], [0.95, 0.65, 0.75])
    assert answered.calibration_error == pytest.approx((0.05 + 0.65) / 2)
    assert declined.calibration_error == answered.calibration_error
    assert declined.reliability() == answered.reliability()


def test_reliability_bins_hold_each_answer_once() -> None:
    found = _figures(
        [HAND, HAND, HAND, HAND, HAND],
        [HAND, FOOT, HAND, HAND, DECLINED],
        [1.0, 0.5, 0.59, 0.95, 0.3],
    )
    low, high = found.reliability()
    assert (low.low, low.high, low.right, low.total) == (0.5, 0.6, 1, 2)
    assert low.confidence == pytest.approx(0.545)
    assert (high.low, high.high, high.right, high.total) == (0.9, 1.0, 2, 2)
    assert high.confidence == pytest.approx(0.975)


@pytest.mark.parametrize("bins", [1, 4, 10])
def test_the_bins_of_reliability_are_of_equal_width(bins: int) -> None:
    confidences = np.linspace(0.01, 1, 100)
    found = _figures([HAND] * 100, [HAND] * 100, confidences.tolist()).reliability(bins)
    assert [(part.low, part.high) for part in found] == [
        (number / bins, (number + 1) / bins) for number in range(bins)
    ]
    assert all(part.low <= part.confidence <= part.high for part in found)
    assert sum(part.total for part in found) == 100


def test_the_confusion_table_counts_labels_by_answers_and_the_declined_last() -> None:
    found = _figures(
        [HAND, HAND, HAND, FOOT, FOOT, FOOT],
        [HAND, KNEE, DECLINED, FOOT, HAND, DECLINED],
    )
    np.testing.assert_array_equal(found.confusion, [[1, 0, 1, 1], [1, 1, 0, 1], [0, 0, 0, 0]])


def test_rows_of_the_confusion_table_sum_to_the_images_of_the_class() -> None:
    random = np.random.default_rng(0)
    labels, answers = random.integers(0, 3, 200), random.integers(-1, 3, 200)
    found = _figures(labels.tolist(), answers.tolist())
    assert found.confusion.sum(1).tolist() == [share.total for share in found.per_class.values()]
    assert np.trace(found.confusion) == found.accuracy.right
    assert found.confusion[:, -1].sum() == found.declined.right


def test_the_interval_of_mean_recall_holds_its_value_and_is_the_same_at_every_call() -> None:
    labels, answers = [HAND] * 20 + [FOOT] * 10, [HAND] * 15 + [FOOT] * 5 + [FOOT] * 8 + [KNEE] * 2
    found = _figures(labels, answers)
    low, high = found.mean_recall_interval
    assert low < found.mean_recall < high
    assert _figures(labels, answers).mean_recall_interval == (low, high)


def test_the_interval_of_mean_recall_agrees_with_the_normal_approximation() -> None:
    """80 of 100: a standard error of 0.04."""
    low, high = _right_and_wrong(80, 20).mean_recall_interval
    assert (low, high) == pytest.approx((0.8 - 1.96 * 0.04, 0.8 + 1.96 * 0.04), abs=0.011)


def test_where_every_answer_is_right_the_interval_of_mean_recall_has_no_width() -> None:
    found = _figures([HAND, HAND, FOOT, KNEE], [HAND, HAND, FOOT, KNEE])
    assert found.mean_recall_interval == (1.0, 1.0)


def test_images_of_few_patients_say_less_than_as_many_of_different_ones() -> None:
    """Ten alike images a patient are worth one: the interval is √10 as wide."""
    few = [str(number // 10) for number in range(200)]
    low, high = _right_and_wrong(140, 60, few).mean_recall_interval
    least, most = _right_and_wrong(140, 60).mean_recall_interval
    assert (high - low) / (most - least) == pytest.approx(math.sqrt(10), rel=0.15)


def test_a_class_that_a_resample_misses_is_left_out_of_it() -> None:
    """The hand is right, the foot wrong: resamples without a foot have the mean recall 1."""
    found = _figures([HAND, FOOT], [HAND, HAND])
    assert found.mean_recall == 0.5
    assert found.mean_recall_interval == (0.0, 1.0)


@pytest.mark.parametrize(
    "nothing",
    [
        _figures([HAND, FOOT], [DECLINED, DECLINED]).accepted(),
        figures_of(np.zeros((0, 3)), [], CLASSES),
    ],
    ids=["all declined", "no image"],
)
def test_of_no_answer_the_figures_are_no_numbers(nothing: Figures) -> None:
    assert nothing.total == 0
    assert math.isnan(nothing.accuracy.value)
    assert nothing.accuracy.interval == (0.0, 1.0)
    assert math.isnan(nothing.mean_recall)
    assert all(math.isnan(end) for end in nothing.mean_recall_interval)
    assert math.isnan(nothing.calibration_error)
    assert nothing.per_class == {}
    assert nothing.reliability() == ()
    assert nothing.confusion.tolist() == [[0] * 4] * 3
