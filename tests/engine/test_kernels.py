"""The kernel explorer: ranking without maps, and the maps themselves by patches."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from engine import seeds
from engine.errors import RequestError
from engine.explainer import Explainer, Observed, observe
from engine.kernels import (
    kernel_maps,
    rank_by_activation,
    rank_by_class,
    rank_by_region,
    region_masses,
)
from engine.passes import back_project
from engine.preprocess import fit_to_square
from engine.presets import PRESETS
from engine.responses import layer_maps, map_of, way_of
from engine.results import KernelMaps, Method, RuleName, SeedName, UnpoolingName
from engine.rules import RULES
from tests.engine.small_networks import NETWORKS, grey_image, small_explainer

RULE_NAMES: tuple[RuleName, ...] = ("linear", "gradient", "frozen", "deconvnet", "guided")
UNPOOLINGS: tuple[UnpoolingName, ...] = ("switch", "nearest", "average")


def observed_by(explainer: Explainer, seed: int = 0) -> Observed:
    side = explainer.model.specification.input_size
    return observe(explainer, *fit_to_square(grey_image(seed=seed), side))


def _stacked(chunks: list[KernelMaps]) -> np.ndarray:
    return np.concatenate([chunk.values for chunk in chunks])


def _whole_maps(explainer: Explainer, observed: Observed, method: Method, layer: str) -> np.ndarray:
    """Each kernel's map from a seed on the whole grid, every step taken whole."""
    step = explainer.graph.step_of(layer)
    activation = observed.activation(step)
    every = torch.arange(activation.shape[1])
    make = seeds.peak if method.seed == "peak" else seeds.of_kernels
    seed = make(activation, every)
    rows = back_project(
        explainer.graph,
        observed.recording,
        way_of(method),
        lambda at, arrived: seed if at == step else None,
    ).sum(1)
    return np.asarray((rows.clamp(min=0) if method.positive else rows).numpy())


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("seed", ["peak", "full"])
@pytest.mark.parametrize("rule", RULE_NAMES)
def test_maps_by_patches_are_those_by_whole_maps(name: str, seed: SeedName, rule: RuleName) -> None:
    explainer = small_explainer(name, side=41)
    observed = observed_by(explainer)
    for unpooling in UNPOOLINGS:
        for positive in (False, True):
            method = Method(rule, seed, unpooling, positive=positive)
            for layer in explainer.layers:
                found = _stacked(list(kernel_maps(explainer, observed, method, layer)))
                expected = _whole_maps(explainer, observed, method, layer)
                greatest = max(float(np.abs(expected).max()), 1e-6)
                assert found.shape == expected.shape
                assert float(np.abs(found - expected).max()) <= 2e-6 * greatest


@pytest.mark.parametrize("name", NETWORKS)
def test_a_small_budget_of_memory_changes_no_map(name: str) -> None:
    explainer = small_explainer(name)
    observed = observed_by(explainer)
    for seed in ("peak", "full"):
        method = Method("guided", seed, "nearest")
        for layer in explainer.layers:
            one, other = (
                _stacked(list(kernel_maps(explainer, observed, method, layer, budget=budget)))
                for budget in (2**24, 3000)
            )
            assert float(np.abs(one - other).max()) <= 2e-6 * float(np.abs(one).max())


def test_a_peak_at_the_border_loses_what_lies_outside() -> None:
    """Seeds in all corners: the receptive field reaches over the border there."""
    explainer = small_explainer("pooled", side=24)
    observed = observed_by(explainer)
    step = explainer.graph.step_of("two")
    kept = torch.zeros_like(observed.activation(step))
    _, kernels, height, width = kept.shape
    corners = [(0, 0), (0, width - 1), (height - 1, 0), (height - 1, width - 1)]
    for kernel in range(kernels):
        y, x = corners[kernel % 4]
        kept[0, kernel, y, x] = 1.5
    recording = observed.recording
    changed = type(recording)({**recording.kept, step: kept}, recording.records, recording.logits)
    moved = Observed(observed.square, observed.geometry, changed)
    for rule in RULE_NAMES:
        method = Method(rule, "peak", "nearest")
        found = _stacked(list(kernel_maps(explainer, moved, method, "two")))
        expected = _whole_maps(explainer, moved, method, "two")
        assert float(np.abs(found - expected).max()) <= 2e-6 * float(np.abs(expected).max())


class ByChannelAndPlace(nn.Module):
    """Units that differ between channels and places, and a gate written by hand."""

    layer_names = ("a", "b", "classes")

    def __init__(self) -> None:
        super().__init__()
        self.a = nn.Sequential(nn.Conv2d(1, 6, 3, padding=1), nn.PReLU(6, init=0.3))
        self.b = nn.Conv2d(6, 5, 3, padding=1)
        self.classes = nn.Conv2d(5, 2, 1)
        generator = torch.Generator().manual_seed(3)
        self.register_buffer("low", torch.randn(1, 6, 1, 1, generator=generator) / 5)
        self.register_buffer("bar", torch.randn(1, 1, 32, 32, generator=generator) / 5)

    def forward(self, picture: Tensor) -> Tensor:
        maps = torch.clamp(self.a(picture), min=self.low)
        maps = self.b(maps * (maps > self.bar))
        out: Tensor = self.classes(maps * torch.sigmoid(maps)).mean((2, 3))
        return out


