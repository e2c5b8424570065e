"""What ``python -m tests.fuzz`` found, each by the smallest file that shows it."""

from __future__ import annotations

import struct
import time
import warnings
import zipfile
from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
import pytest
from pydicom.dataelem import DataElement
from pydicom.encaps import encapsulate
from pydicom.uid import JPEG2000Lossless, JPEGBaseline8Bit

from tests.factories.dicom_files import lut_item, make_dataset, save
from viewer.dicom.codestreams import values_in
from viewer.dicom.containers import files_in
from viewer.dicom.errors import DecodeError, DicomError, NotDicomError
from viewer.dicom.frame import default_window, to_grey
from viewer.dicom.reader import read_frame, read_header
from viewer.dicom.scan import header_of, scan
from viewer.dicom.study import Rejected
from viewer.render.pyramid import Pyramid

PIXELS = np.arange(20 * 30, dtype=np.uint16).reshape(20, 30)
NAMED = "DOE^JANE"


def reason_for(path: Path) -> str:
    """The sentence of a file that is refused."""
    found = header_of(path)
    assert isinstance(found, Rejected)
    return found.reason


def archive_of(path: Path, name: str, content: bytes) -> Path:
    with zipfile.ZipFile(path, "w") as made:
        made.writestr(zipfile.ZipInfo(name), content)
    return path


# sentences ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["a\nb.dcm", "\x1b[31mred.dcm", "\u202emcd.dcm", "x" * 5000])
def test_a_sentence_is_one_plain_line_whatever_the_file_is_called(
    name: str, tmp_path: Path
) -> None:
    path = archive_of(tmp_path / "study.zip", name, b"no image")
    (rejected,) = scan([path]).rejected
    assert rejected.reason.isprintable()
    assert len(rejected.reason) < 700


def test_what_is_no_uid_is_not_quoted(tmp_path: Path) -> None:
    """Tags and lengths that are damaged let any text stand where a UID should be."""
    path = save(make_dataset(None), tmp_path / "report.dcm")
    said = b"1.2.840.10008.5.1.4.1.1.88.11"
    assert said in path.read_bytes()
    path.write_bytes(path.read_bytes().replace(said, f"840 {NAMED}".ljust(len(said)).encode()))
    assert NAMED not in reason_for(path)
    image = make_dataset(PIXELS)
    image.PixelData = encapsulate([b"\0\0"])
    image["PixelData"].VR = "OB"
    path = save(image, tmp_path / "image.dcm")
    syntax = b"1.2.840.10008.1.2.1\0"
    path.write_bytes(path.read_bytes().replace(syntax, NAMED.encode().ljust(len(syntax))))
    with pytest.raises(DecodeError, match=r"image\.dcm is compressed as something unknown"):
        read_frame(path)


# elements -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("vr", ["UI", "OB", "SQ", "DS", "PN", "FD"])
@pytest.mark.parametrize("keyword", ["SamplesPerPixel", "NumberOfFrames", "BitsStored"])
def test_a_number_of_another_vr_is_mended(keyword: str, vr: str, tmp_path: Path) -> None:
    path = save(make_dataset(PIXELS, NumberOfFrames=1), tmp_path / "vr.dcm")
    content = bytearray(path.read_bytes())
    tag = make_dataset(PIXELS, NumberOfFrames=1)[keyword].tag
    at = content.index(struct.pack("<HH", tag.group, tag.element))
    content[at + 4 : at + 6] = vr.encode()
    path.write_bytes(content)
    if vr in ("OB", "SQ"):  # their length is elsewhere, which hides what follows
        with pytest.raises(DicomError, match=r"^((?!unforeseen).)*$"):
            read_frame(path)
    else:
        assert read_frame(path).size == (20, 30)


def test_zeros_behind_a_preamble_are_nothing(tmp_path: Path) -> None:
    path = tmp_path / "zeros.dcm"
    path.write_bytes(b"\0" * 128 + b"DICM" + b"\0" * (32 << 20))
    start = time.monotonic()
    with pytest.raises(NotDicomError, match=r"zeros\.dcm is not a DICOM file"):
        read_header(path)
    assert time.monotonic() - start < 1


def test_elements_without_end_are_refused(tmp_path: Path) -> None:
    path = save(make_dataset(None, Modality=""), tmp_path / "many.dcm")
    path.write_bytes(path.read_bytes() + b"\x0b\0\1\x10LO\0\0" * 4_000_000)
    start = time.monotonic()
    with pytest.raises(NotDicomError, match=r"many\.dcm holds more elements than any real file"):
        read_header(path)
    assert time.monotonic() - start < 5


