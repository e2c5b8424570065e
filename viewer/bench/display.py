"""``attentive-viewer bench display``: how soon the picture follows the hand, in the real window.

A film of 3520 × 4280 pixels of 16 bits (the bundled synthetic one, enlarged) is shown with a
response and its contours over it. Every gesture is made through the mouse or, where a slider would
be moved, through the session; its frame lasts from the gesture until the window has painted and
shown what follows from it, other panels' work included. The peer is what one would write with
pyqtgraph: an ImageItem with a second one and an isocurve over it, as large, in the same process,
in turns with the window.
Both are measured offscreen and, where there is a display or Xvfb, on X11.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

from viewer.bench.files import write_films
from viewer.bench.rows import Row, row, run_child

_LIMIT = 0.016  # seconds: a frame of a 60 Hz screen
_PEER = "pyqtgraph ImageItem"
_CODE = "import sys; from viewer.bench.gestures import child; child(sys.argv[2], sys.argv[3])"


def platforms() -> tuple[str, ...]:
    """Qt's platforms that can be measured here: offscreen, and X11 where there is some."""
    with_x = os.environ.get("DISPLAY") or shutil.which("xvfb-run")
    return ("offscreen", "xcb") if with_x else ("offscreen",)


def measure() -> list[Row]:
    """Every row; takes about a minute on each platform."""
    with tempfile.TemporaryDirectory(prefix="attentive-viewer-bench-") as name:
        folder = Path(name)
        write_films(folder, 1)
        found = {
            platform: json.loads(run_child(_CODE, str(folder), platform, platform=platform))
            for platform in platforms()
        }
    return [line for platform, times in found.items() for line in rows_of(platform, times)]


def rows_of(platform: str, times: dict[str, Any]) -> list[Row]:
    """Of each gesture the 95th percentile, held against the limit, and the median."""
    rows = []
    for what, own in times["ours"].items():
        peer, where = times["peer"].get(what), f"{what}, {platform}"
        beside = [None, None] if peer is None else [percentile(peer, 95), percentile(peer, 50)]
        name = _PEER if peer is not None else "no peer"
        rows.append(row(f"{where}, p95", "s", percentile(own, 95), beside[0], name, _LIMIT))
        rows.append(row(f"{where}, p50", "s", percentile(own, 50), beside[1], name))
    return rows


def percentile(values: list[float], share: int) -> float:
    """The value that ``share`` % of them are not above: the nearest rank."""
    ordered = sorted(values)
    return ordered[max(0, -(-len(ordered) * share // 100) - 1)]
