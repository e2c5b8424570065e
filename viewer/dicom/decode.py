"""The pixels of a data set as an array: the one place that calls pydicom's decoders."""

from __future__ import annotations

import re
from copy import copy
from dataclasses import dataclass, replace
from io import BytesIO
from math import ceil
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from pydicom.datadict import dictionary_VR, tag_for_keyword
from pydicom.dataelem import DataElement
from pydicom.dataset import FileMetaDataset
from pydicom.uid import (
    UID,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEG2000TransferSyntaxes,
)

from viewer.dicom.attributes import Attributes, kind_name, read_attributes, uid_name
from viewer.dicom.codecs import PLUGIN, UNCOMPRESSED_FRAMES, decoder_of
from viewer.dicom.colour import (
    CODEC_ONLY,
    UNREAD,
    UNREAD_NATIVE,
    palette_to_rgb,
    ybr_partial_to_rgb,
)
from viewer.dicom.elements import integer, text, value
from viewer.dicom.errors import DecodeError, NoPixelsError
from viewer.dicom.pixel_data import PixelData, encapsulated, whole_fragments, wrapped

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

LARGEST_FRAME = 2 * 1024**3
"""Bytes of one decoded frame beyond which a file is taken to lie about its size."""

DICOMDIR = "1.2.840.10008.1.3.10"
_ENOUGH = "open another copy of it"
_GE_PRIVATE = UID("1.2.840.113619.5.2")  # implicit little endian with pixels in big endian
_PHOTOMETRIC = (
    *("MONOCHROME1", "MONOCHROME2", "PALETTE COLOR", "RGB", "YBR_FULL", "YBR_FULL_422"),
    *("YBR_PARTIAL_422", "YBR_PARTIAL_420", "YBR_ICT", "YBR_RCT", "XYB", *UNREAD),
)
_TAGS = {"FloatPixelData": 0x7FE00008, "DoubleFloatPixelData": 0x7FE00009, "PixelData": 0x7FE00010}
_FLOAT_BITS = {"FloatPixelData": 32, "DoubleFloatPixelData": 64}
_OFFSETS = (0x7FE00001, 0x7FE00002)  # the extended offset table and its lengths
_NATIVE_BITS = (1, 8, 12, 16, 32, 64)


@dataclass(frozen=True, eq=False)
class Decoded:
    """Stored values of one frame, (H, W) or (H, W, 3) uint8 RGB, and what had to be mended."""

    pixels: NDArray[Any]
    notes: tuple[str, ...]


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


def frame_count(dataset: Dataset) -> int:
    """Number of frames, 1 where the file says nothing sensible."""
    return max(integer(dataset, "NumberOfFrames") or 1, 1)


