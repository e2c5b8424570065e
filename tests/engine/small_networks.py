"""Small networks for the engine's tests, and the plainest way to take a seed to the image."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from engine.checkpoint import LoadedModel
from engine.graph import Graph, Recording, back_project, record, trace
from engine.models.efficientnet_lite import InvertedResidual
from engine.models.plain import PlainCNN
from engine.models.specification import ModelSpecification
from engine.operations.base import Way
from engine.responses import Explainer
from engine.rules import RULES


def randomised(network: nn.Module, seed: int = 0) -> nn.Module:
    """The network in evaluation mode, float64, with random weights and random BN statistics."""
    generator = torch.Generator().manual_seed(seed)
    network = network.double().eval()
    for module in network.modules():
        if isinstance(module, nn.Conv2d):
            fan_in = module.weight[0].numel()
            weight = torch.randn(module.weight.shape, generator=generator) * (2 / fan_in) ** 0.5
            module.weight.data.copy_(weight)
            if module.bias is not None:
                module.bias.data.copy_(0.3 * torch.randn(module.bias.shape, generator=generator))
        elif isinstance(module, nn.BatchNorm2d):
            assert module.running_mean is not None
            assert module.running_var is not None
            count = module.num_features
            module.running_mean.copy_(0.3 * torch.randn(count, generator=generator))
            module.running_var.copy_(0.5 + torch.rand(count, generator=generator))
            module.weight.data.copy_(0.7 + 0.6 * torch.rand(count, generator=generator))
            module.bias.data.copy_(0.3 * torch.randn(count, generator=generator))
    return network


def image(height: int, width: int, seed: int = 0) -> Tensor:
    generator = torch.Generator().manual_seed(1000 + seed)
    return torch.randn(1, 1, height, width, generator=generator, dtype=torch.float64)


class Pooled(nn.Module):
    """conv + BN + ReLU + max pooling twice (the second one overlapping), then a class layer."""

    layers = ("one", "two", "classes")

    def __init__(self) -> None:
        super().__init__()
        self.one = nn.Sequential(
            nn.Conv2d(1, 5, 3, padding=1), nn.BatchNorm2d(5), nn.ReLU(), nn.MaxPool2d(2)
        )
        self.two = nn.Sequential(
            nn.Conv2d(5, 6, 3, padding=1), nn.BatchNorm2d(6), nn.ReLU(), nn.MaxPool2d(3, 2, 1)
        )
        self.classes = nn.Conv2d(6, 3, 1)

    def forward(self, maps: Tensor) -> Tensor:
        out: Tensor = self.classes(self.two(self.one(maps))).mean((2, 3))
        return out


class Residual(nn.Module):
    """Strided stem, a residual sum with ReLU after it, a concatenation, a grouped convolution."""

    layers = ("stem", "block", "joined", "classes")

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(1, 4, 3, 2, 1), nn.BatchNorm2d(4), nn.ReLU())
        self.first = nn.Conv2d(4, 4, 3, padding=1, groups=2)
        self.relu1 = nn.ReLU()
        self.second = nn.Conv2d(4, 4, 3, padding=2, dilation=2, bias=False)
        self.norm = nn.BatchNorm2d(4)
        self.block = nn.ReLU()
        self.side = nn.Conv2d(4, 3, 1)
        self.relu2 = nn.ReLU()
        self.joined = nn.Conv2d(7, 6, 3, 2, 1)
        self.relu3 = nn.ReLU()
        self.classes = nn.Conv2d(6, 3, 1)

    def forward(self, maps: Tensor) -> Tensor:
        maps = self.stem(maps)
        inside = self.norm(self.second(self.relu1(self.first(maps))))
        maps = self.block(maps + inside)
        both = torch.cat((maps, self.relu2(self.side(maps))), 1)
        out: Tensor = self.classes(self.relu3(self.joined(both))).mean((2, 3))
        return out


class Inverted(nn.Module):
    """EfficientNet-Lite's shape, narrow: ReLU6, depthwise convolutions, linear bottlenecks."""

    layers = ("stem", "a", "b", "c", "classes")

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Sequential(
            nn.Conv2d(1, 4, 3, 2, 1, bias=False), nn.BatchNorm2d(4, eps=1e-3), nn.ReLU6()
        )
        self.a = InvertedResidual(4, 4, 1, 3, 1)
        self.b = InvertedResidual(4, 6, 2, 5, 2)
        self.c = InvertedResidual(6, 6, 2, 3, 1)
        self.classes = nn.Conv2d(6, 3, 1)

    def forward(self, maps: Tensor) -> Tensor:
        out: Tensor = self.classes(self.c(self.b(self.a(self.stem(maps))))).mean((2, 3))
        return out


