"""The program's own folder, which only its user may read: where it is, and how its files are
written.

What was kept there is read before anything else is on screen, so this module needs nothing but Qt.
"""

from __future__ import annotations

import contextlib
from pathlib import Path

from PySide6.QtCore import QStandardPaths


def own_folder() -> Path:
    """Where it is; it may not be there yet."""
    return Path(QStandardPaths.writableLocation(QStandardPaths.StandardLocation.AppDataLocation))


def make_private(path: Path) -> None:
    """Make an empty file where there is none, and let nobody else read it. Where that cannot be
    done, whoever writes it fails."""
    with contextlib.suppress(OSError):
        _make_room(path)
        path.touch(0o600)
        path.chmod(0o600)


def write_private(path: Path, data: bytes) -> None:
    """Write a file whole, for the user alone. Raises :class:`OSError`."""
    from engine.files import write_atomically  # not for the first frame

    _make_room(path)
    write_atomically(path, data, 0o600)


def put_aside(path: Path) -> Path:
    """Move a damaged file to a name beside those that were put aside before it; where it is now.
    Raises :class:`OSError`."""
    number = 1
    while (place := path.with_suffix(f".damaged-{number}")).exists():
        number += 1
    return path.replace(place)


def _make_room(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
