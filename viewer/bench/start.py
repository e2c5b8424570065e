"""``attentive-viewer bench start``: how soon there is a window, and an image in it.

Every figure is the time from starting Python to the end of a first painting, in a process of its
own, through the program's own entry point, beside a peer in the same run, one after the other: the
same Python that imports PySide6 and shows an empty window. Beside the times, the longest that the
window's thread was busy at a time until everything was there; then the theme is changed, and the
same is said of that.
"""

from __future__ import annotations

import json
import os
import statistics
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

from viewer.bench.rows import Row, row, run_child

_IMAGE_LIMIT, _STALL_LIMIT = 2.0, 0.05  # seconds
_WINDOW_RATIO = 1.2  # of the peer's time

_PROGRAM = """
import sys
from viewer.app import main
from viewer.bench.first_paint import Watch
main(["--sample"], lambda window: Watch(window, float(sys.argv[1])))
"""
_PEER = """
import sys, time
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication, QMainWindow
class Window(QMainWindow):
    painted = False
    def paintEvent(self, event):
        if not Window.painted:
            Window.painted = True
            QTimer.singleShot(0, self.end)
    def end(self):
        print(time.time() - float(sys.argv[1]), flush=True)
        self.close()
application = QApplication([])
window = Window()
window.resize(1440, 900)
window.show()
application.exec()
"""


@contextmanager
def _compiled() -> Iterator[None]:
    """Let children find compiled code, theirs and the peer's alike, as an installed program does;
    the run that is not counted compiles it."""
    before = dict(os.environ)
    with tempfile.TemporaryDirectory(prefix="attentive-viewer-code-") as folder:
        os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
        os.environ["PYTHONPYCACHEPREFIX"] = folder
        try:
            yield
        finally:
            os.environ.clear()
            os.environ.update(before)


def measure(runs: int) -> list[Row]:
    """Rows of the benchmark: medians over ``runs`` pairs, after one that is not counted."""
    with _compiled():
        return _measure(runs)


def _measure(runs: int) -> list[Row]:
    ours: list[dict[str, float]] = []
    peers: list[float] = []
    for _ in range(runs + 1):
        peers.append(float(run_child(_PEER)))
        ours.append(json.loads(run_child(_PROGRAM)))
    if any(times["torch"] for times in ours):
        raise SystemExit("error: the viewer's process imported torch")
    peer = statistics.median(peers[1:])
    rows = []
    for what, key, limit in (
        ("window visible", "window", round(_WINDOW_RATIO * peer, 4)),
        ("all its parts there", "assembled", None),
        ("first image on screen", "image", _IMAGE_LIMIT),
        ("panels behind other tabs there", "complete", None),
        ("longest stall of the window until then", "stall", _STALL_LIMIT),
        ("another theme", "theme", None),
        ("longest stall of the window meanwhile", "theme stall", _STALL_LIMIT),
    ):
        value = statistics.median(times[key] for times in ours[1:])
        if "theme" in key:
            rows.append(row(what, "s", value, None, "no peer", limit))
        else:
            rows.append(row(what, "s", value, peer, "empty PySide6 window", limit))
    return rows
