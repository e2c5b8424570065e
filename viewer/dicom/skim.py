"""A quick look at the header of an ordinary file, without a parser.

Indexing a disc is reading twenty-five elements of thousands of files; pydicom makes objects of all
of them. This walks over the element headers alone, and gives up (``Unusual``) on whatever it is not
made for: the file is parsed then. What it returns equals what the parser would (a test holds both
against each other on every real file).
"""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass, field
from typing import Any

from pydicom.datadict import dictionary_VR, tag_for_keyword

from viewer.dicom.attributes import KEYWORDS
from viewer.dicom.elements import Unparsed
from viewer.dicom.image_pixel import SHAPE_KEYWORDS

_HEADER = struct.Struct("<I2sH")  # tag, VR, short length
_LONG = struct.Struct("<I")
_IMPLICIT = struct.Struct("<II")
_WIDE = frozenset(b"OB OW OF OD OL OV UN UT UC UR SQ SV UV".split())
_UNDEFINED = 0xFFFFFFFF
_DEEPEST = 50  # sequences within each other; the parser, too, ends somewhere
_SINGLE = frozenset(b"LT ST UT UR".split())
_WHOLE = r" *[+-]?[0-9]+ *"
_DECIMAL = r" *[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)? *"
_NUMBERS = {
    vr: re.compile(rf"(?:{one})?(?:\\(?:{one})?)*")
    for vr, one in ((b"IS", _WHOLE), (b"DS", _DECIMAL))
}
_ASCII_TEXT = _SINGLE | frozenset(b"AE AS CS DA DS IS LO PN SH TM UI UC DT".split())
_EXPLICIT_UIDS = ("1.2.840.10008.1.2.1", "1.2.840.10008.1.2.4.", "1.2.840.10008.1.2.5")
_IMPLICIT_UID = "1.2.840.10008.1.2"


class Unusual(Unparsed):
    """Not for skimming. ``more_helps`` when only more bytes of the file were needed."""

    def __init__(self, more_helps: bool = False) -> None:
        super().__init__()
        self.more_helps = more_helps


def _raw(tag: int) -> int:
    """A tag as its four little-endian bytes read as one number."""
    return (tag & 0xFFFF) << 16 | tag >> 16


_PLACES = ("ImagePositionPatient", "FrameOfReferenceUID")
_OTHERS = ("PerFrameFunctionalGroupsSequence", "SpecificCharacterSet")
_TAGS = {k: tag_for_keyword(k) or 0 for k in (*KEYWORDS, *SHAPE_KEYWORDS, *_PLACES, *_OTHERS)}
_WANTED = {_raw(tag): keyword for keyword, tag in _TAGS.items()}
_VRS = {keyword: dictionary_VR(tag).encode() for keyword, tag in _TAGS.items()}
_PIXELS = frozenset(_raw(0x7FE00000 + element) for element in (0x0008, 0x0009, 0x0010))
_ITEM, _ITEM_END, _END = (_raw(tag) for tag in (0xFFFEE000, 0xFFFEE00D, 0xFFFEE0DD))
_IN_META = "MediaStorageSOPClassUID"
_META = {_raw(0x00020010): "TransferSyntaxUID", _raw(0x00020002): _IN_META}


@dataclass
class _Meta:
    """What the file meta information says."""

    values: dict[str, str] = field(default_factory=dict)

    def get(self, keyword: str) -> str | None:
        return self.values.get(keyword)


@dataclass
class Skimmed:
    """The elements that were looked for; ``get`` gives their values as pydicom would."""

    data: bytes
    size: int
    file_meta: _Meta
    places: dict[str, tuple[bytes, int, int]] = field(default_factory=dict)
    pixels: tuple[int, int] | None = None
    """Where the pixels begin, and the length that is said."""

    @property
    def has_pixels(self) -> bool:
        return self.pixels is not None and self.pixels[1] != 0

    @property
    def pixels_length(self) -> int | None:
        """Bytes of native pixels that are there; None for compressed ones."""
        if self.pixels is None or self.pixels[1] == _UNDEFINED:
            return None
        return min(self.pixels[1], max(self.size - self.pixels[0], 0))

    def _absent(self, keyword: str) -> str | None:
        return self.file_meta.get(_IN_META) if keyword == "SOPClassUID" else None

    def ended(self, at: int) -> None:
        """The elements came to an end: fine if the file did, too."""
        if at != self.size or at != len(self.data):
            raise Unusual(more_helps=True)

    def get(self, keyword: str) -> Any:
        """The value of an element; raises :class:`Unusual` for one that needs a parser."""
        place = self.places.get(keyword)
        if place is None or place[1] == place[2]:
            return self._absent(keyword)
        vr, start, end = place
        written = self.data[start:end]
        if vr in _ASCII_TEXT:
            if not written.isascii() or b"\x1b" in written:
                raise Unusual
            text = str(written, "ascii").rstrip(" \0")
            if vr in _NUMBERS and not _NUMBERS[vr].fullmatch(text):
                raise Unusual
            if "\\" in text and vr not in _SINGLE:
                return text.split("\\")
            return text or self._absent(keyword)
        if vr != b"US" or end - start != 2:
            raise Unusual
        return int.from_bytes(written, "little")


