"""Several screens, and one that is gone on the next day: the program on Qt's offscreen platform,
which can be told what screens there are."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

_PROGRAM = """
import sys
from PySide6.QtCore import QTimer
from PySide6.QtGui import QAction, QGuiApplication
from viewer.app import main

def script(window):
    {script}

def first(window):
    def wait():
        if window.complete:
            timer.stop()
            try:
                script(window)
            finally:
                window.close()
    timer = QTimer(window)
    timer.timeout.connect(wait)
    timer.start(10)

sys.exit(main(["--new-window"], first))
"""

_TO_THE_SECOND = """
    action = window.findChild(QAction, "next-screen")
    assert action.isEnabled()
    action.trigger()
    second = QGuiApplication.screens()[1]
    assert second.availableGeometry().contains(window.geometry()), window.geometry()
    dock = window.docks.all()[0]
    dock.setFloating(True)
    dock.move(second.geometry().center())
    print("there", window.geometry().getRect(), dock.geometry().getRect())
"""
_BACK_AND_FORTH = """
    action = window.findChild(QAction, "next-screen")
    window.showFullScreen()
    action.trigger()
    assert window.isFullScreen()
    QGuiApplication.processEvents()
    second = QGuiApplication.screens()[1]
    assert second.geometry().contains(window.geometry().center()), window.geometry()
    action.trigger()
    QGuiApplication.processEvents()
    first = QGuiApplication.screens()[0]
    assert first.geometry().contains(window.geometry().center()), window.geometry()
    print("back")
"""
_ON_ONE = """
    screen = QGuiApplication.primaryScreen().availableGeometry()
    assert not window.findChild(QAction, "next-screen").isEnabled()
    dock = window.docks.all()[0]
    assert dock.isFloating()
    assert screen.contains(window.geometry().topLeft()), window.geometry()
    assert screen.contains(dock.frameGeometry().topLeft()), dock.frameGeometry()
    assert window.width() <= screen.width() and window.height() <= screen.height()
    print("here")
"""


def _screen(name: str, x: int, width: int, height: int) -> dict[str, object]:
    size = {"x": x, "y": 0, "width": width, "height": height}
    return {"name": name, **size, "logicalDpi": 96, "logicalBaseDpi": 96, "dpr": 1}


_ONE = [_screen("laptop", 0, 1366, 768)]
_TWO = [*_ONE, _screen("reading", 1366, 3840, 2160)]


@pytest.fixture
def run(tmp_path: Path):
    """``run(screens, script)``: the program with those screens; what it printed."""

    def program(screens: list[dict[str, object]], script: str) -> str:
        config = tmp_path / "screens.json"
        config.write_text(json.dumps({"screens": screens}))
        environment = {
            **os.environ,
            "XDG_DATA_HOME": str(tmp_path / "kept"),
            "QT_QPA_PLATFORM": f"offscreen:configfile={config}",
        }
        done = subprocess.run(
            [sys.executable, "-c", _PROGRAM.format(script=script.strip())],
            env=environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        assert "Error" not in done.stderr, done.stderr
        return done.stdout

    return program


def test_the_window_comes_back_from_a_screen_that_is_gone(run) -> None:
    assert "there" in run(_TWO, _TO_THE_SECOND)
    assert "here" in run(_ONE, _ON_ONE)


def test_a_full_window_stays_full_on_the_next_screen(run) -> None:
    assert "back" in run(_TWO, _BACK_AND_FORTH)
