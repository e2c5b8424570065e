"""Whole networks against Captum and against autograd: P5 to P7."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from engine.operations.base import Way
from engine.passes import push_forward
from engine.rules import RULES
from tests.engine.small_networks import (
    CAPTUM,
    FAMILIES,
    NETWORKS,
    WithRule,
    assert_close,
    built,
    by_captum,
    image,
    noise,
    output_of,
    read,
    taken_back,
)

RECTIFIED = ("pooled", "residual", "strided")  # nets whose only rectifier is nn.ReLU


class HalfSquare(nn.Module):
    """½ Σ z_l² of a layer's output: its gradient with respect to z_l is z_l, the seed "full"."""

    def __init__(self, network: nn.Module, layer: str) -> None:
        super().__init__()
        self.network = network
        self.layer = layer

    def forward(self, picture: Tensor) -> Tensor:
        maps, _ = output_of(self.network, self.layer, picture)
        return 0.5 * (maps**2).sum((1, 2, 3))


@pytest.mark.parametrize("name", RECTIFIED)
@pytest.mark.parametrize("rule", CAPTUM)
def test_a_logit_taken_back_equalsby_captum(name: str, rule: str) -> None:
    network, layers = built(name)
    picture = image(21, 18)
    graph, recording = read(network, layers, picture)
    for target in range(3):
        seed = F.one_hot(torch.tensor([target]), 3).double()
        found = taken_back(graph, recording, len(graph.steps) - 1, seed, rule)
        assert_close(found, by_captum(rule, network, picture, target))


@pytest.mark.parametrize("name", RECTIFIED)
@pytest.mark.parametrize("rule", CAPTUM)
def test_a_layer_taken_back_equals_captum_with_the_same_seed(name: str, rule: str) -> None:
    network, layers = built(name)
    picture = image(21, 18)
    graph, recording = read(network, layers, picture)
    for layer in layers:
        step = graph.step_of(layer)
        found = taken_back(graph, recording, step, recording.kept[step], rule)
        assert_close(found, by_captum(rule, HalfSquare(network, layer), picture, None))


@pytest.mark.parametrize("name", [*NETWORKS, *FAMILIES])
def test_a_seed_z_is_the_gradient_of_half_its_square(name: str) -> None:
    network, layers = built(name)
    picture = image(21, 18).requires_grad_()
    graph, recording = read(network, layers, picture.detach())
    for layer in layers:
        (vjp,) = torch.autograd.grad(HalfSquare(network, layer)(picture).sum(), picture)
        step = graph.step_of(layer)
        assert_close(taken_back(graph, recording, step, recording.kept[step], "gradient"), vjp)


class _IdentityBack(torch.autograd.Function):
    """ReLU on the way in, everything passes on the way back."""

    @staticmethod
    def forward(ctx: object, maps: Tensor) -> Tensor:
        return maps.clamp(min=0)

    @staticmethod
    def backward(ctx: object, signal: Tensor) -> Tensor:
        return signal


class PassesBack(nn.Module):
    def forward(self, maps: Tensor) -> Tensor:
        out: Tensor = _IdentityBack.apply(maps)  # type: ignore[no-untyped-call]
        return out


def _with_rectifiers(network: nn.Module, replacement: Callable[[], nn.Module]) -> nn.Module:
    for path, module in list(network.named_modules()):
        if isinstance(module, nn.ReLU):
            network.set_submodule(path, replacement())
    return network


