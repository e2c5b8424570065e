"""Window presets in the window: keys, the menu, numbers that are typed, windows of one's own."""

from __future__ import annotations

import json
import stat
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPointF, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QMenu

from engine.shapes import box
from tests.factories.dicom_files import make_dataset, save
from tests.viewer.conftest import Drive, Script, Steps, action_of
from viewer.canvas.compose import scene_of
from viewer.dialogs.keep_window import KeepWindow
from viewer.dialogs.window_numbers import WindowNumbers
from viewer.dicom.window import Window, auto_window
from viewer.main_window import MainWindow
from viewer.state.document import Landmark
from viewer.state.presets import (
    OwnWindow,
    keep_own,
    own_file,
    own_windows,
    remove_own,
)

_SERIES = {"SeriesInstanceUID": "1.2.3", "StudyInstanceUID": "1.2", "SeriesNumber": 1}


def _ct(folder: Path, **elements: object) -> Path:
    """A CT of two images in Hounsfield units, with two windows of its own."""
    for number in (1, 2):
        pixels = np.arange(4096, dtype=np.uint16).reshape(64, 64) + 16 * number
        dataset = make_dataset(
            pixels,
            Modality="CT",
            RescaleSlope=1,
            RescaleIntercept=-1024,
            InstanceNumber=number,
            WindowCenter=[40, 300],
            WindowWidth=[400, 1500],
            WindowCenterWidthExplanation=["ABDOMEN", "JANE DOE"],
            **_SERIES,
            **elements,
        )
        save(dataset, folder / f"{number}.dcm")
    return folder


def _open(window: MainWindow) -> Callable[[], bool]:
    return lambda: window.session.open is not None


def _press(window: MainWindow, key: Qt.Key) -> None:
    QTest.keyClick(window.view, key)


def _menu(window: MainWindow) -> QMenu:
    menu = next(menu for menu in window.findChildren(QMenu) if menu.title() == "Window")
    menu.aboutToShow.emit()
    return menu


def _corner(window: MainWindow, identity_shown: bool = True) -> str:
    scene = scene_of(window.session, identity_shown=identity_shown)
    assert scene is not None
    return scene.corners.bottom_right[-1]


def _run(drive: Drive, paths: list[Path], script: Script) -> None:
    assert drive([str(path) for path in paths], script) == 0


def test_keys_choose_the_windows_of_the_file_and_of_the_modality(
    drive: Drive, tmp_path: Path
) -> None:
    def script(window: MainWindow) -> Steps:
        yield _open(window)
        session = window.session
        window.activateWindow()
        window.view.setFocus()
        assert session.window == Window(40, 400, explanation="ABDOMEN")
        _press(window, Qt.Key.Key_2)
        assert session.window == Window(300, 1500, explanation="JANE DOE")
        assert _corner(window) == "W 1500  L 300 · JANE DOE"
        assert _corner(window, identity_shown=False) == "W 1500  L 300 · window 2 of the file"
        _press(window, Qt.Key.Key_3)
        assert session.window == Window(-600, 1500, explanation="lung")
        assert _corner(window) == "W 1500  L −600 · lung"
        _press(window, Qt.Key.Key_0)
        assert session.open is not None
        assert session.window == auto_window(session.open.frame)
        session.set_window(Window(5, 6).moved(1, 2))
        assert _corner(window) == "W 2  L 1"  # moved by hand, it is no preset any more
        _press(window, Qt.Key.Key_1)
        assert session.window == Window(40, 400, explanation="ABDOMEN")
        _press(window, Qt.Key.Key_3)
        _press(window, Qt.Key.Key_Down)
        yield lambda: session.open is not None and session.open.place.number == 1
        assert session.window == Window(-600, 1500, explanation="lung")  # it stays in the series

    _run(drive, [_ct(tmp_path)], script)


