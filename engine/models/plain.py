"""Plain convolutional networks, from scratch: convolution (with stride) → batch norm → ReLU.

One design for every depth, as the question of arXiv 1611.06284 needs: what changes with capacity
is the number of convolutions, nothing else. The last convolution has one kernel per class and is
followed by global average pooling; there is no fully connected layer.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn


class PlainCNN(nn.Module):
    """``stages`` holds (kernels, kernel side, stride) of each convolution, from the image on.

    Input ``[N, channels, S, S]`` float, normalised; output ``[N, classes]`` logits.
    """

    def __init__(
        self,
        classes: int,
        stages: Sequence[Sequence[int]],
        dropout: float = 0.0,
        channels: int = 1,
    ) -> None:
        super().__init__()
        inputs = channels
        for depth, (kernels, side, stride) in enumerate(stages, start=1):
            block = nn.Sequential(
                nn.Conv2d(inputs, kernels, side, stride, side // 2, bias=False),
                nn.BatchNorm2d(kernels),
                nn.ReLU(),
            )
            self.add_module(f"conv{depth}", block)
            inputs = kernels
        self.depth = len(stages)
        self.dropout = nn.Dropout2d(dropout)
        self.classes = nn.Conv2d(inputs, classes, 1)

    def forward(self, image: Tensor) -> Tensor:
        maps = image
        for depth in range(1, self.depth + 1):
            maps = self.get_submodule(f"conv{depth}")(maps)
        class_maps: Tensor = self.classes(self.dropout(maps))
        return torch.mean(class_maps, (2, 3))

    @property
    def layer_names(self) -> tuple[str, ...]:
        return (*(f"conv{depth}" for depth in range(1, self.depth + 1)), "classes")
