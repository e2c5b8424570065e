"""What is there to look at: finds studies below paths, in the background, and tells as it goes."""

from __future__ import annotations

import gc
from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from viewer.dicom.grouping import merge
from viewer.dicom.study import Scan
from viewer.reading.index import Index, Progress
from viewer.reading.process import ReaderProcess
from viewer.state.lane import Lane
from viewer.state.recents import add_recent
from viewer.state.session import Session


class Library(QObject):
    """Reads one set of paths after another; the first image is opened as soon as it is known.

    ``failed`` carries an exception; ``ended`` whether a run found an image, ``again`` the paths of
    files that were known before and were read anew.
    """

    failed = Signal(object)
    ended = Signal(bool)
    again = Signal(object)
    _progressed = Signal(object, object)

    def __init__(
        self, session: Session, readers: Sequence[ReaderProcess], parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._session = session
        self._readers = readers
        self._waiting: list[list[Path]] = []
        self._index: Index | None = None
        self._shown = False
        self._lane = Lane("scanning", self)
        self._lane.finished.connect(self._found)
        self._lane.failed.connect(self._failed)
        self._progressed.connect(self._progress)

    def lanes(self) -> tuple[Lane, ...]:
        return (self._lane,)

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
        _rest_collector()
        self._shown = False
        self._session.say("")
        self._session.set_reading(0)
        before = self._session.scan

        def report(progress: Progress) -> None:
            self._progressed.emit(index, (progress, merge(before, progress.scan)))

        def work() -> tuple[Scan, Scan, set[Path]]:
            found = index.run(report)
            known = {header.path for header in before.headers}
            again = known & {header.path for header in found.headers}
            return found, merge(before, found), again

        self._lane.submit(tuple(paths), work)

    def _progress(self, index: Index, told: tuple[Progress, Scan]) -> None:
        """What is known by now; the list follows, and the first image opens."""
        if index is not self._index:
            return
        progress, merged = told
        self._session.set_reading(progress.files)
        self._session.set_scan(merged)
        self._open_first(progress.scan)

    def _open_first(self, found: Scan) -> None:
        """Open the first image that this run has found, once."""
        known = {header.path for header in found.headers}
        if self._shown or not known:
            return
        for series in self._session.all_series():
            for instance in series.instances[:1]:
                if instance.path in known:
                    self._shown = True
                    self._session.set_place(self._session.place_of(instance.path))
                    return

    def _found(
        self, key: tuple[Path, ...] | None, result: tuple[Scan, Scan, set[Path]] | None
    ) -> None:
        """Show the first image of what was found, or say why there is none."""
        if key is None or result is None:
            return  # the readers have booted
        found, merged, again = result
        self._ended()
        self.again.emit(again)
        self._session.set_scan(merged)
        if found.studies:
            self._open_first(found)
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
        self._index = None
        _resume_collector()
        self._session.set_reading(None)


def _rest_collector() -> None:
    """While studies are read Python's cycle collector rests: it would stop the window for a tenth
    of a second, again and again, to look through headers, in which there are no cycles."""
    gc.disable()


def _resume_collector() -> None:
    """What was read is left alone from now on; ``gc.unfreeze`` at the end takes it back."""
    gc.freeze()
    gc.enable()
