"""Every compression, encoded here from known values → exactly these values, frame by frame."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
import pytest
from numpy.typing import NDArray
from pydicom.encaps import encapsulate, encapsulate_extended

from tests.factories.dicom_files import make_dataset, save
from viewer.dicom.errors import DecodeError
from viewer.dicom.reader import FrameReader, read_frame, read_header

ROOT = "1.2.840.10008.1.2."
BASELINE, EXTENDED, LOSSLESS = ROOT + "4.50", ROOT + "4.51", ROOT + "4.70"
JPEG_LS, JPEG_2000, HTJ2K = ROOT + "4.80", ROOT + "4.90", ROOT + "4.201"
RLE, JPEG_XL, JPEG_XL_LOSSY = ROOT + "5", ROOT + "4.110", ROOT + "4.112"
DEFLATED_FRAMES, PLAIN_FRAMES, MPEG_2 = ROOT + "8.1", ROOT + "1.98", ROOT + "4.100"
UNKNOWN_TO_PYDICOM = {
    JPEG_XL: ROOT + "4.201",
    JPEG_XL_LOSSY: ROOT + "4.201",
    DEFLATED_FRAMES: ROOT + "4.90",
    PLAIN_FRAMES: ROOT + "4.90",
}
"""Transfer syntaxes that pydicom does not write, and one with a name as long."""

RNG = np.random.default_rng(3)
GREY = np.add.outer(np.arange(64), 3 * np.arange(66))
NOISE = RNG.integers(0, 2**16, (64, 66))
COLOUR = np.stack([GREY % 256, GREY[::-1] % 256, NOISE % 256], -1).astype(np.uint8)
Array = NDArray[Any]
Encode = Callable[[Array], bytes]


def grey(bits: int) -> Array:
    """Values that use all of these bits."""
    return (NOISE % 2**bits).astype(np.uint8 if bits <= 8 else np.uint16)


def write(
    path: Path,
    syntax: str,
    frames: list[bytes],
    like: Array,
    data: bytes | None = None,
    **elements: Any,
) -> Path:
    """A file with these compressed frames; ``like`` has size and type of one of them."""
    dataset = make_dataset(like)
    if len(frames) > 1:
        dataset.NumberOfFrames = len(frames)
    for keyword, value in elements.items():
        setattr(dataset, keyword, value)
    dataset.HighBit = dataset.BitsStored - 1
    written = UNKNOWN_TO_PYDICOM.get(syntax, syntax)
    dataset.file_meta.TransferSyntaxUID = written
    dataset.add_new("PixelData", "OB", encapsulate(frames) if data is None else data)
    dataset["PixelData"].is_undefined_length = True
    save(dataset, path)
    if written != syntax:
        content = path.read_bytes()
        new = syntax.encode().ljust(len(written) + len(written) % 2, b"\0")
        old = written.encode().ljust(len(new), b"\0")
        assert old in content
        path.write_bytes(content.replace(old, new, 1))
    return path


def lossless(bits: int) -> Encode:
    return lambda values: imagecodecs.jpeg8_encode(values, lossless=True, bitspersample=bits)


def jpeg_2000(values: Array) -> bytes:
    return bytes(imagecodecs.jpeg2k_encode(values, level=0, codecformat="j2k", reversible=True))


def jpeg_xl(values: Array) -> bytes:
    return bytes(imagecodecs.jpegxl_encode(values, lossless=True))


def deflated(values: Array) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    return packer.compress(plain(values)) + packer.flush()


def plain(values: Array) -> bytes:
    return values.astype(values.dtype.newbyteorder("<")).tobytes()


def run_length(values: Array, padding: bytes = b"") -> bytes:
    """PS3.5 annex G, each segment with ``padding`` behind it."""
    planes = values[..., None] if values.ndim == 2 else values
    width = planes.itemsize
    segments = []
    for sample in range(planes.shape[2]):
        cells = np.ascontiguousarray(planes[..., sample]).view(np.uint8).reshape(-1, width)
        for byte in reversed(range(width)):
            segments.append(imagecodecs.packbits_encode(cells[:, byte].tobytes()) + padding)
    offsets = [64 + sum(map(len, segments[:n])) for n in range(len(segments))]
    header = struct.pack("<16L", len(segments), *offsets, *[0] * (15 - len(segments)))
    return header + b"".join(segments)


EXACT: list[tuple[str, str, Array, Encode, dict[str, Any]]] = [
    *((f"JPEG lossless, {b} bits", LOSSLESS, grey(b), lossless(b), {"BitsStored": b})
      for b in (8, 12, 16)),
    *((f"JPEG-LS, {b} bits", JPEG_LS, grey(b), imagecodecs.jpegls_encode, {"BitsStored": b})
      for b in (8, 9, 10, 12, 15, 16)),
    *((f"JPEG 2000, {b} bits", JPEG_2000, grey(b), jpeg_2000, {"BitsStored": b})
      for b in (8, 12, 16)),
    ("JPEG 2000, signed", JPEG_2000, grey(16).view(np.int16), jpeg_2000, {}),
    ("JPEG 2000, colour", JPEG_2000, COLOUR, jpeg_2000, {"PhotometricInterpretation": "YBR_RCT"}),
    ("HTJ2K", HTJ2K, grey(16), lambda values: bytes(imagecodecs.htj2k_encode(values)), {}),
    *((f"RLE of {t}", RLE, (NOISE * 65537).astype(np.uint32).astype(t), run_length, {})
      for t in ("uint8", "uint16", "uint32")),
    ("RLE, signed", RLE, grey(16).view(np.int16), run_length, {}),
    ("RLE, colour", RLE, COLOUR, run_length, {}),
    *((f"JPEG XL, {b} bits", JPEG_XL, grey(b), jpeg_xl, {}) for b in (8, 16)),
    ("JPEG XL, colour", JPEG_XL, COLOUR, jpeg_xl, {}),
    *((f"deflated, {b} bits", DEFLATED_FRAMES, grey(b), deflated, {}) for b in (8, 16)),
    ("deflated, colour", DEFLATED_FRAMES, COLOUR, deflated, {}),
    *((f"plain, {b} bits", PLAIN_FRAMES, grey(b), plain, {}) for b in (8, 16)),
    ("plain, signed", PLAIN_FRAMES, grey(16).view(np.int16), plain, {}),
    ("plain, colour", PLAIN_FRAMES, COLOUR, plain, {}),
]  # fmt: skip
SEVERAL = [case for case in EXACT if not case[0].startswith("HTJ2K")]


@pytest.mark.parametrize("case", EXACT, ids=lambda case: case[0])
def test_lossless_compression_gives_exactly_what_was_encoded(case: Any, tmp_path: Path) -> None:
    _, syntax, values, encode, elements = case
    path = write(tmp_path / "x.dcm", syntax, [encode(values)], values, **elements)
    frame = read_frame(path)
    assert frame.pixels.dtype == values.dtype
    assert np.array_equal(frame.pixels, values)
    assert frame.notes == ()
    assert (read_header(path).rows, read_header(path).columns) == (64, 66)


@pytest.mark.parametrize("table", ["none", "basic", "extended"])
@pytest.mark.parametrize("case", SEVERAL, ids=lambda case: case[0])
def test_each_frame_is_its_own_with_any_offset_table_or_none(
    case: Any, table: str, tmp_path: Path
) -> None:
    _, syntax, values, encode, elements = case
    wanted = [np.roll(values, shift, 0) for shift in (0, 5, 9)]
    frames = [encode(np.ascontiguousarray(one)) for one in wanted]
    data = encapsulate(frames, has_bot=table == "basic")
    if table == "extended":
        data, offsets, lengths = encapsulate_extended(frames)
        elements = {**elements, "ExtendedOffsetTable": offsets}
        elements["ExtendedOffsetTableLengths"] = lengths
    path = write(tmp_path / "x.dcm", syntax, frames, values, data, **elements)
    reader = FrameReader()
    for index in (2, 0, 1, 1):
        assert np.array_equal(reader.read(path, index).pixels, wanted[index]), index
    with pytest.raises(DecodeError, match="3 frames, but frame 4"):
        reader.read(path, 3)


@pytest.mark.parametrize("has_table", [True, False])
@pytest.mark.parametrize("count", [1, 3])
@pytest.mark.parametrize("name", ["JPEG lossless, 16 bits", "JPEG-LS, 12 bits"])
def test_a_frame_may_lie_in_several_fragments(
    name: str, count: int, has_table: bool, tmp_path: Path
) -> None:
    (case,) = (case for case in EXACT if case[0] == name)
    _, syntax, values, encode, elements = case
    wanted = [np.roll(values, shift, 0) for shift in range(count)]
    frames = [encode(np.ascontiguousarray(one)) for one in wanted]
    data = encapsulate(frames, fragments_per_frame=4, has_bot=has_table)
    path = write(tmp_path / "x.dcm", syntax, frames, values, data, **elements)
    for index in range(count):
        assert np.array_equal(read_frame(path, index).pixels, wanted[index])


@pytest.mark.parametrize("case", EXACT, ids=lambda case: case[0])
def test_a_frame_that_is_cut_off_is_refused_and_never_filled_up(case: Any, tmp_path: Path) -> None:
    _, syntax, values, encode, elements = case
    encoded = encode(values)
    path = write(tmp_path / "x.dcm", syntax, [encoded], values, **elements)
    content = path.read_bytes()
    start = content.index(encoded[:40])
    for share in (0.1, 0.5, 0.9):
        path.write_bytes(content[: start + int(len(encoded) * share)])
        with pytest.raises(DecodeError, match=r"x\.dcm"):
            read_frame(path)


@pytest.mark.parametrize("case", SEVERAL, ids=lambda case: case[0])
def test_of_a_file_that_is_cut_off_the_frames_before_are_given(case: Any, tmp_path: Path) -> None:
    _, syntax, values, encode, elements = case
    wanted = [np.roll(values, shift, 0) for shift in range(4)]
    frames = [encode(np.ascontiguousarray(one)) for one in wanted]
    data = encapsulate(frames, has_bot=False)
    path = write(tmp_path / "x.dcm", syntax, frames, values, data, **elements)
    content = path.read_bytes()
    third = content.index(frames[2])
    path.write_bytes(content[: third + len(frames[2]) // 2])
    reader = FrameReader()
    for index in (1, 3, 0, 2, 1):
        if index < 2:
            assert np.array_equal(reader.read(path, index).pixels, wanted[index])
        else:
            with pytest.raises(DecodeError):
                reader.read(path, index)


@pytest.mark.parametrize("signed", [0, 1])
@pytest.mark.parametrize("stored", [8, 10, 12, 15])
def test_what_lies_above_the_stored_bits_of_jpeg_ls_is_left_out(
    stored: int, signed: int, tmp_path: Path
) -> None:
    cells = grey(16)
    elements = {"BitsStored": stored, "PixelRepresentation": signed}
    path = write(tmp_path / "x.dcm", JPEG_LS, [imagecodecs.jpegls_encode(cells)], cells, **elements)
    wanted = cells.astype(np.int64) % 2**stored
    if signed:
        wanted[wanted >= 2 ** (stored - 1)] -= 2**stored
    assert np.array_equal(read_frame(path).pixels, wanted)


@pytest.mark.parametrize("padding", [b"\x00", b"\x20", b"\xff", b"\x80", b"\x00\x00"])
@pytest.mark.parametrize("values", [grey(8), grey(16), COLOUR], ids=["8 bits", "16 bits", "colour"])
def test_bytes_behind_a_run_length_segment_do_no_harm(
    values: Array, padding: bytes, tmp_path: Path
) -> None:
    path = write(tmp_path / "x.dcm", RLE, [run_length(values, padding)], values)
    assert np.array_equal(read_frame(path).pixels, values)


def test_run_lengths_of_single_bits(tmp_path: Path) -> None:
    bits = (NOISE % 2).astype(np.uint8)[:5, :13]
    data = np.packbits(bits.ravel(), bitorder="little")
    header = struct.pack("<16L", 1, 64, *[0] * 14)
    frame = header + imagecodecs.packbits_encode(data.tobytes())
    path = write(tmp_path / "x.dcm", RLE, [frame], bits, BitsAllocated=1, BitsStored=1)
    assert np.array_equal(read_frame(path).pixels, bits)


def without_markers(jpeg: bytes) -> bytes:
    """A JPEG without its APPn segments."""
    at = 2
    while jpeg[at + 1] & 0xF0 == 0xE0:
        at += 2 + int.from_bytes(jpeg[at + 2 : at + 4], "big")
    return jpeg[:2] + jpeg[at:]


@pytest.mark.parametrize(
    ("coded", "marked", "said"),
    [
        ("YCBCR", True, "YBR_FULL_422"),
        ("YCBCR", True, "YBR_FULL"),
        ("YCBCR", False, "YBR_FULL_422"),
        ("RGB", True, "RGB"),
        ("RGB", True, "YBR_FULL_422"),  # an Adobe segment is believed more
        ("RGB", False, "RGB"),
    ],
)
def test_colours_of_a_jpeg_are_those_that_its_marker_or_the_header_says(
    coded: str, marked: bool, said: str, tmp_path: Path
) -> None:
    smooth = np.stack([GREY % 200, GREY[::-1] % 200, GREY[:, ::-1] // 2 + 20], -1).astype(np.uint8)
    smooth = np.repeat(np.repeat(smooth[::8, ::6], 8, 0), 6, 1)
    jpeg = imagecodecs.jpeg8_encode(
        smooth, level=98, colorspace="RGB", outcolorspace=coded, subsampling="444"
    )
    frame = jpeg if marked else without_markers(jpeg)
    path = write(tmp_path / "x.dcm", BASELINE, [frame], smooth, PhotometricInterpretation=said)
    assert np.abs(read_frame(path).pixels.astype(int) - smooth).max() <= 8


@pytest.mark.parametrize(("bits", "syntax"), [(8, BASELINE), (12, EXTENDED)])
@pytest.mark.parametrize("wrong_end", [False, True])
def test_lossy_grey_is_near_also_with_a_wrong_end_of_its_first_scan(
    wrong_end: bool, bits: int, syntax: str, tmp_path: Path
) -> None:
    values = (GREY * (1 if bits == 8 else 15)).astype(np.uint8 if bits == 8 else np.uint16)
    values = np.minimum(values, 2**bits - 1)
    if bits == 8:
        values = (GREY // 2).astype(np.uint8)
    jpeg = bytes(imagecodecs.jpeg8_encode(values, level=98, bitspersample=bits))
    scan = jpeg.index(b"\xff\xda\x00\x08\x01")
    assert jpeg[scan + 8] == 63
    if wrong_end:
        jpeg = jpeg[: scan + 8] + b"\0" + jpeg[scan + 9 :]
    path = write(tmp_path / "x.dcm", syntax, [jpeg], values, BitsStored=bits)
    assert np.abs(read_frame(path).pixels.astype(int) - values).max() <= 2 ** (bits - 6)


def test_lossy_jpeg_xl_is_near(tmp_path: Path) -> None:
    frame = imagecodecs.jpegxl_encode(COLOUR[..., :1].repeat(3, 2), distance=0.5)
    path = write(
        tmp_path / "x.dcm", JPEG_XL_LOSSY, [frame], COLOUR, PhotometricInterpretation="XYB"
    )
    assert np.abs(read_frame(path).pixels.astype(int) - COLOUR[..., :1]).mean() < 6


@pytest.mark.parametrize(("syntax", "named"), [(MPEG_2, "MPEG2"), (ROOT + "4.102", "MPEG-4")])
def test_a_compression_without_a_decoder_is_named(syntax: str, named: str, tmp_path: Path) -> None:
    path = write(tmp_path / "film.dcm", syntax, [b"\0\0\1\xb3" * 50], COLOUR)
    with pytest.raises(DecodeError, match=rf"film\.dcm is compressed as {named}.*no decoder"):
        read_frame(path)


def test_a_deflated_frame_that_is_a_bomb_is_inflated_no_further_than_its_size(
    tmp_path: Path,
) -> None:
    bomb = deflated(np.zeros(1 << 26, np.uint8))
    path = write(tmp_path / "x.dcm", DEFLATED_FRAMES, [bomb], grey(8))
    assert read_frame(path).pixels.max() == 0


def test_a_reader_that_is_used_again_gives_what_a_fresh_one_gives(tmp_path: Path) -> None:
    paths = []
    for number, (_, syntax, values, encode, elements) in enumerate(SEVERAL):
        frames = [encode(np.ascontiguousarray(np.roll(values, n, 0))) for n in range(2)]
        paths.append(write(tmp_path / f"{number}.dcm", syntax, frames, values, **elements))
    halved = make_dataset(COLOUR, PhotometricInterpretation="YBR_PARTIAL_422")
    halved.NumberOfFrames = 2
    halved.PixelData = (NOISE % 256).astype(np.uint8).tobytes() * 4
    paths.append(save(halved, tmp_path / "halved.dcm"))
    cut = write(tmp_path / "cut.dcm", JPEG_LS, [imagecodecs.jpegls_encode(grey(8))] * 3, grey(8))
    cut.write_bytes(cut.read_bytes()[:-4000])
    paths.append(cut)
    odd = make_dataset(np.stack([grey(16)] * 2), PhotometricInterpretation="GREY")
    del odd.SamplesPerPixel
    paths.append(save(odd, tmp_path / "odd.dcm"))
    fresh = {(path, n): told(FrameReader(), path, n) for path in paths for n in (0, 1)}
    for path in paths:
        used = FrameReader()
        for index in (0, 1, 0, 0, 1):
            assert told(used, path, index) == fresh[path, index], (path.name, index)


def told(reader: FrameReader, path: Path, index: int) -> tuple[Any, ...]:
    """All that is said of a frame, or the sentence in its place."""
    try:
        frame = reader.read(path, index)
    except DecodeError as error:
        return (str(error),)
    return frame.pixels.dtype, frame.pixels.shape, frame.pixels.tobytes(), frame.notes
