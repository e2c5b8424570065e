"""DICOM data sets with known truth, and where the real files for tests are."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.filewriter import dcmwrite
from pydicom.uid import ExplicitVRLittleEndian, generate_uid

COMPUTED_RADIOGRAPHY = "1.2.840.10008.5.1.4.1.1.1"
BASIC_TEXT_SR = "1.2.840.10008.5.1.4.1.1.88.11"

_ROOT = Path(__file__).resolve().parents[2]
DATA = Path(os.environ.get("ATTENTIVE_VIEWER_DATA", str(_ROOT.parent / "shared" / "data")))
"""Folder of real files; tests that need it skip where it is absent."""


def make_dataset(pixels: NDArray[Any] | None = None, **elements: Any) -> FileDataset:
    """A CR image (a text report without pixels) of no patient; ``elements`` by keyword.

    ``pixels`` are (H, W) or (F, H, W) integers or floats, or (H, W, 3) uint8 RGB.
    """
    meta = FileMetaDataset()
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset = FileDataset("", {}, file_meta=meta, preamble=b"\0" * 128)
    dataset.SOPClassUID = BASIC_TEXT_SR if pixels is None else COMPUTED_RADIOGRAPHY
    dataset.SOPInstanceUID = generate_uid()
    dataset.Modality = "SR" if pixels is None else "CR"
    if pixels is not None:
        _add_pixels(dataset, pixels)
    for keyword, value in elements.items():
        setattr(dataset, keyword, value)
    meta.MediaStorageSOPClassUID = dataset.SOPClassUID
    meta.MediaStorageSOPInstanceUID = dataset.get("SOPInstanceUID") or generate_uid()
    return dataset


def lut_item(first: int, entries: list[int], bits: int, vr: str = "US") -> Dataset:
    """One item of a Modality or VOI LUT Sequence."""
    item = Dataset()
    item.add_new("LUTDescriptor", vr, [len(entries), first, bits])
    item.add_new("LUTData", "US", entries)
    return item


def save(dataset: FileDataset, path: Path) -> Path:
    """Write the data set as a file with preamble and give the path back."""
    path.parent.mkdir(parents=True, exist_ok=True)
    dcmwrite(path, dataset, enforce_file_format=True)
    return path


def _add_pixels(dataset: FileDataset, pixels: NDArray[Any]) -> None:
    """The Image Pixel module of an array."""
    colour = pixels.ndim == 3 and pixels.shape[2] == 3 and pixels.dtype == np.uint8
    if pixels.ndim == 3 and not colour:
        dataset.NumberOfFrames = pixels.shape[0]
    dataset.Rows, dataset.Columns = pixels.shape[:2] if colour else pixels.shape[-2:]
    dataset.SamplesPerPixel = 3 if colour else 1
    dataset.PhotometricInterpretation = "RGB" if colour else "MONOCHROME2"
    if colour:
        dataset.PlanarConfiguration = 0
    dataset.BitsAllocated = 8 * pixels.itemsize
    data = pixels.tobytes()
    if pixels.dtype.kind == "f":
        double = pixels.itemsize == 8
        setattr(dataset, "DoubleFloatPixelData" if double else "FloatPixelData", data)
        return
    dataset.BitsStored = dataset.BitsAllocated
    dataset.HighBit = dataset.BitsStored - 1
    dataset.PixelRepresentation = int(pixels.dtype.kind == "i")
    dataset.add_new("PixelData", "OW", data + b"\0" * (len(data) % 2))
