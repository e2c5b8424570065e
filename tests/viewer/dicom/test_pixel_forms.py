"""Files written byte by byte in every uncompressed form of the standard → exactly their pixels."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from pydicom.dataset import FileDataset
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
)

from tests.factories.dicom_files import make_dataset, save
from viewer.dicom.errors import DecodeError
from viewer.dicom.reader import read_frame

LITTLE, BIG = ExplicitVRLittleEndian, ExplicitVRBigEndian
FORMS = [  # transfer syntax, VR of the pixels
    (ImplicitVRLittleEndian, "OW"),
    (ExplicitVRLittleEndian, "OW"),
    (ExplicitVRLittleEndian, "OB"),
    (DeflatedExplicitVRLittleEndian, "OW"),
    (ExplicitVRBigEndian, "OW"),
    (ExplicitVRBigEndian, "OB"),
]
RNG = np.random.default_rng(1)


def swapped(data: bytes) -> bytes:
    """The bytes of every 16-bit word the other way round."""
    return b"".join(data[i + 1 : i + 2] + data[i : i + 1] for i in range(0, len(data), 2))


def raw(cells: NDArray[Any], syntax: Any = LITTLE, vr: str = "OW") -> bytes:
    """Unsigned cells as the bytes of Pixel Data or a table, padded to an even length."""
    big = syntax == BIG
    data = cells.astype(cells.dtype.newbyteorder(">" if big else "<")).tobytes()
    data += b"\0" * (len(data) % 2)
    return swapped(data) if big and vr == "OW" and cells.itemsize == 1 else data


def image(
    data: bytes,
    size: tuple[int, int],
    bits: int,
    syntax: Any = LITTLE,
    vr: str = "OW",
    **elements: Any,
) -> FileDataset:
    """A grey image of ``bits`` allocated with these bytes; ``elements`` make it another one."""
    dataset = make_dataset(np.zeros(size, np.uint8), BitsAllocated=bits)
    dataset.BitsStored, dataset.HighBit = bits, bits - 1
    for keyword, value in elements.items():
        setattr(dataset, keyword, value)
    dataset.add_new("PixelData", vr, data)
    dataset.file_meta.TransferSyntaxUID = syntax
    return dataset


def colour(photometric: str, planar: int = 0, **elements: Any) -> dict[str, Any]:
    """The elements that make an image one of three samples."""
    said = {"PhotometricInterpretation": photometric, "PlanarConfiguration": planar}
    return {"SamplesPerPixel": 3, **said, **elements}


def frames_of(dataset: FileDataset, folder: Path) -> list[NDArray[Any]]:
    """The pixels of every frame of a data set that went through a file."""
    path = save(dataset, folder / "image.dcm")
    return [read_frame(path, k).pixels for k in range(int(dataset.get("NumberOfFrames", 1)))]


@pytest.mark.parametrize(("syntax", "vr"), FORMS)
@pytest.mark.parametrize("signed", [0, 1])
@pytest.mark.parametrize("bits", [8, 16, 32, 64])
def test_every_frame_of_odd_size_comes_back_in_every_syntax(
    bits: int, signed: int, syntax: Any, vr: str, tmp_path: Path
) -> None:
    cells = RNG.integers(0, 2**bits, (3, 3, 5), f"u{bits // 8}")
    elements = {"NumberOfFrames": 3, "PixelRepresentation": signed}
    found = frames_of(image(raw(cells, syntax, vr), (3, 5), bits, syntax, vr, **elements), tmp_path)
    wanted = cells.view(f"{'ui'[signed]}{bits // 8}")
    assert found[0].dtype == wanted.dtype
    assert np.array_equal(found, wanted)


@pytest.mark.parametrize(("syntax", "vr"), FORMS)
def test_single_bits_are_counted_from_the_lowest_across_frames(
    syntax: Any, vr: str, tmp_path: Path
) -> None:
    bits = RNG.integers(0, 2, (5, 3, 5), np.uint8)  # a frame begins within a byte
    numbers = [
        sum(int(bit) << i for i, bit in enumerate(bits.ravel()[at : at + 8]))
        for at in range(0, bits.size, 8)
    ]
    data = raw(np.array(numbers, np.uint8), syntax, vr)
    dataset = image(data, (3, 5), 1, syntax, vr, NumberOfFrames=5)
    assert np.array_equal(frames_of(dataset, tmp_path), bits)


@pytest.mark.parametrize("syntax", [LITTLE, BIG])
@pytest.mark.parametrize("place", ["lowest", "middle", "highest"])
@pytest.mark.parametrize("signed", [0, 1])
@pytest.mark.parametrize("allocated", [8, 16, 32])
def test_only_the_stored_bits_make_the_value_whatever_lies_around_them(
    allocated: int, signed: int, place: str, syntax: Any, tmp_path: Path
) -> None:
    for stored in range(1, allocated + 1):
        free = allocated - stored
        shift = {"lowest": 0, "middle": free // 2, "highest": free}[place]
        garbage = RNG.integers(0, 2**allocated, 15).tolist()
        values = RNG.integers(0, 2**stored, 15).tolist()
        mask = (2**stored - 1) << shift
        cells = [(g & ~mask) | (v << shift) for g, v in zip(garbage, values, strict=True)]
        data = raw(np.array(cells, f"u{allocated // 8}"), syntax)
        dataset = image(data, (3, 5), allocated, syntax, PixelRepresentation=signed)
        dataset.BitsStored, dataset.HighBit = stored, shift + stored - 1
        wanted = [v - 2**stored if signed and v >= 2 ** (stored - 1) else v for v in values]
        assert frames_of(dataset, tmp_path)[0].ravel().tolist() == wanted, stored


@pytest.mark.parametrize("bits", [2, 4, 10, 24, 40])
def test_other_numbers_of_bits_are_refused_by_number(bits: int, tmp_path: Path) -> None:
    with pytest.raises(DecodeError, match=rf"image\.dcm .*{bits} bits.*[Cc]onvert"):
        frames_of(image(bytes(200), (3, 5), bits), tmp_path)


def test_an_odd_number_of_bytes_without_padding_is_read(tmp_path: Path) -> None:
    cells = np.arange(1, 16, dtype=np.uint8)
    path = save(image(raw(cells), (3, 5), 8), tmp_path / "image.dcm")
    head = b"\xe0\x7f\x10\0OW\0\0"
    content = path.read_bytes().replace(head + b"\x10\0", head + b"\x0f\0")
    path.write_bytes(content[:-1])
    assert read_frame(path).pixels.ravel().tolist() == cells.tolist()


@pytest.mark.parametrize(("syntax", "vr"), FORMS)
@pytest.mark.parametrize("planar", [0, 1])
@pytest.mark.parametrize(("bits", "stored"), [(8, 8), (16, 16), (16, 12), (16, 8)])
def test_rgb_keeps_its_highest_eight_bits(
    bits: int, stored: int, planar: int, syntax: Any, vr: str, tmp_path: Path
) -> None:
    pixels = RNG.integers(0, 2**stored, (3, 3, 5, 3), f"u{bits // 8}")
    cells = pixels.transpose(0, 3, 1, 2).copy() if planar else pixels
    elements = colour("RGB", planar, NumberOfFrames=3, BitsStored=stored, HighBit=stored - 1)
    dataset = image(raw(cells, syntax, vr), (3, 5), bits, syntax, vr, **elements)
    assert np.array_equal(frames_of(dataset, tmp_path), pixels >> (stored - 8))


def full(y: Any, cb: Any, cr: Any) -> list[Any]:
    """R, G, B of YBR_FULL and YBR_FULL_422: the inverse of C.7.6.3.1.2."""
    b, r = cb - 128, cr - 128
    return [y + 1.402 * r, y - (0.114 * 1.772 * b + 0.299 * 1.402 * r) / 0.587, y + 1.772 * b]


def partial(y: Any, cb: Any, cr: Any) -> list[Any]:
    """R, G, B of YBR_PARTIAL_422: the standard's matrix, inverted."""
    forward = [[0.2568, 0.5041, 0.0979], [-0.1482, -0.2910, 0.4392], [0.4392, -0.3678, -0.0714]]
    return list(np.linalg.solve(forward, np.stack([y - 16, cb - 128, cr - 128])))