def skim(data: bytes, size: int) -> Skimmed:
    """The header in the first bytes of a file of ``size`` bytes. Raises :class:`Unusual`."""
    if data[128:132] != b"DICM":
        raise Unusual
    try:
        meta, start = _read_meta(data)
        syntax = meta.values.get("TransferSyntaxUID", "")
        explicit = syntax.startswith(_EXPLICIT_UIDS) and syntax != "1.2.840.10008.1.2.1.99"
        if not explicit and syntax != _IMPLICIT_UID:
            raise Unusual
        found = Skimmed(data, size, meta)
        (_walk_explicit if explicit else _walk_implicit)(found, start)
    except (struct.error, IndexError):
        raise Unusual(more_helps=True) from None
    return found


def _read_meta(data: bytes) -> tuple[_Meta, int]:
    """The two elements of group 2 that matter, and where the data set begins."""
    meta, at = _Meta(), 132
    while data[at : at + 2] == b"\2\0":
        tag, vr, length = _HEADER.unpack_from(data, at)
        at += 8
        if vr in _WIDE:
            (length,) = _LONG.unpack_from(data, at)
            at += 4
        elif not vr.isalpha():
            raise Unusual
        if tag in _META:
            written = data[at : at + length]
            if not written.isascii():
                raise Unusual
            meta.values[_META[tag]] = written.decode("ascii").strip(" \0")
        at += length
    return meta, at


def _walk_explicit(found: Skimmed, at: int) -> None:
    """Note where the elements are, up to the pixels."""
    data, places, end = found.data, found.places, len(found.data)
    unpack, wide, wanted = _HEADER.unpack_from, _WIDE, _WANTED
    last = 0
    while at + 8 <= end:
        tag, vr, length = unpack(data, at)
        at += 8
        if vr in wide:
            (length,) = _LONG.unpack_from(data, at)
            at += 4
        elif not vr.isalpha() or not vr.isupper():
            raise Unusual
        if tag in _PIXELS:
            found.pixels = at, length
            return
        group = tag & 0xFFFF
        if group < last:
            raise Unusual
        last = group
        if length == _UNDEFINED:
            if vr != b"SQ":
                raise Unusual
            start, at = at, _after_sequence(data, at)
            if tag in wanted:
                places[wanted[tag]] = vr, start, at
            continue
        if tag in wanted:
            if at + length > end:
                raise Unusual(more_helps=True)
            places[wanted[tag]] = vr, at, at + length
        at += length
    found.ended(at)


def _walk_implicit(found: Skimmed, at: int) -> None:
    """The same where the elements do not tell their VR."""
    data, places, end = found.data, found.places, len(found.data)
    last = 0
    while at + 8 <= end:
        tag, length = _IMPLICIT.unpack_from(data, at)
        at += 8
        if tag in _PIXELS:
            found.pixels = at, length
            return
        group = tag & 0xFFFF
        if length == _UNDEFINED or group < last or data[at - 4 : at - 2].isalpha():
            raise Unusual  # the last: a VR, so that the file is not what it says
        last = group
        if keyword := _WANTED.get(tag):
            if at + length > end:
                raise Unusual(more_helps=True)
            places[keyword] = _VRS[keyword], at, at + length
        at += length
    found.ended(at)


def _after_sequence(data: bytes, at: int) -> int:
    """Where the data go on after a sequence of undefined length, however deep it is nested."""
    depth = 1
    while depth:
        if depth > _DEEPEST:
            raise Unusual
        tag, vr, length = _HEADER.unpack_from(data, at)
        at += 8
        if tag in (_ITEM, _ITEM_END, _END):
            (length,) = _LONG.unpack_from(data, at - 4)
            depth -= tag == _END
            at += length if tag == _ITEM and length != _UNDEFINED else 0
            continue
        if vr in _WIDE:
            (length,) = _LONG.unpack_from(data, at)
            at += 4
            if length == _UNDEFINED:
                if vr != b"SQ":
                    raise Unusual
                depth += 1
                continue
        elif not vr.isalpha():
            raise Unusual
        at += length
    return at
