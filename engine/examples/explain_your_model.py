"""Explain a network of your own: ``python -m engine.examples.explain_your_model SHEET.png``.

The network here is small and written with plain functions, as many are; it learns in a few seconds
to tell made-up images with a bright spot from those without. What to take over is ``main``.
"""

from __future__ import annotations

import sys

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from engine import Explainer, contact_sheet, explain, fit_to_square

SIDE, SPOT = 64, (40, 24)  # pixels; where the spot of the explained image is, (x, y)


class YourNetwork(nn.Module):
    """[N, 1, S, S] → logits [N, 2]; any other network would do."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Conv2d(1, 8, 5, stride=2, padding=2)
        self.second = nn.Conv2d(8, 16, 3, stride=2, padding=1)
        self.third = nn.Conv2d(16, 16, 3, padding=1)
        self.answer = nn.Linear(16, 2)

    def forward(self, image: Tensor) -> Tensor:
        maps = F.relu(self.first(image))
        maps = F.relu(self.second(maps))
        maps = F.relu(self.third(maps) + maps)
        logits: Tensor = self.answer(F.adaptive_max_pool2d(maps, 1).flatten(1))
        return logits


def made_up_image(
    generator: np.random.Generator, spot: tuple[int, int] | None
) -> NDArray[np.float32]:
    """Soft shadows and grain, [SIDE, SIDE] in 0…1, with or without a bright spot at (x, y)."""
    y, x = np.mgrid[:SIDE, :SIDE]
    values = 0.4 + 0.03 * generator.standard_normal((SIDE, SIDE))
    for _ in range(4):
        (down, right), wide = generator.uniform(0, SIDE, 2), generator.uniform(12, 25)
        values -= 0.12 * np.exp(-((y - down) ** 2 + (x - right) ** 2) / (2 * wide**2))
    if spot is not None:
        values += 0.35 * np.exp(-((y - spot[1]) ** 2 + (x - spot[0]) ** 2) / (2 * 3.0**2))
    return np.asarray(values.clip(0, 1), np.float32)


def trained(steps: int = 80) -> YourNetwork:
    """The network after a few seconds of learning, the same every time."""
    torch.manual_seed(0)
    generator = np.random.default_rng(0)
    network = YourNetwork()
    optimiser = torch.optim.Adam(network.parameters(), 5e-3)
    for _ in range(steps):
        labels = generator.integers(0, 2, 32)
        places = generator.integers(8, SIDE - 8, (32, 2)).tolist()
        images = [
            made_up_image(generator, (x, y) if label else None)
            for label, (x, y) in zip(labels, places, strict=True)
        ]
        read = [fit_to_square(image, SIDE)[0] for image in images]  # as it will be when explained
        batch = torch.from_numpy(np.stack(read))[:, None]
        optimiser.zero_grad()
        F.cross_entropy(network(batch), torch.from_numpy(labels)).backward()  # type: ignore[no-untyped-call]
        optimiser.step()
    return network


def main(path: str) -> None:
    torch.set_num_threads(1)  # so small a network is quicker on one
    network, image = trained(), made_up_image(np.random.default_rng(7), SPOT)

    explainer = Explainer.of(network, classes=("nothing", "spot"), input_size=SIDE, device="cpu")
    result = explain(explainer, image, target="spot")
    for layer in result.layers:
        print(layer.name, layer.native_shape, f"{layer.values.max():.3g}")
    contact_sheet(result).save(path)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python -m engine.examples.explain_your_model SHEET.png")
    main(sys.argv[1])
