"""Second opinions on pixels: decoders that share as little as possible with the viewer's own.

GDCM, else plain NumPy for what is not compressed, else pydicom with a plug-in named here, else
Pillow; the same image from a plain file for the few that none of them reads.
"""

from __future__ import annotations

import multiprocessing
import os
import tempfile
import warnings
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from functools import lru_cache
from io import BytesIO
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from pydicom import Dataset, dcmread
from pydicom.encaps import generate_fragments, generate_frames
from pydicom.pixels import get_decoder
from pydicom.uid import UID

from tests.viewer.dicom.stored_values import BIG_ENDIAN, EXTENDED, NATIVE, finished, syntax_of

_JPEG = "1.2.840.10008.1.2.4."
_RLE = "1.2.840.10008.1.2.5"
_PLUGINS = {"80": "pyjpegls", "81": "pyjpegls", "90": "pylibjpeg", "91": "pylibjpeg"}
_PLUGINS |= {"201": "pylibjpeg", "202": "pylibjpeg", "203": "pylibjpeg", "50": "pillow"}
_TYPES = {"SINGLEBIT": "u1", "UINT8": "u1", "INT8": "i1", "UINT16": "u2", "INT16": "i2"}
_TYPES |= {"UINT32": "u4", "INT32": "i4"}

_CUT_OFF = "robyoung__pydicom_emri_small_jpeg_2k_lossless_too_short.dcm"
_TWINS = {
    # Deflated Image Frame Compression and RLE of single bits are newer than all decoders here.
    "pydicom__data_liver_deflate.dcm": "robyoung__pydicom_liver_expb.dcm",
    "pydicom__data_liver_rle.dcm": "robyoung__pydicom_liver_expb.dcm",
    "pydicom__data_liver_nonbyte_aligned_rle.dcm": "robyoung__pydicom_liver_expb.dcm",  # a part
    # Damaged: the end is missing; there is a stray byte at the beginning.
    _CUT_OFF: "robyoung__pydicom_emri_small.dcm",
    "robyoung__pydicom_no_meta.dcm": "robyoung__pydicom_CT_small.dcm",
}
"""Files that only the viewer reads, and the same image in a plain file."""


@dataclass(frozen=True)
class Raw:
    """What came out of a decoder: one frame, (H, W) or (H, W, 3), and the meaning of colours."""

    values: NDArray[Any]
    photometric: str


def reference(path: Path, index: int) -> tuple[NDArray[Any], str] | None:
    """Frame ``index`` as the viewer should give it, and who decoded it; None if nobody can."""
    dataset = dataset_of(path)
    if path.name in _TWINS:
        found = reference(path.with_name(_TWINS[path.name]), index)
        rows, columns = dataset.get("Rows"), dataset.get("Columns")
        return found and (found[0][:rows, :columns], "same image in a plain file")
    for name, decode in _DECODERS.items():
        raw = decode(path, dataset, index)
        if raw is not None:
            return finished(raw.values, raw.photometric, dataset), name
    return None


@lru_cache(maxsize=1)
def dataset_of(path: Path) -> Dataset:
    """The data set of a file, whatever it lacks; that of its twin where nothing can be read."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        dataset = dcmread(path, force=True)
    readable = "BitsAllocated" in dataset or "FloatPixelData" in dataset
    return dataset if readable else dataset_of(path.with_name(_TWINS[path.name]))


# GDCM -------------------------------------------------------------------------------------------

_pool: ProcessPoolExecutor | None = None


def _gdcm(path: Path, dataset: Dataset, index: int) -> Raw | None:
    """One frame by GDCM, in a process of its own, which some files bring down."""
    wide, syntax = (dataset.get("BitsAllocated") or 0) // 8, syntax_of(dataset)
    swapped_by_words = syntax == BIG_ENDIAN and wide > 2
    shuffled = syntax == _RLE and wide > 1 and dataset.SamplesPerPixel > 1
    refused_after_seconds = path.name == "fo-dicom__Test_Data_GH364.dcm"
    if swapped_by_words or shuffled or refused_after_seconds:
        return None
    found = _gdcm_image(path, syntax)
    return Raw(found[0][index], found[1]) if found and index < len(found[0]) else None


@lru_cache(maxsize=1)
def _gdcm_image(path: Path, syntax: str) -> tuple[NDArray[Any], str] | None:
    """All frames by GDCM, (F, H, W) or (F, H, W, S), and the colour space they are in."""
    global _pool
    if _pool is None:
        spawn = multiprocessing.get_context("spawn")
        _pool = ProcessPoolExecutor(1, spawn, initializer=_hush)
    try:
        answer = _pool.submit(_read_with_gdcm, str(path), syntax == EXTENDED).result()
    except BrokenProcessPool:
        _pool = None
        return None
    if answer is None:
        return None
    buffer, kind, (columns, rows, frames), samples, planar, photometric = answer
    if kind == "SINGLEBIT":
        count = frames * rows * columns
        bits = np.unpackbits(np.frombuffer(buffer, np.uint8), bitorder="little")[:count]
        return bits.reshape(frames, rows, columns), photometric
    values = np.frombuffer(buffer, _TYPES[kind])
    if samples == 1:
        return values.reshape(frames, rows, columns), photometric
    if planar:
        planes = values.reshape(frames, samples, rows, columns)
        return planes.transpose(0, 2, 3, 1), photometric
    return values.reshape(frames, rows, columns, samples), photometric


def _hush() -> None:
    """Send what GDCM prints nowhere."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)


