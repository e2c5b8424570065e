"""Where the elements of a DICOM file lie in its bytes: quick, and content with what it finds."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

WIDE = frozenset(b"OB OW OF OD OL OV UN UT UC UR SQ SV UV".split())
UNDEFINED = 0xFFFFFFFF
ITEM, ITEM_END, END = 0xFFFEE000, 0xFFFEE00D, 0xFFFEE0DD
PIXEL_DATA = 0x7FE00010
TRANSFER_SYNTAX = 0x00020010
DEFLATED = b"1.2.840.10008.1.2.1.99"
_IMPLICIT, _BIG = b"1.2.840.10008.1.2", b"1.2.840.10008.1.2.2"
_DEEPEST = 20


@dataclass(frozen=True)
class Element:
    """One element, item or fragment: offsets in the file. ``vr`` is empty where none is written;
    ``end`` is that of the value, as far as it is there."""

    tag: int
    vr: bytes
    at: int
    length_at: int
    length_size: int
    start: int
    end: int
    depth: int


@dataclass
class Layout:
    """``body`` is where the data set begins, ``order`` that of struct, ``fragments`` the items of
    encapsulated pixels, the offset table first."""

    body: int = 0
    explicit: bool = True
    order: str = "<"
    elements: list[Element] = field(default_factory=list)
    fragments: list[Element] = field(default_factory=list)

    def find(self, tag: int) -> Element | None:
        """The first element of a tag, at the top level if there is one there."""
        found = [element for element in self.elements if element.tag == tag]
        return min(found, key=lambda element: element.depth, default=None)

    def encoded(self, tag: int, vr: str, value: bytes) -> bytes:
        """An element as this file would have it; its value is padded to even length."""
        value += (b" " if vr in ("DS", "IS", "CS", "LO", "PN", "SH", "LT") else b"\0") * (
            len(value) % 2
        )
        head = struct.pack(f"{self.order}HH", tag >> 16, tag & 0xFFFF)
        if not self.explicit:
            return head + struct.pack("<I", len(value)) + value
        kind = vr.encode()
        if kind in WIDE:
            return head + kind + b"\0\0" + struct.pack(f"{self.order}I", len(value)) + value
        return head + kind + struct.pack(f"{self.order}H", len(value) & 0xFFFF) + value


def body_of(data: bytes) -> tuple[int, bytes]:
    """Where the data set begins, and the transfer syntax that the meta information says."""
    if data[128:132] != b"DICM":
        return 0, b""
    syntax, end = b"", 132
    for element in _elements(data, 132, len(data), Layout(), 0):
        if element.tag >> 16 != 2:
            break
        end = element.end
        if element.tag == TRANSFER_SYNTAX:
            syntax = data[element.start : element.end].strip(b" \0")
    return end, syntax


def layout_of(data: bytes) -> Layout:
    """The layout of a file, empty for what is none; a deflated data set is given inflated."""
    body, syntax = body_of(data)
    first = data[body : body + 6]
    found = Layout(body)
    found.order = ">" if syntax == _BIG or (not syntax and first[:1] == b"\0") else "<"
    found.explicit = syntax != _IMPLICIT and first[4:6].isalpha() and first[4:6].isupper()
    if body:
        found.elements += _elements(data, 132, body, Layout(), 0)
    found.elements += _elements(data, body, len(data), found, 0)
    return found


def _elements(data: bytes, at: int, end: int, file: Layout, depth: int) -> Iterator[Element]:
    """The elements from ``at`` on, each before those within it, until they make no sense."""
    while at + 8 <= end and depth < _DEEPEST:
        group, number = struct.unpack_from(f"{file.order}HH", data, at)
        tag, vr, length_at, size = group << 16 | number, b"", at + 4, 4
        if file.explicit and group != 0xFFFE:
            vr = data[at + 4 : at + 6]
            if not vr.isalpha():
                return
            length_at, size = (at + 8, 4) if vr in WIDE else (at + 6, 2)
        start = length_at + size
        if start > end:
            return
        length = int.from_bytes(data[length_at:start], "little" if file.order == "<" else "big")
        if tag in (ITEM_END, END):
            yield Element(tag, vr, at, length_at, size, start, start, depth)
            return
        holds = tag == ITEM or vr == b"SQ" or data[start : start + 4] == b"\xfe\xff\x00\xe0"
        stop = end if length == UNDEFINED else min(start + length, end)
        if tag == PIXEL_DATA and length == UNDEFINED:
            file.fragments += _elements(data, start, end, Layout(explicit=False), _DEEPEST - 1)
            stop = file.fragments[-1].end if file.fragments else start
            yield Element(tag, vr, at, length_at, size, start, stop, depth)
        elif holds and tag != PIXEL_DATA and depth < _DEEPEST - 2:
            inner = list(_elements(data, start, stop, file, depth + 1))
            if length == UNDEFINED:
                stop = max((element.end for element in inner), default=start)
            yield Element(tag, vr, at, length_at, size, start, stop, depth)
            yield from inner
        else:
            yield Element(tag, vr, at, length_at, size, start, stop, depth)
        at = stop
