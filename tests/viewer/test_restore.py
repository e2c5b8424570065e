"""What was open comes back after a crash, and only then unless that is wanted."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

import resources
from tests.factories.dicom_files import make_dataset, save
from viewer.canvas.view import View
from viewer.dicom.reader import read_frame
from viewer.dicom.window import Window
from viewer.main_window import MainWindow
from viewer.render.style import OverlayStyle
from viewer.render.turn import Turn
from viewer.state.restore import (
    Opened,
    OpenFile,
    from_json,
    open_folder,
    read_last,
    style_from,
    to_json,
    window_facts,
    window_from,
)
from viewer.state.settings import REOPEN

WHOLE = Opened(
    paths=(("/a", "/b"), ("/c",)),
    what="CR hand · 2 images",
    image="/a/1.dcm",
    frame=3,
    window={"center": 40.0, "width": 400.0, "function": "LINEAR", "explanation": ""},
    inverted=True,
    zoom=1.5,
    centre=(10.5, 20.25),
    quarters=3,
    mirrored=True,
    model="shallow",
    preset="guided",
    target="hand_wrist",
    layer=4,
    style={"visible": True, "opacity": 0.7},
)


@pytest.mark.parametrize("opened", [WHOLE, Opened(), replace(WHOLE, zoom=None, centre=None)])
def test_what_was_open_is_read_as_it_was_written(opened: Opened) -> None:
    assert from_json(to_json(opened)) == opened


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"7",
        b"null",
        b"[]",
        b"{}",
        b"\xff",
        b"[" * 100_000,
        b'{"paths": 7}',
        b'{"paths": [["/a"]], "frame": -1}',
        b'{"paths": [["/a"]], "frame": true}',
        b'{"paths": [["/a"]], "quarters": 4}',
        b'{"paths": [["/a"]], "zoom": "x"}',
        b'{"paths": [["/a"]], "centre": [1]}',
        b'{"paths": [["/a"]], "style": []}',
    ],
)
def test_what_is_damaged_says_so(data: bytes) -> None:
    with pytest.raises(ValueError, match="what was open"):
        from_json(data)


def test_a_window_comes_back_and_a_table_by_its_place() -> None:
    frame = read_frame(resources.sample_files()[0])
    shown = Window(50.0, 100.0, "SIGMOID")
    assert window_from(window_facts(shown, frame), frame) == shown
    assert window_facts(None, frame) == {}
    for facts in ({}, {"table": 9}, {"center": "x", "width": 1}, {"center": 1.0}, {"other": 2}):
        assert window_from(facts, frame) is None


def test_a_style_takes_only_what_it_has() -> None:
    now = OverlayStyle()
    facts = {"visible": True, "opacity": "much", "threshold": 0.5, "unknown": 1}
    assert style_from(facts, now) == replace(now, visible=True, threshold=0.5)


@pytest.mark.skipif(os.name != "posix", reason="rights are not told by a mode here")
def test_only_the_user_may_read_what_is_open() -> None:
    file = OpenFile()
    file.write(WHOLE)
    assert stat.S_IMODE(file.path.stat().st_mode) == 0o600
    assert stat.S_IMODE(open_folder().stat().st_mode) == 0o700
    file.end()


def test_of_a_running_program_nothing_is_taken() -> None:
    running = OpenFile()
    running.write(WHOLE)
    other = OpenFile()
    assert other.left_by_a_crash() is None
    assert running.path.exists()
    other.end()
    running.end()
    assert list(open_folder().glob("*.json")) == []


_CRASHES = """
import os, signal, sys
from pathlib import Path
from viewer.state import restore
from viewer.state.restore import Opened, OpenFile
restore.open_folder = lambda: Path(sys.argv[1])
OpenFile().write(Opened(paths=((sys.argv[2],),)))
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.skipif(os.name != "posix", reason="needs SIGKILL")
def test_of_several_crashes_the_last_is_found_and_survives_the_next_crash() -> None:
    written: set[Path] = set()
    for changed, path in enumerate(("/first", "/second"), start=1):
        words = [sys.executable, "-c", _CRASHES, str(open_folder()), path]
        done = subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == -9, done.stderr
        (new,) = set(open_folder().glob("*.json")) - written
        os.utime(new, (changed, changed))  # they are told apart by when they were written
        written.add(new)
    (open_folder() / "damaged.json").write_text("{")
    file = OpenFile()
    found = file.left_by_a_crash()
    assert found is not None
    assert found.paths == (("/second",),)
    assert [path.name for path in open_folder().glob("*.json")] == [file.path.name]
    assert from_json(file.path.read_bytes()) == found
    file.end()


# with the real program
def _kept_image() -> str:
    for path in open_folder().glob("*.json"):
        try:
            return str(json.loads(path.read_text(encoding="utf-8"))["image"])
        except (OSError, ValueError):
            return ""
    return ""


