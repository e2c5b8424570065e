"""ZIP archives and DICOMDIRs: what they hold is read as if it lay there, and nothing beyond it."""

from __future__ import annotations

import hashlib
import shutil
import stat
import struct
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydicom.dataset import Dataset
from pydicom.uid import JPEGLSLossless

from tests.factories.dicom_files import make_dataset, save
from viewer.dicom import containers
from viewer.dicom.containers import files_in
from viewer.dicom.errors import DicomError
from viewer.dicom.parse import quiet
from viewer.dicom.reader import read_frame, read_header
from viewer.dicom.scan import gathered, scan
from viewer.dicom.sources import sha256
from viewer.dicom.study import Rejected

PIXELS = np.arange(64 * 40, dtype=np.uint16).reshape(64, 40)


@pytest.fixture
def image(tmp_path: Path) -> Path:
    return save(make_dataset(PIXELS, PatientName="DOE^JANE"), tmp_path / "plain" / "image.dcm")


def archive(path: Path, names: Sequence[str], content: bytes | Path) -> Path:
    """A ZIP file with the same content under several names; those that end in / are folders."""
    data = content if isinstance(content, bytes) else content.read_bytes()
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made:
        for name in names:
            info = zipfile.ZipInfo(name)
            made.writestr(info, b"" if name.endswith("/") else data, zipfile.ZIP_DEFLATED)
    return path


def disc(folder: Path, *names: Sequence[str]) -> Path:
    """A DICOMDIR whose records name files."""
    records = []
    for parts in names:
        record = Dataset()
        record.DirectoryRecordType = "IMAGE"
        with quiet():
            record.add_new("ReferencedFileID", "CS", list(parts))
        records.append(record)
    directory = make_dataset(SOPClassUID="1.2.840.10008.1.3.10", DirectoryRecordSequence=records)
    with quiet():
        return save(directory, folder / "DICOMDIR")


def told(path: Path) -> tuple[list[str], list[str]]:
    """Which files a path leads to, below its folder, and the reasons for what is refused."""
    found = list(gathered([path], files_in))
    root = path if path.is_dir() else path.parent
    files = [str(row.relative_to(root)) for row in found if isinstance(row, Path)]
    return files, [row.reason for row in found if isinstance(row, Rejected)]


def check_sentence(reason: str, name: str) -> None:
    assert name in reason
    assert reason.endswith(".")
    assert "\n" not in reason
    assert "DOE" not in reason


# ZIP ----------------------------------------------------------------------------------------------


def test_members_come_in_natural_order_without_folders_and_hidden_ones(
    image: Path, tmp_path: Path
) -> None:
    names = ["IM10", "IM2.dcm", "b/IM1", "a/c/x.dcm", "a/", ".hidden", ".git/x", "a/.DS_Store"]
    path = archive(tmp_path / "A.ZIP", [*names, "__MACOSX/._IM2.dcm", "__MACOSX/IM2"], image)
    files, reasons = told(path)
    assert files == ["A.ZIP/a/c/x.dcm", "A.ZIP/b/IM1", "A.ZIP/IM2.dcm", "A.ZIP/IM10"]
    assert reasons == []


@pytest.mark.parametrize(
    "name", ["image.dcm", "IM1", "a/b/c/image", "x//y/image", "./image", "Ä ß"]
)
def test_a_member_is_the_file_that_was_packed(name: str, image: Path, tmp_path: Path) -> None:
    path = archive(tmp_path / "a.zip", [name], image)
    (member,) = (row for row in files_in(path) if isinstance(row, Path))
    here, there = read_header(image), read_header(member)
    assert there.attributes == here.attributes
    assert (there.rows, there.columns, there.frames) == (here.rows, here.columns, here.frames)
    assert np.array_equal(read_frame(member).pixels, PIXELS)
    assert sha256(member) == sha256(image) == hashlib.sha256(image.read_bytes()).hexdigest()