def test_elements_that_all_reach_to_the_end_are_refused(tmp_path: Path) -> None:
    """pydicom looks for the end of each of them in all that follows."""
    path = save(make_dataset(None, PatientName=NAMED), tmp_path / "again.dcm")
    item = b"\xfe\xff\0\xe0\xff\xff\xff\xff"
    inside = b"\x0b\0\1\x10UT\0\0" + b"\xff" * 4 + b"\0" * 50 + b"\xfe\xff\xdd\xe0" + b"\0" * 4
    hostile = b"\x0b\0\2\x10SQ\0\0" + b"\xff" * 4 + item + inside * 20
    path.write_bytes(path.read_bytes() + (hostile + b"\0" * 8) * 20_000)
    start = time.monotonic()
    assert NAMED not in reason_for(path)
    assert time.monotonic() - start < 5


@pytest.mark.parametrize("vr", ["UT", "UR", "UC"])
def test_a_uid_as_long_as_a_file_is_none(vr: str, tmp_path: Path) -> None:
    dataset = make_dataset(None, Modality="SR", PatientName=NAMED)
    path = save(dataset, tmp_path / "long.dcm")
    start, end = path.read_bytes().split(b"\x08\0\x16\0UI", 1)
    long = b"1\\" * 500_000
    length = struct.pack("<I", len(long))
    skipped = 2 + struct.unpack("<H", end[:2])[0]
    element = b"\x08\0\x16\0" + vr.encode() + b"\0\0" + length + long
    path.write_bytes(start + element + end[skipped:])
    began = time.monotonic()
    assert "without pixels" in reason_for(path)
    assert time.monotonic() - began < 3


def test_an_extended_offset_table_without_its_lengths_is_passed_over(tmp_path: Path) -> None:
    dataset = make_dataset(PIXELS)
    dataset.add(DataElement(0x7FE00001, "OV", b"\0" * 8))
    path = save(dataset, tmp_path / "offsets.dcm")
    assert np.array_equal(read_frame(path).pixels, PIXELS)


def test_float_pixels_need_not_say_their_bits(tmp_path: Path) -> None:
    dataset = make_dataset(PIXELS.astype(np.float32))
    del dataset.BitsAllocated
    frame = read_frame(save(dataset, tmp_path / "float.dcm"))
    assert np.array_equal(frame.pixels, PIXELS)


def test_the_colours_of_a_single_sample_are_grey(tmp_path: Path) -> None:
    dataset = make_dataset(PIXELS.astype(np.uint8), PhotometricInterpretation="YBR_PARTIAL_422")
    assert read_frame(save(dataset, tmp_path / "grey.dcm")).pixels.shape == (20, 30)


# showing ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("ratio", [["1", "99999999"], ["99999999", "1"], ["-1", "1"], ["0", "1"]])
def test_no_pixel_is_a_million_times_as_wide_as_high(ratio: list[str], tmp_path: Path) -> None:
    path = save(make_dataset(PIXELS, PixelAspectRatio=ratio), tmp_path / "ratio.dcm")
    assert read_frame(path).aspect_ratio == 1.0


@pytest.mark.parametrize("spacing", [["1e300", "1e-300"], ["1e-12", "1e-12"], ["0", "0"]])
def test_a_spacing_that_nothing_has_is_none(spacing: list[str], tmp_path: Path) -> None:
    path = save(make_dataset(PIXELS, PixelSpacing=spacing), tmp_path / "spacing.dcm")
    frame = read_frame(path)
    assert frame.spacing is None
    assert frame.aspect_ratio == 1.0


@pytest.mark.parametrize("first", [-5, 65000, 65535])
@pytest.mark.parametrize("kind", [np.uint8, np.uint16, np.int16])
def test_a_table_may_begin_where_no_pixel_is(first: int, kind: Any, tmp_path: Path) -> None:
    item = lut_item(first, list(range(0, 2560, 10)), 12, "SS" if first < 0 else "US")
    dataset = make_dataset(PIXELS.astype(kind), ModalityLUTSequence=[item])
    frame = read_frame(save(dataset, tmp_path / "lut.dcm"))
    assert frame.modality_lut is not None
    inputs = frame.pixels.astype(int)
    expected = frame.modality_lut.entries[np.clip(inputs - frame.modality_lut.first, 0, 255)]
    assert np.array_equal(frame.modality_values(), expected)
    assert to_grey(frame, default_window(frame)).shape == frame.size