def assert_near(found: list[NDArray[Any]], planes: list[NDArray[Any]]) -> None:
    """Every sample is a whole number nearest to the exact one, which is clipped to 0 to 255."""
    exact = np.clip(np.stack([plane.ravel() for plane in planes], -1), 0, 255)
    assert np.abs(np.array(found).reshape(-1, 3) - exact).max() <= 0.55  # of float32


@pytest.mark.parametrize(("syntax", "vr"), FORMS)
@pytest.mark.parametrize("planar", [0, 1])
def test_ybr_full_becomes_rgb(planar: int, syntax: Any, vr: str, tmp_path: Path) -> None:
    pixels = RNG.integers(0, 256, (3, 3, 5, 3), np.uint8)
    cells = pixels.transpose(0, 3, 1, 2).copy() if planar else pixels
    elements = colour("YBR_FULL", planar, NumberOfFrames=3)
    dataset = image(raw(cells, syntax, vr), (3, 5), 8, syntax, vr, **elements)
    y, cb, cr = pixels.astype(float).reshape(-1, 3).T
    assert_near(frames_of(dataset, tmp_path), full(y, cb, cr))


@pytest.mark.parametrize(("syntax", "vr"), FORMS)
@pytest.mark.parametrize(
    ("photometric", "formula"), [("YBR_FULL_422", full), ("YBR_PARTIAL_422", partial)]
)
def test_two_pixels_share_their_chroma(
    photometric: str, formula: Any, syntax: Any, vr: str, tmp_path: Path
) -> None:
    y = RNG.integers(16, 236, (3, 3, 2, 2), np.uint8)  # frames, rows, pairs, the two
    chroma = RNG.integers(16, 241, (3, 3, 2, 2), np.uint8)  # CB, CR
    cells = np.concatenate([y, chroma], axis=-1)  # Y1 Y2 CB CR
    elements = colour(photometric, NumberOfFrames=3)
    dataset = image(raw(cells, syntax, vr), (3, 4), 8, syntax, vr, **elements)
    cb, cr = (np.repeat(chroma[..., i].ravel(), 2).astype(float) for i in (0, 1))
    assert_near(frames_of(dataset, tmp_path), formula(y.ravel().astype(float), cb, cr))


