"""An ``index.csv`` of labelled radiographs, and the pictures that it names."""

from __future__ import annotations

import csv
import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from engine.errors import EngineError

_NEEDED = ("file", "source", "class", "split")
_COLOURED = 24  # of 255: how far the channels of a coloured pixel are apart
_COLOURED_SHARE = 0.02  # of the pixels; a few may be an annotation


@dataclass(frozen=True)
class Example:
    """One row of ``index.csv``: the file, relative to its folder, and what is known of it.
    ``group`` names the patient, or the file where the column is missing."""

    file: str
    source: str
    label: str
    split: str
    group: str


@dataclass(frozen=True, eq=False)
class Picture:
    """``grey`` [H, W], uint8, uint16 or float, bone white; ``coloured``: it was no grey image."""

    grey: NDArray[np.generic]
    coloured: bool = False


def read_index(folder: Path) -> tuple[Example, ...]:
    """Rows of ``folder/index.csv``. The columns file, source, class and split are needed, group is
    used, others are ignored. Raises :class:`EngineError` that says what is missing."""
    path = folder / "index.csv"
    try:
        with path.open(newline="", encoding="utf-8-sig") as stream:
            table = csv.DictReader(stream)
            named = table.fieldnames or ()
            missing = [name for name in _NEEDED if name not in named]
            rows = () if missing else tuple(_example(row) for row in table)
    except OSError as error:
        raise EngineError(f"{path} cannot be read: {error.strerror}") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise EngineError(f"{path} is no table in UTF-8 with commas ({error})") from error
    if missing:
        raise EngineError(
            f"{path} has no column {missing[0]!r}; file, source, class and split are needed"
        )
    if not rows:
        raise EngineError(f"{path} has no row")
    return rows


def _example(row: dict[str, str]) -> Example:
    named = Example(row["file"], row["source"], row["class"], row["split"], "")
    if None in (named.file, named.source, named.label, named.split):
        raise csv.Error("a row is too short")
    group = row.get("group")
    return Example(
        named.file,
        named.source,
        named.label,
        named.split,
        f"{named.source}/{group}" if group else named.file,
    )


def read_picture(path: Path) -> Picture:
    """Decode a PNG, JPEG or TIFF, 8 or 16 bits; raises :class:`EngineError` with the reason."""
    try:
        with warnings.catch_warnings(action="ignore"), Image.open(path) as picture:
            if picture.mode.startswith(("I", "F")):
                return Picture(np.asarray(picture))
            if picture.mode in ("L", "1"):
                return Picture(np.asarray(picture.convert("L")))
            channels = np.asarray(picture.convert("RGB"))
            return Picture(np.asarray(picture.convert("L")), _coloured(channels))
    except FileNotFoundError as error:
        raise EngineError(f"{path}: there is no such file") from error
    except UnidentifiedImageError as error:
        raise EngineError(f"{path}: no picture that can be read (PNG, JPEG or TIFF)") from error
    except Image.DecompressionBombError as error:
        raise EngineError(f"{path}: the picture has too many pixels ({error})") from error
    except (OSError, ValueError, SyntaxError) as error:
        raise EngineError(f"{path}: the picture is damaged ({error})") from error


def _coloured(channels: NDArray[np.uint8]) -> bool:
    apart = channels.max(2).astype(np.int16) - channels.min(2)
    return bool((apart > _COLOURED).mean() > _COLOURED_SHARE)
