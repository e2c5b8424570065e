"""The list of all elements of a file: nothing missing, nothing endless, and what may tell who."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset, FileDataset
from pydicom.uid import ImplicitVRLittleEndian

from tests.factories.dicom_files import make_dataset, save
from viewer.dicom import listing
from viewer.dicom.errors import DicomError, NotDicomError
from viewer.dicom.listing import UNDEFINED, Element, Listing, list_elements

_PIXELS = np.zeros((4, 6), np.uint16)


def _listed(tmp_path: Path, pixels: Any = _PIXELS, **elements: Any) -> Listing:
    return list_elements(save(make_dataset(pixels, **elements), tmp_path / "image"))


def _row(found: Listing, keyword: str) -> Element:
    return next(row for row in found.elements if row.keyword == keyword)


def test_every_element_is_listed_in_order_with_its_parts(tmp_path: Path) -> None:
    found = _listed(tmp_path, PatientName="Doe^Jane", WindowCenter=[1.5, 2], WindowWidth=[3, 4])
    tags = [row.tag for row in found.elements]
    assert tags == sorted(tags)
    assert tags[0].startswith("(0002,")
    name = _row(found, "PatientName")
    assert name == Element(
        0, "(0010,0010)", "Patient's Name", "PatientName", "PN", 8, "Doe^Jane", "", True
    )
    assert _row(found, "WindowCenter").value == "1.5\\2.0"
    assert _row(found, "Rows").value == "4"
    assert _row(found, "Rows").length == 2
    syntax = _row(found, "TransferSyntaxUID")
    assert syntax.value == "1.2.840.10008.1.2.1 = Explicit VR Little Endian"
    pixels = found.elements[-1]
    assert (pixels.tag, pixels.vr, pixels.length) == ("(7FE0,0010)", "OW", 48)
    assert pixels.rest == "48 bytes, not listed"
    assert found.notes == ()


def _code(meaning: str, **elements: Any) -> Dataset:
    item = Dataset()
    item.CodeValue, item.CodeMeaning = "T-1", meaning
    for keyword, value in elements.items():
        setattr(item, keyword, value)
    return item


def test_sequences_are_nested_with_their_items(tmp_path: Path) -> None:
    inner = _code("left")
    outer = _code("hand", AnatomicRegionModifierSequence=[inner])
    found = _listed(tmp_path, AnatomicRegionSequence=[outer, _code("wrist")])
    at = found.elements.index(_row(found, "AnatomicRegionSequence"))
    rows = [(row.depth, row.tag, row.value or row.rest or row.name) for row in found.elements[at:]]
    assert rows[:10] == [
        (0, "(0008,2218)", "2 items"),
        (1, "Item 1", "hand"),
        (2, "(0008,0100)", "T-1"),
        (2, "(0008,0104)", "hand"),
        (2, "(0008,2220)", "1 item"),
        (3, "Item 1", "left"),
        (4, "(0008,0100)", "T-1"),
        (4, "(0008,0104)", "left"),
        (1, "Item 2", "wrist"),
        (2, "(0008,0100)", "T-1"),
    ]
    assert all(
        row.length == len(row.value) + len(row.value) % 2 for row in found.elements[at + 2 : at + 4]
    )


def test_implicit_and_private_elements_are_named(tmp_path: Path) -> None:
    dataset = make_dataset(_PIXELS)
    block = dataset.private_block(0x0019, "GEMS_ACQU_01", create=True)
    block.add_new(0x02, "SL", 7)
    unknown = dataset.private_block(0x0029, "NOBODY KNOWS", create=True)
    unknown.add_new(0x10, "OB", bytes(range(100)))
    dataset.file_meta.TransferSyntaxUID = ImplicitVRLittleEndian
    found = list_elements(save(dataset, tmp_path / "image"))
    rows = {row.tag: row for row in found.elements}
    assert rows["(0019,0010)"].value == "GEMS_ACQU_01"
    assert rows["(0019,0010)"].personal, "anybody may have written it"
    assert rows["(0019,1002)"].value == "7"
    assert "[" in rows["(0019,1002)"].name
    assert rows["(0019,1002)"].personal
    private = rows["(0029,1010)"]
    assert private.value.startswith("00 01 02")
    assert private.rest == "36 more bytes"
    assert private.length == 100


def test_a_sequence_without_length_says_so(tmp_path: Path) -> None:
    dataset = make_dataset(_PIXELS, AnatomicRegionSequence=[_code("hand")])
    dataset["AnatomicRegionSequence"].is_undefined_length = True
    found = list_elements(save(dataset, tmp_path / "image"))
    assert _row(found, "AnatomicRegionSequence").length == UNDEFINED


def test_long_values_are_cut_and_say_by_how_much(tmp_path: Path) -> None:
    found = _listed(
        tmp_path,
        ImageComments="x" * 5000,
        RedPaletteColorLookupTableData=b"\0" * 400,
        AcquisitionTimeSynchronized="Y",
        PixelSpacing=[1, 2],
        FrameIncrementPointer=[0x00181063] * 2,
        AcquisitionMatrix=list(range(700)),
    )
    comments = _row(found, "ImageComments")
    assert (len(comments.value), comments.rest) == (4096, "904 more letters")
    assert _row(found, "RedPaletteColorLookupTableData").rest == "336 more bytes"
    assert _row(found, "FrameIncrementPointer").value == "(0018,1063)\\(0018,1063)"
    numbers = _row(found, "AcquisitionMatrix")
    assert numbers.value.startswith("0\\1\\2\\")
    assert numbers.rest == "188 more values"


def test_a_value_that_breaks_its_rules_is_shown_as_it_is(tmp_path: Path) -> None:
    path = save(make_dataset(_PIXELS, StationName="abcdef"), tmp_path / "image")
    path.write_bytes(path.read_bytes().replace(b"SH\6\0abcdef", b"FD\6\0abcdef"))
    row = next(r for r in list_elements(path).elements if r.tag == "(0008,1010)")
    assert row.value == "abcdef"
    assert row.rest == "is no valid FD"
    assert row.name == "Station Name"
    assert row.personal  # whatever it is


def test_more_rows_than_anybody_reads_are_not_listed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listing, "MOST_ROWS", 30)
    found = _listed(tmp_path, AnatomicRegionSequence=[_code(str(n)) for n in range(50)])
    assert len(found.elements) <= 31  # and the pixels
    assert found.notes == ("Only the first 30 elements are listed.",)


def test_deep_sequences_end_somewhere(tmp_path: Path) -> None:
    item = _code("deepest")
    for _ in range(40):
        item = _code("deep", AnatomicRegionModifierSequence=[item])
    found = _listed(tmp_path, AnatomicRegionSequence=[item])
    assert max(row.depth for row in found.elements) <= 2 * listing.DEEPEST + 1
    assert "deeper than 16 sequences" in found.notes[0]


def test_what_lies_behind_the_pixels_is_counted(tmp_path: Path) -> None:
    dataset = make_dataset(_PIXELS)
    dataset.add_new(0xFFFCFFFC, "OB", b"\0" * 20)
    found = list_elements(save(dataset, tmp_path / "image"))
    assert found.notes == ("32 bytes behind the pixels are not listed.",)


def test_what_is_no_dicom_file_gives_a_sentence(tmp_path: Path) -> None:
    text = tmp_path / "text"
    text.write_text("hello")
    with pytest.raises(NotDicomError, match=r"text is not a DICOM file"):
        list_elements(text)
    with pytest.raises(DicomError, match="gone"):
        list_elements(tmp_path / "gone")


@pytest.mark.parametrize(
    ("keyword", "value"),
    [
        ("PatientName", "Doe"),
        ("PatientSex", "F"),
        ("PatientAge", "050Y"),
        ("StudyDate", "20200101"),
        ("ContentTime", "101010"),
        ("InstitutionName", "Hospital"),
        ("StationName", "Room 1"),
        ("AccessionNumber", "77"),
        ("ImageComments", "free text"),
        ("SeriesDescription", "Jane's hand"),
        ("ReferringPhysicianName", "Doe"),
        ("SOPInstanceUID", "1.2.3.4"),
        ("FrameOfReferenceUID", "1.2.840.10008.999999"),
        ("DeviceSerialNumber", "55"),
        ("WindowCenterWidthExplanation", "JANE"),
        ("RetrieveURL", "http://x"),
        ("EncapsulatedDocument", b"abcd"),
        ("GPSLatitude", "1.5"),
    ],
)
def test_what_may_tell_who_it_is_is_personal(tmp_path: Path, keyword: str, value: Any) -> None:
    assert _row(_listed(tmp_path, **{keyword: value}), keyword).personal


@pytest.mark.parametrize(
    ("keyword", "value"),
    [
        ("Modality", "CR"),
        ("KVP", "50"),
        ("Manufacturer", "ACME"),
        ("ConvolutionKernel", "B30"),
        ("SOPClassUID", "1.2.840.10008.5.1.4.1.1.1"),
        ("BodyPartExamined", "HAND"),
        ("ImagePositionPatient", [1, 2, 3]),
        ("InstanceNumber", "4"),
        ("RescaleType", "HU"),
        ("AccessionNumber", ""),
    ],
)
def test_what_is_about_the_machine_is_not(tmp_path: Path, keyword: str, value: Any) -> None:
    assert not _row(_listed(tmp_path, **{keyword: value}), keyword).personal


def test_people_in_sequences_are_personal_whatever_says_it(tmp_path: Path) -> None:
    person = Dataset()
    person.PersonIdentificationCodeSequence = [_code("Dr Doe")]
    found = _listed(tmp_path, ReferringPhysicianIdentificationSequence=[person])
    inside = [row for row in found.elements if row.depth >= 2 and row.value]
    assert inside
    assert all(row.personal for row in inside)
    assert not any("Doe" in row.name for row in found.elements)


def test_two_names_are_both_listed(tmp_path: Path) -> None:
    found = _listed(tmp_path, OtherPatientNames=["Doe^Jane", "Roe^Jane"])
    assert _row(found, "OtherPatientNames").value == "Doe^Jane\\Roe^Jane"


def test_damaged_files_are_listed_or_refused_with_a_sentence(tmp_path: Path) -> None:
    code = _code("hand", AnatomicRegionModifierSequence=[_code("left")])
    dataset = make_dataset(_PIXELS, AnatomicRegionSequence=[code], PixelSpacing=[1, 2])
    sound = save(dataset, tmp_path / "sound").read_bytes()
    random = np.random.default_rng(3)
    refused: list[str] = []
    for number in range(150):
        damaged = bytearray(sound[: random.integers(150, len(sound))] if number % 3 else sound)
        for at in random.integers(132, len(damaged), 4):
            damaged[at] = random.integers(256)
        path = tmp_path / "damaged"
        path.write_bytes(damaged)
        try:
            found = list_elements(path)
        except DicomError as error:
            refused.append(str(error))
        else:
            assert all(isinstance(row.value, str) for row in found.elements)
    assert len(refused) < 150
    assert not any("unforeseen" in sentence for sentence in refused)


def test_real_files_are_listed_as_pydicom_has_them(data: Path) -> None:
    """Every top-level element that pydicom finds before the pixels is in the list."""
    seen = 0
    for path in sorted((data / "dicom" / "nasty").iterdir())[::6]:
        try:
            found = list_elements(path)
        except DicomError:
            continue
        seen += 1
        with pydicom.config.disable_value_validation():
            dataset: FileDataset = pydicom.dcmread(path, stop_before_pixels=True, force=True)
        tags = {f"({tag.group:04X},{tag.element:04X})" for tag in sorted(dataset.keys())}
        listed = {row.tag for row in found.elements if not row.depth}
        assert tags - {"(7FE0,0010)"} <= listed, path.name
    assert seen > 5
