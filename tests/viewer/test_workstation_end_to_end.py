"""A sitting at the workstation, through the real entry point: a folder with a file that is none is
opened, scrolled, windowed, measured and looked at on the full screen; the next start finds what was
measured and the panels where they were."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QDockWidget, QMenu, QWidget
from shiboken6 import isValid

from tests.factories.dicom_files import make_dataset, save
from tests.viewer.watchdog import LONGEST, Watchdog
from viewer.dicom.frame import default_window
from viewer.dicom.window import Window
from viewer.main_window import MainWindow
from viewer.panels.cine_bar import CineBar
from viewer.panels.stack_slider import StackSlider
from viewer.state.others import Other
from viewer.state.presets import OwnWindow, keep_own
from viewer.verbs.pictures import screen_export

Steps = Generator[Callable[[], bool], None, None]
LEFT = Qt.MouseButton.LeftButton


def _folder(tmp_path: Path) -> Path:
    """A CT of five images, and a file that only says that it is one."""
    folder = tmp_path / "study"
    folder.mkdir()
    for number in range(5):
        pixels = np.random.default_rng(number).integers(0, 2000, (300, 260)).astype(np.uint16)
        dataset = make_dataset(pixels, Modality="CT")
        dataset.SeriesInstanceUID, dataset.StudyInstanceUID = "1.2.3.4", "1.2.3"
        dataset.SOPInstanceUID, dataset.InstanceNumber = f"1.2.3.4.{number}", number + 1
        dataset.PixelSpacing = [0.5, 0.5]
        dataset.RescaleIntercept, dataset.RescaleSlope = -1000, 1
        dataset.RescaleType = "HU"
        save(dataset, folder / f"{number}.dcm")
    (folder / "none.dcm").write_bytes(bytes(128) + b"DICM" + bytes(range(256)))
    return folder


def _wheel(window: MainWindow, notches: int) -> None:
    middle = QPointF(window.view.rect().center())
    turn, none = QPoint(0, 120 * notches), Qt.KeyboardModifier.NoModifier
    event = QWheelEvent(
        middle,
        window.view.mapToGlobal(middle),
        QPoint(),
        turn,
        Qt.MouseButton.NoButton,
        none,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(window.view, event)


def _drag(window: MainWindow, start: QPoint, end: QPoint) -> None:
    QTest.mousePress(window.view, LEFT, pos=start)
    for step in range(1, 6):
        QTest.mouseMove(window.view, start + (end - start) * step / 5)
    QTest.mouseRelease(window.view, LEFT, pos=end)


def test_a_sitting_and_the_one_after_it(drive, tmp_path: Path) -> None:
    folder = _folder(tmp_path)
    kept: list[float] = []

    def first(window: MainWindow) -> Steps:
        view, session = window.view, window.session
        dog = Watchdog(window)
        yield lambda: session.reading is None and session.open is not None
        yield lambda: bool(session.audit.image)
        assert len(session.all_series()) == 1
        assert [item.path.name for item in session.rejected] == ["none.dcm"]
        bar = window.findChild(CineBar)
        assert bar is not None
        assert bar.isVisible()
        number = session.place.number
        _wheel(window, -1)
        yield lambda: session.place.number == number + 1 and session.open is not None
        yield lambda: bool(session.audit.image)
        before, middle = session.window, view.rect().center()
        assert isinstance(before, Window)
        _drag(window, middle, middle + QPoint(40, 30))
        assert session.window.width > before.width
        assert session.window.center > before.center
        QTest.keyClick(view, Qt.Key.Key_2)
        assert session.window.explanation == "lung"
        QTest.keyClick(view, Qt.Key.Key_D)
        _drag(window, middle, middle + QPoint(60, 0))
        (length,) = session.audit.document.measurements
        (x0, y0), (x1, y1) = length.points
        millimetres = 0.5 * np.hypot(x1 - x0, y1 - y0)
        assert millimetres > 1
        (shown,) = view.current_scene().measures
        assert shown.reading.headline == f"{millimetres:.1f} mm"
        kept.append(float(millimetres))
        QTest.keyClick(view, Qt.Key.Key_F11)
        yield window.isFullScreen
        assert window.findChild(QDockWidget, "prediction").isVisible()
        QTest.keyClick(view, Qt.Key.Key_F11)
        yield lambda: not window.isFullScreen()
        window.findChild(QDockWidget, "profile").close()
        QTest.keyClick(view, Qt.Key.Key_Escape)
        assert not session.audit.selected, "the first lets go of what is selected"
        QTest.keyClick(view, Qt.Key.Key_Escape)
        assert session.window == default_window(session.open.frame)
        assert dog.longest <= LONGEST, f"{dog.longest:.3f} s at a time"

    assert drive([str(folder)], first) == 0

    def second(window: MainWindow) -> Steps:
        session = window.session
        yield lambda: window.complete
        assert not window.findChild(QDockWidget, "profile").isVisible()
        assert session.place is None, "after a clean end nothing is opened by itself"
        window.workbench.open_paths([folder])
        yield lambda: session.reading is None and bool(session.audit.image)
        _wheel(window, -1)
        yield lambda: len(session.audit.document.measurements) == 1
        (x0, y0), (x1, y1) = session.audit.document.measurements[0].points
        assert 0.5 * np.hypot(x1 - x0, y1 - y0) == kept[0]

    assert drive([], second) == 0


def test_a_picture_beside_the_main_one_is_exported_as_what_it_is(drive, tmp_path: Path) -> None:
    def script(window: MainWindow) -> Steps:
        session, comparing = window.session, window.workbench.comparing
        yield lambda: session.explanation is not None and bool(session.audit.image)
        comparing.set_other(Other("untrained"))
        yield lambda: any(pane.overlay is not None for pane in session.panes)
        main = screen_export(window.context)
        assert main.facts["model"]["weights_sha256"] == session.explanation.model.sha256
        (beside,) = main.facts["beside"]
        assert "untrained" in beside["picture"]
        assert beside["model"]["weights_sha256"] == ""
        window.view.framing.pane = 1
        window.view.framing.toggle_alone()
        yield lambda: window.view.framing.alone == 1
        alone = screen_export(window.context)
        assert alone.facts["picture"] == session.panes[0].title
        assert alone.facts["model"]["weights_sha256"] == ""
        assert "beside" not in alone.facts
        session.set_inverted(True)
        (scene,) = window.view.current_scenes()
        assert "inverted" in scene.corners.bottom_right[-1]
        yield lambda: True

    assert drive(["--sample"], script) == 0


@pytest.mark.qt_log_ignore("not support grabbing the keyboard", extend=True)  # offscreen
def test_keys_belong_to_what_has_the_focus(drive, tmp_path: Path) -> None:
    folder = _folder(tmp_path)

    def script(window: MainWindow) -> Steps:
        session = window.session
        yield lambda: session.reading is None and session.open is not None
        slider = window.findChild(StackSlider)
        slider.setFocus()
        number = session.place.number
        QTest.keyClick(slider, Qt.Key.Key_PageDown)
        assert session.place.number == number + 1, "a page of the stack, and no other series"
        QTest.keyClick(slider, Qt.Key.Key_PageUp)
        assert session.place.number == number
        QTest.keyClick(slider, Qt.Key.Key_Down)
        assert session.place.number == number + 1
        yield lambda: session.open is not None
        window.show_picture_alone(True)
        window.menus.show_at(QPointF(window.mapToGlobal(window.rect().center())))
        yield lambda: QApplication.activePopupWidget() is not None
        QTest.keyClick(QApplication.activePopupWidget(), Qt.Key.Key_Escape)
        yield lambda: QApplication.activePopupWidget() is None
        assert window.picture_alone, "Esc closed the menu alone"
        QTest.keyClick(window.view, Qt.Key.Key_Escape)
        assert not window.picture_alone

    assert drive([str(folder)], script) == 0


def test_a_maximised_window_is_so_again_after_the_full_screen(drive) -> None:
    def script(window: MainWindow) -> Steps:
        window.showMaximized()
        yield window.isMaximized
        for action in ("full-screen", "picture-alone"):
            window.menus.by_id[action].trigger()
            yield window.isFullScreen
            window.menus.by_id[action].trigger()
            yield lambda: not window.isFullScreen()
            assert window.isMaximized()

    assert drive([], script) == 0


def test_the_window_stays_where_the_export_it_waited_for_failed(drive, tmp_path: Path) -> None:
    def script(window: MainWindow) -> Steps:
        session, workbench = window.session, window.workbench
        yield lambda: session.open is not None
        failing = threading.Event()

        def write() -> None:
            failing.wait(30)
            raise OSError(28, "No space left on device")

        workbench.export(tmp_path / "picture.png", write)
        window.close()
        assert window.isVisible()
        assert "closes after it" in session.message
        failing.set()
        yield lambda: workbench.exporting == 0
        yield lambda: "was not exported" in session.message
        assert window.isVisible(), "the message is to be read"

    assert drive(["--sample"], script) == 0


def test_menus_that_are_filled_again_leave_nothing_behind(drive) -> None:
    def script(window: MainWindow) -> Steps:
        session = window.session
        yield lambda: session.open is not None
        assert session.open is not None
        modality = session.open.place.instance.attributes.modality
        keep_own(OwnWindow("mine", modality, session.open.frame.units, 40.0, 400.0, "LINEAR"))
        (menu,) = [menu for menu in window.findChildren(QMenu) if menu.title() == "Window"]
        counts = []
        for _ in range(5):
            menu.aboutToShow.emit()
            yield lambda: True
            QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
            counts.append(len(window.findChildren(QMenu)))
        assert len(set(counts[1:])) == 1, counts

    assert drive(["--sample"], script) == 0


def _is_gone(widget: QWidget) -> bool:
    return not isValid(widget)


@pytest.mark.qt_log_ignore("grabbing the keyboard", extend=True)  # offscreen
def test_the_menu_at_the_cursor_opens_as_often_as_it_is_asked_for(drive) -> None:
    def script(window: MainWindow) -> Steps:
        yield lambda: window.session.explanation is not None
        for _ in range(3):
            window.menus.show_at(QPointF(window.mapToGlobal(window.rect().center())))
            yield lambda: QApplication.activePopupWidget() is not None
            menu = QApplication.activePopupWidget()
            assert [action.text() for action in menu.actions()][-1] == "Window"
            menu.close()
            yield partial(_is_gone, menu)

    assert drive(["--sample"], script) == 0
