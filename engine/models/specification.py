"""What a model folder says of itself (``model.json``): a frozen, validated specification."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from engine.errors import ModelError


@dataclass(frozen=True)
class ModelSpecification:
    """The facts that a model cannot be used without; the rest is in its model card.

    ``input_size`` is the side of the square, one-channel input in pixels; ``mean`` and ``std``
    normalise grey values that were stretched to 0…1 (see :mod:`engine.preprocess`).
    ``exposed_layers`` are module paths whose outputs are shown as layers, in order of depth; the
    last one is the class layer (one kernel per class, before global average pooling).
    """

    name: str
    version: str
    architecture: str
    arguments: Mapping[str, Any]
    classes: tuple[str, ...]
    input_size: int
    mean: float
    std: float
    exposed_layers: tuple[str, ...]
    modalities: tuple[str, ...]
    intended_use: str
    licence: str
    weights_sha256: str = ""

    def __post_init__(self) -> None:
        if not self.classes or len(set(self.classes)) != len(self.classes):
            raise ModelError("the class names are empty or not unique")
        if self.input_size < 8 or self.std <= 0:
            raise ModelError(f"input_size {self.input_size} or std {self.std} is out of range")
        if not self.exposed_layers:
            raise ModelError("no layer is exposed")

    def to_json(self) -> str:
        return json.dumps(asdict(self), indent=2, ensure_ascii=False) + "\n"

    @classmethod
    def from_file(cls, path: Path) -> ModelSpecification:
        """Read ``model.json``; raises :class:`ModelError` that names the file and the fault."""
        try:
            fields = json.loads(path.read_text(encoding="utf-8"))
            for name in ("classes", "exposed_layers", "modalities"):
                fields[name] = tuple(fields[name])
            return cls(**fields)
        except OSError as error:
            raise ModelError(f"{path}: the model description cannot be read") from error
        except ModelError as error:
            raise ModelError(f"{path}: {error}") from error
        except (ValueError, TypeError, KeyError) as error:
            raise ModelError(f"{path}: not a valid model description ({error})") from error
