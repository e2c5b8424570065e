"""Documents on disk: found again, never lost, never mixed, readable by their owner alone."""

from __future__ import annotations

import gc
import os
import signal
import stat
import subprocess
import sys
import time
import weakref
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QEvent
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

import resources
from engine.shapes import box
from tests.factories.benches import PATIENCE, opened
from viewer.dicom.frame import Frame
from viewer.dicom.scan import scan
from viewer.dicom.window import Window
from viewer.render.pyramid import Pyramid
from viewer.state.document import Document, Landmark
from viewer.state.pictures import Pictures
from viewer.state.place import OpenFrame, Place
from viewer.state.records import Records, read_record, record_file, write_record
from viewer.state.session import Session

LUNGS = Landmark("l1", "lungs", box(1, 2, 30, 40), "Hansell 2008")
KEY = "0" * 32


@pytest.fixture(autouse=True)
def _own_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "home"))


class Desk:
    """A session with records, and four images to open: each of another grey."""

    def __init__(self) -> None:
        self.session = Session()
        self.audit = self.session.audit
        self.records = Records(self.session, Pictures())
        self.said: list[str] = []
        self.closed = False
        self.records.failed.connect(self.said.append)
        series = scan(resources.sample_files()).studies[0].series
        self.places = [Place(item, 0) for item in series]
        self.pyramids = [
            Pyramid.of(Frame(np.full((9, 7), grey, np.uint8), windows=(Window(100, 200),)))
            for grey in (10, 60, 110, 160)
        ]

    def show(self, number: int) -> None:
        self.session.set_place(self.places[number])
        self.session.set_frame(OpenFrame(self.places[number], self.pyramids[number]))

    def close(self) -> None:
        if self.closed:
            return
        self.closed = True
        for lane in self.records.lanes():
            lane.close()
        for item in (self.records, self.session):
            item.deleteLater()
        QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


@pytest.fixture
def make_desk(qtbot: QtBot) -> Iterator[Callable[[], Desk]]:
    desks: list[Desk] = []

    def make() -> Desk:
        desks.append(Desk())
        return desks[-1]

    yield make
    for desk in desks:
        desk.close()


@pytest.fixture
def desk(make_desk: Callable[[], Desk]) -> Desk:
    return make_desk()


def test_a_document_is_found_again(make_desk: Callable[[], Desk], qtbot: QtBot, desk: Desk) -> None:
    """Also where its folder did not exist; by what the picture shows, in another session."""
    desk.show(0)
    qtbot.waitUntil(lambda: bool(desk.audit.image))
    key = desk.audit.image
    assert not record_file(key).exists(), "an empty document is not written"
    desk.audit.add_landmark(LUNGS)
    qtbot.waitUntil(lambda: record_file(key).exists())
    other = make_desk()
    other.show(0)
    qtbot.waitUntil(lambda: other.audit.image == key)
    assert other.audit.document == Document((LUNGS,))


def test_only_the_user_may_read_it() -> None:
    write_record(KEY, Document((LUNGS,)))
    path = record_file(KEY)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert path.parent.name == "records"
    assert [item.name for item in path.parent.iterdir()] == [path.name]


def test_an_emptied_document_leaves_nothing() -> None:
    write_record(KEY, Document((LUNGS,)))
    write_record(KEY, Document())
    assert not record_file(KEY).exists()
    assert read_record(KEY) == Document()


def test_a_damaged_record_is_put_aside(
    make_desk: Callable[[], Desk], desk: Desk, qtbot: QtBot
) -> None:
    """It is said, it stays until something new is written, and it is kept even then."""
    desk.show(0)
    qtbot.waitUntil(lambda: bool(desk.audit.image))
    path = record_file(desk.audit.image)
    path.parent.mkdir(parents=True)
    for count, damage in enumerate(("{half a", "[]"), start=1):
        desk.close()
        desk = make_desk()
        path.write_text(damage)
        desk.show(0)
        qtbot.waitUntil(lambda desk=desk: bool(desk.said))
        assert "put aside" in desk.said[0]
        assert desk.audit.document == Document()
        assert path.read_text() == damage
        desk.audit.add_landmark(LUNGS)
        qtbot.waitUntil(lambda count=count: len(list(path.parent.glob("*damaged*"))) == count)
        assert damage in [item.read_text() for item in path.parent.glob("*damaged*")]
        qtbot.waitUntil(path.exists)
        assert read_record(path.stem) == Document((LUNGS,))


def test_a_record_of_another_image_is_refused() -> None:
    write_record(KEY, Document((LUNGS,)))
    other = "1" * 32
    record_file(KEY).rename(record_file(other))
    with pytest.raises(ValueError, match="another image"):
        read_record(other)


def test_what_could_not_be_read_again_is_not_written() -> None:
    write_record(KEY, Document((LUNGS,)))
    with pytest.raises(OSError, match="larger than"):
        write_record(KEY, Document(comment="x" * (17 << 20)))
    assert read_record(KEY) == Document((LUNGS,))


def test_what_cannot_be_saved_is_said(desk: Desk, qtbot: QtBot, tmp_path: Path) -> None:
    desk.show(0)
    qtbot.waitUntil(lambda: bool(desk.audit.image))
    (tmp_path / "home").write_text("a file where the folder should be")
    desk.audit.add_landmark(LUNGS)
    qtbot.waitUntil(lambda: bool(desk.said))
    assert "could not be saved" in desk.said[0]
    assert desk.audit.document.landmarks == (LUNGS,)


