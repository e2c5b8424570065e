"""A pydicom decoder plug-in: JPEG Extended with GDCM, also 12 bits and slips in the SOS header.

pydicom's own GDCM plug-in refuses 12-bit samples. Files of NEMA's WG04 end the spectral selection
at 0 where a sequential JPEG has to say 63 (ISO/IEC 10918-1 B.2.3); decoders refuse them.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np
from pydicom.uid import JPEGExtended12Bit

if TYPE_CHECKING:
    from pydicom.pixels.decoders.base import DecodeRunner

DECODER_DEPENDENCIES = {JPEGExtended12Bit: ("python-gdcm>=3.0.10",)}

# Start of scan with one component: length 8, Ns 1, component and tables, Ss 0, Se 0, Ah/Al 0.
_WRONG_END = re.compile(rb"(\xff\xda\x00\x08\x01..\x00)\x00(\x00)", re.DOTALL)
_SOF1 = re.compile(rb"\xff[\xc0\xc1]..(.)", re.DOTALL)


def is_available(uid: str) -> bool:
    """Whether GDCM is there and the syntax is JPEG Extended."""
    try:
        import gdcm  # noqa: F401
    except ImportError:
        return False
    return uid == JPEGExtended12Bit


def mend_scan_header(codestream: bytes) -> bytes:
    """The codestream with the spectral selection of its first scan ending at 63, not 0."""
    return _WRONG_END.sub(lambda match: match[1] + b"\x3f" + match[2], codestream, count=1)


def decode_frame(source: bytes, runner: DecodeRunner) -> bytes:
    """One grey frame, (H * W,) little-endian values of 8 or 16 bits, row after row."""
    if runner.samples_per_pixel != 1:
        raise NotImplementedError("only grey images are decoded here")
    header = _SOF1.search(source)
    precision = header[1][0] if header else runner.bits_stored
    bits = 8 if precision <= 8 else 16
    buffer = _gdcm_image(mend_scan_header(source), runner, bits, precision).GetBuffer()
    decoded = np.frombuffer(buffer.encode("utf-8", "surrogateescape"), f"<u{bits // 8}")
    runner.set_option("bits_allocated", bits)
    if runner.pixel_representation == 0 and runner.bits_stored < precision:
        decoded = np.minimum(decoded, 2**runner.bits_stored - 1)  # the codec may overshoot
    return decoded.tobytes()


def _gdcm_image(codestream: bytes, runner: DecodeRunner, bits: int, precision: int) -> Any:
    """GDCM's image of one compressed frame; GDCM has no types."""
    import gdcm

    fragment = gdcm.Fragment()
    fragment.SetByteStringValue(codestream)
    fragments = gdcm.SequenceOfFragments.New()
    fragments.AddFragment(fragment)
    element = gdcm.DataElement(gdcm.Tag(0x7FE0, 0x0010))
    element.SetValue(fragments.__ref__())
    image = gdcm.Image()
    image.SetNumberOfDimensions(2)
    image.SetDimensions((runner.columns, runner.rows, 1))
    image.SetDataElement(element)
    grey = gdcm.PhotometricInterpretation.GetPIType("MONOCHROME2")
    image.SetPhotometricInterpretation(gdcm.PhotometricInterpretation(grey))
    syntax = gdcm.TransferSyntax.GetTSType(str(JPEGExtended12Bit))
    image.SetTransferSyntax(gdcm.TransferSyntax(syntax))
    signed = runner.pixel_representation
    image.SetPixelFormat(gdcm.PixelFormat(1, bits, precision, precision - 1, signed))
    return image
