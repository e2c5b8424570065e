"""An ``index.csv`` of labelled radiographs → arrays ready for the network."""

from __future__ import annotations

import csv
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from engine.errors import EngineError
from engine.preprocess import fit_to_square


@dataclass(frozen=True)
class Example:
    """One row of ``index.csv``: the file, relative to its folder, and what is known of it."""

    file: str
    source: str
    label: str
    split: str


def read_index(folder: Path) -> tuple[Example, ...]:
    """Rows of ``folder/index.csv`` (columns file, source, class, split); others are ignored."""
    path = folder / "index.csv"
    try:
        with path.open(newline="", encoding="utf-8") as stream:
            rows = list(csv.DictReader(stream))
        return tuple(
            Example(row["file"], row["source"], row["class"], row["split"]) for row in rows
        )
    except OSError as error:
        raise EngineError(f"{path} cannot be read: {error.strerror}") from error
    except KeyError as error:
        raise EngineError(f"{path} has no column {error}") from error


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
        with Image.open(folder / example.file) as picture:
            grey = np.asarray(picture.convert("L"))
        images[position] = np.rint(fit_to_square(grey, side)[0] * 255)
    progress(f"{len(chosen)} images read from {folder.name}")
    labels = torch.tensor([classes.index(example.label) for example in chosen])
    return LabelledImages(torch.from_numpy(images), labels)