def test_the_menu_lists_what_the_image_has_with_its_keys(drive: Drive, tmp_path: Path) -> None:
    def script(window: MainWindow) -> Steps:
        yield _open(window)
        for _ in range(2):  # filled anew each time
            texts = [action.text() for action in _menu(window).actions()]
            assert texts.count("ABDOMEN   W 400  L 40\t1") == 1
            assert texts.count("lung   W 1500  L −600\t3") == 1
        assert [a.text() for a in _menu(window).actions() if a.isChecked()] == [
            "ABDOMEN   W 400  L 40\t1"
        ]
        bone = next(a for a in _menu(window).actions() if a.text().startswith("bone"))
        bone.trigger()
        assert window.session.window == Window(400, 1800, explanation="bone")
        assert next(a.text() for a in _menu(window).actions() if a.isChecked())[:4] == "bone"
        action_of(window, "window-4").setShortcut("Ctrl+9")
        assert any(a.text().endswith("\tCtrl+9") for a in _menu(window).actions())
        assert "window-3" not in [a.objectName() for a in _menu(window).actions()]
        assert not action_of(window, "window-region").isEnabled()

    _run(drive, [_ct(tmp_path)], script)


def test_windows_that_are_worked_out_come_one_after_another(drive: Drive, tmp_path: Path) -> None:
    pixels = np.arange(400, dtype=np.uint16).reshape(20, 20)
    path = save(make_dataset(pixels, Modality="CR"), tmp_path / "image")

    def script(window: MainWindow) -> Steps:
        yield _open(window)
        menu = _menu(window)
        assert any(action.text() == "full range   W …  L …\t4" for action in menu.actions())
        yield lambda: not any("…" in action.text() for action in menu.actions()[5:])
        texts = [action.text() for action in menu.actions()]
        assert "full range   W 400  L 200\t4" in texts
        assert "narrow   W 320  L 200\t3" in texts
        checked = [action.text().split("   ")[0] for action in menu.actions() if action.isChecked()]
        assert checked == ["automatic"]

    _run(drive, [path], script)


def test_colours_have_no_window(drive: Drive, tmp_path: Path) -> None:
    pixels = np.zeros((8, 8, 3), np.uint8)
    path = save(make_dataset(pixels, Modality="US"), tmp_path / "image")

    def script(window: MainWindow) -> Steps:
        yield _open(window)
        assert not action_of(window, "window-1").isEnabled()
        assert not action_of(window, "window-numbers").isEnabled()
        last = _menu(window).actions()[-1]
        assert (last.text(), last.isEnabled()) == ("colours have no window", False)

    _run(drive, [path], script)


def test_numbers_are_typed_and_taken_back(drive: Drive, tmp_path: Path) -> None:
    def script(window: MainWindow) -> Steps:
        yield _open(window)
        session = window.session
        before = session.window
        action_of(window, "window-numbers").trigger()
        dialog = window.findChild(WindowNumbers)
        assert dialog is not None
        assert (dialog.width_field.value(), dialog.level_field.value()) == (400, 40)
        dialog.width_field.setValue(80)
        dialog.level_field.setValue(-35.5)
        assert session.window == Window(-35.5, 80)
        assert dialog.says.text() == "Black up to −75.5, white from 3.5."
        dialog.function_field.setCurrentIndex(2)
        assert session.window == Window(-35.5, 80, "SIGMOID")
        assert _corner(window) == "W 80  L −35.5  sigmoid"
        dialog.width_field.setValue(0.5)
        dialog.function_field.setCurrentIndex(0)
        assert session.window == Window(-35.5, 1)  # as narrow as a linear one can be
        dialog.reject()
        assert session.window == before
        dialog.deleteLater()
        action_of(window, "window-numbers").trigger()
        dialog = next(d for d in window.findChildren(WindowNumbers) if d.isVisible())
        dialog.width_field.setValue(80)
        dialog.accept()
        assert session.window == Window(40, 80)

    _run(drive, [_ct(tmp_path)], script)


