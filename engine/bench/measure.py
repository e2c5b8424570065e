"""Clocks and memory: medians of pairs, and the peak of a process of its own."""

from __future__ import annotations

import ctypes
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Row:
    """One comparison. ``ratio`` is peer over ours (above 1 we lead), ``limit_ratio`` ours over the
    limit; None where there is no peer or no limit. ``note`` says how it was measured."""

    what: str
    unit: str
    ours: float
    peer: float | None = None
    peer_name: str = ""
    limit: float | None = None
    note: str = ""

    def as_json(self) -> dict[str, Any]:
        ratio = None if self.peer is None else round(self.peer / self.ours, 3)
        limit_ratio = None if self.limit is None else round(self.ours / self.limit, 3)
        return {**asdict(self), "ratio": ratio, "limit_ratio": limit_ratio}


def seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def pairs(ours: Callable[[], object], peer: Callable[[], object], runs: int) -> tuple[float, float]:
    """Medians of ``runs`` alternating pairs after one that is not counted, in seconds."""
    times: tuple[list[float], list[float]] = ([], [])
    for number in range(runs + 1):
        for found, work in zip(times, (ours, peer), strict=True):
            taken = seconds(work)
            if number:
                found.append(taken)
    return statistics.median(times[0]), statistics.median(times[1])


def median(work: Callable[[], object], runs: int) -> float:
    work()
    return statistics.median(seconds(work) for _ in range(runs))


def memory_of(work: Callable[[], object]) -> float:
    """The most memory that ``work`` took above what the process held before, in MiB (Linux)."""
    ctypes.CDLL(None).malloc_trim(0)
    before = _status("VmRSS")
    Path("/proc/self/clear_refs").write_text("5")  # the peak starts again from here
    work()
    return (_status("VmHWM") - before) / 1024


def _status(name: str) -> int:
    """A figure of this process in KiB."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{name}:"))


def in_a_process(code: str) -> Any:
    """What a fresh Python prints last, as JSON."""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return json.loads(done.stdout.strip().splitlines()[-1])
