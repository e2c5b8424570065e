"""What reading may cost: a file that kills, hangs or fills its reader costs one sentence."""

from __future__ import annotations

import threading
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from engine.process import ProcessDied, WorkerProcess
from tests.factories.dicom_files import DATA, make_dataset, save
from viewer.dicom.errors import DicomError
from viewer.dicom.scan import scan
from viewer.dicom.study import Header, Rejected, Scan
from viewer.reading import process
from viewer.reading.index import Index, Progress
from viewer.reading.process import ReaderProcess

MOODY = "tests.factories.moody_reader"
Make = Callable[..., ReaderProcess]


@pytest.fixture
def make(monkeypatch: pytest.MonkeyPatch) -> Iterator[Make]:
    """Makes readers, of this module or another, and ends them."""
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))
    made: list[ReaderProcess] = []

    def one(module: str = "") -> ReaderProcess:
        made.append(ReaderProcess())
        if module:
            made[-1].process = WorkerProcess(module, silent=True)
        return made[-1]

    yield one
    for reader in made:
        reader.process.stop()


def images(folder: Path, *names: str) -> list[Path]:
    """One image under several names."""
    return [save(make_dataset(np.zeros((4, 5), np.uint8)), folder / name) for name in names]


def paths_of(found: Scan) -> list[Path]:
    return [i.path for study in found.studies for s in study.series for i in s.instances]


def check_sentence(reason: str, name: str) -> None:
    assert reason.startswith(name)
    assert reason.endswith(".")
    assert "\n" not in reason


@pytest.mark.parametrize("position", [0, 2, 4])
def test_a_file_that_brings_its_reader_down_costs_itself_alone(
    position: int, make: Make, tmp_path: Path
) -> None:
    names = ["a", "b", "c", "d"]
    names.insert(position, "kills.dcm")
    reader = make(MOODY)
    found = reader.headers(images(tmp_path, *names))
    assert [isinstance(row, Header) for row in found] == [name != "kills.dcm" for name in names]
    refused = found[position]
    assert isinstance(refused, Rejected)
    assert "brought its reader down" in refused.reason
    check_sentence(refused.reason, "kills.dcm")


def test_files_that_all_bring_their_reader_down_are_all_refused(make: Make, tmp_path: Path) -> None:
    paths = images(tmp_path, "kills 1", "kills 2", "kills 3")
    found = Index(paths, [make(MOODY), make(MOODY)]).run().scan
    assert [row.path for row in found.rejected] == paths
    assert all("brought its reader down" in row.reason for row in found.rejected)