class Strided(PlainCNN):
    """A plain network of three strided convolutions, without pooling."""

    layers = ("conv1", "conv2", "conv3", "classes")

    def __init__(self) -> None:
        super().__init__(3, ((4, 5, 2), (6, 3, 2), (6, 3, 1)))


NETWORKS: dict[str, Callable[[], nn.Module]] = {
    "pooled": Pooled,
    "residual": Residual,
    "inverted": Inverted,
    "strided": Strided,
}


def built(name: str, seed: int = 0) -> tuple[nn.Module, tuple[str, ...]]:
    """A randomised network of the table and the layers that it exposes."""
    make = NETWORKS[name]
    layers: tuple[str, ...] = make.layers  # type: ignore[attr-defined]
    return randomised(make(), seed), layers


def read(network: nn.Module, layers: Sequence[str], picture: Tensor) -> tuple[Graph, Recording]:
    graph = trace(network, layers)
    with torch.no_grad():
        return graph, record(graph, picture, [graph.step_of(name) for name in layers])


def taken_back(
    graph: Graph,
    recording: Recording,
    step: int,
    seed: Tensor,
    rule: str,
    unpooling: str = "switch",
) -> Tensor:
    """The plainest use of the engine: one seed batch at one step, alone in its pass."""
    with torch.no_grad():
        return back_project(
            graph,
            recording,
            Way(RULES[rule], unpooling),
            lambda position, arrived: seed if position == step else None,
        )


def assert_close(first: Tensor, second: Tensor, tolerance: float = 1e-12) -> None:
    """Equal up to ``tolerance`` times the greatest value of ``second``, which is not all zero."""
    assert first.shape == second.shape
    greatest = float(second.abs().max())
    assert greatest > 0
    assert float((first - second).abs().max()) <= tolerance * greatest


CLASSES = ("hand", "foot", "knee")


def specification(
    architecture: str, arguments: Mapping[str, object], layers: Sequence[str], side: int = 40
) -> ModelSpecification:
    """A specification of three classes for images of modality DX and CR."""
    return ModelSpecification(
        name="small",
        version="0.1",
        architecture=architecture,
        arguments=dict(arguments),
        classes=CLASSES,
        input_size=side,
        mean=0.4,
        std=0.25,
        exposed_layers=tuple(layers),
        modalities=("DX", "CR"),
        intended_use="tests",
        licence="Apache-2.0",
    )


def small_explainer(name: str, side: int = 40, seed: int = 0) -> Explainer:
    """An explainer (float32, CPU) of a network of the table."""
    network, layers = built(name, seed)
    facts = specification("by hand", {}, layers, side)
    return Explainer.prepare(LoadedModel(network.float(), facts), torch.device("cpu"))


def grey_image(height: int = 50, width: int = 37, seed: int = 0) -> NDArray[np.float32]:
    """Smooth light and dark patches with some noise."""
    generator = np.random.default_rng(seed)
    y, x = np.mgrid[:height, :width]
    patches = np.sin(x / 5 + seed) * np.cos(y / 7) + 0.3 * generator.standard_normal(x.shape)
    return np.asarray(1000 + 400 * patches, np.float32)
