"""What is open in a running program, kept so that a crash does not lose it.

Each program has a file of its own in the user's private folder, beside a lock that the system gives
free when the program is gone, however that happened. A file whose lock is free was left by a crash.
It holds where files lie and how they were looked at, and nothing from their headers.
"""

from __future__ import annotations

import contextlib
import json
import math
import os
import secrets
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any, get_args

from PySide6.QtCore import QLockFile

from engine.files import read_regular
from engine.presets import PRESETS
from engine.results import Method
from viewer.dicom.frame import Frame
from viewer.dicom.presets import OUR_NAMES
from viewer.dicom.window import LookupTable, Window
from viewer.own_folder import own_folder, write_private
from viewer.render.colour_maps import COLOUR_MAPS, DIVERGING_MAPS
from viewer.render.style import OverlayStyle, Shows

_LARGEST = 1 << 20  # bytes
_LAST = "last.json"


@dataclass(frozen=True)
class Opened:
    """``paths`` as they were asked for, one call after another; ``what`` says it without saying
    whose. ``image`` and ``frame`` (from 0) are what was looked at, with ``window`` as
    :func:`window_facts` puts it, ``zoom``, ``centre`` and turn as in the view of the picture,
    ``style`` the overlay's fields by name."""

    paths: tuple[tuple[str, ...], ...] = ()
    what: str = ""
    image: str = ""
    frame: int = 0
    window: dict[str, Any] = field(default_factory=dict)
    inverted: bool = False
    zoom: float | None = None
    centre: tuple[float, float] | None = None
    quarters: int = 0
    mirrored: bool = False
    model: str = ""
    preset: str = ""
    target: str = ""
    layer: int = 0
    style: dict[str, Any] = field(default_factory=dict)

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to open again."""
        return not self.paths


def to_json(opened: Opened) -> bytes:
    return json.dumps(asdict(opened), indent=1).encode()


def from_json(data: bytes) -> Opened:
    """Raises :class:`ValueError` for what is no such thing."""
    try:
        row = json.loads(data.decode("utf-8"))
        centre = row.get("centre")
        found = Opened(
            paths=tuple(tuple(map(str, paths)) for paths in row["paths"]),
            **{name: _typed(row, name, kind) for name, kind in _KINDS.items() if name in row},
            zoom=None if row.get("zoom") is None else float(row["zoom"]),
            centre=None if centre is None else (float(centre[0]), float(centre[1])),
        )
    except (ValueError, TypeError, KeyError, AttributeError, IndexError, RecursionError) as error:
        raise ValueError(f"it does not say what was open ({type(error).__name__})") from error
    numbers = (*(found.centre or ()), *(() if found.zoom is None else (found.zoom,)))
    sound = all(map(math.isfinite, numbers)) and (found.zoom is None or 1e-3 <= found.zoom <= 1e3)
    if not sound or found.quarters not in range(4) or found.frame < 0 or found.layer < 0:
        raise ValueError("it does not say what was open (numbers)")
    return found


_KINDS: dict[str, type] = {
    "what": str,
    "image": str,
    "frame": int,
    "window": dict,
    "inverted": bool,
    "quarters": int,
    "mirrored": bool,
    "model": str,
    "preset": str,
    "target": str,
    "layer": int,
    "style": dict,
}


def _typed(row: dict[str, Any], name: str, kind: type) -> Any:
    if type(row[name]) is not kind:
        raise TypeError(name)
    return row[name]


# what the parts of it are
def window_facts(window: Window | LookupTable | None, frame: Frame) -> dict[str, Any]:
    """A window by its numbers, a lookup table by its place in the file."""
    if isinstance(window, Window):
        known = window.explanation in OUR_NAMES  # else it may be what somebody wrote
        return asdict(window if known else replace(window, explanation=""))
    tables = [number for number, table in enumerate(frame.voi_luts) if table is window]
    return {"table": tables[0]} if tables else {}


def window_from(facts: dict[str, Any], frame: Frame) -> Window | LookupTable | None:
    """What :func:`window_facts` put so; None where this frame has no such thing."""
    with contextlib.suppress(ValueError, TypeError, IndexError):
        if "table" in facts:
            return frame.voi_luts[int(facts["table"])]
        return Window(**facts) if facts else None
    return None


def style_from(facts: dict[str, Any], now: OverlayStyle) -> OverlayStyle:
    """The style with those fields of ``facts`` that there are, of the type that they have."""
    kinds = {item.name: type(getattr(now, item.name)) for item in fields(now)}
    made = replace(now, **{k: v for k, v in facts.items() if k in kinds and type(v) is kinds[k]})
    known = made.shows in get_args(Shows) and made.colour_map in COLOUR_MAPS
    known = known and made.diverging_map in DIVERGING_MAPS
    shares = (made.opacity, made.threshold, made.smoothing)
    return made if known and all(map(math.isfinite, shares)) else now


def preset_of(method: Method) -> str:
    """The name of a preset; "" where it has none."""
    return next((name for name, preset in PRESETS.items() if preset == method), "")


# where it is kept
def open_folder() -> Path:
    """The files of running programs, and of those that are no more."""
    return own_folder() / "open"


def _lock(path: Path) -> QLockFile:
    lock = QLockFile(str(path.with_suffix(".lock")))
    lock.setStaleLockTime(0)  # only the end of the program that has it gives it free
    return lock


class OpenFile:
    """The file of this program, from its making until :meth:`end`. What cannot be written is not
    kept."""

    def __init__(self) -> None:
        folder = open_folder()
        with contextlib.suppress(OSError):
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.path = folder / f"{os.getpid()}-{secrets.token_hex(4)}.json"
        self._lock = _lock(self.path)
        self._lock.tryLock(0)

    def left_by_a_crash(self) -> Opened | None:
        """What the program that crashed last had open. It is in this program's file from now on,
        so that it survives the next crash, too; what others left is gone."""
        found: Opened | None = None
        for path in sorted(open_folder().glob("*.json"), key=_changed, reverse=True):
            if path in (self.path, open_folder() / _LAST):
                continue
            lock = _lock(path)
            if not lock.tryLock(0):
                continue  # it runs
            with contextlib.suppress(OSError, ValueError):
                if found is None:
                    read = from_json(read_regular(path, _LARGEST))
                    found = None if read.is_empty else read
            with contextlib.suppress(OSError):
                path.unlink(missing_ok=True)
            lock.unlock()
        if found is not None:
            self.write(found)
        return found

    def write(self, opened: Opened) -> None:
        """Keep it; may be called from any thread."""
        with contextlib.suppress(OSError):
            if opened.is_empty:
                self.path.unlink(missing_ok=True)
            else:
                write_private(self.path, to_json(opened))

    def end(self, last: Opened | None = None) -> None:
        """This program ends as it should; ``last`` is kept for the next one, whenever that is."""
        place = open_folder() / _LAST
        with contextlib.suppress(OSError):
            self.path.unlink(missing_ok=True)
            if last is None or last.is_empty:
                place.unlink(missing_ok=True)
            else:
                write_private(place, to_json(last))
        self._lock.unlock()


def read_last() -> Opened | None:
    """What was open when a program ended last as it should, where that was kept."""
    try:
        return from_json(read_regular(open_folder() / _LAST, _LARGEST))
    except (OSError, ValueError):
        return None


def _changed(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0
