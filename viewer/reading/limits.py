"""How much memory reading may take, and how long: a hostile file costs no more than that."""

from __future__ import annotations

import contextlib
import os

import psutil

HEADER_SECONDS = 10.0
"""For the header of one file."""

START_SECONDS = 60.0
"""For a reader's process to boot, on a slow disk."""

LIST_SECONDS = 60.0
"""For listing what an archive holds or a DICOMDIR names."""

FRAME_SECONDS = 60.0
"""For decoding one frame."""

SCANNERS = min(4, max(2, os.cpu_count() or 2))
"""Processes that read headers at once."""

_LEAST = 3 * 1024**3  # a process with numpy reserves about one, without using it
_READER_SHARE, _FRAME_SHARE = 0.5, 0.25  # of the computer's memory


def reader_bytes() -> int:
    """Bytes of address space that a reader's process gets: half of the computer's memory."""
    return max(_LEAST, int(_READER_SHARE * psutil.virtual_memory().total))


def frame_bytes(budget: int | None = None) -> int:
    """Bytes of decoded frames to keep so that the window's process grows by ``budget`` at most, a
    quarter of the computer's memory if none is given: a fifth is for what lies between them."""
    budget = int(_FRAME_SHARE * psutil.virtual_memory().total) if budget is None else budget
    return budget * 4 // 5


def limit_this_process(most: int) -> None:
    """Make the system refuse this process more than ``most`` bytes; Linux only, elsewhere the
    bounds on frames and files are all there is."""
    try:
        import resource
    except ImportError:  # Windows
        return
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_AS, (most, most))
