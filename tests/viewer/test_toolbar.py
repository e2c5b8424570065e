"""The toolbar and its drawings: every button is an action, and looks like what it is."""

from __future__ import annotations

import re
from collections.abc import Iterator
from xml.etree import ElementTree

import numpy as np
import pytest
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QAction, QColor, QIcon, QImage, QPainter, QPixmap
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QMainWindow, QToolButton
from pytestqt.qtbot import QtBot

import resources
from viewer import icons, palette
from viewer.actions import ACTIONS
from viewer.main_window import MainWindow
from viewer.toolbar import GROUPS, SIDE, Toolbar, tip

BUTTONS = [row for group in GROUPS for row in group]


@pytest.fixture
def dark() -> Iterator[None]:
    before = palette.theme()
    palette.use("dark")
    yield
    palette.use(before)


def alpha(pixmap: QPixmap) -> np.ndarray:
    """0…255 (height, width)."""
    image = pixmap.toImage().convertToFormat(QImage.Format.Format_ARGB32)
    flat = np.frombuffer(image.constBits(), np.uint32).reshape(image.height(), image.width())
    return (flat >> 24).astype(int)


def inked(icon: QIcon, mode: QIcon.Mode, state: QIcon.State) -> str:
    """The colour of the drawing where it is densest."""
    pixmap = icon.pixmap(SIDE, SIDE, mode, state)
    y, x = np.unravel_index(int(alpha(pixmap).argmax()), alpha(pixmap).shape)
    return pixmap.toImage().pixelColor(int(x), int(y)).name()


def test_every_button_is_an_action_with_a_drawing_of_its_own() -> None:
    names = {row.id for row in ACTIONS if row.id}
    assert [name for name, _ in BUTTONS if name not in names] == []
    assert [drawing for _, drawing in BUTTONS if drawing not in icons.names()] == []
    assert len({name for name, _ in BUTTONS}) == len({one for _, one in BUTTONS}) == len(BUTTONS)


def test_what_is_on_or_off_can_be_seen_on_its_button() -> None:
    rows = {row.id: row for row in ACTIONS}
    tools = [name for name, _ in BUTTONS if name.startswith("tool-")]
    for name in (*tools, "invert", "overlay", "contours", "fill", "curtain", "key-image", "cine"):
        assert rows[name].checked is not None, name


@pytest.mark.parametrize("name", icons.names())
def test_a_drawing_keeps_to_the_grid_the_stroke_and_the_colour_of_its_surroundings(
    qtbot: QtBot, name: str
) -> None:
    text = resources.path("icons", f"{name}.svg").read_text(encoding="utf-8")
    root = ElementTree.fromstring(text)
    assert root.attrib["viewBox"] == "0 0 24 24"
    assert root.attrib["stroke"] == "currentColor"
    assert 1.5 <= float(root.attrib["stroke-width"]) <= 1.75
    assert set(re.findall(r'(?:fill|stroke)="([^"]+)"', text)) <= {"none", "currentColor"}
    ink = alpha(icons.pixmap(name, 24, QColor("white"), 2.0))
    assert ink.shape == (48, 48)
    assert 0.03 < (ink > 128).mean() < 0.6
    edges = np.concatenate((ink[0], ink[-1], ink[:, 0], ink[:, -1]))
    assert edges.max() < 128, "nothing is cut off"


def test_drawings_are_told_apart_by_their_shapes(qtbot: QtBot) -> None:
    shapes = {name: alpha(icons.pixmap(name, 24, QColor("white"))) for name in icons.names()}
    names = sorted(shapes)
    for number, one in enumerate(names):
        for other in names[number + 1 :]:
            differs = np.abs(shapes[one] - shapes[other]).mean()
            assert differs > 4, (one, other)


