"""The frame of the open place: from the cache, else decoded; and those that come next."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QObject, QTimer, Signal

from engine.process import ProcessDied
from viewer.reading.process import ReaderProcess
from viewer.render.pyramid import Pyramid
from viewer.state.frame_cache import FrameCache, Key
from viewer.state.frame_reading import FrameReading
from viewer.state.lane import Lane
from viewer.state.place import OpenFrame, Place
from viewer.state.session import Session

_AHEAD, _BEHIND = 24, 4  # frames that are decoded before they are asked for
_PLAYED_AHEAD = 120  # the same while they are played


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
        self._ahead = ahead
        self.cache = FrameCache(budget)
        self._reading = FrameReading("reading", reader, self)
        self._ahead_lane = Lane("prefetching", self)
        self._reading.came.connect(self._read)
        self._reading.failed.connect(lambda key, error: self.failed.emit(error))
        self._ahead_lane.finished.connect(self._read_ahead)
        self._ahead_lane.failed.connect(self._failed_ahead)
        self._hopeless: set[Key] = set()
        self._coming: Callable[[int], Place | None] | None = None
        self._direction = 1
        self._last: Place | None = None
        self._in_flight: Key | None = None
        self._ahead_epoch = 0  # of the files: what was read in another one may be old
        session.placeChanged.connect(self._show)
        session.scanChanged.connect(self._prefetch)
        session.readingChanged.connect(self._prefetch)

    def lanes(self) -> tuple[Lane, ...]:
        return self._reading.lane, self._ahead_lane

    def forget(self, paths: frozenset[Path]) -> None:
        """These files are not what they were; the open one is decoded anew."""
        if not paths:
            return
        self._reading.forget(paths)
        self._ahead_epoch += 1
        for path in paths:
            self.cache.drop_file(path)
        self._hopeless = {key for key in self._hopeless if key[0] not in paths}
        place = self._session.place
        if place is not None and place.instance.path in paths:
            self._show()

    def follow(self, coming: Callable[[int], Place | None] | None) -> None:
        """Decode ahead what ``coming`` says is shown so many steps (from 1) later, while images are
        played; None: what lies in the direction of the last step."""
        self._coming = coming
        self._prefetch()

    def is_at_hand(self, place: Place) -> bool:
        """Whether it can be shown at once."""
        return place.key in self.cache

    def is_hopeless(self, place: Place) -> bool:
        """Whether decoding it was tried ahead, in vain."""
        return place.key in self._hopeless

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
        self._reading.want(key if found is None else None)
        if found is not None:
            self._session.set_frame(OpenFrame(place, found))
            self._prefetch()

    def _read(self, key: Key, pyramid: Pyramid) -> None:
        """While studies are read in a turn of its own: the list may be laid out in this one."""
        if self._session.reading is None:
            self._arrived(key, pyramid)
        else:
            QTimer.singleShot(0, self, lambda: self._arrived(key, pyramid))

    def _arrived(self, key: Key, pyramid: Pyramid) -> None:
        """Keep a frame, and show it if its place is open, whatever its series is by now."""
        self.cache.put(key, pyramid)
        place, opened = self._session.place, self._session.open
        if place is not None and key == place.key:
            if opened is None or opened.pyramid is not pyramid:
                self._session.set_frame(OpenFrame(place, pyramid))
            self._prefetch()

    # ahead
    def _prefetch(self) -> None:
        """Decode the next frame that is likely to be asked for, if there is room for it and
        nothing more urgent to read."""
        busy = self._session.reading is not None and self._coming is None
        key = None if busy else self._next()
        if key is not None and key != self._in_flight:
            self._in_flight = key
            asked = self._ahead_epoch, key
            self._ahead_lane.submit(asked, lambda: self._ahead.read(*key))

    def _next(self) -> Key | None:
        opened = self._session.open
        if opened is None:
            return None
        place, forward = opened.place, self._direction
        size = max(opened.pyramid.nbytes, 1)
        room = min(self.cache.budget // size // 2, _AHEAD)
        if self._coming is not None:
            return self._next_played(self.cache.budget // size)
        offsets = [forward * n for n in range(1, room + 1)]
        offsets += [-forward * n for n in range(1, min(room // 4, _BEHIND) + 1)]
        for offset in offsets:
            near = place.moved(offset, stop=False)
            if near is not None and near.key not in self.cache and near.key not in self._hopeless:
                return near.key
        return None

    def _next_played(self, held: int) -> Key | None:
        """As many as the cache holds at once, less those that were shown last."""
        assert self._coming is not None
        for steps in range(1, min(max(held - _BEHIND, 1), _PLAYED_AHEAD) + 1):
            place = self._coming(steps)
            if place is None:
                return None
            if place.key not in self.cache and place.key not in self._hopeless:
                return place.key
        return None

    def _failed_ahead(self, asked: tuple[int, Key], error: Exception) -> None:
        """Told when it is opened; the others are not kept waiting."""
        self._in_flight = None
        if not isinstance(error, ProcessDied):
            if asked[0] == self._ahead_epoch:
                self._hopeless.add(asked[1])
            self._prefetch()

    def _read_ahead(self, asked: tuple[int, Key], pyramid: Pyramid) -> None:
        self._in_flight = None
        if asked[0] == self._ahead_epoch:
            self._arrived(asked[1], pyramid)
        self._prefetch()
