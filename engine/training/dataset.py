"""Labelled radiographs → arrays ready for training."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from engine.evaluation.index import Example, read_picture
from engine.preprocess import fit_to_square


@dataclass(frozen=True)
class LabelledImages:
    """``images``: uint8 [N, side, side], fitted (see preprocess); ``labels``: int64 [N]."""

    images: Tensor
    labels: Tensor


def load(
    folder: Path,
    examples: Sequence[Example],
    classes: Sequence[str],
    side: int,
    progress: Callable[[str], None] = print,
) -> LabelledImages:
    """Decode and fit the examples whose class is one of ``classes``."""
    chosen = [example for example in examples if example.label in classes]
    images = np.zeros((len(chosen), side, side), np.uint8)
    for position, example in enumerate(chosen):
        grey = read_picture(folder / example.file).grey
        images[position] = np.rint(fit_to_square(grey, side)[0] * 255)
    progress(f"{len(chosen)} images read from {folder.name}")
    labels = torch.tensor([classes.index(example.label) for example in chosen])
    return LabelledImages(torch.from_numpy(images), labels)
