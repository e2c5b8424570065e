"""The quick look at a header against the parser: whatever is skimmed, the parser says, too."""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydicom.dataset import Dataset, FileDataset
from pydicom.sequence import Sequence
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGLSLossless,
    RLELossless,
)

from tests.factories.dicom_files import DATA, make_dataset, save
from viewer.dicom import reader
from viewer.dicom.errors import DicomError
from viewer.dicom.parse import quiet
from viewer.dicom.reader import read_header
from viewer.dicom.skim import Skimmed, Unusual, skim
from viewer.dicom.study import Header

PIXELS = np.arange(64 * 66, dtype=np.uint16).reshape(64, 66)
REAL = sorted(path for path in (DATA / "dicom").glob("*/*") if path.is_file())
NATIVE = (ExplicitVRLittleEndian, ImplicitVRLittleEndian)


def told(path: Path) -> Header | str:
    """The header, or the sentence in its place."""
    try:
        return read_header(path)
    except DicomError as error:
        return str(error)


@pytest.fixture
def both(monkeypatch: pytest.MonkeyPatch) -> Callable[[Path], tuple[Any, Any, bool]]:
    """What is said of a file with skimming and without, and whether it was skimmed."""

    def read(path: Path) -> tuple[Any, Any, bool]:
        finished: list[Skimmed] = []
        unfinished: list[None] = []

        def watched(data: bytes, size: int) -> Skimmed:
            finished.append(skim(data, size))
            return finished[-1]

        def parsed(*args: Any) -> Any:
            unfinished.append(None)
            return parse(*args)

        def never(data: bytes, size: int) -> Skimmed:
            raise Unusual

        parse = reader.parse
        with monkeypatch.context() as patch:
            patch.setattr(reader, "skim", watched)
            patch.setattr(reader, "parse", parsed)
            first = told(path)
        with monkeypatch.context() as patch:
            patch.setattr(reader, "skim", never)
            return first, told(path), bool(finished) and not unfinished

    return read


@pytest.mark.skipif(not REAL, reason="no real files; set ATTENTIVE_VIEWER_DATA to their folder")
def test_of_every_real_file_both_say_the_same_and_most_are_skimmed(both: Any) -> None:
    skimmed = []
    for path in REAL:
        first, second, quick = both(path)
        assert first == second, path.name
        if path.parent.name == "radiographs":  # the others are nasty
            skimmed.append(quick)
    assert len(skimmed) > 10
    assert sum(skimmed) >= 0.7 * len(skimmed)


def nested(depth: int, defined: bool) -> Dataset:
    """Sequences within each other."""
    inner = Dataset()
    inner.CodeMeaning = "innermost"
    for _ in range(depth):
        outer = Dataset()
        outer.ContentSequence = Sequence([inner, Dataset()])
        outer["ContentSequence"].is_undefined_length = not defined
        inner.is_undefined_length_sequence_item = not defined
        inner = outer
    return inner


def private(length: int) -> Callable[[FileDataset], None]:
    """A private element of some bytes before most of the header."""

    def change(dataset: FileDataset) -> None:
        block = dataset.private_block(0x0009, "ATTENTIVE TEST", create=True)
        block.add_new(0x01, "OB", b"\x07" * length)

    return change


def _sequences(defined: bool) -> Callable[[FileDataset], None]:
    def change(dataset: FileDataset) -> None:
        dataset.update(nested(4, defined))
        dataset.AnatomicRegionSequence = [Dataset()]
        dataset.AnatomicRegionSequence[0].CodeMeaning = "Wrist"

    return change


def _set(**elements: Any) -> Callable[[FileDataset], None]:
    def change(dataset: FileDataset) -> None:
        for keyword, value in elements.items():
            setattr(dataset, keyword, value)

    return change


def _raw(**elements: bytes) -> Callable[[FileDataset], None]:
    """Bytes that pydicom would not write as values of these elements."""

    def change(dataset: FileDataset) -> None:
        from pydicom.datadict import dictionary_VR, tag_for_keyword
        from pydicom.dataelem import RawDataElement
        from pydicom.tag import Tag

        for keyword, data in elements.items():
            tag = Tag(tag_for_keyword(keyword) or 0)
            data += b" " * (len(data) % 2)
            vr = dictionary_VR(tag)
            dataset[tag] = RawDataElement(tag, vr, len(data), data, 0, False, True)

    return change


