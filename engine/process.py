"""The parent's side of the engine process: start, ask, and start again when it died.

No torch here: whoever holds this object stays light, and a crash or an out-of-memory of the
engine costs one message. Messages are pickled over the worker's standard input and output,
which no other process can reach.
"""

from __future__ import annotations

import contextlib
import pickle
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from engine.results import Explanation, Refusal, Request


@dataclass(frozen=True)
class Warm:
    """Ask the engine to load a model, so that the first image does not wait for it."""

    model: Path
    device: str = "auto"


@dataclass(frozen=True)
class Ready:
    """The engine has loaded the model. ``device`` is what a user would call it."""

    device: str
    torch_version: str


Answer = Explanation | Ready | Refusal


class EngineDied(Exception):
    """The engine's process ended while it was asked for something, or could not start."""


class EngineProcess:
    """One worker process. Use it from one thread; :meth:`kill` may come from any other."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """The worker's process number while it runs."""
        process = self._process
        return process.pid if process is not None and process.poll() is None else None

    def ask(self, message: Request | Warm) -> Answer:
        """Send and wait for the answer; starts the process when there is none.

        Raises :class:`EngineDied` when the process ended meanwhile; the next call starts anew.
        """
        process = self._process or self._start()
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            pickle.dump(message, process.stdin, pickle.HIGHEST_PROTOCOL)
            process.stdin.flush()
            return pickle.load(process.stdout)  # type: ignore[no-any-return]
        except (EOFError, OSError, pickle.UnpicklingError) as error:
            raise EngineDied(f"the engine process ended (exit status {self.stop()})") from error

    def kill(self) -> None:
        """End the process at once; a pending :meth:`ask` raises :class:`EngineDied`."""
        process = self._process
        if process is not None:
            process.kill()

    def stop(self) -> int | None:
        """Close the pipes and wait for the process; returns its exit status."""
        process, self._process = self._process, None
        if process is None:
            return None
        for pipe in (process.stdin, process.stdout):
            with contextlib.suppress(OSError):
                if pipe is not None:
                    pipe.close()
        try:
            return process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            process.kill()
            return process.wait()

    def _start(self) -> subprocess.Popen[bytes]:
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "engine.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        return self._process
