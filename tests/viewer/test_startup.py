"""What the program must not do while it starts, each in a process of its own."""

from __future__ import annotations

import subprocess
import sys

import pytest

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
