"""Networks of other people, as they are: MONAI's, in two and three dimensions."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import pytest
import torch
from monai.networks import nets
from torch import Tensor, nn

from engine.errors import DeviceError, ModelError, RequestError, UnsupportedOperationError
from engine.explainer import Explainer
from engine.explanation import explain
from engine.graph import Graph, Recording, record
from engine.layers import class_layer, every_layer
from engine.operations.base import Way
from engine.passes import back_project, push_forward
from engine.presets import PRESETS
from engine.results import Method
from engine.rules import RULES
from engine.trace import trace
from tests.engine.small_networks import (
    CLASSES,
    FAMILIES,
    NETWORKS,
    WithRule,
    Written,
    assert_close,
    built,
    by_captum,
    grey_image,
    image,
    noise,
    output_of,
    randomised,
    read,
    state_of,
    taken_back,
)

FLAT = {"spatial_dims": 2, "num_classes": 5}


def _densenet() -> nn.Module:
    network: nn.Module = nets.DenseNet121(spatial_dims=2, in_channels=1, out_channels=5)
    return network


def _efficientnet() -> nn.Module:
    network: nn.Module = nets.EfficientNetBN(
        "efficientnet-b0", spatial_dims=2, in_channels=1, num_classes=5, pretrained=False
    )
    return network


MODELS: dict[str, tuple[Callable[[], nn.Module], str]] = {
    "densenet121": (_densenet, "features.denseblock3"),
    "resnet18": (lambda: nets.resnet18(n_input_channels=1, **FLAT), "layer3"),
    "resnet50": (lambda: nets.resnet50(n_input_channels=1, **FLAT), "layer4.1"),
    "seresnet50": (lambda: nets.SEResNet50(in_channels=1, pretrained=False, **FLAT), "layer3.2"),
    "efficientnet-b0": (_efficientnet, "_blocks.4"),
    "resnet18 in 3d": (
        lambda: nets.resnet18(spatial_dims=3, n_input_channels=1, num_classes=5),
        "layer2",
    ),
}
RECTIFIED = [name for name in MODELS if name != "efficientnet-b0"]


@dataclass(frozen=True)
class Case:
    network: nn.Module
    picture: Tensor
    layer: str
    graph: Graph
    recording: Recording
    before: list[object]

    @property
    def step(self) -> int:
        return self.graph.step_of(self.layer)

    @property
    def last(self) -> int:
        return len(self.graph.steps) - 1


@cache
def _case(name: str) -> Case:
    make, layer = MODELS[name]
    network = randomised(make(), seed=3)
    picture = image(24, 24, 24) if "3d" in name else image(64, 64)
    before = state_of(network)
    graph = trace(network, torch.zeros_like(picture), (layer,))
    recording = record(graph, picture, [graph.step_of(layer)])
    return Case(network, picture, layer, graph, recording, before)


def _vjp(answer: Tensor, leaf: Tensor, seeds: Tensor) -> Tensor:
    rows = [torch.autograd.grad(answer, leaf, row[None], retain_graph=True)[0] for row in seeds]
    return torch.cat(rows)


each_model = pytest.mark.parametrize("name", MODELS)


@each_model
def test_the_graph_answers_like_the_network(name: str) -> None:
    case = _case(name)
    with torch.no_grad():
        maps, logits = output_of(case.network, case.layer, case.picture)
    assert_close(case.recording.logits, logits, 1e-11)
    assert_close(case.recording.kept[case.step], maps, 1e-11)


@each_model
def test_gradient_is_autograd_for_logits_and_for_a_layer_in_the_middle(name: str) -> None:
    case = _case(name)
    leaf = case.picture.clone().requires_grad_()
    maps, logits = output_of(case.network, case.layer, leaf)
    seeds = noise(2, 5, seed=2)
    found = taken_back(case.graph, case.recording, case.last, seeds, "gradient")
    assert_close(found, _vjp(logits, leaf, seeds), 1e-10)
    seeds = noise(1, *maps.shape[1:], seed=3)
    found = taken_back(case.graph, case.recording, case.step, seeds, "gradient")
    assert_close(found, _vjp(maps, leaf, seeds), 1e-10)


@pytest.mark.parametrize("name", RECTIFIED)
@pytest.mark.parametrize("rule", [name for name in RULES if name != "gradient"])
def test_every_rule_is_autograd_with_that_rules_rectifiers(name: str, rule: str) -> None:
    """``linear`` so is the gradient of the network whose rectifiers let everything back."""
    case = _case(name)
    leaf = case.picture.clone().requires_grad_()
    with WithRule(rule):
        logits = case.network(leaf)
    seeds = noise(1, 5, seed=2)
    found = taken_back(case.graph, case.recording, case.last, seeds, rule)
    assert_close(found, _vjp(logits, leaf, seeds), 1e-10)


@pytest.mark.parametrize("rule", ["deconvnet", "guided"])
def test_densenet_by_captum(rule: str) -> None:
    """Captum wants every rectifier to be a module of its own that does not overwrite."""
    case = _case("densenet121")
    network = copy.deepcopy(case.network)
    for module in network.modules():
        if isinstance(module, nn.ReLU):
            module.inplace = False
    seed = torch.eye(5, dtype=torch.float64)[2:3]
    found = taken_back(case.graph, case.recording, case.last, seed, rule)
    assert_close(found, by_captum(rule, network, case.picture, 2), 1e-10)


@each_model
@pytest.mark.parametrize("rule", [name for name, rule in RULES.items() if rule.is_linear])
def test_push_is_the_adjoint_of_the_way_back(name: str, rule: str) -> None:
    case = _case(name)
    regions = noise(1, *case.picture.shape[1:], seed=4)
    pushed = push_forward(
        case.graph, case.recording, Way(RULES[rule]), regions, [case.step, case.last]
    )
    for step, signals in pushed.items():
        seeds = noise(1, *signals.shape[1:], seed=5)
        maps = taken_back(case.graph, case.recording, step, seeds, rule)
        there = signals.flatten(1) @ seeds.flatten(1).T
        here = regions.flatten(1) @ maps.flatten(1).T
        size = float(regions.norm() * maps.norm() + signals.norm() * seeds.norm())
        assert float((there - here).abs().max() + here.abs().max()) > 0
        assert float((there - here).abs().max()) <= 1e-12 * size


@pytest.mark.parametrize("name", ["densenet121", "seresnet50", "efficientnet-b0"])
def test_small_budgets_give_the_same_maps(name: str) -> None:
    case = _case(name)
    seeds = {case.last: noise(5, 5, seed=6), case.step: case.recording.kept[case.step]}
    whole, split = (
        back_project(
            case.graph, case.recording, Way(RULES["guided"]), lambda at, _: seeds.get(at), budget
        )
        for budget in (1 << 40, 1 << 17)
    )
    assert len(whole) == 6
    assert_close(split, whole)


@each_model
def test_the_network_is_left_as_it_was_found(name: str) -> None:
    case = _case(name)
    every = every_layer(case.graph)
    for rule in ("gradient", "guided"):
        taken_back(case.graph, case.recording, case.step, case.recording.kept[case.step], rule)
    assert state_of(case.network) == case.before
    assert all(case.graph.maps(case.graph.step_of(layer)) for layer in every)


# --- layers that nobody has named ------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "expected", "ends"),
    [
        (
            "densenet121",
            ["features.relu0", "features.denseblock1.denselayer1"],
            "class_layers.relu",
        ),
        ("resnet18", ["act", "layer1.0.act", "layer1.0", "layer2.0.downsample"], "layer4"),
        ("resnet50", ["layer1.0.act", "layer1.0.act#2", "layer1.0", "layer1"], "layer4"),
        ("seresnet50", ["layer0.relu1", "layer1.0.conv1", "layer1.0", "layer2"], "layer4"),
        ("efficientnet-b0", ["_swish", "_blocks.0", "_blocks.1.1._swish#2"], "_swish#2"),
        ("resnet18 in 3d", ["act", "layer1.0", "layer2.0.downsample"], "layer4"),
    ],
)
def test_every_layer_is_named_by_its_place_in_order_of_depth(
    name: str, expected: list[str], ends: str
) -> None:
    graph = _case(name).graph
    layers = every_layer(graph)
    assert len(set(layers)) == len(layers)
    steps = [graph.step_of(layer) for layer in layers]
    assert steps == sorted(set(steps))
    assert layers[-1] == ends
    places = [layers.index(layer) for layer in expected]
    assert places == sorted(places)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("pooled", ("one.2", "two.2", "classes")),
        ("residual", ("stem", "relu1", "norm", "block", "relu2", "cat", "relu3", "classes")),
        ("strided", ("conv1", "conv2", "conv3", "classes")),
        ("branched", ("stem", "left", "middle", "right", "cat", "classes")),
        ("mixed", ("stem", "wide", "block", "classes")),
        ("weighed", ("relu", "relu#2", "classes")),
        ("encoder", ("down", "bottom", "up", "cat", "join", "classes")),
    ],
)
def test_layers_of_small_networks_are_all_found(name: str, expected: tuple[str, ...]) -> None:
    """Convolutions, sums and concatenations, each with the normalisation and the rectifier after
    it; by the outermost module that ends there, or the name of the call."""
    network, _ = built(name)
    assert every_layer(trace(network, image(20, 20))) == expected


def test_a_class_layer_is_a_convolution_with_one_kernel_for_each_class_that_is_averaged() -> None:
    for name in ("pooled", "residual", "strided", "inverted", "branched", "weighed", "encoder"):
        graph = trace(built(name)[0], image(20, 20))
        assert class_layer(graph) == graph.step_of("classes")
    for name in ("dense", "inception"):  # a linear layer stands at the end
        assert class_layer(trace(built(name)[0], image(20, 20))) is None
    for name in MODELS:
        assert class_layer(_case(name).graph) is None
    conv = nn.Conv2d(1, 3, 3)
    for body in (
        lambda x, conv: conv(x).relu().mean((2, 3)),  # a rectifier after the kernels
        lambda x, conv: conv(x).amax((2, 3)),
        lambda x, conv: conv(x[:, :, :3, :3]).flatten(1),  # one position, but not averaged
    ):
        graph = trace(randomised(Written(body, conv=conv)), image(9, 9))
        assert class_layer(graph) is None


@pytest.mark.parametrize("name", [*NETWORKS, *FAMILIES])
def test_layers_that_are_found_have_maps_that_sum_up(name: str) -> None:
    """P8 on layers that nobody has named: the maps of the kernels add up to that of the layer."""
    network, _ = built(name)
    picture = image(20, 20)
    layers = every_layer(trace(network, picture))
    graph, recording = read(network, layers, picture)
    for layer in layers:
        step = graph.step_of(layer)
        kept = recording.kept[step]
        kernels = (
            torch.diag_embed(kept[0].flatten(1).T).permute(1, 2, 0).reshape(-1, *kept.shape[1:])
        )
        apart = taken_back(graph, recording, step, kernels, "gradient")
        whole = taken_back(graph, recording, step, kept, "gradient")
        assert_close(apart.sum(0, keepdim=True), whole)


def test_an_image_too_small_for_a_network_says_so() -> None:
    network = randomised(_densenet())
    with pytest.raises(ModelError, match=r"does not run on an image \[1, 1, 16, 16\]"):
        trace(network, image(16, 16))


# --- a network of one's own, without a folder ------------------------------------------------


def _training(network: nn.Module) -> list[bool]:
    return [module.training for module in network.modules()]


def test_any_network_becomes_an_explainer_and_stays_as_it_was() -> None:
    network, _ = built("residual")
    network.stem.train()  # type: ignore[union-attr, operator]
    network.norm.train()  # type: ignore[union-attr, operator]
    before = state_of(network)
    explainer = Explainer.of(network, CLASSES, 40, device="cpu")
    assert state_of(network) == before
    assert explainer.layers == every_layer(explainer.graph)
    assert explainer.identity.name == "Residual"
    assert explainer.identity.classes == CLASSES
    result = explain(explainer, grey_image(), PRESETS["gradient"], with_classes=True)
    assert state_of(network) == before
    assert tuple(layer.name for layer in result.layers) == explainer.layers
    assert all(bool(layer.values.any()) for layer in result.layers)


@pytest.mark.parametrize(
    ("change", "error", "said"),
    [
        ({"classes": ("a", "b")}, ModelError, "answers with 3 values, but 2 classes"),
        ({"classes": ()}, ModelError, "class names are empty"),
        ({"layers": ("stem", "nowhere")}, ModelError, "no layer 'nowhere'"),
        ({"layers": ("stem", "mean")}, ModelError, "output of the layer 'mean' is no map"),
        ({"output": "logits"}, ModelError, "output is 'logits'"),
        ({"channels": 3}, ModelError, "does not run on an image"),
        ({"input_size": 1}, ModelError, "input_size 1 is out of range"),
        ({"std": 0.0}, ModelError, "std 0.0 is out of range"),
        ({"device": "abacus"}, DeviceError, "device 'abacus' is not known"),
    ],
)
def test_a_network_that_does_not_fit_its_facts_is_refused_and_stays_as_it_was(
    change: dict[str, Any], error: type[Exception], said: str
) -> None:
    network, _ = built("residual")
    network.stem.train()  # type: ignore[union-attr, operator]
    before = state_of(network)
    facts: dict[str, Any] = {"classes": CLASSES, "input_size": 40, "device": "cpu", **change}
    with pytest.raises(error, match=said):
        Explainer.of(network, **facts)
    assert state_of(network) == before


def test_a_network_that_cannot_be_read_goes_on_training() -> None:
    network = Written(lambda x: torch.cumprod(x, 1).mean((2, 3))).train()
    with pytest.raises(UnsupportedOperationError, match="cumprod"):
        Explainer.of(network, ("one",), 16, output="sigmoid", device="cpu")
    assert _training(network) == [True, True]


def test_colour_networks_read_the_grey_image_in_every_channel() -> None:
    """Each channel is normalised by its own numbers; a map is summed over the channels."""
    network = randomised(
        nn.Sequential(nn.Conv2d(3, 4, 3, 2, 1), nn.ReLU(), nn.Conv2d(4, 3, 3)), seed=2
    )
    network.extend([nn.AdaptiveAvgPool2d(1), nn.Flatten()])  # type: ignore[operator]
    mean, std = (0.4, 0.5, 0.3), (0.2, 0.25, 0.3)
    explainer = Explainer.of(network, CLASSES, 40, 3, mean, std, device="cpu")
    assert explainer.layers == ("1", "2")
    result = explain(explainer, grey_image(), Method("gradient", "full"))
    grey = torch.from_numpy(result.input_image)
    channels = [(grey - m) / s for m, s in zip(mean, std, strict=True)]
    leaf = torch.stack(channels)[None].double().requires_grad_()
    maps, logits = output_of(network, "2", leaf)
    (expected,) = torch.autograd.grad(0.5 * (maps**2).sum(), leaf, retain_graph=True)
    found = torch.from_numpy(result.layers[1].values).double()
    assert_close(found, expected[0].sum(0), 1e-6)
    chances = torch.softmax(logits.detach()[0], 0).tolist()
    named = {item.name: item.probability for item in result.predictions}
    assert [named[name] for name in CLASSES] == pytest.approx(chances, rel=1e-5)


def test_findings_that_do_not_exclude_each_other_have_probabilities_of_their_own() -> None:
    network, _ = built("strided")
    explainer = Explainer.of(network, CLASSES, 40, output="sigmoid", device="cpu")
    result = explain(explainer, grey_image(), Method("gradient", "class"))
    with torch.no_grad():
        logits = network(torch.from_numpy(result.input_image).double()[None, None])[0]
    named = {item.name: item.probability for item in result.predictions}
    expected = [1 / (1 + math.exp(-float(value))) for value in logits]
    assert [named[name] for name in CLASSES] == pytest.approx(expected, rel=1e-5)
    values = [item.probability for item in result.predictions]
    assert values == sorted(values, reverse=True)
    assert sum(values) != pytest.approx(1, abs=1e-3)


def test_one_finding_alone_is_explained_but_has_no_rival() -> None:
    network = nn.Sequential(nn.Conv2d(1, 1, 3), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Sigmoid())
    explainer = Explainer.of(randomised(network), ("fracture",), 16, output="sigmoid", device="cpu")
    result = explain(explainer, grey_image(), Method("gradient", "class"))
    assert result.target == "fracture"
    assert bool(result.layers[0].values.any())
    with pytest.raises(RequestError, match="two classes"):
        explain(explainer, grey_image(), Method("gradient", "class"), with_classes=True)


@pytest.mark.parametrize("name", ["densenet121", "efficientnet-b0"])
def test_a_network_of_the_library_is_explained_whole(name: str) -> None:
    network = _case(name).network
    names = tuple("abcde")
    layers = ("features.denseblock1", "class_layers.relu") if "dense" in name else ()
    explainer = Explainer.of(network, names, 64, mean=0.5, std=0.2, layers=layers, device="cpu")
    grey = grey_image(64, 64)  # as high as wide: in a blank border rounding decides the switches
    result = explain(explainer, grey, PRESETS["class gradient"], "c", with_classes=True)
    assert len(result.layers) == len(layers or every_layer(explainer.graph))
    for layer in result.layers:
        assert layer.values.shape == (64, 64)
        assert bool(np.isfinite(layer.values).all())
    assert any(bool(layer.values.any()) for layer in result.layers)
    assert result.class_responses is not None
    assert result.class_responses.dominant.max() >= 0
    picture = (torch.from_numpy(result.input_image)[None, None] - 0.5) / 0.2
    leaf = picture.double().requires_grad_()
    for layer in result.layers if layers else ():
        maps, logits = output_of(network, layer.name, leaf)
        (signal,) = torch.autograd.grad(logits[0, 2], maps, retain_graph=True)
        (expected,) = torch.autograd.grad(maps, leaf, (maps * signal).detach())
        assert_close(torch.from_numpy(layer.values).double(), expected[0, 0], 1e-6)
