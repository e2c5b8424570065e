"""What follows a decoder, once more from the formulas of the standard: unused bits, signs,
palettes, YBR to RGB, deep colour to 8 bits."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset

BIG_ENDIAN = "1.2.840.10008.1.2.2"
EXTENDED = "1.2.840.10008.1.2.4.51"
NATIVE = {"1.2.840.10008.1.2" + end for end in ("", ".1", ".2", ".1.99")}
_ITEM = b"\xfe\xff\x00\xe0"


def syntax_of(dataset: Dataset) -> str:
    """The transfer syntax that the pixels are in, also where the file does not say so or lies."""
    said = str(getattr(dataset, "file_meta", Dataset()).get("TransferSyntaxUID", ""))
    packed = bytes(dataset.get("PixelData", _ITEM)[:4]) == _ITEM
    return said if said and (packed or said in NATIVE) else "1.2.840.10008.1.2.1"


def finished(coded: NDArray[Any], photometric: str, dataset: Dataset) -> NDArray[Any]:
    """Stored values as the viewer gives them: grey, or 8-bit RGB."""
    if coded.dtype.kind == "f":
        return coded
    values = _stored(coded, dataset)
    if photometric == "PALETTE COLOR":
        return _through_palette(values, dataset)
    if values.ndim == 2:
        return values
    bits = bits_stored(dataset)
    if photometric.startswith("YBR_FULL"):
        values = _rgb_of(values.astype(float), 2**bits)
    return np.floor(values * (256 / 2**bits)).astype(np.uint8)


def bits_stored(dataset: Dataset) -> int:
    """Bits of a stored value; the first one where the file gives several."""
    bits = dataset.get("BitsStored") or dataset.BitsAllocated
    return int(bits if isinstance(bits, int) else bits[0])


def _stored(values: NDArray[Any], dataset: Dataset) -> NDArray[np.int64]:
    """The numbers in the stored bits (PS3.5 8.1.1): nothing beside them, two's complement."""
    bits, coded = bits_stored(dataset), values.astype(np.int64)
    if syntax_of(dataset) == EXTENDED:
        return np.minimum(coded, 2**bits - 1)  # a lossy codec overshoots, there is nothing beside
    coded &= 2**bits - 1
    if is_signed(dataset):
        coded[coded >= 2 ** (bits - 1)] -= 2**bits
    return coded


def is_signed(dataset: Dataset) -> bool:
    return dataset.get("PixelRepresentation") == 1


def _through_palette(values: NDArray[Any], dataset: Dataset) -> NDArray[np.uint8]:
    """PS3.3 C.7.6.3.1.5: first entry below its value, last entry above; 8 of 16 bits kept."""
    planes = []
    for colour in ("Red", "Green", "Blue"):
        entries, first, bits = dataset[f"{colour}PaletteColorLookupTableDescriptor"].value
        data = bytes(dataset[f"{colour}PaletteColorLookupTableData"].value)
        wide = len(data) >= 2 * entries
        big = syntax_of(dataset) == BIG_ENDIAN
        table = np.frombuffer(data, (">u2" if big else "<u2") if wide else "u1", entries)
        shown = table[np.clip(values - first, 0, entries - 1)]
        planes.append(shown // 256 if bits == 16 else shown)
    return np.stack(planes, -1).astype(np.uint8)


def _rgb_of(ybr: NDArray[np.float64], levels: int) -> NDArray[np.float64]:
    """PS3.3 C.7.6.3.1.2, the inverse of its matrix."""
    red, green, blue = 0.299, 0.587, 0.114
    luma, cb, cr = ybr[..., 0], ybr[..., 1] - levels / 2, ybr[..., 2] - levels / 2
    r = luma + cr * 2 * (1 - red)
    b = luma + cb * 2 * (1 - blue)
    g = (luma - red * r - blue * b) / green
    return np.clip(np.rint(np.stack([r, g, b], -1)), 0, levels - 1)