@pytest.mark.parametrize("rule", RULE_NAMES)
@pytest.mark.parametrize("seed", ["peak", "full"])
def test_units_that_differ_between_channels_and_places_do_so_in_patches(
    rule: RuleName, seed: SeedName
) -> None:
    torch.manual_seed(1)
    explainer = Explainer.of(ByChannelAndPlace(), ("a", "b"), 32)
    observed = observed_by(explainer)
    method = Method(rule, seed)
    for layer in explainer.layers:
        found = _stacked(list(kernel_maps(explainer, observed, method, layer)))
        expected = _whole_maps(explainer, observed, method, layer)
        assert float(np.abs(found - expected).max()) <= 2e-6 * float(np.abs(expected).max())


@pytest.mark.parametrize("rank", [rank_by_activation, rank_by_class])
def test_a_layer_that_is_not_explained_is_not_ranked(rank: Callable[..., object]) -> None:
    explainer = small_explainer("residual")
    more = (explainer.model.specification.classes[0],) if rank is rank_by_class else ()
    with pytest.raises(RequestError, match="not among those explained"):
        rank(explainer, observed_by(explainer), ("relu3",), *more)


def test_kernels_come_in_chunks_in_the_order_asked_for_with_progress() -> None:
    explainer = small_explainer("residual")
    observed = observed_by(explainer)
    method = PRESETS["published ARM"]
    chunks = list(kernel_maps(explainer, observed, method, "joined", (5, 0, 3), chunk=2))
    assert [chunk.kernels for chunk in chunks] == [(5, 0), (3,)]
    assert [(chunk.done, chunk.total) for chunk in chunks] == [(2, 3), (3, 3)]
    assert all(chunk.layer == "joined" and chunk.method == method for chunk in chunks)
    every = _stacked(list(kernel_maps(explainer, observed, method, "joined")))
    assert np.allclose(_stacked(chunks), every[[5, 0, 3]], atol=1e-6 * np.abs(every).max())


def test_a_stream_that_is_left_computes_no_further() -> None:
    explainer = small_explainer("residual")
    stream = kernel_maps(
        explainer, observed_by(explainer), Method("gradient", "full"), "joined", chunk=1
    )
    assert next(stream).done == 1
    stream.close()
    assert next(stream, None) is None


def test_one_kernel_of_the_stream_is_its_map_alone() -> None:
    explainer = small_explainer("inverted")
    observed = observed_by(explainer)
    method = Method("gradient", "full")
    (chunk,) = kernel_maps(explainer, observed, method, "b", (2,))
    expected = map_of(explainer, observed, method, "b", kernel=2)
    assert np.allclose(chunk.values[0], expected, atol=1e-6 * np.abs(expected).max())


def test_class_kernel_maps_sum_to_the_class_map_of_the_layer() -> None:
    explainer = small_explainer("residual")
    observed = observed_by(explainer)
    method = Method("gradient", "class")
    whole = layer_maps(explainer, observed.recording, method, 1)
    for layer, expected in zip(explainer.layers, whole, strict=True):
        target = explainer.model.specification.classes[1]
        parts = _stacked(list(kernel_maps(explainer, observed, method, layer, target=target)))
        assert np.allclose(parts.sum(0), expected, atol=2e-6 * np.abs(parts).sum(0).max())


@pytest.mark.parametrize("kernels", [(6,), (-1,), (0, 99)])
def test_a_kernel_that_the_layer_does_not_have_is_refused(kernels: tuple[int, ...]) -> None:
    explainer = small_explainer("residual")
    with pytest.raises(RequestError, match="kernels 0 to 5"):
        next(
            kernel_maps(
                explainer, observed_by(explainer), Method("linear", "full"), "joined", kernels
            )
        )


def test_a_layer_that_is_not_explained_has_no_kernel_maps() -> None:
    explainer = small_explainer("residual")
    with pytest.raises(RequestError, match="not among those explained"):
        next(kernel_maps(explainer, observed_by(explainer), Method("linear", "full"), "relu3"))


# --- ranking ---------------------------------------------------------------------------------


def test_ranking_by_activation_is_by_the_sum_over_positions() -> None:
    explainer = small_explainer("pooled")
    observed = observed_by(explainer)
    ranked = rank_by_activation(explainer, observed, ("one", "two"))
    sums = {
        (layer, kernel): float(plane.sum())
        for layer in ("one", "two")
        for kernel, plane in enumerate(observed.activation(explainer.graph.step_of(layer))[0])
    }
    assert {(row.layer, row.kernel): row.score for row in ranked} == pytest.approx(sums, rel=1e-5)
    scores = [row.score for row in ranked]
    assert scores == sorted(scores, reverse=True)


