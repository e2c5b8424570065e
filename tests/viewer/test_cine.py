"""Playing a stack: what is shown when, how fast, and when it stops."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from tests.factories.benches import PATIENCE, opened, read
from tests.factories.dicom_files import make_dataset, save
from viewer.dicom.reader import read_frame
from viewer.dicom.timing import frame_rate
from viewer.state.cine import Cine, number_at, period
from viewer.state.settings import CINE_ORDER, CINE_RATE
from viewer.state.workbench import Workbench


def loop_file(folder: Path, frames: int, **elements: object) -> Path:
    """One multi-frame file; frame n is n everywhere."""
    pixels = np.repeat(np.arange(frames, dtype=np.uint16)[:, None, None], 16, 1).repeat(16, 2)
    return save(make_dataset(pixels, **elements), folder / "loop.dcm")


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def bench(qtbot: QtBot, tmp_path: Path) -> Iterator[Workbench]:
    with read(qtbot, [loop_file(tmp_path, 12)]) as workbench:
        session, frames = workbench.session, workbench.frames
        qtbot.waitUntil(lambda: session.open is not None, timeout=PATIENCE)
        qtbot.waitUntil(lambda: len(frames.cache) == 12, timeout=PATIENCE)
        yield workbench


def own_cine(bench: Workbench, clock: Clock) -> Cine:
    """The workbench's, going by a clock of the test."""
    bench.cine.clock = clock
    return bench.cine


def test_loop_and_to_and_fro_by_hand() -> None:
    assert [number_at(n, 4, False) for n in range(9)] == [0, 1, 2, 3, 0, 1, 2, 3, 0]
    assert [number_at(n, 4, True) for n in range(9)] == [0, 1, 2, 3, 2, 1, 0, 1, 2]
    assert [number_at(n, 2, True) for n in range(4)] == [0, 1, 0, 1]
    assert (period(4, False), period(4, True), period(1, True), period(1, False)) == (4, 6, 1, 1)


@pytest.mark.parametrize(
    ("elements", "expected"),
    [
        ({"RecommendedDisplayFrameRate": 25, "CineRate": 30, "FrameTime": 100}, 25.0),
        ({"CineRate": 30, "FrameTime": 100}, 30.0),
        ({"FrameTime": "33.33"}, pytest.approx(30.0, abs=0.01)),
        ({"FrameTimeVector": [0, 100, 50, 150]}, 10.0),
        ({"CineRate": 0, "FrameTime": "40"}, 25.0),
        ({"FrameTime": "0"}, 0.0),
        ({"FrameTime": "-5"}, 0.0),
        ({"CineRate": 1_000_000}, 0.0),
        ({}, 0.0),
    ],
)
def test_the_rate_that_a_file_asks_for(
    tmp_path: Path, elements: dict[str, object], expected: float
) -> None:
    assert frame_rate(make_dataset(**elements)) == expected
    path = loop_file(tmp_path, 3, **elements)
    assert read_frame(path).frame_rate == expected, "it comes with every frame"


def test_frames_come_when_they_are_due(bench: Workbench) -> None:
    clock = Clock()
    cine = own_cine(bench, clock)
    cine.set_rate(10)
    cine.play()
    shown = []
    for _ in range(14):
        clock.now += 0.1
        cine.tick()
        shown.append(bench.session.place.number)
    assert shown == [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 0, 1, 2]
    assert bench.session.open.frame.pixels[0, 0] == 2
    assert cine.actual == pytest.approx(10.0)
    clock.now += 0.05
    cine.tick()
    assert bench.session.place.number == 2, "not yet"


def test_late_frames_are_left_out(bench: Workbench) -> None:
    clock = Clock()
    cine = own_cine(bench, clock)
    cine.set_rate(20)
    cine.play()
    clock.now += 0.26
    cine.tick()
    assert bench.session.place.number == 5, "0.26 s at 20 a second"
    clock.now += 0.04
    cine.tick()
    assert bench.session.place.number == 6, "the clock goes on from where it was due"


def test_to_and_fro_turns_at_both_ends(bench: Workbench) -> None:
    bench.session.settings.set(CINE_ORDER, "to and fro")
    clock = Clock()
    cine = own_cine(bench, clock)
    bench.session.set_place(bench.session.place.moved(9))
    cine.play()
    shown = []
    for _ in range(5):
        clock.now += 1 / cine.rate
        cine.tick()
        shown.append(bench.session.place.number)
    assert shown == [10, 11, 10, 9, 8]