@pytest.mark.skipif(os.name != "posix", reason="needs SIGKILL")
def test_after_kill_9_one_click_brings_everything_back(
    drive, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    sample = str(resources.sample_files()[1])
    words = [sys.executable, "-m", "viewer.app", sample, "--new-window"]
    with subprocess.Popen(words, stderr=subprocess.DEVNULL, env=dict(os.environ)) as program:
        monkeypatch.setattr("viewer.state.restore.open_folder", _folder_of_the_program)
        monkeypatch.setitem(globals(), "open_folder", _folder_of_the_program)
        try:
            qtbot.waitUntil(lambda: _kept_image() == sample, timeout=60_000)
        finally:
            program.kill()

    def script(window: MainWindow):
        offer = window.keeper.offer
        assert offer.isVisible()
        assert "1 image" in offer.words.text()
        assert window.session.place is None
        offer.restore.click()
        assert not offer.isVisible()
        yield lambda: window.session.open is not None
        assert str(window.session.place.instance.path) == sample

    assert drive([], script) == 0

    def after(window: MainWindow):
        assert not window.keeper.offer.isVisible(), "that one ended as it should"
        assert window.session.place is None
        yield lambda: True

    assert drive([], after) == 0


def _folder_of_the_program() -> Path:
    """Also before this process's application has the program's name."""
    return Path(os.environ["XDG_DATA_HOME"]) / "Attentive Viewer" / "open"


@pytest.fixture
def three(tmp_path: Path) -> Path:
    """A series of three images."""
    for number in (1, 2, 3):
        dataset = make_dataset(
            np.arange(64 * 48, dtype=np.uint16).reshape(64, 48), InstanceNumber=number
        )
        save(dataset, tmp_path / "three" / f"{number}.dcm")
    return tmp_path / "three"


def test_how_it_was_looked_at_comes_back(drive, three: Path) -> None:
    seen: dict[str, object] = {}

    def first(window: MainWindow):
        session = window.session
        session.settings.set(REOPEN, "always")
        yield lambda: session.open is not None
        session.set_place(session.place.moved(2))
        yield lambda: session.open is not None
        session.set_window(Window(900.0, 300.0))
        session.set_inverted(True)
        window.view.set_view(View(3.0, (20.0, 30.0), Turn(1, True)))
        session.change_style(threshold=0.6, grid=True)
        seen["opened"] = window.keeper.opened()
        yield lambda: True

    def second(window: MainWindow):
        session = window.session
        yield lambda: session.inverted
        yield lambda: window.view.view.zoom == 3.0
        assert session.place.number == 2
        assert session.window == Window(900.0, 300.0)
        assert window.view.view == View(3.0, (20.0, 30.0), Turn(1, True))
        assert session.style.threshold == 0.6
        assert session.style.grid
        assert window.keeper.opened() == seen["opened"]
        assert not window.keeper.offer.isVisible()

    assert drive([str(three)], first) == 0
    assert drive([], second) == 0


def test_the_layer_and_the_class_come_back(drive) -> None:
    chosen: dict[str, object] = {}

    def first(window: MainWindow):
        session = window.session
        session.settings.set(REOPEN, "always")
        yield lambda: session.explanation is not None
        session.set_target(session.explanation.predictions[1].name)
        yield (
            lambda: (
                session.explanation is not None and (session.explanation.target == session.target)
            )
        )
        session.show_layer(2)
        chosen["target"] = session.target

    def second(window: MainWindow):
        session = window.session
        yield lambda: session.explanation is not None and session.layer_index == 2
        assert session.explanation.target == chosen["target"]
        assert session.style.visible

    assert drive([str(resources.sample_files()[0])], first) == 0
    assert drive([], second) == 0


def test_what_is_no_longer_there_is_said_and_nothing_waits(drive, three: Path) -> None:
    def first(window: MainWindow):
        window.session.settings.set(REOPEN, "always")
        yield lambda: window.session.open is not None

    def second(window: MainWindow):
        yield lambda: bool(window.session.message)
        assert window.session.place is None
        yield lambda: window.keeper.opened().is_empty

    assert drive([str(three)], first) == 0
    three.rename(three.with_name("elsewhere"))
    assert drive([], second) == 0


def test_where_nothing_is_to_be_kept_nothing_is(drive, three: Path) -> None:
    def script(window: MainWindow):
        yield lambda: window.session.open is not None
        yield lambda: list(open_folder().glob("*.json")) != []
        window.session.settings.set(REOPEN, "never")
        yield lambda: list(open_folder().glob("*.json")) == []

    assert drive([str(three)], script) == 0
    assert read_last() is None


def test_of_two_folders_the_image_of_the_first_comes_back(
    drive, three: Path, tmp_path: Path
) -> None:
    """Reading the second one opens no image of its own."""
    other = tmp_path / "other"
    save(make_dataset(np.ones((30, 20), np.uint16)), other / "1.dcm")

    def first(window: MainWindow):
        session = window.session
        session.settings.set(REOPEN, "always")
        yield lambda: session.open is not None and session.reading is None
        window.workbench.open_paths([other])
        yield lambda: str(session.place.instance.path).startswith(str(other))
        session.set_place(session.place_of(three / "2.dcm"))
        yield lambda: session.open is not None
        window.view.set_view(View(2.0, (20.0, 30.0)))

    def second(window: MainWindow):
        session = window.session
        yield lambda: len(session.all_series()) == 2 and session.reading is None
        yield lambda: window.view.view == View(2.0, (20.0, 30.0))
        assert session.place.instance.path == three / "2.dcm"
        window.workbench.open_paths([other])
        yield lambda: str(session.place.instance.path).startswith(str(other))

    assert drive([str(three)], first) == 0
    assert drive([], second) == 0


@pytest.mark.parametrize(
    "facts",
    [
        {"colour_map": "gone"},
        {"diverging_map": "gone"},
        {"shows": "gone"},
        {"opacity": float("nan")},
        {"threshold": float("inf")},
    ],
)
def test_a_style_that_cannot_be_shown_is_none(facts: dict[str, object]) -> None:
    assert style_from(facts, OverlayStyle()) == OverlayStyle()


@pytest.mark.parametrize("zoom", [float("nan"), 0.0, -1.0, 1e308, float("inf")])
def test_a_view_that_shows_nothing_is_none(zoom: float) -> None:
    with pytest.raises(ValueError, match="numbers"):
        from_json(to_json(replace(WHOLE, zoom=zoom)))
