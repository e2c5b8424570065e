"""Synthetic DICOM files to measure reading with: series of slices, and one radiograph in every
transfer syntax."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import cv2
import imagecodecs
import numpy as np
from numpy.typing import NDArray
from pydicom import dcmread
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.filewriter import dcmwrite
from pydicom.uid import (
    UID,
    CTImageStorage,
    DigitalXRayImageStorageForPresentation,
    ExplicitVRLittleEndian,
)

import resources

_ROOT = "1.2.826.0.1.3680043.8.498."
_FIRST = 100_000
_PLACE = str(_FIRST)  # in the template; as long as the numbers that take its place
_TEXTS = {
    "ImageType": ["ORIGINAL", "PRIMARY", "AXIAL"],
    "StudyDate": "20260102",
    "SeriesDate": "20260102",
    "AcquisitionDate": "20260102",
    "ContentDate": "20260102",
    "StudyTime": "101500",
    "SeriesTime": "101500",
    "AcquisitionTime": "101500",
    "ContentTime": "101500",
    "AccessionNumber": "SYNTHETIC",
    "Manufacturer": "Attentive Viewer",
    "InstitutionName": "SYNTHETIC",
    "StudyDescription": "SYNTHETIC benchmark",
    "SeriesDescription": "SYNTHETIC slices",
    "ManufacturerModelName": "phantom",
    "PatientName": "SYNTHETIC^BENCHMARK",
    "PatientID": "SYNTHETIC",
    "PatientBirthDate": "19700101",
    "PatientSex": "O",
    "PatientAge": "056Y",
    "BodyPartExamined": "CHEST",
    "ScanOptions": "HELICAL",
    "SliceThickness": "1.0",
    "KVP": "120",
    "DataCollectionDiameter": "500",
    "ReconstructionDiameter": "380",
    "GantryDetectorTilt": "0",
    "TableHeight": "150",
    "RotationDirection": "CW",
    "ExposureTime": "500",
    "XRayTubeCurrent": "200",
    "Exposure": "100",
    "FilterType": "BODY",
    "ConvolutionKernel": "STANDARD",
    "PatientPosition": "HFS",
    "SeriesNumber": "1",
    "AcquisitionNumber": "1",
    "ImageOrientationPatient": [1, 0, 0, 0, 1, 0],
    "SliceLocation": "0",
    "PixelSpacing": [0.75, 0.75],
    "WindowCenter": "40",
    "WindowWidth": "400",
    "RescaleIntercept": "-1024",
    "RescaleSlope": "1",
    "RescaleType": "HU",
}


def write_series(folder: Path, slices: int, size: int, series: int = 1) -> None:
    """``slices`` files of CT-like headers with ``size`` × ``size`` 16-bit pixels, in ``series``
    series of one study; every file differs from the others in UIDs, position and pixels."""
    folder.mkdir(parents=True, exist_ok=True)
    template, pixels = _template(size)
    noise = np.random.default_rng(7).integers(0, 3000, (size + 64, size), dtype=np.uint16)
    place = _PLACE.encode()
    for number in range(slices):
        told = template.replace(
            b"98.1." + place, b"98.1.%06d" % (_FIRST + number * series // slices)
        )
        told = told.replace(b"98.2." + place, b"98.2.%06d" % (_FIRST + number))
        told = told.replace(b"99" + place, b"%08d" % number)  # instance number and position
        data = told[:pixels] + noise[number % 64 :][:size].tobytes()
        (folder / f"slice{number:05d}.dcm").write_bytes(data)


def _template(size: int) -> tuple[bytes, int]:
    """A file with marks in the place of numbers, and where its pixels begin."""
    dataset = _dataset(CTImageStorage, "1.2.840.10008.1.2.1")
    for keyword, value in _TEXTS.items():
        setattr(dataset, keyword, value)
    dataset.Modality = "CT"
    dataset.StudyInstanceUID = f"{_ROOT}1"
    dataset.SeriesInstanceUID = f"{_ROOT}1.{_PLACE}"
    dataset.SOPInstanceUID = f"{_ROOT}2.{_PLACE}"
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    dataset.InstanceNumber = f"99{_PLACE}"
    dataset.ImagePositionPatient = ["-190", "-190", f"99{_PLACE}"]
    reference = Dataset()
    reference.ReferencedSOPClassUID = CTImageStorage
    reference.ReferencedSOPInstanceUID = f"{_ROOT}3"
    dataset.ReferencedImageSequence = [reference]
    _add_pixels(dataset, np.zeros((size, size), np.uint16), 12)
    buffer = BytesIO()
    dcmwrite(buffer, dataset, enforce_file_format=True)
    data = buffer.getvalue()
    return data, len(data) - 2 * size * size


def _dataset(sop_class: UID, syntax: str) -> FileDataset:
    meta = FileMetaDataset()
    meta.TransferSyntaxUID = UID(syntax)
    meta.MediaStorageSOPClassUID = sop_class
    meta.MediaStorageSOPInstanceUID = UID(f"{_ROOT}9")
    dataset = FileDataset("", {}, file_meta=meta, preamble=b"\0" * 128)
    dataset.SOPClassUID = sop_class
    dataset.SOPInstanceUID = UID(f"{_ROOT}9")
    return dataset


def _add_pixels(dataset: FileDataset, pixels: NDArray[Any], bits: int) -> None:
    dataset.Rows, dataset.Columns = pixels.shape[:2]
    dataset.SamplesPerPixel = 1
    dataset.PhotometricInterpretation = "MONOCHROME2"
    dataset.BitsAllocated = 8 * pixels.itemsize
    dataset.BitsStored, dataset.HighBit = bits, bits - 1
    dataset.PixelRepresentation = 0
    dataset.PixelData = pixels.tobytes()


def radiograph(size: int = 2048) -> NDArray[np.uint16]:
    """(size, size) 12-bit values, smooth with grain, like those of a film."""
    y, x = np.mgrid[0:size, 0:size] / size
    smooth = 2000 + 900 * np.sin(7 * x + 3 * y) * np.cos(5 * y) + 600 * x * y
    grain = np.random.default_rng(7).normal(0, 6, smooth.shape)
    return np.asarray(np.clip(smooth + grain, 0, 4095), np.uint16)


def _lossless(pixels: NDArray[Any]) -> bytes:
    return bytes(imagecodecs.jpeg8_encode(pixels, lossless=True, predictor=1))


def _run_length(pixels: NDArray[Any]) -> bytes:
    """PS3.5 annex G, rows packed one by one."""
    planes = [np.ascontiguousarray(pixels >> shift).astype(np.uint8) for shift in (8, 0)]
    segments = []
    for plane in planes:
        rows = (imagecodecs.packbits_encode(plane[i].tobytes()) for i in range(len(plane)))
        segment = b"".join(rows)
        segments.append(segment + b"\0" * (len(segment) % 2))
    starts = [64, 64 + len(segments[0])]
    header = np.array([len(segments), *starts, *[0] * 13], "<u4").tobytes()
    return header + b"".join(segments)


_ENCODERS: tuple[tuple[str, str, Callable[[NDArray[Any]], bytes] | None], ...] = (
    ("uncompressed", "1.2.840.10008.1.2.1", None),
    ("RLE", "1.2.840.10008.1.2.5", _run_length),
    ("JPEG Extended, 12 bits", "1.2.840.10008.1.2.4.51", lambda p: _lossy_jpeg(p)),
    ("JPEG Lossless", "1.2.840.10008.1.2.4.70", _lossless),
    ("JPEG-LS", "1.2.840.10008.1.2.4.80", lambda p: bytes(imagecodecs.jpegls_encode(p))),
    (
        "JPEG 2000 lossless",
        "1.2.840.10008.1.2.4.90",
        lambda p: bytes(imagecodecs.jpeg2k_encode(p, codecformat="J2K", reversible=True)),
    ),
    ("JPEG XL lossless", "1.2.840.10008.1.2.4.110", lambda p: bytes(_jpeg_xl(p))),
)


def _lossy_jpeg(pixels: NDArray[Any]) -> bytes:
    return bytes(imagecodecs.jpeg8_encode(pixels, level=95, bitspersample=12))


def _jpeg_xl(pixels: NDArray[Any]) -> bytes:
    return bytes(imagecodecs.jpegxl_encode(pixels, lossless=True, effort=3))


def write_radiographs(folder: Path) -> Iterator[tuple[str, Path]]:
    """The same radiograph in every transfer syntax that can be written here: name and file."""
    folder.mkdir(parents=True, exist_ok=True)
    pixels = radiograph()
    for name, syntax, encode in _ENCODERS:
        dataset = _dataset(DigitalXRayImageStorageForPresentation, "1.2.840.10008.1.2.1")
        dataset.Modality = "DX"
        _add_pixels(dataset, pixels, 12)
        if encode is not None:
            dataset.PixelData = encapsulate([encode(pixels)])
            dataset["PixelData"].VR = "OB"
            dataset["PixelData"].is_undefined_length = True
        path = folder / f"{syntax}.dcm"
        path.write_bytes(_with_syntax(dataset, syntax))
        yield name, path


def write_films(folder: Path, count: int) -> None:
    """``count`` films of 3520 × 4280 pixels as one series: the bundled synthetic hand, enlarged,
    each with noise of its own."""
    random = np.random.default_rng(11)
    dataset = dcmread(resources.sample_files()[0])
    size = (3520, 4280)
    hand = cv2.resize(dataset.pixel_array, size, interpolation=cv2.INTER_LINEAR).astype(np.int32)
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    shrunk = dataset.Rows / size[1]
    dataset.ImagerPixelSpacing = [value * shrunk for value in dataset.ImagerPixelSpacing]
    for number in range(1, count + 1):
        noise = random.integers(-8, 9, hand.shape)
        dataset.Rows, dataset.Columns = hand.shape
        dataset.PixelData = np.clip(hand + noise, 0, 4095).astype("<u2").tobytes()
        dataset.SOPInstanceUID = UID(f"{_ROOT}7.{number}")
        dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
        dataset.InstanceNumber = number
        dataset.save_as(folder / f"film{number}.dcm", enforce_file_format=True)


def _with_syntax(dataset: FileDataset, syntax: str) -> bytes:
    """The file; pydicom does not write syntaxes that are newer than it, so that the name of one is
    put in the place of one that it knows (and the group's length corrected)."""
    known = "1.2.840.10008.1.2.4.90"
    new = not UID(syntax).is_transfer_syntax
    dataset.file_meta.TransferSyntaxUID = UID(known if new else syntax)
    buffer = BytesIO()
    dcmwrite(buffer, dataset, enforce_file_format=True)
    data = buffer.getvalue()
    if new:
        mark = syntax.encode() + b"\0" * (len(syntax) % 2)
        longer = len(mark) - len(known)
        length = int.from_bytes(data[140:144], "little") + longer
        data = data[:140] + length.to_bytes(4, "little") + data[144:]
        old = b"UI" + len(known).to_bytes(2, "little") + known.encode()
        data = data.replace(old, b"UI" + len(mark).to_bytes(2, "little") + mark, 1)
    return data
