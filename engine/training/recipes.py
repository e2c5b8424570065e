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
    """Architecture and schedule of one model.

    ``phases`` are (epochs, side of the views in pixels), one after the other; ``input_size`` is the
    side in use. ``gate_layers`` are the middle layers that the gate asks. ``dropout`` acts before
    the class layer. ``taught_by`` names the folders of the models that it imitates,
    ``averaged_with`` those whose weights are averaged with its own (Wortsman 2022). One that is
    ``framed`` sees no close-ups of what the frame makes (a part of a chest may be an abdomen's).
    """

    name: str
    architecture: str
    arguments: Mapping[str, Any]
    summary: str
    learning_rate: float
    phases: tuple[tuple[int, int], ...]
    gate_layers: tuple[str, ...]
    pretrained: bool = False
    taught_by: tuple[str, ...] = ()
    averaged_with: tuple[str, ...] = ()
    framed: bool = False
    dropout: float = 0.2
    input_size: int = 224
    batch_size: int = 32

    @property
    def epochs(self) -> int:
        return sum(epochs for epochs, _ in self.phases)


_LONG, _SHORT = ((48, 128), (16, 160), (6, 224)), ((28, 128), (10, 160), (5, 224))


def _plain(
    name: str,
    words: str,
    phases: tuple[tuple[int, int], ...],
    gate: tuple[int, ...],
    *stages: list[int],
) -> Recipe:
    return Recipe(
        name,
        "plain",
        {"stages": list(stages)},
        f"{words} plain convolutions from scratch, then one kernel per class, taught by the deep "
        "model",
        learning_rate=2e-3,
        phases=phases,
        gate_layers=tuple(f"conv{depth}" for depth in gate),
        taught_by=("resources/models/deep",),
        dropout=0.1,
    )


def _fine_tuned(
    name: str,
    words: str,
    *phases: tuple[int, int],
    framed: bool = False,
    **more: Any,
) -> Recipe:
    return Recipe(
        name,
        "efficientnet_lite0",
        {},
        f"EfficientNet-Lite0, fine-tuned {words}",
        learning_rate=1e-3,
        phases=phases,
        gate_layers=("blocks.4", "blocks.7", "blocks.10"),
        pretrained=True,
        framed=framed,
        **more,
    )


# kernels, side and stride of each convolution; the ladder's rungs differ in depth alone
_HALF, _QUARTER, _EIGHTH, _SIXTEENTH = [32, 7, 2], [64, 5, 2], [128, 5, 2], [192, 3, 2]
_AT_4, _AT_8, _AT_16, _WIDE = [64, 3, 1], [128, 3, 1], [192, 3, 1], [256, 3, 1]
_DOWN = (_HALF, _QUARTER, _EIGHTH, _SIXTEENTH)
_LADDER = (
    _plain("plain3", "three", _SHORT, (2, 3), _HALF, _QUARTER, _EIGHTH),
    _plain("shallow", "five", _SHORT, (3, 4, 5), *_DOWN, _WIDE),
    _plain(
        "plain8", "eight", _LONG, (3, 5, 6), *_DOWN[:3], _AT_8, _SIXTEENTH, _AT_16, _WIDE, _WIDE
    ),
    _plain(
        "plain12",
        "twelve",
        _LONG,
        (4, 6, 8),
        *(_HALF, _QUARTER, _AT_4, _EIGHTH, _AT_8, _AT_8, _SIXTEENTH, _AT_16, _AT_16),
        *(_WIDE, _WIDE, _WIDE),
    ),
)

RECIPES: Mapping[str, Recipe] = MappingProxyType(
    {
        recipe.name: recipe
        for recipe in (
            *_LADDER,
            _fine_tuned(
                "teacher1",
                "from ImageNet weights, with close-ups of everything",
                (18, 160),
                (10, 224),
            ),
            _fine_tuned(
                "teacher2",
                "from ImageNet weights, with close-ups of limbs and head",
                (16, 160),
                (12, 224),
                framed=True,
            ),
            _fine_tuned(
                "deep",
                "from ImageNet weights, taught by two of its kind and averaged with one",
                (14, 160),
                (10, 224),
                taught_by=("TEACHER1/trained", "TEACHER2/trained"),
                averaged_with=("TEACHER1/trained",),
                input_size=256,
            ),
        )
    }
)
