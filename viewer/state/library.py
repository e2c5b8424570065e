"""What is there to look at: finds studies below paths, in the background, and tells as it goes."""

from __future__ import annotations

import gc
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QObject, QTimer, Signal

from viewer.dicom.grouping import merge
from viewer.dicom.study import Scan
from viewer.reading.index import Index, Progress
from viewer.reading.process import ReaderProcess
from viewer.state.lane import Lane
from viewer.state.recents import add_recent
from viewer.state.session import Session


class Library(QObject):
    """Reads one set of paths after another; the first image is opened as soon as it is known.

    ``failed`` carries an exception; ``ended`` whether a run found an image, ``changed`` the paths
    of files that are not what they were.
    """

    failed = Signal(object)
    ended = Signal(bool)
    changed = Signal(object)
    _progressed = Signal(object, object)

    def __init__(
        self, session: Session, readers: Sequence[ReaderProcess], parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._session = session
        self._readers = readers
        self.opened: list[tuple[Path, ...]] = []
        """What was asked for so far, in order."""
        self.shows_first = True
        """Whether a run opens its first image where another one is open."""
        self._waiting: list[list[Path]] = []
        self._index: Index | None = None
        self._shown = False
        self._forgotten: frozenset[Path] = frozenset()
        self._lane = Lane("scanning", self)
        self._lane.finished.connect(self._found)
        self._lane.failed.connect(self._failed)
        self._progressed.connect(self._progress)

    def lanes(self) -> tuple[Lane, ...]:
        return (self._lane,)

    @property
    def more(self) -> bool:
        """Whether other paths wait to be read."""
        return bool(self._waiting)

    def boot(self, next_one: ReaderProcess) -> None:
        """Let the first reader boot while the window is built, and ``next_one`` after it: on two
        cores the second would take its time from the window."""
        first = self._readers[0]
        first.process.start()

        def work() -> None:
            first.headers(())
            next_one.process.start()

        self._lane.submit(None, work)

    def open_paths(self, paths: Sequence[Path]) -> None:
        """Read the headers below ``paths``, in the background, one call after another."""
        self.opened.append(tuple(path.absolute() for path in paths))
        self._waiting.append([path.absolute() for path in paths])
        self._next()

    def cancel(self) -> None:
        """Stop reading; what was found stays."""
        self._waiting.clear()
        if self._index is not None:
            self._index.cancel()

    def _next(self) -> None:
        if self._index is not None or not self._waiting:
            return
        paths = self._waiting.pop(0)
        self._index = index = Index(paths, self._readers)
        # While studies are read the cycle collector rests: it would stop the window for a tenth of
        # a second, again and again, to look through headers, in which there are no cycles.
        gc.disable()
        self._shown, self._forgotten = False, frozenset()
        self._session.say("")
        self._session.set_reading(0)
        before = self._session.scan

        def told(progress: Progress) -> Told:
            return Told(progress, merge(before, progress.scan), changed(before, progress.scan))

        def work() -> Told:
            return told(index.run(lambda progress: self._progressed.emit(index, told(progress))))

        self._lane.submit(tuple(paths), work)

    def _progress(self, index: Index, told: Told) -> None:
        """What is known by now; the list follows, and the first image opens."""
        if index is self._index:
            self._session.set_reading(told.progress.files)
            self._take(told)
            # in a turn of its own: the list and the picture are a blink's work each
            QTimer.singleShot(0, self, lambda: self._open_first(index, told))

    def _take(self, told: Told) -> None:
        self._session.set_scan(told.merged)
        fresh = told.changed - self._forgotten
        self._forgotten |= fresh
        self.changed.emit(fresh)

    def _open_first(self, index: Index | None, told: Told) -> None:
        """Show the first image of a run, unless another run has begun since."""
        studies = told.progress.scan.studies
        if studies and index is self._index and not self._shown:
            self._shown = True
            if self.shows_first or self._session.place is None:
                first = studies[0].series[0].instances[0].path
                self._session.set_place(self._session.place_of(first))

    def _found(self, key: tuple[Path, ...] | None, told: Told | None) -> None:
        """All of it is in the list; in a turn of its own, what comes of that."""
        if key is None or told is None:
            return  # the readers have booted
        self._take(told)
        QTimer.singleShot(0, self, lambda: self._conclude(key, told))

    def _conclude(self, key: tuple[Path, ...], told: Told) -> None:
        """Show the first image of what was found, or say why there is none."""
        stopped = self._index is not None and self._index.cancelled
        self._ended()
        self._open_first(None, told)
        found = told.progress.scan
        if stopped:
            self._session.say("Reading was stopped; what had been found is in the list.")
        elif found.studies:
            add_recent(key, found)
        elif found.rejected:
            self._session.say(found.rejected[0].reason)
        else:
            self._session.say("Nothing was found there; choose a DICOM file or a folder with some.")
        self.ended.emit(bool(found.studies))
        self._next()

    def _failed(self, key: object, error: Exception) -> None:
        if key is None:
            return  # booting failed; the next run tells why
        self._ended()
        self.failed.emit(error)
        self._next()

    def _ended(self) -> None:
        """What was read is left alone by the collector from now on; ``gc.unfreeze`` at the end of
        the window takes it back."""
        self._index = None
        gc.freeze()
        gc.enable()
        for reader in self._readers[1:]:
            reader.process.kill()  # a hundred megabytes each, for nothing until the next time
        self._session.set_reading(None)


@dataclass(frozen=True, eq=False)
class Told:
    """What a run has found so far, alone and ``merged`` with what was there before; ``changed``
    are the files that were there before and are not what they were."""

    progress: Progress
    merged: Scan
    changed: frozenset[Path]


def changed(before: Scan, found: Scan) -> frozenset[Path]:
    """Files of a scan that a later one found written anew, or no longer an image."""
    stamps = {header.path: header.stamp for header in before.headers}
    anew = {h.path for h in found.headers if stamps.get(h.path, h.stamp) != h.stamp}
    return frozenset(anew | {row.path for row in found.rejected if row.path in stamps})