ENHANCED = Dataset()
ENHANCED.PlaneOrientationSequence = [Dataset()]
ENHANCED.PlaneOrientationSequence[0].ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
IDENTITY = {
    "PatientName": "DOE^JANE^^DR",
    "PatientID": " 12 ",
    "PatientBirthDate": "19700102",
    "StudyDate": "20010203",
    "StudyInstanceUID": "1.2.3",
    "SeriesInstanceUID": "1.2.3.4",
    "ImageLaterality": "L",
    "InstanceNumber": "0012",
    "SeriesNumber": "7",
    "ImageComments": "one\\line  ",
    "LossyImageCompression": "01",
    "LossyImageCompressionRatio": [3, 4.5],
}
ORDINARY: dict[str, Callable[[FileDataset], None]] = {
    "nothing but the image": _set(),
    "everything that is asked": _set(**IDENTITY),
    "a place in the patient": _set(
        ImagePositionPatient=[1.5, -2, 3e2], ImageOrientationPatient=[1, 0, 0, 0, 0, -1]
    ),
    "several values": _set(
        PatientOrientation=["L", "F"], ViewPosition="PA", SeriesDescription="a,b", Modality="CR"
    ),
    "empty values": _set(PatientName="", StudyDate=None, InstanceNumber=None, NumberOfFrames=None),
    "a private element": private(100),
    "a private element of 20 KB": private(20_000),
    "a private element of 300 KB": private(300_000),
    "escaped names (ISO 2022)": _raw(
        SpecificCharacterSet=b"\\ISO 2022 IR 87",
        PatientName=b"Yamada^Tarou=\x1b$B;3ED\x1b(B^\x1b$BB@O:\x1b(B",
    ),
    "names in Latin 1": _raw(SpecificCharacterSet=b"ISO_IR 100", PatientName=b"M\xfcller^J\xf6rg"),
    "names in UTF-8": _set(SpecificCharacterSet="ISO_IR 192", PatientName="Müller^Jörg=山田^太郎"),
    "bytes that no character set knows": _raw(PatientName=b"M\xffller"),
    "a Japanese yen sign": _raw(SpecificCharacterSet=b"ISO_IR 13", PatientName=b"A\\B~C"),
    "numbers that are none": _raw(SeriesNumber=b"1A", InstanceNumber=b"1.5"),
    "a number of frames that is none": _raw(NumberOfFrames=b"two"),
    "places that are none": _raw(
        ImagePositionPatient=b"a\\b\\c", ImageOrientationPatient=b"1\\0\\0\\0\\1\\0"
    ),
    "no SOP class but in the meta information": _raw(SOPClassUID=b""),
    "a date that is none": _raw(StudyDate=b"yesterday"),
    "a date of ACR-NEMA": _raw(StudyDate=b"2001.02.03"),
    "sequences of defined length": _sequences(True),
    "sequences of undefined length": _sequences(False),
    "functional groups": _set(SharedFunctionalGroupsSequence=[ENHANCED]),
    "more frames than are there": _set(NumberOfFrames=9),
    "a palette": _set(PhotometricInterpretation="PALETTE COLOR"),
    "several numbers of rows": _set(Rows=[3, 4]),
}


@pytest.mark.parametrize("syntax", NATIVE, ids=["explicit", "implicit"])
@pytest.mark.parametrize("name", ORDINARY)
def test_both_say_the_same(name: str, syntax: Any, both: Any, tmp_path: Path) -> None:
    dataset = make_dataset(PIXELS)
    dataset.file_meta.TransferSyntaxUID = syntax
    ORDINARY[name](dataset)
    with quiet():
        path = save(dataset, tmp_path / "image.dcm")
    first, second, _ = both(path)
    assert isinstance(second, Header)
    assert first == second


def test_what_is_ordinary_is_skimmed(both: Any, tmp_path: Path) -> None:
    for name in ("everything that is asked", "a private element of 20 KB", "several values"):
        dataset = make_dataset(PIXELS)
        ORDINARY[name](dataset)
        assert both(save(dataset, tmp_path / "image.dcm"))[2], name


