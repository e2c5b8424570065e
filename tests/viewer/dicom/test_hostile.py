"""Files made to do harm: each costs one sentence that names the file and nobody, soon."""

from __future__ import annotations

import os
import struct
import time
import tracemalloc
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian, JPEGLSLossless

from tests.factories.dicom_files import make_dataset, save
from viewer.dicom import parse
from viewer.dicom.errors import DicomError
from viewer.dicom.parse import quiet
from viewer.dicom.reader import read_frame, read_header
from viewer.dicom.scan import header_of, scan
from viewer.dicom.study import Header, Rejected
from viewer.reading.process import ReaderProcess

PIXELS = np.arange(64 * 66, dtype=np.uint16).reshape(64, 66)
SECONDS = 8.0
NATIVE = {"explicit": ExplicitVRLittleEndian, "implicit": ImplicitVRLittleEndian}
ITEM, ITEM_END, END = b"\xfe\xff\0\xe0", b"\xfe\xff\x0d\xe0\0\0\0\0", b"\xfe\xff\xdd\xe0\0\0\0\0"
UNDEFINED = b"\xff\xff\xff\xff"
DEPTH = 10_000


@pytest.fixture(scope="module")
def reader() -> Iterator[ReaderProcess]:
    """A reader that none of the files here may bring down."""
    made = ReaderProcess()
    made.headers(())
    pid = made.process.pid
    yield made
    survived = made.process.pid == pid
    made.process.stop()
    assert survived


def sentence_of(reader: ReaderProcess, path: Path) -> str:
    """The one sentence about a file that gives no image, from either way to read it."""
    start = time.monotonic()
    (found,) = reader.headers([path])
    with pytest.raises(DicomError) as caught:
        reader.read(path)
    assert time.monotonic() - start < SECONDS
    for told in (str(caught.value), *([found.reason] if isinstance(found, Rejected) else [])):
        check_sentence(told, path)
    return str(caught.value)


def check_sentence(told: str, path: Path) -> None:
    assert path.name in told
    assert str(path.parent) not in told
    assert told.endswith(".")
    assert not any(word in told for word in ("\n", "DOE", "JANE", "Traceback", "Error"))


def file_with(path: Path, extra: bytes, syntax: Any = ExplicitVRLittleEndian) -> Path:
    """An image with these bytes in its header, before Rows."""
    dataset = make_dataset(PIXELS, PatientName="DOE^JANE")
    dataset.file_meta.TransferSyntaxUID = syntax
    save(dataset, path)
    content = path.read_bytes()
    at = content.rindex(b"\x28\0\2\0")  # Samples per Pixel
    path.write_bytes(content[:at] + extra + content[at:])
    return path


# nesting ------------------------------------------------------------------------------------------


def undefined_nesting(explicit: bool) -> bytes:
    start = b"\x21\0\1\x10" + (b"SQ\0\0" if explicit else b"") + UNDEFINED + ITEM + UNDEFINED
    return start * DEPTH + (ITEM_END + END) * DEPTH


def defined_nesting(explicit: bool) -> bytes:
    head = b"\x21\0\1\x10" + (b"SQ\0\0" if explicit else b"")
    step = len(head) + 12
    parts = []
    for left in range(DEPTH - 1, -1, -1):
        inside = left * step
        parts.append(head + struct.pack("<I", inside + 8) + ITEM + struct.pack("<I", inside))
    return b"".join(parts)


@pytest.mark.parametrize("syntax", NATIVE)
@pytest.mark.parametrize("make", [undefined_nesting, defined_nesting])
def test_sequences_nested_ten_thousand_deep_end_nothing(
    make: Callable[[bool], bytes], syntax: str, reader: ReaderProcess, tmp_path: Path
) -> None:
    path = file_with(tmp_path / "deep.dcm", make(syntax == "explicit"), NATIVE[syntax])
    start = time.monotonic()
    if make is defined_nesting:  # it need not be looked into
        assert np.array_equal(reader.read(path).source.pixels, PIXELS)
    else:
        assert "deeper within each other" in sentence_of(reader, path)
    (found,) = reader.headers([path])
    assert isinstance(found, Header) or "deeper" in found.reason
    assert time.monotonic() - start < SECONDS


