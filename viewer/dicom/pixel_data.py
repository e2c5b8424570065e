"""Where the pixels of an open file lie, and which frames of them are there."""

from __future__ import annotations

import struct
from dataclasses import dataclass, replace
from io import BytesIO
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

PIXEL_KEYWORDS = ("FloatPixelData", "DoubleFloatPixelData", "PixelData")
_ELEMENTS = (0x0008, 0x0009, 0x0010)  # of group 7FE0, in the order above
_WIDE_VRS = (b"OB", b"OW", b"OF", b"OD", b"OL", b"OV", b"UN", b"UT", b"SQ")
_UNDEFINED = 0xFFFFFFFF
_CODESTREAMS = (b"\xff\xd8\xff", b"\xff\x4f\xff\x51", b"\0\0\0\x0cjP  ")
_ITEM, _END = b"\xfe\xff\x00\xe0", b"\xfe\xff\xdd\xe0"


@dataclass(frozen=True, eq=False)
class PixelData:
    """The value of a pixel data element: ``length`` bytes from ``start`` of ``file``.

    ``length`` is what is really there, at most what the file says (``said``); both are None for
    encapsulated data, which say no length.
    """

    keyword: str
    vr: str
    file: IO[bytes]
    start: int
    length: int | None
    said: int | None

    def in_(self, file: IO[bytes]) -> PixelData:
        """The same in a file that was opened again; what lies in memory stays there."""
        return self if isinstance(self.file, BytesIO) else replace(self, file=file)


def find_pixel_data(file: IO[bytes], dataset: Dataset) -> PixelData | None:
    """The element at which reading stopped, if it is one of the three kinds of pixel data."""
    implicit, little = getattr(dataset, "original_encoding", (True, True))
    order = "<" if little is not False else ">"
    head = file.read(12)
    if len(head) < 8:
        return None
    group, element = struct.unpack_from(f"{order}HH", head)
    if group != 0x7FE0 or element not in _ELEMENTS:
        return None
    keyword = PIXEL_KEYWORDS[_ELEMENTS.index(element)]
    vr, size, place = "OW", 8, 4
    written = head[4:6].isalpha()  # a VR, else a part of the length
    if (implicit is False and written) or (
        implicit and head[4:6] in (b"OB", b"OW") and head[6:8] == b"\0\0"
    ):
        vr, size, place = head[4:6].decode("ascii", "replace"), 12, 8
        if head[4:6] not in _WIDE_VRS:
            size, place = 8, 6
    kind = "H" if size - place == 2 else "I"
    (said,) = struct.unpack_from(order + kind, head.ljust(12, b"\0"), place)
    start = file.tell() - len(head) + size
    if said == _UNDEFINED:
        return PixelData(keyword, vr, file, start, None, None)
    length = min(said, max(file.seek(0, 2) - start, 0))
    return PixelData(keyword, vr, file, start, length, said)


def whole_fragments(pixels: PixelData) -> list[bytes]:
    """The fragments of encapsulated data that are whole, without the offset table, up to where
    the file is cut off. Reads them into memory."""
    file = pixels.file
    file.seek(pixels.start)
    fragments: list[bytes] = []
    while (head := file.read(8))[:4] == _ITEM and len(head) == 8:
        (length,) = struct.unpack_from("<I", head, 4)
        data = file.read(length)
        if len(data) < length:
            break
        fragments.append(data)
    return fragments[1:]


def wrapped(pixels: PixelData, notes: list[str]) -> PixelData:
    """Compressed pixels that say their length, as encapsulated ones, which they should be: their
    items may be there all the same, or there is a bare codestream. Others stay as they are."""
    if not pixels.length:
        return pixels
    pixels.file.seek(pixels.start)
    head = pixels.file.read(12)
    if head[:4] == _ITEM:
        notes.append("The compressed pixels say a length, which they must not.")
        return replace(pixels, length=None, said=None)
    if not head.startswith(_CODESTREAMS):
        return pixels
    notes.append("The compressed pixels are not encapsulated, which they must be.")
    data = encapsulated([head + pixels.file.read(pixels.length - len(head))])
    return PixelData(pixels.keyword, pixels.vr, BytesIO(data), 0, None, None)


def encapsulated(fragments: list[bytes]) -> bytes:
    """Fragments as the value of a Pixel Data element, with an empty offset table (PS3.5 A.4)."""
    items = (_ITEM + struct.pack("<I", len(data)) + data for data in (b"", *fragments))
    return b"".join(items) + _END + b"\0\0\0\0"
