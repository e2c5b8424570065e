"""A pydicom decoder plug-in for every compressed transfer syntax: imagecodecs does the decoding.

One family of codecs (libjpeg-turbo, CharLS, OpenJPEG, libjxl) for all; they answer damaged
data with an error where other libraries end the process. pydicom keeps what it knows better:
frames, signs, colours, planes.
"""

from __future__ import annotations

import contextlib
import os
import re
import struct
import zlib
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import imagecodecs
import numpy as np
from numpy.typing import NDArray
from pydicom.pixels.decoders.base import Decoder, get_decoder
from pydicom.uid import UID, JPEG2000TransferSyntaxes, JPEGLSTransferSyntaxes, RLELossless

from viewer.dicom.codestreams import jpeg_frame, values_in

if TYPE_CHECKING:
    from pydicom.pixels.decoders.base import DecodeRunner

PLUGIN = "imagecodecs"
_JPEG = ("50", "51", "52", "53", "54", "55", "56", "57", "70")  # below 1.2.840.10008.1.2.4
_ROOT = "1.2.840.10008.1.2.4."
_JPEG_XL = tuple(_ROOT + end for end in ("110", "111", "112"))
_NO_END = "The compressed pixels have no end: a part of the image may be missing."
_LOSSLESS = 0xC3
_SCAN, _END_OF_IMAGE = b"\xff\xda", b"\xff\xd9"
_LARGEST_TILE = 4096 * 4096  # pixels
_THREADS = min(os.cpu_count() or 1, 4)
_DEFLATED_FRAMES = "1.2.840.10008.1.2.8.1"
UNCOMPRESSED_FRAMES = UID("1.2.840.10008.1.2.1.98")

# Start of scan with one component: length 8, Ns 1, component and tables, Ss 0, Se 0, Ah/Al 0.
_WRONG_END = re.compile(rb"(\xff\xda\x00\x08\x01..\x00)\x00(\x00)", re.DOTALL)
_SEQUENTIAL = re.compile(rb"\xff[\xc0\xc1]\x00.[\x08\x0c]", re.DOTALL)


def decoder_of(syntax: UID) -> Decoder:
    """pydicom's decoder of a transfer syntax, with the plug-in below as one of its own.

    Syntaxes newer than pydicom are given the decoder of one that it takes for compressed; the
    plug-in reads the runner's option ``true_syntax``. Raises ``NotImplementedError`` for a syntax
    that nothing here decodes.
    """
    decoder = _made.get(syntax)
    if decoder is None:
        known = syntax.is_transfer_syntax
        decoder = Decoder(syntax if known else RLELossless) if syntax in _DECODERS else None
        if decoder is None:
            return get_decoder(syntax)
        decoder.add_plugin(PLUGIN, (__name__, "decode_frame"))
        _made[syntax] = decoder
    return decoder


def is_available(uid: str) -> bool:
    """pydicom asks this of a plug-in: whether it decodes the syntax."""
    return uid in _DECODERS


def mend_scan_header(codestream: bytes) -> bytes:
    """A sequential JPEG with the spectral selection of its first scan ending at 63, not 0.

    Files of NEMA's WG04 have 0 where ISO/IEC 10918-1 B.2.3 demands 63; decoders refuse them.
    """
    if _SEQUENTIAL.search(codestream) is None:
        return codestream
    return _WRONG_END.sub(lambda match: match[1] + b"\x3f" + match[2], codestream, count=1)


def decode_frame(source: bytes, runner: DecodeRunner) -> bytes:
    """One frame, row after row, little-endian, colour by pixel; pydicom's plug-in interface.

    Tells the runner where container, planes or colours differ from what the header says. Raises
    whatever the codec raises of damaged data, ``ValueError`` where the size is not the one said.
    """
    syntax = runner.get_option("true_syntax", runner.transfer_syntax)
    _check_size(source, syntax, runner)
    decoded = _DECODERS[syntax](source, runner)
    samples = runner.samples_per_pixel
    expected = (runner.rows, runner.columns) + ((samples,) if samples > 1 else ())
    if decoded.ndim == 3 and decoded.shape[2] == 1:
        decoded = decoded[..., 0]
    if decoded.ndim == len(expected) and decoded.shape != expected:
        decoded = _filled_up(decoded, expected, runner)
    if decoded.shape != expected:
        raise ValueError(f"the compressed image is {decoded.shape}, not {expected}")
    runner.set_option("bits_allocated", 8 * decoded.itemsize)
    runner.set_option("planar_configuration", 0)
    return decoded.astype(decoded.dtype.newbyteorder("<"), copy=False).tobytes()