@pytest.mark.parametrize("name", NETWORKS)
def test_ranking_by_class_is_gradient_times_activation(name: str) -> None:
    explainer = small_explainer(name)
    observed = observed_by(explainer)
    network, facts = explainer.model.network, explainer.model.specification
    layer = explainer.layers[1]
    picture = (torch.from_numpy(observed.square)[None, None] - facts.mean) / facts.std
    seen: list[Tensor] = []
    hook = network.get_submodule(layer).register_forward_hook(
        lambda module, args, out: seen.append(out)
    )
    logits = network(picture.requires_grad_())
    hook.remove()
    (slope,) = torch.autograd.grad(logits[0, 2], seen[0])
    expected = (seen[0] * slope)[0].flatten(1).sum(1).tolist()
    ranked = rank_by_class(explainer, observed, (layer,), facts.classes[2])
    found = [row.score for row in sorted(ranked, key=lambda row: row.kernel)]
    assert found == pytest.approx(expected, rel=1e-3, abs=1e-5 * max(map(abs, expected)))


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("rule", ["linear", "gradient", "frozen"])
@pytest.mark.parametrize("seed", ["full", "class"])
def test_the_adjoint_trick_gives_the_mass_of_every_kernels_map(
    name: str, rule: RuleName, seed: SeedName
) -> None:
    explainer = small_explainer(name)
    observed = observed_by(explainer)
    target = explainer.model.specification.classes[0]
    side = explainer.model.specification.input_size
    regions = np.zeros((3, side, side), np.float32)
    regions[0, :5], regions[1, 10:20, 15:30], regions[2] = 1, 1, 1
    method = Method(rule, seed)
    masses = region_masses(explainer, observed, method, regions, explainer.layers, target)
    for layer in explainer.layers:
        maps = _stacked(list(kernel_maps(explainer, observed, method, layer, target=target)))
        expected = np.einsum("rhw,khw->rk", regions.astype(np.float64), maps)
        scale = np.abs(maps).sum((1, 2)).max()
        assert masses[layer].shape == expected.shape
        assert float(np.abs(masses[layer] - expected).max()) <= 1e-5 * scale
    ranked = rank_by_region(explainer, observed, method, regions[1], explainer.layers, target)
    best = max((float(values[1].max()), layer) for layer, values in masses.items())
    assert ranked[0].score == pytest.approx(best[0])
    assert ranked[0].layer == best[1]


def test_rules_that_cut_signals_off_cannot_screen_regions() -> None:
    explainer = small_explainer("pooled")
    observed = observed_by(explainer)
    region = np.ones((40, 40), np.float32)
    for rule in RULE_NAMES:
        method = Method(rule, "full")
        if RULES[rule].is_linear:
            assert rank_by_region(explainer, observed, method, region, ("one",))
            continue
        with pytest.raises(RequestError, match="linear, gradient and frozen"):
            rank_by_region(explainer, observed, method, region, ("one",))
    with pytest.raises(RequestError, match="seeds full and class"):
        rank_by_region(explainer, observed, Method("linear", "peak"), region, ("one",))
    with pytest.raises(RequestError, match="not that of the input"):
        rank_by_region(explainer, observed, Method("linear", "full"), region[:9], ("one",))


def test_memory_is_bounded_whatever_the_number_of_kernels() -> None:
    """A wide layer on a large grid: whole maps of all its kernels at once would take 2.1 GB."""

    class Wide(nn.Module):
        layer_names = ("wide", "classes")

        def __init__(self) -> None:
            super().__init__()
            self.first = nn.Sequential(nn.Conv2d(1, 32, 3, padding=1), nn.ReLU())
            self.wide = nn.Sequential(nn.Conv2d(32, 256, 3, padding=1), nn.ReLU())
            self.classes = nn.Conv2d(256, 2, 1)

        def forward(self, picture: Tensor) -> Tensor:
            out: Tensor = self.classes(self.wide(self.first(picture))).mean((2, 3))
            return out

    explainer = Explainer.of(Wide().eval(), ("a", "b"), 256)
    observed = observed_by(explainer)
    largest = 0

    class Seen(torch.utils._python_dispatch.TorchDispatchMode):
        def __torch_dispatch__(self, func, types, args=(), kwargs=None):  # type: ignore[no-untyped-def]
            nonlocal largest
            out = func(*args, **(kwargs or {}))
            for item in out if isinstance(out, (tuple, list)) else (out,):
                if isinstance(item, Tensor) and item.untyped_storage().nbytes() > largest:
                    largest = item.untyped_storage().nbytes()
            return out

    activation = observed.activation(explainer.graph.step_of("wide"))
    held = activation.untyped_storage().nbytes()
    with Seen():
        for chunk in kernel_maps(
            explainer, observed, Method("gradient", "full"), "wide", chunk=8, budget=2**24
        ):
            assert chunk.values.nbytes == len(chunk.kernels) * 256 * 256 * 4
    assert largest <= max(held, 2 * 2**24)
