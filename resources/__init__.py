"""Files that ship with the program, found the same way from source, wheel and frozen app."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

MODEL_NAMES = ("plain3", "shallow", "plain8", "plain12", "deep")  # in order of depth


def path(*parts: str) -> Path:
    """The file or folder at ``parts`` inside this package."""
    return Path(str(files("resources"))).joinpath(*parts)


def model_folder(name: str) -> Path:
    """The folder of a bundled model."""
    return path("models", name)


def sample_files() -> list[Path]:
    """The DICOM files of the bundled synthetic study."""
    return sorted(path("samples").glob("*.dcm"))