def test_nesting_without_a_preamble_is_an_error_and_no_crash(tmp_path: Path) -> None:
    path = tmp_path / "deep.dcm"
    opening = b"\x08\0\x15\x11" + UNDEFINED + ITEM + UNDEFINED
    path.write_bytes(b"\x08\0\x60\0\2\0\0\0CR" + opening * 20000)
    for read in (read_header, read_frame):
        with pytest.raises(DicomError) as caught:
            read(path)
        check_sentence(str(caught.value), path)


# lengths ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("length", [0xFFFFFFFE, 0x7FFFFFFF, 0xFFFFFFFF, 100_000])
@pytest.mark.parametrize(
    ("syntax", "head"),
    [("explicit", b"\x21\0\1\x10OB\0\0"), ("explicit", b"\x21\0\1\x10UT\0\0"),
     ("explicit", b"\x21\0\1\x10SQ\0\0"), ("implicit", b"\x21\0\1\x10")],
)  # fmt: skip
def test_an_element_that_lies_about_its_length_is_one_sentence(
    syntax: str, head: bytes, length: int, reader: ReaderProcess, tmp_path: Path
) -> None:
    extra = head + struct.pack("<I", length)
    sentence_of(reader, file_with(tmp_path / "lying.dcm", extra, NATIVE[syntax]))


@pytest.mark.parametrize("length", [0xFFFFFFFE, 0x7FFFFFFF])
def test_a_fragment_longer_than_the_file_is_read_as_far_as_it_is_there(
    length: int, reader: ReaderProcess, tmp_path: Path
) -> None:
    dataset = make_dataset(PIXELS, PatientName="DOE^JANE")
    dataset.compress(JPEGLSLossless, generate_instance_uid=False)
    path = save(dataset, tmp_path / "lying.dcm")
    content = bytearray(path.read_bytes())
    at = content.index(b"\xff\xd8\xff") - 4
    content[at : at + 4] = struct.pack("<I", length)
    path.write_bytes(content)
    assert np.array_equal(reader.read(path).source.pixels, PIXELS)
    path.write_bytes(content[: at + 100])
    sentence_of(reader, path)


# sizes --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("elements", "why"),
    [
        ({"Rows": 65535, "Columns": 65535, "BitsAllocated": 32}, "hostile"),
        ({"Rows": 65535, "Columns": 65535, "SamplesPerPixel": 3}, "hostile"),
        ({"Rows": 30000, "Columns": 30000, "BitsAllocated": 8}, "cut off"),
        ({"Rows": 0}, "Rows"),
        ({"NumberOfFrames": 10**9, "Rows": 60000}, "cut off"),
        ({"SamplesPerPixel": 65535}, "hostile|cut off|samples"),
        ({"BitsAllocated": 64, "BitsStored": 64}, "cut off"),
    ],
)
def test_sizes_that_are_not_there_are_refused_before_memory_is_taken(
    elements: dict[str, int], why: str, reader: ReaderProcess, tmp_path: Path
) -> None:
    dataset = make_dataset(PIXELS, PatientName="DOE^JANE", **elements)
    told = sentence_of(reader, save(dataset, tmp_path / "huge.dcm"))
    assert any(word in told for word in why.split("|")), told


@pytest.mark.parametrize("compressed", [False, True])
@pytest.mark.parametrize("frames", ["1000000000", "2147483647", "999999999999", "-5", "0", "1e9"])
def test_a_number_of_frames_that_is_not_there_costs_nothing(
    frames: str, compressed: bool, reader: ReaderProcess, tmp_path: Path
) -> None:
    dataset = make_dataset(PIXELS, PatientName="DOE^JANE")
    if compressed:
        dataset.compress(JPEGLSLossless, generate_instance_uid=False)
    with quiet():
        dataset.NumberOfFrames = "1"
        path = save(dataset, tmp_path / "frames.dcm")
    content = path.read_bytes()
    old = b"\x28\0\x08\0IS\2\0001 "
    assert old in content
    data = frames.encode() + b" " * (len(frames) % 2)
    path.write_bytes(content.replace(old, old[:6] + struct.pack("<H", len(data)) + data))
    start = time.monotonic()
    (found,) = reader.headers([path])
    assert isinstance(found, Header)
    assert found.frames == 1 or compressed
    assert np.array_equal(reader.read(path).source.pixels, PIXELS)
    with pytest.raises(DicomError) as caught:
        reader.read(path, 10**8)
    check_sentence(str(caught.value), path)
    assert time.monotonic() - start < SECONDS


