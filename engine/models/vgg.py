"""VGG (Simonyan & Zisserman 2014, arXiv 1409.1556), with and without batch norm.

Weights have the names that torchvision's have, so that a state dict made with it fits.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor, nn

_KERNELS = (64, 128, 256, 512, 512)  # of the five blocks, each of which ends in max pooling
_GRID = 7  # what the fully connected layers read, from inputs of any size
_WIDE = 4096


class VGG(nn.Module):
    """Input ``[N, channels, S, S]`` float, normalised; output ``[N, classes]`` logits.

    ``depths`` are the convolutions of the five blocks. The layers are the rectified convolutions.
    """

    def __init__(
        self,
        classes: int,
        depths: tuple[int, ...],
        normalised: bool = False,
        channels: int = 3,
    ) -> None:
        super().__init__()
        self.features = nn.Sequential()
        maps = channels
        for kernels, depth in zip(_KERNELS, depths, strict=True):
            for _ in range(depth):
                self.features.append(nn.Conv2d(maps, kernels, 3, padding=1))
                if normalised:
                    self.features.append(nn.BatchNorm2d(kernels))
                self.features.append(nn.ReLU())
                maps = kernels
            self.features.append(nn.MaxPool2d(2))
        self.avgpool = nn.AdaptiveAvgPool2d(_GRID)
        self.classifier = nn.Sequential(
            nn.Linear(maps * _GRID**2, _WIDE),
            nn.ReLU(),
            nn.Dropout(),
            nn.Linear(_WIDE, _WIDE),
            nn.ReLU(),
            nn.Dropout(),
            nn.Linear(_WIDE, classes),
        )

    def forward(self, image: Tensor) -> Tensor:
        maps = self.avgpool(self.features(image))
        logits: Tensor = self.classifier(torch.flatten(maps, 1))
        return logits

    @property
    def layer_names(self) -> tuple[str, ...]:
        return tuple(
            f"features.{index}"
            for index, module in enumerate(self.features)
            if isinstance(module, nn.ReLU)
        )


_DEPTHS = {
    "vgg11": (1, 1, 2, 2, 2),
    "vgg13": (2, 2, 2, 2, 2),
    "vgg16": (2, 2, 3, 3, 3),
    "vgg19": (2, 2, 4, 4, 4),
}

VGGS: dict[str, Callable[..., nn.Module]] = {
    **{name: partial(VGG, depths=depths) for name, depths in _DEPTHS.items()},
    **{
        f"{name}_bn": partial(VGG, depths=depths, normalised=True)
        for name, depths in _DEPTHS.items()
    },
}
