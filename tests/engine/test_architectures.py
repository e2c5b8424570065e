"""The known architectures: their size as published, their layers, and what they compute."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from engine.errors import ModelError
from engine.models import ARCHITECTURES, build
from engine.models.specification import ModelSpecification
from tests.engine.small_networks import randomised, specification

SIZES = {  # learnt numbers for 1000 classes and three channels, as published
    "resnet18": 11_689_512,
    "resnet34": 21_797_672,
    "resnet50": 25_557_032,
    "resnet101": 44_549_160,
    "densenet121": 7_978_856,
    "densenet169": 14_149_480,
    "vgg11": 132_863_336,
    "vgg11_bn": 132_868_840,
    "vgg13": 133_047_848,
    "vgg13_bn": 133_053_736,
    "vgg16": 138_357_544,
    "vgg16_bn": 138_365_992,
    "vgg19": 143_667_240,
    "vgg19_bn": 143_678_248,
}


def facts(name: str, channels: int = 1) -> ModelSpecification:
    return replace(specification(name, {}, (), 64), channels=channels)


@pytest.mark.parametrize(("name", "size"), SIZES.items())
def test_the_size_is_the_published_one(name: str, size: int) -> None:
    with torch.device("meta"):
        network = ARCHITECTURES[name](1000, channels=3)
    assert sum(parameter.numel() for parameter in network.parameters()) == size


def test_every_architecture_is_tried_here() -> None:
    assert set(ARCHITECTURES) == {*SIZES, "plain", "efficientnet_lite0"}


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("name", ["resnet18", "resnet50", "densenet121", "vgg11_bn", "vgg16"])
def test_shapes_and_layers(name: str, channels: int) -> None:
    """Computed without memory: shapes only. Layers are in the order of depth, and have maps."""
    with torch.device("meta"):
        network = build(facts(name, channels))
        picture = torch.zeros(2, channels, 64, 64)
    seen: list[tuple[str, torch.Size]] = []
    names = network.layer_names
    assert isinstance(names, tuple)
    for layer in names:
        network.get_submodule(layer).register_forward_hook(
            lambda module, inputs, output, layer=layer: seen.append((layer, output.shape))
        )
    assert network(picture).shape == (2, 3)
    assert tuple(layer for layer, _ in seen) == names
    assert all(len(shape) == 4 for _, shape in seen)
    strides = [64 // shape[-1] for _, shape in seen]
    assert strides == sorted(strides)
    assert strides[0] in (1, 2)
    assert strides[-1] in (16, 32)


def test_resnet_against_a_published_implementation() -> None:
    """MONAI's, which has the same names; it is the work of others and written apart."""
    published = pytest.importorskip("monai.networks.nets.resnet")
    for name in ("resnet18", "resnet50"):
        theirs = getattr(published, name)(
            spatial_dims=2, n_input_channels=1, num_classes=3, conv1_t_size=7, conv1_t_stride=2,
            shortcut_type="B", bias_downsample=False,
        )  # fmt: skip
        ours = randomised(build(facts(name)))
        theirs.double().eval().load_state_dict(ours.state_dict(), strict=True)
        picture = torch.randn(2, 1, 64, 64, dtype=torch.float64)
        assert torch.allclose(ours(picture), theirs(picture), rtol=1e-9)


def test_densenet_against_a_published_implementation() -> None:
    """MONAI's, whose names differ while their order does not."""
    published = pytest.importorskip("monai.networks.nets.densenet")
    theirs = published.DenseNet121(spatial_dims=2, in_channels=1, out_channels=3).double().eval()
    ours = randomised(build(facts("densenet121")))
    values = list(ours.state_dict().values())
    names = list(theirs.state_dict())
    assert len(values) == len(names)
    theirs.load_state_dict(dict(zip(names, values, strict=True)), strict=True)
    picture = torch.randn(2, 1, 64, 64, dtype=torch.float64)
    assert torch.allclose(ours(picture), theirs(picture), rtol=1e-9)


@pytest.mark.parametrize("side", [64, 224])
def test_vgg_against_a_plain_computation(side: int) -> None:
    """The network of the paper, written from its table D's smallest row (A)."""
    network = build(facts("vgg11"))
    weights = network.state_dict()
    picture = torch.randn(1, 1, side, side)

    def layer(kind: Callable[..., Tensor], values: Tensor, name: str, **options: int) -> Tensor:
        weight, bias = weights[f"{name}.weight"], weights[f"{name}.bias"]
        return kind(values, weight, bias, **options)

    with torch.no_grad():
        maps = picture
        for index, pools in ((0, 1), (3, 1), (6, 0), (8, 1), (11, 0), (13, 1), (16, 0), (18, 1)):
            maps = F.relu(layer(F.conv2d, maps, f"features.{index}", padding=1))
            maps = F.max_pool2d(maps, 2) if pools else maps
        if side == 64:  # 2 × 2 maps are stretched to the 7 × 7 that the classifier reads
            maps = F.adaptive_avg_pool2d(maps, 7)
        values = maps.flatten(1)
        for index in (0, 3):
            values = F.relu(layer(F.linear, values, f"classifier.{index}"))
        expected = layer(F.linear, values, "classifier.6")
        assert torch.allclose(network(picture), expected, atol=1e-6)


def test_batch_norm_adds_to_vgg_what_it_should() -> None:
    with torch.device("meta"):
        names = list(build(facts("vgg11_bn")).state_dict())
    assert "features.25.weight" in names  # the eighth convolution, each followed by two modules
    assert "features.26.running_mean" in names


@pytest.mark.parametrize(
    "arguments", [{"channels": 3}, {"classes": 4}, {"depths": "none"}, {"depths": [1, 2]}, {"n": 1}]
)
def test_arguments_that_do_not_fit_are_refused(arguments: dict[str, object]) -> None:
    described = replace(facts("resnet18"), arguments=arguments)
    with pytest.raises(ModelError, match="arguments of 'resnet18' do not fit"):
        build(described)


def test_networks_are_in_evaluation_mode() -> None:
    network = build(facts("densenet121"))
    assert not any(module.training for module in network.modules())
