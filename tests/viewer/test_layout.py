"""Where the window and its panels stand, also on the next day and with other screens."""

from __future__ import annotations

import os
import stat

import pytest
from PySide6.QtCore import QByteArray, QPoint, QRect, QSettings, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QDockWidget, QToolBar

from tests.viewer.conftest import action_of
from viewer.actions import ACTIONS, DYNAMIC
from viewer.docks import Docks
from viewer.layout import (
    Layout,
    brought_back,
    forget_layout,
    layout_file,
    read_layout,
    within_reach,
    write_layout,
)
from viewer.main_window import MainWindow
from viewer.skeleton import MENUS

LEFT, RIGHT = QRect(0, 0, 1920, 1080), QRect(1920, 0, 2560, 1440)


@pytest.mark.parametrize(
    ("frame", "screens", "reachable"),
    [
        (QRect(100, 100, 800, 600), [LEFT], True),
        (QRect(2000, 100, 800, 600), [LEFT, RIGHT], True),
        (QRect(2000, 100, 800, 600), [LEFT], False),
        (QRect(1850, 100, 800, 600), [LEFT], False),  # 70 pixels of the title are too few
        (QRect(1850, 100, 800, 600), [LEFT, RIGHT], True),
        (QRect(100, -300, 800, 600), [LEFT], False),  # its title is above the screen
        (QRect(100, 1070, 800, 600), [LEFT], False),
        (QRect(100, 100, 60, 300), [LEFT], True),  # a narrow panel, wholly seen
    ],
)
def test_a_window_is_reached_by_its_title(
    frame: QRect, screens: list[QRect], reachable: bool
) -> None:
    assert within_reach(frame, screens) is reachable


def test_a_window_of_a_screen_that_is_gone_comes_back() -> None:
    there = QRect(2000, 100, 800, 600)
    assert brought_back(there, [LEFT, RIGHT]) == there
    back = brought_back(there, [LEFT])
    assert LEFT.contains(back)
    assert back.size() == there.size()
    assert abs((back.center() - LEFT.center()).manhattanLength()) <= 2
    assert brought_back(QRect(2000, 0, 2560, 1440), [LEFT]) == LEFT


def test_a_layout_is_kept_for_the_user_alone() -> None:
    write_layout(Layout(QByteArray(b"where"), QByteArray(b"how"), QRect(1, 2, 3, 4), "light"))
    found = read_layout()
    assert (found.geometry, found.state) == (b"where", b"how")
    assert (found.middle, found.theme) == (QRect(1, 2, 3, 4), "light")
    if os.name == "posix":
        assert stat.S_IMODE(layout_file().stat().st_mode) == 0o600
    forget_layout()
    assert read_layout().state.isEmpty()


@pytest.mark.parametrize("content", [b"", b"\xff\x00[", b"[General]\nversion=99\nstate=x\n"])
def test_a_damaged_layout_or_that_of_another_version_is_none(content: bytes) -> None:
    layout_file().parent.mkdir(parents=True, exist_ok=True)
    layout_file().write_bytes(content)
    found = read_layout()
    assert found.geometry.isEmpty()
    assert found.middle is None
    assert found.theme == "dark"


def test_values_of_another_type_are_none() -> None:
    write_layout(Layout())
    kept = QSettings(str(layout_file()), QSettings.Format.IniFormat)
    for name in ("geometry", "state", "middle", "theme"):
        kept.setValue(name, 7)
    kept.sync()
    found = read_layout()
    assert (found.geometry, found.state, found.middle) == (QByteArray(), QByteArray(), None)


def test_the_names_in_the_first_menu_bar_are_those_of_the_table() -> None:
    tops = [row.menu.partition("/")[0] for row in (*ACTIONS, *DYNAMIC)]
    assert tuple(dict.fromkeys(tops)) == MENUS


def _docks(window: MainWindow) -> dict[str, QDockWidget]:
    return {dock.objectName(): dock for dock in window.docks.all()}


def test_panels_can_be_moved_floated_closed_and_are_remembered(drive) -> None:
    def first(window: MainWindow):
        docks = _docks(window)
        every = QDockWidget.DockWidgetFeature
        wanted = every.DockWidgetMovable | every.DockWidgetFloatable | every.DockWidgetClosable
        assert all(dock.features() & wanted == wanted for dock in docks.values())
        docks["profile"].hide()
        docks["layers"].setFloating(True)
        window.addDockWidget(Qt.DockWidgetArea.LeftDockWidgetArea, docks["prediction"])
        yield lambda: docks["layers"].isFloating()

    def second(window: MainWindow):
        docks = _docks(window)
        assert docks["profile"].isHidden()
        assert docks["layers"].isFloating()
        area = window.dockWidgetArea(docks["prediction"])
        assert area == Qt.DockWidgetArea.LeftDockWidgetArea
        action_of(window, "reset-layout").trigger()
        assert not docks["profile"].isHidden()
        assert not docks["layers"].isFloating()
        area = window.dockWidgetArea(docks["prediction"])
        assert area == Qt.DockWidgetArea.RightDockWidgetArea
        assert docks["evidence"] in window.tabifiedDockWidgets(docks["prediction"])
        yield lambda: True

    assert drive([], first) == 0
    assert drive([], second) == 0