def test_a_window_of_what_is_in_sight_or_selected(drive: Drive, tmp_path: Path) -> None:
    def script(window: MainWindow) -> Steps:
        yield _open(window)
        session = window.session
        yield lambda: bool(session.audit.image)
        opened = session.open
        assert opened is not None
        action_of(window, "window-view").trigger()
        assert session.window == auto_window(opened.frame)
        yield lambda: session.explanation is not None  # nothing changes its size any more
        view = window.view.view
        window.view.set_view(replace(view, zoom=40.0, centre=(32.0, 40.0)))
        action_of(window, "window-view").trigger()
        assert isinstance(session.window, Window)
        assert session.window.center < auto_window(opened.frame).center + 4096
        half = window.view.viewports[0].height() / 80
        rows = opened.frame.pixels[round(40 - half) : round(40 + half)]
        assert session.window.center == pytest.approx(rows.mean() - 1024, abs=200)
        session.audit.add_landmark(Landmark("a", "bone", box(4, 10, 12, 12), ""))
        session.audit.select("a")
        action_of(window, "window-region").trigger()
        part = replace(opened.frame, pixels=opened.frame.pixels[10:12, 4:12])
        assert session.window == auto_window(part)

    _run(drive, [_ct(tmp_path)], script)


def test_a_box_that_is_drawn_sets_the_window(drive: Drive, tmp_path: Path) -> None:
    def script(window: MainWindow) -> Steps:
        yield _open(window)
        session, view = window.session, window.view
        yield lambda: session.explanation is not None  # nothing changes its size any more
        opened = session.open
        assert opened is not None
        action = action_of(window, "window-box")
        action.trigger()
        assert action.isChecked()
        assert "Drag a box" in session.message
        transform = view.view.transform(view.viewports[0], (64, 64), 1.0)
        ends = [transform.map(QPointF(*at)).toPoint() for at in ((10.2, 20.2), (30.1, 24.8))]
        left = Qt.MouseButton.LeftButton
        QTest.mousePress(view, left, Qt.KeyboardModifier.NoModifier, ends[0])
        QTest.mouseMove(view, ends[1])
        QTest.mouseRelease(view, left, Qt.KeyboardModifier.NoModifier, ends[1])
        part = replace(opened.frame, pixels=opened.frame.pixels[20:25, 10:30])
        assert session.window == auto_window(part)
        assert session.audit.tool.purpose == "window"
        assert session.message == ""
        assert not session.audit.document.landmarks
        action.trigger()
        action.trigger()  # puts it down
        assert session.audit.tool.purpose == "window"

    _run(drive, [_ct(tmp_path)], script)


def test_a_window_of_ones_own_is_kept_for_its_modality_and_removed(
    drive: Drive, tmp_path: Path
) -> None:
    def script(window: MainWindow) -> Steps:
        yield _open(window)
        session = window.session
        session.set_window(Window(111, 222, "SIGMOID"))
        action_of(window, "window-keep").trigger()
        dialog = window.findChild(KeepWindow)
        assert dialog is not None
        assert not dialog.keep.isEnabled()
        dialog.name.setText(" wrist & hand ")
        assert dialog.keep.text() == "Keep"
        dialog.keep.click()
        assert own_windows() == (OwnWindow("wrist & hand", "CT", "HU", 111, 222, "SIGMOID"),)
        assert _corner(window).endswith("sigmoid · wrist & hand")
        actions = _menu(window).actions()
        kept = next(a for a in actions if a.text().startswith("wrist && hand"))
        assert kept.isChecked()
        below = actions[-1].menu()
        assert isinstance(below, QMenu)
        below.actions()[0].trigger()
        assert own_windows() == ()
        assert "no longer kept" in session.message

    _run(drive, [_ct(tmp_path)], script)