def test_an_index_beyond_the_palette_takes_its_last_colour(tmp_path: Path) -> None:
    dataset = make_dataset(np.array([[0, 1], [2, 255]], np.uint8))
    dataset.PhotometricInterpretation = "PALETTE COLOR"
    for colour, entries in (("Red", b"\1\2"), ("Green", b"\3\4"), ("Blue", b"\5\6")):
        setattr(dataset, f"{colour}PaletteColorLookupTableDescriptor", [2, 0, 8])
        setattr(dataset, f"{colour}PaletteColorLookupTableData", entries)
    found = read_frame(save(dataset, tmp_path / "palette.dcm")).pixels
    assert found.tolist() == [[[1, 3, 5], [2, 4, 6]], [[2, 4, 6], [2, 4, 6]]]


def test_a_deflated_bomb_is_inflated_up_to_the_bound_and_no_further(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "bomb.dcm"
    dataset = make_dataset(PIXELS)
    dataset.file_meta.TransferSyntaxUID = "1.2.840.10008.1.2.1.99"
    save(dataset, path)
    content = path.read_bytes()
    meta = content[: 144 + int.from_bytes(content[140:144], "little")]
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    zeros = bytes(16 << 20)
    parts = [packer.compress(b"\x21\0\1\x10OB\0\0\xf0\xff\xff\xff")]
    parts += [packer.compress(zeros) for _ in range(12)]
    path.write_bytes(meta + b"".join(parts) + packer.flush())
    assert path.stat().st_size < 1 << 20
    monkeypatch.setattr(parse, "LARGEST_FILE", 20 << 20)
    tracemalloc.start()
    found = header_of(path)
    with pytest.raises(DicomError) as caught:
        read_frame(path)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert isinstance(found, Rejected)
    check_sentence(str(caught.value), path)
    assert most < 80 << 20


# other things -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "start", [b"MZ\x90\0", b"\x7fELF\2\1", b"#!/bin/sh\n", b"\xcf\xfa\xed\xfe"]
)
def test_a_preamble_that_is_a_program_is_shown_with_a_warning(start: bytes, tmp_path: Path) -> None:
    path = save(make_dataset(PIXELS), tmp_path / "image.dcm")
    path.write_bytes(start + path.read_bytes()[len(start) :])
    frame = read_frame(path)
    assert np.array_equal(frame.pixels, PIXELS)
    assert frame.notes == ("The file begins like a program: do not run it.",)


def test_a_preamble_that_is_a_tiff_is_no_reason_for_a_note(tmp_path: Path) -> None:
    path = save(make_dataset(PIXELS), tmp_path / "image.dcm")
    path.write_bytes(b"II*\0" + path.read_bytes()[4:])
    assert read_frame(path).notes == ()


@pytest.mark.parametrize("syntax", NATIVE)
@pytest.mark.parametrize("defined", [True, False])
@pytest.mark.parametrize("compressed", [True, False])
def test_the_pixels_of_an_icon_are_never_those_of_the_image(
    compressed: bool, defined: bool, syntax: str, tmp_path: Path
) -> None:
    icon = make_dataset(np.full((64, 66), 9, np.uint16))
    item = Dataset()
    for element in icon.group_dataset(0x28), icon.group_dataset(0x7FE0):
        item.update(element)
    item.is_undefined_length_sequence_item = not defined
    dataset = make_dataset(PIXELS, IconImageSequence=[item])
    dataset["IconImageSequence"].is_undefined_length = not defined
    dataset.file_meta.TransferSyntaxUID = NATIVE[syntax]
    if compressed:
        dataset.compress(JPEGLSLossless, generate_instance_uid=False)
    assert np.array_equal(read_frame(save(dataset, tmp_path / "image.dcm")).pixels, PIXELS)


