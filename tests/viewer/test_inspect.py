"""``attentive-viewer inspect``: what is there, what of it can be shown, and nobody's name."""

from __future__ import annotations

import csv
import hashlib
import json
import os
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydicom.uid import JPEGLSLossless

from tests.factories.dicom_files import DATA, make_dataset, save
from viewer.app import main

PIXELS = np.arange(64 * 40, dtype=np.uint16).reshape(64, 40)
IDENTITY = {
    "PatientName": "DOE^JANE",
    "PatientID": "ID4711",
    "PatientBirthDate": "19610203",
    "StudyDate": "20010405",
    "StudyDescription": "FOLLOWUP",
    "SeriesDescription": "TOESERIES",
    "InstitutionName": "GENERAL",
    "StudyInstanceUID": "1.2.3.4711",
    "SeriesInstanceUID": "1.2.3.4711.1",
}
SECRETS = (*IDENTITY.values(), "Doe", "DOE", "JANE", "2001-04-05", "1961-02-03")

Inspect = Callable[..., tuple[int, str]]


@pytest.fixture
def inspect(capsys: pytest.CaptureFixture[str]) -> Inspect:
    """Runs the command; its exit status and what it prints."""

    def run(*arguments: str | Path) -> tuple[int, str]:
        status = main(["inspect", *map(str, arguments)])
        printed = capsys.readouterr()
        assert printed.err == ""
        return status, printed.out

    return run


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A study of three files with five frames, a report, a text, and an image that is damaged."""
    inside = tmp_path / "disc"
    for number in (1, 2):
        put(inside / f"{number}.dcm", PIXELS + number, InstanceNumber=number)
    put(inside / "loop.dcm", np.stack([PIXELS] * 3), SeriesInstanceUID="1.2.3.4711.2")
    report = make_dataset(**IDENTITY)
    save(report, inside / "report.dcm")
    (inside / "notes.txt").write_text("DOE^JANE was here")
    damaged = make_dataset(PIXELS, **IDENTITY)
    damaged.compress(JPEGLSLossless, generate_instance_uid=False)
    path = save(damaged, inside / "damaged.dcm")
    content = path.read_bytes()
    at = content.index(b"\xff\xd8\xff") + 40
    path.write_bytes(content[:at] + b"\xaa" * (len(content) - at - 8) + content[-8:])
    return inside


def put(path: Path, pixels: Any, **elements: Any) -> Path:
    return save(make_dataset(pixels, BodyPartExamined="FOOT", **{**IDENTITY, **elements}), path)


def names(rows: list[dict[str, Any]]) -> set[str]:
    return {Path(row["path"]).name for row in rows}


def test_the_json_says_what_is_shown_and_why_the_rest_is_not(
    inspect: Inspect, folder: Path
) -> None:
    status, printed = inspect("--json", folder)
    report = json.loads(printed)
    assert status == 0
    assert set(report) == {"studies", "rejected"}
    (study,) = report["studies"]
    kept = [(one["modality"], one["instances"], one["frames"]) for one in study["series"]]
    assert sorted(kept) == [("CR", 1, 3), ("CR", 2, 2)]
    assert {one["body_part"] for one in study["series"]} == {"FOOT"}
    assert study["objects_without_image"] == ["Basic Text SR"]
    assert names(report["rejected"]) == {"report.dcm", "notes.txt", "damaged.dcm"}
    for row in report["rejected"]:
        assert Path(row["path"]).name in row["reason"]
        assert row["reason"].endswith(".")
        assert row.get("kind", "") == ("Basic Text SR" if "report" in row["path"] else "")


def test_every_decoded_frame_is_told_by_the_hash_of_its_values(
    inspect: Inspect, folder: Path
) -> None:
    _, printed = inspect("--json", "--all-frames", folder)
    files = [f for one in json.loads(printed)["studies"][0]["series"] for f in one["files"]]
    (second,) = (f for f in files if f["path"].endswith("2.dcm"))
    (facts,) = second["decoded"]
    values = PIXELS + 2
    assert facts["sha256"] == hashlib.sha256(values.astype("<u2").tobytes()).hexdigest()
    assert (facts["dtype"], facts["colour"]) == ("uint16", False)
    assert (facts["min"], facts["max"]) == (2, int(values.max()))
    assert (second["rows"], second["columns"], second["frames"]) == (64, 40, 1)
    (loop,) = (f for f in files if f["path"].endswith("loop.dcm"))
    assert len(loop["decoded"]) == 3


def test_only_the_headers_are_read_when_that_is_asked(inspect: Inspect, folder: Path) -> None:
    _, printed = inspect("--json", "--headers-only", folder)
    report = json.loads(printed)
    assert names(report["rejected"]) == {"report.dcm", "notes.txt"}
    files = [f for one in report["studies"][0]["series"] for f in one["files"]]
    assert all(file["decoded"] == [] for file in files)
    assert len(files) == 4


@pytest.mark.parametrize("flags", [[], ["--json"], ["--headers-only"], ["--json", "--all-frames"]])
def test_nobody_is_named_unless_that_is_asked(
    flags: list[str], inspect: Inspect, folder: Path
) -> None:
    _, printed = inspect(*flags, folder)
    assert not [secret for secret in SECRETS if secret in printed.replace(str(folder), "")]
    _, printed = inspect(*flags, "--identity", folder)
    assert "2001-04-05" in printed
    assert "DOE, JANE" in printed


def test_people_are_told_the_same_in_words(inspect: Inspect, folder: Path) -> None:
    status, printed = inspect(folder)
    lines = [line.strip() for line in printed.splitlines()]
    assert status == 0
    assert lines[0] == "Study 1"
    assert {"CR FOOT: 2 instances, 2 frames", "CR FOOT: 1 instances, 3 frames"} <= set(lines)
    assert "Basic Text SR, no image" in lines
    assert "Not shown (3):" in lines
    assert any("damaged.dcm has pixels in JPEG-LS" in line for line in lines)


def test_what_had_to_be_mended_is_told(inspect: Inspect, tmp_path: Path) -> None:
    put(tmp_path / "short.dcm", np.stack([PIXELS] * 2), NumberOfFrames=9)
    note = "The file is cut off: 2 of its 9 frames are there."
    _, printed = inspect(tmp_path)
    assert note in printed
    _, printed = inspect("--json", tmp_path)
    assert json.loads(printed)["studies"][0]["series"][0]["files"][0]["notes"] == [note]


@pytest.mark.parametrize("make", ["empty folder", "no image", "damaged only", "missing"])
def test_without_any_image_the_exit_status_is_one(
    make: str, inspect: Inspect, folder: Path, tmp_path: Path
) -> None:
    path = tmp_path / "other"
    if make != "missing":
        path.mkdir()
    if make == "no image":
        (folder / "report.dcm").rename(path / "report.dcm")
    if make == "damaged only":
        (folder / "damaged.dcm").rename(path / "damaged.dcm")
    status, printed = inspect(path)
    assert status == 1
    assert printed.strip()
    assert json.loads(inspect("--json", path)[1])["studies"] == []


def test_archives_and_single_files_are_looked_into(
    inspect: Inspect, folder: Path, tmp_path: Path
) -> None:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as made:
        made.write(folder / "1.dcm", "in/1.dcm")
    _, printed = inspect("--json", path, folder / "2.dcm")
    files = json.loads(printed)["studies"][0]["series"][0]["files"]
    assert {file["path"] for file in files} == {f"{path}/in/1.dcm", str(folder / "2.dcm")}


def test_names_of_files_do_nothing_to_the_terminal(inspect: Inspect, folder: Path) -> None:
    for name in (b"\xff\xfe.dcm", b"\x1b[2J\x07.dcm", "Füße.dcm".encode(), "\xa0\x9b.dcm".encode()):
        os.link(folder / "1.dcm", folder / os.fsdecode(name))
        (folder / os.fsdecode(b"not " + name)).write_bytes(b"hello")
    _, printed = inspect(folder)
    assert "\x1b" not in printed
    assert "Füße.dcm" in printed
    _, printed = inspect("--json", folder)
    files = [f["path"] for s in json.loads(printed)["studies"][0]["series"] for f in s["files"]]
    assert str(folder / os.fsdecode(b"\xff\xfe.dcm")) in files
    assert {str(folder / "\x1b[2J\x07.dcm"), str(folder / "\xa0\x9b.dcm")} <= set(files)


def test_every_real_file_is_shown_or_rejected_and_nearly_all_images_are_shown(
    inspect: Inspect,
) -> None:
    folder = DATA / "dicom"
    if not (folder / "MANIFEST.csv").is_file():
        pytest.skip("no real files; set ATTENTIVE_VIEWER_DATA to their folder")
    with (folder / "MANIFEST.csv").open(encoding="utf-8", newline="") as file:
        files = {str(folder / row["file"]) for row in csv.DictReader(file)}
    status, printed = inspect("--json", folder)
    report = json.loads(printed)
    assert status == 0
    shown = [f["path"] for s in report["studies"] for one in s["series"] for f in one["files"]]
    rejected = {row["path"]: row["reason"] for row in report["rejected"]}
    assert len(shown) == len(set(shown))
    assert not set(shown) & set(rejected)
    assert {os.path.realpath(p) for p in (*shown, *rejected)} >= set(map(os.path.realpath, files))
    none = ("without pixels", "does not say", "MANIFEST")  # no pixels, or none of a known layout
    refused = [why for why in rejected.values() if not any(word in why for word in none)]
    assert len(shown) >= 0.98 * (len(shown) + len(refused))
    assert len([why for why in rejected.values() if "does not say" in why]) <= 4