def test_chroma_that_is_not_shared_though_said_is_read_with_a_note(tmp_path: Path) -> None:
    pixels = RNG.integers(0, 256, (3, 3, 4, 3), np.uint8)  # three bytes a pixel, not two
    elements = colour("YBR_FULL_422", NumberOfFrames=3)
    dataset = image(raw(pixels), (3, 4), 8, **elements)
    y, cb, cr = pixels.astype(float).reshape(-1, 3).T
    assert_near(frames_of(dataset, tmp_path), full(y, cb, cr))
    assert any("YBR_FULL_422" in note for note in read_frame(tmp_path / "image.dcm", 2).notes)


@pytest.mark.parametrize("photometric", ["YBR_RCT", "YBR_ICT"])
def test_a_label_of_jpeg_2000_on_plain_pixels_is_taken_for_rgb(
    photometric: str, tmp_path: Path
) -> None:
    pixels = RNG.integers(0, 256, (3, 5, 3), np.uint8)
    path = save(image(raw(pixels), (3, 5), 8, **colour(photometric)), tmp_path / "image.dcm")
    frame = read_frame(path)
    assert np.array_equal(frame.pixels, pixels)
    assert any(photometric in note and note.endswith(".") for note in frame.notes)


@pytest.mark.parametrize(
    ("photometric", "samples"), [("HSV", 3), ("ARGB", 4), ("CMYK", 4), ("YBR_PARTIAL_420", 3)]
)
def test_retired_colours_are_refused_by_name(
    photometric: str, samples: int, tmp_path: Path
) -> None:
    dataset = image(bytes(64), (4, 4), 8, **colour(photometric, SamplesPerPixel=samples))
    with pytest.raises(DecodeError, match=rf"image\.dcm .*{photometric}.*[Cc]onvert"):
        frames_of(dataset, tmp_path)


