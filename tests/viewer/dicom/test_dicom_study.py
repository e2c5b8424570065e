"""Folders → studies: grouping, order, and a reason for everything left out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.factories.dicom_files import make_dataset, save
from viewer.dicom.containers import files_in
from viewer.dicom.grouping import merge
from viewer.dicom.scan import gathered, scan
from viewer.dicom.study import Scan
from viewer.dicom.walk import files_under

PIXELS = np.zeros((2, 3), np.uint8)
AXIAL = [1, 0, 0, 0, 1, 0]


def put(path: Path, **elements: Any) -> Path:
    """Save an image of patient A in study 1.1, series 1.2 unless ``elements`` say otherwise."""
    defaults = {
        "PatientName": "A^A",
        "PatientID": "1",
        "StudyInstanceUID": "1.1",
        "SeriesInstanceUID": "1.2",
    }
    return save(make_dataset(PIXELS, **{**defaults, **elements}), path)


def names(found: Scan) -> list[list[str]]:
    """File names by series."""
    return [
        [instance.path.name for instance in series.instances]
        for study in found.studies
        for series in study.series
    ]


def test_files_are_found_in_natural_order_below_the_folder_and_nowhere_else(tmp_path: Path) -> None:
    folder, outside = tmp_path / "in", tmp_path / "out"
    for name in ("IM10", "IM2", "sub/a", ".hidden", ".git/b"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    outside.mkdir()
    (outside / "secret").touch()
    try:
        (folder / "link").symlink_to(outside / "secret")
        (folder / "linked").symlink_to(outside, target_is_directory=True)
        (folder / "sub" / "loop").symlink_to(folder, target_is_directory=True)
    except OSError:
        pytest.skip("links cannot be made here")
    expected = [folder / "IM2", folder / "IM10", folder / "sub" / "a"]
    assert list(files_under(folder)) == expected
    assert list(gathered([folder, folder / "IM2"], files_in)) == expected, "each file once"
    assert list(files_under(folder / ".hidden")) == [folder / ".hidden"]


def test_slices_are_ordered_by_position_along_their_normal(tmp_path: Path) -> None:
    for name, z, number in (("a", 30, 1), ("b", 10, 2), ("c", 20, 3)):
        put(
            tmp_path / name,
            ImageOrientationPatient=AXIAL,
            ImagePositionPatient=[5, 5, z],
            InstanceNumber=number,
        )
    assert names(scan([tmp_path])) == [["b", "c", "a"]]


def test_coronal_slices_are_ordered_along_y(tmp_path: Path) -> None:
    # row x, column -z: the normal is x cross -z = +y
    for name, y in (("a", 3), ("b", -4), ("c", 1)):
        put(
            tmp_path / name,
            ImageOrientationPatient=[1, 0, 0, 0, 0, -1],
            ImagePositionPatient=[0, y, 9],
        )
    assert names(scan([tmp_path])) == [["b", "c", "a"]]


def test_without_all_positions_instance_numbers_order(tmp_path: Path) -> None:
    put(
        tmp_path / "a",
        InstanceNumber=10,
        ImageOrientationPatient=AXIAL,
        ImagePositionPatient=[0, 0, 1],
    )
    put(tmp_path / "b", InstanceNumber=9)
    assert names(scan([tmp_path])) == [["b", "a"]]


def test_without_all_numbers_file_names_order(tmp_path: Path) -> None:
    put(tmp_path / "IM10", InstanceNumber=1)
    put(tmp_path / "IM2")
    assert names(scan([tmp_path])) == [["IM2", "IM10"]]


def test_series_by_number_and_studies_by_date(tmp_path: Path) -> None:
    put(tmp_path / "late", StudyInstanceUID="1.9", StudyDate="20200101")
    put(tmp_path / "undated", StudyInstanceUID="1.3")
    put(tmp_path / "s10", SeriesInstanceUID="1.10", SeriesNumber=10, StudyDate="19990101")
    put(tmp_path / "s2", SeriesInstanceUID="1.20", SeriesNumber=2, StudyDate="19990101")
    put(tmp_path / "none", SeriesInstanceUID="1.30", StudyDate="19990101")
    found = scan([tmp_path])
    assert names(found) == [["s2"], ["s10"], ["none"], ["late"], ["undated"]]
    assert [study.date for study in found.studies] == ["1999-01-01", "2020-01-01", ""]
    assert [series.number for series in found.studies[0].series] == [2, 10, None]


@pytest.mark.parametrize("other", [{"PatientID": "2"}, {"PatientName": "B^B"}])
def test_patients_are_one_only_where_name_and_id_agree(
    other: dict[str, str], tmp_path: Path
) -> None:
    put(tmp_path / "a")
    put(tmp_path / "b")
    put(tmp_path / "c", **other)
    found = scan([tmp_path])
    assert sorted(names(found)) == [["a", "b"], ["c"]]
    assert len({(study.patient_name, study.patient_id) for study in found.studies}) == 2


def test_patients_of_one_name_or_one_id_are_never_mixed_in_a_series(tmp_path: Path) -> None:
    people = [("A^A", "1"), ("A^A", "2"), ("B^B", "1"), ("", "1"), ("A^A", ""), ("", "")]
    for number, (name, identity) in enumerate([*people, *people]):
        put(tmp_path / f"{number}", PatientName=name, PatientID=identity)
    found = scan([tmp_path])
    assert len(found.studies) == len(people)
    assert sorted(names(found)) == sorted([f"{n}", f"{n + 6}"] for n in range(6))


def test_images_of_several_frames_are_stacks_of_their_own_within_a_series(tmp_path: Path) -> None:
    for name, frames in (("a", 1), ("b", 3), ("c", 1), ("d", 2)):
        dataset = make_dataset(np.zeros((frames, 2, 4), np.uint8), SeriesInstanceUID="1.2")
        dataset.StudyInstanceUID, dataset.SeriesNumber = "1.1", 5
        dataset.InstanceNumber = ord(name)
        save(dataset, tmp_path / name)
    found = scan([tmp_path])
    assert names(found) == [["a", "c"], ["b"], ["d"]]
    series = found.studies[0].series
    assert [one.starts for one in series] == [(0, 1, 2), (0, 3), (0, 2)]
    assert [one.number for one in series] == [5, 5, 5]
    assert len({one.uid for one in series}) == 3
    assert merge(found, found).studies == found.studies


def test_without_uids_the_folder_groups(tmp_path: Path) -> None:
    for name in ("x/1", "x/2", "y/1"):
        put(tmp_path / name, StudyInstanceUID="", SeriesInstanceUID="")
    found = scan([tmp_path])
    assert names(found) == [["1", "2"], ["1"]]
    assert len({study.uid for study in found.studies}) == 2


def test_every_other_file_is_rejected_with_its_own_reason(tmp_path: Path) -> None:
    put(tmp_path / "image", Rows=2)
    put(tmp_path / "no_rows", Rows=None)
    save(make_dataset(), tmp_path / "report")
    directory = make_dataset(SOPClassUID="1.2.840.10008.1.3.10")
    save(directory, tmp_path / "DICOMDIR")
    (tmp_path / "notes.txt").write_text("hello")
    (tmp_path / "damaged").write_bytes(b"\0" * 128 + b"DICM" + b"\x08\0\0\0ZZ\xff\xff" * 9)
    missing = tmp_path / "missing"
    found = scan([tmp_path, missing])
    assert names(found) == [["image"]]
    reasons = {row.path.name: row.reason for row in found.rejected}
    assert set(reasons) == {"no_rows", "report", "DICOMDIR", "notes.txt", "damaged", "missing"}
    assert "rows" in reasons["no_rows"]
    assert "Basic Text SR without pixels" in reasons["report"]
    assert "index of a disc" in reasons["DICOMDIR"]
    assert "not a DICOM file" in reasons["notes.txt"]
    assert "No such file" in reasons["missing"]


def test_what_an_instance_knows(tmp_path: Path) -> None:
    path = save(make_dataset(np.zeros((4, 2, 3), np.uint16)), tmp_path / "cine")
    instance = scan([path]).studies[0].series[0].instances[0]
    assert (instance.path, instance.frames) == (path, 4)
    assert (instance.rows, instance.columns, instance.attributes.modality) == (2, 3, "CR")


def test_merging_scans_keeps_both_and_reads_nothing_again(tmp_path: Path) -> None:
    first, second = tmp_path / "1.dcm", tmp_path / "2.dcm"
    for number, path in enumerate((first, second), start=1):
        put(path, InstanceNumber=number, SOPInstanceUID=f"1.3.{number}")
    one, two = scan([first]), scan([second])
    both = merge(one, two)
    assert [i.path for i in both.studies[0].series[0].instances] == [first, second]
    assert merge(both, two).studies == both.studies
    second.write_text("no longer DICOM " * 20)
    after = merge(both, scan([second]))
    assert [i.path for i in after.studies[0].series[0].instances] == [first]
    assert [row.path for row in after.rejected] == [second]
