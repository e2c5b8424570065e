"""Colour as a file has it → 8-bit RGB: palettes, video's YBR, and what is not read (C.7.6.3.1).

pydicom reads neither palettes of 8-bit entries for deeper pixels, nor those of an odd length or in
big-endian files, and takes the byte offsets in segmented ones for counts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from viewer.dicom.elements import numbers, value
from viewer.dicom.window import LookupTable, table_entries

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

UNREAD = ("HSV", "ARGB", "CMYK")
"""Retired photometric interpretations."""

UNREAD_NATIVE = (*UNREAD, "YBR_PARTIAL_420")
"""Those that are not read without compression: the last has no layout there."""

CODEC_ONLY = ("YBR_RCT", "YBR_ICT")
"""Those that only JPEG 2000 can have; pixels without compression that say so are RGB."""

_FROM_PARTIAL = np.array(  # the inverse of the matrix of C.7.6.3.1.2
    [[1.1644, 1.1644, 1.1644], [0.0, -0.3918, 2.0172], [1.5960, -0.8130, 0.0]], np.float32
)


def ybr_partial_to_rgb(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """(H, W, 3) Y 16 to 235, CB and CR 16 to 240 → RGB uint8, same shape (C.7.6.3.1.2)."""
    rgb = (pixels.astype(np.float32) - np.array([16, 128, 128], np.float32)) @ _FROM_PARTIAL
    return np.asarray(np.clip(np.floor(rgb + 0.5), 0, 255), np.uint8)


def palette_to_rgb(stored: NDArray[Any], dataset: Dataset) -> NDArray[np.uint8]:
    """(H, W) integers through the palette of the data set → (H, W, 3) RGB uint8.

    Values outside the palette take its ends (C.7.6.3.1.5). Raises ``ValueError`` where there is no
    palette, or one that cannot be read.
    """
    little = getattr(dataset, "original_encoding", (True, True))[1] is not False
    signed = stored.dtype.kind == "i"
    tables = [_palette(dataset, c, signed, little) for c in ("Red", "Green", "Blue")]
    largest = max(int(table.entries.max()) for table in tables)
    said = max(table.bits for table in tables)
    bits = 8 if largest < 256 else said if largest < 2**said else 16  # some are not as deep as said
    rgb = [(table.lookup(stored) >> max(bits - 8, 0)).astype(np.uint8) for table in tables]
    return np.stack(rgb, axis=-1)


def _palette(dataset: Dataset, colour: str, signed: bool, little: bool) -> LookupTable:
    """One colour's table: entries or 0 for 65,536, first stored value, bits (C.7.6.3.1.5)."""
    descriptor = numbers(dataset, f"{colour}PaletteColorLookupTableDescriptor")
    if len(descriptor) != 3:
        raise ValueError(f"no {colour} descriptor")
    count, first, bits = (int(n) for n in descriptor)
    count = count if count > 0 else 65536
    first = first - 65536 if signed and first > 32767 else first
    data = value(dataset, f"{colour}PaletteColorLookupTableData")
    if isinstance(data, bytes):
        entries = table_entries(data, count, bits, little)
    else:
        data = value(dataset, f"Segmented{colour}PaletteColorLookupTableData")
        if not isinstance(data, bytes):
            raise ValueError(f"no {colour} data")
        words = table_entries(data, (len(data) + 1) // 2, 16, little)
        cells = words.astype("<u2").view(np.uint8) if bits <= 8 else words
        entries = np.array(_expanded(cells.tolist(), count, wide=bits > 8), np.uint16)
    if not entries.size:
        raise ValueError(f"no {colour} entries")
    return LookupTable(first, entries, bits if 8 <= bits <= 16 else 16)


def _expanded(data: list[int], count: int, wide: bool) -> list[int]:
    """At most ``count`` entries of segmented data (C.7.9.2); ``wide`` are its 16-bit ones."""
    found: list[int] = []
    at = 0
    while at + 2 < len(data) and len(found) < count:
        if data[at] != 2:
            at = _segment(data, at, found)
            continue
        copies, parts = data[at + 1], data[at + 2 : at + (4 if wide else 6)]
        offset = sum(part << (16 if wide else 8) * i for i, part in enumerate(parts))  # in bytes
        at += 2 + len(parts)
        source = offset // 2 if wide else offset
        while copies and len(found) < count:
            source, copies = _segment(data, source, found), copies - 1
    return found[:count]


def _segment(data: list[int], at: int, found: list[int]) -> int:
    """Append the entries of the discrete or linear segment at ``at``; where it ends."""
    kind, length, *rest = data[at : at + 3]
    if not length or not rest:
        raise ValueError("a segment has no entries")
    if kind == 0:
        found += data[at + 2 : at + 2 + length]
        return at + 2 + length
    if kind != 1 or not found:
        raise ValueError(f"a segment of kind {kind} cannot be here")
    steps = np.arange(1, length + 1) * ((rest[0] - found[-1]) / length)
    found += np.floor(found[-1] + steps + 0.5).astype(int).tolist()
    return at + 3