@pytest.mark.parametrize(
    "elements",
    [
        {"RescaleSlope": "1e308"},
        {"RescaleSlope": "-1e300", "RescaleIntercept": "1e308"},
        {"RescaleIntercept": "1.7e308"},
        {"WindowCenter": "1e308", "WindowWidth": "1e308"},
        {"WindowCenter": "550", "WindowWidth": "4.9e-324"},
    ],
)
@pytest.mark.parametrize("kind", [np.uint16, np.float64])
def test_numbers_near_the_end_of_all_numbers_are_passed_over(
    elements: dict[str, str], kind: Any, tmp_path: Path
) -> None:
    pixels = PIXELS.astype(kind)
    if kind is np.float64:
        pixels[0, :2] = 1.7e308, -1.7e308
    frame = read_frame(save(make_dataset(pixels, **elements), tmp_path / "huge.dcm"))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        pyramid = Pyramid.of(frame)
        for window in (default_window(frame), pyramid.full_window()):
            assert pyramid.shown(0, window).shape == frame.size
    assert not frame.windows
    assert (frame.slope, frame.intercept) == (1.0, 0.0)


@pytest.mark.parametrize("table", [False, True])
def test_floats_that_are_none_are_shown_in_silence(table: bool, tmp_path: Path) -> None:
    pixels = np.zeros((20, 30), np.float32)
    pixels.view(np.uint32)[0, :4] = (0x7F800001, 0xFF800000, 0x7F7FFFFF, 0x7FC00000)
    dataset = make_dataset(pixels, RescaleSlope="1e300")
    if table:
        dataset.ModalityLUTSequence = [lut_item(0, [0, 10, 20, 30], 8)]
    path = save(dataset, tmp_path / "float.dcm")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        frame = read_frame(path)
        assert to_grey(frame).shape == frame.size
        assert frame.modality_values().dtype == np.float32


# compressed images --------------------------------------------------------------------------------


@pytest.mark.parametrize("codec", ["jpeg8", "jpegls", "jpeg2k", "jpegxl", "htj2k"])
@pytest.mark.parametrize("shape", [(40, 50), (41, 57, 3), (8, 8), (200, 200), (300, 400, 3)])
def test_a_codestream_says_its_size(codec: str, shape: tuple[int, ...]) -> None:
    values = np.arange(int(np.prod(shape))).reshape(shape).astype(np.uint8)
    encode = getattr(imagecodecs, f"{codec}_encode")
    known = values_in(encode(values))
    assert known == values.size or (codec == "jpegxl" and known == shape[0] * shape[1])


@pytest.mark.parametrize("codec", ["jpeg8", "jpeg2k"])
def test_an_image_larger_than_the_file_says_is_not_decoded(codec: str, tmp_path: Path) -> None:
    large = getattr(imagecodecs, f"{codec}_encode")(np.zeros((2000, 3000), np.uint8))
    dataset = make_dataset(PIXELS.astype(np.uint8))
    jpeg = codec == "jpeg8"
    dataset.file_meta.TransferSyntaxUID = JPEGBaseline8Bit if jpeg else JPEG2000Lossless
    dataset.PixelData = encapsulate([large])
    dataset["PixelData"].VR = "OB"
    path = save(dataset, tmp_path / "large.dcm")
    with pytest.raises(DecodeError, match=r"large\.dcm has pixels in JPEG"):
        read_frame(path)


# archives and discs -------------------------------------------------------------------------------


def test_a_member_without_a_name_is_refused(tmp_path: Path) -> None:
    path = archive_of(tmp_path / "study.zip", "", b"no image")
    (found,) = files_in(path)
    assert isinstance(found, Rejected)


@pytest.mark.parametrize(
    ("at", "value"), [(42, struct.pack("<i", -1)), (8, b"\0\x08")], ids=["place", "encoding"]
)
def test_a_damaged_directory_is_one_sentence(at: int, value: bytes, tmp_path: Path) -> None:
    path = archive_of(tmp_path / "study.zip", "é.dcm", b"no image")
    content = bytearray(path.read_bytes())
    start = content.index(b"PK\1\2") + at
    content[start : start + len(value)] = value
    content[content.index(b"PK\3\4") + 30] = 0xED
    path.write_bytes(content)
    (rejected,) = scan([path]).rejected
    assert rejected.reason.isprintable()
    assert "unforeseen" not in rejected.reason