def palette(
    stored: NDArray[Any],
    first: int,
    bits: int,
    data: list[bytes],
    count: int,
    syntax: Any,
    segmented: str = "",
) -> FileDataset:
    """Frames of indices with a table of each colour, its data as it stands in the file."""
    signed = stored.dtype.kind == "i"
    cells = stored.view(f"u{stored.itemsize}")
    dataset = image(raw(cells, syntax), stored.shape[1:], 8 * stored.itemsize, syntax)
    dataset.PhotometricInterpretation, dataset.PixelRepresentation = "PALETTE COLOR", int(signed)
    dataset.NumberOfFrames = len(stored)
    for name, table in zip(("Red", "Green", "Blue"), data, strict=True):
        keyword = f"{name}PaletteColorLookupTable"
        dataset.add_new(f"{keyword}Descriptor", "SS" if first < 0 else "US", [count, first, bits])
        dataset.add_new(f"{segmented}{keyword}Data", "OW", table)
    return dataset


@pytest.mark.parametrize("syntax", [ImplicitVRLittleEndian, LITTLE, BIG])
@pytest.mark.parametrize(("bits", "packed"), [(8, True), (8, False), (16, False)])
@pytest.mark.parametrize(
    ("dtype", "first", "entries"),
    [
        (np.uint8, 0, 256),
        (np.uint8, 7, 5),  # an odd number: packed entries end with a byte of padding
        (np.int8, -3, 6),
        (np.uint16, 300, 400),
        (np.uint16, 40000, 300),
        (np.int16, -20, 300),
        (np.uint16, 0, 65536),
        (np.int16, -32768, 65536),
        (np.uint8, 9, 1),
    ],
)
def test_palette_colours_are_looked_up_and_the_ends_hold_beyond(
    dtype: type, first: int, entries: int, bits: int, packed: bool, syntax: Any, tmp_path: Path
) -> None:
    limits = np.iinfo(dtype)
    stored = RNG.integers(limits.min, limits.max + 1, (3, 20, 21), dtype)
    stored.ravel()[:4] = limits.min, limits.max, first, min(first + entries - 1, limits.max)
    tables = RNG.integers(0, 2**bits, (3, entries), np.uint8 if bits == 8 else np.uint16)
    cells = tables.astype(np.uint8 if packed else np.uint16)
    data = [raw(table, syntax) for table in cells]
    dataset = palette(stored, first, bits, data, entries % 65536, syntax)
    index = np.clip(stored.astype(int) - first, 0, entries - 1)
    wanted = np.stack([table[index] >> (bits - 8) for table in tables], -1)
    assert np.array_equal(frames_of(dataset, tmp_path), wanted)


@pytest.mark.parametrize("syntax", [LITTLE, BIG])
@pytest.mark.parametrize(
    ("bits", "segments", "entries"),
    [
        (8, [0, 3, 9, 8, 7], [9, 8, 7]),
        (8, [0, 1, 10, 1, 4, 30], [10, 15, 20, 25, 30]),
        (8, [0, 1, 200, 1, 2, 100, 0, 1, 5], [200, 150, 100, 5]),
        # an indirect one: one segment of those from byte 3 on, which begins at the last value
        (8, [0, 1, 0, 1, 2, 20, 2, 1, 3, 0, 0, 0], [0, 10, 20, 20, 20]),
        (8, [0, 2, 7, 0, 1, 2, 8, 2, 2, 0, 0, 0, 0], [7, 0, 4, 8, 7, 0, 4, 8]),
        (16, [0, 2, 7 << 8, 9 << 8, 1, 2, 1 << 8], [7, 9, 5, 1]),
        (16, [0, 1, 0, 1, 2, 8 << 8, 0, 1, 0, 2, 1, 6, 0], [0, 4, 8, 0, 4, 8]),
    ],
)
def test_segmented_palettes_are_expanded(
    bits: int, segments: list[int], entries: list[int], syntax: Any, tmp_path: Path
) -> None:
    data = raw(np.array(segments, np.uint8 if bits == 8 else np.uint16), syntax)
    stored = np.arange(len(entries), dtype=np.uint8).reshape(1, 1, -1)
    count = len(entries)
    dataset = palette(stored, 0, bits, [data] * 3, count, syntax, segmented="Segmented")
    assert frames_of(dataset, tmp_path)[0][0].tolist() == [[e] * 3 for e in entries]


