"""The tools and turns of the picture in the real window, by keys, menus and exports."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QImage
from PySide6.QtTest import QTest

from tests.viewer.conftest import Steps, action_of
from viewer.canvas.view import View
from viewer.main_window import MainWindow
from viewer.render.turn import AS_IT_IS, Turn
from viewer.state.audit import Tool
from viewer.state.progress import Progress
from viewer.verbs.pictures import full_export, screen_export

CTRL, SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier


def _press(
    window: MainWindow,
    key: Qt.Key,
    held: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier,
) -> None:
    QTest.keyClick(window.view, key, held)


def test_keys_take_tools_and_turn_the_picture(drive) -> None:
    def script(window: MainWindow) -> Steps:
        view, session = window.view, window.session
        yield lambda: session.open is not None and view.isVisible()
        view.setFocus()
        assert action_of(window, "tool-window").isChecked()
        for key, held, tool in (
            (Qt.Key.Key_S, Qt.KeyboardModifier.NoModifier, "scroll"),
            (Qt.Key.Key_Z, Qt.KeyboardModifier.NoModifier, "zoom"),
            (Qt.Key.Key_T, Qt.KeyboardModifier.NoModifier, "pan"),
            (Qt.Key.Key_Z, SHIFT, "magnify"),
            (Qt.Key.Key_W, Qt.KeyboardModifier.NoModifier, "window"),
        ):
            _press(window, key, held)
            assert session.audit.tool.purpose == tool
            assert action_of(window, f"tool-{tool}").isChecked()
        assert not action_of(window, "turn-back").isEnabled()
        _press(window, Qt.Key.Key_R, CTRL)
        _press(window, Qt.Key.Key_H, CTRL)
        assert view.view.turn == Turn(3, True)
        assert action_of(window, "turn-back").isEnabled()
        _press(window, Qt.Key.Key_L, CTRL)
        _press(window, Qt.Key.Key_H, CTRL | SHIFT)
        assert view.view.turn == Turn(0)
        yield lambda: True

    assert drive(["--sample"], script) == 0


def test_the_actions_show_which_zoom_it_is(drive) -> None:
    def script(window: MainWindow) -> Steps:
        view = window.view
        yield lambda: window.session.open is not None and view.isVisible()
        assert action_of(window, "fit").isChecked()
        action_of(window, "one-to-one").trigger()
        assert action_of(window, "one-to-one").isChecked()
        view.zoom_by(1.3)
        assert not action_of(window, "fit").isChecked()
        assert not action_of(window, "one-to-one").isChecked()
        action_of(window, "fit").trigger()
        action_of(window, "fit").trigger()
        assert action_of(window, "fit").isChecked(), "chosen twice it is still so"
        assert not action_of(window, "true-size").isEnabled(), "an offscreen screen has no size"
        yield lambda: True

    assert drive(["--sample"], script) == 0


def test_escape_drops_what_is_drawn_then_the_tool_then_resets_the_display(drive) -> None:
    def script(window: MainWindow) -> Steps:
        view, session = window.view, window.session
        yield lambda: bool(session.audit.image) and view.isVisible()
        own = session.window
        view.setFocus()
        view.set_view(View(2.0, (300.0, 300.0), Turn(1, True)))
        session.set_window(own.moved(own.center + 50, own.width + 50))
        session.set_inverted(True)
        session.audit.set_tool(Tool("landmark", "polygon"))
        for x, y in ((200, 200), (260, 210)):
            QTest.mouseClick(view, Qt.MouseButton.LeftButton, pos=QPoint(x, y))
        _press(window, Qt.Key.Key_Escape)
        assert session.audit.tool.purpose == "window"
        assert session.audit.document.landmarks == ()
        assert view.view.turn == Turn(1, True)
        _press(window, Qt.Key.Key_Z, SHIFT)
        _press(window, Qt.Key.Key_Escape)
        assert session.audit.tool.purpose == "window"
        assert view.view.turn == Turn(1, True), "only the magnifier was put down"
        session.audit.set_tool(Tool("pan"))
        _press(window, Qt.Key.Key_Escape)
        assert (view.view, session.window, session.inverted) == (View(), own, False)
        assert session.audit.tool.purpose == "pan", "a tool that draws nothing stays in hand"
        yield lambda: True

    assert drive(["--sample"], script) == 0


def test_exports_are_turned_like_the_view_and_say_so(drive, tmp_path: Path) -> None:
    def script(window: MainWindow) -> Steps:
        view, session = window.view, window.session
        yield lambda: session.open is not None and view.isVisible()
        view.framing.turn(Turn(1, True))
        for name, make in (("screen", screen_export), ("whole", full_export)):
            export = make(window.context)
            view.framing.turn(AS_IT_IS)  # what happens afterwards changes nothing
            export.write(tmp_path / f"{name}.png", Progress())
            view.framing.turn(Turn(1, True))
            facts = json.loads((tmp_path / f"{name}.png.json").read_text())
            assert facts["display"] == {"mirrored_first": True, "turned_clockwise": 90}
        height, width = session.open.frame.size
        whole = QImage(str(tmp_path / "whole.png"))
        assert whole.width() >= height > width
        assert whole.height() < whole.width(), "a film that stands lies in it"
        view.framing.turn(AS_IT_IS)
        screen_export(window.context).write(tmp_path / "plain.png", Progress())
        assert "display" not in json.loads((tmp_path / "plain.png.json").read_text())
        yield lambda: True

    assert drive(["--sample"], script) == 0


def test_the_mouse_and_the_magnifier_on_a_screen_with_two_device_pixels_for_one() -> None:
    here = Path(__file__).parent
    done = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"),
            *(str(here / "test_viewing.py"), str(here / "test_magnifier.py")),
        ],
        env={**os.environ, "QT_SCALE_FACTOR": "2"},
        cwd=here.parents[1],
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    assert done.returncode == 0, done.stdout[-3000:]