def test_a_file_that_hangs_is_given_up_after_its_time(
    make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reader = make(MOODY)
    paths = images(tmp_path, "a", "hangs.dcm", "z")
    reader.headers(paths[:1])  # so that it has booted
    monkeypatch.setattr(process, "HEADER_SECONDS", 2.0)
    monkeypatch.setattr(process, "LIST_SECONDS", 2.0)
    start = time.monotonic()
    first, hung, last = reader.headers(paths)
    assert 2 < time.monotonic() - start < 15
    assert isinstance(first, Header)
    assert isinstance(last, Header)
    assert isinstance(hung, Rejected)
    assert "takes longer than 2 s" in hung.reason
    check_sentence(hung.reason, "hangs.dcm")


@pytest.mark.parametrize("what", ["read", "describe"])
def test_a_frame_that_hangs_is_given_up_and_the_next_one_is_read(
    what: str, make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reader = make(MOODY)
    good, hangs = images(tmp_path, "a", "hangs.dcm")
    reader.read(good)
    monkeypatch.setattr(process, "FRAME_SECONDS", 0.5)
    start = time.monotonic()
    with pytest.raises(DicomError, match=r"takes longer than 0\.5 s") as caught:
        getattr(reader, what)(hangs)
    assert time.monotonic() - start < 5
    check_sentence(str(caught.value), "hangs.dcm")
    monkeypatch.setattr(process, "FRAME_SECONDS", 60.0)
    assert reader.read(good).source.size == (4, 5)


def test_a_container_that_kills_or_hangs_is_refused_in_the_scan(
    make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    good, *_ = images(tmp_path, "a", "m")
    for name in ("kills.zip", "hangs.zip", "z.zip"):
        with zipfile.ZipFile(tmp_path / name, "w") as made:
            made.write(good, "x")
            made.writestr("../evil", b"")
    (tmp_path / "damaged.zip").write_bytes(b"PK\3\4 and no more")
    reader = make(MOODY)
    reader.headers([])
    monkeypatch.setattr(process, "HEADER_SECONDS", 2.0)
    monkeypatch.setattr(process, "LIST_SECONDS", 2.0)
    found = Index([tmp_path], [reader]).run().scan
    z = tmp_path / "z.zip"
    assert set(paths_of(found)) == {good, tmp_path / "m", z / "x"}
    reasons = [(row.path.name, row.reason) for row in found.rejected]
    names = ["damaged.zip", "hangs.zip", "kills.zip", "z.zip"]
    assert [name for name, _ in reasons] == names
    for (_, reason), why in zip(reasons, ("damaged", "longer", "down", "outside"), strict=True):
        assert why in reason


def test_a_reader_that_can_never_start_raises_and_refuses_no_file(
    make: Make, tmp_path: Path
) -> None:
    paths = images(tmp_path, "a", "b")
    with pytest.raises(ProcessDied):
        make("tests.factories.there_is_no_such_module").headers(paths)
    with pytest.raises(ProcessDied):
        Index(paths, [make("tests.factories.there_is_no_such_module")]).run()


def test_a_closed_reader_raises(make: Make, tmp_path: Path) -> None:
    reader = make()
    reader.process.close()
    with pytest.raises(ProcessDied):
        reader.headers(images(tmp_path, "a"))
    with pytest.raises(ProcessDied):
        Index([tmp_path], [reader]).run()


def test_the_first_file_that_a_reader_ever_sees_may_kill_it(make: Make, tmp_path: Path) -> None:
    first, second = make(MOODY).headers(images(tmp_path, "kills", "z"))
    assert isinstance(first, Rejected)
    assert isinstance(second, Header)


def test_more_memory_than_a_reader_may_take_is_refused_and_the_next_file_is_read(
    make: Make, tmp_path: Path
) -> None:
    reader = make(MOODY)
    good, greedy = images(tmp_path, "a", "takes memory.dcm")
    reader.read(good)
    pid = reader.process.pid
    with pytest.raises(DicomError, match="memory"):
        reader.read(greedy)
    assert reader.read(good).source.size == (4, 5)
    assert reader.process.pid == pid, "refused, not killed"


# Index --------------------------------------------------------------------------------------------


def test_cancelling_keeps_what_was_found(make: Make, tmp_path: Path) -> None:
    paths = images(tmp_path, *(f"{n:03}" for n in range(600)))
    told: list[Progress] = []
    index = Index([tmp_path], [make()])

    def report(progress: Progress) -> None:
        told.append(progress)
        index.cancel()

    found = index.run(report).scan
    shown = paths_of(found)
    assert told
    assert 0 < len(shown) < len(paths)
    assert shown == paths[: len(shown)]
    assert set(paths_of(told[0].scan)) <= set(shown)


def test_cancelling_before_it_begins_and_from_another_thread_ends_it(
    make: Make, tmp_path: Path
) -> None:
    images(tmp_path, "a")
    index = Index([tmp_path], [make()])
    thread = threading.Thread(target=index.cancel)
    thread.start()
    thread.join()
    assert index.run().scan == Scan((), ())


def test_what_is_reported_only_grows(make: Make, tmp_path: Path) -> None:
    images(tmp_path, *(f"{n}" for n in range(300)))
    told: list[int] = []
    found = (
        Index([tmp_path], [make(), make()]).run(lambda progress: told.append(progress.files)).scan
    )
    assert told == sorted(told)
    assert len(paths_of(found)) == 300


@pytest.mark.parametrize("count", [1, 2, 3])
def test_several_readers_find_exactly_what_is_found_here_and_now(
    count: int, make: Make, tmp_path: Path
) -> None:
    plain = images(tmp_path, *(f"{n}.dcm" for n in range(150)))
    for number in range(0, 150, 7):
        (tmp_path / f"{number}.txt").write_text("hello")
    with zipfile.ZipFile(tmp_path / "40.zip", "w") as made:
        for name in ("x", "../y", "z"):
            made.write(plain[0], name)
    (tmp_path / "90.zip").write_bytes(b"PK")
    save(make_dataset(), tmp_path / "DICOMDIR")
    paths = [plain[7], tmp_path, tmp_path / "40.zip", tmp_path / "missing"]
    assert Index(paths, [make() for _ in range(count)]).run().scan == scan(paths)


def test_several_readers_find_what_is_found_here_in_every_real_file(make: Make) -> None:
    folder = DATA / "dicom"
    if not folder.is_dir():
        pytest.skip("no real files; set ATTENTIVE_VIEWER_DATA to their folder")
    assert Index([folder], [make(), make()]).run().scan == scan([folder])