@pytest.mark.parametrize(
    ("change", "segments"),
    [
        ({"BluePaletteColorLookupTableData": None}, None),
        ({"GreenPaletteColorLookupTableDescriptor": None}, None),
        ({"RedPaletteColorLookupTableDescriptor": [4, 0]}, None),
        ({"RedPaletteColorLookupTableData": b""}, None),
        ({}, [7, 1, 1]),
        ({}, [1, 1, 1]),
        ({}, [2, 1, 0, 0, 0, 0]),
        ({}, [0, 1, 4, 2, 1, 99, 0, 0, 0]),
    ],
)
def test_a_broken_palette_is_named_as_the_reason(
    change: dict[str, Any], segments: list[int] | None, tmp_path: Path
) -> None:
    data = bytes(4) if segments is None else raw(np.array(segments, np.uint8))
    segmented = "" if segments is None else "Segmented"
    stored = np.zeros((1, 2, 2), np.uint8)
    dataset = palette(stored, 0, 8, [data] * 3, 4, LITTLE, segmented=segmented)
    for keyword, value in change.items():
        if value is None:
            del dataset[keyword]
        else:
            setattr(dataset, keyword, value)
    with pytest.raises(DecodeError, match=r"image\.dcm .*palette"):
        frames_of(dataset, tmp_path)


def test_a_supplemental_palette_leaves_grey_as_it_is_and_is_noted(tmp_path: Path) -> None:
    stored = np.array([[[0, 1, 200]]], np.uint8)
    dataset = palette(stored, 200, 8, [bytes(56)] * 3, 56, LITTLE)
    dataset.PhotometricInterpretation, dataset.PixelPresentation = "MONOCHROME2", "COLOR"
    frame = read_frame(save(dataset, tmp_path / "image.dcm"))
    assert frame.pixels.tolist() == stored[0].tolist()
    assert any("supplemental palette" in note for note in frame.notes)


@pytest.mark.parametrize(
    ("elements", "spacing", "ratio"),
    [
        ({"PixelAspectRatio": [1, 2]}, None, 0.5),
        ({"PixelAspectRatio": [0, 0]}, None, 1),
        ({"PixelAspectRatio": [1, 2], "PixelSpacing": [0.3, 0.2]}, (0.3, 0.2), 1.5),
        ({"PixelAspectRatio": [1, 2], "ImagerPixelSpacing": [0.1, 0.4]}, (0.1, 0.4), 0.25),
    ],
)
def test_height_over_width_is_that_of_the_spacing_else_of_the_ratio(
    elements: dict[str, Any], spacing: tuple[float, float] | None, ratio: float, tmp_path: Path
) -> None:
    dataset = image(bytes(16), (3, 5), 8, **elements)
    frame = read_frame(save(dataset, tmp_path / "image.dcm"))
    assert (frame.spacing, frame.aspect_ratio) == (spacing, pytest.approx(ratio))


@pytest.mark.parametrize(
    ("written", "noted"),
    [(None, False), (b"1 ", False), (b"0 ", True), (b"-4", True), (b"x ", True)],
)
def test_a_number_of_frames_that_is_none_means_one(
    written: bytes | None, noted: bool, tmp_path: Path
) -> None:
    cells = np.arange(15, dtype=np.uint8)
    elements = {} if written is None else {"NumberOfFrames": 3}
    path = save(image(raw(cells), (3, 5), 8, **elements), tmp_path / "image.dcm")
    head = b"\x28\0\x08\0IS\2\0"
    path.write_bytes(path.read_bytes().replace(head + b"3 ", head + (written or b"")))
    frame = read_frame(path)
    assert frame.pixels.ravel().tolist() == cells.tolist()
    assert any("number of frames" in note for note in frame.notes) is noted
