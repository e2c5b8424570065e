"""How a gate is fitted: radiographs against outliers, and figures on files it never saw."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from engine.checkpoint import LoadedModel
from engine.evaluation.answers import Answering
from engine.evaluation.index import Picture
from engine.gate import Gate, doubts
from engine.models import build
from engine.preprocess import fit_to_square
from engine.training.gating import Seen, fit_gate, held_out_declined, look_at, strangeness_of
from engine.training.recipes import CLASSES
from tests.engine.gated_models import small_facts
from tests.engine.small_networks import grey_image, randomised

CHANCES = ("yes", "no")  # the classes of what a gate sees, where they do not matter


def _seen(count: int, seed: int, shift: tuple[int, float] | None = None) -> Seen:
    """Six measured values, normal; one of them shifted. No doubt for or against any anatomy."""
    values = np.random.default_rng(seed).normal(size=(count, 6))
    if shift:
        values[:, shift[0]] += shift[1]
    return Seen(values, np.full((count, 2), 0.5))


def _fit(radiographs: Seen, outliers: Seen) -> Gate:
    return fit_gate(("conv1",), (), CHANCES, radiographs, outliers)


def test_a_gate_finds_outliers_stranger_than_radiographs() -> None:
    gate = _fit(_seen(300, 0), _seen(60, 1, (2, 9.0)))
    inside = strangeness_of(gate, _seen(100, 2), CHANCES)
    outside = strangeness_of(gate, _seen(100, 3, (2, 9.0)), CHANCES)
    assert inside.max() < 0 < outside.min()


def test_a_gate_finds_doubt_strange_and_trusts_no_class_without_anatomy() -> None:
    """The measured values are of one kind: only what the model answered tells them apart."""
    sure, unsure = [0.02, 0.96, 0.02], [0.4, 0.3, 0.3]
    radiographs = replace(_seen(200, 0), probabilities=np.tile(sure, (200, 1)))
    outliers = replace(_seen(200, 1), probabilities=np.tile(unsure, (200, 1)))
    classes = ("other", "chest", "hand")
    gate = fit_gate(("conv1",), ("other",), classes, radiographs, outliers)
    assert (gate.weights[-3:-1] > 0.1).all()
    chances = np.array([sure, [0.02, 0.02, 0.96], unsure, [0.96, 0.02, 0.02]])
    chest, hand, doubtful, other = strangeness_of(gate, Seen(np.zeros((4, 6)), chances), classes)
    assert chest == pytest.approx(hand)
    assert chest < 0 < min(doubtful, other)


def test_the_features_of_radiographs_are_uncorrelated_and_of_equal_spread() -> None:
    mixed = np.random.default_rng(0).normal(size=(6, 6)) * [1, 2, 5, 10, 20, 50]
    radiographs = Seen(_seen(500, 1).values @ mixed + 7, _seen(500, 1).probabilities)
    gate = _fit(radiographs, _seen(50, 2))
    assert gate.axes.shape == (6, 6)
    features = gate.features(
        radiographs.values, doubts(radiographs.probabilities, CHANCES, gate.catch_all)
    )
    np.testing.assert_allclose(np.cov(features[:, :6].T), np.eye(6), atol=0.02)
    np.testing.assert_allclose(features[:, :6].mean(0), 0, atol=0.01)
    np.testing.assert_array_equal(features[:, 8], 1)


def test_radiographs_and_outliers_weigh_the_same_however_many_they_are() -> None:
    """Where both are the same images there is nothing to tell, in any number."""
    radiographs = _seen(100, 0)
    gate = _fit(radiographs, radiographs + radiographs + radiographs)
    np.testing.assert_allclose(strangeness_of(gate, radiographs, CHANCES), 0, atol=1e-4)


@pytest.mark.parametrize("alike", [True, False])
def test_held_out_outliers_are_judged_without_their_fold(alike: bool) -> None:
    """The folds are strange in the same value, or each in one of its own; a gate that saw both
    declines all of them either way. Nothing is beyond a second limit."""
    radiographs, held_radiographs = _seen(400, 0), _seen(400, 1)
    places = (2, 2) if alike else (2, 4)
    outliers = _seen(60, 2, (places[0], 9.0)) + _seen(60, 3, (places[1], 9.0))
    held = _seen(40, 4, (places[0], 9.0)) + _seen(30, 5, (places[1], 9.0))

    def fit(some: Seen) -> Gate:
        return _fit(radiographs, some)

    def limits(gate: Gate) -> list[float]:
        strange = strangeness_of(gate, held_radiographs, CHANCES)
        return [float(np.quantile(strange, 0.975)), 1e6]

    of_all = fit(outliers)
    assert (strangeness_of(of_all, held, CHANCES) > limits(of_all)[0]).all()
    declined = held_out_declined(
        fit, limits, outliers, held, [0] * 60 + [1] * 60, [0] * 40 + [1] * 30, CHANCES
    )
    assert declined.shape == (2, 70)
    assert declined[0].all() if alike else declined[0].mean() < 0.2
    assert not declined[1].any()


def test_the_gate_is_fitted_to_what_is_seen_in_use() -> None:
    """Training looks at batches of fitted squares, use at one picture after the other."""
    layers = ("conv1", "conv2")
    facts = replace(small_facts(), classes=CLASSES)
    network = randomised(build(facts)).float().requires_grad_(False)
    images = [grey_image(90, 70, seed) for seed in range(20)]

    def batches() -> Iterator[Tensor]:
        squares = np.stack([fit_to_square(image, facts.input_size)[0] for image in images])
        yield from torch.split(torch.from_numpy(squares)[:, None], 18)

    seen = look_at(LoadedModel(network, facts), layers, batches())
    assert seen.values.shape == (20, 2 * (4 + 6))
    gate = fit_gate(layers, (), CLASSES, seen, _shifted(seen))
    answering = Answering(LoadedModel(network, facts, gate), torch.device("cpu"))
    for image in images:
        answering.add(Picture(image))
    answers = answering.finish()
    np.testing.assert_allclose(answers.probabilities, seen.probabilities, atol=1e-6)
    wanted = strangeness_of(gate, seen, CLASSES)
    assert np.ptp(wanted) > 0.1
    np.testing.assert_allclose(answers.strangeness, wanted, atol=1e-3)


def _shifted(seen: Seen) -> Seen:
    values: NDArray[np.float64] = seen.values + seen.values.std(0)
    return replace(seen, values=values)