def _check_size(source: bytes, syntax: str, runner: DecodeRunner) -> None:
    """Refuse an image larger than the file says before memory is taken for it."""
    if syntax.startswith(_ROOT):
        values, pixels = values_in(source), runner.rows * runner.columns
        if values > pixels * max(runner.samples_per_pixel, 4):
            raise ValueError(f"the compressed image has {values} values for {pixels} pixels")


def _filled_up(
    decoded: NDArray[Any], expected: tuple[int, ...], runner: DecodeRunner
) -> NDArray[Any]:
    """A frame that is smaller than the file says, as the tiles at the edges of a slide may be."""
    larger = any(n > m for n, m in zip(decoded.shape, expected, strict=True))
    if larger or expected[0] * expected[1] > _LARGEST_TILE:
        return decoded
    filled = np.zeros(expected, decoded.dtype)
    filled[tuple(slice(n) for n in decoded.shape)] = decoded
    height, width = decoded.shape[:2]
    runner.get_option("notes", []).append(
        f"The frame has {width} by {height} pixels, fewer than the file says; the rest is black."
    )
    return filled


def _jpeg(source: bytes, runner: DecodeRunner) -> NDArray[Any]:
    """Every JPEG of ISO/IEC 10918-1, 2 to 16 bits. Colour becomes RGB, except of lossless ones,
    whose values nothing may change: pydicom converts them."""
    frame = jpeg_frame(source)
    _check_end(source)
    colour = runner.samples_per_pixel == 3
    options: dict[str, Any] = {}
    if frame.kind == _LOSSLESS:
        options = {"colorspace": "RGB", "outcolorspace": "RGB"} if colour else {}  # as it is
        return np.asarray(imagecodecs.jpeg8_decode(source, **options))
    if colour:
        said = runner.photometric_interpretation == "RGB"
        rgb = said if frame.adobe is None else frame.adobe == 0
        options = {"colorspace": "RGB" if rgb else "YCBCR", "outcolorspace": "RGB"}
        runner.set_option("photometric_interpretation", "RGB")
    decoded = imagecodecs.jpeg8_decode(mend_scan_header(source), **options)
    return _limited(decoded, runner)


def _check_end(source: bytes) -> None:
    """Refuse a JPEG or JPEG-LS that ends too soon: libjpeg-turbo would fill it up in silence, and
    CharLS look for its end for seconds."""
    scan = source.find(_SCAN)
    if scan >= 0 and source.find(_END_OF_IMAGE, scan) < 0:
        raise ValueError("the image ends too soon")


def _limited(decoded: NDArray[Any], runner: DecodeRunner) -> NDArray[Any]:
    """Lossy codecs may overshoot the bits that are stored, where these are fewer than coded."""
    limit = 2**runner.bits_stored - 1
    if runner.pixel_representation == 0 and limit < np.iinfo(decoded.dtype).max:
        return np.asarray(np.minimum(decoded, limit), decoded.dtype)
    return decoded


def _jpeg_ls(source: bytes, runner: DecodeRunner) -> NDArray[Any]:
    """JPEG-LS, any interleaving."""
    _check_end(source)
    return np.asarray(imagecodecs.jpegls_decode(source))


def _jpeg_2000(source: bytes, runner: DecodeRunner) -> NDArray[Any]:
    """JPEG 2000 and HTJ2K; the codestream's own colour transform is undone by the codec."""
    decoded = np.asarray(imagecodecs.jpeg2k_decode(source, planar=False, numthreads=_THREADS))
    if _END_OF_IMAGE not in source[-64:]:
        runner.get_option("notes", []).append(_NO_END)
    if runner.photometric_interpretation in ("YBR_ICT", "YBR_RCT"):
        runner.set_option("photometric_interpretation", "RGB")
    return decoded


