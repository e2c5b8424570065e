"""The files that the cases are made from: real ones, the bundled study, and a few made here."""

from __future__ import annotations

import random
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, lru_cache
from io import BytesIO
from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
from pydicom.encaps import encapsulate
from pydicom.filewriter import dcmwrite

import resources
from tests.factories.dicom_files import lut_item, make_dataset
from tests.fuzz.layout import DEFLATED, Layout, body_of, layout_of

LARGEST = 1024 * 1024
MARK = "Qzxv"
"""Stands in the place of names and numbers of patients: no message may have it."""

_HTJ2K, _JPEG_XL = b"1.2.840.10008.1.2.4.201", b"1.2.840.10008.1.2.4.110"
_IDENTITY = (0x00100010, 0x00100020, 0x00101000, 0x00101001)


@dataclass
class Draft:
    """A file on its way to be damaged; ``inflated``: it is deflated when it is written."""

    data: bytes
    inflated: bool = False

    @property
    def layout(self) -> Layout:
        """Where its elements are now."""
        return layout_of(self.data)

    def written(self) -> bytes:
        """The file as it goes to the disk."""
        if not self.inflated:
            return self.data
        body, _ = body_of(self.data)
        deflater = zlib.compressobj(1, zlib.DEFLATED, -zlib.MAX_WBITS)
        return self.data[:body] + deflater.compress(self.data[body:]) + deflater.flush()


@dataclass
class Seed:
    """A sound file (or one that was always strange)."""

    name: str
    load: Callable[[], bytes]

    @cached_property
    def draft(self) -> Draft:
        """Its bytes, with the patient marked."""
        data, inflated = self.load(), False
        body, syntax = body_of(data)
        if syntax == DEFLATED:
            try:
                data, inflated = data[:body] + zlib.decompress(data[body:], -zlib.MAX_WBITS), True
            except zlib.error:
                return Draft(data)
        changed = bytearray(data)
        for element in layout_of(data).elements:
            length = element.end - element.start
            if element.tag in _IDENTITY and len(MARK) <= length < 65536:
                changed[element.start : element.end] = (MARK * length)[:length].encode()
        return Draft(bytes(changed), inflated)

    @cached_property
    def has_image(self) -> bool:
        """Whether it has pixels."""
        return any(element.tag >> 16 == 0x7FE0 for element in self.draft.layout.elements)

    @property
    def is_index(self) -> bool:
        """Whether it is a DICOMDIR."""
        return b"1.2.840.10008.1.3.10\0" in self.draft.data[:512]


@lru_cache(maxsize=1)
def seeds(folder: Path) -> tuple[Seed, ...]:
    """All of them in a fixed order; ``folder`` is that of real files and may be absent."""
    real = sorted(path for path in folder.rglob("*") if path.is_file() and path.suffix != ".csv")
    small = [path for path in real if path.stat().st_size <= LARGEST]
    files = [Seed(path.name, path.read_bytes) for path in (*small, *resources.sample_files())]
    return (*files, *(Seed(name, make) for name, make in _MADE.items()))


def bytes_of(**elements: Any) -> bytes:
    """A file made here, the same every time."""
    pixels = elements.pop("pixels")
    dataset = make_dataset(pixels, SOPInstanceUID="1.2.3.4", PatientName="Doe^Jane", **elements)
    dataset.StudyInstanceUID, dataset.SeriesInstanceUID = "1.2.3", "1.2.3.3"
    dataset.file_meta.MediaStorageSOPInstanceUID = "1.2.3.4"
    buffer = BytesIO()
    dcmwrite(buffer, dataset, enforce_file_format=True)
    return buffer.getvalue()


def _pixels(kind: str, *shape: int) -> Any:
    random = np.random.default_rng(5).integers(0, 200, shape)
    return random.astype(kind)


def _tables() -> bytes:
    """A Modality LUT, two VOI LUTs, padding and an inverted presentation."""
    luts = [lut_item(0, list(range(256)), 8), lut_item(-5, list(range(0, 40960, 10)), 16, "SS")]
    return bytes_of(
        pixels=_pixels("int16", 40, 30),
        ModalityLUTSequence=[lut_item(0, list(range(0, 800, 2)), 10)],
        VOILUTSequence=luts,
        PixelPaddingValue=3,
        PixelPaddingRangeLimit=9,
        PresentationLUTShape="INVERSE",
    )


def _planes() -> bytes:
    """Overlay planes: one with several frames and an origin, one in an unused bit."""
    blob = random.Random(1).randbytes(600)
    made = bytes_of(pixels=_pixels("uint16", 3, 40, 30), BitsStored=12, HighBit=11)
    at = made.index(b"\xe0\x7f\x10\x00")
    file = layout_of(made)
    group = b"".join(
        file.encoded(0x60000000 | tag, vr, value)
        for tag, vr, value in (
            (0x0010, "US", b"\x14\0"),
            (0x0011, "US", b"\x1e\0"),
            (0x0015, "IS", b"3 "),
            (0x0040, "CS", b"R "),
            (0x0050, "SS", b"\xfb\xff\x04\0"),
            (0x0051, "US", b"\1\0"),
            (0x0100, "US", b"\1\0"),
            (0x0102, "US", b"\0\0"),
            (0x3000, "OW", blob),
            (0x20010, "US", b"\x28\0"),
            (0x20011, "US", b"\x1e\0"),
            (0x20040, "CS", b"G "),
            (0x20050, "SS", b"\1\0\1\0"),
            (0x20100, "US", b"\x10\0"),
            (0x20102, "US", b"\x0f\0"),
        )
    )
    return made[:at] + group + made[at:]


def _jpeg_xl(*shape: int) -> bytes:
    """Two frames of JPEG XL, without loss."""
    frames = [imagecodecs.jpegxl_encode(_pixels("uint8", *shape), lossless=True) for _ in "ab"]
    made = make_dataset(_pixels("uint8", *shape), SOPInstanceUID="1.2.3.4", NumberOfFrames=2)
    made.file_meta.TransferSyntaxUID = _HTJ2K.decode()  # pydicom does not know that of JPEG XL
    made.file_meta.MediaStorageSOPInstanceUID = "1.2.3.4"
    made.PixelData = encapsulate(frames)
    made["PixelData"].VR = "OB"
    buffer = BytesIO()
    dcmwrite(buffer, made, enforce_file_format=True)
    return buffer.getvalue().replace(_HTJ2K, _JPEG_XL)


_MADE: dict[str, Callable[[], bytes]] = {
    "made: lookup tables": _tables,
    "made: overlay planes": _planes,
    "made: float": lambda: bytes_of(
        pixels=_pixels("float32", 33, 44), RescaleSlope="0.5", RescaleIntercept="-7"
    ),
    "made: double": lambda: bytes_of(pixels=_pixels("float64", 2, 20, 21)),
    "made: wide": lambda: bytes_of(pixels=_pixels("int32", 25, 24), WindowCenter=9, WindowWidth=4),
    "made: JPEG XL": lambda: _jpeg_xl(60, 50),
    "made: JPEG XL colour": lambda: _jpeg_xl(40, 50, 3),
    "made: colour": lambda: bytes_of(pixels=_pixels("uint8", 31, 30, 3)),
    "made: window": lambda: bytes_of(
        pixels=_pixels("uint8", 50, 40),
        WindowCenter=[90, 80],
        WindowWidth=[100, 1],
        VOILUTFunction="SIGMOID",
        PixelSpacing=[0.2, 0.1],
        ImageOrientationPatient=[1, 0, 0, 0, 1, 0],
        ImagePositionPatient=[0, 0, 5],
    ),
}
