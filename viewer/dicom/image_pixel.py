"""What a data set says of its pixels (PS3.3 C.7.6.3), checked, and mended where it contradicts
itself."""

from __future__ import annotations

import re
from copy import copy
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pydicom.datadict import dictionary_VR, tag_for_keyword
from pydicom.dataelem import DataElement
from pydicom.dataset import FileMetaDataset
from pydicom.uid import UID, ExplicitVRBigEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian

from viewer.dicom.attributes import uid_name
from viewer.dicom.colour import UNREAD
from viewer.dicom.elements import integer, text, value
from viewer.dicom.errors import DecodeError

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

LARGEST_FRAME = 2 * 1024**3
"""Bytes of one decoded frame beyond which a file is taken to lie about its size."""

SHAPE_KEYWORDS = ("NumberOfFrames", "Rows", "Columns", "SamplesPerPixel", "BitsAllocated")
"""The elements that ``frames_there`` looks at, the photometric interpretation apart."""

_GE_PRIVATE = UID("1.2.840.113619.5.2")  # implicit little endian with pixels in big endian
_PHOTOMETRIC = (
    *("MONOCHROME1", "MONOCHROME2", "PALETTE COLOR", "RGB", "YBR_FULL", "YBR_FULL_422"),
    *("YBR_PARTIAL_422", "YBR_PARTIAL_420", "YBR_ICT", "YBR_RCT", "XYB", *UNREAD),
)
_HALVED = ("YBR_FULL_422", "YBR_PARTIAL_422")
_FLOAT_BITS = {"FloatPixelData": 32, "DoubleFloatPixelData": 64}
_OFFSETS = (0x7FE00001, 0x7FE00002)  # the extended offset table and its lengths
_NATIVE_BITS = (1, 8, 12, 16, 32, 64)


@dataclass(frozen=True)
class Shape:
    """What the Image Pixel module says of the array (PS3.3 C.7.6.3)."""

    rows: int
    columns: int
    samples: int
    bits_allocated: int
    frames: int
    halved: bool
    """Whether two pixels share their chroma (native YBR_FULL_422)."""

    @property
    def frame_bits(self) -> int:
        """Bits of one frame without compression."""
        bits = self.rows * self.columns * self.samples * self.bits_allocated
        return bits * 2 // 3 if self.halved else bits

    def frames_in(self, length: int) -> int:
        """How many of the frames that are said lie in so many bytes; at least 1."""
        there = 8 * length // self.frame_bits if self.frame_bits > 0 else self.frames
        return max(min(self.frames, there), 1)


def frame_count(dataset: Dataset) -> int:
    """Number of frames, 1 where the file says nothing sensible."""
    return max(integer(dataset, "NumberOfFrames") or 1, 1)


def frames_there(dataset: Dataset, length: int | None) -> int:
    """How many of the frames a file says it has are there; at least 1. ``length`` is that of
    native pixel data in bytes, None for compressed ones, which are believed."""
    frames = frame_count(dataset)
    if length is None or frames == 1:
        return frames
    asked = ("Rows", "Columns", "SamplesPerPixel", "BitsAllocated")
    rows, columns, samples, bits = (integer(dataset, keyword) or 0 for keyword in asked)
    shape = Shape(rows, columns, samples or 1, bits or 8, frames, _is_halved(dataset))
    return shape.frames_in(length)


def _is_halved(dataset: Dataset) -> bool:
    photometric = text(dataset, "PhotometricInterpretation")
    return photometric in _HALVED and integer(dataset, "SamplesPerPixel") == 3


