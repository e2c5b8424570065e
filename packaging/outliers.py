"""Make a folder of images that are no plain radiographs, as ``index.csv`` and PNG files.

    python packaging/outliers.py --dicom DICOM_FOLDER --out FOLDER

Slices and pictures of every modality but plain radiography from the DICOM files (at most four
frames a file), and the photographs and drawings that come with scikit-image, if it is installed.
For ``python -m engine.training --outliers FOLDER`` and ``python -m engine evaluate --data FOLDER``.
"""

from __future__ import annotations

import argparse
import csv
import sys
import warnings
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
from numpy.typing import NDArray
from PIL import Image

RADIOGRAPHS = ("", "CR", "DX", "RG", "RF", "XA", "MG", "IO", "PX", "OT", "SC", "DOC", "RTIMAGE")
FRAMES = 4
COLUMNS = ("file", "source", "class", "split", "group", "width", "height")


def slices(folder: Path) -> Iterator[tuple[str, str, NDArray[Any]]]:
    """(modality, file, grey values) of the frames that can be decoded."""
    for path in sorted(item for item in folder.rglob("*") if item.is_file()):
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                data = pydicom.dcmread(path, force=True)
                modality = str(data.get("Modality", ""))
                if modality in RADIOGRAPHS:
                    continue
                pixels = data.pixel_array
        except Exception:  # any of the many ways in which a DICOM file can be broken
            continue
        if int(data.get("SamplesPerPixel", 1)) > 1:
            pixels = pixels.mean(-1)
        frames = pixels if pixels.ndim == 3 else pixels[None]
        for number in sorted({round(place) for place in np.linspace(0, len(frames) - 1, FRAMES)}):
            yield modality.lower(), f"{path.stem}_{number}", frames[number].astype(float)


def photographs() -> Iterator[tuple[str, str, NDArray[Any]]]:
    """The same of the pictures that come with scikit-image."""
    found = find_spec("skimage")
    if found is None or found.origin is None:
        return
    for path in sorted((Path(found.origin).parent / "data").glob("*.*")):
        if path.suffix in (".png", ".jpg"):
            yield "photograph", path.stem, np.asarray(Image.open(path).convert("L"), float)


def write(out: Path, pictures: Iterator[tuple[str, str, NDArray[Any]]]) -> list[dict[str, object]]:
    """Write each picture once, stretched to 8 bits; returns the rows of the index."""
    rows: list[dict[str, object]] = []
    seen: set[tuple[tuple[int, ...], bytes]] = set()
    for source, name, grey in pictures:
        low, high = np.percentile(grey, (0.1, 99.9))
        if high <= low:
            continue
        values = np.clip((grey - low) / (high - low) * 255, 0, 255).astype(np.uint8)
        if (values.shape, values.tobytes()) in seen:
            continue
        seen.add((values.shape, values.tobytes()))
        path = out / source / f"{name}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(values).save(path)
        row = (f"{source}/{path.name}", source, "other", "outlier", name.rsplit("_", 1)[0])
        rows.append(dict(zip(COLUMNS, (*row, *values.shape[::-1]), strict=True)))
    return rows


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--dicom", type=Path, required=True, help="a folder of DICOM files")
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    rows = write(options.out, slices(options.dicom)) + write(options.out, photographs())
    with (options.out / "index.csv").open("w", newline="", encoding="utf-8") as stream:
        table = csv.DictWriter(stream, COLUMNS)
        table.writeheader()
        table.writerows(rows)
    counts = {str(row["source"]): 0 for row in rows}
    for row in rows:
        counts[str(row["source"])] += 1
    print(f"{len(rows)} pictures in {options.out}: {counts}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