@pytest.mark.parametrize("compressed", [False, True])
def test_every_frame_of_a_member_is_that_of_the_plain_file(
    compressed: bool, tmp_path: Path
) -> None:
    dataset = make_dataset(np.stack([PIXELS, PIXELS + 1, PIXELS + 2]))
    if compressed:
        dataset.compress(JPEGLSLossless, generate_instance_uid=False)
    member = archive(tmp_path / "a.zip", ["m"], save(dataset, tmp_path / "m.dcm")) / "m"
    for index in (2, 0, 1):
        assert np.array_equal(read_frame(member, index).pixels, PIXELS + index)


def test_folders_archives_and_single_files_mix_and_each_file_comes_once(
    image: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    shutil.copy(image, folder / "1.dcm")
    packed = archive(folder / "2.zip", ["x", "x.txt"], image)
    archive(folder / "2.zip", ["x", "y"], image)
    found = list(gathered([packed, folder, folder / "1.dcm", packed, packed / "x"], files_in))
    expected = [packed / "x", packed / "y", folder / "1.dcm"]
    assert found == expected
    assert {i.path for i in scan([folder]).studies[0].series[0].instances} | {
        i.path for s in scan([folder]).studies for q in s.series for i in q.instances
    } == set(expected)


def test_an_archive_that_was_written_anew_is_read_anew(image: Path, tmp_path: Path) -> None:
    path = archive(tmp_path / "a.zip", ["x"], image)
    assert read_frame(path / "x").pixels[0, 1] == 1
    other = save(make_dataset(PIXELS + 7, PatientID="longer"), tmp_path / "other.dcm")
    archive(path, ["x", "y"], other)
    assert read_frame(path / "x").pixels[0, 1] == 8
    assert len(list(files_in(path))) == 2


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("../evil", "leads outside"),
        ("a/../../evil", "leads outside"),
        ("a\\..\\evil", "leads outside"),
        ("/etc/passwd", "leads outside"),
        ("\\\\server\\share\\x", "leads outside"),
        ("C:/windows/x", "leads outside"),
        ("C:\\windows\\x", "leads outside"),
    ],
)
def test_a_member_that_leads_outside_is_refused_and_the_others_are_read(
    name: str, why: str, image: Path, tmp_path: Path
) -> None:
    files, reasons = told(archive(tmp_path / "a.zip", [name, "good"], image))
    assert files == ["a.zip/good"]
    assert len(reasons) == 1
    assert why in reasons[0]
    check_sentence(reasons[0], "a.zip")


def test_a_member_that_is_a_link_is_not_followed(image: Path, tmp_path: Path) -> None:
    path = archive(tmp_path / "a.zip", ["good"], image)
    with zipfile.ZipFile(path, "a") as made:
        info = zipfile.ZipInfo("link")
        info.external_attr = (stat.S_IFLNK | 0o777) << 16
        made.writestr(info, str(image))
    files, reasons = told(path)
    assert files == ["a.zip/good"]
    assert "is a link" in reasons[0]


def _patched(path: Path, **fields: int) -> Path:
    """Change fields of the first member in the central directory and its own header."""
    places = {"flags": (8, 6, "H"), "method": (10, 8, "H"), "size": (24, 22, "I")}
    data = bytearray(path.read_bytes())
    central = data.index(b"PK\x01\x02")
    for name, value in fields.items():
        at_central, at_local, kind = places[name]
        struct.pack_into(f"<{kind}", data, central + at_central, value)
        struct.pack_into(f"<{kind}", data, at_local, value)
    path.write_bytes(data)
    return path


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"flags": 1}, "encrypted"),
        ({"method": 77}, "unusual kind"),
        ({"size": 0xFFFFFFF0}, "hostile"),
        ({"size": 100_000}, "damaged"),
        ({"size": 1000}, "damaged|cut off"),
    ],
)
def test_a_member_that_cannot_be_unpacked_says_why(
    fields: dict[str, int], why: str, image: Path, tmp_path: Path
) -> None:
    path = _patched(archive(tmp_path / "a.zip", ["image.dcm", "good"], image), **fields)
    with pytest.raises(DicomError, match=why) as caught:
        read_frame(path / "image.dcm")
    check_sentence(str(caught.value), "image.dcm")
    found = scan([path])
    shown = [i.path for s in found.studies for q in s.series for i in q.instances]
    assert path / "good" in shown
    for row in found.rejected:
        check_sentence(row.reason, "image.dcm")


