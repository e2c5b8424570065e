"""Damage to what the elements say: sizes, bits, colours, windows, tables, overlay planes."""

from __future__ import annotations

import struct
from random import Random

from tests.fuzz.edits import Edit, spliced
from tests.fuzz.interesting import VALUES
from tests.fuzz.layout import WIDE, Layout
from tests.fuzz.seeds import Draft

_TABLES = (0x00283000, 0x00283010)  # Modality and VOI LUT Sequence


def image_value(random: Random, draft: Draft) -> bytes | None:
    """A value that the image is laid out or shown by, in place."""
    file = draft.layout
    known = [element for element in file.elements if _known(element.tag)]
    if not known:
        return None
    element = random.choice(known)
    vr, make = VALUES[_known(element.tag)]
    value = _in_order(make(random), vr, file.order)
    if element.vr and element.vr not in WIDE and random.random() < 0.7:
        return spliced(draft.data, element.at, element.end, file.encoded(element.tag, vr, value))
    length = element.end - element.start
    return spliced(draft.data, element.start, element.end, value.ljust(length)[:length])


def new_element(random: Random, draft: Draft) -> bytes | None:
    """One that the file did not have, in the place where it belongs."""
    file = draft.layout
    tag = random.choice(tuple(VALUES))
    vr, make = VALUES[tag]
    if tag >> 16 == 0x6000:
        tag += random.choice((0, 0, 0x20000, 0x1E0000))
    value = _in_order(make(random), vr, file.order)
    return _put(draft.data, file, tag, file.encoded(tag, vr, value))


def table(random: Random, draft: Draft) -> bytes | None:
    """A lookup table that maps stored values, or these to grey."""
    file = draft.layout
    vr = random.choice(("US", "SS"))
    descriptor = VALUES[0x00283002][1](random)
    if random.random() < 0.5:  # one that can be meant
        first = random.choice((0, 1, 100, 65000, 65535, 32768))
        descriptor = struct.pack("<3H", random.choice((2, 256, 4096)), first, 12)
    entries = random.randbytes(random.choice((0, 2, 4, 512, 8192)))
    item = file.encoded(0x00283002, vr, _in_order(descriptor, vr, file.order))
    item += file.encoded(0x00283006, random.choice(("US", "OW")), entries)
    head = struct.pack(f"{file.order}HHI", 0xFFFE, 0xE000, len(item))
    tag = random.choice(_TABLES)
    return _put(draft.data, file, tag, file.encoded(tag, "SQ", head + item))


def _put(data: bytes, file: Layout, tag: int, written: bytes) -> bytes | None:
    """An element in the place of the one with its tag, or where it belongs."""
    top = [element for element in file.elements if element.depth == 0]
    if not top:
        return None
    old = next((element for element in top if element.tag == tag), None)
    after = next((element.at for element in top if element.tag > tag), top[-1].end)
    at, end = (old.at, old.end) if old else (after, after)
    return spliced(data, at, end, written)


def _known(tag: int) -> int:
    """The tag in the table that has the values of this one; 0 if none."""
    tag = tag & 0xFF00FFFF if tag >> 24 == 0x60 else tag
    return tag if tag in VALUES else 0


def _in_order(value: bytes, vr: str, order: str) -> bytes:
    if order == "<" or vr not in ("US", "SS", "OW"):
        return value
    return b"".join(value[i : i + 2][::-1] for i in range(0, len(value), 2))


CONTENT: tuple[Edit, ...] = (image_value, image_value, image_value, new_element, new_element, table)
