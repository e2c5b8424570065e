"""Images that are no radiographs, made by formula: what a gate has to decline."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional as F

from engine.evaluation.index import Picture


def made_outliers(seed: int, each: int = 25) -> Iterator[tuple[str, Picture]]:
    """``each`` pictures, about 300 × 260, of every kind: (kind, picture)."""
    random = np.random.default_rng(seed)
    for _ in range(each):
        yield "white noise", Picture(_bytes(random.normal(size=(300, 260))))
        yield "smooth noise", Picture(_bytes(_smooth(random, int(random.integers(4, 60)))))
        yield "gradients", Picture(_bytes(_gradient(random)))
        yield "checkerboards and stripes", Picture(_bytes(_checks(random)))


def _bytes(values: NDArray[np.floating]) -> NDArray[np.uint8]:
    low, high = values.min(), values.max()
    return np.asarray(np.rint((values - low) / (high - low) * 255), np.uint8)


def _smooth(random: np.random.Generator, cells: int) -> NDArray[np.float32]:
    coarse = torch.from_numpy(random.normal(size=(1, 1, cells, cells))).float()
    fine = F.interpolate(coarse, (300, 260), mode="bicubic", align_corners=False)
    return np.asarray(fine[0, 0].numpy())


def _gradient(random: np.random.Generator) -> NDArray[np.float64]:
    down, across = np.mgrid[0:1:300j, 0:1:260j]
    angle, power = random.uniform(0, 2 * np.pi), random.uniform(0.5, 2)
    ramp = np.cos(angle) * down + np.sin(angle) * across
    return np.asarray((ramp - ramp.min()) ** power)


def _checks(random: np.random.Generator) -> NDArray[np.float64]:
    down, across = np.mgrid[0:300, 0:260]
    side = int(random.integers(6, 60))
    board = (down // side) % 2
    if random.random() < 0.6:
        board = board ^ ((across // side) % 2)
    return np.asarray(board + random.normal(scale=0.02, size=board.shape))
