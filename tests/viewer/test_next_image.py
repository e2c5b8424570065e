"""What goes along to the next image of a series, and what does not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from tests.factories.benches import read
from tests.factories.dicom_files import make_dataset, save
from viewer.canvas.image_view import ImageView
from viewer.dialogs.window_numbers import WindowNumbers
from viewer.dicom.frame import Frame
from viewer.dicom.presets import carried_over, presets_of
from viewer.dicom.window import LookupTable, Window
from viewer.render.pyramid import Pyramid
from viewer.render.turn import Turn
from viewer.state.pictures import Picture
from viewer.state.session import Session
from viewer.state.workbench import Workbench


def _series(folder: Path, modality: str, frames: int = 1, **elements: object) -> Path:
    """Two files of one series, the second twice as bright as the first."""
    for number in (1, 2):
        pixels = (np.arange(120 * 100) % 900).astype(np.uint16).reshape(120, 100) * number
        if frames > 1:
            pixels = np.stack([pixels * (n + 1) for n in range(frames)])
            elements["NumberOfFrames"] = frames
        dataset = make_dataset(pixels, Modality=modality, InstanceNumber=number, **elements)
        dataset.SeriesInstanceUID, dataset.StudyInstanceUID = "1.2.3.4", "1.2.3"
        save(dataset, folder / f"{number}.dcm")
    return folder


def _next(qtbot: QtBot, bench: Workbench) -> Session:
    session = bench.session
    place = session.place.moved(1)
    session.set_place(place)
    qtbot.waitUntil(
        lambda: session.open is not None and session.open.place == place, timeout=30_000
    )
    return session


def test_a_name_that_was_worked_out_from_one_image_is_not_that_of_the_next(
    qtbot: QtBot, tmp_path: Path
) -> None:
    with read(qtbot, [_series(tmp_path, "CR", WindowCenter=400, WindowWidth=900)]) as bench:
        session = bench.session
        assert session.open is not None
        every = presets_of(session.open.frame, "CR")
        (full,) = [item.voi for item in every if item.name == "full range"]
        session.set_window(full)
        _next(qtbot, bench)
        assert isinstance(session.window, Window)
        assert (session.window.center, session.window.width) == (full.center, full.width)
        assert session.window.explanation == "", "it is not the full range of this one"


def test_a_table_is_that_of_its_own_image(qtbot: QtBot) -> None:
    tables = [LookupTable(0, np.array(row, np.uint16), 8) for row in ([0, 99, 255], [255, 99, 0])]
    pixels = np.zeros((4, 4), np.uint16)
    second = Frame(pixels, voi_luts=(tables[1],))
    assert carried_over(tables[0], second) == tables[1]
    assert carried_over(tables[1], second) is tables[1]
    own = Window(40, 400, explanation="wrist")
    assert carried_over(own, second) is own, "a reader's own window has its name everywhere"


def test_a_stack_without_windows_keeps_the_readers(qtbot: QtBot, tmp_path: Path) -> None:
    with read(qtbot, [_series(tmp_path, "XA", frames=3)]) as bench:
        session = bench.session
        session.set_window(Window(500, 400))
        session.set_inverted(True)
        _next(qtbot, bench)
        assert session.window == Window(500, 400)
        assert session.inverted


def test_films_without_windows_have_their_own(qtbot: QtBot, tmp_path: Path) -> None:
    with read(qtbot, [_series(tmp_path, "DX")]) as bench:
        session = bench.session
        first = session.window
        _next(qtbot, bench)
        assert isinstance(session.window, Window)
        assert isinstance(first, Window)
        assert session.window.width > 1.5 * first.width


@pytest.mark.parametrize(("modality", "goes_along"), [("CT", True), ("OT", False), ("XA", False)])
def test_single_films_are_not_mirrored_along(
    qtbot: QtBot, tmp_path: Path, modality: str, goes_along: bool
) -> None:
    with read(qtbot, [_series(tmp_path, modality)]) as bench:
        view = ImageView(bench.session)
        qtbot.addWidget(view)
        view.framing.turn(Turn(0, True))
        _next(qtbot, bench)
        assert view.view.turn.mirrored is goes_along


def test_numbers_that_were_taken_say_nothing_of_images_that_come_back(
    qtbot: QtBot, tmp_path: Path
) -> None:
    with read(qtbot, [_series(tmp_path, "CR", WindowCenter=400, WindowWidth=900)]) as bench:
        session, place = bench.session, bench.session.place
        dialog = WindowNumbers(session)
        dialog.show()
        dialog.width_field.setValue(123)
        dialog.accept()
        taken = session.window
        _next(qtbot, bench)
        session.set_place(place)
        qtbot.waitUntil(lambda: session.open is not None, timeout=30_000)
        assert session.window == taken


def test_slices_that_look_alike_are_other_pictures() -> None:
    """What is measured on one is not found on the other."""
    dark = np.zeros((40, 30), np.int16)
    keys = {
        Picture(Pyramid.of(frame), "CT").key
        for frame in (
            Frame(dark, windows=(Window(40, 400),), intercept=-1000.0),
            Frame(dark + 5, windows=(Window(40, 400),), intercept=-1000.0),
            Frame(dark, windows=(Window(40, 400),), intercept=-1000.0, spacing=(0.5, 0.5)),
        )
    }
    assert len(keys) == 3


@pytest.mark.parametrize("dtype", [np.float32, np.int32])
def test_the_brightest_of_wide_values_are_seen(dtype: type) -> None:
    values = np.random.default_rng(3).normal(100, 10, (300, 300))
    values[100:105, 100:105] = np.linspace(5000, 10000, 25).reshape(5, 5)
    pyramid = Pyramid.of(Frame(values.astype(dtype)))
    shown = pyramid.shown(0, Window(7500, 5000))
    assert shown[100, 100] < 20
    assert shown[104, 104] > 235
    usual = pyramid.shown(0, Window(100, 60))[200:].astype(int)
    wanted = np.clip((values[200:] - 70) / 60, 0, 1) * 255
    assert np.abs(usual - wanted).max() <= 6, "the usual ones keep their shades"
