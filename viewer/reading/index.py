"""Indexing: the headers of thousands of files, by several readers at once."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from engine.process import Ended
from viewer.dicom.scan import gathered, scan_of
from viewer.dicom.study import Header, Rejected, Scan
from viewer.reading.process import ReaderProcess

_BATCHES = (4, 16)  # files asked for at first, so that there is soon something to see
_BATCH = 64
_PATIENCE = 1.0  # seconds that readers have to finish what they do when they are to stop
_PAUSE = 0.4  # seconds between two reports, at least

Found = list[Header | Rejected]


@dataclass(frozen=True, eq=False)
class Progress:
    """``files`` were looked at; ``scan`` is what they are."""

    files: int
    scan: Scan


class Index:
    """One run over some paths. :meth:`run` once; :meth:`cancel` from any thread."""

    def __init__(self, paths: Sequence[Path], readers: Sequence[ReaderProcess]) -> None:
        self._readers = readers
        self._local = threading.local()
        self._lock, self._files_lock = threading.Lock(), threading.Lock()
        self._files = gathered([path.absolute() for path in paths], self._files_in)
        self._found: dict[int, Found] = {}
        self._asked = 0
        self._cancelled, self._patience = threading.Event(), math.inf
        self._failure: Exception | None = None
        self._changed = threading.Event()

    def cancel(self) -> None:
        """Stop as soon as may be; what was read is kept."""
        self._patience = time.monotonic() + _PATIENCE
        self._cancelled.set()

    @property
    def cancelled(self) -> bool:
        """Whether it was stopped before it was through."""
        return self._cancelled.is_set()

    def run(self, report: Callable[[Progress], None] | None = None) -> Progress:
        """Read every header; no file makes it fail. Raises ``ProcessDied`` when a reader was
        closed or cannot be started.

        ``report`` is told, in this thread, what was found so far: soon, then at growing intervals,
        as sorting thousands of headers again and again would cost more than reading them.
        """
        threads = [
            threading.Thread(target=self._work, args=(reader,), name="indexing", daemon=True)
            for reader in self._readers
        ]
        for thread in threads:
            thread.start()
        next_report = 0.0
        while any(thread.is_alive() for thread in threads):
            self._changed.wait(0.1)
            self._changed.clear()
            if self.cancelled and time.monotonic() > self._patience:
                for reader in self._readers:
                    reader.process.kill()
                self._patience = math.inf
            if report is not None and self._found and time.monotonic() >= next_report:
                before = time.monotonic()
                report(self._progress())
                after = time.monotonic()
                next_report = after + max(_PAUSE, 5 * (after - before))
        if self._failure is not None:
            raise self._failure
        return self._progress()

    def _progress(self) -> Progress:
        with self._lock:
            rows = [row for number in sorted(self._found) for row in self._found[number]]
        return Progress(len(rows), scan_of(rows))

    def _files_in(self, path: Path) -> list[Path | Rejected]:
        reader: ReaderProcess = self._local.reader
        return reader.files_in(path)

    def _batches(self) -> Iterator[tuple[int, list[Path | Rejected]]]:
        """Numbered batches, for whoever asks next."""
        while not self._cancelled.is_set():
            with self._files_lock:
                number = self._asked
                size = _BATCHES[number] if number < len(_BATCHES) else _BATCH
                batch = list(islice(self._files, size))
                self._asked += 1
            if not batch:
                return
            yield number, batch

    def _work(self, reader: ReaderProcess) -> None:
        """One thread: batches to one reader until there are none."""
        self._local.reader = reader
        try:
            for number, batch in self._batches():
                paths = [row for row in batch if isinstance(row, Path)]
                read = iter(reader.headers(paths) if paths else ())
                rows = [row if isinstance(row, Rejected) else next(read) for row in batch]
                with self._lock:
                    self._found[number] = rows
                self._changed.set()
        except Exception as error:
            if not (self.cancelled and isinstance(error, Ended)):
                self._failure = error
            self._cancelled.set()
        finally:
            self._changed.set()
