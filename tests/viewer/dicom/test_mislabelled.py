"""Files that say one thing of their pixels and hold another, in the ways that writers do it."""

from __future__ import annotations

from pathlib import Path

import imagecodecs
import numpy as np
import pytest
from pydicom.encaps import encapsulate

from tests.factories.dicom_files import make_dataset, save
from viewer.dicom.frame import to_grey
from viewer.dicom.reader import read_frame, read_header

VALUES = np.random.default_rng(5).integers(0, 4096, (16, 20)).astype(np.uint16)
CODESTREAM = bytes(imagecodecs.jpegls_encode(VALUES))
ELEMENT = b"\xe0\x7f\x10\x00"
PLAIN = b"UI\x14\x001.2.840.10008.1.2.1\x00"


def written(path: Path, syntax: str, element: bytes | None) -> Path:
    """A file that says ``syntax``; ``element`` in the place of its pixel data element."""
    content = save(make_dataset(VALUES, BitsStored=12, HighBit=11), path).read_bytes()
    at = content.index(ELEMENT)
    uid = syntax.encode() + b"\0" * (len(syntax) % 2)
    header = content[:at].replace(PLAIN, b"UI" + len(uid).to_bytes(2, "little") + uid)
    longer = at - len(header)
    length = int.from_bytes(header[140:144], "little") - longer
    header = header[:140] + length.to_bytes(4, "little") + header[144:]
    path.write_bytes(header + (content[at:] if element is None else element))
    return path


def pixel_data(value: bytes, length: int | None = None) -> bytes:
    value += b"\0" * (len(value) % 2)
    said = len(value) if length is None else length
    return ELEMENT + b"OB\0\0" + said.to_bytes(4, "little") + value


@pytest.mark.parametrize(
    ("syntax", "element", "note"),
    [
        ("1.2.840.10008.1.2.4.80", pixel_data(encapsulate([CODESTREAM])), "say a length"),
        ("1.2.840.10008.1.2.4.80", pixel_data(CODESTREAM), "not encapsulated"),
        ("1.2.840.10008.1.2.4.80", None, "pixels are not compressed"),
        (
            "1.2.840.10008.1.2.4.80",
            pixel_data(encapsulate([VALUES.tobytes()]), 0xFFFFFFFF),
            "pixels are not compressed",
        ),
        (
            "1.2.840.10008.1.2.1",
            pixel_data(encapsulate([VALUES.tobytes()]), 0xFFFFFFFF),
            "in compressed form",
        ),
        ("1.2.3.4", None, "pixels are not compressed"),
    ],
    ids=[
        "items with a length",
        "bare codestream",
        "native",
        "raw fragment",
        "raw, said plain",
        "?",
    ],
)
def test_the_pixels_are_read_and_the_mistake_is_told(
    syntax: str, element: bytes | None, note: str, tmp_path: Path
) -> None:
    path = written(tmp_path / "image", syntax, element)
    frame = read_frame(path)
    assert np.array_equal(frame.pixels, VALUES)
    assert any(note in told for told in frame.notes), frame.notes
    header = read_header(path)
    assert header.has_pixels
    assert header.frames == 1


def test_pixels_of_general_electrics_own_syntax_are_big_endian(tmp_path: Path) -> None:
    dataset = make_dataset(VALUES.byteswap(), BitsStored=12, HighBit=11)
    dataset.file_meta.TransferSyntaxUID = "1.2.840.10008.1.2"
    path = save(dataset, tmp_path / "image")
    implicit = b"UI\x12\x001.2.840.10008.1.2\x00"
    assert implicit in path.read_bytes()
    path.write_bytes(path.read_bytes().replace(implicit, b"UI\x12\x001.2.840.113619.5.2"))
    assert np.array_equal(read_frame(path).pixels, VALUES)


@pytest.mark.parametrize(
    "keyword",
    [
        "SamplesPerPixel",
        "PhotometricInterpretation",
        "BitsStored",
        "HighBit",
        "PixelRepresentation",
    ],
)
def test_what_is_missing_is_what_it_most_likely_means(keyword: str, tmp_path: Path) -> None:
    dataset = make_dataset(VALUES)
    del dataset[keyword]
    frame = read_frame(save(dataset, tmp_path / "image"))
    assert np.array_equal(frame.pixels, VALUES)
    assert not frame.inverted
    assert bool(frame.notes) == (keyword != "HighBit")
    assert to_grey(frame).shape == VALUES.shape


def test_colour_without_a_number_of_samples_has_three(tmp_path: Path) -> None:
    colour = np.random.default_rng(6).integers(0, 256, (8, 10, 3)).astype(np.uint8)
    dataset = make_dataset(colour)
    del dataset.SamplesPerPixel, dataset.PlanarConfiguration
    frame = read_frame(save(dataset, tmp_path / "image"))
    assert np.array_equal(frame.pixels, colour)
    assert len(frame.notes) == 2