def _jpeg_xl(source: bytes, runner: DecodeRunner) -> NDArray[Any]:
    """JPEG XL; XYB and recompressed JPEG come out as RGB."""
    decoded = np.asarray(imagecodecs.jpegxl_decode(source))
    if runner.samples_per_pixel == 3:
        runner.set_option("photometric_interpretation", "RGB")
    return decoded


def _run_length(source: bytes, runner: DecodeRunner) -> NDArray[Any]:
    """PS3.5 annex G: up to 15 PackBits segments, most significant byte first within a sample."""
    count, *offsets = struct.unpack("<16L", source[:64])
    pixels, samples = runner.rows * runner.columns, runner.samples_per_pixel
    width = max(runner.bits_allocated // 8, 1)
    length = (pixels + 7) // 8 if runner.bits_allocated == 1 else pixels
    if count != samples * width:
        raise ValueError(f"{count} segments, not {samples * width}")
    ends = [*offsets[1:count], len(source)]
    planes = np.empty((samples, width, length), np.uint8)
    for number, (start, end) in enumerate(zip(offsets, ends, strict=False)):
        if not 64 <= start <= end <= len(source):
            raise ValueError("a segment lies outside of the frame")
        run = _unpacked(source[start:end])
        planes[number // width, width - 1 - number % width] = np.frombuffer(run, np.uint8, length)
    if runner.bits_allocated == 1:
        return np.unpackbits(planes[0, 0], bitorder="little", count=pixels).reshape(
            runner.rows, runner.columns
        )
    values = np.ascontiguousarray(planes.transpose(2, 0, 1)).view(f"<u{width}")
    return values.reshape(runner.rows, runner.columns, samples)


def _unpacked(segment: bytes) -> bytes:
    """A PackBits segment; some writers pad with a byte that begins a run without an end."""
    for padding in range(2):
        with contextlib.suppress(RuntimeError):
            return bytes(imagecodecs.packbits_decode(segment[: len(segment) - padding]))
    return bytes(imagecodecs.packbits_decode(segment))


def _raw(source: bytes, runner: DecodeRunner) -> NDArray[Any]:
    """One frame of plain values, as the Image Pixel module lays them out."""
    rows, columns, samples = runner.rows, runner.columns, runner.samples_per_pixel
    if runner.bits_allocated == 1:
        bits = np.frombuffer(source, np.uint8, (rows * columns + 7) // 8)
        return np.unpackbits(bits, bitorder="little", count=rows * columns).reshape(rows, columns)
    values = np.frombuffer(source, f"<u{runner.bits_allocated // 8}", rows * columns * samples)
    if samples > 1 and runner.planar_configuration == 1:
        return values.reshape(samples, rows, columns).transpose(1, 2, 0)
    return values.reshape(rows, columns, samples)


def _inflated(source: bytes, runner: DecodeRunner) -> NDArray[Any]:
    """Deflated Image Frame Compression: each frame deflated without a header (PS3.5 A.4.13)."""
    most = runner.rows * runner.columns * runner.samples_per_pixel * runner.bits_allocated // 8 + 8
    return _raw(zlib.decompressobj(-zlib.MAX_WBITS).decompress(source, most), runner)


_DECODERS: dict[str, Callable[[bytes, DecodeRunner], NDArray[Any]]] = {
    **dict.fromkeys((_ROOT + end for end in _JPEG), _jpeg),
    **dict.fromkeys(_JPEG_XL, _jpeg_xl),
    **dict.fromkeys(JPEGLSTransferSyntaxes, _jpeg_ls),
    **dict.fromkeys(JPEG2000TransferSyntaxes, _jpeg_2000),
    RLELossless: _run_length,
    _DEFLATED_FRAMES: _inflated,
    UNCOMPRESSED_FRAMES: _raw,
}
_made: dict[UID, Decoder] = {}
