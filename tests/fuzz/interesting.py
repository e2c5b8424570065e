"""Values that break programs, for the attributes that say how an image is laid out and shown."""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from random import Random

from pydicom.uid import UID_dictionary

WHOLE = (
    *(0, 1, 2, 3, 4, 5, 7, 8, 9, 10, 11, 12, 13, 15, 16, 17, 24, 31, 32, 33, 63, 64, 65),
    *(127, 128, 129, 255, 256, 257, 511, 512, 513, 1000, 1023, 1024, 2048, 4095, 4096, 8192),
    *(16383, 16384, 32767, 32768, 40000, 65534, 65535),
)
LENGTHS = (0, 1, 2, 3, 7, 8, 255, 65535, 65536, 2**24, 2**31 - 1, 2**31, 2**32 - 16, 2**32 - 3)
_SMALL = (0, 1, 2, 3, 4, 8, 65535)
_DECIMAL = (
    *("0", "-0", "1", "-1", "0.5", "2", "-1024", "255", "4096", "65536", "-32768.5", "1e5", "1e9"),
    *("1e16", "1e38", "3.4e38", "1e300", "-1e300", "1e308", "1e999", "-1e999", "1e-6", "1e-300"),
    *("4.9e-324", "nan", "inf", "-inf", "", " ", "abc", "1,5", "1.", ".5", "0x10", "1 2", "--1"),
    *("9" * 400, "1\\2", "1\\2\\3", "\\", "1\\", "0\\0", "1e300\\1e-300", "0.2\\1e300", "\0", "١"),
)
_INTEGER = (
    *("0", "1", "-1", "2", "3", "4", "10", "13", "255", "1000", "65535", "99999999", "2147483647"),
    *("2147483648", "999999999999", "1e3", "2.0", "2.5", "", "abc", "nan", "2\\3", "9" * 300, "+2"),
)
_PHOTOMETRIC = (
    *("MONOCHROME1", "MONOCHROME2", "PALETTE COLOR", "RGB", "HSV", "ARGB", "CMYK", "YBR_FULL"),
    *("YBR_FULL_422", "YBR_PARTIAL_422", "YBR_PARTIAL_420", "YBR_ICT", "YBR_RCT", "XYB"),
    *("", "monochrome2", "RGB\\RGB", "M\0\n\x1b"),
)
SYNTAXES = (
    *(uid for uid, row in UID_dictionary.items() if row[1] == "Transfer Syntax"),
    *("1.2.840.10008.1.2.8.1", "1.2.840.10008.1.2.1.98", "1.2.840.10008.1.2.7.1"),
    *("", "1.2.3", "1.2.840.10008.1.2.4.999", "no UID at all", "1." * 31, "1.2.840.10008.1.2\n"),
)

Maker = Callable[[Random], bytes]


def number(random: Random) -> int:
    """A whole number of 16 bits."""
    return random.choice(WHOLE) if random.random() < 0.9 else random.randrange(65536)


def _text(choices: Sequence[str]) -> Maker:
    return lambda random: random.choice(choices).encode("utf-8", "replace")


def _words(count: int, choices: Sequence[int] = WHOLE) -> Maker:
    return lambda random: struct.pack(f"<{count}H", *(random.choice(choices) for _ in range(count)))


def _several(count: int) -> Maker:
    def make(random: Random) -> bytes:
        return "\\".join(random.choice(_DECIMAL) for _ in range(count)).encode("utf-8", "replace")

    return make


def _blob(random: Random) -> bytes:
    return random.randbytes(random.choice((0, 1, 2, 3, 64, 512, 513, 4096)))


def _long(random: Random) -> bytes:
    """Text that nobody expects: long, with control characters, right to left."""
    kinds = ("A" * 60000, "a\nb\rc\td\0e\x1b$B", "\u202eabc\u2066", "W" * 300, "é" * 64, "^=^\\^")
    return random.choice(kinds).encode("utf-8")


