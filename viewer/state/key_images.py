"""Key images: those that the reader marked to be found again.

They are kept in the program's own folder, which only the user may read, by a digest of the SOP
Instance UID and the frame's number: no name, no path, no UID. Each mark is written at once.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Iterable
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from engine.files import read_regular
from viewer.dicom.study import Instance, Series
from viewer.own_folder import own_folder, put_aside, write_private
from viewer.state.lane import Lane

_LARGEST = 16 << 20  # bytes
_LAST_FRAME = 10**9

Mark = tuple[str, int]
"""The digest of an instance, and the number of a frame in it, from 0."""


def key_images_file() -> Path:
    """Where they are kept."""
    return own_folder() / "key-images.json"


def digest_of(instance: Instance) -> str:
    """What names an image: 32 hexadecimal digits of its SOP Instance UID, or of its path where the
    file has none."""
    uid = instance.attributes.sop_instance_uid or str(instance.path)
    return hashlib.blake2b(uid.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def read_marks(path: Path) -> set[Mark]:
    """The marks in a file, none where there is no file. Raises :class:`ValueError` for a damaged
    one, :class:`OSError` for one that cannot be read."""
    if not path.exists():
        return set()
    try:
        told = json.loads(read_regular(path, _LARGEST).decode("utf-8"))
        rows = [(digest, frame) for digest, frames in told["images"].items() for frame in frames]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ValueError(f"{path.name} is damaged") from error
    for _, frame in rows:
        if type(frame) is not int or not 0 <= frame <= _LAST_FRAME:
            raise ValueError(f"{path.name} is damaged")
    return set(rows)


def write_marks(path: Path, marks: Iterable[Mark]) -> None:
    """Raises :class:`OSError`."""
    images: dict[str, list[int]] = {}
    for digest, frame in sorted(marks):
        images.setdefault(digest, []).append(frame)
    told = {"version": 1, "images": images}
    write_private(path, json.dumps(told, indent=1).encode())


class KeyImages(QObject):
    """``failed`` carries a sentence; ``marked`` the frame that was marked and whether it is so now.
    What cannot be written holds until the program ends."""

    changed = Signal()
    marked = Signal(Instance, int, bool)
    onlyChanged = Signal()
    failed = Signal(str)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.only = False
        """Whether the list of studies holds nothing else."""
        self._path = key_images_file()
        self._found: set[Mark] | None = None  # read when it is first asked for
        self._digests: dict[str, str] = {}
        self._known: dict[int, tuple[Series, tuple[int, ...]]] = {}
        self._lane = Lane("key images", self, keep_all=True)
        self._lane.failed.connect(lambda key, error: self.failed.emit(_unwritten(error)))

    def lanes(self) -> tuple[Lane, ...]:
        return (self._lane,)

    @property
    def _marks(self) -> set[Mark]:
        if self._found is None:
            self._found = set()
            try:
                self._found = read_marks(self._path)
            except OSError as error:
                self.failed.emit(_unread(error.strerror or type(error).__name__))
            except ValueError as error:
                with contextlib.suppress(OSError):
                    put_aside(self._path)
                self.failed.emit(_unread(str(error)))
        return self._found

    def has(self, instance: Instance, frame: int) -> bool:
        """Whether a frame (from 0) of an image is marked."""
        return bool(self._marks) and (self._digest(instance), frame) in self._marks

    def set(self, instance: Instance, frame: int, on: bool) -> None:
        """Mark a frame, or take its mark away."""
        mark = self._digest(instance), frame
        if on == (mark in self._marks):
            return
        (self._marks.add if on else self._marks.discard)(mark)
        self._known.clear()
        self._lane.submit(mark, lambda: _apply(self._path, mark, on))
        self.marked.emit(instance, frame, on)
        self.changed.emit()

    def set_only(self, only: bool) -> None:
        if only != self.only:
            self.only = only
            self.onlyChanged.emit()

    def forget_series(self) -> None:
        """Those of before are not asked about any more."""
        self._known.clear()

    def numbers(self, series: Series) -> tuple[int, ...]:
        """Which frames of a series are marked, by their numbers in it from 0, in order."""
        if not self._marks:
            return ()
        known = self._known.get(id(series))
        if known is None or known[0] is not series:
            known = series, tuple(sorted(self._numbers(series)))
            self._known[id(series)] = known
        return known[1]

    def _numbers(self, series: Series) -> Iterable[int]:
        frames: dict[str, list[int]] = {}
        for digest, frame in self._marks:
            frames.setdefault(digest, []).append(frame)
        for start, instance in zip(series.starts, series.instances, strict=False):
            for frame in frames.get(self._digest(instance), ()):
                if frame < instance.frames:
                    yield start + frame

    def _digest(self, instance: Instance) -> str:
        """That of an image, which is asked for again and again."""
        name = instance.attributes.sop_instance_uid or str(instance.path)
        found = self._digests.get(name)
        if found is None:
            found = self._digests[name] = digest_of(instance)
        return found


def _apply(path: Path, mark: Mark, on: bool) -> None:
    """Change the file as it is now: another window may have written it meanwhile."""
    try:
        marks = read_marks(path)
    except ValueError:
        put_aside(path)
        marks = set()
    (marks.add if on else marks.discard)(mark)
    write_marks(path, marks)


def _unread(reason: str) -> str:
    return (
        f"The list of key images could not be read ({reason}). It is put aside, not lost; images "
        "can be marked anew."
    )


def _unwritten(error: Exception) -> str:
    reason = getattr(error, "strerror", None) or type(error).__name__
    return f"The key image could not be saved ({reason}). Check the disk and rights."
