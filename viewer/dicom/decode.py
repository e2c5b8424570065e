"""The pixels of a data set as an array: the one place that calls pydicom's decoders."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from pydicom.pixels.decoders.base import get_decoder
from pydicom.pixels.processing import apply_color_lut
from pydicom.uid import (
    UID,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEGExtended12Bit,
)

from viewer.dicom.attributes import uid_name
from viewer.dicom.elements import integer, numbers, text, value
from viewer.dicom.errors import DecodeError, NoPixelsError

if TYPE_CHECKING:
    from pydicom.dataset import Dataset
    from pydicom.pixels.decoders.base import Decoder

LARGEST_FRAME = 2 * 1024**3
"""Bytes of one decoded frame beyond which a file is taken to lie about its size."""

PIXEL_KEYWORDS = ("PixelData", "FloatPixelData", "DoubleFloatPixelData")
_ENOUGH = "open another copy of it"
_PLUGIN = "gdcm, 12 bits"
_PACKAGES = {"1.2.840.10008.1.2.4.5": "python-gdcm", "1.2.840.10008.1.2.4.7": "python-gdcm"}
_PACKAGES |= {"1.2.840.10008.1.2.4.8": "pyjpegls", "1.2.840.10008.1.2.4.9": "pylibjpeg-openjpeg"}
_PACKAGES |= {"1.2.840.10008.1.2.4.20": "pylibjpeg-openjpeg"}

# GDCM aborts the whole process on damaged data and is not asked for what others decode as well.
_SAFER = {"1.2.840.10008.1.2.4.50": "pillow", "1.2.840.10008.1.2.4.8": "pyjpegls"}
_SAFER |= {"1.2.840.10008.1.2.4.9": "pylibjpeg"}


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

    @property
    def frame_bits(self) -> int:
        """Bits of one frame without compression."""
        return self.rows * self.columns * self.samples * self.bits_allocated


def frame_count(dataset: Dataset) -> int:
    """Number of frames, 1 where the file says nothing sensible."""
    return max(integer(dataset, "NumberOfFrames") or 1, 1)


def decode(dataset: Dataset, index: int, name: str) -> Decoded:
    """Frame ``index`` (from 0) of a data set; ``name`` is the file's, for messages.

    The data set is mended in place where it contradicts itself. Raises ``DecodeError`` or
    ``NoPixelsError``.
    """
    keyword = next((k for k in PIXEL_KEYWORDS if k in dataset), "")
    if not keyword or not value(dataset, keyword):
        raise no_pixels(name, text(dataset, "SOPClassUID"))
    shape = _shape(dataset, keyword, name)
    if not 0 <= index < shape.frames:
        raise DecodeError(f"{name} has {shape.frames} frames, but frame {index + 1} was asked for.")
    notes: list[str] = []
    if text(dataset, "NumberOfFrames") and integer(dataset, "NumberOfFrames") != shape.frames:
        notes.append("The number of frames is unreadable; one frame is assumed.")
    dataset.NumberOfFrames = shape.frames
    syntax = _syntax(dataset, keyword, shape, notes)
    dataset.file_meta.TransferSyntaxUID = syntax
    decoder = _decoder(syntax, name)
    if decoder.is_native:
        _check_length(len(value(dataset, keyword)), shape, dataset, name)
    pixels = _decoded(dataset, decoder, index, name)
    return Decoded(_plain(pixels, dataset, name), tuple(notes))


def no_pixels(name: str, sop_class_uid: str) -> NoPixelsError:
    """The error for a file without an image, naming what it is instead."""
    if sop_class_uid == "1.2.840.10008.1.3.10":
        return NoPixelsError(
            f"{name} is a DICOMDIR, an index of a disc without pixels; open the folder that it "
            "lies in instead."
        )
    kind = uid_name(sop_class_uid).removesuffix(" Storage")
    kind = "object of unknown kind" if kind == sop_class_uid else kind
    return NoPixelsError(f"{name} is a DICOM {kind} without pixels; open an image instead.")


def _shape(dataset: Dataset, keyword: str, name: str) -> Shape:
    """The shape, checked: present, sensible, and not beyond what one frame can be."""
    found = {k: integer(dataset, k) for k in ("Rows", "Columns", "BitsAllocated")}
    if keyword != "PixelData":
        found["BitsAllocated"] = 64 if keyword.startswith("Double") else 32
    missing = [k for k, number in found.items() if number is None or not 1 <= number <= 65535]
    if missing:
        raise DecodeError(
            f"{name} does not say its {' and '.join(missing)} in a usable way, so that its pixels "
            f"cannot be laid out; {_ENOUGH}."
        )
    rows, columns, bits = (int(n) for n in found.values() if n is not None)
    samples = integer(dataset, "SamplesPerPixel") or 1
    shape = Shape(rows, columns, samples, bits, frame_count(dataset))
    if shape.frame_bits > 8 * LARGEST_FRAME:
        raise DecodeError(
            f"{name} says it has {columns} by {rows} pixels, {shape.frame_bits / 8 / 1024**3:.0f} "
            "GiB in one frame; that is taken for a damaged or hostile file and not opened."
        )
    return shape


def _syntax(dataset: Dataset, keyword: str, shape: Shape, notes: list[str]) -> UID:
    """The transfer syntax of the pixels: the one said, unless missing or plainly untrue."""
    meta = getattr(dataset, "file_meta", None)
    said = UID(text(meta, "TransferSyntaxUID")) if meta is not None else UID("")
    implicit, little = getattr(dataset, "original_encoding", (True, True))
    read_as = ImplicitVRLittleEndian if implicit else ExplicitVRLittleEndian
    read_as = read_as if little is not False else ExplicitVRBigEndian
    if not said:
        notes.append(f"The transfer syntax is missing; it was read as {read_as.name}.")
        return read_as
    plain_length = ceil(shape.frame_bits * shape.frames / 8)
    encapsulated = getattr(dataset[keyword], "is_undefined_length", True)
    native = not encapsulated and len(value(dataset, keyword)) in (plain_length, plain_length + 1)
    if native and said.is_transfer_syntax and said.is_encapsulated:
        notes.append(f"The file says {said.name}, but its pixels are not compressed.")
        return read_as
    return said


def _check_length(length: int, shape: Shape, dataset: Dataset, name: str) -> None:
    """Rows, columns and frames against the data that is there."""
    bits = shape.frame_bits * shape.frames
    if text(dataset, "PhotometricInterpretation") == "YBR_FULL_422":
        bits = bits * 2 // 3
    if length < ceil(bits / 8):
        raise DecodeError(
            f"{name} is cut off: {length:,} of {ceil(bits / 8):,} bytes of pixels are there; "
            f"{_ENOUGH}."
        )


def _decoded(dataset: Dataset, decoder: Decoder, index: int, name: str) -> NDArray[Any]:
    """What pydicom makes of the frame, YBR turned into RGB."""
    shift = _misplaced_bits(dataset, decoder)
    options: dict[str, Any] = {"as_rgb": True, "correct_unused_bits": not any(shift)}
    safer = next((p for uid, p in _SAFER.items() if decoder.UID.startswith(uid)), "")
    plugin = safer if safer in decoder.available_plugins else ""
    try:
        pixels, _ = decoder.as_array(dataset, index=index, decoding_plugin=plugin, **options)
    except Exception as error:  # decoders raise whatever the damaged data caused
        raise DecodeError(
            f"{name} has pixels in {decoder.UID.name} that cannot be decoded, as they are damaged "
            f"or of an unusual kind; {_ENOUGH} or convert it with other software."
        ) from error
    if any(shift):
        pixels = (pixels << shift[0]) >> shift[1]
    return pixels.astype(pixels.dtype.newbyteorder("="), copy=False)


def _decoder(syntax: UID, name: str) -> Decoder:
    """The decoder of a transfer syntax, with the plug-in for 12-bit JPEG added to it."""
    try:
        decoder = get_decoder(syntax)
    except NotImplementedError as error:
        raise DecodeError(
            f"{name} is compressed as {syntax.name}, for which there is no decoder; convert it "
            "with other software."
        ) from error
    if syntax == JPEGExtended12Bit and _PLUGIN not in decoder.available_plugins:
        decoder.add_plugin(_PLUGIN, ("viewer.dicom.jpeg_extended", "decode_frame"))
    if not decoder.is_available:
        package = next((p for k, p in _PACKAGES.items() if syntax.startswith(k)), "pylibjpeg")
        raise DecodeError(
            f"{name} is compressed as {syntax.name}, for which no decoder is installed; install "
            f"the Python package {package}."
        )
    return decoder


def _misplaced_bits(dataset: Dataset, decoder: Decoder) -> tuple[int, int]:
    """Shifts left, then right, where the stored bits are not the lowest ones (PS3.5 8.1.1)."""
    allocated, stored = integer(dataset, "BitsAllocated"), integer(dataset, "BitsStored")
    high = integer(dataset, "HighBit")
    if decoder.is_encapsulated or not allocated or not stored or not high:
        return 0, 0
    if not stored - 1 < high < allocated:
        return 0, 0
    return allocated - 1 - high, allocated - stored


def _plain(pixels: NDArray[Any], dataset: Dataset, name: str) -> NDArray[Any]:
    """Palette and deep colour as 8-bit RGB; grey as it is."""
    bits = integer(dataset, "BitsStored") or 8
    if text(dataset, "PhotometricInterpretation") == "PALETTE COLOR" and pixels.ndim == 2:
        try:
            pixels = apply_color_lut(pixels, dataset)[..., :3]
        except Exception as error:  # pydicom raises whatever the broken palette caused
            raise DecodeError(
                f"{name} has a colour palette that cannot be read; {_ENOUGH}."
            ) from error
        descriptor = numbers(dataset, "RedPaletteColorLookupTableDescriptor")
        bits = 8 if descriptor[2:] == (8.0,) else 8 * pixels.itemsize  # 8 in 16 bits each, or all
    if pixels.ndim == 2:
        return pixels
    if pixels.ndim != 3 or pixels.shape[2] != 3:
        raise DecodeError(
            f"{name} has {pixels.shape[-1]} samples per pixel; only 1 and 3 are read."
        )
    unsigned = pixels.view(f"u{pixels.itemsize}")
    return np.asarray(unsigned >> max(bits - 8, 0)).astype(np.uint8)
