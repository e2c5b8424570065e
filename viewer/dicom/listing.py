"""All elements of a file as text, to read: tag, name, VR, length, value, sequences nested."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from viewer.dicom.attributes import uid_name
from viewer.dicom.elements import text
from viewer.dicom.identity import is_about_people, tells_who

if TYPE_CHECKING:
    from pydicom.dataelem import DataElement, RawDataElement
    from pydicom.dataset import Dataset

    from viewer.dicom.parse import Parsed

MOST_ROWS = 50_000
"""Elements and items that are listed of one file."""
DEEPEST = 16
"""Sequences within sequences that are listed."""
LONGEST = 4096
"""Letters of one value that are listed."""
UNDEFINED = -1
"""The length of what ends with a delimiter."""
_UNKNOWN = -2  # pydicom has not kept it
_UNDEFINED_IN_FILE = 0xFFFFFFFF
_MOST_LETTERS = 8_000_000  # of all values
_SHORT = 64  # letters of a value once there are so many
_MANY, _BYTES = 512, 64  # numbers, and bytes of binary values, that are listed
_SIZES = {"US": 2, "SS": 2, "UL": 4, "SL": 4, "FL": 4, "FD": 8, "AT": 4}  # bytes of a number


class Element(NamedTuple):
    """A row of the list. ``depth`` counts from 0; an element in an item of a sequence is two deeper
    than the sequence. ``tag`` is "(0010,0010)", or "Item 1". ``length`` is that of the value in
    bytes as the file has it. ``value`` is what is listed of it, ``rest`` says what is not. What is
    ``personal`` may tell who the patient is."""

    depth: int
    tag: str
    name: str
    keyword: str = ""
    vr: str = ""
    length: int = _UNKNOWN
    value: str = ""
    rest: str = ""
    personal: bool = False


@dataclass(frozen=True)
class Listing:
    """Rows in the order of the file, each sequence followed by what is in it; ``notes`` are
    sentences about what is not listed, or strange."""

    elements: tuple[Element, ...]
    notes: tuple[str, ...] = ()


def list_elements(path: Path) -> Listing:
    """Every element of a file but the pixels. Raises ``DicomError`` with a sentence."""
    from viewer.dicom.parse import parse, quiet
    from viewer.dicom.reader import opened

    with opened(path) as source, quiet():
        parsed = parse(source.whole(), path.name)
        walk = _Walk()
        meta = getattr(parsed.dataset, "file_meta", None)
        if meta is not None:
            walk.data_set(meta, 0, False)
        walk.data_set(parsed.dataset, 0, False)
        notes = [*parsed.notes, *walk.notes]
        if parsed.pixels is not None:
            walk.rows.append(_pixels(parsed))
            behind = _behind(parsed, source.size)
            if behind:
                notes.append(f"{behind:,} bytes behind the pixels are not listed.")
        return Listing(tuple(walk.rows), tuple(dict.fromkeys(notes)))


def _pixels(parsed: Parsed) -> Element:
    pixels = parsed.pixels
    assert pixels is not None
    names = {
        "PixelData": ("(7FE0,0010)", "Pixel Data"),
        "FloatPixelData": ("(7FE0,0008)", "Float Pixel Data"),
        "DoubleFloatPixelData": ("(7FE0,0009)", "Double Float Pixel Data"),
    }
    tag, name = names[pixels.keyword]
    length = UNDEFINED if pixels.said is None else pixels.said
    rest = "compressed, not listed" if pixels.said is None else f"{length:,} bytes, not listed"
    return Element(0, tag, name, pixels.keyword, pixels.vr, length, "", rest)


def _behind(parsed: Parsed, size: int) -> int:
    """Bytes of the file after uncompressed pixels."""
    pixels = parsed.pixels
    if pixels is None or pixels.length is None:
        return 0
    end = pixels.file.seek(0, 2)
    return max(0, end - pixels.start - pixels.length)


class _Walk:
    """Goes through data sets, and stops where there is more than anybody reads."""

    def __init__(self) -> None:
        self.rows: list[Element] = []
        self.notes: list[str] = []
        self._letters = 0

    def data_set(self, dataset: Dataset, depth: int, personal: bool) -> None:
        """Rows of a data set, or of an item; ``personal``: whatever is in it may tell who it is."""
        if depth > 2 * DEEPEST:
            self.notes.append(f"What lies deeper than {DEEPEST} sequences is not listed.")
            return
        for tag in sorted(dataset.keys()):
            if len(self.rows) >= MOST_ROWS:
                self.notes.append(f"Only the first {MOST_ROWS:,} elements are listed.")
                return
            self._element(dataset, tag, depth, personal)

    def _element(self, dataset: Dataset, tag: Any, depth: int, personal: bool) -> None:
        raw = dataset.get_item(tag)
        try:
            found = dataset[tag]
            items = list(found.value or ()) if found.VR == "SQ" else None
            row = _row(raw, found, depth, personal, self._most())
        except Exception:  # pydicom raises whatever the broken value caused
            self.rows.append(_broken(raw, tag, depth))
            return
        self.rows.append(row)
        self._letters += len(row.value)
        if items is not None:
            inside = personal or is_about_people(tag.group, row.keyword)
            self._items(items, depth + 1, inside)

    def _items(self, items: list[Dataset], depth: int, personal: bool) -> None:
        for number, item in enumerate(items, 1):
            if len(self.rows) >= MOST_ROWS:
                return
            at = len(self.rows)
            self.rows.append(Element(depth, f"Item {number}", ""))
            self.data_set(item, depth + 1, personal)  # first, as pydicom forgets what it converts
            meaning = "" if personal else text(item, "CodeMeaning")[:_SHORT]
            self.rows[at] = Element(depth, f"Item {number}", meaning)

    def _most(self) -> int:
        return LONGEST if self._letters < _MOST_LETTERS else _SHORT


def _row(
    raw: DataElement | RawDataElement | None,
    found: DataElement,
    depth: int,
    personal: bool,
    most: int,
) -> Element:
    value, rest = _value(found, most)
    tag = found.tag
    keyword = found.keyword or ""
    hidden = bool(value) and (
        personal or tells_who(tag.group, tag.element, found.VR, keyword, value)
    )
    return Element(
        depth, _tag(tag), found.name, keyword, found.VR, _length(raw, found), value, rest, hidden
    )


def _broken(raw: DataElement | RawDataElement | None, tag: Any, depth: int) -> Element:
    """An element whose value breaks the rules of its VR: its bytes."""
    from pydicom.datadict import dictionary_description, dictionary_has_tag

    name = dictionary_description(tag) if dictionary_has_tag(tag) else "unknown"
    vr = str(getattr(raw, "VR", "") or "")
    data = getattr(raw, "value", b"")
    value = _bytes(data)[0] if isinstance(data, bytes) else ""
    rest = f"is no valid {vr}".rstrip() if vr else "cannot be read"
    return Element(depth, _tag(tag), name, "", vr, _length(raw), value, rest, True)


def _tag(tag: Any) -> str:
    return f"({tag.group:04X},{tag.element:04X})"


def _length(raw: DataElement | RawDataElement | None, found: DataElement | None = None) -> int:
    """As the file has it; pydicom forgets that of values that it has converted, which is worked out
    again where that is sure."""
    length = getattr(raw, "length", None)
    if length is not None:
        return UNDEFINED if length == _UNDEFINED_IN_FILE else int(length)
    if getattr(raw, "is_undefined_length", False):
        return UNDEFINED
    if found is None or found.value is None:
        return _UNKNOWN
    if found.VR in _SIZES:
        return _SIZES[found.VR] * found.VM
    if found.VR in ("UI", "CS") and isinstance(found.value, str):
        return len(found.value) + len(found.value) % 2
    return _UNKNOWN


def _value(found: DataElement, most: int) -> tuple[str, str]:
    """A value as text, several ones parted by a backslash as in the file; and what is left out."""
    value = found.value
    if found.VR == "SQ":
        count = len(value or ())
        return "", f"{count:,} item{'s' if count != 1 else ''}"
    if value is None or value == "":
        return "", ""
    if isinstance(value, bytes):
        return _bytes(value)
    several = not isinstance(value, str) and hasattr(value, "__len__") and found.VR != "PN"
    if found.VR == "PN" and type(value).__name__ == "MultiValue":
        several = True
    parts = [_word(part, found.VR) for part in islice(value, _MANY)] if several else []
    joined = "\\".join(parts) if several else _word(value, found.VR)
    if len(joined) > most:
        return joined[:most], f"{len(joined) - most:,} more letters"
    left = len(value) - len(parts) if several else 0
    return joined, f"{left:,} more values" if left else ""


def _word(part: Any, vr: str) -> str:
    if vr == "UI":
        name = uid_name(str(part))
        return str(part) if name == str(part) else f"{part} = {name}"
    if vr == "AT" and hasattr(part, "group"):
        return _tag(part)
    word = str(part).rstrip("\0 ")
    return word if word.isprintable() else _printable(word)


def _printable(word: str) -> str:
    """Lines stay lines; other control characters are told, not obeyed."""
    return "".join(
        letter if letter.isprintable() or letter in "\n\t" else "\N{REPLACEMENT CHARACTER}"
        for letter in word.replace("\r\n", "\n").replace("\r", "\n")
    )


def _bytes(data: bytes) -> tuple[str, str]:
    """Text where it is plain, else bytes in hexadecimal."""
    plain = data.rstrip(b"\0 ")
    if plain and len(plain) <= LONGEST and all(32 <= byte < 127 for byte in plain):
        return plain.decode("ascii"), ""
    left = len(data) - _BYTES
    return data[:_BYTES].hex(" "), f"{left:,} more bytes" if left > 0 else ""
