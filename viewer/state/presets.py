"""Windows that the user keeps by name, for a modality: in the program's own folder, readable by
nobody else."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, get_args

from engine.files import read_regular
from viewer.dicom.presets import Preset, presets_of, written
from viewer.dicom.window import Function, Window
from viewer.own_folder import own_folder, put_aside, write_private
from viewer.state.place import OpenFrame

LONGEST_NAME = 40
"""Letters of the name of a window of one's own."""
_MOST = 50
_LARGEST = 1 << 20  # bytes


@dataclass(frozen=True)
class OwnWindow:
    """``modality`` and ``units`` are those of the images that it is for. ``ValueError`` for a name
    that is blank or too long, and for a window without a meaning."""

    name: str
    modality: str
    units: str
    center: float
    width: float
    function: Function = "LINEAR"

    def __post_init__(self) -> None:
        if not 0 < len(self.name.strip()) <= LONGEST_NAME or not self.name.isprintable():
            raise ValueError(f"a name has 1 to {LONGEST_NAME} letters")
        if self.function not in get_args(Function):
            raise ValueError("no window has this function")
        self.window()

    def window(self) -> Window:
        return Window(self.center, self.width, self.function, self.name)

    @property
    def key(self) -> tuple[str, str, str]:
        """What no two of them have in common."""
        return self.name.casefold(), self.modality, self.units


def own_file() -> Path:
    """Where they are kept."""
    return own_folder() / "windows.json"


def own_windows() -> tuple[OwnWindow, ...]:
    """All of them in the order in which they were kept; rows that are damaged are left out."""
    try:
        return _kept()[0]
    except OSError:
        return ()


def _kept() -> tuple[tuple[OwnWindow, ...], bool]:
    """All of them, and whether the file holds nothing else. Raises :class:`OSError`."""
    file = own_file()
    try:
        told = file.stat()
    except FileNotFoundError:
        return (), True
    return _read(file, (told.st_mtime_ns, told.st_size))


@lru_cache(maxsize=1)
def _read(file: Path, stamp: tuple[int, int]) -> tuple[tuple[OwnWindow, ...], bool]:
    """The file as it was at ``stamp``; one that is no list at all is put aside."""
    try:
        rows = json.loads(read_regular(file, _LARGEST).decode("utf-8"))
        if not isinstance(rows, list):
            raise ValueError("it holds no list")
    except (ValueError, RecursionError):
        put_aside(file)
        return (), True
    found = [own for own in map(_own, rows[:_MOST]) if own is not None]
    return tuple({own.key: own for own in found}.values()), len(found) == len(rows)


def _own(row: Any) -> OwnWindow | None:
    try:
        name, modality, units = (str(row[key]) for key in ("name", "modality", "units"))
        numbers = float(row["center"]), float(row["width"])
        return OwnWindow(name, modality, units, *numbers, row["function"])
    except (KeyError, TypeError, ValueError, OverflowError):
        return None


def keep_own(own: OwnWindow) -> None:
    """Add a window, in the place of one with the same name for the same images. ``OSError`` where
    it cannot be written, ``ValueError`` where there are too many."""
    windows, whole = _kept()
    kept = {other.key: other for other in windows}
    kept[own.key] = own
    if len(kept) > _MOST:
        raise ValueError(f"no more than {_MOST} windows can be kept; remove one first")
    _write(tuple(kept.values()), whole)


def remove_own(own: OwnWindow) -> None:
    """Keep a window no longer. ``OSError`` where that cannot be written."""
    windows, whole = _kept()
    _write(tuple(other for other in windows if other.key != own.key), whole)


def _write(every: tuple[OwnWindow, ...], whole: bool) -> None:
    """A file that holds something else, too, is put aside first: nothing in it is lost."""
    if not whole:
        put_aside(own_file())
    rows = [asdict(own) for own in every]
    write_private(own_file(), json.dumps(rows, indent=1, ensure_ascii=False).encode())


def own_of(opened: OpenFrame) -> tuple[OwnWindow, ...]:
    """Those that are for images of this modality and unit."""
    wanted = opened.place.instance.attributes.modality, opened.frame.units
    return tuple(own for own in own_windows() if (own.modality, own.units) == wanted)


def presets_for(opened: OpenFrame) -> tuple[Preset, ...]:
    """What the open image can be seen with, in the order of the keys 0 to 9: see ``presets_of``;
    the user's own at the end, so that keeping one moves no other."""
    every = presets_of(opened.frame, opened.place.instance.attributes.modality)
    if not every:
        return ()
    return (*every, *(written(own.name, "own", own.window()) for own in own_of(opened)))