@pytest.mark.parametrize("count", [1, 2, 17, 128, 300])
@pytest.mark.parametrize("preamble", [True, False])
def test_stray_bytes_before_the_data_are_passed_over_with_a_note(
    preamble: bool, count: int, tmp_path: Path
) -> None:
    path = save(make_dataset(PIXELS), tmp_path / "image.dcm")
    content = path.read_bytes()
    if not preamble:
        content = content[content.index(b"\x08\0\x16\0UI") :]
        content = b"\x08\0\x05\0CS\x0a\0ISO_IR 100" + content
    path.write_bytes(b"\xee" * count + content)
    frame = read_frame(path)
    assert np.array_equal(frame.pixels, PIXELS)
    assert any("stray bytes" in note for note in frame.notes)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "it is empty"),
        (bytes(10), "does not start like one"),
        (bytes(1 << 20), "does not start like one"),
        (b"\xff\xd8\xff\xe0" + bytes(500), "JPEG picture"),
        (b"MZ" + bytes(5000), "Windows program"),
        (b"\x7fELF" + bytes(5000), "it is a program"),
        (b"%PDF-1.7 DOE^JANE", "PDF"),
        (b"\x1f\x8b" + bytes(50), "gzip"),
        (bytes(128) + b"DICM", "."),
        (bytes(128) + b"DICM" + b"\xff" * 500, "."),
        (b"\x08\0\x05\0" + b"\xff" * 400, "."),
    ],
)
def test_what_is_no_image_says_what_it_is(
    content: bytes, why: str, reader: ReaderProcess, tmp_path: Path
) -> None:
    path = tmp_path / "thing.dcm"
    path.write_bytes(content)
    assert why in sentence_of(reader, path)


def pipe(path: Path) -> None:
    if not hasattr(os, "mkfifo"):
        pytest.skip("there are no pipes in folders here")
    os.mkfifo(path)


def unreadable(path: Path) -> None:
    path.write_bytes(b"x")
    path.chmod(0)


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (pipe, "no regular file"),
        (os.mkdir, "cannot be read"),
        (unreadable, "Permission denied"),
        (lambda path: path.symlink_to(path.with_name("gone")), "No such file"),
        (lambda path: path.symlink_to(path), "cannot be read"),
        (lambda path: path.symlink_to("/dev/zero"), "no regular file"),
        (lambda path: None, "No such file"),
    ],
    ids=["pipe", "folder", "unreadable", "broken link", "link to itself", "device", "missing"],
)
@pytest.mark.parametrize("name", ["x.dcm", "x.zip", "DICOMDIR"])
def test_what_is_no_regular_file_never_blocks(
    name: str, make: Callable[[Path], None], why: str, reader: ReaderProcess, tmp_path: Path
) -> None:
    path = tmp_path / name
    make(path)
    if why.startswith("Permission") and os.access(path, os.R_OK):
        pytest.skip("nothing is unreadable for root")
    assert why in sentence_of(reader, path)
    found = scan([path])
    if not path.is_dir():
        (row,) = found.rejected
        check_sentence(row.reason, path)


def test_a_folder_of_nasty_entries_is_scanned_to_its_end(tmp_path: Path) -> None:
    good = save(make_dataset(PIXELS), tmp_path / "z.dcm")
    pipe(tmp_path / "pipe")
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    (tmp_path / "broken").symlink_to(tmp_path / "gone")
    (tmp_path / "up").symlink_to(tmp_path, target_is_directory=True)
    (tmp_path / "folder.dcm").mkdir()
    deep = tmp_path
    for _ in range(1500):  # beyond the depth of Python's calls
        deep = deep / "d"
        deep.mkdir()
    odd = save(make_dataset(PIXELS), tmp_path / os.fsdecode(b"\xff\xfe.dcm"))
    found = scan([tmp_path, tmp_path / ("n" * 300), Path("with\0zero")])
    shown = {i.path for s in found.studies for q in s.series for i in q.instances}
    while deep != tmp_path:  # pytest cannot delete that many
        deep.rmdir()
        deep = deep.parent
    assert shown == {good, odd}
    assert len(found.rejected) == 2


def test_an_unreadable_folder_says_so(tmp_path: Path) -> None:
    folder = tmp_path / "locked"
    folder.mkdir()
    folder.chmod(0)
    try:
        if os.access(folder, os.R_OK):
            pytest.skip("nothing is unreadable for root")
        (row,) = scan([tmp_path]).rejected
        assert "Permission denied" in row.reason
        assert isinstance(header_of(folder / "inside.dcm"), Rejected)
    finally:
        folder.chmod(0o700)