@pytest.mark.parametrize(
    ("name", "replacement"),
    [
        ("strided", nn.Identity),  # no switches: the linear network is simply the one without ReLU
        ("residual", nn.Identity),
        ("strided", PassesBack),
        ("residual", PassesBack),
        ("pooled", PassesBack),  # the switches of the true forward pass, frozen
    ],
)
def test_linear_is_the_vjp_without_rectifiers_and_not_captums_deconvolution(
    name: str, replacement: Callable[[], nn.Module]
) -> None:
    network, layers = built(name)
    picture = image(21, 18)
    graph, recording = read(network, layers, picture)
    seed = torch.tensor([[1.0, -2.0, 0.5]], dtype=torch.float64)
    found = taken_back(graph, recording, len(graph.steps) - 1, seed, "linear")
    free = _with_rectifiers(built(name)[0], replacement)
    vary = picture.clone().requires_grad_()
    (vjp,) = torch.autograd.grad(free(vary), vary, seed)
    assert_close(found, vjp)
    one = taken_back(graph, recording, len(graph.steps) - 1, torch.eye(3).double()[:1], "linear")
    other = by_captum("deconvnet", network, picture, 0)
    assert float((one - other).abs().max()) > 0.1 * float(other.abs().max())


# --- every rule as autograd with rectifiers of its own ---------------------------------------

RULED = ("pooled", "residual", "strided", "branched", "weighed", "encoder", "dense", "inception")


@pytest.mark.parametrize("name", RULED)
@pytest.mark.parametrize("rule", RULES)
def test_every_rule_is_autograd_with_that_rules_rectifiers(name: str, rule: str) -> None:
    network, layers = built(name)
    picture = image(21, 18)
    graph, recording = read(network, layers, picture)
    seeds = noise(3, 3, seed=2)
    leaf = picture.clone().requires_grad_()
    with WithRule(rule):
        answer = network(leaf)
    rows = [torch.autograd.grad(answer, leaf, row[None], retain_graph=True)[0] for row in seeds]
    assert_close(taken_back(graph, recording, len(graph.steps) - 1, seeds, rule), torch.cat(rows))
    for layer in layers:
        step = graph.step_of(layer)
        with WithRule(rule):
            maps, _ = output_of(network, layer, leaf)
        seeds_here = noise(2, *maps.shape[1:], seed=3)
        rows = [
            torch.autograd.grad(maps, leaf, row[None], retain_graph=True)[0] for row in seeds_here
        ]
        assert_close(taken_back(graph, recording, step, seeds_here, rule), torch.cat(rows))


@pytest.mark.parametrize("name", [*RULED, "inverted"])
def test_a_network_without_biases_is_its_own_frozen_map(name: str) -> None:
    """With gates and switches held, the network is linear, so pushing the image gives its logits
    and the maps of the logits, times the image, add up to them."""
    network, _ = built(name)
    for module in network.modules():
        for part in ("bias", "running_mean"):
            if isinstance(getattr(module, part, None), Tensor):
                getattr(module, part).data.zero_()
        if isinstance(module, nn.ReLU6):
            module.max_val = 1e9  # a ceiling is a shift, too
    picture = image(21, 18)
    graph, recording = read(network, (), picture)
    last = len(graph.steps) - 1
    pushed = push_forward(graph, recording, Way(RULES["frozen"]), picture, [last])[last]
    assert_close(pushed, recording.logits)
    rows = taken_back(graph, recording, last, torch.eye(3, dtype=torch.float64), "frozen")
    assert_close((rows * picture).sum((1, 2, 3))[None], recording.logits)


@pytest.mark.parametrize("name", [*NETWORKS, *FAMILIES])
def test_gradient_is_the_finite_difference_of_a_logit(name: str) -> None:
    """No autograd at all: the logits of two images a small step apart."""
    network, layers = built(name)
    picture = image(21, 18)
    graph, recording = read(network, layers, picture)
    seed = torch.eye(3, dtype=torch.float64)
    rows = taken_back(graph, recording, len(graph.steps) - 1, seed, "gradient")
    towards = noise(*picture.shape, seed=4)
    step = 1e-6
    with torch.no_grad():
        ahead, behind = network(picture + step * towards), network(picture - step * towards)
    slope = (ahead - behind)[0] / (2 * step)
    assert_close((rows * towards).sum((1, 2, 3)), slope, 1e-5)
