"""``attentive-viewer bench start``: how soon there is a window, and an image in it.

Every figure is the time from starting Python to the first painting, in a process of its own,
beside a peer in the same run: the same Python that imports PySide6 and shows an empty window.
"""

from __future__ import annotations

import json
import statistics
import sys
import time
from typing import Any

from viewer.bench.rows import Row, row, run_child

_WINDOW_LIMIT, _IMAGE_LIMIT = 1.5, 2.0  # seconds

_PEER = """
import sys, time
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication, QMainWindow
class Window(QMainWindow):
    def paintEvent(self, event):
        print(time.time() - float(sys.argv[1]), flush=True)
        QTimer.singleShot(0, self.close)
application = QApplication([])
window = Window()
window.resize(1440, 900)
window.show()
application.exec()
"""


def child(started: float) -> None:
    """Start the real window on the sample; print when it and the image were first painted."""
    from PySide6.QtCore import QEvent, QObject, QTimer
    from PySide6.QtWidgets import QApplication

    import resources
    from viewer.wiring import make_window, run_until_closed

    times: dict[str, Any] = {}
    application = QApplication([])
    window = make_window(application)

    class Watch(QObject):
        def eventFilter(self, watched: QObject, event: QEvent) -> bool:
            if event.type() == QEvent.Type.Paint:
                times.setdefault("window", time.time() - started)
                if window.session.open is not None and "image" not in times:
                    window.view.removeEventFilter(self)
                    QTimer.singleShot(0, window, painted)
            return False

    def painted() -> None:
        """The image's painting has just ended."""
        times["image"] = time.time() - started
        times["torch"] = "torch" in sys.modules
        print(json.dumps(times), flush=True)
        window.close()

    watch = Watch()
    window.view.installEventFilter(watch)
    QTimer.singleShot(0, window, lambda: window.workbench.begin(resources.sample_files()[:1]))
    run_until_closed(application, window)


def measure(runs: int) -> list[Row]:
    """Rows of the benchmark: medians over ``runs`` pairs, after one that is not counted."""
    ours: list[dict[str, float]] = []
    peers: list[float] = []
    program = "import sys; from viewer.bench.start import child; child(float(sys.argv[1]))"
    for _ in range(runs + 1):
        peers.append(float(run_child(_PEER)))
        ours.append(json.loads(run_child(program)))
    if any(times["torch"] for times in ours):
        raise SystemExit("error: the viewer's process imported torch")
    peer = statistics.median(peers[1:])
    rows = []
    for what, key, limit in (
        ("window visible", "window", _WINDOW_LIMIT),
        ("first image on screen", "image", _IMAGE_LIMIT),
    ):
        value = statistics.median(times[key] for times in ours[1:])
        rows.append(row(what, "s", value, peer, "empty PySide6 window", limit))
    return rows