def test_a_name_that_is_taken_is_replaced_only_with_a_word() -> None:
    first = OwnWindow("hand", "CR", "", 1, 2)
    keep_own(first)
    keep_own(OwnWindow("Hand", "CT", "HU", 5, 6))  # for other images
    keep_own(OwnWindow("HAND", "CR", "", 3, 4))
    assert [(own.name, own.center) for own in own_windows()] == [("HAND", 3), ("Hand", 5)]
    remove_own(first)
    assert [own.name for own in own_windows()] == ["Hand"]
    assert stat.S_IMODE(own_file().stat().st_mode) == 0o600


@pytest.mark.parametrize(
    "data", [b"", b"{", b"[[", b'{"a": 1}', b"[1, null]", b"\xff", b"[" * 9000]
)
def test_a_damaged_list_is_none_and_put_aside(data: bytes) -> None:
    """Nothing is lost when a window is kept afterwards, nor by the next damage."""
    own_file().parent.mkdir(parents=True)
    for number in (1, 2):
        own_file().write_bytes(data)
        assert own_windows() == ()
        keep_own(OwnWindow("hand", "CR", "", number, 2))
        assert [own.center for own in own_windows()] == [number]
        assert own_file().with_suffix(f".damaged-{number}").read_bytes() == data
        own_file().unlink()


def test_a_list_that_cannot_be_read_is_not_written_over() -> None:
    own_file().parent.mkdir(parents=True)
    data = b"[" + b" " * (1 << 20) + b"]"
    own_file().write_bytes(data)
    assert own_windows() == ()
    for change in (keep_own, remove_own):
        with pytest.raises(OSError, match="larger"):
            change(OwnWindow("hand", "CR", "", 1, 2))
    assert own_file().read_bytes() == data


def test_damaged_rows_are_left_out() -> None:
    own_file().parent.mkdir(parents=True)
    sound = {"name": "a", "modality": "CR", "units": "", "center": 1, "width": 2}
    rows = [
        {**sound, "function": "LINEAR"},
        {**sound, "name": " ", "function": "LINEAR"},
        {**sound, "name": "b\n", "function": "LINEAR"},
        {**sound, "name": "c", "function": "LINEAR", "width": 0},
        {**sound, "name": "d", "function": "LINEAR", "center": "nan"},
        {**sound, "name": "e", "function": "CURVED"},
        {**sound, "name": "f", "function": "LINEAR", "width": 10**400},
        {**sound, "name": "g"},
    ]
    text = json.dumps(rows)
    own_file().write_text(text)
    assert [own.name for own in own_windows()] == ["a"]
    keep_own(OwnWindow("hand", "CR", "", 1, 2))
    assert [own.name for own in own_windows()] == ["a", "hand"]
    assert own_file().with_suffix(".damaged-1").read_text() == text, "nothing is lost"
    keep_own(OwnWindow("wrist", "CR", "", 1, 2))
    assert not own_file().with_suffix(".damaged-2").exists()


def test_there_is_an_end_to_what_is_kept() -> None:
    for number in range(50):
        keep_own(OwnWindow(f"n{number}", "CR", "", 1, 2))
    with pytest.raises(ValueError, match="no more than 50"):
        keep_own(OwnWindow("one more", "CR", "", 1, 2))
    keep_own(OwnWindow("n3", "CR", "", 9, 9))
    assert len(own_windows()) == 50


def test_a_list_that_cannot_be_written_is_said(drive: Drive, tmp_path: Path) -> None:
    own_file().mkdir(parents=True)  # a folder in its place

    def script(window: MainWindow) -> Steps:
        yield _open(window)
        action_of(window, "window-keep").trigger()
        dialog = window.findChild(KeepWindow)
        assert dialog is not None
        dialog.name.setText("x")
        dialog.keep.click()
        assert "not kept" in dialog.says.text()
        dialog.reject()

    _run(drive, [_ct(tmp_path)], script)
