"""A lane: one background thread that does one thing at a time."""

from __future__ import annotations

import threading
from _thread import start_new_thread
from collections import deque
from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QObject, Signal

_running: dict[threading.Event, str] = {}


def running() -> list[str]:
    """The names of all lanes whose threads have not ended."""
    return list(_running.values())


class Lane(QObject):
    """Runs submitted functions in a thread of its own and reports on the thread that made it.

    While one runs, only the newest submission waits: an older one that has not begun is dropped.
    A lane made to ``keep_all`` runs all in order, and closing it waits for them.
    ``finished(key, result)`` and ``failed(key, exception)`` carry the key of the submission;
    whoever listens drops answers whose key is no longer wanted.
    """

    finished = Signal(object, object)
    failed = Signal(object, object)

    def __init__(self, name: str, parent: QObject | None = None, keep_all: bool = False) -> None:
        super().__init__(parent)
        self._condition = threading.Condition()
        self._keep_all = keep_all
        self._waiting: deque[tuple[Any, Callable[[], Any]]] = deque()
        self._closed = False
        self.setObjectName(name)
        self._ended: threading.Event | None = (
            None  # of the thread; None before the first submission
        )

    def submit(self, key: Any, function: Callable[[], Any]) -> None:
        """Run ``function`` as soon as the thread is free."""
        with self._condition:
            if self._closed:
                return
            if not self._keep_all:
                self._waiting.clear()
            self._waiting.append((key, function))
            if self._ended is None:
                self._ended = threading.Event()
                _running[self._ended] = self.objectName()
                # threading.Thread would wait until it runs: 3 to 7 ms while other threads compute
                start_new_thread(self._run, (self._ended,))
            self._condition.notify()

    def close(self, seconds: float = 10.0) -> bool:
        """Take nothing more and wait for the thread to end; False when it did not in time. Once
        closed, nothing is reported."""
        with self._condition:
            self._closed = True
            if not self._keep_all:
                self._waiting.clear()
            self._condition.notify()
        return self._ended is None or self._ended.wait(seconds)

    def _run(self, ended: threading.Event) -> None:
        try:
            self._work()
        finally:
            del _running[ended]
            ended.set()

    def _work(self) -> None:
        while True:
            with self._condition:
                while not self._waiting and not self._closed:
                    self._condition.wait()
                if not self._waiting:
                    return
                key, function = self._waiting.popleft()
            try:
                result = function()
            except Exception as error:
                self._report(self.failed, key, error)
            else:
                self._report(self.finished, key, result)

    def _report(self, signal: Any, key: Any, value: Any) -> None:
        if not self._closed:
            signal.emit(key, value)
