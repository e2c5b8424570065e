"""Graphs: folding, names of layers, recordings, sizes; and the network stays as it was found."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from engine.errors import ModelError
from engine.graph import Graph, Recording, record
from engine.models.efficientnet_lite import EfficientNetLite0
from engine.models.plain import PlainCNN
from engine.operations.convolution import Convolution
from engine.operations.normalisation import ChannelScale
from engine.rules import RULES
from engine.trace import trace
from tests.engine.small_networks import (
    FAMILIES,
    NETWORKS,
    Written,
    assert_close,
    built,
    image,
    noise,
    randomised,
    read,
    state_of,
    taken_back,
)

SIZES = [(8, 8), (9, 13), (17, 31), (32, 32), (33, 40)]

# --- P5: sizes -------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [*NETWORKS, *FAMILIES])
@pytest.mark.parametrize("size", SIZES)
def test_every_map_has_the_size_of_the_image(name: str, size: tuple[int, int]) -> None:
    network, layers = built(name)
    graph, recording = read(network, layers, image(*size))
    for layer in layers:
        step = graph.step_of(layer)
        for unpooling in ("switch", "nearest", "average"):
            rows = taken_back(graph, recording, step, recording.kept[step], "linear", unpooling)
            assert rows.shape == (1, 1, *size)
            assert bool(rows.isfinite().all())


@pytest.mark.parametrize("side", [32, 45, 50])
def test_bundled_architectures_give_maps_of_odd_sizes_too(side: int) -> None:
    shapes: list[nn.Module] = [
        EfficientNetLite0(3),
        PlainCNN(3, ((8, 7, 2), (8, 5, 2), (12, 3, 1), (12, 3, 2))),
    ]
    for network in shapes:
        randomised(network)
        assert isinstance(network, (EfficientNetLite0, PlainCNN))
        names = (network.layer_names[0], network.layer_names[-1])
        graph, recording = read(network, names, image(side, side))
        for layer in names:
            step = graph.step_of(layer)
            rows = taken_back(graph, recording, step, recording.kept[step], "gradient")
            assert rows.shape == (1, 1, side, side)


# --- folding ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "network",
    [
        EfficientNetLite0(5, dropout=0.2),
        PlainCNN(5, ((8, 7, 2), (16, 3, 2), (16, 3, 1), (24, 3, 2)), dropout=0.2),
    ],
    ids=["efficientnet_lite0", "plain"],
)
def test_folded_batch_norm_leaves_the_logits_of_the_bundled_architectures(
    network: nn.Module,
) -> None:
    randomised(network).float()
    picture = image(64, 64).float()
    names = network.layer_names
    graph, recording = read(network, names, picture)  # type: ignore[arg-type]
    with torch.no_grad():
        assert_close(recording.logits, network(picture), 1e-5)
    kinds = [type(step.operation) for step in graph.steps]
    assert ChannelScale not in kinds
    assert kinds.count(Convolution) == sum(isinstance(m, nn.Conv2d) for m in network.modules())


def test_batch_norm_is_not_folded_into_a_convolution_that_is_shown() -> None:
    network, layers = built("pooled")
    picture = image(16, 16)
    graph, recording = read(network, ("one.0", *layers), picture)
    step = graph.step_of("one.0")
    assert_close(recording.kept[step], network.one[0](picture).detach())  # type: ignore[operator, index]
    assert sum(isinstance(item.operation, ChannelScale) for item in graph.steps) == 1
    plain_graph, plain = read(network, layers, picture)
    last = graph.step_of("classes")
    assert_close(
        taken_back(graph, recording, last, recording.kept[last], "gradient"),
        taken_back(plain_graph, plain, last, plain.kept[last], "gradient"),
    )


def test_batch_norm_that_shares_its_convolution_is_not_folded() -> None:
    class Shared(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv = nn.Conv2d(1, 2, 3)
            self.norm = nn.BatchNorm2d(2)

        def forward(self, maps: Tensor) -> Tensor:
            maps = self.conv(maps)
            out: Tensor = (self.norm(maps) + maps).mean((2, 3))
            return out

    network = randomised(Shared())
    _, recording = read(network, (), image(9, 9))
    assert_close(recording.logits, network(image(9, 9)).detach())


def test_batch_norm_is_not_folded_into_a_function_call_that_is_shown() -> None:
    """Networks without modules have layers, too: those are named after their operations."""
    weight, statistics = noise(2, 1, 3, 3), (noise(2, seed=1), noise(2, seed=2).abs())
    network = Written(lambda x: F.batch_norm(F.conv2d(x, weight), *statistics).mean((2, 3))).eval()
    graph, recording = read(network, ("convolution",), image(9, 9))
    step = graph.step_of("convolution")
    assert_close(recording.kept[step], F.conv2d(image(9, 9), weight))


def test_batch_norm_before_a_convolution_or_after_a_transposed_one_stays_itself() -> None:
    def build() -> nn.Module:
        return nn.Sequential(
            *(nn.BatchNorm2d(1), nn.Conv2d(1, 2, 3), nn.ReLU(), nn.ConvTranspose2d(2, 3, 2, 2)),
            *(nn.BatchNorm2d(3), nn.AdaptiveAvgPool2d(1), nn.Flatten()),
        )

    network, picture = randomised(build()), image(9, 9)
    graph, recording = read(network, (), picture)
    assert_close(recording.logits, network(picture).detach())
    assert [type(step.operation) for step in graph.steps].count(ChannelScale) == 2


def test_a_layer_that_is_folded_away_says_how_to_show_it() -> None:
    network, layers = built("pooled")
    graph = trace(network, image(16, 16), layers)
    with pytest.raises(ModelError, match=r"'one\.0' is folded into .*exposed layers"):
        graph.step_of("one.0")
    assert graph.steps[graph.step_of("one.1")].name == "one.1"


@pytest.mark.parametrize("layer", ["five", "one.9", "", "image", "conv1#2"])
def test_a_layer_that_is_not_there_is_an_error(layer: str) -> None:
    graph = trace(built("pooled")[0], image(16, 16))
    with pytest.raises(ModelError, match=f"no layer '{layer}'"):
        graph.step_of(layer)


@pytest.mark.parametrize("name", [*NETWORKS, *FAMILIES])
def test_a_step_reads_earlier_steps_only_and_has_a_name_of_its_own(name: str) -> None:
    network, layers = built(name)
    graph, recording = read(network, layers, image(21, 18))
    assert graph.input_shape == (1, 1, 21, 18)
    assert len({step.name for step in graph.steps}) == len(graph.steps)
    for position, step in enumerate(graph.steps):
        assert all(item < position for item in step.inputs)
        assert (len(step.inputs) == 0) is (position == 0)
    for step_number, kept in recording.kept.items():
        assert graph.steps[step_number].shape == kept.shape
        assert graph.maps(step_number)
    assert not graph.maps(len(graph.steps) - 1)
    folded = {n for n, step in enumerate(graph.steps) if n and step.operation is None}
    assert folded.isdisjoint(item for step in graph.steps for item in step.inputs)


@pytest.mark.parametrize("size", [(16, 17), (17, 16), (8, 8)])
def test_a_graph_is_for_images_of_one_size(size: tuple[int, int]) -> None:
    graph = trace(built("pooled")[0], image(16, 16))
    with pytest.raises(ModelError, match=rf"\[1, 1, 16, 16\], not \[1, 1, {size[0]}, {size[1]}\]"):
        record(graph, image(*size), ())


def test_a_graph_serves_any_number_of_images() -> None:
    """Gates, switches and norms belong to the recording; nothing of an image stays in a graph."""
    network, _ = built("pooled")
    graph: Graph = trace(network, torch.zeros(1, 1, 16, 16, dtype=torch.float64))
    step = graph.step_of("classes")
    held = {seed: record(graph, image(16, 16, seed=seed), [step]) for seed in range(3)}
    for seed, recording in held.items():
        fresh_graph, fresh = read(network, ("classes",), image(16, 16, seed=seed))
        assert torch.equal(recording.logits, fresh.logits)
        assert torch.equal(
            taken_back(graph, recording, step, recording.kept[step], "gradient"),
            taken_back(fresh_graph, fresh, step, fresh.kept[step], "gradient"),
        )


# --- the network is left as it was found -----------------------------------------------------


@pytest.mark.parametrize("name", [*NETWORKS, *FAMILIES])
def test_the_network_is_left_as_it_was_found(name: str) -> None:
    network, layers = built(name)
    before, random = state_of(network), torch.get_rng_state()
    graph, recording = read(network, layers, image(16, 16))
    step = graph.step_of(layers[-1])
    for rule in RULES:
        taken_back(graph, recording, step, recording.kept[step], rule)
    assert state_of(network) == before
    assert torch.equal(torch.get_rng_state(), random)
    assert not torch.nn.modules.module._global_forward_hooks
    assert not torch.nn.modules.module._global_forward_pre_hooks


def test_a_network_with_hooks_of_its_own_keeps_them_and_they_act() -> None:
    network, layers = built("strided")
    network.conv1.register_forward_hook(lambda module, args, out: out * 2)  # type: ignore[union-attr]
    before = state_of(network)
    _, recording = read(network, layers, image(16, 16))
    assert state_of(network) == before
    assert_close(recording.logits, network(image(16, 16)).detach())


def test_an_error_on_the_way_leaves_the_network_as_it_was_found() -> None:
    network, layers = built("residual")
    before = state_of(network)
    graph, recording = read(network, layers, image(16, 16))
    step = graph.step_of("joined")
    wrong = noise(1, 2, 3, 3)
    with pytest.raises(RuntimeError):
        taken_back(graph, recording, step, wrong, "guided")
    steps = list(graph.steps)
    steps[step] = replace(
        steps[step], operation=Convolution(noise(1, 9, 3, 3), None, *((1, 1),) * 3)
    )
    with pytest.raises(RuntimeError):
        record(replace(graph, steps=tuple(steps)), image(16, 16), ())
    assert state_of(network) == before


@pytest.mark.parametrize("name", [*NETWORKS, *FAMILIES])
def test_recording_twice_gives_the_same_bits(name: str) -> None:
    network, layers = built(name)

    def once(rule: str) -> tuple[Tensor, Tensor]:
        graph = trace(network, image(19, 16), layers)
        step = graph.step_of(layers[-1])
        held: Recording = record(graph, image(19, 16), [step])
        return held.logits, taken_back(graph, held, step, held.kept[step], rule)

    for rule in RULES:
        first, second = once(rule), once(rule)
        assert torch.equal(first[0], second[0])
        assert torch.equal(first[1], second[1])
