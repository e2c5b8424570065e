"""Make a folder of images that are no plain radiographs, as ``index.csv`` and PNG files.

    python packaging/outliers.py --dicom DICOM_FOLDER --volumes VOLUME_FOLDER --out FOLDER

Slices and pictures of every modality but plain radiography from the DICOM files (at most four
frames a file), sections through the CT and MR volumes (NIfTI or NRRD, read with SimpleITK), and the
photographs and drawings that come with scikit-image, if it is installed. Pictures of one kind that
look alike, as one slice in several encodings does, are of one group: they are kept together
wherever groups are parted. For ``python -m engine.training --outliers FOLDER`` and ``python -m
engine evaluate --data FOLDER``.
"""

from __future__ import annotations

import argparse
import csv
import sys
import warnings
from collections.abc import Iterator
from importlib.util import find_spec
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pydicom
from numpy.typing import NDArray
from PIL import Image

RADIOGRAPHS = ("", "CR", "DX", "RG", "RF", "XA", "MG", "IO", "PX", "OT", "SC", "DOC", "RTIMAGE")
CAPTURED = "1.2.840.10008.5.1.4.1.1.7"  # secondary capture: its modality is what someone typed
FRAMES = 4
PLACES = (0.3, 0.5, 0.7)  # where a volume is cut, as shares of its length
WINDOWS = ((-160, 240), (-1350, 150), (-500, 1300))  # Hounsfield units: soft tissue, lung, bone
ALIKE = 0.95  # the correlation of two thumbnails from which on they show the same
COLUMNS = ("file", "source", "class", "split", "group", "width", "height")


class Cut(NamedTuple):
    """One picture: its kind, the group (DICOM series, volume) and the file it is from, its number
    there, and its grey values."""

    kind: str
    group: str
    file: str
    number: int
    grey: NDArray[Any]


def slices(folder: Path) -> Iterator[Cut]:
    """The frames that can be decoded, of DICOM files."""
    for path in sorted(item for item in folder.rglob("*") if item.is_file()):
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                data = pydicom.dcmread(path, force=True)
                modality = str(data.get("Modality", ""))
                series = str(data.get("SeriesInstanceUID", ""))
                captured = str(data.get("SOPClassUID", "")) == CAPTURED
                if modality in RADIOGRAPHS or (captured and modality in ("CT", "MR")):
                    continue
                pixels = data.pixel_array
        except Exception:  # any of the many ways in which a DICOM file can be broken
            continue
        if int(data.get("SamplesPerPixel", 1)) > 1:
            pixels = pixels.mean(-1)
        frames = pixels if pixels.ndim == 3 else pixels[None]
        for number in sorted({round(place) for place in np.linspace(0, len(frames) - 1, FRAMES)}):
            grey = frames[number].astype(float)
            yield Cut(modality.lower(), series or path.stem, path.stem, number, grey)


def sections(folder: Path) -> Iterator[Cut]:
    """Cuts along the three axes of volumes in space, square pixels; of CT in three windows too."""
    import SimpleITK

    for path in sorted(folder.rglob("*")):
        if not path.name.endswith((".nii", ".nii.gz", ".nrrd")):
            continue
        image = SimpleITK.ReadImage(str(path))
        if image.GetDimension() != 3 or min(image.GetSize()) < 20 or max(image.GetSize()) < 100:
            continue
        values = SimpleITK.GetArrayFromImage(image).astype(float)
        spacing = image.GetSpacing()[::-1]
        radiodensity = values.min() < -500  # Hounsfield units: air
        name, number = path.name.split(".")[0], 0
        group = path.relative_to(folder).as_posix().split(".")[0]
        for axis in range(3):
            finest = min(spacing[:axis] + spacing[axis + 1 :])
            height, width = (
                round(values.shape[other] * spacing[other] / finest)
                for other in range(3)
                if other != axis
            )
            for place in PLACES:
                cut = values.take(round(place * (values.shape[axis] - 1)), axis)
                if axis:  # the first axis goes from the feet up, and the first row is the top
                    cut = cut[::-1]
                fine = Image.fromarray(cut.astype(np.float32)).resize((width, height))
                for low, high in ((-np.inf, np.inf), *(WINDOWS if radiodensity else ())):
                    kind, grey = "ct" if radiodensity else "mr", np.clip(fine, low, high)
                    yield Cut(kind, group, name, number, grey)
                    number += 1


def photographs() -> Iterator[Cut]:
    """The pictures that come with scikit-image."""
    found = find_spec("skimage")
    if found is None or found.origin is None:
        return
    for path in sorted((Path(found.origin).parent / "data").glob("*.*")):
        if path.suffix in (".png", ".jpg"):
            grey = np.asarray(Image.open(path).convert("L"), float)
            yield Cut("photograph", path.stem, path.stem, 0, grey)


def _thumbnail(values: NDArray[np.uint8]) -> NDArray[np.float64]:
    small = np.asarray(Image.fromarray(values).resize((24, 24), Image.Resampling.BOX), float)
    small = small - small.mean()
    return np.asarray(small / (np.linalg.norm(small) + 1e-9))


def _root(parents: dict[str, str], group: str) -> str:
    """The group that a group has been joined to, or itself."""
    while parents.setdefault(group, group) != group:
        group = parents[group]
    return group


def write(out: Path, cuts: Iterator[Cut]) -> list[dict[str, object]]:
    """Write each picture once, stretched to 8 bits; returns the rows of the index."""
    rows: list[dict[str, object]] = []
    seen: set[tuple[tuple[int, ...], bytes]] = set()
    known: list[tuple[str, str, NDArray[np.float64]]] = []  # kind, group, thumbnail
    parents: dict[str, str] = {}
    for cut in cuts:
        low, high = np.percentile(cut.grey, (0.1, 99.9))
        if high <= low:
            continue
        values = np.clip((cut.grey - low) / (high - low) * 255, 0, 255).astype(np.uint8)
        if (values.shape, values.tobytes()) in seen:
            continue
        seen.add((values.shape, values.tobytes()))
        path = out / cut.kind / f"{len(rows):04}_{cut.file}_{cut.number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(values).save(path)
        small = _thumbnail(values)
        for kind, group, other in known:
            if kind == cut.kind and abs(float((small * other).sum())) > ALIKE:
                parents[_root(parents, cut.group)] = _root(parents, group)
        known.append((cut.kind, cut.group, small))
        row = (f"{cut.kind}/{path.name}", cut.kind, "other", "outlier", cut.group)
        rows.append(dict(zip(COLUMNS, (*row, *values.shape[::-1]), strict=True)))
    return [row | {"group": _root(parents, str(row["group"]))} for row in rows]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--dicom", type=Path, required=True, help="a folder of DICOM files")
    parser.add_argument("--volumes", type=Path, help="a folder of NIfTI and NRRD volumes")
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    volumes = sections(options.volumes) if options.volumes else iter(())
    rows = write(options.out, chain(slices(options.dicom), volumes, photographs()))
    with (options.out / "index.csv").open("w", newline="", encoding="utf-8") as stream:
        table = csv.DictWriter(stream, COLUMNS)
        table.writeheader()
        table.writerows(rows)
    counts = dict.fromkeys(sorted({str(row["source"]) for row in rows}), 0)
    for row in rows:
        counts[str(row["source"])] += 1
    print(f"{len(rows)} pictures in {options.out}: {counts}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