def frames_there(frames: int, frame_bits: int, length: int | None) -> int:
    """How many of the frames a file says it has are there; at least 1. ``length`` is that of
    native pixel data in bytes, None for compressed ones, which are believed."""
    if length is None or frame_bits <= 0:
        return frames
    return max(min(frames, 8 * length // frame_bits), 1)


def decode(dataset: Dataset, pixels: PixelData | None, index: int, name: str) -> Decoded:
    """Frame ``index`` (from 0) of a data set; ``name`` is the file's, for messages.

    ``dataset`` is without its pixels, and stays as it is. Raises ``DecodeError`` or
    ``NoPixelsError``.
    """
    if pixels is None or pixels.said == 0:
        raise no_pixels(name, read_attributes(dataset))
    notes: list[str] = []
    if pixels.length is not None and _is_compressed(_said_syntax(dataset)):
        pixels = wrapped(pixels, notes)
    dataset = _mended(dataset, pixels.keyword, pixels.length is not None, notes)
    shape = _shape(dataset, pixels.keyword, name)
    if not 0 <= index < shape.frames:
        raise DecodeError(f"{name} has {shape.frames} frames, but frame {index + 1} was asked for.")
    photometric = text(dataset, "PhotometricInterpretation")
    if photometric in (UNREAD if pixels.length is None else UNREAD_NATIVE):
        raise DecodeError(
            f"{name} has its colours as {photometric}, which is not read; convert it with other "
            "software."
        )
    if text(dataset, "NumberOfFrames") and integer(dataset, "NumberOfFrames") != shape.frames:
        notes.append("The number of frames is unreadable; one frame is assumed.")
    _put(dataset, "NumberOfFrames", shape.frames)
    if shape.halved and 8 * (pixels.length or 0) >= shape.frame_bits * 3 // 2 * shape.frames:
        notes.append(f"The file says {photometric}, but no pixels share their colour.")
        shape = replace(shape, halved=False)
        _put(dataset, "PhotometricInterpretation", photometric.removesuffix("_422"))
    if pixels.length is None:
        syntax = _said_syntax(dataset) or _read_as(dataset, notes)
        if not _is_compressed(syntax):
            notes.append(f"The file says {syntax.name}, but its pixels are in compressed form.")
            syntax = UNCOMPRESSED_FRAMES
        if photometric == "XYB":  # which pydicom does not know, and the codec gives as RGB
            _put(dataset, "PhotometricInterpretation", "RGB")
        array = _compressed(dataset, pixels, syntax, shape, index, name, notes)
    else:
        syntax = _native_syntax(dataset, notes)
        _check_length(pixels.length, shape, index, name, notes)
        if photometric in CODEC_ONLY:
            notes.append(
                f"The file says {photometric}, but its pixels are not compressed; "
                "they are taken for RGB."
            )
        array = _native(dataset, pixels, syntax, shape, index, name)
    array = array.astype(array.dtype.newbyteorder("="), copy=False)
    return Decoded(_plain(array, dataset, name), tuple(notes))


def no_pixels(name: str, attributes: Attributes) -> NoPixelsError:
    """The error for a file without an image, naming what it is instead."""
    if attributes.sop_class_uid == DICOMDIR:
        return NoPixelsError(
            f"{name} is a DICOMDIR, the index of a disc, without pixels; the files that it names "
            "are opened by themselves where they are there."
        )
    kind = kind_name(attributes) or "object of unknown kind"
    return NoPixelsError(f"{name} is a DICOM {kind} without pixels; open an image instead.")


def _mended(dataset: Dataset, keyword: str, native: bool, notes: list[str]) -> Dataset:
    """A copy of the data set in which what the Image Pixel module leaves out or contradicts is
    what it most likely means (PS3.3 C.7.6.3); decoding changes it further."""
    mended = copy(dataset)
    mended._dict = dict(dataset._dict)  # pydicom's copy of a file shares its elements
    mended.file_meta = FileMetaDataset()
    if said := _said_syntax(dataset):
        mended.file_meta.TransferSyntaxUID = said
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
    if native or not all(tag in mended for tag in _OFFSETS):
        for tag in _OFFSETS:
            mended.pop(tag, None)
    for element, meant in likely.items():
        if value(dataset, element) != meant:
            _put(mended, element, meant)
            if element != "HighBit":
                notes.append(f"{element} is missing or untrue; {meant} is assumed.")
    return mended


def _put(dataset: Dataset, keyword: str, meant: int | str) -> None:
    """Set an element, whatever VR the file has for it."""
    tag = tag_for_keyword(keyword) or 0
    dataset[tag] = DataElement(tag, dictionary_VR(tag), meant)


def _shape(dataset: Dataset, keyword: str, name: str) -> Shape:
    """The shape, checked: present, sensible, and not beyond what one frame can be."""
    found = {k: integer(dataset, k) for k in ("Rows", "Columns", "BitsAllocated")}
    if keyword != "PixelData":
        found["BitsAllocated"] = _FLOAT_BITS[keyword]
    missing = [k for k, number in found.items() if number is None or not 1 <= number <= 65535]
    if missing:
        raise DecodeError(
            f"{name} does not say its {' and '.join(missing)} in a usable way, so that its pixels "
            f"cannot be laid out; {_ENOUGH}."
        )
    rows, columns, bits = (int(n) for n in found.values() if n is not None)
    if bits not in _NATIVE_BITS:
        raise DecodeError(
            f"{name} has {bits} bits for a value; only {', '.join(map(str, _NATIVE_BITS))} are "
            "read. Convert it with other software."
        )
    samples = integer(dataset, "SamplesPerPixel") or 1
    photometric = text(dataset, "PhotometricInterpretation")
    halved = photometric in ("YBR_FULL_422", "YBR_PARTIAL_422") and samples == 3
    shape = Shape(rows, columns, samples, bits, frame_count(dataset), halved)
    if rows * columns * samples * bits > 8 * LARGEST_FRAME:
        raise DecodeError(
            f"{name} says it has {columns} by {rows} pixels, {shape.frame_bits / 8 / 1024**3:.0f} "
            "GiB in one frame; that is taken for a damaged or hostile file and not opened."
        )
    return shape


def _said_syntax(dataset: Dataset) -> UID:
    meta = getattr(dataset, "file_meta", None)
    return UID(text(meta, "TransferSyntaxUID")) if meta is not None else UID("")


def _read_as(dataset: Dataset, notes: list[str]) -> UID:
    """The native syntax in which the data set itself was read."""
    implicit, little = getattr(dataset, "original_encoding", (True, True))
    read_as = ImplicitVRLittleEndian if implicit else ExplicitVRLittleEndian
    read_as = read_as if little is not False else ExplicitVRBigEndian
    notes.append(f"The transfer syntax is missing; it was read as {read_as.name}.")
    return read_as


def _named(syntax: UID) -> str:
    """The standard's name; what is no UID at all is not quoted, as it may be anything."""
    return uid_name(syntax) if re.fullmatch(r"[0-9.]+", syntax) else "something unknown"


def _is_compressed(syntax: UID) -> bool:
    if not syntax:
        return False
    return not syntax.is_transfer_syntax or bool(syntax.is_encapsulated)


def _native_syntax(dataset: Dataset, notes: list[str]) -> UID:
    """The syntax of pixels that say their length: the one said, unless missing or untrue."""
    said = _said_syntax(dataset)
    if said == _GE_PRIVATE:
        return ExplicitVRBigEndian
    if said and not _is_compressed(said):
        return said
    read_as = _read_as(dataset, notes)
    if said:
        notes[-1] = f"The file says {_named(said)}, but its pixels are not compressed."
    return read_as


def _check_length(length: int, shape: Shape, index: int, name: str, notes: list[str]) -> None:
    """Rows, columns and frames against the data that is there."""
    needed = ceil(shape.frame_bits * (index + 1) / 8)
    total = ceil(shape.frame_bits * shape.frames / 8)
    if length < needed:
        raise DecodeError(
            f"{name} is cut off: {length:,} of {total:,} bytes of pixels are there; {_ENOUGH}."
        )
    if length < total:
        there = frames_there(shape.frames, shape.frame_bits, length)
        notes.append(f"The file is cut off: {there} of its {shape.frames} frames are there.")


def _native(
    dataset: Dataset, pixels: PixelData, syntax: UID, shape: Shape, index: int, name: str
) -> NDArray[Any]:
    """A frame without compression; only its own bytes are read."""
    if shape.bits_allocated in (1, 12) and shape.samples == 1:
        return _packed_bits(pixels, shape, index, syntax == ExplicitVRBigEndian)
    dataset.file_meta.TransferSyntaxUID = syntax
    shift = _misplaced_bits(dataset)
    pixels.file.seek(pixels.start)
    partial = text(dataset, "PhotometricInterpretation").startswith("YBR_PARTIAL")
    if partial and shape.samples == 3:
        _put(dataset, "PhotometricInterpretation", "YBR_FULL_422" if shape.halved else "YBR_FULL")
        return ybr_partial_to_rgb(_array(dataset, pixels, syntax, index, name, as_rgb=False))
    array = _array(dataset, pixels, syntax, index, name, correct_unused_bits=not any(shift))
    return (array << shift[0]) >> shift[1] if any(shift) else array


def _packed_bits(pixels: PixelData, shape: Shape, index: int, big: bool) -> NDArray[Any]:
    """Values of 1 or 12 bits (ACR-NEMA) without gaps, the lowest first, also across frames."""
    width, count = shape.bits_allocated, shape.rows * shape.columns
    first = index * count * width
    start, end = first // 16 * 2, -(-(first + count * width) // 16) * 2  # in whole words
    pixels.file.seek(pixels.start + start)
    data = pixels.file.read(min(end, pixels.length or end) - start)
    words = np.frombuffer(data + b"\0" * (len(data) % 2), "<u2")
    packed = (words.byteswap() if big and pixels.vr != "OB" else words).view(np.uint8)
    cells = np.unpackbits(packed, bitorder="little")[first - 8 * start :][: count * width]
    if width == 1:
        return cells.reshape(shape.rows, shape.columns)
    values = cells.reshape(count, width).astype(np.uint16) << np.arange(width, dtype=np.uint16)
    return np.asarray(values.sum(1, dtype=np.uint16)).reshape(shape.rows, shape.columns)


def _compressed(
    dataset: Dataset,
    pixels: PixelData,
    syntax: UID,
    shape: Shape,
    index: int,
    name: str,
    notes: list[str],
) -> NDArray[Any]:
    """A compressed frame; where that fails, one before the place where the file is cut off, or
    one that is not compressed at all."""
    pixels.file.seek(pixels.start)
    try:
        return _array(dataset, pixels, syntax, index, name, notes=notes)
    except DecodeError:
        fragments = whole_fragments(pixels)
        if not index < len(fragments) <= shape.frames:
            raise
        if 8 * len(fragments[index]) in (shape.frame_bits, shape.frame_bits + 8):
            notes.append(f"The file says {_named(syntax)}, but its pixels are not compressed.")
            syntax = UNCOMPRESSED_FRAMES
        elif len(fragments) == shape.frames and shape.frames == 1:
            raise
    if len(fragments) < shape.frames:
        notes.append(
            f"The file is cut off: {len(fragments)} of its {shape.frames} frames are there."
        )
    _put(dataset, "NumberOfFrames", len(fragments))
    whole = BytesIO(encapsulated(fragments))
    rest = PixelData(pixels.keyword, pixels.vr, whole, 0, None, None)
    return _array(dataset, rest, syntax, index, name, notes=notes)


def _array(
    dataset: Dataset, pixels: PixelData, syntax: UID, index: int, name: str, **options: Any
) -> NDArray[Any]:
    """What pydicom makes of the frame, YBR turned into RGB."""
    try:
        decoder = decoder_of(syntax)
    except NotImplementedError as error:
        raise DecodeError(
            f"{name} is compressed as {_named(syntax)}, for which there is no decoder; convert "
            "it with other software."
        ) from error
    vr = pixels.vr if pixels.vr in ("OB", "OW") else "OW"
    dataset[_TAGS[pixels.keyword]] = DataElement(_TAGS[pixels.keyword], vr, pixels.file)
    dataset.file_meta.TransferSyntaxUID = decoder.UID
    plugin = PLUGIN if decoder.is_encapsulated else ""
    options.setdefault("as_rgb", True)
    if plugin and syntax not in JPEG2000TransferSyntaxes:  # unused bits count nowhere (PS3.5 8.1.1)
        options |= {"correct_unused_bits": True, "apply_jls_sign_correction": False}
    options |= {"true_syntax": syntax, "decoding_plugin": plugin}
    try:
        return decoder.as_array(dataset, index=index, **options)[0]
    except MemoryError:
        raise
    except Exception as error:  # decoders raise whatever the damaged data caused
        raise DecodeError(
            f"{name} has pixels in {_named(syntax)} that cannot be decoded, as they are damaged "
            f"or of an unusual kind; {_ENOUGH} or convert it with other software."
        ) from error
    finally:
        del dataset[_TAGS[pixels.keyword]]


def _misplaced_bits(dataset: Dataset) -> tuple[int, int]:
    """Shifts left, then right, where the stored bits are not the lowest ones (PS3.5 8.1.1)."""
    allocated, stored = integer(dataset, "BitsAllocated"), integer(dataset, "BitsStored")
    high = integer(dataset, "HighBit")
    if not allocated or not stored or not high or not stored - 1 < high < allocated:
        return 0, 0
    return allocated - 1 - high, allocated - stored


def _plain(pixels: NDArray[Any], dataset: Dataset, name: str) -> NDArray[Any]:
    """Palette and deep colour as 8-bit RGB; grey as it is."""
    bits = integer(dataset, "BitsStored") or 8
    if text(dataset, "PhotometricInterpretation") == "PALETTE COLOR" and pixels.ndim == 2:
        try:
            return palette_to_rgb(pixels, dataset)
        except Exception as error:  # pydicom raises whatever the broken palette caused
            raise DecodeError(
                f"{name} has a colour palette that cannot be read; {_ENOUGH}."
            ) from error
    if pixels.ndim == 2:
        return pixels
    if pixels.ndim != 3 or pixels.shape[2] != 3:
        raise DecodeError(
            f"{name} has {pixels.shape[-1]} samples per pixel; only 1 and 3 are read."
        )
    unsigned = pixels.view(f"u{pixels.itemsize}")
    return np.asarray(unsigned >> max(bits - 8, 0)).astype(np.uint8)