def mended(dataset: Dataset, keyword: str, native: bool, notes: list[str]) -> Dataset:
    """A copy of the data set in which what the Image Pixel module leaves out or contradicts is
    what it most likely means (PS3.3 C.7.6.3); decoding changes it further."""
    made = copy(dataset)
    made._dict = dict(dataset._dict)  # pydicom's copy of a file shares its elements
    made.file_meta = FileMetaDataset()
    if said := said_syntax(dataset):
        made.file_meta.TransferSyntaxUID = said
    photometric = text(dataset, "PhotometricInterpretation")
    samples = integer(dataset, "SamplesPerPixel") or (3 if photometric[:3] in ("RGB", "YBR") else 1)
    likely: dict[str, int | str] = {"SamplesPerPixel": samples}
    if photometric not in _PHOTOMETRIC:
        likely["PhotometricInterpretation"] = "MONOCHROME2" if samples == 1 else "RGB"
    if keyword == "PixelData":
        allocated, stored = (integer(dataset, k) for k in ("BitsAllocated", "BitsStored"))
        if allocated and not 1 <= (stored or 0) <= allocated:
            likely["BitsStored"] = allocated
            likely["HighBit"] = allocated - 1
        if integer(dataset, "PixelRepresentation") not in (0, 1):
            likely["PixelRepresentation"] = 0
    else:
        likely["BitsAllocated"] = _FLOAT_BITS[keyword]
    if samples > 1 and integer(dataset, "PlanarConfiguration") not in (0, 1):
        likely["PlanarConfiguration"] = 0
    if native or not all(tag in made for tag in _OFFSETS):
        for tag in _OFFSETS:
            made.pop(tag, None)
    for element, meant in likely.items():
        if value(dataset, element) != meant:
            put(made, element, meant)
            if element != "HighBit":
                notes.append(f"{element} is missing or untrue; {meant} is assumed.")
    return made


def put(dataset: Dataset, keyword: str, meant: int | str) -> None:
    """Set an element, whatever VR the file has for it."""
    tag = tag_for_keyword(keyword) or 0
    dataset[tag] = DataElement(tag, dictionary_VR(tag), meant)


def shape_of(dataset: Dataset, keyword: str, name: str) -> Shape:
    """The shape, checked: present, sensible, and not beyond what one frame can be."""
    found = {k: integer(dataset, k) for k in ("Rows", "Columns", "BitsAllocated")}
    if keyword != "PixelData":
        found["BitsAllocated"] = _FLOAT_BITS[keyword]
    missing = [k for k, number in found.items() if number is None or not 1 <= number <= 65535]
    if missing:
        raise DecodeError(
            f"{name} does not say its {' and '.join(missing)} in a usable way, so that its pixels "
            "cannot be laid out; open another copy of it."
        )
    rows, columns, bits = (int(n) for n in found.values() if n is not None)
    if bits not in _NATIVE_BITS:
        raise DecodeError(
            f"{name} has {bits} bits for a value; only {', '.join(map(str, _NATIVE_BITS))} are "
            "read. Convert it with other software."
        )
    samples = integer(dataset, "SamplesPerPixel") or 1
    shape = Shape(rows, columns, samples, bits, frame_count(dataset), _is_halved(dataset))
    if rows * columns * samples * bits > 8 * LARGEST_FRAME:
        raise DecodeError(
            f"{name} says it has {columns} by {rows} pixels, {shape.frame_bits / 8 / 1024**3:.0f} "
            "GiB in one frame; that is taken for a damaged or hostile file and not opened."
        )
    return shape


def said_syntax(dataset: Dataset) -> UID:
    """The transfer syntax that the file says, "" where it says none."""
    meta = getattr(dataset, "file_meta", None)
    return UID(text(meta, "TransferSyntaxUID")) if meta is not None else UID("")


def read_as(dataset: Dataset, notes: list[str]) -> UID:
    """The native syntax in which the data set itself was read."""
    implicit, little = getattr(dataset, "original_encoding", (True, True))
    found = ImplicitVRLittleEndian if implicit else ExplicitVRLittleEndian
    found = found if little is not False else ExplicitVRBigEndian
    notes.append(f"The transfer syntax is missing; it was read as {found.name}.")
    return found


def name_of(syntax: UID) -> str:
    """The standard's name; what is no UID at all is not quoted, as it may be anything."""
    return uid_name(syntax) if re.fullmatch(r"[0-9.]+", syntax) else "something unknown"


def is_compressed(syntax: UID) -> bool:
    """Whether pixels in it are encapsulated; so are those in any that is not known."""
    if not syntax:
        return False
    return not syntax.is_transfer_syntax or bool(syntax.is_encapsulated)


def native_syntax(dataset: Dataset, notes: list[str]) -> UID:
    """The syntax of pixels that say their length: the one said, unless missing or untrue."""
    said = said_syntax(dataset)
    if said == _GE_PRIVATE:
        return ExplicitVRBigEndian
    if said and not is_compressed(said):
        return said
    found = read_as(dataset, notes)
    if said:
        notes[-1] = f"The file says {name_of(said)}, but its pixels are not compressed."
    return found
