"""What maps depend on: on cases that can be computed by hand, and on small networks."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from engine.checkpoint import LoadedModel
from engine.evidence.nulls import untrained
from engine.evidence.sanity import SHARES, Sanity, View, rank_correlation, sanity, steps_of
from engine.explainer import Explainer, network_input
from engine.models import build
from engine.preprocess import fit_to_square
from engine.presets import PRESETS
from tests.engine.gated_models import SIDE, grey_bytes, small_facts
from tests.engine.small_networks import randomised


@pytest.mark.parametrize(
    ("first", "second", "wanted"),
    [
        ([1, 2, 3, 4], [10, 20, 30, 99], 1.0),
        ([1, 2, 3, 4], [9, 7, 5, 1], -1.0),
        ([1, 2, 3, 4, 5], [2, 1, 4, 3, 5], 0.8),  # 1 - 6 · 4 / (5 · 24)
        ([0, 0, 1, 2], [0, 0, 5, 9], 1.0),  # ties at their mean rank
        ([0, 0, 1, 1], [0, 1, 0, 1], 0.0),
    ],
)
def test_rank_correlation_by_hand(first: list[float], second: list[float], wanted: float) -> None:
    one, two = np.array(first, float), np.array(second, float)
    assert rank_correlation(one, two) == pytest.approx(wanted)
    assert rank_correlation(two, one) == pytest.approx(wanted)


def test_a_map_without_response_correlates_with_nothing() -> None:
    assert np.isnan(rank_correlation(np.zeros((3, 4)), np.arange(12.0).reshape(3, 4)))


def _explainer() -> Explainer:
    facts = replace(small_facts(), classes=("a", "b", "c"))
    model = LoadedModel(randomised(build(facts)).float().requires_grad_(False), facts)
    return Explainer.prepare(model, torch.device("cpu"))


def _views(count: int = 3) -> list[View]:
    return [View(*fit_to_square(grey_bytes(seed), SIDE)) for seed in range(1, count + 1)]


@pytest.fixture(scope="module")
def found() -> list[Sanity]:
    methods = [PRESETS["gradient"], PRESETS["class gradient"]]
    return sanity(_explainer(), _views(), methods)


def test_maps_are_the_same_a_second_time(found: list[Sanity]) -> None:
    assert all(item.repeated for item in found)


def test_shapes_and_bounds(found: list[Sanity]) -> None:
    for item in found:
        assert item.randomised.shape == (len(SHARES), 3, 3)
        for table in (item.runner_up, item.least, item.noise, item.shift):
            assert table.shape == (3, 3)
        known = item.randomised[np.isfinite(item.randomised)]
        assert (np.abs(known) <= 1 + 1e-9).all()


def test_a_method_that_knows_no_class_gives_every_class_the_same_map(found: list[Sanity]) -> None:
    whole, of_class = found
    np.testing.assert_allclose(whole.runner_up, 1)
    np.testing.assert_allclose(whole.least, 1)
    assert np.nanmean(of_class.least) < 0.9


def test_maps_change_more_by_other_weights_than_by_noise(found: list[Sanity]) -> None:
    for item in found:
        assert np.nanmean(item.randomised[-1]) < np.nanmean(item.noise)


def test_progress_is_told_as_often_as_promised() -> None:
    calls: list[int] = []
    sanity(_explainer(), _views(2), [PRESETS["CLEAR"]], progress=lambda: calls.append(1))
    assert len(calls) == steps_of(2)


def test_the_cascade_randomises_from_the_last_module_up() -> None:
    """The lower layers are the trained network's until the cascade has come down to them."""
    explainer = _explainer()
    network = explainer.model.network
    inputs = [network_input(explainer, view.square) for view in _views()]
    names = [name for name, _ in network.named_parameters()]

    def changed(share: float) -> list[bool]:
        fresh = dict(untrained(network, inputs, 1, share).named_parameters())
        return [not torch.equal(fresh[name], value) for name, value in network.named_parameters()]

    assert all(changed(1.0))
    some = changed(0.4)
    assert some[-1]
    assert not some[0]
    assert some == sorted(some), dict(zip(names, some, strict=True))


def _moments(network: torch.nn.Module) -> dict[str, NDArray[np.float32]]:
    return {
        name: value.numpy().copy() for name, value in network.named_buffers() if "running" in name
    }


def test_norms_below_the_cascade_keep_what_they_learnt() -> None:
    explainer = _explainer()
    inputs = [network_input(explainer, view.square) for view in _views()]
    before = _moments(explainer.model.network)
    partly, wholly = (
        _moments(untrained(explainer.model.network, inputs, 1, share)) for share in (0.3, 1.0)
    )
    for name, value in before.items():
        assert np.array_equal(value, partly[name]) == name.startswith("conv1"), name
        assert not np.array_equal(value, wholly[name]), name


def test_a_model_of_one_class_has_no_other_to_compare_with() -> None:
    facts = replace(small_facts(), classes=("finding",), output="sigmoid")
    model = LoadedModel(randomised(build(facts)).float().requires_grad_(False), facts)
    explainer = Explainer.prepare(model, torch.device("cpu"))
    (found,) = sanity(explainer, _views(2), [PRESETS["class gradient"]])
    assert np.isnan(found.runner_up).all()
    assert np.isfinite(found.noise).any()