def test_icons_have_the_colours_of_the_theme(qtbot: QtBot, dark: None) -> None:
    on, off = QIcon.State.On, QIcon.State.Off
    for theme in ("dark", "light"):
        palette.use(theme)
        made = icons.icon("rectangle", SIDE)
        assert inked(made, QIcon.Mode.Normal, off) == palette.hex_of("text")
        assert inked(made, QIcon.Mode.Normal, on) == palette.hex_of("accent")
        assert inked(made, QIcon.Mode.Disabled, off) == palette.hex_of("faint")
        assert inked(made, QIcon.Mode.Disabled, on) == palette.hex_of("faint")


def test_a_drawing_is_painted_in_the_pixels_of_the_device(qtbot: QtBot) -> None:
    image = QImage(60, 60, QImage.Format.Format_ARGB32_Premultiplied)
    image.setDevicePixelRatio(2.0)
    image.fill(0)
    painter = QPainter(image)
    icons.draw(painter, "invert", QRectF(3, 3, 24, 24), QColor("#ff0000"))
    painter.end()
    assert image.pixelColor(40, 40).name() == "#ff0000"  # its filled half
    assert image.pixelColor(2, 2).alpha() == 0
    sharp = alpha(icons.pixmap("invert", 24, QColor("white"), 2.0))
    assert (alpha(QPixmap.fromImage(image))[6:54, 6:54] == sharp).all()


# the bar itself
@pytest.fixture
def bar(qtbot: QtBot, dark: None) -> Iterator[Toolbar]:
    """Of actions by themselves: what they are on or off, and their keys, is set by hand."""
    window = QMainWindow()
    qtbot.addWidget(window)
    actions = {}
    for row in ACTIONS:
        if row.id:
            actions[row.id] = action = QAction(row.text, window)
            action.setCheckable(row.checked is not None)
    made = Toolbar(actions, window)
    window.addToolBar(made)
    window.resize(1600, 200)
    window.show()
    qtbot.waitUntil(made.isVisible)
    yield made
    window.close()


def action_of(bar: Toolbar, name: str) -> tuple[QAction, QToolButton]:
    number = [one for one, _ in BUTTONS].index(name)
    button = bar.buttons()[number]
    return button.defaultAction(), button


def test_there_is_a_button_for_each_row_and_room_for_all(bar: Toolbar) -> None:
    *buttons, more = bar.buttons()
    assert len(buttons) == len(BUTTONS)
    assert all(button.isVisible() and not button.icon().isNull() for button in buttons)
    assert not more.isVisible()
    separators = [action for action in bar.actions() if action.isSeparator()]
    assert len(separators) == len(GROUPS) - 1


def test_a_tooltip_says_what_the_button_does_its_keys_and_what_is_missing(bar: Toolbar) -> None:
    action, button = action_of(bar, "invert")
    action.setShortcuts(["N"])
    assert button.toolTip() == tip(action) == "Invert  (N)"
    action.setShortcuts(["Ctrl+9", "Alt+N"])
    assert button.toolTip() == "Invert  (Ctrl+9, Alt+N)"
    action.setWhatsThis("needs an open image")
    action.setEnabled(False)
    assert button.toolTip() == "Invert  (Ctrl+9, Alt+N)\nNeeds an open image."
    action.setEnabled(True)
    assert "Needs" not in button.toolTip()
    action, button = action_of(bar, "undo")
    action.setText("Undo: a length")
    assert button.toolTip() == "Undo: a length"
    assert button.accessibleName() == "Undo: a length"


def test_a_button_is_down_while_its_action_is_on(bar: Toolbar) -> None:
    action, button = action_of(bar, "overlay")
    assert not button.isChecked()
    action.setChecked(True)
    assert button.isChecked()
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)
    assert not action.isChecked()


def test_the_icons_follow_the_theme(bar: Toolbar) -> None:
    button = action_of(bar, "tool-rectangle")[1]
    before = inked(button.icon(), QIcon.Mode.Normal, QIcon.State.Off)
    palette.use("light")
    after = inked(button.icon(), QIcon.Mode.Normal, QIcon.State.Off)
    assert (before, after) == tuple(palette.THEMES[name]["text"] for name in ("dark", "light"))
    assert inked(bar.buttons()[-1].icon(), QIcon.Mode.Normal, QIcon.State.Off) == after


