"""Every real file at hand: pixels, or a specific reason."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import numpy as np
import pytest

from tests.factories.dicom_files import DATA
from viewer.dicom.errors import DecodeError, DicomError, NoPixelsError, NotDicomError
from viewer.dicom.frame import to_grey
from viewer.dicom.reader import FrameReader, read_frame, read_header
from viewer.dicom.scan import scan

FOLDER = DATA / "dicom"
MANIFEST = FOLDER / "MANIFEST.csv"

MENDED = (
    "radiographs/robyoung__JPLY_RG3_JPLY",
    "nasty/robyoung__JPLY_MR1_JPLY",
    "nasty/robyoung__JPLY_MR2_JPLY",
    "nasty/robyoung__JPLY_MR3_JPLY",
    "nasty/robyoung__JPLY_NM1_JPLY",
    "nasty/robyoung__JPLY_XA1_JPLY",
    "nasty/robyoung__pydicom_OT-PAL-8-face.dcm",
    "nasty/robyoung__pydicom_badVR.dcm",
    "nasty/robyoung__pydicom_emri_small_jpeg_2k_lossless_too_short.dcm",
    "nasty/robyoung__pydicom_no_meta.dcm",
    "nasty/pydicom__data_liver_deflate.dcm",
    "nasty/pydicom__data_liver_nonbyte_aligned_rle.dcm",
    "nasty/pydicom__data_liver_rle.dcm",
    "nasty/fo-dicom__Data_multiframe.dcm",
    "nasty/fo-dicom__Test_Data_GH340.dcm",
    "nasty/fo-dicom__Test_Data_GH364.dcm",
    "nasty/fo-dicom__Test_Data_genFile.dcm",
    "nasty/wearemothership__dicom-ts-issues_20-wrong-transfer-syntax.dcm",
    "nasty/cornerstonejs__test-images_CTImage.dcm_JPEGProcess6_8TransferSyntax_"
    "1.2.840.10008.1.2.4.53.dcm",
)
"""Files that plain pydicom could not decode and that are read here."""

UNSIZED = {
    "robyoung__pydicom_meta_missing_tsyntax.dcm": "Rows and Columns and BitsAllocated",
    "robyoung__pydicom_nested_priv_SQ.dcm": "Rows and Columns and BitsAllocated",
    "ivmartel__data_dwv-test_no-number-rows.dcm": "Rows",
    "dcm4che__resources_3gb-bulk-data-truncated": "Rows and Columns and BitsAllocated",
}
"""Files with pixels whose layout nothing tells, and what they do not say."""

pytestmark = pytest.mark.skipif(
    not MANIFEST.is_file(), reason="no real files; set ATTENTIVE_VIEWER_DATA to their folder"
)


def rows() -> list[dict[str, str]]:
    """The manifest, empty where there is none."""
    if not MANIFEST.is_file():
        return []
    with MANIFEST.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("row", rows(), ids=lambda row: row["file"])
def test_a_file_gives_pixels_for_every_frame_or_a_specific_error(row: dict[str, str]) -> None:
    path = FOLDER / row["file"]
    if "ERR" not in row["pydicom_decode"] or row["file"] in MENDED:
        check_frames(path)
    elif path.name in UNSIZED:
        with pytest.raises(DecodeError) as refused:
            read_frame(path)
        assert f"{path.name} does not say its {UNSIZED[path.name]} in a" in str(refused.value)
    else:
        with pytest.raises(NoPixelsError) as none:
            read_frame(path)
        assert re.match(rf"{re.escape(path.name)} is a DICOM.* without pixels", str(none.value))
        assert not read_header(path).has_pixels


def test_the_list_of_mended_files_names_files_that_are_there() -> None:
    there = {row["file"] for row in rows() if "ERR" in row["pydicom_decode"]}
    assert set(MENDED) <= there


def check_frames(path: Path) -> None:
    """The frames are grey or colour, native, and of the size and number that the header says."""
    header = read_header(path)
    assert header.has_pixels
    reader = FrameReader()
    for index in range(header.frames):
        frame = reader.read(path, index)
        assert frame.size == (header.rows, header.columns)
        assert frame.pixels.dtype.isnative
    grey = to_grey(frame)
    assert grey.dtype == np.uint8
    assert grey.shape == frame.size
    with pytest.raises(DecodeError):
        reader.read(path, header.frames)


@pytest.mark.parametrize(
    ("name", "size"), [("RG1", (1955, 1841)), ("RG2", (2140, 1760)), ("RG3", (1760, 1760))]
)
def test_the_radiographs_are_the_same_in_every_compression(
    name: str, size: tuple[int, int]
) -> None:
    frames = [read_frame(path) for path in sorted((FOLDER / "radiographs").glob(f"*_{name}_*"))]
    assert frames
    first = to_grey(frames[0]).astype(int)
    for frame in frames:
        assert frame.size == size
        assert frame.windows
        assert np.abs(to_grey(frame) - first).mean() < 2


def test_jpeg_extended_of_twelve_bits_shows_what_lossless_jpeg_shows() -> None:
    folder = FOLDER / "radiographs"
    lossy = read_frame(folder / "robyoung__JPLY_RG3_JPLY").pixels.astype(int)
    lossless = read_frame(folder / "robyoung__JPLL_RG3_JPLL").pixels.astype(int)
    assert np.abs(lossy - lossless).mean() < 2
    assert lossy.max() < 2**10


def test_a_scan_takes_every_file_once() -> None:
    found = scan([FOLDER])
    shown = [i.path for study in found.studies for s in study.series for i in s.instances]
    rejected = [row.path for row in found.rejected]
    assert len(shown) + len(rejected) == len(set(shown) | set(rejected)) == len(rows()) + 1
    decodable = {
        FOLDER / row["file"]
        for row in rows()
        if "ERR" not in row["pydicom_decode"] or row["file"] in MENDED
    }
    assert decodable <= set(shown)
    assert all(row.path.name in row.reason for row in found.rejected)


def test_the_errors_are_of_one_family() -> None:
    assert all(issubclass(e, DicomError) for e in (NotDicomError, NoPixelsError, DecodeError))
