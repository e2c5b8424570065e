"""What a model's own description says of it, without loading the model."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from engine.files import read_regular

_LARGEST = 1 << 20  # bytes


@dataclass(frozen=True)
class ModelFacts:
    """``sha256`` is that of the weights file; empty where nothing is said."""

    name: str
    version: str = ""
    sha256: str = ""
    classes: tuple[str, ...] = ()


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
        )
    except (OSError, ValueError, TypeError, LookupError):
        return ModelFacts(folder.name)