def test_quick_switches_mix_no_documents(desk: Desk, qtbot: QtBot) -> None:
    """Whatever is drawn lands in the record of the picture that it was drawn on."""
    keys: dict[int, str] = {}
    for number in range(4):
        desk.show(number)
        qtbot.waitUntil(lambda: bool(desk.audit.image))
        keys[number] = desk.audit.image
    assert len(set(keys.values())) == 4
    drawn: dict[int, list[Landmark]] = {number: [] for number in keys}
    for turn in range(40):
        number = turn % 4
        desk.show(number)
        late = replace(LUNGS, id=f"late {turn}")
        desk.audit.add_landmark(late)  # the document is not known yet: nothing to draw on
        if turn % 3 == 0:
            qtbot.waitUntil(lambda key=keys[number]: desk.audit.image == key)
            landmark = replace(LUNGS, id=f"turn {turn}")
            desk.audit.add_landmark(landmark)
            drawn[number].append(landmark)
            assert desk.audit.document.landmarks == tuple(drawn[number])
    for number, key in keys.items():
        qtbot.waitUntil(
            lambda key=key, number=number: read_record(key).landmarks == tuple(drawn[number])
        )


def test_the_end_of_a_drag_is_what_is_kept(desk: Desk, qtbot: QtBot) -> None:
    desk.show(0)
    qtbot.waitUntil(lambda: bool(desk.audit.image))
    key = desk.audit.image
    desk.audit.add_landmark(LUNGS)
    for step in range(300):
        desk.audit.reshape("l1", LUNGS.shape.moved(step, 0), merge="drag")
    last = desk.audit.document
    qtbot.waitUntil(lambda: read_record(key) == last)
    for lane in desk.records.lanes():
        lane.close()
    assert read_record(key) == last


_DRAW = """
import sys
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication
import resources
from engine.shapes import box
from viewer.state.document import Landmark
from viewer.state.records import record_file
from viewer.state.session import Session
from viewer.state.workbench import Workbench

application = QApplication([])
application.setApplicationName("Attentive Viewer")
session = Session()
workbench = Workbench(session)

def found():
    audit = session.audit
    if audit.image and sys.argv[2:] != ["seen"]:
        sys.argv[2:] = ["seen"]
        print(record_file(audit.image), len(audit.document.landmarks), flush=True)
        if sys.argv[1] == "look":
            application.quit()
        else:
            audit.add_landmark(Landmark("l1", "lungs", box(1, 2, 30, 40)))

session.audit.documentChanged.connect(lambda: QTimer.singleShot(0, found))
workbench.open_paths(resources.sample_files()[:1])
application.exec()
workbench.close()
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="there is no such signal here")
def test_a_killed_program_has_lost_nothing(tmp_path: Path) -> None:
    """A landmark is on disk as soon as it was drawn: the program that drew it is killed without
    warning, the next one finds it."""
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen"}
    command = [sys.executable, "-c", _DRAW]
    with subprocess.Popen(
        [*command, "draw"], stdout=subprocess.PIPE, env=environment, text=True
    ) as drawing:
        assert drawing.stdout is not None
        name, count = drawing.stdout.readline().rsplit(maxsplit=1)
        try:
            end = time.monotonic() + 60
            while not Path(name).exists():
                assert drawing.poll() is None
                assert time.monotonic() < end
        finally:
            drawing.kill()
    assert count == "0"
    assert Path(name).is_relative_to(tmp_path)
    seen = subprocess.run(
        [*command, "look"], stdout=subprocess.PIPE, env=environment, text=True, check=True
    )
    assert seen.stdout.splitlines()[0] == f"{name} 1"


def test_another_image_closes_the_document_at_once(qtbot: QtBot) -> None:
    """Also when its frame is at hand: nothing of the old image may be changed or judged by."""
    with opened(qtbot, resources.sample_files(), explained=False) as bench:
        session = bench.session
        series = session.all_series()
        session.set_place(Place(series[1], 0))
        qtbot.waitUntil(lambda: bool(session.audit.image), timeout=PATIENCE)
        session.set_place(Place(series[0], 0))
        assert session.open is not None, "it is in the cache"
        assert session.audit.image == ""
        qtbot.waitUntil(lambda: bool(session.audit.image), timeout=PATIENCE)


def test_pictures_keep_no_frame_but_the_one_that_is_open(monkeypatch: pytest.MonkeyPatch) -> None:
    place = Place(scan(resources.sample_files()).studies[0].series[0], 0)
    frames = [Frame(np.full((8, 8), value, np.uint16)) for value in (1, 2)]
    first, second = (OpenFrame(place, Pyramid.of(frame)) for frame in frames)
    pictures = Pictures()
    assert pictures.of(first) is pictures.of(first)
    key = pictures.of(first).key
    assert pictures.of(second).key != key
    monkeypatch.setattr("viewer.state.pictures.hashlib", None)
    assert pictures.of(first).key == key, "a frame that is held is not looked through twice"
    gone = weakref.ref(first.pyramid)
    pictures.of(second)
    del first
    gc.collect()
    assert gone() is None
