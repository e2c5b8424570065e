"""What the benchmarks share: rows of figures, and children that are measured."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from typing import Any

Row = dict[str, Any]
SIZE = (1440, 900)
"""Logical pixels of a window that is measured, as the program opens it: offscreen there is less
room by default, in which it would grow with what is in it, again and again."""
_XVFB = ("xvfb-run", "-a", "-s", "-screen 0 1600x1000x24")


def row(
    what: str,
    unit: str,
    ours: float,
    peer: float | None,
    peer_name: str,
    limit: float | None = None,
) -> Row:
    """One line of a benchmark; smaller is better. ``ratio`` is peer / ours, above 1 we lead;
    ``limit_ratio`` is ours / limit. What was not measured is None."""
    return {
        "what": what,
        "unit": unit,
        "ours": round(ours, 4),
        "peer": None if peer is None else round(peer, 4),
        "peer_name": peer_name,
        "ratio": None if peer is None or not ours else round(peer / ours, 2),
        "limit": limit,
        "limit_ratio": None if not limit else round(ours / limit, 3),
    }


def table(rows: list[Row]) -> str:
    """The rows for people."""
    lines = []
    for one in rows:
        unit = one["unit"]
        beside = [] if one["limit"] is None else [f"limit {one['limit']:.4g} {unit}"]
        if one["peer"] is not None:
            beside.append(f"{one['peer_name']}: {one['peer']:.4g} {unit}, {one['ratio']:.1f} ×")
        else:
            beside.append(one["peer_name"])
        lines.append(f"{one['what']:46} {one['ours']:9.4g} {unit:4} ({'; '.join(beside)})")
    return "\n".join(lines)


def run_child(code: str, *arguments: str, platform: str = "") -> str:
    """Run Python code with the time of its start and ``arguments`` as its arguments, on one of Qt's
    platforms ("xcb" under Xvfb where there is no display), offscreen if nothing is said and there
    is no display; the last line that it prints. What it keeps for its user goes into a folder that
    is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="attentive-viewer-bench-") as kept:
        environment = {**os.environ, "XDG_DATA_HOME": kept}
        if platform:
            environment["QT_QPA_PLATFORM"] = platform
        bare = platform == "xcb" and not environment.get("DISPLAY")
        return _run_child(code, arguments, environment, _XVFB if bare else ())


def _run_child(
    code: str, arguments: tuple[str, ...], environment: dict[str, str], under: tuple[str, ...]
) -> str:
    if sys.platform == "linux" and not environment.get("DISPLAY"):
        environment.setdefault("QT_QPA_PLATFORM", "offscreen")
    done = subprocess.run(
        [*under, sys.executable, "-c", code, str(time.time()), *arguments],
        env=environment,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    if done.returncode:
        raise SystemExit(f"error: a measured program failed:\n{done.stderr[-2000:]}")
    return done.stdout.strip().splitlines()[-1]
