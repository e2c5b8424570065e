"""Small pictures of series, decoded when somebody looks at their rows and kept within a budget."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, QTimer, Signal

from engine.process import Ended, ProcessDied
from viewer.dicom.study import Series
from viewer.reading.process import ReaderProcess
from viewer.state.frame_cache import Key
from viewer.state.lane import Lane
from viewer.state.place import Place
from viewer.state.session import Session

SIDE = 192
"""Pixels of the longer side: enough for screens with two pixels in a point."""

_BUDGET = 24 << 20  # bytes of all thumbnails
_GRACE = 1500  # milliseconds that the first image has before the small ones


def middle_of(series: Series) -> Key:
    """The frame that stands for a series: the one in the middle, as the first ones show little."""
    middle = Place(series, 0).moved(series.starts[-1] // 2)
    assert middle is not None
    return middle.key


class Thumbnails(QObject):
    """``arrived`` carries the key of a thumbnail that is there now, or that there is none of.

    ``reader`` is one that reads ahead; it is asked for one thumbnail after another, once the open
    image is shown, and not while images are played.
    """

    arrived = Signal(object)

    def __init__(
        self, session: Session, reader: ReaderProcess, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._session, self._reader = session, reader
        self._pictures: OrderedDict[Key, NDArray[np.uint8] | None] = OrderedDict()
        self._wanted: list[Key] = []
        self._running: Key | None = None
        self._lane = Lane("small pictures", self)
        self._lane.finished.connect(self._made)
        self._lane.failed.connect(self._failed)
        self._grace = QTimer(self)
        self._grace.setSingleShot(True)
        self._grace.setInterval(_GRACE)
        self._grace.timeout.connect(self._next)
        session.frameChanged.connect(self._frame_changed)
        session.playingChanged.connect(self._frame_changed)

    def lanes(self) -> tuple[Lane, ...]:
        return (self._lane,)

    def get(self, key: Key) -> NDArray[np.uint8] | None:
        """Grey (h, w) or RGB (h, w, 3) uint8, at most ``SIDE`` pixels a side; None while it is not
        there, and where there is none."""
        found = self._pictures.get(key)
        if found is not None:
            self._pictures.move_to_end(key)
        return found

    def is_missing(self, key: Key) -> bool:
        """Whether it was tried, and there is no picture to be had."""
        return key in self._pictures and self._pictures[key] is None

    def want(self, keys: Iterable[Key]) -> None:
        """What is looked at now, in order, in the place of what was wanted before."""
        self._wanted = [key for key in keys if key not in self._pictures]
        if not self._wanted:
            return
        if self._session.open is not None:
            self._next()
        elif not self._grace.isActive():
            self._grace.start()

    def forget(self, paths: frozenset[Path]) -> None:
        """These files are not what they were."""
        for key in [key for key in self._pictures if key[0] in paths]:
            del self._pictures[key]
            self.arrived.emit(key)

    def _frame_changed(self) -> None:
        if self._session.open is not None:
            self._next()

    def _next(self) -> None:
        if self._running is not None or self._session.playing:
            return
        while self._wanted:
            key = self._wanted.pop(0)
            if key not in self._pictures:
                self._running = key
                self._lane.submit(key, partial(self._reader.thumbnail, *key, SIDE))
                return

    def _made(self, key: Key, picture: NDArray[np.uint8]) -> None:
        self._put(key, picture)

    def _failed(self, key: Key, error: Exception) -> None:
        """A reader that was ended is asked again; a file without a picture is remembered."""
        if isinstance(error, Ended):
            self._running = None
            self._wanted.insert(0, key)
            self._next()
        elif not isinstance(error, ProcessDied):
            self._put(key, None)

    def _put(self, key: Key, picture: NDArray[np.uint8] | None) -> None:
        self._running = None
        self._pictures[key] = picture
        total = sum(one.nbytes for one in self._pictures.values() if one is not None)
        while total > _BUDGET and len(self._pictures) > 1:
            _, old = self._pictures.popitem(last=False)
            total -= 0 if old is None else old.nbytes
        self.arrived.emit(key)
        self._next()
