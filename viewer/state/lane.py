"""A lane: one background thread that does one thing at a time, the newest one first."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QObject, Signal


class Lane(QObject):
    """Runs submitted functions in a thread of its own and reports on the thread that made it.

    While one runs, only the newest submission waits: an older one that has not begun is dropped.
    ``finished(key, result)`` and ``failed(key, exception)`` carry the key of the submission;
    whoever listens drops answers whose key is no longer wanted.
    """

    finished = Signal(object, object)
    failed = Signal(object, object)

    def __init__(self, name: str, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._condition = threading.Condition()
        self._next: tuple[Any, Callable[[], Any]] | None = None
        self._closed = False
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def submit(self, key: Any, function: Callable[[], Any]) -> None:
        """Run ``function`` as soon as the thread is free, instead of whatever was waiting."""
        with self._condition:
            self._next = (key, function)
            self._condition.notify()

    def close(self, seconds: float = 10.0) -> bool:
        """Take nothing more and wait for the thread to end; False when it did not in time."""
        with self._condition:
            self._closed = True
            self._next = None
            self._condition.notify()
        self._thread.join(seconds)
        return not self._thread.is_alive()

    def _run(self) -> None:
        while True:
            with self._condition:
                while self._next is None and not self._closed:
                    self._condition.wait()
                if self._closed:
                    return
                assert self._next is not None
                key, function = self._next
                self._next = None
            try:
                result = function()
            except Exception as error:
                self._report(self.failed, key, error)
            else:
                self._report(self.finished, key, result)

    def _report(self, signal: Any, key: Any, value: Any) -> None:
        if not self._closed:
            signal.emit(key, value)