def test_a_frame_that_is_not_decoded_is_waited_for(bench: Workbench, qtbot: QtBot) -> None:
    clock = Clock()
    cine = own_cine(bench, clock)
    place = bench.session.place
    for number in range(1, 12):
        bench.frames.cache.drop(place.moved(number).key)
    cine.set_rate(10)
    cine.play()
    clock.now += 0.5
    assert not bench.frames.is_at_hand(place.moved(1))
    cine.tick()
    assert bench.session.place.number == 0, "the picture stays"
    assert bench.session.open is not None
    qtbot.waitUntil(lambda: len(bench.frames.cache) == 12, timeout=PATIENCE)
    clock.now += 0.01
    cine.tick()
    assert bench.session.place.number >= 1


def test_somebody_who_scrolls_stops_it(bench: Workbench) -> None:
    clock = Clock()
    cine = own_cine(bench, clock)
    cine.play()
    assert bench.session.playing
    bench.session.set_place(bench.session.place.moved(3))
    assert not bench.session.playing
    assert cine.actual is None


def test_the_rate_chosen_for_a_stack_comes_before_the_file_and_the_preference(
    qtbot: QtBot, tmp_path: Path
) -> None:
    with read(qtbot, [loop_file(tmp_path, 3, CineRate=24)]) as workbench:
        cine = workbench.cine
        assert (cine.rate, cine.source) == (24.0, "file")
        cine.set_rate(5)
        assert (cine.rate, cine.source) == (5.0, "chosen")
        cine.set_rate(900)
        assert cine.rate == 60.0


def test_the_preference_holds_where_the_file_says_nothing(bench: Workbench) -> None:
    cine = bench.cine
    assert (cine.rate, cine.source) == (10.0, "preference")
    bench.session.settings.set(CINE_RATE, 15.0)
    assert cine.rate == 15.0


def test_one_image_cannot_be_played(qtbot: QtBot, tmp_path: Path) -> None:
    path = save(make_dataset(np.zeros((8, 8), np.uint16)), tmp_path / "one.dcm")
    with read(qtbot, [path]) as workbench:
        workbench.cine.play()
        assert not workbench.session.playing


def test_the_network_is_asked_when_it_has_stopped(qtbot: QtBot, tmp_path: Path) -> None:
    with opened(qtbot, [loop_file(tmp_path, 6)]) as workbench:
        session = workbench.session
        asked: list[object] = []
        ask = workbench.engine.ask
        workbench.engine.ask = lambda message: (asked.append(message), ask(message))[1]
        try:
            workbench.cine.set_rate(5)
            workbench.cine.play()
            seen: set[int] = set()
            session.placeChanged.connect(lambda: seen.add(session.place.number))
            qtbot.waitUntil(lambda: seen >= set(range(6)), timeout=PATIENCE)
            assert not asked
            assert session.explanation is None, "what was said is of another image"
            workbench.cine.stop()
            qtbot.waitUntil(lambda: session.explanation is not None, timeout=PATIENCE)
            assert asked
        finally:
            workbench.engine.ask = ask


def test_frames_that_cannot_be_decoded_are_stepped_over(qtbot: QtBot, tmp_path: Path) -> None:
    for number in range(4):
        dataset = make_dataset(
            np.full((16, 16), number, np.uint16),
            StudyInstanceUID="1.2.3",
            SeriesInstanceUID="1.2.3.4",
            InstanceNumber=number,
        )
        if number in (1, 2):
            dataset.file_meta.TransferSyntaxUID = "1.2.840.10008.1.2.1"
            dataset.PixelData = b"\0\0"
        save(dataset, tmp_path / f"{number}.dcm")
    with read(qtbot, [tmp_path]) as workbench:
        session, frames = workbench.session, workbench.frames
        qtbot.waitUntil(
            lambda: all(
                frames.is_hopeless(session.place.moved(n - session.place.number)) for n in (1, 2)
            ),
            timeout=PATIENCE,
        )
        shown: set[int] = set()
        session.frameChanged.connect(
            lambda: shown.add(session.open.place.number) if session.open else None
        )
        workbench.cine.set_rate(30)
        workbench.cine.play()
        qtbot.waitUntil(lambda: shown == {0, 3}, timeout=PATIENCE)
        assert session.playing


def test_the_rate_is_told_when_the_first_frame_of_a_stack_comes(
    qtbot: QtBot, tmp_path: Path
) -> None:
    """Also where it is played before that."""
    other = save(make_dataset(np.zeros((8, 8), np.uint16), SeriesNumber=1), tmp_path / "a.dcm")
    loop = loop_file(tmp_path, 5, CineRate=24, SeriesNumber=2)
    with read(qtbot, [other, loop]) as workbench:
        session, cine = workbench.session, workbench.cine
        workbench.frames.cache.drop_file(loop)
        told: list[tuple[float, str]] = []
        cine.changed.connect(lambda: told.append((cine.rate, cine.source)))
        session.set_place(session.place_of(loop))
        cine.play()
        qtbot.waitUntil(lambda: (24.0, "file") in told, timeout=PATIENCE)
        assert session.playing
