"""Decoded frames: kept within a budget, and decoded before they are asked for."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QCoreApplication, QEvent
from pytestqt.qtbot import QtBot

from tests.factories.dicom_files import make_dataset, save
from viewer.dicom.frame import Frame
from viewer.dicom.reader import read_frame
from viewer.dicom.scan import scan
from viewer.reading.process import ReaderProcess
from viewer.render.pyramid import Pyramid
from viewer.state.frame_cache import FrameCache, Key
from viewer.state.frames import Frames
from viewer.state.place import Place
from viewer.state.session import Session

SLICES = 40


@pytest.fixture(scope="module")
def frame(tmp_path_factory: pytest.TempPathFactory) -> Frame:
    path = tmp_path_factory.mktemp("frame") / "x.dcm"
    return read_frame(save(make_dataset(np.zeros((64, 64), np.uint8)), path))


@pytest.fixture
def pyramid(frame: Frame) -> Pyramid:
    return Pyramid.of(frame)


def key(number: int, frame: int = 0) -> Key:
    return Path(f"/{number}.dcm"), frame


def kept(cache: FrameCache, keys: list[Key]) -> list[Key]:
    return [one for one in keys if one in cache]


KEYS = [key(number) for number in range(6)]


def test_what_was_used_longest_ago_goes_first(pyramid: Pyramid) -> None:
    cache = FrameCache(3 * pyramid.nbytes)
    for one in KEYS[:3]:
        cache.put(one, pyramid)
    assert cache.get(KEYS[0]) is pyramid
    cache.put(KEYS[3], pyramid)
    assert kept(cache, KEYS) == [KEYS[0], KEYS[2], KEYS[3]]
    cache.put(KEYS[0], pyramid)
    cache.put(KEYS[4], pyramid)
    assert kept(cache, KEYS) == [KEYS[0], KEYS[3], KEYS[4]]
    assert (len(cache), cache.bytes) == (3, 3 * pyramid.nbytes)
    assert cache.get(KEYS[5]) is None


def test_the_pinned_frame_stays_whatever_comes(pyramid: Pyramid) -> None:
    cache = FrameCache(2 * pyramid.nbytes)
    cache.pinned = KEYS[0]
    for one in KEYS:
        cache.put(one, pyramid)
        assert cache.bytes <= cache.budget
    assert kept(cache, KEYS) == [KEYS[0], KEYS[5]]


def test_what_is_larger_than_the_budget_is_kept_only_if_pinned(pyramid: Pyramid) -> None:
    cache = FrameCache(pyramid.nbytes - 1)
    cache.put(KEYS[0], pyramid)
    assert (len(cache), cache.bytes) == (0, 0)
    cache.pinned = KEYS[1]
    cache.put(KEYS[1], pyramid)
    assert kept(cache, KEYS) == [KEYS[1]]
    cache.put(KEYS[2], pyramid)
    assert kept(cache, KEYS) == [KEYS[1]]


def test_all_frames_of_a_file_are_dropped_and_no_others(pyramid: Pyramid) -> None:
    cache = FrameCache(10 * pyramid.nbytes)
    frames = [key(1, 0), key(1, 1), key(1, 7), key(2, 0), key(11, 1)]
    for one in frames:
        cache.put(one, pyramid)
    cache.drop_file(Path("/1.dcm"))
    assert kept(cache, frames) == [key(2, 0), key(11, 1)]
    assert cache.bytes == 2 * pyramid.nbytes
    cache.drop(key(99))
    assert cache.bytes == 2 * pyramid.nbytes


# ahead --------------------------------------------------------------------------------------------


class Scrolled:
    """A series that is scrolled through as in the window, with readers of its own."""

    def __init__(self, session: Session, frames: Frames, most: list[int]) -> None:
        self.session, self.frames, self.most = session, frames, most
        self.series = session.all_series()[0]

    def go(self, number: int) -> None:
        starts = self.series.starts
        if len(self.series.instances) == 1:
            self.session.set_place(Place(self.series, 0, number))
        else:
            assert starts[number] == number
            self.session.set_place(Place(self.series, number))

    def cached(self) -> set[int]:
        places = [Place(self.series, 0).moved(n) for n in range(self.series.starts[-1])]
        return {p.number for p in places if p is not None and p.key in self.frames.cache}

    def shown(self, number: int) -> bool:
        return self.session.open is not None and self.session.open.place.number == number


@pytest.fixture(params=["files", "frames"])
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """40 slices, as 40 files or as 40 frames of one."""
    slices = np.stack([np.full((64, 64), n, np.uint16) for n in range(SLICES)])
    if request.param == "frames":
        save(make_dataset(slices), tmp_path / "all.dcm")
    else:
        uids = {"StudyInstanceUID": "1.2", "SeriesInstanceUID": "1.2.3"}
        for number, pixels in enumerate(slices):
            save(make_dataset(pixels, InstanceNumber=number, **uids), tmp_path / f"{number}.dcm")
    return tmp_path


@pytest.fixture
def readers() -> Iterator[tuple[ReaderProcess, ReaderProcess]]:
    made = ReaderProcess(), ReaderProcess()
    yield made
    for reader in made:
        reader.process.stop()


def _scrolled(
    folder: Path, readers: tuple[ReaderProcess, ReaderProcess], budget: int
) -> Iterator[Scrolled]:
    session = Session()
    session.set_scan(scan([folder]))
    frames = Frames(session, *readers, budget, session)
    most = [0]
    put = frames.cache.put

    def watched(at: Key, pyramid: Pyramid) -> None:
        put(at, pyramid)
        most[0] = max(most[0], frames.cache.bytes)

    frames.cache.put = watched  # type: ignore[method-assign]
    yield Scrolled(session, frames, most)
    for lane in frames.lanes():
        assert lane.close()
    session.deleteLater()  # here and now: Python may collect it in the thread of another lane
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


@pytest.fixture
def roomy(
    folder: Path, readers: tuple[ReaderProcess, ReaderProcess], qtbot: QtBot
) -> Iterator[Scrolled]:
    yield from _scrolled(folder, readers, 64 << 20)


@pytest.fixture
def tight(
    folder: Path, readers: tuple[ReaderProcess, ReaderProcess], qtbot: QtBot, pyramid: Pyramid
) -> Iterator[Scrolled]:
    """Room for about eight frames."""
    yield from _scrolled(folder, readers, 8 * 2 * pyramid.nbytes)


def test_the_next_frames_are_there_before_they_are_asked_for(roomy: Scrolled, qtbot: QtBot) -> None:
    roomy.go(10)
    qtbot.waitUntil(lambda: roomy.shown(10), timeout=20_000)
    roomy.go(11)
    wanted = set(range(12, 24))
    qtbot.waitUntil(lambda: wanted <= roomy.cached(), timeout=20_000)
    assert roomy.shown(11)
    roomy.go(12)
    assert roomy.shown(12), "at once, without a turn of the event loop"
    assert roomy.session.open is not None
    assert (roomy.session.open.frame.pixels == 12).all()


def test_backwards_it_is_the_earlier_ones(roomy: Scrolled, qtbot: QtBot) -> None:
    roomy.go(38)
    qtbot.waitUntil(lambda: roomy.shown(38), timeout=20_000)
    roomy.go(37)
    qtbot.waitUntil(lambda: set(range(25, 37)) <= roomy.cached(), timeout=20_000)
    roomy.go(36)
    assert roomy.shown(36)
    assert roomy.session.open is not None
    assert (roomy.session.open.frame.pixels == 36).all()


def test_scrolling_to_and_fro_never_takes_more_than_the_budget(
    tight: Scrolled, qtbot: QtBot
) -> None:
    for number in (0, 1, 2, 20, 21, 22, 39, 38, 5, 4, 30):
        tight.go(number)
        qtbot.waitUntil(lambda number=number: tight.shown(number), timeout=20_000)
        qtbot.wait(30)
        assert tight.session.open is not None
        assert (tight.session.open.frame.pixels == number).all()
    assert 0 < tight.most[0] <= tight.frames.cache.budget
    assert len(tight.cached()) < SLICES


def test_a_slice_that_cannot_be_decoded_stops_no_other(roomy: Scrolled, qtbot: QtBot) -> None:
    if len(roomy.series.instances) == 1:
        pytest.skip("frames of one file")
    roomy.series.instances[12].path.write_bytes(b"no longer DICOM " * 50)
    failures: list[Exception] = []
    roomy.frames.failed.connect(failures.append)
    roomy.go(10)
    qtbot.waitUntil(lambda: {11, 13, 14, 15} <= roomy.cached(), timeout=20_000)
    assert failures == []
    roomy.go(12)
    qtbot.waitUntil(lambda: len(failures) == 1, timeout=20_000)


def test_files_that_were_opened_anew_are_decoded_anew(roomy: Scrolled, qtbot: QtBot) -> None:
    roomy.go(3)
    qtbot.waitUntil(lambda: {3, 4, 5} <= roomy.cached(), timeout=20_000)
    path = roomy.series.instances[-1].path
    roomy.frames.forget(frozenset({path}))
    several = len(roomy.series.instances) > 1
    assert (3 in roomy.cached()) is several
