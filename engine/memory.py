"""How this process keeps the memory that it frees."""

from __future__ import annotations

import contextlib
import ctypes

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3  # of glibc's malloc.h


def keep_freed_memory() -> None:
    """Have glibc keep freed blocks for the next step, instead of giving the pages back and faulting
    them in again: maps of whole batches come and go at every layer. Elsewhere nothing happens."""
    _set(1 << 30, (1 << 31) - 1)


def give_back_freed_memory() -> None:
    """Have glibc give every large block back when it is freed, whatever came before: frames come
    and go in several threads, whose heaps would keep a quarter more than what is held."""
    _set(128 << 10, 128 << 10)


def _set(mmap_threshold: int, trim_threshold: int) -> None:
    with contextlib.suppress(OSError, AttributeError):
        library = ctypes.CDLL("libc.so.6")
        library.mallopt(_MMAP_THRESHOLD, mmap_threshold)
        library.mallopt(_TRIM_THRESHOLD, trim_threshold)
