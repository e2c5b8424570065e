"""The networks that the benchmark runs on: the bundled deep model's architecture and two shapes
that stand for the literature. Weights are random where none are given; the arithmetic is the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from engine.models.efficientnet_lite import EfficientNetLite0

_VGG16 = (64, 64, 0, 128, 128, 0, 256, 256, 256, 0, 512, 512, 512, 0, 512, 512, 512, 0)
_NARROWING = (32, 32, 0, 16, 16, 0, 8, 8)
_WIDENING = (32, 32, 0, 64, 64, 0, 128, 128)
CLASSES = 13


class Stack(nn.Module):
    """Convolutions with ReLU; 0 among the ``widths`` is a 2 × 2 max pooling. Then one kernel per
    class and global average pooling."""

    def __init__(self, widths: Sequence[int], side: int) -> None:
        super().__init__()
        channels, number = 1, 0
        self.order: list[str] = []
        for width in widths:
            number += width > 0
            name = f"conv{number}" if width else f"pool{number}"
            module: nn.Module = nn.MaxPool2d(2)
            if width:
                convolution = nn.Conv2d(channels, width, side, padding=side // 2)
                module, channels = nn.Sequential(convolution, nn.ReLU()), width
            self.add_module(name, module)
            self.order.append(name)
        self.classes = nn.Conv2d(channels, CLASSES, 1)

    def forward(self, image: Tensor) -> Tensor:
        maps = image
        for name in self.order:
            maps = self.get_submodule(name)(maps)
        out: Tensor = self.classes(maps).mean((2, 3))
        return out

    @property
    def layer_names(self) -> tuple[str, ...]:
        return (*(name for name in self.order if name.startswith("conv")), "classes")


@dataclass(frozen=True, eq=False)
class Subject:
    """A network to measure on, its input's side, its layers, and a layer for dense kernel maps."""

    name: str
    network: nn.Module
    side: int
    layers: tuple[str, ...]
    dense_layer: str
    # Captum hooks modules named ReLU only, not ReLU6: there the same work gives other maps.
    comparable: bool = True
    classes: int = CLASSES

    @property
    def image(self) -> Tensor:
        """An image-like input [1, 1, side, side], always the same."""
        generator = torch.Generator().manual_seed(0)
        noise = torch.randn(1, 1, self.side, self.side, generator=generator)
        ramp = torch.linspace(-1, 1, self.side)
        return ramp[:, None] * ramp[None, :] + 0.3 * noise


def _randomised(network: nn.Module) -> nn.Module:
    generator = torch.Generator().manual_seed(0)
    for module in network.modules():
        if isinstance(module, nn.Conv2d):
            deviation = (2 / module.weight[0].numel()) ** 0.5
            module.weight.data.normal_(0, deviation, generator=generator)
            if module.bias is not None:
                module.bias.data.zero_()
    for parameter in network.parameters():
        parameter.requires_grad_(False)
    return network.eval()


def _stack(name: str, widths: Sequence[int], kernel: int, side: int, dense: str) -> Subject:
    network = Stack(widths, kernel)
    layers = network.layer_names[:-1]  # the convolutions, as METHOD counts them
    return Subject(name, _randomised(network), side, layers, dense)


def subject(name: str, deep: nn.Module | None = None) -> Subject:
    """The subject of that name; ``deep`` is the bundled model's network where it is at hand."""
    if name == "vgg16":
        return _stack("VGG16 shape, 224²", _VGG16, 3, 224, "conv8")
    if name == "six":
        return _stack("6-convolution net, 112 kernels 7×7, 64²", _NARROWING, 7, 64, "conv3")
    if name == "six448":
        return _stack("6-convolution net, 448 kernels 3×3, 224²", _WIDENING, 3, 224, "conv3")
    network = _randomised(EfficientNetLite0(CLASSES)) if deep is None else deep.eval()
    layers: tuple[str, ...] = network.layer_names  # type: ignore[assignment]
    return Subject("deep model, 224²", network, 224, layers, "blocks.7", comparable=False)


SUBJECTS = ("deep", "vgg16", "six", "six448")
