"""A file of JSON lines that only grows, each bound to the one before it.

A line ends with ``before``, the SHA-256 of the whole line before it (without its line end), and
``seal``, the SHA-256 of its own bytes up to there. What is changed inside, or taken away from the
front or the middle, is found by :func:`read_log`; lines taken away from the end are not, nor is a
file whose lines were all made anew. No torch, no widgets; slow: for a thread.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import time
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from PySide6.QtCore import QLockFile

_LONGEST = 1 << 17  # bytes of a line
_STALE = 2_000  # milliseconds: a line is written in ten
_PATIENCE = 5.0  # seconds to wait for another program that writes
_NOTHING = "0" * 64  # what the first line has before it
_SEAL = ', "seal": "'


@dataclass(frozen=True)
class LogReading:
    """``rows`` are the newest lines as facts, newest first; of ``entries`` lines, all were looked
    at. ``broken`` is the number of the line, from 1, where the chain breaks, 0 where it does not.
    """

    rows: tuple[Mapping[str, Any], ...]
    entries: int
    broken: int = 0

    @property
    def in_words(self) -> str:
        count = f"{self.entries} {'entry' if self.entries == 1 else 'entries'}"
        if not self.broken:
            return f"verified: {count}, unbroken"
        return (
            f"BROKEN at line {self.broken} of {count}: it was changed, or the line before it was "
            "changed or taken away"
        )


def append(path: Path, facts: Mapping[str, Any]) -> None:
    """Add a line and see it to the disk. Several programs may do so at once. Raises
    :class:`OSError`."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with _turn(path), open(path, "ab+", buffering=0, opener=_private) as file:
        line = _sealed(facts, _digest(_last_line(file)))
        data = line + b"\n"
        while data:
            data = data[file.write(data) :]
        os.fsync(file.fileno())


def read_log(path: Path, most: int = 5_000) -> LogReading:
    """Every line is checked; the ``most`` newest ones are kept. Raises :class:`OSError`."""
    rows: deque[Mapping[str, Any]] = deque(maxlen=most)
    entries = broken = 0
    before = _NOTHING
    if not path.exists():
        return LogReading((), 0)
    with path.open("rb") as file:
        for entries, line in enumerate(_whole_lines(file), start=1):
            facts = _unsealed(line)
            if (facts is None or facts.get("before") != before) and not broken:
                broken = entries
            rows.append({"what": "unreadable line"} if facts is None else facts)
            before = _digest(line)
    return LogReading(tuple(reversed(rows)), entries, broken)


def _whole_lines(file: BinaryIO) -> Iterator[bytes]:
    """Without their ends; an unfinished one at the end of the file is being written, or never was
    to its end."""
    while line := file.readline(_LONGEST):
        if line.endswith(b"\n"):
            yield line[:-1]
        elif len(line) == _LONGEST:
            yield line


def _sealed(facts: Mapping[str, Any], before: str) -> bytes:
    text = json.dumps({**facts, "before": before}, ensure_ascii=False, default=str)
    open_end = text.encode("utf-8", "backslashreplace")[:-1]
    if len(open_end) > _LONGEST - 256:
        raise OSError(errno.EFBIG, "A line is too long for the log")
    seal = hashlib.sha256(open_end).hexdigest()
    return open_end + f'{_SEAL}{seal}"}}'.encode()


def _unsealed(line: bytes) -> Mapping[str, Any] | None:
    """The facts of a line, None where they are not what was sealed."""
    body, _, seal = line.rpartition(_SEAL.encode())
    try:
        facts = json.loads(line)
    except (ValueError, RecursionError):
        return None
    intact = seal == f'{hashlib.sha256(body).hexdigest()}"}}'.encode()
    return facts if intact and isinstance(facts, dict) else None


def _digest(line: bytes) -> str:
    return hashlib.sha256(line).hexdigest() if line else _NOTHING


def _last_line(file: Any) -> bytes:
    """The last whole line, b"" of an empty file. What a crash cut short after it goes away: it was
    never finished. Only the end of the file is read."""
    size = file.seek(0, os.SEEK_END)
    start = max(0, size - 2 * _LONGEST)
    file.seek(start)
    tail = file.read(size - start)
    whole = tail.rfind(b"\n") + 1
    if whole < len(tail):
        file.truncate(start + whole)
    return bytes(tail[:whole][:-1].rpartition(b"\n")[2])


def _private(name: str, flags: int) -> int:
    """Only the user may read it, and no link leads elsewhere."""
    return os.open(name, flags | getattr(os, "O_NOFOLLOW", 0), 0o600)


@contextmanager
def _turn(path: Path) -> Iterator[None]:
    """One program at a time; the lock of one that died is taken over, also of one that died before
    it could write its number into it."""
    lock = QLockFile(f"{path}.lock")
    lock.setStaleLockTime(_STALE)
    late = time.monotonic() + _PATIENCE
    while not lock.tryLock(0):
        if lock.error() != QLockFile.LockError.LockFailedError:
            raise PermissionError(None, "The folder cannot be written to", str(path.parent))
        if time.monotonic() > late:
            raise TimeoutError(None, "Another program holds it", str(path))
        time.sleep(0.005)
    try:
        yield
    finally:
        lock.unlock()
