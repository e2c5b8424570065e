"""The frame of the open place: from the cache, else decoded; and those that come next."""

from __future__ import annotations

import time
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from viewer.reading.process import ReaderProcess
from viewer.render.pyramid import Pyramid
from viewer.state.frame_cache import FrameCache, Key
from viewer.state.lane import Lane
from viewer.state.session import OpenFrame, Place, Session

_AHEAD, _BEHIND = 24, 4  # frames that are decoded before they are asked for
_PATIENCE = 2.0  # seconds that a frame may take once another one is wanted


class Frames(QObject):
    """Answers ``session.placeChanged``. ``failed`` carries the exception of the open place.

    ``reader`` decodes what is asked for; ``ahead``, which may be shared with whoever scans,
    decodes the next frames in the direction of the last step.
    """

    failed = Signal(object)

    def __init__(
        self,
        session: Session,
        reader: ReaderProcess,
        ahead: ReaderProcess,
        budget: int,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._session = session
        self._reader, self._ahead = reader, ahead
        self.cache = FrameCache(budget)
        self._lane = Lane("reading", self)
        self._ahead_lane = Lane("prefetching", self)
        self._lane.finished.connect(self._read)
        self._lane.failed.connect(self._failed)
        self._ahead_lane.finished.connect(self._read_ahead)
        self._ahead_lane.failed.connect(self._failed_ahead)
        self._hopeless: set[Key] = set()
        self._direction = 1
        self._last: Place | None = None
        self._busy: tuple[Key, float] | None = None
        session.placeChanged.connect(self._show)
        session.scanChanged.connect(self._prefetch)

    def lanes(self) -> tuple[Lane, ...]:
        return self._lane, self._ahead_lane

    def forget(self, paths: set[Path]) -> None:
        """These files were opened anew, and may have changed."""
        for path in paths:
            self.cache.drop_file(path)
        self._hopeless = {key for key in self._hopeless if key[0] not in paths}

    def _show(self) -> None:
        place = self._session.place
        if place is None:
            return
        last, self._last = self._last, place
        if last is not None and last.series.uid == place.series.uid:
            self._direction = -1 if place.number < last.number else 1
        key = place.key
        self.cache.pinned = key
        found = self.cache.get(key)
        if found is not None:
            self._session.set_frame(OpenFrame(place, found))
            self._prefetch()
            return
        if self._busy is not None and time.monotonic() - self._busy[1] > _PATIENCE:
            self._reader.process.kill()  # it decodes what nobody waits for any more
        self._busy = key, time.monotonic()
        self._lane.submit(key, lambda: self._reader.read(*key))

    def _wanted(self, key: Key) -> Place | None:
        """The open place if it is the one that was read, whatever its series is by now."""
        if self._busy is not None and self._busy[0] == key:
            self._busy = None
        place = self._session.place
        return place if place and key == place.key else None

    def _read(self, key: Key, pyramid: Pyramid) -> None:
        self.cache.put(key, pyramid)
        place = self._wanted(key)
        if place is not None:
            self._session.set_frame(OpenFrame(place, pyramid))
            self._prefetch()

    def _failed(self, key: Key, error: Exception) -> None:
        if self._wanted(key) is not None:
            self.failed.emit(error)

    # ahead
    def _prefetch(self) -> None:
        """Decode the next frame that is likely to be asked for, if there is room for it."""
        key = self._next()
        if key is not None:
            self._ahead_lane.submit(key, lambda: self._ahead.read(*key))

    def _next(self) -> Key | None:
        opened = self._session.open
        if opened is None:
            return None
        place, forward = opened.place, self._direction
        size = max(opened.pyramid.nbytes, 1)
        room = min(self.cache.budget // size // 2, _AHEAD)
        offsets = [forward * n for n in range(1, room + 1)]
        offsets += [-forward * n for n in range(1, min(room // 4, _BEHIND) + 1)]
        for offset in offsets:
            near = place.moved(offset, stop=False)
            if near is not None and near.key not in self.cache and near.key not in self._hopeless:
                return near.key
        return None

    def _failed_ahead(self, key: Key, error: Exception) -> None:
        """Told when it is opened; the others are not kept waiting."""
        self._hopeless.add(key)
        self._prefetch()

    def _read_ahead(self, key: Key, pyramid: Pyramid) -> None:
        self.cache.put(key, pyramid)
        self._prefetch()