def test_a_floating_panel_of_a_screen_that_is_gone_comes_back(drive) -> None:
    def script(window: MainWindow):
        dock = _docks(window)["profile"]
        dock.setFloating(True)
        dock.move(QPoint(9000, 9000))
        screens = [screen.availableGeometry() for screen in QApplication.screens()]
        window.bring_back(screens)
        yield lambda: within_reach(dock.frameGeometry(), screens)

    assert drive([], script) == 0


def test_all_panels_hide_and_come_back_as_they_were(drive) -> None:
    def script(window: MainWindow):
        docks = _docks(window)
        docks["profile"].hide()
        window.activateWindow()
        yield window.isActiveWindow
        QTest.keyClick(window, Qt.Key.Key_F9)
        yield lambda: all(dock.isHidden() for dock in docks.values())
        QTest.keyClick(window, Qt.Key.Key_F9)
        yield lambda: not docks["studies"].isHidden()
        assert [name for name, dock in docks.items() if dock.isHidden()] == ["profile"]

    assert drive([], script) == 0


def test_the_picture_has_the_screen_alone_until_esc(drive) -> None:
    def script(window: MainWindow):
        yield lambda: window.session.open is not None
        docks = _docks(window)
        docks["profile"].hide()
        window.activateWindow()
        yield window.isActiveWindow
        QTest.keyClick(window, Qt.Key.Key_F11, Qt.KeyboardModifier.ShiftModifier)
        yield lambda: window.isFullScreen() and window.picture_alone
        assert action_of(window, "picture-alone").isChecked()
        assert all(dock.isHidden() for dock in docks.values())
        assert all(bar.isHidden() for bar in window.findChildren(QToolBar))
        assert window.menuBar().isHidden()
        assert window.statusBar().isHidden()
        QTest.keySequence(window, action_of(window, "invert").shortcuts()[0])
        assert window.session.inverted, "keys act without the menu bar"
        QTest.keyClick(window, Qt.Key.Key_Escape)
        yield lambda: not window.isFullScreen()
        assert not window.picture_alone
        assert not window.menuBar().isHidden()
        assert [name for name, dock in docks.items() if dock.isHidden()] == ["profile"]

    assert drive(["--sample"], script) == 0


def test_full_screen_keeps_the_panels_and_esc_does_not_leave_it(drive) -> None:
    def script(window: MainWindow):
        window.activateWindow()
        yield window.isActiveWindow
        QTest.keyClick(window, Qt.Key.Key_F11)
        yield window.isFullScreen
        assert not _docks(window)["studies"].isHidden()
        QTest.keyClick(window, Qt.Key.Key_Escape)
        assert window.isFullScreen()
        QTest.keyClick(window, Qt.Key.Key_F11, Qt.KeyboardModifier.ShiftModifier)
        yield lambda: window.picture_alone
        QTest.keyClick(window, Qt.Key.Key_Escape)
        yield lambda: not window.picture_alone
        assert window.isFullScreen(), "it was full before"
        QTest.keyClick(window, Qt.Key.Key_F11)
        yield lambda: not window.isFullScreen()

    assert drive([], script) == 0


def test_the_layout_of_the_picture_alone_is_not_kept(drive) -> None:
    def script(window: MainWindow):
        window.show_picture_alone(True)
        yield lambda: window.picture_alone
        window.keep_layout()
        assert read_layout().state.isEmpty()

    assert drive([], script) == 0
    assert not read_layout().state.isEmpty(), "at the end the panels' places were kept"

    def again(window: MainWindow):
        assert not any(_docks(window)[name].isHidden() for name in Docks.first())
        yield lambda: True

    assert drive([], again) == 0


def test_a_small_screen_holds_everything(drive) -> None:
    def script(window: MainWindow):
        window.resize(1366, 768)
        yield lambda: window.width() == 1366
        assert window.height() == 768
        assert window.minimumSizeHint().width() <= 1366
        assert window.minimumSizeHint().height() <= 768 - 60, "a task bar needs some, too"

    assert drive([], script) == 0
