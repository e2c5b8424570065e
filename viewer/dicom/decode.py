"""The pixels of a data set as an array: the one place that calls pydicom's decoders."""

from __future__ import annotations

from dataclasses import dataclass, replace
from io import BytesIO
from math import ceil
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from pydicom.dataelem import DataElement
from pydicom.uid import (
    UID,
    ExplicitVRBigEndian,
    JPEG2000TransferSyntaxes,
)

from viewer.dicom.attributes import Attributes, kind_name, read_attributes
from viewer.dicom.codecs import PLUGIN, UNCOMPRESSED_FRAMES, decoder_of
from viewer.dicom.colour import (
    CODEC_ONLY,
    UNREAD,
    UNREAD_NATIVE,
    palette_to_rgb,
    ybr_partial_to_rgb,
)
from viewer.dicom.elements import integer, text
from viewer.dicom.errors import DecodeError, NoPixelsError
from viewer.dicom.image_pixel import (
    Shape,
    is_compressed,
    mended,
    name_of,
    native_syntax,
    put,
    read_as,
    said_syntax,
    shape_of,
)
from viewer.dicom.pixel_data import PixelData, encapsulated, whole_fragments, wrapped

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

DICOMDIR = "1.2.840.10008.1.3.10"
_ENOUGH = "open another copy of it"
_TAGS = {"FloatPixelData": 0x7FE00008, "DoubleFloatPixelData": 0x7FE00009, "PixelData": 0x7FE00010}


@dataclass(frozen=True, eq=False)
class Decoded:
    """Stored values of one frame, (H, W) or (H, W, 3) uint8 RGB, and what had to be mended."""

    pixels: NDArray[Any]
    notes: tuple[str, ...]


def decode(dataset: Dataset, pixels: PixelData | None, index: int, name: str) -> Decoded:
    """Frame ``index`` (from 0) of a data set; ``name`` is the file's, for messages.

    ``dataset`` is without its pixels, and stays as it is. Raises ``DecodeError`` or
    ``NoPixelsError``.
    """
    if pixels is None or pixels.said == 0:
        raise no_pixels(name, read_attributes(dataset))
    notes: list[str] = []
    if pixels.length is not None and is_compressed(said_syntax(dataset)):
        pixels = wrapped(pixels, notes)
    dataset = mended(dataset, pixels.keyword, pixels.length is not None, notes)
    shape = shape_of(dataset, pixels.keyword, name)
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
    put(dataset, "NumberOfFrames", shape.frames)
    if shape.halved and 8 * (pixels.length or 0) >= shape.frame_bits * 3 // 2 * shape.frames:
        notes.append(f"The file says {photometric}, but no pixels share their colour.")
        shape = replace(shape, halved=False)
        put(dataset, "PhotometricInterpretation", photometric.removesuffix("_422"))
    if pixels.length is None:
        syntax = said_syntax(dataset) or read_as(dataset, notes)
        if not is_compressed(syntax):
            notes.append(f"The file says {syntax.name}, but its pixels are in compressed form.")
            syntax = UNCOMPRESSED_FRAMES
        if photometric == "XYB":  # which pydicom does not know, and the codec gives as RGB
            put(dataset, "PhotometricInterpretation", "RGB")
        array = _compressed(dataset, pixels, syntax, shape, index, name, notes)
    else:
        syntax = native_syntax(dataset, notes)
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


def _check_length(length: int, shape: Shape, index: int, name: str, notes: list[str]) -> None:
    """Rows, columns and frames against the data that is there."""
    needed = ceil(shape.frame_bits * (index + 1) / 8)
    total = ceil(shape.frame_bits * shape.frames / 8)
    if length < needed:
        raise DecodeError(
            f"{name} is cut off: {length:,} of {total:,} bytes of pixels are there; {_ENOUGH}."
        )
    if length < total:
        there = shape.frames_in(length)
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
        put(dataset, "PhotometricInterpretation", "YBR_FULL_422" if shape.halved else "YBR_FULL")
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
            notes.append(f"The file says {name_of(syntax)}, but its pixels are not compressed.")
            syntax = UNCOMPRESSED_FRAMES
        elif len(fragments) == shape.frames and shape.frames == 1:
            raise
    if len(fragments) < shape.frames:
        notes.append(
            f"The file is cut off: {len(fragments)} of its {shape.frames} frames are there."
        )
    put(dataset, "NumberOfFrames", len(fragments))
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
            f"{name} is compressed as {name_of(syntax)}, for which there is no decoder; convert "
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
            f"{name} has pixels in {name_of(syntax)} that cannot be decoded, as they are damaged "
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
