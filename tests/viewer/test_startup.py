"""What the program must not do while it starts, each in a process of its own."""

from __future__ import annotations

import subprocess
import sys

import pytest

import resources
from viewer.main_window import MainWindow

_NO_TORCH = """
import sys
from PySide6.QtWidgets import QApplication
from viewer.wiring import make_window
application = QApplication([])
window = make_window(application)
window.show()
application.processEvents()
print([name for name in ("torch", "pydicom", "pyqtgraph", "PIL") if name in sys.modules])
window.close()
"""

# A binding that lets void calls take a reference of None brings the interpreter down after some
# thousand calls: PySide6 6.12.0 does so on Python 3.11.
_NONE_COUNT = """
import sys
from PySide6.QtCore import QRectF
from PySide6.QtGui import QColor, QGuiApplication, QImage, QPainter
application = QGuiApplication([])
image = QImage(8, 8, QImage.Format.Format_RGB32)
painter = QPainter(image)
box, colour = QRectF(0, 0, 5, 5), QColor(0, 0, 0)
painter.fillRect(box, colour)
before = sys.getrefcount(None)
for _ in range(1000):
    painter.fillRect(box, colour)
after = sys.getrefcount(None)
painter.end()
print(before - after < 100)
"""


# What the first frame must not need: classes that PySide makes when they are first used, of which
# these take long, and everything that the parts of the window are made of.
_FIRST_FRAME = """
import sys
import PySide6.QtCore, PySide6.QtGui, PySide6.QtWidgets
from viewer.app import main
def first(window):
    def painted():
        late = [n for n in ("Qt",) if n in vars(PySide6.QtCore)]
        late += [n for n in ("QStyle", "QDockWidget") if n in vars(PySide6.QtWidgets)]
        loaded = {name.partition(".")[0] for name in sys.modules}
        late += sorted(loaded & {"numpy", "engine", "resources", "dataclasses", "json"})
        late += [n for n in sys.modules if n.startswith("viewer.") and n not in KNOWN]
        print(late, window.assembled, window.isVisible())
        PySide6.QtCore.QTimer.singleShot(0, window.close)
    window.skeleton.painted.connect(painted)
NAMES = ("app", "layout", "main_window", "own_folder", "palette", "scaling", "skeleton", "start")
KNOWN = {"viewer." + name for name in NAMES}
print(main(["--sample", "--new-window"], first))
"""

# An error while the rest is imported ends the program instead of leaving an empty frame.
_NO_PARTS = """
import sys
sys.modules["viewer.wiring"] = None
from viewer.app import main
print(main(["--new-window"]))
"""


def test_an_error_in_the_parts_ends_the_program_and_is_told() -> None:
    done = subprocess.run(
        [sys.executable, "-c", _NO_PARTS], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.stdout.strip() == "1"
    assert "viewer.wiring" in done.stderr


def test_the_first_frame_needs_nothing_but_qt() -> None:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", _FIRST_FRAME],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split("\n")[:2] == ["[] False True", "0"], done.stdout + done.stderr


def test_what_is_dropped_on_the_first_frame_is_opened(drive) -> None:
    sample = resources.sample_files()[1]

    def script(window: MainWindow):
        yield lambda: window.session.place is not None
        assert window.session.place.instance.path == sample

    assert drive([], script, lambda window: window.open_paths([sample])) == 0


def test_a_window_without_paths_shows_what_to_do(drive) -> None:
    def script(window: MainWindow):
        assert window.welcome.isVisible()
        assert window.updatesEnabled()
        yield lambda: True

    assert drive([], script) == 0


@pytest.mark.parametrize(("program", "expected"), [(_NO_TORCH, "[]"), (_NONE_COUNT, "True")])
def test_startup_facts(program: str, expected: str) -> None:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == expected
