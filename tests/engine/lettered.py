"""Pictures with and without a letter, and networks that read it by construction, or cannot."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from engine.explainer import Explainer

SIDE = 64


class Reader(nn.Module):
    """Class "lettered" by how much is nearly white; an honest one does not look at all."""

    def __init__(self, honest: bool) -> None:
        super().__init__()
        self.white = nn.Conv2d(1, 1, 1)
        self.out = nn.Conv2d(1, 2, 1)
        with torch.no_grad():
            self.white.weight.fill_(1.0)
            self.white.bias.fill_(-0.8)  # type: ignore[union-attr]
            gain = 0.0 if honest else 20_000.0
            self.out.weight.copy_(torch.tensor([0.0, gain]).view(2, 1, 1, 1))
            # a bone alone gives 0.0024, a letter beside it 0.0027 or more
            self.out.bias.copy_(torch.tensor([0.0, -0.00254 * gain]))  # type: ignore[union-attr]

    def forward(self, image: Tensor) -> Tensor:
        found: Tensor = self.out(torch.relu(self.white(image))).mean((2, 3))
        return found


def letter_explainer(honest: bool = False) -> Explainer:
    return Explainer.of(Reader(honest), ("body", "lettered"), SIDE, layers=("white",))


def letter_picture(letter: bool, seed: int) -> NDArray[np.float64]:
    """A grey body with a white bone on dark ground; a white T beside it."""
    random = np.random.default_rng(seed)
    image = 20 + 3 * random.standard_normal((200, 200))
    image[60:, 80:170] += 420
    down, across = np.mgrid[:200, :200]
    image += 620 * np.exp(-((across - 125) ** 2 + (down - 130) ** 2) / (2 * 14**2))
    if letter:
        row, column = random.integers(8, 30, 2)
        image[row : row + 5, column : column + 26] = 1000
        image[row : row + 30, column + 10 : column + 16] = 1000
    return image
