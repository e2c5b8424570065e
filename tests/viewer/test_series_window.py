"""Stacks in the real window: the bar below the picture, its keys, and key images."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QImage
from PySide6.QtTest import QTest

from tests.factories.dicom_files import make_dataset, save
from tests.viewer.conftest import Steps, action_of
from viewer.dialogs.export import Wishes
from viewer.main_window import MainWindow
from viewer.messages import UserError
from viewer.state.progress import Progress
from viewer.verbs.key_images import key_image_sheet
from viewer.verbs.offers import offers


def stack(folder: Path, count: int, series: int = 1) -> Path:
    for number in range(count):
        dataset = make_dataset(
            np.full((32, 32), 20 * number + 5, np.uint16),
            StudyInstanceUID="1.2.3",
            SeriesInstanceUID=f"1.2.3.{series}",
            SOPInstanceUID=f"1.2.3.{series}.{number}",
            SeriesNumber=series,
            WindowCenter=128,
            WindowWidth=256,
            InstanceNumber=number,
        )
        save(dataset, folder / f"{series}-{number}.dcm")
    return folder


def ready(window: MainWindow) -> Callable[[], bool]:
    return lambda: window.session.open is not None and window.session.reading is None


def to_first(window: MainWindow) -> Callable[[], bool]:
    session = window.session
    session.set_place(session.place.moved(-session.place.number))
    return lambda: session.open is not None


def test_the_bar_shows_and_moves_the_position(drive, tmp_path: Path) -> None:
    stack(tmp_path, 11)

    def script(window: MainWindow) -> Steps:
        session, bar = window.session, window.cine_bar
        yield ready(window)
        yield to_first(window)
        assert bar.isVisible()
        assert bar.position.text() == "1 / 11"
        slider = bar.slider
        for number in (0, 4, 10):
            assert slider.number_at(slider.x_of(number)) == number
        QTest.mouseClick(slider, Qt.MouseButton.LeftButton, pos=QPoint(round(slider.x_of(6)), 14))
        assert session.place.number == 6
        assert bar.position.text() == "7 / 11"
        for key, expected in ((Qt.Key.Key_Home, 0), (Qt.Key.Key_Right, 1), (Qt.Key.Key_End, 10)):
            QTest.keyClick(slider, key)
            assert session.place.number == expected
        window.activateWindow()
        window.view.setFocus()
        yield window.view.hasFocus
        QTest.keyClick(window.view, Qt.Key.Key_Home)
        assert session.place.number == 0
        QTest.keyClick(window.view, Qt.Key.Key_End)
        assert session.place.number == 10
        yield lambda: session.open is not None

    assert drive([str(tmp_path)], script) == 0


def test_one_image_has_no_bar(drive, tmp_path: Path) -> None:
    stack(tmp_path, 1)

    def script(window: MainWindow) -> Steps:
        yield ready(window)
        assert not window.cine_bar.isVisible()
        assert not action_of(window, "cine").isEnabled()
        assert not action_of(window, "first-image").isEnabled()

    assert drive([str(tmp_path)], script) == 0


def test_c_plays_and_stops(drive, tmp_path: Path) -> None:
    stack(tmp_path, 8)

    def script(window: MainWindow) -> Steps:
        session, bar, cine = window.session, window.cine_bar, window.workbench.cine
        yield ready(window)
        yield to_first(window)
        bar.rate.setValue(40)
        assert cine.rate == 40
        shown: list[int] = []
        session.frameChanged.connect(
            lambda: shown.append(session.open.place.number) if session.open else None
        )
        action_of(window, "cine").trigger()
        assert action_of(window, "cine").isChecked()
        assert session.playing
        yield lambda: len(set(shown)) == 8
        yield lambda: bar.actual.text().startswith("actual ")
        assert session.explanation is None
        action_of(window, "cine").trigger()
        assert not session.playing
        assert not action_of(window, "cine").isChecked()
        assert bar.actual.text() == ""
        action_of(window, "cine-swing").trigger()
        assert bar.order.currentText() == "to and fro"
        action_of(window, "cine-slower").trigger()
        assert (cine.rate, bar.rate.value()) == (32, 32)
        action_of(window, "cine-faster").trigger()
        assert cine.rate == 40
        action_of(window, "cine").trigger()
        window.view.imageWheeled.emit(1)
        assert not session.playing, "whoever scrolls wants to look"
        yield lambda: session.explanation is not None

    assert drive([str(tmp_path)], script) == 0


def test_key_images_are_marked_found_and_kept(drive, tmp_path: Path) -> None:
    stack(tmp_path, 6)
    stack(tmp_path, 4, series=2)

    def place(window: MainWindow) -> tuple[int, int]:
        found = window.session.place
        return found.series.number, found.number

    def first(window: MainWindow) -> Steps:
        session = window.session
        yield ready(window)
        session.set_place(session.place_of(tmp_path / "1-0.dcm"))
        action_of(window, "next-key-image").trigger()
        assert "no key images yet" in session.message
        for name in ("1-1.dcm", "1-4.dcm", "2-2.dcm"):
            session.set_place(session.place_of(tmp_path / name))
            action_of(window, "key-image").trigger()
            assert action_of(window, "key-image").isChecked()
        yield lambda: session.open is not None
        assert "★ key image" in window.view.current_scene().corners.bottom_left

    def second(window: MainWindow) -> Steps:
        session = window.session
        yield ready(window)
        session.set_place(session.place_of(tmp_path / "1-0.dcm"))
        assert not action_of(window, "key-image").isChecked()
        seen = []
        for _ in range(4):
            action_of(window, "next-key-image").trigger()
            seen.append(place(window))
        assert seen == [(1, 1), (1, 4), (2, 2), (1, 1)], "and round again"
        action_of(window, "previous-key-image").trigger()
        assert place(window) == (2, 2)
        action_of(window, "key-image").trigger()
        assert not action_of(window, "key-image").isChecked()
        yield lambda: session.open is not None
        assert "★ key image" not in window.view.current_scene().corners.bottom_left

    assert drive([str(tmp_path)], first) == 0
    assert drive([str(tmp_path)], second) == 0


def test_key_images_are_exported_side_by_side(drive, tmp_path: Path) -> None:
    stack(tmp_path / "in", 6)
    target = tmp_path / "sheet.png"

    def script(window: MainWindow) -> Steps:
        session, context = window.session, window.context
        yield ready(window)
        with pytest.raises(UserError, match="no key images"):
            key_image_sheet(context, identity=False)
        for number in (1, 4):
            session.set_place(session.place.moved(number - session.place.number))
            action_of(window, "key-image").trigger()
        offer = next(one for one in offers(context) if one.title.startswith("Key images"))
        made = offer.prepare(Wishes(identity=False, layers=()))
        assert made.name == "cr-key-images.png"
        window.workbench.export(target, lambda: made.write(target, Progress()), made.words)
        yield target.with_name("sheet.png.json").exists
        yield lambda: not window.workbench.exporting

    assert drive([str(tmp_path / "in")], script) == 0
    facts = json.loads(target.with_name("sheet.png.json").read_text())
    assert [row["image"] for row in facts["key_images"]] == [2, 5]
    image = QImage(str(target))
    grey = [image.pixelColor(x, image.height() // 2).value() for x in (200, 700)]
    assert grey == [25, 85], "each in the window of its file"
