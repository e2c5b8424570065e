"""What a compressed image says of itself before anything is decoded: a few bytes can ask for
gigabytes."""

from __future__ import annotations

import struct
from dataclasses import dataclass

_FRAMES = (*range(0xC0, 0xC4), *range(0xC5, 0xC8), *range(0xC9, 0xCC), *range(0xCD, 0xD0), 0xF7)
_JPEG_2000 = b"\xff\x4f\xff\x51"
_JPEG_XL, _BOXED_XL = b"\xff\x0a", b"\0\0\0\x0cJXL "
_XL_BITS = (9, 13, 18, 30)
_XL_RATIOS = ((1, 1), (12, 10), (4, 3), (3, 2), (16, 9), (5, 4), (2, 1))  # width : height


def values_in(source: bytes) -> int:
    """Pixels times components, 0 where it is not found."""
    at = source.find(_JPEG_2000, 0, 4096)
    try:
        if at >= 0:
            return _of_jpeg_2000(source, at)
        if source.startswith(_JPEG_XL):
            return _of_jpeg_xl(source[2:16])
        if source.startswith(_BOXED_XL):
            box = max(source.find(b"jxlc", 0, 4096) + 4, source.find(b"jxlp", 0, 4096) + 8)
            return _of_jpeg_xl(source[box + 2 : box + 16])
        return jpeg_frame(source).values
    except (struct.error, ZeroDivisionError):
        return 0


@dataclass(frozen=True)
class JpegFrame:
    """What a JPEG or JPEG-LS says before its scans: the ``kind`` of frame (0xC0 baseline … 0xC3
    lossless …, 0xF7 JPEG-LS; 0 if none begins), ``values`` (pixels times components), and the
    colour transform of an Adobe segment, None without one."""

    kind: int = 0
    values: int = 0
    adobe: int | None = None


def jpeg_frame(source: bytes) -> JpegFrame:
    """The header of a codestream of ISO/IEC 10918-1 or 14495-1."""
    at, adobe = 2, None
    while at + 4 <= len(source) and source[at] == 0xFF:
        marker = source[at + 1]
        (length,) = struct.unpack_from(">H", source, at + 2)
        if marker in _FRAMES:
            height, width, components = struct.unpack_from(">HHB", source, at + 5)
            return JpegFrame(marker, height * width * components, adobe)
        if marker == 0xEE and source[at + 4 : at + 9] == b"Adobe" and length >= 14:
            adobe = source[at + 15]
        at += 1 if marker == 0xFF else 2 + length
    return JpegFrame(adobe=adobe)


def _of_jpeg_2000(source: bytes, at: int) -> int:
    """The image and tile size of ISO/IEC 15444-1 A.5.1."""
    right, bottom, left, top = struct.unpack_from(">4I", source, at + 8)
    components, _, across, down = struct.unpack_from(">HBBB", source, at + 40)
    width, height = -(-right // across) - -(-left // across), -(-bottom // down) - -(-top // down)
    return max(int(width), 0) * max(int(height), 0) * int(components)


def _of_jpeg_xl(head: bytes) -> int:
    """The size header of ISO/IEC 18181-1; bits from the lowest of each byte on."""
    bits, at = int.from_bytes(head, "little"), 0

    def taken(count: int) -> int:
        nonlocal at
        at += count
        return bits >> (at - count) & ((1 << count) - 1)

    def side(small: int) -> int:
        return 8 * (taken(5) + 1) if small else taken(_XL_BITS[taken(2)]) + 1

    small = taken(1)
    height = side(small)
    ratio = taken(3)
    if not ratio:
        return height * side(small)
    across, down = _XL_RATIOS[ratio - 1]
    return height * (height * across // down)
