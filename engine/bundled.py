"""What ships with the program: models by name (any other by its path), the table of landmarks."""

from __future__ import annotations

from pathlib import Path

import resources
from engine.checkpoint import SPECIFICATION_FILE, LoadedModel, load_model
from engine.errors import RequestError

NAMES = resources.MODEL_NAMES
LANDMARKS = resources.path("landmarks", "landmarks.json")


def model_at(name: str) -> LoadedModel:
    """A bundled model by name, or any model by path (a folder with model.json, an ONNX file).
    Raises :class:`RequestError` for a name that is neither."""
    if name in NAMES:
        return load_model(resources.model_folder(name))
    if Path(name).exists():
        return load_model(Path(name))
    known = ", ".join(NAMES)
    raise RequestError(
        f"there is no model {name!r}: give a bundled one ({known}), a folder with model.json or an "
        "ONNX file"
    )


def folder_of(name: str) -> Path | None:
    """Where the model that :func:`model_at` reads lives: a folder with ``model.json``; None for
    any other."""
    path = resources.model_folder(name) if name in NAMES else Path(name)
    path = path.parent if path.name == SPECIFICATION_FILE else path
    return path if (path / SPECIFICATION_FILE).is_file() else None
