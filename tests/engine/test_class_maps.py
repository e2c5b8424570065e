"""Responses of the classes and the dominant one, against autograd and against slow loops."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray
from torch import Tensor, nn

from engine.checkpoint import LoadedModel
from engine.errors import RequestError
from engine.explainer import Explainer
from engine.explanation import explain
from engine.preprocess import fit_to_square
from engine.presets import PRESETS
from engine.responses import class_maps, dominant
from engine.results import ClassResponses, Method
from engine.rules import RULES
from tests.engine.seen import near, observed_by
from tests.engine.small_networks import (
    CLASSES,
    assert_close,
    grey_image,
    output_of,
    small_explainer,
    specification,
    taken_back,
)

REPEATABLE = settings(derandomize=True, deadline=None, max_examples=80, database=None)
Maps = NDArray[np.float32]


# --- dominant class: CLEAR eqs. 4-5 ----------------------------------------------------------


def _class_maps_of_integers() -> st.SearchStrategy[Maps]:
    """Few distinct values, so that ties and pixels without evidence are common."""
    shape = st.tuples(st.integers(2, 5), st.integers(1, 4), st.integers(1, 4))
    return hnp.arrays(np.float32, shape, elements=st.integers(-3, 3).map(float))


def _names(maps: Maps) -> list[str]:
    return [f"class {index}" for index in range(len(maps))]


def test_dominant_class_response_and_margin_by_hand() -> None:
    pixels = [
        ([3, 1, 2], 0, 3, 1),
        ([1, 5, -7], 1, 5, 4),
        ([-4, -6, 0.5], 2, 0.5, 4.5),  # the only evidence, however weak
        ([2, 2, 1], -1, 2, 0),  # a tie
        ([0, 0, 0], -1, 0, 0),  # nothing at all
        ([-1, -2, -3], -1, -1, 1),  # evidence against every class
        ([0, -2, -3], -1, 0, 2),
        ([5, 5 - 1e-6, 0], -1, 5, 0),  # a difference of rounding only
        ([5, 5 - 1e-4, 0], 0, 5, 1e-4),
    ]
    maps = np.array([values for values, *_ in pixels], np.float32).T.reshape(3, 3, 3)
    found = dominant(maps, CLASSES)
    assert found.classes == CLASSES
    assert found.dominant.dtype == np.int16
    assert found.response.dtype == found.margin.dtype == np.float32
    assert found.dominant.ravel().tolist() == [index for _, index, _, _ in pixels]
    assert found.response.ravel() == pytest.approx([value for _, _, value, _ in pixels])
    assert found.margin.ravel() == pytest.approx([m for *_, m in pixels], abs=2e-6)


@REPEATABLE
@given(_class_maps_of_integers())
def test_dominant_by_slow_loops(maps: Maps) -> None:
    found = dominant(maps, _names(maps))
    assert bool((found.response >= maps).all())
    assert bool((found.margin >= 0).all())
    for place in np.ndindex(maps.shape[1:]):
        values = [float(one[place]) for one in maps]
        first, second = sorted(values)[::-1][:2]
        unique = first > second and first > 0
        assert found.dominant[place] == (values.index(first) if unique else -1)
        assert found.response[place] == first
        assert found.margin[place] == first - second


@REPEATABLE
@given(_class_maps_of_integers(), st.integers(-30, 30), st.floats(0.1, 10))
def test_a_common_positive_factor_leaves_the_dominant_class(
    maps: Maps, exponent: int, factor: float
) -> None:
    before = dominant(maps, _names(maps)).dominant
    scaled = (maps * np.float32(factor * 2.0**exponent)).astype(np.float32)
    assert np.array_equal(dominant(scaled, _names(maps)).dominant, before)


@REPEATABLE
@given(_class_maps_of_integers(), st.randoms(use_true_random=False))
def test_permuting_the_classes_permutes_the_dominant_class(maps: Maps, random: object) -> None:
    order = list(range(len(maps)))
    random.shuffle(order)  # type: ignore[attr-defined]
    before, after = dominant(maps, _names(maps)), dominant(maps[order], _names(maps))
    named = np.where(after.dominant >= 0, np.array(order)[after.dominant], -1)
    assert np.array_equal(named, before.dominant)
    assert np.array_equal(after.response, before.response)
    assert np.array_equal(after.margin, before.margin)


def test_one_class_has_no_rival() -> None:
    with pytest.raises(RequestError, match="two classes"):
        dominant(np.ones((1, 2, 2), np.float32), ("only",))


@pytest.mark.parametrize("rule", RULES)
def test_class_maps_are_one_pass_for_each_class(rule: str) -> None:
    explainer = small_explainer("pooled")
    observed = observed_by(explainer)
    step = explainer.graph.step_of("classes")
    kept = observed.recording.kept[step]
    maps = []
    for index in range(3):
        seed = torch.zeros_like(kept)
        seed[0, index] = kept[0, index]
        row = taken_back(explainer.graph, observed.recording, step, seed, rule)
        maps.append(row[0, 0].numpy())
    stack = np.stack(maps)
    found = class_maps(explainer, observed.recording, Method(rule, "full"))  # type: ignore[arg-type]
    near(found.response, stack.max(0))
    assert bool((found.response >= stack - 1e-6 * np.abs(stack).max()).all())
    sure = found.margin > 1e-4 * np.abs(stack).max()
    positive = sure & (found.response > 0)
    assert positive.mean() > 0.2
    assert np.array_equal(found.dominant[positive], stack.argmax(0)[positive])
    assert bool((found.dominant[found.response <= 0] == -1).all())


def test_pixels_that_no_class_can_see_have_no_dominant_class() -> None:
    """A stride greater than the kernel leaves pixels outside every receptive field."""

    class Gaps(nn.Module):
        layers = ("conv", "classes")

        def __init__(self) -> None:
            super().__init__()
            self.conv, self.classes = nn.Conv2d(1, 4, 2, 4), nn.Conv2d(4, 3, 1)

        def forward(self, maps: Tensor) -> Tensor:
            out: Tensor = self.classes(self.conv(maps)).mean((2, 3))
            return out

    torch.manual_seed(1)
    facts = specification("by hand", {}, Gaps.layers, 40)
    explainer = Explainer.prepare(LoadedModel(Gaps().eval(), facts), torch.device("cpu"))
    found = explain(explainer, grey_image(), PRESETS["CLEAR"], with_classes=True).class_responses
    assert found is not None
    unseen = np.ones((40, 40), bool)
    for y in range(0, 40, 4):
        for x in range(0, 40, 4):
            unseen[y : y + 2, x : x + 2] = False
    assert bool((found.dominant[unseen] == -1).all())
    assert bool((found.response[unseen] == 0).all())
    assert bool((found.dominant[~unseen] >= 0).any())


# --- classes of networks without a class layer -----------------------------------------------


class Headed(nn.Module):
    """Two convolutions and a head: a linear layer after the mean, or the same as a class layer."""

    def __init__(self, linear: bool) -> None:
        super().__init__()
        self.conv = nn.Sequential(
            nn.Conv2d(1, 4, 3, 2, 1), nn.ReLU(), nn.Conv2d(4, 5, 3), nn.ReLU()
        )
        self.linear = linear
        self.head = nn.Linear(5, 3) if linear else nn.Conv2d(5, 3, 1)

    def forward(self, picture: Tensor) -> Tensor:
        maps = self.conv(picture)
        if self.linear:
            out: Tensor = self.head(maps.mean((2, 3)))
        else:
            out = self.head(maps).mean((2, 3))
        return out


def _headed(linear: bool) -> Explainer:
    """Without biases in the head, where the two kinds could not be the same."""
    network = Headed(linear)
    generator = torch.Generator().manual_seed(4)
    for parameter in network.parameters():
        values = torch.randn(parameter.numel(), generator=generator) / 3
        parameter.data.copy_(values.view(parameter.shape))
    network.head.bias.data.zero_()  # type: ignore[union-attr, operator]
    return Explainer.of(network, CLASSES, 40, mean=0.4, std=0.25, device="cpu")


def _by_autograd(explainer: Explainer, index: int) -> tuple[Tensor, Tensor]:
    """Without anything of the engine: the share of a class in the last maps before the head,
    z ⊙ ∂logit/∂z, and the class's map; for a class layer CLEAR's eq. 3."""
    facts, network = explainer.model.specification, explainer.model.network
    square, _ = fit_to_square(grey_image(), 40)
    leaf = ((torch.from_numpy(square)[None, None] - facts.mean) / facts.std).requires_grad_()
    maps, logits = output_of(network, "conv", leaf)
    (signal,) = torch.autograd.grad(logits[0, index], maps, retain_graph=True)
    share = (maps * signal).detach()
    if isinstance(network.head, nn.Linear):
        (row,) = torch.autograd.grad(maps, leaf, signal * share.sum(1, keepdim=True))
    else:
        scores = network.head(maps)  # type: ignore[operator]
        (row,) = torch.autograd.grad(0.5 * (scores[0, index] ** 2).sum(), leaf)
    return share, row[0, 0]


def _assert_dominated(found: ClassResponses, stack: Maps) -> None:
    """The response, the margin and, where it is clear, the dominant class of class maps."""
    ordered = np.sort(stack, 0)
    near(found.response, ordered[-1])
    near(found.margin, ordered[-1] - ordered[-2], 1e-4)
    clear = (found.margin > 1e-4 * np.abs(stack).max()) & (found.response > 0)
    assert np.array_equal(found.dominant[clear], stack.argmax(0)[clear])
    assert clear.mean() > 0.2


@pytest.mark.parametrize("linear", [True, False])
def test_class_maps_with_and_without_a_class_layer_are_those_by_autograd(linear: bool) -> None:
    explainer = _headed(linear)
    assert explainer.class_step == explainer.graph.step_of("conv" if linear else "head")
    stack = np.stack([_by_autograd(explainer, index)[1].numpy() for index in range(3)])
    recording = observed_by(explainer).recording
    _assert_dominated(class_maps(explainer, recording, Method("gradient", "full")), stack)


@pytest.mark.parametrize("linear", [True, False])
def test_responses_can_be_divided_by_the_norm_of_each_classs_weights(linear: bool) -> None:
    explainer = _headed(linear)
    weight = explainer.model.network.head.weight.detach()  # type: ignore[union-attr]
    norms = [float(sum(value**2 for value in row.flatten().tolist()) ** 0.5) for row in weight]
    assert np.std(norms) > 0.05
    stack = np.stack(
        [_by_autograd(explainer, index)[1].numpy() / norms[index] for index in range(3)]
    )
    method = Method("gradient", "full", per_weight=True)
    _assert_dominated(class_maps(explainer, observed_by(explainer).recording, method), stack)


@pytest.mark.parametrize("linear", [True, False])
def test_class_maps_do_not_depend_on_the_layers_that_are_shown(linear: bool) -> None:
    explainer = _headed(linear)
    shown = ("conv.1", "conv") if linear else ("conv.1",)  # the class layer itself need not be
    fewer = Explainer.of(
        explainer.model.network, CLASSES, 40, mean=0.4, std=0.25, layers=shown, device="cpu"
    )
    method = Method("gradient", "full")
    one, other = (
        class_maps(item, observed_by(item).recording, method) for item in (explainer, fewer)
    )
    assert np.array_equal(one.response, other.response)
    assert np.array_equal(one.dominant, other.dominant)


def test_shares_of_a_class_add_up_to_its_class_activation_map() -> None:
    """Zhou 2016: Σ_k w_ck z_k, up to the number of positions."""
    explainer = _headed(linear=True)
    weight = explainer.model.network.head.weight.detach()  # type: ignore[union-attr]
    maps = observed_by(explainer).recording.kept[explainer.class_step]
    for index in range(3):
        share, _ = _by_autograd(explainer, index)
        expected = torch.einsum("k,khw->hw", weight[index], maps[0])
        assert_close(share.sum(1)[0] * maps[0, 0].numel(), expected, 1e-5)


def test_a_linear_head_has_the_class_maps_of_the_class_layer_that_it_is() -> None:
    """The same function, so the same picture, up to the number of positions."""
    linear, kernels = _headed(linear=True), _headed(linear=False)
    assert kernels.class_step == kernels.graph.step_of("head")
    method = Method("gradient", "full")
    one, other = (
        class_maps(item, observed_by(item).recording, method) for item in (linear, kernels)
    )
    factor = float(other.response.max() / one.response.max())
    near(one.response * factor, other.response, 1e-4)
    assert (one.dominant == other.dominant).mean() > 0.99
