"""What a model's own description says of it, without loading the model."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from engine.files import read_regular

_LARGEST = 1 << 20  # bytes


@dataclass(frozen=True)
class ModelFacts:
    """``sha256`` is that of the weights file; empty where nothing is said. ``gated`` tells whether
    the model looks how unlike its training images an image is, before it names a class."""

    name: str
    version: str = ""
    sha256: str = ""
    classes: tuple[str, ...] = ()
    gated: bool = False


@dataclass(frozen=True)
class Calibration:
    """How far its probabilities are from the share of right answers, as the model card has it:
    ``own`` is the expected calibration error (0…1) on the test images of the source that it learnt
    from, ``unseen`` the greatest one on a source that it never saw (None where there is none).
    ``temperature`` is what the logits are divided by."""

    temperature: float
    own: float
    unseen: float | None = None


@lru_cache(maxsize=16)
def model_facts(folder: Path) -> ModelFacts:
    """Of the model in ``folder``; only its name where the description cannot be read."""
    try:
        facts = json.loads(read_regular(folder / "model.json", _LARGEST))
        return ModelFacts(
            str(facts["name"]),
            str(facts["version"]),
            str(facts["weights_sha256"]),
            tuple(map(str, facts["classes"])),
            bool(facts.get("gate_sha256")),
        )
    except (OSError, ValueError, TypeError, LookupError):
        return ModelFacts(folder.name)


_TEMPERATURE = re.compile(r"^- Probabilities: temperature (\d+\.\d+)", re.MULTILINE)
_MEASURED = re.compile(
    r"^### (?P<source>.+)$\s+^.*?expected calibration error (?P<error>\d\.\d+)", re.MULTILINE
)


@lru_cache(maxsize=16)
def calibration(folder: Path) -> Calibration | None:
    """Of the model in ``folder``; None where its card does not say."""
    try:
        card = read_regular(folder / "MODEL_CARD.md", _LARGEST).decode("utf-8")
    except (OSError, ValueError):
        return None
    temperature = _TEMPERATURE.search(card)
    errors = {found["source"]: float(found["error"]) for found in _MEASURED.finditer(card)}
    own = [error for source, error in errors.items() if source.endswith("test split")]
    unseen = [error for source, error in errors.items() if source.startswith("Unseen source")]
    if temperature is None or not own:
        return None
    return Calibration(float(temperature[1]), own[0], max(unseen, default=None))
