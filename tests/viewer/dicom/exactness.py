"""The viewer's pixels beside those of other decoders: ``python -m tests.viewer.dicom.exactness``
prints a Markdown table over all real files."""

from __future__ import annotations

import csv
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom.uid import UID

from tests.factories.dicom_files import DATA
from tests.viewer.dicom.references import dataset_of, reference
from tests.viewer.dicom.stored_values import bits_stored, is_signed, syntax_of
from viewer.dicom.errors import DicomError
from viewer.dicom.reader import read_frame, read_header

FOLDER = DATA / "dicom"
MANIFEST = FOLDER / "MANIFEST.csv"

_NAMES = {
    "1.2.840.10008.1.2.1.99": "Deflated Explicit VR",
    "1.2.840.10008.1.2.8.1": "Deflated Image Frame",
    "1.2.840.10008.1.2.4.50": "JPEG Baseline",
    "1.2.840.10008.1.2.4.51": "JPEG Extended",
    "1.2.840.10008.1.2.4.53": "JPEG Spectral Selection",
    "1.2.840.10008.1.2.4.57": "JPEG Lossless",
    "1.2.840.10008.1.2.4.70": "JPEG Lossless SV1",
    "1.2.840.10008.1.2.4.80": "JPEG-LS Lossless",
    "1.2.840.10008.1.2.4.81": "JPEG-LS Near-Lossless",
    "1.2.840.10008.1.2.4.90": "JPEG 2000 Lossless",
    "1.2.840.10008.1.2.4.91": "JPEG 2000",
    "1.2.840.10008.1.2.4.203": "HTJ2K",
}


@dataclass(frozen=True)
class Compared:
    """One frame that the viewer gives. ``by`` is the reference, "" where there is none;
    ``difference`` the largest between two values, infinite where the shapes differ."""

    file: str
    index: int
    syntax: str
    photometric: str
    bits: str
    by: str
    difference: float


def files() -> list[str]:
    """The names of the real files, none where there are none."""
    if not MANIFEST.is_file():
        return []
    with MANIFEST.open(encoding="utf-8", newline="") as file:
        return [row["file"] for row in csv.DictReader(file)]


def compared(file: str) -> Iterator[Compared]:
    """The first, the middle and the last frame of a file, as far as the viewer gives them."""
    path = FOLDER / file
    try:
        count = read_header(path).frames
    except DicomError:
        return
    for index in sorted({0, count // 2, count - 1}):
        try:
            pixels = read_frame(path, index).pixels
        except DicomError:
            continue
        other, by = reference(path, index) or (pixels, "")
        yield Compared(file, index, *_kind(path), by, difference(pixels, other))


def difference(ours: NDArray[Any], other: NDArray[Any]) -> float:
    """The largest difference of two values; NaN is equal to NaN alone."""
    if ours.shape != other.shape:
        return np.inf
    if ours.dtype.kind == "f":
        return 0.0 if np.array_equal(ours, other, equal_nan=True) else np.inf
    return float(np.abs(ours.astype(np.int64) - other).max())


def _kind(path: Path) -> tuple[str, str, str]:
    """Syntax, photometric interpretation, bits stored of allocated."""
    dataset = dataset_of(path)
    photometric = str(dataset.get("PhotometricInterpretation") or "MONOCHROME2")
    bits = f"{bits_stored(dataset)}/{dataset.BitsAllocated}"
    bits += " signed" if is_signed(dataset) else ""
    if "FloatPixelData" in dataset:
        bits = "float"
    return syntax_of(dataset), photometric, bits


def table(results: list[Compared]) -> str:
    """A Markdown table: kinds of files in rows, those that differ only in bits in one."""
    groups: dict[tuple[str, str], list[Compared]] = defaultdict(list)
    for one in results:
        photometric = "MONOCHROME" if "MONOCHROME" in one.photometric else one.photometric
        groups[one.syntax, photometric].append(one)
    lines = [
        "| transfer syntax | photometric interpretation | bits stored/allocated "
        "| files | frames | held against | largest difference |",
        "|---|---|---|--:|--:|---|--:|",
    ]
    for (syntax, photometric), group in sorted(groups.items(), key=_order):
        name = _NAMES.get(syntax, UID(syntax).name)
        bits = sorted({one.bits for one in group}, key=lambda text: (len(text), text))
        by = Counter(one.by or "none" for one in group)
        largest = max(one.difference for one in group)
        lines.append(
            f"| {name} | {photometric} | {', '.join(bits)} | {_files(group)} | {len(group)} "
            f"| {', '.join(name for name, _ in by.most_common())} | {largest:g} |"
        )
    lines.append(f"| **all** | | | {_files(results)} | {len(results)} | | |")
    return "\n".join(lines)


def _files(group: list[Compared]) -> int:
    return len({one.file for one in group})


def _order(item: tuple[tuple[str, str], list[Compared]]) -> tuple[list[int], str]:
    syntax, photometric = item[0]
    return [int(part) for part in syntax.split(".")], photometric


def by_file(results: list[Compared]) -> str:
    """A line for every frame that was compared."""
    return "\n".join(
        f"{one.file} frame {one.index}: {_NAMES.get(one.syntax, UID(one.syntax).name)}, "
        f"{one.photometric}, {one.bits}, {one.by or 'none'}, difference {one.difference:g}"
        for one in results
    )


if __name__ == "__main__":
    found = [one for file in files() for one in compared(file)]
    print(by_file(found) if sys.argv[1:] == ["--files"] else table(found))
