"""What is trained: one row a bundled model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

CLASSES = (
    "abdomen",
    "ankle_lowerleg",
    "cervical_spine",
    "chest",
    "elbow_forearm",
    "foot",
    "hand_wrist",
    "knee",
    "other",
    "pelvis_hip",
    "shoulder",
    "skull",
    "thoracolumbar_spine",
)


@dataclass(frozen=True)
class Recipe:
    """Architecture and schedule of one model; ``dropout`` acts before the class layer."""

    name: str
    architecture: str
    arguments: Mapping[str, Any]
    summary: str
    learning_rate: float
    epochs: int
    pretrained: bool
    dropout: float = 0.2
    input_size: int = 224
    batch_size: int = 32


_SHALLOW_STAGES = [[32, 7, 2], [64, 5, 2], [128, 5, 2], [192, 3, 2], [256, 3, 1]]

RECIPES: Mapping[str, Recipe] = MappingProxyType(
    {
        recipe.name: recipe
        for recipe in (
            Recipe(
                "shallow",
                "plain",
                {"stages": _SHALLOW_STAGES},
                "five plain convolutions from scratch, then one kernel per class",
                learning_rate=2e-3,
                epochs=90,
                pretrained=False,
            ),
            Recipe(
                "deep",
                "efficientnet_lite0",
                {},
                "EfficientNet-Lite0 fine-tuned from ImageNet weights",
                learning_rate=1e-3,
                epochs=18,
                pretrained=True,
            ),
        )
    }
)
