"""Drives the real program through its entry point."""

from __future__ import annotations

import gc
import os
import shutil
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from pathlib import Path

import pytest
from PySide6.QtCore import QTimer
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from tests.factories.engines import ENGINE
from viewer import palette
from viewer.app import main
from viewer.main_window import MainWindow

Steps = Generator[Callable[[], bool], None, None]
"""A script's own part: it yields the conditions that it waits for."""
Script = Callable[[MainWindow], Steps]
Drive = Callable[..., int]


_PATIENCE = 60.0  # seconds that one awaited condition may take


def action_of(window: MainWindow, name: str) -> QAction:
    """The action of the window with an id of the table."""
    found = window.findChild(QAction, name)
    assert isinstance(found, QAction), name
    return found


@pytest.fixture(scope="session", autouse=True)
def _engine_ends() -> Iterator[None]:
    yield
    ENGINE.close()
    ENGINE.stop()


@pytest.fixture(autouse=True)
def _nothing_kept(_own_data_folder: None) -> None:
    """No test finds what another one drew, judged or set."""
    for left in Path(os.environ["XDG_DATA_HOME"]).iterdir():
        shutil.rmtree(left) if left.is_dir() else left.unlink()


@pytest.fixture(scope="session", autouse=True)
def _own_data_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """What the program keeps for its user goes elsewhere: no test touches real folders."""
    before = os.environ.get("XDG_DATA_HOME")
    os.environ["XDG_DATA_HOME"] = str(tmp_path_factory.mktemp("data_home"))
    yield
    if before is None:
        del os.environ["XDG_DATA_HOME"]
    else:
        os.environ["XDG_DATA_HOME"] = before


@pytest.fixture
def dark_again(qapp: QApplication) -> Iterator[None]:
    """For tests that change the theme."""
    yield
    palette.use("dark")
    qapp.setStyleSheet("")


class _Driver:
    """Advances a script inside the running event loop: it yields the conditions it waits for."""

    def __init__(self, script: Script) -> None:
        self.script = script
        self.steps: Steps | None = None
        self.condition: Callable[[], bool] = lambda: True
        self.came_true = False
        self.since = time.monotonic()
        self.failure: BaseException | None = None
        self.timer = QTimer()
        self.timer.setInterval(10)
        self.timer.timeout.connect(self.advance)
        self.timer.start()

    def advance(self) -> None:
        windows = [w for w in QApplication.topLevelWidgets() if isinstance(w, MainWindow)]
        shown = [w for w in windows if w.isVisible()]
        if not shown or not shown[0].complete:
            return
        window = shown[0]
        try:
            if self.steps is None:
                self.steps = self.script(window)
            if self.came_true:  # and what follows from it in the same event has followed
                self.came_true = False
                self.condition = next(self.steps)
                self.since = time.monotonic()
            elif self.condition():
                self.came_true = True
            elif time.monotonic() - self.since > _PATIENCE:
                frame = self.steps.gi_frame
                line = frame.f_lineno if frame else "?"
                raise TimeoutError(f"the condition in line {line} of the script did not come true")
        except StopIteration:
            self.finish(window)
        except BaseException as error:
            self.failure = error
            self.finish(window)

    def finish(self, window: MainWindow) -> None:
        self.timer.stop()
        window.close()


@pytest.fixture
def drive(qtbot: QtBot) -> Drive:
    """``drive(arguments, script)``: run the program, return its exit status; ``first`` gets the
    window before it is shown."""

    def run(
        arguments: Sequence[str],
        script: Script,
        first: Callable[[MainWindow], None] = lambda window: None,
    ) -> int:
        driver = _Driver(script)
        status = main(list(arguments), first)
        gc.collect()  # what is left of the window goes now, not in some other thread
        if driver.failure is not None:
            raise driver.failure
        return status

    return run
