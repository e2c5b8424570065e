"""DenseNet-BC (Huang et al. 2016, arXiv 1608.06993): every layer reads all layers before it.

Weights have the names that torchvision's have, so that a state dict made with it fits.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor, nn

_GROWTH = 32  # new maps of a layer
_BOTTLENECK = 4 * _GROWTH
_STEM = 64


class DenseLayer(nn.Module):
    """norm → ReLU → 1 × 1 → norm → ReLU → 3 × 3; its maps are appended to what it read."""

    def __init__(self, inputs: int) -> None:
        super().__init__()
        self.norm1 = nn.BatchNorm2d(inputs)
        self.relu1 = nn.ReLU()
        self.conv1 = nn.Conv2d(inputs, _BOTTLENECK, 1, bias=False)
        self.norm2 = nn.BatchNorm2d(_BOTTLENECK)
        self.relu2 = nn.ReLU()
        self.conv2 = nn.Conv2d(_BOTTLENECK, _GROWTH, 3, padding=1, bias=False)

    def forward(self, maps: Tensor) -> Tensor:
        inside = self.conv1(self.relu1(self.norm1(maps)))
        return torch.cat((maps, self.conv2(self.relu2(self.norm2(inside)))), 1)


def _transition(inputs: int) -> nn.Sequential:
    block = nn.Sequential()
    block.add_module("norm", nn.BatchNorm2d(inputs))
    block.add_module("relu", nn.ReLU())
    block.add_module("conv", nn.Conv2d(inputs, inputs // 2, 1, bias=False))
    block.add_module("pool", nn.AvgPool2d(2))
    return block


class DenseNet(nn.Module):
    """Input ``[N, channels, S, S]`` float, normalised; output ``[N, classes]`` logits.

    ``depths`` are the layers of the four blocks. The layers that are shown are the stem, every
    block and every transition, and the maps that the classifier averages.
    """

    def __init__(self, classes: int, depths: tuple[int, int, int, int], channels: int = 3) -> None:
        super().__init__()
        self.features = nn.Sequential()
        self.features.add_module("conv0", nn.Conv2d(channels, _STEM, 7, 2, 3, bias=False))
        self.features.add_module("norm0", nn.BatchNorm2d(_STEM))
        self.features.add_module("relu0", nn.ReLU())
        self.features.add_module("pool0", nn.MaxPool2d(3, 2, 1))
        maps = _STEM
        for index, depth in enumerate(depths, start=1):
            block = nn.Sequential()
            for layer in range(1, depth + 1):
                block.add_module(f"denselayer{layer}", DenseLayer(maps))
                maps += _GROWTH
            self.features.add_module(f"denseblock{index}", block)
            if index < len(depths):
                self.features.add_module(f"transition{index}", _transition(maps))
                maps //= 2
        self.features.add_module("norm5", nn.BatchNorm2d(maps))
        self.relu = nn.ReLU()
        self.classifier = nn.Linear(maps, classes)

    def forward(self, image: Tensor) -> Tensor:
        maps = self.relu(self.features(image))
        logits: Tensor = self.classifier(torch.flatten(torch.mean(maps, (2, 3), keepdim=True), 1))
        return logits

    @property
    def layer_names(self) -> tuple[str, ...]:
        shown = ("relu0", "denseblock", "transition")
        inside = (name for name, _ in self.features.named_children() if name.startswith(shown))
        return (*(f"features.{name}" for name in inside), "relu")


DENSENETS: dict[str, Callable[..., nn.Module]] = {
    "densenet121": partial(DenseNet, depths=(6, 12, 24, 16)),
    "densenet169": partial(DenseNet, depths=(6, 12, 32, 32)),
}
