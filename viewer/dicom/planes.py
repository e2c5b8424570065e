"""Overlay planes: bitmaps that a file lays over its image (groups 6000 to 601E, PS3.3 C.9.2)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from viewer.dicom.elements import integer, numbers, text, value

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

    from viewer.dicom.pixel_data import PixelData

_GROUPS = range(0x6000, 0x6020, 2)
_ROWS, _COLUMNS, _FRAMES, _DESCRIPTION = 0x0010, 0x0011, 0x0015, 0x0022
_TYPE, _ORIGIN, _FIRST_FRAME = 0x0040, 0x0050, 0x0051
_BITS_ALLOCATED, _BIT_POSITION, _LABEL, _DATA = 0x0100, 0x0102, 0x1500, 0x3000


@dataclass(frozen=True, eq=False)
class Plane:
    """One plane, as it lies over one frame.

    ``packed`` are its bits row by row, the lowest of a byte first: (⌈rows · columns / 8⌉,) uint8.
    ``size`` is (rows, columns). ``origin`` is the top-left corner of the plane, (x, y) in pixels
    from the top-left corner of the frame's first pixel: negative or beyond the frame, too. ``kind``
    is "G" for graphics, "R" for a region of interest (C.9.2.1.1). ``label`` and ``description``
    are free text, which may name a patient.
    """

    packed: NDArray[np.uint8]
    size: tuple[int, int]
    origin: tuple[int, int] = (0, 0)
    kind: Literal["G", "R"] = "G"
    label: str = ""
    description: str = ""

    @property
    def bitmap(self) -> NDArray[np.bool_]:
        """(rows, columns) where the plane is set."""
        rows, columns = self.size
        bits = np.unpackbits(self.packed, count=rows * columns, bitorder="little")
        return bits.reshape(rows, columns).view(bool)

    def on(self, size: tuple[int, int]) -> NDArray[np.bool_]:
        """(height, width) where the plane is set on a frame of that size; the rest is cut off."""
        (x, y), (rows, columns) = self.origin, self.size
        top, bottom = max(y, 0), min(y + rows, size[0])
        left, right = max(x, 0), min(x + columns, size[1])
        placed = np.zeros(size, bool)
        if top < bottom and left < right:
            placed[top:bottom, left:right] = self.bitmap[top - y : bottom - y, left - x : right - x]
        return placed


def read_planes(
    dataset: Dataset, index: int = 0, pixels: PixelData | None = None
) -> tuple[tuple[Plane, ...], tuple[str, ...]]:
    """The planes over frame ``index`` (from 0), and a sentence for each that cannot be shown.

    ``pixels`` is where the pixels are in the open file: planes in their unused bits, retired since
    2004, are read from there, unless they are compressed. Never raises.
    """
    found = [_read(dataset, group, index, pixels) for group in _GROUPS]
    planes = tuple(plane for plane in found if isinstance(plane, Plane))
    return planes, tuple(note for note in found if isinstance(note, str))


def _read(dataset: Dataset, group: int, index: int, pixels: PixelData | None) -> Plane | str | None:
    """The plane of one group, a sentence why it is not shown, or None if there is none here."""
    rows, columns = integer(dataset, (group, _ROWS)), integer(dataset, (group, _COLUMNS))
    data = value(dataset, (group, _DATA))
    number = _frame_of_plane(dataset, group, index)
    if number is None or (not rows and not columns and not data):
        return None
    name = f"The overlay plane {group:04X} of the file"
    damaged = f"{name} is damaged and is not shown."
    if not rows or not columns or min(rows, columns) < 1:
        return damaged
    if not data:
        return _embedded(dataset, group, index, pixels, name)
    if not isinstance(data, bytes):
        return damaged
    count = rows * columns
    first, end = number * count, (number + 1) * count
    if len(data) * 8 < end:  # before anything is made: the header may say any size
        return damaged
    allocated = integer(dataset, (group, _BITS_ALLOCATED)) or 1
    if allocated != 1 and len(data) * 8 >= end * allocated:
        return f"{name} has {allocated} bits a pixel instead of 1 and is not shown."
    start = first // 16 * 2
    words = _little(dataset, data[start : (end + 15) // 16 * 2], dataset[group, _DATA].VR)
    bits = np.unpackbits(words, bitorder="little")[first - 8 * start :][:count]
    return _plane(dataset, group, bits.reshape(rows, columns), _origin(dataset, group))


def _frame_of_plane(dataset: Dataset, group: int, index: int) -> int | None:
    """Which frame of a plane (from 0) lies over a frame of the image, None for none (C.9.3).

    A plane that says nothing of frames lies over all of them.
    """
    frames = integer(dataset, (group, _FRAMES))
    start = integer(dataset, (group, _FIRST_FRAME))
    if frames is None and start is None:
        return 0
    number = index - (max(start or 1, 1) - 1)
    return number if 0 <= number < max(frames or 1, 1) else None


def _embedded(
    dataset: Dataset, group: int, index: int, pixels: PixelData | None, name: str
) -> Plane | str:
    """A plane in one of the bits of the pixels that hold no stored value."""
    allocated = integer(dataset, (group, _BITS_ALLOCATED)) or 1
    position = integer(dataset, (group, _BIT_POSITION)) or 0
    if allocated == 1 and position == 0:
        return f"{name} is announced, but is not there."
    size = integer(dataset, "Rows"), integer(dataset, "Columns")
    same = size == (integer(dataset, (group, _ROWS)), integer(dataset, (group, _COLUMNS)))
    grey = (integer(dataset, "SamplesPerPixel") or 1) == 1
    unused = 0 <= position < allocated and position not in _used_bits(dataset)
    if not (same and grey and unused and allocated == integer(dataset, "BitsAllocated")):
        return f"{name} is damaged and is not shown."
    words = _words(dataset, allocated, index, pixels)
    if words is None:
        return f"{name} is in bits of the pixels that cannot be read, and is not shown."
    return _plane(dataset, group, (words >> position) & 1 == 1, (0, 0))


def _used_bits(dataset: Dataset) -> range:
    """The bits of a pixel that hold its stored value (PS3.5 8.1.1)."""
    stored, high = integer(dataset, "BitsStored") or 0, integer(dataset, "HighBit")
    end = stored if high is None else high + 1
    return range(end - stored, end)


def _words(
    dataset: Dataset, allocated: int, index: int, pixels: PixelData | None
) -> NDArray[Any] | None:
    """(H, W) pixels of a frame with all their bits, None where only decoders can give them."""
    if pixels is None or pixels.length is None or allocated not in (8, 16):
        return None
    rows, columns = integer(dataset, "Rows") or 0, integer(dataset, "Columns") or 0
    length = rows * columns * allocated // 8
    first = length * index
    start = first // 2 * 2
    if pixels.length < first + length:
        return None
    try:
        pixels.file.seek(pixels.start + start)
        data = pixels.file.read((first + length + 1) // 2 * 2 - start)
    except (OSError, ValueError):
        return None
    stored = _little(dataset, data, pixels.vr)[first - start :][:length]
    return stored.view(f"<u{allocated // 8}").reshape(rows, columns)


def _little(dataset: Dataset, data: bytes, vr: str) -> NDArray[np.uint8]:
    """(N,) bytes of an element, from an even offset on, in the order of little endian: words (OW)
    of a big endian file have the bytes of each pair swapped (PS3.5 8.1.2, A.3)."""
    found = np.frombuffer(data, np.uint8)
    little = getattr(dataset, "original_encoding", (True, True))[1] is not False
    if little or vr != "OW":
        return found
    return np.pad(found, (0, found.size % 2)).reshape(-1, 2)[:, ::-1].ravel()


def _plane(dataset: Dataset, group: int, bitmap: NDArray[Any], origin: tuple[int, int]) -> Plane:
    """The plane of a (rows, columns) bitmap with what its group says of it."""
    rows, columns = bitmap.shape
    return Plane(
        packed=np.packbits(bitmap, bitorder="little"),
        size=(rows, columns),
        origin=origin,
        kind="R" if text(dataset, (group, _TYPE)) == "R" else "G",
        label=text(dataset, (group, _LABEL)),
        description=text(dataset, (group, _DESCRIPTION)),
    )


def _origin(dataset: Dataset, group: int) -> tuple[int, int]:
    """(x, y) from Overlay Origin, row and column of the plane's first pixel, counted from 1."""
    said = numbers(dataset, (group, _ORIGIN))
    row, column = said if len(said) == 2 else (1, 1)
    return int(column) - 1, int(row) - 1