def test_damaged_compression_is_one_sentence(image: Path, tmp_path: Path) -> None:
    path = archive(tmp_path / "a.zip", ["image.dcm"], image)
    data = bytearray(path.read_bytes())
    data[60:200] = b"\xa5" * 140
    path.write_bytes(data)
    for read in (read_header, read_frame, sha256):
        with pytest.raises(DicomError) as caught:
            read(path / "image.dcm")
        check_sentence(str(caught.value), "image.dcm")


@pytest.mark.parametrize("damage", ["cut off", "no directory", "empty", "a text", "directory"])
def test_a_damaged_archive_is_said_to_be_one(damage: str, image: Path, tmp_path: Path) -> None:
    path = archive(tmp_path / "a.zip", ["image.dcm"], image)
    data = path.read_bytes()
    central = data.index(b"PK\x01\x02")
    new = {
        "cut off": data[: len(data) // 2],
        "no directory": data[:central],
        "empty": b"",
        "a text": b"hello" * 100,
        "directory": data[:central] + b"\xff" * 20 + data[central + 20 :],
    }
    path.write_bytes(new[damage])
    files, reasons = told(path)
    assert files == []
    assert len(reasons) == 1
    assert "damaged ZIP archive" in reasons[0]
    check_sentence(reasons[0], "a.zip")


def test_of_an_archive_with_too_many_members_nothing_is_read(
    image: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = archive(tmp_path / "a.zip", ["1", "2", "3"], image)
    monkeypatch.setattr(containers, "MOST_MEMBERS", 2)
    files, reasons = told(path)
    assert files == []
    assert "3 files, more than any study" in reasons[0]


def test_an_archive_within_an_archive_is_refused_by_name(image: Path, tmp_path: Path) -> None:
    inner = tmp_path / "inner.zip"
    with zipfile.ZipFile(inner, "w", zipfile.ZIP_STORED) as made:
        made.write(image, "x")
    for method in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        outer = tmp_path / f"outer{method}.zip"
        with zipfile.ZipFile(outer, "w", method) as made:
            made.write(inner, "inner.zip")
            made.write(inner, "image")
        found = scan([outer])
        assert [row.path.name for row in found.rejected] == ["image", "inner.zip"]
        for row in found.rejected:
            assert "ZIP archive or an office document" in row.reason
            check_sentence(row.reason, row.path.name)


def test_only_the_header_of_a_bomb_is_unpacked(tmp_path: Path) -> None:
    import tracemalloc

    size = 200 << 20
    image = save(make_dataset(np.zeros((8, 8), np.uint8), NumberOfFrames=99), tmp_path / "x")
    path = tmp_path / "bomb.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made:
        for name, start in (("image", image.read_bytes()), ("zeros", b"")):
            with made.open(name, "w", force_zip64=True) as member:
                member.write(start)
                for _ in range(size >> 20):
                    member.write(bytes(1 << 20))
    assert path.stat().st_size < size / 400
    tracemalloc.start()
    header = read_header(path / "image")
    with pytest.raises(DicomError, match="not a DICOM file") as caught:
        read_header(path / "zeros")
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert header.rows == 8
    check_sentence(str(caught.value), "zeros")
    assert most < 20 << 20


# DICOMDIR -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("on_disc", ["IMAGES/IM1", "images/im1", "Images/IM1;1", "images/im1;1"])
def test_a_dicomdir_leads_to_its_files_however_the_disc_spells_them(
    on_disc: str, image: Path, tmp_path: Path
) -> None:
    target = tmp_path / "disc" / on_disc
    target.parent.mkdir(parents=True)
    shutil.copy(image, target)
    shutil.copy(image, target.parent / "not named")
    path = disc(tmp_path / "disc", ["IMAGES", "IM1"])
    assert told(path) == ([on_disc], [])
    found = scan([path])
    assert [i.path for i in found.studies[0].series[0].instances] == [target]
    assert found.rejected == ()


def test_missing_files_of_a_dicomdir_are_counted(image: Path, tmp_path: Path) -> None:
    folder = tmp_path / "disc"
    path = disc(folder, ["IM1"], ["A", "IM2"], ["IM1", "BELOW", "A", "FILE"], ["."])
    shutil.copy(image, folder / "IM1")
    files, reasons = told(path)
    assert files == ["IM1"]
    assert len(reasons) == 1
    assert "names 3 files that are not there" in reasons[0]


def test_files_that_were_copied_later_are_found(image: Path, tmp_path: Path) -> None:
    folder = tmp_path / "disc"
    path = disc(folder, ["IM1"])
    assert told(path)[0] == []
    shutil.copy(image, folder / "im1")
    assert told(path)[0] == ["im1"]


def test_a_dicomdir_in_a_folder_is_not_followed_as_its_files_are_found_anyway(
    image: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "disc"
    path = disc(folder, ["IM1"], ["MISSING"])
    shutil.copy(image, folder / "IM1")
    assert told(folder) == (["DICOMDIR", "IM1"], [])
    found = list(gathered([path, folder], files_in))
    assert [row.name for row in found if isinstance(row, Path)] == ["IM1"]


@pytest.mark.parametrize(
    "parts",
    [
        ["..", "secret"],
        ["A", "..", "..", "secret"],
        ["/etc/passwd"],
        ["A/../../secret"],
        ["C:", "secret"],
        ["link"],
    ],
)
def test_what_a_dicomdir_names_outside_of_its_folder_is_not_opened(
    parts: list[str], image: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "disc"
    (folder / "A").mkdir(parents=True)
    shutil.copy(image, tmp_path / "secret")
    (folder / "link").symlink_to(tmp_path / "secret")
    files, reasons = told(disc(folder, parts))
    assert files == []
    assert "names 1 files outside of its folder" in reasons[0]
    check_sentence(reasons[0], "DICOMDIR")


def test_a_dicomdir_that_names_itself_and_others_twice_is_listed_once(
    image: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "disc"
    path = disc(folder, ["DICOMDIR"], ["dicomdir"], ["IM1"], ["IM1"], ["im1"])
    shutil.copy(image, folder / "IM1")
    assert told(path)[0] == ["IM1"]


def test_something_else_named_dicomdir_is_refused_with_a_reason(tmp_path: Path) -> None:
    path = tmp_path / "DICOMDIR"
    path.write_bytes(b"hello" * 50)
    (row,) = scan([path]).rejected
    check_sentence(row.reason, "DICOMDIR")


def test_a_mixture_of_everything_says_each_thing_once(
    image: Path, tmp_path: Path, monkeypatch: Any
) -> None:
    folder = tmp_path / "disc"
    path = disc(folder, ["IM1"])
    shutil.copy(image, folder / "IM1")
    packed = archive(folder / "more.zip", ["IM1", "../x"], image)
    found = scan([path, packed, folder, image])
    shown = [i.path for s in found.studies for q in s.series for i in q.instances]
    assert sorted(map(str, shown)) == sorted(map(str, [folder / "IM1", packed / "IM1", image]))
    assert sorted(row.path.name for row in found.rejected) == ["more.zip"]
