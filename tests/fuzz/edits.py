"""Damage that knows where the elements of a file are: lengths, tags, VRs, fragments."""

from __future__ import annotations

import struct
from collections.abc import Callable
from random import Random

from tests.fuzz.interesting import LENGTHS, SYNTAXES, VALUES, WHOLE, number
from tests.fuzz.layout import (
    END,
    ITEM,
    PIXEL_DATA,
    TRANSFER_SYNTAX,
    UNDEFINED,
    WIDE,
    Element,
    Layout,
)
from tests.fuzz.seeds import Draft

Edit = Callable[[Random, Draft], bytes | None]
"""Gives the changed bytes, None where there is nothing of the kind to change."""

_VRS = (*WIDE, *b"AE AS AT CS DA DS DT FL FD IS LO LT PN SH SL SS ST TM UI UL US".split())
_TAGS = (PIXEL_DATA, ITEM, END, 0x00280010, 0x00020010, 0x60003000, 0, 0xFFFFFFFF, 0x7FE00008)
_LAYOUT_GROUPS = (0x0002, 0x0028, 0x6000, 0x6002, 0x7FE0, 0x5200, 0xFFFE)


def spliced(data: bytes, at: int, end: int, put: bytes) -> bytes:
    """The bytes with others in the place of some."""
    return data[:at] + put + data[end:]


def _some(random: Random, file: Layout) -> Element | None:
    """An element, of those that matter for the image more often than of others."""
    if not file.elements:
        return None
    matter = [e for e in file.elements if e.tag >> 16 in _LAYOUT_GROUPS]
    return random.choice(matter if matter and random.random() < 0.6 else file.elements)


def _length(file: Layout, element: Element, length: int) -> bytes:
    size = element.length_size
    little = file.order == "<" or element.tag >> 16 == 2
    return (length % 256**size).to_bytes(size, "little" if little else "big")


def length_field(random: Random, draft: Draft) -> bytes | None:
    """A length: none, odd, huge, undefined, negative, or a little off."""
    file = draft.layout
    element = _some(random, file)
    if element is None:
        return None
    true = element.end - element.start
    near = (true - 1, true + 1, true - 2, true + 2, true * 2, len(draft.data) - element.start + 1)
    length = random.choice((*LENGTHS, *near, UNDEFINED, UNDEFINED, random.randrange(2**32)))
    end = element.length_at + element.length_size
    return spliced(draft.data, element.length_at, end, _length(file, element, length))


def tag(random: Random, draft: Draft) -> bytes | None:
    """A tag: another one, a bit of it, or that of another element."""
    file = draft.layout
    element = _some(random, file)
    if element is None:
        return None
    known = (
        *VALUES,
        *_TAGS,
        random.choice(file.elements).tag,
        element.tag ^ 1 << random.choice(range(32)),
    )
    new = random.choice(known)
    written = struct.pack(f"{file.order}HH", new >> 16, new & 0xFFFF)
    return spliced(draft.data, element.at, element.at + 4, written)


def swapped(random: Random, draft: Draft) -> bytes | None:
    """Two elements in each other's place, whole or only their tags."""
    elements = draft.layout.elements
    if len(elements) < 2:
        return None
    first, second = sorted(random.sample(elements, 2), key=lambda e: e.at)
    if first.end > second.at:
        return None
    data = draft.data
    ends = (first.at + 4, second.at + 4) if random.random() < 0.5 else (first.end, second.end)
    one, other = data[first.at : ends[0]], data[second.at : ends[1]]
    return data[: first.at] + other + data[ends[0] : second.at] + one + data[ends[1] :]


def vr(random: Random, draft: Draft) -> bytes | None:
    """A VR: another one, with a length of the other size behind it, or nonsense."""
    file = draft.layout
    written = [element for element in file.elements if element.vr]
    if not written:
        return None
    element = random.choice(written)
    new = random.choice((*_VRS, b"\0\0", b"??", b"us", b"Z9", random.randbytes(2)))
    return spliced(draft.data, element.at + 4, element.at + 6, new)


