"""Files → headers → studies; nothing that a file holds makes it fail."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from pathlib import Path

from viewer.dicom.errors import DicomError
from viewer.dicom.grouping import studies_of
from viewer.dicom.study import Header, Rejected, Scan
from viewer.dicom.walk import files_under, is_container, is_folder


def gathered(
    paths: Sequence[Path], files_in: Callable[[Path], Iterable[Path | Rejected]]
) -> Iterator[Path | Rejected]:
    """The files of folders and containers, and single files as given; each once.

    ``files_in`` lists a container and may raise ``DicomError`` or ``OSError``.
    """
    seen: set[str] = set()
    for path in paths:
        alone = not is_folder(path)
        for file in files_under(path):
            if (real := _real(file)) in seen:
                continue
            seen.add(real)
            if not is_container(file, given=alone):
                yield file
                continue
            try:
                for held in files_in(file):
                    if isinstance(held, Rejected) or held == file or _real(held) not in seen:
                        yield held
                    if isinstance(held, Path):
                        seen.add(_real(held))
            except OSError as error:
                yield Rejected(
                    file, f"{file.name} cannot be read ({error.strerror}); check that it is there."
                )
            except DicomError as error:
                yield Rejected(file, str(error))


def header_of(path: Path) -> Header | Rejected:
    """The header of a file with an image, or why there is none."""
    from viewer.dicom.decode import no_pixels
    from viewer.dicom.reader import read_header

    try:
        header = read_header(path)
        if not header.has_pixels:
            told = header.attributes
            return Rejected(path, str(no_pixels(path.name, told)), told if told.sop_class else None)
        if not header.rows or not header.columns:
            raise DicomError(
                f"{path.name} does not say how many rows or columns of pixels it has; open "
                "another copy."
            )
    except DicomError as error:
        return Rejected(path, str(error))
    return header


def scan(paths: Sequence[Path]) -> Scan:
    """Read the headers of all files under ``paths``, here and now; no file makes it fail."""
    from viewer.dicom.containers import files_in

    found = [
        file if isinstance(file, Rejected) else header_of(file)
        for file in gathered(paths, files_in)
    ]
    return scan_of(found)


def scan_of(found: Iterable[Header | Rejected]) -> Scan:
    """Headers and refusals as studies."""
    rows = list(found)
    headers = [row for row in rows if isinstance(row, Header)]
    rejected = tuple(row for row in rows if isinstance(row, Rejected))
    return Scan(studies_of(headers), rejected, tuple(headers))


def _real(file: Path) -> str:
    """Where a path really leads; the folder's way there is followed once for all its files."""
    if os.path.islink(file):  # noqa: PTH114 - no path makes it fail
        return os.path.realpath(file)
    return os.path.join(_real_folder(file.parent), file.name)  # noqa: PTH118 - ten times faster


@lru_cache(maxsize=256)
def _real_folder(folder: Path) -> str:
    return os.path.realpath(folder)