def _read_with_gdcm(path: str, as_coded: bool) -> tuple[Any, ...] | None:
    """In the other process. ``as_coded``: all 12 bits of JPEG Extended, else GDCM cuts them off."""
    import gdcm

    with tempfile.TemporaryDirectory() as folder:
        if as_coded:
            dataset = dcmread(path)
            dataset.BitsStored, dataset.HighBit = (12, 11) if dataset.BitsAllocated > 8 else (8, 7)
            path = str(Path(folder) / "coded.dcm")
            dataset.save_as(path)
        reader = gdcm.ImageReader()
        reader.SetFileName(path)
        image = reader.GetImage() if reader.Read() else None
        text = image.GetBuffer() if image else None
    if not text:
        return None
    pixel = image.GetPixelFormat()
    count = image.GetNumberOfDimensions()
    size = [image.GetDimension(number) if number < count else 1 for number in range(3)]
    return (
        text.encode("utf-8", "surrogateescape"),
        pixel.GetScalarTypeAsString(),
        size,
        pixel.GetSamplesPerPixel(),
        image.GetPlanarConfiguration(),
        image.GetPhotometricInterpretation().GetString().strip(),
    )


# NumPy ------------------------------------------------------------------------------------------


def _numpy(path: Path, dataset: Dataset, index: int) -> Raw | None:
    """One frame that is not compressed, straight from its bytes."""
    for keyword, kind in (("FloatPixelData", "f4"), ("DoubleFloatPixelData", "f8")):
        if keyword in dataset:
            return _laid_out(dataset[keyword].value, dataset, index, kind)
    data, width = dataset.PixelData, max(dataset.BitsAllocated // 8, 1)
    if syntax_of(dataset) not in NATIVE:
        *_, data = generate_fragments(data)
        if len(data) != dataset.Rows * dataset.Columns * dataset.SamplesPerPixel * width:
            return None  # really compressed
    return _laid_out(data, dataset, index, f"u{width}")


def _laid_out(data: bytes, dataset: Dataset, index: int, kind: str) -> Raw | None:
    """Frame ``index`` out of the bytes of all frames."""
    rows, columns, samples = dataset.Rows, dataset.Columns, int(dataset.get("SamplesPerPixel", 1))
    photometric = str(dataset.get("PhotometricInterpretation", "MONOCHROME2"))
    order = ">" if syntax_of(dataset) == BIG_ENDIAN else "<"
    values = np.frombuffer(data, order + kind, len(data) // int(kind[1:]))
    count = rows * columns * samples
    if order + kind == ">u1" and dataset["PixelData"].VR == "OW":
        values = values.reshape(-1, 2)[:, ::-1].reshape(-1)
    if dataset.get("BitsAllocated") == 1:
        values = np.unpackbits(values, bitorder="little")
    if photometric == "YBR_FULL_422":
        values = values[count * 2 // 3 * index :].reshape(-1, 4)[: count // 6]  # Y Y Cb Cr
        values = values[:, [0, 2, 3, 1, 2, 3]].reshape(-1)
        index = 0
    frame = values[count * index : count * (index + 1)]
    if frame.size < count:
        return None
    frame = frame.astype(frame.dtype.newbyteorder("="))
    if samples == 1:
        return Raw(frame.reshape(rows, columns), photometric)
    if dataset.PlanarConfiguration == 1:
        return Raw(frame.reshape(samples, rows, columns).transpose(1, 2, 0), photometric)
    return Raw(frame.reshape(rows, columns, samples), photometric)


# pydicom -----------------------------------------------------------------------------------------


def _pydicom(path: Path, dataset: Dataset, index: int) -> Raw | None:
    """One frame by a plug-in of pydicom that the viewer does not use."""
    syntax = syntax_of(dataset)
    plugin = "pydicom" if syntax == _RLE else _PLUGINS.get(syntax.removeprefix(_JPEG), "")
    if not plugin:
        return None
    dataset.setdefault("NumberOfFrames", 1)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            values, meta = get_decoder(UID(syntax)).as_array(
                dataset, index=index, decoding_plugin=plugin, raw=True
            )
    except Exception:  # pydicom raises whatever the file caused
        return None
    return Raw(values, str(meta["photometric_interpretation"]))


# Pillow ------------------------------------------------------------------------------------------


def _pillow(path: Path, dataset: Dataset, index: int) -> Raw | None:
    """One baseline JPEG that is smaller than the file says, as tiles at the edges of a slide are:
    the rest is black."""
    if syntax_of(dataset) != _JPEG + "50":
        return None
    *_, data = islice(
        generate_frames(dataset.PixelData, number_of_frames=_frames(dataset)), index + 1
    )
    values = np.asarray(Image.open(BytesIO(data)).convert("RGB"))
    filled = np.zeros((dataset.Rows, dataset.Columns, 3), np.uint8)
    filled[: values.shape[0], : values.shape[1]] = values
    return Raw(filled, "RGB")


def _frames(dataset: Dataset) -> int:
    return int(dataset.get("NumberOfFrames") or 1)


_DECODERS: dict[str, Callable[[Path, Dataset, int], Raw | None]] = {
    "GDCM": _gdcm,
    "NumPy": _numpy,
    "pydicom": _pydicom,
    "Pillow": _pillow,
}
