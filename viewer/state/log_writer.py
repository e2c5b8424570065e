"""Writes the audit log in a thread of its own, and reads it there."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, Signal

from viewer.own_folder import own_folder
from viewer.state.lane import Lane
from viewer.state.log_file import LogReading, append, read_log

_READ, _WRITE = "read", "write"


def log_path() -> Path:
    """Where the log is kept."""
    return own_folder() / "audit.log.jsonl"


class LogWriter(QObject):
    """``failed`` carries a sentence, once until a line is written again; ``read`` what was made of
    a reading that was asked for."""

    failed = Signal(str)
    read = Signal(object)

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._path = log_path()
        self._told = False
        self.lane = Lane("audit log", self, keep_all=True)
        self.lane.finished.connect(self._finished)
        self.lane.failed.connect(self._failed)

    def write(self, line: Callable[[], Mapping[str, Any]]) -> None:
        """Add a line of now; ``line`` is called in the thread."""
        path, now = self._path, datetime.now(UTC).isoformat(timespec="milliseconds")
        self.lane.submit(_WRITE, lambda: append(path, {"time": now, **line()}))

    def ask(self, then: Callable[[LogReading], Any]) -> None:
        """Read and check the whole log; ``read`` brings what ``then``, called in the thread,
        returns."""
        path = self._path
        self.lane.submit(_READ, lambda: then(read_log(path)))

    def _finished(self, key: object, result: object) -> None:
        if key == _READ:
            self.read.emit(result)
        else:
            self._told = False

    def _failed(self, key: object, error: Exception) -> None:
        if self._told:
            return
        self._told = True
        reason = getattr(error, "strerror", None) or type(error).__name__
        done = "read" if key == _READ else "written"
        self.failed.emit(f"The audit log could not be {done} ({reason}); work goes on.")
