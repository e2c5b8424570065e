"""The list of what was opened lately: where it lies, and nothing about whom."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path

import numpy as np
import pytest

from tests.factories.dicom_files import make_dataset, save
from viewer.dicom.scan import scan
from viewer.dicom.study import Scan
from viewer.state.recents import (
    add_recent,
    describe,
    forget_recents,
    read_recents,
    recents_file,
)

IDENTITY = {
    "PatientName": "DOE^JANE",
    "PatientID": "ID4711",
    "PatientBirthDate": "19610203",
    "StudyDate": "20010405",
    "StudyDescription": "FOLLOWUP",
    "SeriesDescription": "TOE",
    "InstitutionName": "GENERAL",
    "AccessionNumber": "ACC99",
    "StudyInstanceUID": "1.2.3.4711",
}


@pytest.fixture(autouse=True)
def _empty_list(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data home"))


@pytest.fixture
def found(tmp_path: Path) -> Scan:
    """One study of two images of a foot."""
    for number in (1, 2):
        dataset = make_dataset(
            np.zeros((2, 3), np.uint8), BodyPartExamined="FOOT", InstanceNumber=number, **IDENTITY
        )
        save(dataset, tmp_path / "DOE JANE" / f"{number}.dcm")
    return scan([tmp_path / "DOE JANE"])


def test_the_tests_write_nothing_into_the_users_own_folder() -> None:
    assert recents_file().is_relative_to(os.environ["XDG_DATA_HOME"])
    assert not recents_file().is_relative_to(Path.home() / ".local")


def test_a_title_says_what_it_is_and_not_whose(found: Scan, tmp_path: Path) -> None:
    add_recent([tmp_path / "DOE JANE"], found)
    (recent,) = read_recents()
    assert recent.what == describe(found) == "CR foot · 2 images"
    assert recent.title.startswith("CR foot · 2 images · opened ")
    assert recent.paths == (str(tmp_path / "DOE JANE"),)
    secrets = (*IDENTITY.values(), "DOE", "JANE", "2001", "Apr 1", str(tmp_path))
    assert not [secret for secret in secrets if secret in recent.title]


def test_the_file_holds_paths_but_nothing_from_the_headers(found: Scan) -> None:
    add_recent([Path("/somewhere")], found)
    written = recents_file().read_text(encoding="utf-8")
    assert not [value for value in IDENTITY.values() if value in written]
    assert set(json.loads(written)[0]) == {"paths", "what", "when"}


@pytest.mark.skipif(os.name != "posix", reason="rights are not told by a mode here")
def test_only_the_user_may_read_the_list(found: Scan) -> None:
    before = os.umask(0)
    try:
        add_recent([Path("/a")], found)
        add_recent([Path("/b")], found)
    finally:
        os.umask(before)
    assert stat.S_IMODE(recents_file().stat().st_mode) == 0o600
    assert stat.S_IMODE(recents_file().parent.stat().st_mode) == 0o700
    assert [path.name for path in recents_file().parent.iterdir()] == ["recent.json"]


def test_the_newest_is_on_top_once_and_ten_are_kept(found: Scan) -> None:
    for number in range(14):
        add_recent([Path(f"/{number}")], found)
    add_recent([Path("/8")], found)
    expected = [(f"/{number}",) for number in (8, 13, 12, 11, 10, 9, 7, 6, 5, 4)]
    assert [recent.paths for recent in read_recents()] == expected


def test_forgetting_leaves_no_file_and_may_be_done_twice(found: Scan) -> None:
    add_recent([Path("/a")], found)
    assert recents_file().is_file()
    for _ in range(2):
        forget_recents()
        assert not recents_file().exists()
        assert read_recents() == []


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"null",
        b"7",
        b"{}",
        b'{"a": 1}',
        b"[1]",
        b'[{"paths": 5, "what": "", "when": ""}]',
        b'[{"paths": ["/a"], "what": "x", "when": "yesterday"}]',
        b'[{"paths": ["/a"], "what": "x"}]',
        b"\xff\xfe\x00",
        b"[" * 100_000,
    ],
)
def test_a_damaged_list_is_an_empty_one_and_is_written_anew(content: bytes, found: Scan) -> None:
    recents_file().parent.mkdir(parents=True)
    recents_file().write_bytes(content)
    assert read_recents() == []
    add_recent([Path("/a")], found)
    assert [recent.paths for recent in read_recents()] == [("/a",)]


def test_a_list_that_cannot_be_written_is_none(found: Scan, tmp_path: Path) -> None:
    (tmp_path / "data home").write_text("a file where the folder should be")
    add_recent([Path("/a")], found)
    assert read_recents() == []
    forget_recents()


@pytest.mark.parametrize(
    ("elements", "text"),
    [
        ([{}], "CR · 1 image"),
        ([{"Modality": ""}], "1 image"),
        ([{"NumberOfFrames": 6}], "CR · 6 images"),
        ([{"Modality": "CT"}, {"Modality": "MR", "PatientID": "2"}], "CT, MR · 2 studies · 2 im"),
    ],
)
def test_what_there_is_in_a_few_words(
    elements: list[dict[str, object]], text: str, tmp_path: Path
) -> None:
    for number, wanted in enumerate(elements):
        pixels = np.zeros((6, 2, 4), np.uint8)
        shown = {"NumberOfFrames": None, **wanted}
        save(make_dataset(pixels, **shown), tmp_path / "in" / f"{number}")
    assert describe(scan([tmp_path / "in"])).startswith(text)
