"""Frames from a reader that may hang: what is wanted now does not wait for what is not."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QObject
from pytestqt.qtbot import QtBot

from engine.process import WorkerProcess
from tests.factories.benches import PATIENCE
from tests.factories.dicom_files import make_dataset, save
from viewer.reading.process import ReaderProcess
from viewer.render.pyramid import Pyramid
from viewer.state import frame_reading
from viewer.state.frame_reading import FrameReading

Came = list[tuple[str, object]]


@pytest.fixture
def reader(monkeypatch: pytest.MonkeyPatch) -> Iterator[ReaderProcess]:
    """One that never comes back from a file that is called so."""
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))
    made = ReaderProcess()
    made.process = WorkerProcess("tests.factories.moody_reader", silent=True)
    made.headers(())  # it has booted
    yield made
    made.process.stop()


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(frame_reading, "_PATIENCE", 0.3)


def _image(folder: Path, name: str, value: int = 0) -> Path:
    return save(make_dataset(np.full((4, 5), value, np.uint8)), folder / name)


def _listening(reading: FrameReading) -> Came:
    came: Came = []
    reading.came.connect(lambda key, pyramid: came.append((key[0].name, pyramid)))
    reading.failed.connect(lambda key, error: came.append((key[0].name, error)))
    return came


def test_what_hangs_is_given_up_once_something_else_is_wanted(
    qtbot: QtBot, tmp_path: Path, reader: ReaderProcess, impatient: None
) -> None:
    hangs, fine = _image(tmp_path, "hangs"), _image(tmp_path, "z.dcm", 7)
    parent, busy = QObject(), [True]
    reading = FrameReading("reading", reader, parent, lambda: not busy)
    came = _listening(reading)
    reading.want((hangs, 0))
    qtbot.wait(700)
    assert came == [], "while it is wanted there is time"
    reading.want((fine, 0))
    qtbot.wait(700)
    assert came == [], "others use the reader"
    busy.clear()
    qtbot.waitUntil(lambda: bool(came), timeout=PATIENCE)
    ((name, pyramid),) = came
    assert name == "z.dcm"
    assert isinstance(pyramid, Pyramid)
    assert pyramid.frame.pixels.max() == 7
    assert reading.lane.close()


def test_what_is_wanted_no_more_may_come_but_fails_unheard(
    qtbot: QtBot, tmp_path: Path, reader: ReaderProcess
) -> None:
    fine, gone = _image(tmp_path, "z.dcm"), tmp_path / "gone.dcm"
    reading = FrameReading("reading", reader, parent := QObject())
    came = _listening(reading)
    reading.want((fine, 0))
    reading.want(None)
    qtbot.waitUntil(lambda: [name for name, _ in came] == ["z.dcm"], timeout=PATIENCE)
    reading.want((gone, 0))
    time.sleep(0.05)
    reading.want(None)
    reading.want((fine, 0))
    qtbot.waitUntil(lambda: len(came) > 1, timeout=PATIENCE)
    assert [name for name, _ in came] == ["z.dcm", "z.dcm"]
    reading.want((gone, 0))
    qtbot.waitUntil(lambda: len(came) > 2, timeout=PATIENCE)
    name, error = came[-1]
    assert name == "gone.dcm"
    assert isinstance(error, Exception), "what is wanted says why it cannot be had"
    assert reading.lane.close()
    assert parent is not None


def test_what_was_read_before_a_file_changed_never_comes(
    qtbot: QtBot, tmp_path: Path, reader: ReaderProcess
) -> None:
    path = _image(tmp_path, "z.dcm", 7)
    reading = FrameReading("reading", reader, parent := QObject())
    came = _listening(reading)
    reading.want((path, 0))
    while reading._running is None:
        time.sleep(0.001)
    while reading._running is not None:
        time.sleep(0.001)
    _image(tmp_path, "z.dcm", 9)  # what was read of it waits to be told
    reading.forget([path])
    reading.want((path, 0))
    qtbot.waitUntil(lambda: bool(came), timeout=PATIENCE)
    qtbot.wait(50)
    ((_, pyramid),) = came
    assert isinstance(pyramid, Pyramid)
    assert pyramid.frame.pixels.max() == 9
    assert reading.lane.close()
    assert parent is not None


def test_what_hangs_is_given_up_while_something_at_hand_is_looked_at(
    qtbot: QtBot, tmp_path: Path, reader: ReaderProcess, impatient: None
) -> None:
    reading = FrameReading("reading", reader, parent := QObject())
    came = _listening(reading)
    reading.want((_image(tmp_path, "hangs"), 0))
    reading.want(None)
    qtbot.waitUntil(lambda: reader.process.pid is None, timeout=PATIENCE)
    assert came == []
    assert reading.lane.close()
    assert parent is not None
