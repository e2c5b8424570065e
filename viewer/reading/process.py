"""The viewer's side of reading: ask a reader's process, and turn its death into a sentence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.process import Ended, ProcessDied, TimedOut, WorkerProcess
from viewer.dicom.errors import DecodeError, DicomError
from viewer.dicom.listing import Listing
from viewer.dicom.study import Header, Rejected
from viewer.reading.limits import (
    FRAME_SECONDS,
    HEADER_SECONDS,
    LIST_SECONDS,
    SCANNERS,
    START_SECONDS,
)
from viewer.render.pyramid import Pyramid


@dataclass(frozen=True)
class ListFiles:
    """What a ZIP archive holds, or a DICOMDIR names."""

    path: Path


@dataclass(frozen=True)
class ReadHeaders:
    """Read the headers of these files."""

    paths: tuple[Path, ...]


@dataclass(frozen=True)
class ReadFrame:
    """Decode a frame (from 0) of a file, with its copies at lower resolution."""

    path: Path
    frame: int = 0


@dataclass(frozen=True)
class DescribeFrame:
    """Decode a frame (from 0) of a file, and tell about it."""

    path: Path
    frame: int = 0


@dataclass(frozen=True)
class ReadThumbnail:
    """Decode a frame (from 0) of a file, and give a picture of at most ``side`` pixels of it."""

    path: Path
    frame: int = 0
    side: int = 192


@dataclass(frozen=True)
class ListElements:
    """List all elements of a file as text."""

    path: Path


@dataclass(frozen=True)
class FrameFacts:
    """What a decoded frame is: ``sha256`` that of its stored values, row after row, little-endian
    (colour as RGB); ``notes`` what had to be mended."""

    rows: int
    columns: int
    colour: bool
    dtype: str
    least: float
    largest: float
    sha256: str
    notes: tuple[str, ...]


_AHEAD = 5  # niceness


class ReaderProcess:
    """Starts when first asked, or before; answers one thing at a time, whichever thread asks.

    One that reads ``ahead`` of what is asked for gives way to those who work on what is looked at.
    Where it is ended on purpose while it works (``process.kill()``), ``Ended`` comes through: no
    file is to blame."""

    def __init__(self, ahead: bool = False) -> None:
        niceness = _AHEAD if ahead else 0
        self.process = WorkerProcess("viewer.reading.worker", silent=True, niceness=niceness)
        self._answered = False

    def files_in(self, path: Path) -> list[Path | Rejected]:
        """What a container holds. Raises :class:`DicomError` when it cannot be listed."""
        message = ListFiles(path.absolute())
        found: list[Path | Rejected] = self._ask(message, LIST_SECONDS, "reader")
        return found

    def headers(self, paths: Sequence[Path]) -> list[Header | Rejected]:
        """The headers of files, or why there is none, in order; no file makes it fail. Raises
        ``ProcessDied`` when the reader was closed, or never started at all."""
        try:
            return self._headers(paths, HEADER_SECONDS * (1 + len(paths) / 16))
        except Ended:
            raise
        except ProcessDied:
            if self.process.closed:
                raise
        if not self._answered:  # then it may be no file's fault
            self._headers((), START_SECONDS)
        return [self._header(path) for path in paths]

    def read(self, path: Path, frame: int = 0) -> Pyramid:
        """Raises :class:`DicomError` with a sentence when there is no image to be had."""
        pyramid: Pyramid = self._ask(ReadFrame(path.absolute(), frame), FRAME_SECONDS)
        return pyramid

    def describe(self, path: Path, frame: int = 0) -> FrameFacts:
        """Like :meth:`read`, for those who want to know and not to see."""
        facts: FrameFacts = self._ask(DescribeFrame(path.absolute(), frame), FRAME_SECONDS)
        return facts

    def thumbnail(self, path: Path, frame: int, side: int) -> NDArray[np.uint8]:
        """Like :meth:`read`, as :func:`viewer.render.thumbnail.thumbnail` gives it."""
        message = ReadThumbnail(path.absolute(), frame, side)
        pixels: NDArray[np.uint8] = self._ask(message, FRAME_SECONDS)
        return pixels

    def elements(self, path: Path) -> Listing:
        """All that a file says, but its pixels. Raises :class:`DicomError`."""
        listing: Listing = self._ask(ListElements(path.absolute()), HEADER_SECONDS, "reader")
        return listing

    def _headers(self, paths: Sequence[Path], seconds: float) -> list[Header | Rejected]:
        message = ReadHeaders(tuple(path.absolute() for path in paths))
        found: list[Header | Rejected] = self.process.ask(message, seconds)
        self._answered = True
        return found

    def _header(self, path: Path) -> Header | Rejected:
        """One of several files of which one brought the reader down, by itself."""
        try:
            return self._headers([path], HEADER_SECONDS)[0]
        except TimedOut:
            return Rejected(
                path,
                f"{path.name} takes longer than {HEADER_SECONDS:g} s to read and was given up; it "
                "is damaged, or its disk is very slow. Copy it to this computer.",
            )
        except Ended:
            raise
        except ProcessDied:
            if self.process.closed:
                raise
            return Rejected(
                path, f"{path.name} brought its reader down, so it is damaged; nothing was lost."
            )

    def _ask(
        self,
        message: ListFiles | ListElements | ReadFrame | ReadThumbnail | DescribeFrame,
        seconds: float,
        who: str = "decoder",
    ) -> Any:
        try:
            answer = self.process.ask(message, seconds)
        except TimedOut as error:
            raise DecodeError(
                f"{message.path.name} takes longer than {seconds:g} s to read and was given up; it "
                "is probably damaged. Open another copy."
            ) from error
        except Ended:
            raise
        except ProcessDied as error:
            raise DecodeError(
                f"{message.path.name} brought its {who} down, so it is probably damaged; nothing "
                "else was lost. Open another copy."
            ) from error
        if isinstance(answer, DicomError):
            raise answer
        return answer


def make_readers() -> tuple[ReaderProcess, ...]:
    """The one that decodes what is looked at, and those that read ahead; none boots yet."""
    return tuple(ReaderProcess(ahead=number > 0) for number in range(1 + SCANNERS))
