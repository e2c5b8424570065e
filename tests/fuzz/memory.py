"""How much memory a process took at most."""

from __future__ import annotations

import sys
from contextlib import suppress
from pathlib import Path

import psutil


def forget_peak(pid: int | None) -> None:
    """Let the system count the peak of a process's memory anew, where it can (Linux)."""
    if sys.platform == "linux" and pid is not None:
        with suppress(OSError):
            Path(f"/proc/{pid}/clear_refs").write_text("5")


def peak_of(pid: int | None) -> int:
    """Bytes that a process held at most since then; 0 of one that has ended."""
    if pid is None:
        return 0
    if sys.platform == "linux":
        with suppress(OSError):
            lines = Path(f"/proc/{pid}/status").read_text().splitlines()
            return next((1024 * int(x.split()[1]) for x in lines if x.startswith("VmHWM")), 0)
    with suppress(psutil.Error):
        told = psutil.Process(pid).memory_info()
        return int(getattr(told, "peak_wset", told.rss))
    return 0
