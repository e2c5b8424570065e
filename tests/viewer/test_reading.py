"""Reading in a process of its own: what comes over, and what its death costs."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

import resources
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
    assert Index(files, [reader]).run() == scan(files)
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
    assert Index([report], [reader]).run().rejected[0].path == report


def test_a_reader_that_dies_costs_one_sentence(reader: ReaderProcess) -> None:
    path = resources.sample_files()[0]
    first = reader.read(path)
    old = reader.process.pid
    stop = threading.Event()

    def killer() -> None:
        while not stop.is_set():
            reader.process.kill()
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
