"""Attributes as text, tolerant of what files hold."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import numpy as np
import pytest
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset
from pydicom.tag import Tag

from tests.factories.dicom_files import make_dataset
from viewer.dicom.attributes import Attributes, opposite_orientation, read_attributes


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("DOE^JANE", "DOE, JANE"),
        ("DOE^JANE^M^DR", "DOE, JANE"),
        ("DOE", "DOE"),
        ("^JANE", "JANE"),
        ("=山田^太郎", "山田, 太郎"),
        ("", ""),
    ],
)
def test_names_are_last_then_first(written: str, shown: str) -> None:
    dataset = make_dataset(PatientName=written, SpecificCharacterSet="ISO_IR 192")
    assert read_attributes(dataset).patient_name == shown


def test_plain_elements_dates_and_compression() -> None:
    dataset = make_dataset(
        np.zeros((2, 2), np.uint8),
        PatientID="P1",
        PatientBirthDate="19700131",
        StudyDate="20010203",
        SeriesNumber=4,
        ViewPosition="PA",
        Laterality="L",
        LossyImageCompression="01",
        LossyImageCompressionRatio=[10, 2.5],
    )
    found = read_attributes(dataset)
    assert (found.patient_id, found.series_number) == ("P1", "4")
    assert (found.birth_date, found.study_date) == ("1970-01-31", "2001-02-03")
    assert (found.view_position, found.laterality) == ("PA", "L")
    assert found.lossy_ratio == "10:1, 2.5:1"
    assert found.sop_class == "Computed Radiography Image Storage"
    assert found.transfer_syntax == "Explicit VR Little Endian"


def test_codes_stand_in_for_missing_words() -> None:
    code = Dataset()
    code.CodeMeaning = "medio-lateral oblique"
    found = read_attributes(make_dataset(ViewCodeSequence=[code], AnatomicRegionSequence=[code]))
    assert found.view_position == found.body_part == "medio-lateral oblique"


@pytest.mark.parametrize(
    ("elements", "expected"),
    [
        ({"PatientOrientation": ["L", "F"]}, ("L", "F")),
        ({"PatientOrientation": ["PR", "HA"]}, ("PR", "HA")),
        ({"PatientOrientation": ["L", ""]}, ()),
        ({"PatientOrientation": "L"}, ()),
        ({"PatientOrientation": ["Q", "F"]}, ()),
        ({}, ()),
        ({"ImageOrientationPatient": [1, 0, 0, 0, 1, 0]}, ("L", "P")),
        ({"ImageOrientationPatient": [0, 1, 0, 0, 0, -1]}, ("P", "F")),
        ({"ImageOrientationPatient": [0.8, -0.6, 0, 0, 0, -1]}, ("LA", "F")),
        ({"ImageOrientationPatient": [0, 0, 0, 0, 0, 0]}, ()),
    ],
)
def test_orientation_is_right_or_not_said(elements: dict[str, Any], expected: object) -> None:
    assert read_attributes(make_dataset(**elements)).patient_orientation == expected


@pytest.mark.parametrize(
    ("letters", "opposite"), [("L", "R"), ("AH", "PF"), ("FRP", "HLA"), ("", ""), ("LX", "")]
)
def test_opposite_orientation(letters: str, opposite: str) -> None:
    assert opposite_orientation(letters) == opposite


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_broken_values_are_empty_or_as_written() -> None:
    dataset = Dataset()
    for keyword, vr, broken in [
        ("LossyImageCompression", "CS", b"01"),
        ("LossyImageCompressionRatio", "DS", b"ten"),
        ("SeriesNumber", "IS", b"1A"),
        ("ImageOrientationPatient", "DS", b"1\\0\\x\\0\\1\\0"),
        ("AnatomicRegionSequence", "SQ", b"no sequence"),
        ("StudyDate", "DA", b"2001.02.03"),
        ("PatientBirthDate", "DA", b"yesterday"),
    ]:
        tag = Tag(keyword)
        dataset[tag] = RawDataElement(tag, vr, len(broken), broken, 0, False, True)
    found = read_attributes(dataset)
    assert found.lossy_ratio == "lossy"
    assert (found.series_number, found.body_part, found.patient_orientation) == ("1A", "", ())
    assert (found.study_date, found.birth_date) == ("2001-02-03", "yesterday")
    assert read_attributes(Dataset()) == Attributes()


def test_the_numpy_half_does_not_load_pydicom() -> None:
    code = (
        "import viewer.dicom.attributes, viewer.dicom.errors, viewer.dicom.frame, sys;"
        "sys.exit('pydicom' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
