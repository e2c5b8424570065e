"""A worker in a process of its own: start, ask, and start again when it died.

No torch here: whoever holds a worker stays light, and a crash or an out-of-memory of its process
costs one message. Messages are pickled over the process's standard input and output, which no
other process can reach.
"""

from __future__ import annotations

import contextlib
import os
import pickle
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from engine.questions import Asked, Network, Question, Subject, Unseen
from engine.results import Refusal


@dataclass(frozen=True)
class Warm:
    """Ask the engine to load a model, so that the first image does not wait for it."""

    network: Network


@dataclass(frozen=True)
class Ready:
    """The engine has loaded the model. ``device`` is what a user would call it."""

    device: str
    torch_version: str


class ProcessDied(Exception):
    """A worker's process ended while it was asked for something, or could not start."""


class TimedOut(ProcessDied):
    """A worker did not answer in the time it was given, and was ended."""


class Ended(ProcessDied):
    """A worker was ended on purpose by :meth:`WorkerProcess.kill`; nothing is wrong with what it
    was asked."""


_GIVES_WAY = 10  # niceness of the engine
_NO_SETTINGS: Mapping[str, str] = {}


class WorkerProcess:
    """``python -m module`` as a worker, asked one thing at a time, from any thread.

    A ``silent`` one's standard error goes nowhere: what libraries print there may quote a file.
    ``settings`` are variables of its environment, unless whoever started this process set them. One
    with a ``niceness`` gives way to other processes (where the system knows of that).
    """

    def __init__(
        self,
        module: str,
        silent: bool = False,
        settings: Mapping[str, str] = _NO_SETTINGS,
        niceness: int = 0,
    ) -> None:
        self._module = module
        self._settings = settings
        self._niceness = niceness
        self._silent = silent
        self._process: subprocess.Popen[bytes] | None = None
        self._closed = False
        self._turn = threading.RLock()
        self._ended: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """The worker's process number while it runs."""
        process = self._process
        return process.pid if process is not None and process.poll() is None else None

    @property
    def closed(self) -> bool:
        """Whether it was ended for good."""
        return self._closed

    def start(self) -> None:
        """Let it boot while there is nothing to ask yet. Raises when it was closed."""
        with self._turn:
            self._start()

    def _start(self) -> None:
        if self._closed:
            raise ProcessDied("the worker was closed")
        process = self._process
        if process is not None and (process is self._ended or process.poll() is not None):
            self.stop()  # it ended while it was asked for nothing
        if self._process is None:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", self._module],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL if self._silent else None,
                env={**self._settings, **os.environ},
            )
            if self._niceness and hasattr(os, "setpriority"):
                with contextlib.suppress(OSError):  # it has ended already, or may not
                    niceness = os.getpriority(os.PRIO_PROCESS, 0) + self._niceness
                    os.setpriority(os.PRIO_PROCESS, self._process.pid, min(19, niceness))
            if self._closed:  # meanwhile, from another thread
                self._process.kill()

    def ask(self, message: Any, seconds: float | None = None) -> Any:
        """Send and wait for the answer, ``seconds`` at most; starts the process if there is none.

        Raises :class:`ProcessDied` when the process ended meanwhile, :class:`TimedOut` when it was
        ended for being late, :class:`Ended` when by :meth:`kill`; the next call starts anew.
        """
        with self._turn:
            return self._asked(message, seconds)

    def _asked(self, message: Any, seconds: float | None) -> Any:
        self.start()
        process = self._process
        assert process is not None
        if seconds is None:
            return self._exchange(process, message)
        late = threading.Event()

        def end() -> None:
            late.set()
            self._end(process)

        alarm = threading.Timer(seconds, end)
        alarm.name = "alarm"
        alarm.daemon = True
        alarm.start()
        try:
            return self._exchange(process, message)
        except ProcessDied as error:
            if late.is_set():
                raise TimedOut(f"a worker process did not answer in {seconds:g} s") from error
            raise
        finally:
            alarm.cancel()

    def _exchange(self, process: subprocess.Popen[bytes], message: Any) -> Any:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            pickle.dump(message, process.stdin, pickle.HIGHEST_PROTOCOL)
            process.stdin.flush()
            return pickle.load(process.stdout)
        except (EOFError, OSError, ValueError, pickle.UnpicklingError) as error:
            status = self.stop()
            if process is self._ended:
                raise Ended("a worker process was ended on purpose") from error
            raise ProcessDied(f"a worker process ended (exit status {status})") from error
        except BaseException:  # half an answer may be left: it must not pass for the next one
            self.stop()
            raise

    def kill(self) -> None:
        """End the process at once; a pending :meth:`ask` raises :class:`Ended`."""
        if self._process is not None:
            self._end(self._process)

    def _end(self, process: subprocess.Popen[bytes]) -> None:
        self._ended = process
        process.kill()

    def close(self) -> None:
        """End the process at once and start no other."""
        self._closed = True
        self.kill()

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


class EngineProcess(WorkerProcess):
    """The engine: answers :class:`Warm`, and questions about images.

    Its threads wait for one another hundreds of times in one answer, spinning for a short while
    only before they sleep: they would keep the core from the one that they wait for where other
    programs are busy, too (an answer took 3.8 s instead of 0.3 s); sleeping at once costs half as
    much again where none is. The process gives way to whoever shows the answers: on equal terms it
    held the window up by 0.08 s at a time, not 0.05 s, and its answers were seen later.
    """

    def __init__(self) -> None:
        settings = {"GOMP_SPINCOUNT": "10000"}
        super().__init__("engine.worker", settings=settings, niceness=_GIVES_WAY)

    def warm(self, network: Network) -> Ready | Refusal:
        """Load a network, and whatever must be loaded for that."""
        answer: Ready | Refusal = self.ask(Warm(network))
        return answer

    def answer(
        self, key: str, subject: Callable[[], Subject], network: Network, asked: Asked
    ) -> Any:
        """What ``network`` answers about the image that ``key`` names, as the docstring of what is
        asked says, or a :class:`Refusal`. ``subject`` gives the image where it has to be sent:
        once, also where several threads ask about it at the same time."""
        with self._turn:
            answer = self.ask(Question(key, network, asked))
            if isinstance(answer, Unseen):
                answer = self.ask(Question(key, network, asked, subject()))
            return answer


def serve(answer: Callable[[Any], Any]) -> int:
    """The worker's side: answer one message after another until the other side closes.

    Standard output carries the answers; whatever a library prints goes to standard error.
    """
    if sys.stdin.isatty():
        print("a worker is started by the program, not by hand", file=sys.stderr)
        return 2
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    with contextlib.suppress(BrokenPipeError, KeyboardInterrupt), answers:
        while True:
            try:
                message = pickle.load(sys.stdin.buffer)
            except EOFError:
                break
            pickle.dump(answer(message), answers, pickle.HIGHEST_PROTOCOL)
            answers.flush()
    return 0
