"""ResNet (He et al. 2015, arXiv 1512.03385), with the stride of a bottleneck in its 3 × 3.

Weights have the names that torchvision's have, so that a state dict made with it fits.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor, nn

_KERNELS = (64, 128, 256, 512)


class BasicBlock(nn.Module):
    """3 × 3 (stride) → 3 × 3, plus the identity or a 1 × 1 of it."""

    expansion = 1

    def __init__(self, inputs: int, kernels: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, kernels, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(kernels)
        self.relu1 = nn.ReLU()
        self.conv2 = nn.Conv2d(kernels, kernels, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(kernels)
        self.downsample = _shortcut(inputs, kernels, stride)
        self.relu2 = nn.ReLU()

    def forward(self, maps: Tensor) -> Tensor:
        inside = self.relu1(self.bn1(self.conv1(maps)))
        out: Tensor = self.relu2(self.bn2(self.conv2(inside)) + self.downsample(maps))
        return out


class Bottleneck(nn.Module):
    """1 × 1 → 3 × 3 (stride) → 1 × 1 to four times as many kernels, plus the identity."""

    expansion = 4

    def __init__(self, inputs: int, kernels: int, stride: int) -> None:
        super().__init__()
        outputs = kernels * self.expansion
        self.conv1 = nn.Conv2d(inputs, kernels, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(kernels)
        self.relu1 = nn.ReLU()
        self.conv2 = nn.Conv2d(kernels, kernels, 3, stride, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(kernels)
        self.relu2 = nn.ReLU()
        self.conv3 = nn.Conv2d(kernels, outputs, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(outputs)
        self.downsample = _shortcut(inputs, outputs, stride)
        self.relu3 = nn.ReLU()

    def forward(self, maps: Tensor) -> Tensor:
        inside = self.relu1(self.bn1(self.conv1(maps)))
        inside = self.relu2(self.bn2(self.conv2(inside)))
        out: Tensor = self.relu3(self.bn3(self.conv3(inside)) + self.downsample(maps))
        return out


def _shortcut(inputs: int, outputs: int, stride: int) -> nn.Sequential:
    """Without modules, the identity."""
    if stride == 1 and inputs == outputs:
        return nn.Sequential()
    return nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs))


class ResNet(nn.Module):
    """Input ``[N, channels, S, S]`` float, normalised; output ``[N, classes]`` logits.

    ``depths`` are the blocks of the four stages. The layers are the stem and every block.
    """

    def __init__(
        self,
        classes: int,
        block: type[BasicBlock] | type[Bottleneck],
        depths: tuple[int, int, int, int],
        channels: int = 3,
    ) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, 64, 7, 2, 3, bias=False)
        self.bn1 = nn.BatchNorm2d(64)
        self.relu = nn.ReLU()
        self.maxpool = nn.MaxPool2d(3, 2, 1)
        inputs, self.depths = 64, depths
        for stage, (kernels, depth) in enumerate(zip(_KERNELS, depths, strict=True), start=1):
            blocks = nn.Sequential()
            for index in range(depth):
                blocks.append(block(inputs, kernels, 2 if index == 0 and stage > 1 else 1))
                inputs = kernels * block.expansion
            self.add_module(f"layer{stage}", blocks)
        self.fc = nn.Linear(inputs, classes)

    def forward(self, image: Tensor) -> Tensor:
        maps = self.maxpool(self.relu(self.bn1(self.conv1(image))))
        for stage in range(1, len(self.depths) + 1):
            maps = self.get_submodule(f"layer{stage}")(maps)
        logits: Tensor = self.fc(torch.flatten(torch.mean(maps, (2, 3), keepdim=True), 1))
        return logits

    @property
    def layer_names(self) -> tuple[str, ...]:
        blocks = (
            f"layer{stage}.{index}"
            for stage, depth in enumerate(self.depths, start=1)
            for index in range(depth)
        )
        return ("relu", *blocks)


RESNETS: dict[str, Callable[..., nn.Module]] = {
    "resnet18": partial(ResNet, block=BasicBlock, depths=(2, 2, 2, 2)),
    "resnet34": partial(ResNet, block=BasicBlock, depths=(3, 4, 6, 3)),
    "resnet50": partial(ResNet, block=Bottleneck, depths=(3, 4, 6, 3)),
    "resnet101": partial(ResNet, block=Bottleneck, depths=(3, 4, 23, 3)),
}