def stops(bar: Toolbar) -> list[QToolButton]:
    return [one for one in bar.buttons() if one.focusPolicy() & Qt.FocusPolicy.TabFocus]


def test_tab_stops_once_and_the_arrows_lead_on(bar: Toolbar, qtbot: QtBot) -> None:
    first, second, *_ = bar.buttons()
    assert stops(bar) == [first]
    bar.window().activateWindow()
    first.setFocus()
    qtbot.waitUntil(first.hasFocus)
    QTest.keyClick(first, Qt.Key.Key_Right)
    assert second.hasFocus()
    assert stops(bar) == [second]
    action_of(bar, "tool-window")[0].setEnabled(False)
    QTest.keyClick(second, Qt.Key.Key_Right)
    assert action_of(bar, "tool-scroll")[1].hasFocus(), "what can do nothing is passed over"
    QTest.keyClick(bar.focusWidget(), Qt.Key.Key_Home)
    assert first.hasFocus()
    QTest.keyClick(first, Qt.Key.Key_Left)
    assert action_of(bar, "export")[1].hasFocus(), "round the end"
    QTest.keyClick(bar.focusWidget(), Qt.Key.Key_End)
    assert action_of(bar, "export")[1].hasFocus()


def test_a_click_leaves_the_keyboard_where_it_was(bar: Toolbar) -> None:
    button = action_of(bar, "contours")[1]
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)
    assert not button.hasFocus()


def test_the_stop_moves_on_when_its_button_can_do_nothing(bar: Toolbar) -> None:
    for name in ("open-folder", "open-file"):
        action_of(bar, name)[0].setEnabled(False)
    assert stops(bar)[0] is action_of(bar, "tool-window")[1]


def test_what_has_no_room_stands_behind_a_button_at_the_end(bar: Toolbar, qtbot: QtBot) -> None:
    window = bar.window()
    window.resize(420, 200)
    more = bar.buttons()[-1]
    qtbot.waitUntil(more.isVisible)
    export = action_of(bar, "export")[1]
    assert not export.isVisible()
    QTest.mouseClick(more, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(export.isVisible)
    assert len(stops(bar)) == 1


def test_the_buttons_do_what_their_actions_do(drive) -> None:
    def script(window: MainWindow):
        session = window.session
        yield lambda: session.open is not None and session.explanation is not None
        bar = window.findChild(Toolbar)
        assert bar.height() == 38, "as the window leaves room for from the beginning"
        inside = bar.rect()
        assert all(inside.contains(button.geometry()) for button in bar.buttons()[:-1])
        assert action_of(bar, "tool-window")[1].isChecked()
        QTest.mouseClick(action_of(bar, "overlay")[1], Qt.MouseButton.LeftButton)
        assert session.style.visible
        assert action_of(bar, "overlay")[1].isChecked()
        session.change_style(visible=False)
        yield lambda: not action_of(bar, "overlay")[1].isChecked()
        QTest.mouseClick(action_of(bar, "tool-length")[1], Qt.MouseButton.LeftButton)
        assert session.audit.tool.measure == "length"
        assert action_of(bar, "tool-length")[1].isChecked()
        assert not action_of(bar, "tool-window")[1].isChecked()
        assert not action_of(bar, "undo")[1].isEnabled()
        QTest.mouseClick(action_of(bar, "invert")[1], Qt.MouseButton.LeftButton)
        assert session.inverted
        assert action_of(bar, "invert")[1].isChecked()
        window.findChild(QAction, "toolbar").trigger()
        assert bar.isHidden()
        assert not window.findChild(QAction, "toolbar").isChecked()
        window.findChild(QAction, "toolbar").trigger()
        assert not bar.isHidden()

    assert drive(["--sample"], script) == 0
