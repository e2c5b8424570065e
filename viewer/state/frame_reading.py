"""One frame at a time from one reader: what is wanted now comes first."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from pathlib import Path

from PySide6.QtCore import QObject, QTimer, Signal

from engine.process import Ended
from viewer.reading.process import ReaderProcess
from viewer.render.pyramid import Pyramid
from viewer.state.frame_cache import Key
from viewer.state.lane import Lane

_PATIENCE = 2.0  # seconds that a frame may take once another one is wanted


class FrameReading(QObject):
    """``came`` brings every frame that was decoded, also one that is wanted no more; ``failed``
    why the one that is wanted cannot be had. What takes long and is wanted no more is ended, as
    long as ``may_end`` says so: others may use the reader, too."""

    came = Signal(object, object)
    failed = Signal(object, object)

    def __init__(
        self,
        name: str,
        reader: ReaderProcess,
        parent: QObject,
        may_end: Callable[[], bool] = lambda: True,
    ) -> None:
        super().__init__(parent)
        self._reader, self._may_end = reader, may_end
        self._wanted: Key | None = None
        self._serial = 0
        self._running: tuple[Key, float] | None = None  # what is decoded, and since when
        self._outdated: dict[Path, int] = {}  # the last serial that may have read the file before
        self.lane = Lane(name, self)
        self.lane.finished.connect(self._read)
        self.lane.failed.connect(self._fail)
        self._patience = QTimer(self)
        self._patience.setSingleShot(True)
        self._patience.timeout.connect(self._give_up)

    def want(self, key: Key | None) -> None:
        """Decode a frame, anew if it is the same one; None: what was wanted is not any more."""
        self._wanted = key
        self._serial += 1  # what was asked for before may fail unheard
        if key is not None:
            self._submit(key)
        self._wait()

    def forget(self, paths: Iterable[Path]) -> None:
        """These files are not what they were: what is decoded of them now never comes."""
        self._outdated.update(dict.fromkeys(paths, self._serial))

    def _submit(self, key: Key) -> None:
        def work() -> Pyramid:
            self._running = key, time.monotonic()
            try:
                return self._reader.read(*key)
            finally:
                self._running = None

        self.lane.submit((self._serial, key), work)

    def _wait(self, least: float = 0.0) -> None:
        running = self._running
        left = _PATIENCE if running is None else running[1] + _PATIENCE - time.monotonic()
        self._patience.start(int(1000 * max(left, least)) + 1)

    def _give_up(self) -> None:
        """End the decoding of what nobody waits for any more, as others wait for it."""
        running = self._running
        if running is None or running[0] == self._wanted:
            return
        if time.monotonic() - running[1] >= _PATIENCE and self._may_end():
            self._reader.process.kill()
        else:
            self._wait(0.1)

    def _read(self, asked: tuple[int, Key], pyramid: Pyramid) -> None:
        serial, key = asked
        if serial > self._outdated.get(key[0], -1):
            self.came.emit(key, pyramid)

    def _fail(self, asked: tuple[int, Key], error: Exception) -> None:
        serial, key = asked
        if serial != self._serial:
            return
        if isinstance(error, Ended):  # on purpose, for the sake of another one
            self._submit(key)
        else:
            self.failed.emit(key, error)