def test_a_name_in_another_script_is_read_right_although_it_is_not_skimmed(tmp_path: Path) -> None:
    dataset = make_dataset(PIXELS)
    ORDINARY["names in Latin 1"](dataset)
    assert read_header(save(dataset, tmp_path / "a.dcm")).attributes.patient_name == "Müller, Jörg"


@pytest.mark.parametrize(
    "syntax",
    [
        *(JPEG2000Lossless, JPEGLSLossless, RLELossless),
        *(ExplicitVRBigEndian, DeflatedExplicitVRLittleEndian),
    ],
)
@pytest.mark.parametrize("frames", [1, 3])
def test_both_say_the_same_in_every_syntax(
    syntax: Any, frames: int, both: Any, tmp_path: Path
) -> None:
    dataset = make_dataset(np.stack([PIXELS] * frames) if frames > 1 else PIXELS, **IDENTITY)
    if syntax.is_compressed and syntax.is_encapsulated:
        dataset.compress(syntax, generate_instance_uid=False)
    else:
        dataset.file_meta.TransferSyntaxUID = syntax
    first, second, _ = both(save(dataset, tmp_path / "image.dcm"))
    assert isinstance(second, Header)
    assert first == second
    assert (first.frames, first.has_pixels) == (frames, True)


@pytest.mark.parametrize("syntax", NATIVE, ids=["explicit", "implicit"])
@pytest.mark.parametrize(
    "trailing", [b"", b"\0", b"\0" * 500, b"\xfc\xff\xfc\xffOB\0\0\4\0\0\0abcd"]
)
@pytest.mark.parametrize("pixels", [None, PIXELS, PIXELS[:0]])
def test_both_say_the_same_whatever_trails(
    pixels: Any, trailing: bytes, syntax: Any, both: Any, tmp_path: Path
) -> None:
    dataset = make_dataset(pixels, **IDENTITY)
    dataset.file_meta.TransferSyntaxUID = syntax
    path = save(dataset, tmp_path / "object.dcm")
    path.write_bytes(path.read_bytes() + trailing)
    first, second, _ = both(path)
    assert first == second
    assert isinstance(first, str) or first.has_pixels is bool(pixels is not None and len(pixels))


@pytest.mark.parametrize("syntax", NATIVE, ids=["explicit", "implicit"])
def test_both_say_the_same_wherever_a_file_is_cut_off(
    syntax: Any, both: Any, tmp_path: Path
) -> None:
    dataset = make_dataset(np.stack([PIXELS] * 3), **IDENTITY)
    dataset.file_meta.TransferSyntaxUID = syntax
    dataset.AnatomicRegionSequence = [ENHANCED]
    path = save(dataset, tmp_path / "image.dcm")
    content = path.read_bytes()
    for length in range(len(content) - 160, len(content), 7):
        path.write_bytes(content[:length])
        first, second, _ = both(path)
        assert first == second, length


def test_sequences_too_deep_for_the_parser_are_not_skimmed_either(
    both: Any, tmp_path: Path
) -> None:
    path = save(make_dataset(PIXELS), tmp_path / "image.dcm")
    content = path.read_bytes()
    at = content.index(b"\x28\0\x02\0US")
    opening = b"\x21\0\1\x10SQ\0\0\xff\xff\xff\xff\xfe\xff\0\xe0\xff\xff\xff\xff"
    closing = b"\xfe\xff\x0d\xe0\0\0\0\0\xfe\xff\xdd\xe0\0\0\0\0"
    depth = 3000
    path.write_bytes(content[:at] + opening * depth + closing * depth + content[at:])
    first, second, quick = both(path)
    assert first == second
    assert "deeper within each other" in first
    assert not quick


def test_pixels_of_an_icon_are_not_taken_for_those_of_the_image(both: Any, tmp_path: Path) -> None:
    icon = Dataset()
    icon.Rows = icon.Columns = 2
    icon.add_new("PixelData", "OW", struct.pack("<4H", 1, 2, 3, 4))
    for defined in (True, False):
        dataset = make_dataset(PIXELS, IconImageSequence=[icon])
        dataset["IconImageSequence"].is_undefined_length = not defined
        first, second, _ = both(save(dataset, tmp_path / "image.dcm"))
        assert first == second
        assert (first.rows, first.columns) == PIXELS.shape
