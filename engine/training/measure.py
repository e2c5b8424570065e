"""Figures of a classifier on labelled images, with their uncertainty."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from engine.models.specification import ModelSpecification
from engine.preprocess import normalise

_Z95 = 1.959964


def wilson_interval(right: int, total: int) -> tuple[float, float]:
    """95 % interval of a proportion (Wilson 1927), within 0…1; (0, 1) for no observation."""
    if total == 0:
        return (0.0, 1.0)
    share, z2 = right / total, _Z95**2
    centre = (share + z2 / (2 * total)) / (1 + z2 / total)
    half = _Z95 * math.sqrt(share * (1 - share) / total + z2 / (4 * total**2)) / (1 + z2 / total)
    return (max(0.0, centre - half), min(1.0, centre + half))


def expected_calibration_error(logits: Tensor, labels: Tensor, bins: int = 10) -> float:
    """Guo 2017: mean |confidence - accuracy| over equal-width confidence bins, weighted."""
    confidence, chosen = torch.softmax(logits, 1).max(1)
    right = (chosen == labels).float()
    index = (confidence * bins).long().clamp(max=bins - 1)
    error = 0.0
    for bin_index in range(bins):
        inside = index == bin_index
        if bool(inside.any()):
            gap = float((confidence[inside].mean() - right[inside].mean()).abs())
            error += gap * int(inside.sum()) / len(labels)
    return error


@dataclass(frozen=True)
class ClassFigures:
    """Of ``total`` images of a class, ``right`` were named so."""

    right: int
    total: int

    @property
    def recall(self) -> float:
        return self.right / self.total


@dataclass(frozen=True)
class Figures:
    """Accuracy over all images, recall per class (classes without an image are left out)."""

    right: int
    total: int
    per_class: dict[str, ClassFigures]
    calibration_error: float

    @property
    def accuracy(self) -> float:
        return self.right / self.total

    @property
    def mean_recall(self) -> float:
        recalls = [figures.recall for figures in self.per_class.values()]
        return sum(recalls) / len(recalls)


def logits_of(
    network: nn.Module, images: Tensor, specification: ModelSpecification, batch: int = 32
) -> Tensor:
    """uint8 [N, S, S] fitted images → logits [N, classes], float32, in evaluation mode."""
    with torch.inference_mode():
        parts = [
            network(normalise(part[:, None].float() / 255, specification.mean, specification.std))
            for part in torch.split(images, batch)
        ]
    return torch.cat(parts)


def figures_of(logits: Tensor, labels: Tensor, classes: Sequence[str]) -> Figures:
    """Compare logits [N, classes] with labels [N]."""
    right = logits.argmax(1) == labels
    per_class = {
        name: ClassFigures(int(right[labels == index].sum()), int((labels == index).sum()))
        for index, name in enumerate(classes)
        if bool((labels == index).any())
    }
    return Figures(
        int(right.sum()), len(labels), per_class, expected_calibration_error(logits, labels)
    )