def transfer_syntax(random: Random, draft: Draft) -> bytes | None:
    """Another transfer syntax, with or without a true group length."""
    file = draft.layout
    element = file.find(TRANSFER_SYNTAX)
    if element is None:
        return None
    written = Layout().encoded(TRANSFER_SYNTAX, "UI", random.choice(SYNTAXES).encode())
    changed = spliced(draft.data, element.at, element.end, written)
    group = file.find(0x00020000)
    if group is not None and group.end - group.start == 4 and random.random() < 0.7:
        length = file.body - group.end + len(written) - (element.end - element.at)
        changed = spliced(changed, group.start, group.end, struct.pack("<I", length % 2**32))
    return changed


def removed(random: Random, draft: Draft) -> bytes | None:
    """An element taken out, or there twice."""
    element = _some(random, draft.layout)
    if element is None or element.end - element.at > 65536:
        return None
    whole = draft.data[element.at : element.end]
    return spliced(draft.data, element.at, element.end, whole * random.choice((0, 0, 2)))


def nested(random: Random, draft: Draft) -> bytes | None:
    """Sequences within sequences within sequences."""
    file = draft.layout
    top = [element for element in file.elements if element.depth == 0 and element.tag >> 16 > 2]
    if not top:
        return None
    item = struct.pack(f"{file.order}HHI", 0xFFFE, 0xE000, UNDEFINED)
    head = struct.pack(f"{file.order}HH", 0x0008, 0x1140) + (b"SQ\0\0" if file.explicit else b"")
    deep = (head + b"\xff" * 4 + item) * random.choice((20, 200, 900, 3000, 50000))
    return spliced(draft.data, top[0].at, top[0].at, deep)


def fragments(random: Random, draft: Draft) -> bytes | None:
    """Encapsulated pixels: lengths, the offset table, what is there twice, not, or in two."""
    found, data = draft.layout.fragments, draft.data
    if not found:
        return None
    element = random.choice(found)
    length = element.end - element.start
    kind = random.choice(("length", "length", "table", "table", "gone", "twice", "empty", "parted"))
    if kind == "table":
        element, count = found[0], random.choice((0, 1, len(found), len(found) + 5))
        offsets = (random.choice((0, 8, length, number(random), 2**32 - 1)) for _ in range(count))
        table = struct.pack(f"<{count}I", *offsets)
        return spliced(data, element.length_at, element.end, struct.pack("<I", 4 * count) + table)
    if kind == "length":
        new = random.choice((*LENGTHS, length - 1, length + 1, length + 2, UNDEFINED))
        return spliced(data, element.length_at, element.start, struct.pack("<I", new % 2**32))
    whole = data[element.at : element.end]
    cut = length // 2
    halves = (data[element.start : element.start + cut], data[element.start + cut : element.end])
    parted = b"".join(struct.pack("<HHI", 0xFFFE, 0xE000, len(part)) + part for part in halves)
    empty = struct.pack("<HHI", 0xFFFE, 0xE000, 0)
    put = {"gone": b"", "twice": whole * 2, "empty": empty + whole, "parted": parted}[kind]
    return spliced(data, element.at, element.end, put)


def codestream(random: Random, draft: Draft) -> bytes | None:
    """The head of a compressed frame: what its own segments say of sizes, bits and tables."""
    found = [fragment for fragment in draft.layout.fragments[1:] if fragment.end > fragment.start]
    if not found:
        return None
    start, end = (element := random.choice(found)).start, element.end
    data = bytearray(draft.data)
    marks = [i for i in range(start, min(end, start + 2048)) if data[i] == 0xFF]
    base = random.choice(marks) + 2 if marks and random.random() < 0.7 else start
    for _ in range(random.choice((1, 1, 2, 4))):
        at, size = base + random.randrange(24), random.choice((1, 1, 2, 2, 4))
        value = random.choice((*WHOLE, 2**31, 2**32 - 1, 2**24)) % 256**size
        if at + size <= end:
            data[at : at + size] = value.to_bytes(size, random.choice(("big", "big", "little")))
    return bytes(data)


STRUCTURE: tuple[Edit, ...] = (
    *(length_field, length_field, tag, swapped, vr, transfer_syntax, removed),
    *(fragments, fragments, codestream, codestream),
)
RARE: tuple[Edit, ...] = (nested,)