VALUES: dict[int, tuple[str, Maker]] = {
    0x00280002: ("US", _words(1, (0, 1, 2, 3, 4, 5, 255, 65535))),
    0x00280004: ("CS", _text(_PHOTOMETRIC)),
    0x00280006: ("US", _words(1, (0, 1, 2, 65535))),
    0x00280008: ("IS", _text(_INTEGER)),
    0x00280010: ("US", _words(1)),
    0x00280011: ("US", _words(1)),
    0x00280030: ("DS", _several(2)),
    0x00280034: ("IS", _text((*_INTEGER, "1\\1", "1\\2", "0\\1", "1\\99999999", "-1\\1"))),
    0x00280100: ("US", _words(1, (0, 1, 2, 4, 7, 8, 9, 10, 12, 16, 24, 32, 40, 64, 128, 65535))),
    0x00280101: ("US", _words(1, (0, 1, 2, 7, 8, 9, 12, 13, 15, 16, 17, 32, 33, 64, 65535))),
    0x00280102: ("US", _words(1, (0, 1, 3, 7, 8, 11, 12, 15, 16, 31, 63, 64, 65535))),
    0x00280103: ("US", _words(1, (0, 1, 2, 65535))),
    0x00280120: ("US", _words(1)),
    0x00280121: ("US", _words(1)),
    0x00281050: ("DS", _text(_DECIMAL)),
    0x00281051: ("DS", _text(_DECIMAL)),
    0x00281052: ("DS", _text(_DECIMAL)),
    0x00281053: ("DS", _text(_DECIMAL)),
    0x00281055: ("LO", _long),
    0x00281056: ("CS", _text(("LINEAR", "LINEAR_EXACT", "SIGMOID", "", "?"))),
    0x00281101: ("US", _words(3)),
    0x00281102: ("US", _words(3)),
    0x00281103: ("US", _words(3)),
    0x00281201: ("OW", _blob),
    0x00281221: ("OW", _blob),
    0x00283002: ("US", _words(3)),
    0x00283006: ("US", _blob),
    0x00283000: ("SQ", _blob),
    0x00283010: ("SQ", _blob),
    0x00080005: ("CS", _text(("ISO_IR 100", "ISO_IR 192", "ISO 2022 IR 87", "\\", "nonsense"))),
    0x00080060: ("CS", _text(("CT", "MR", "DX", "", "??"))),
    0x00100010: ("PN", lambda random: b"Qzxv^Qzxv=Qzxv" * random.choice((1, 9))),
    0x00181164: ("DS", _several(2)),
    0x0008103E: ("LO", _long),
    0x00200013: ("IS", _text(_INTEGER)),
    0x00200020: ("CS", _text(("L\\P", "", "L", "X\\Y", "LLLLLL\\PPPP", "\\"))),
    0x00200032: ("DS", _several(3)),
    0x00200037: ("DS", _several(6)),
    0x20500020: ("CS", _text(("INVERSE", "IDENTITY", ""))),
    0x52009229: ("SQ", _blob),
    0x52009230: ("SQ", _blob),
    0x60000010: ("US", _words(1)),
    0x60000011: ("US", _words(1)),
    0x60000015: ("IS", _text(_INTEGER)),
    0x60000040: ("CS", _text(("G", "R", ""))),
    0x60000050: ("SS", _words(2)),
    0x60000051: ("US", _words(1, _SMALL)),
    0x60000100: ("US", _words(1, (0, 1, 8, 16, 32, 65535))),
    0x60000102: ("US", _words(1, (0, 1, 7, 11, 12, 15, 16, 65535))),
    0x60003000: ("OW", _blob),
    0x7FE00001: ("OV", _blob),
    0x7FE00008: ("OF", _blob),
    0x7FE00009: ("OD", _blob),
}
"""Attributes by tag: VR, and a maker of little-endian values."""
