"""Reading in a process of its own: what comes over, and what its death costs."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

import resources
from engine.process import Ended
from tests.factories.dicom_files import make_dataset, save
from viewer.dicom.errors import DecodeError, DicomError, NoPixelsError
from viewer.dicom.reader import read_frame
from viewer.dicom.scan import scan
from viewer.reading.index import Index
from viewer.reading.process import ReaderProcess


@pytest.fixture
def reader() -> Iterator[ReaderProcess]:
    made = ReaderProcess()
    yield made
    made.process.stop()


def test_the_same_comes_out_as_here(reader: ReaderProcess) -> None:
    files = resources.sample_files()
    assert Index(files, [reader]).run().scan == scan(files)
    pyramid = reader.read(files[0])
    here = read_frame(files[0])
    assert np.array_equal(pyramid.source.pixels, here.pixels)
    assert pyramid.source.windows == here.windows
    assert pyramid.frame is pyramid.source, "what is the same is sent once"
    assert pyramid.levels[0] is pyramid.source.pixels


def test_errors_come_over_as_what_they_are(reader: ReaderProcess, tmp_path: Path) -> None:
    report = save(make_dataset(None), tmp_path / "report.dcm")
    with pytest.raises(NoPixelsError, match="without pixels"):
        reader.read(report)
    with pytest.raises(DicomError):
        reader.read(tmp_path / "missing.dcm")
    assert Index([report], [reader]).run().scan.rejected[0].path == report


def test_a_reader_that_dies_costs_one_sentence(reader: ReaderProcess) -> None:
    path = resources.sample_files()[0]
    first = reader.read(path)
    old = reader.process.pid
    stop = threading.Event()

    def killer() -> None:
        while not stop.is_set():
            pid = reader.process.pid
            if pid is not None:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            time.sleep(0.005)

    thread = threading.Thread(target=killer)
    thread.start()
    try:
        with pytest.raises(DecodeError, match=r"hand\.dcm|chest\.dcm brought its decoder down"):
            reader.read(path)
    finally:
        stop.set()
        thread.join()
    again = reader.read(path)
    assert np.array_equal(again.levels[0], first.levels[0])
    assert reader.process.pid != old


def test_a_reader_that_was_ended_between_two_questions_accuses_nobody(
    reader: ReaderProcess,
) -> None:
    path = resources.sample_files()[0]
    first = reader.read(path)
    reader.process.kill()
    assert np.array_equal(reader.read(path).levels[0], first.levels[0])
    pid = reader.process.pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    while reader.process.pid is not None:
        time.sleep(0.005)
    assert np.array_equal(reader.read(path).levels[0], first.levels[0])


def read_for_long(reader: ReaderProcess, path: Path) -> None:
    for _ in range(1000):
        reader.read(path)


def test_a_reader_that_is_ended_at_work_says_that_it_was_on_purpose(reader: ReaderProcess) -> None:
    path = resources.sample_files()[0]
    reader.headers([path])
    ended = threading.Event()

    def end() -> None:
        while not ended.wait(0.05):  # the first time may be before it is at work
            reader.process.kill()

    alarm = threading.Thread(target=end)
    alarm.start()
    with pytest.raises(Ended):
        read_for_long(reader, path)
    ended.set()
    alarm.join()
    assert reader.read(path).levels


def test_an_archive_given_under_another_name_is_opened(
    reader: ReaderProcess, tmp_path: Path
) -> None:
    disc = tmp_path / "disc.bin"
    with zipfile.ZipFile(disc, "w") as archive:
        archive.write(resources.sample_files()[0], "IM1")
    found = Index([disc], [reader]).run().scan
    assert [header.path for header in found.headers] == [disc / "IM1"]
    beside = Index([tmp_path], [reader]).run().scan
    assert "is a ZIP archive or an office document" in beside.rejected[0].reason
