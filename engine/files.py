"""Files written whole or not at all."""

from __future__ import annotations

import errno
import os
from pathlib import Path


def read_regular(path: Path, limit: int) -> bytes:
    """The bytes of a regular file of at most ``limit``; raises :class:`OSError` otherwise, so that
    a pipe or a device that poses as a file neither blocks nor fills the memory."""
    if path.exists() and not path.is_file():
        raise OSError(errno.EINVAL, "it is no regular file")
    with path.open("rb") as file:
        data = file.read(limit + 1)
    if len(data) > limit:
        raise OSError(errno.EFBIG, f"it is larger than {limit >> 20} MiB")
    return data


def write_atomically(path: Path, data: bytes, mode: int = 0o666) -> None:
    """Write beside ``path`` and move into place: a reader never sees half a file. ``mode`` is who
    may read it, less what the system takes away from everybody."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.part")
    try:
        temporary.touch(mode)
        with temporary.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())  # or a loss of power could leave the name without the content
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
