"""The viewer's side of reading: ask the reader's process, and turn its death into a sentence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.process import ProcessDied, WorkerProcess
from viewer.dicom.errors import DecodeError, DicomError
from viewer.dicom.study import Scan
from viewer.render.pyramid import Pyramid


@dataclass(frozen=True)
class ScanPaths:
    """Read the headers below these files and folders."""

    paths: tuple[Path, ...]


@dataclass(frozen=True)
class ReadFrame:
    """Decode a frame (from 0) of a file, with its copies at lower resolution."""

    path: Path
    frame: int = 0


class ReaderProcess:
    """Starts when first asked, or before; use it from one thread."""

    def __init__(self) -> None:
        self.process = WorkerProcess("viewer.reading.worker")

    def scan(self, paths: Sequence[Path]) -> Scan:
        """All studies below ``paths``, and what was rejected; no file makes it fail."""
        found: Scan = self._ask(
            ScanPaths(tuple(path.absolute() for path in paths)),
            "Reading the headers there brought the reader down",
        )
        return found

    def read(self, path: Path, frame: int = 0) -> Pyramid:
        """Raises :class:`DicomError` with a sentence when there is no image to be had."""
        pyramid: Pyramid = self._ask(
            ReadFrame(path.absolute(), frame),
            f"{path.name} brought its decoder down, so it is probably damaged",
        )
        return pyramid

    def _ask(self, message: ScanPaths | ReadFrame, complaint: str) -> Any:
        try:
            answer = self.process.ask(message)
        except ProcessDied as error:
            raise DecodeError(f"{complaint}; nothing else was lost. Open another copy.") from error
        if isinstance(answer, DicomError):
            raise answer
        return answer
