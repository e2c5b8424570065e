"""Files → headers → studies; nothing that a file holds makes it fail."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from viewer.dicom.decode import no_pixels
from viewer.dicom.errors import DicomError
from viewer.dicom.grouping import natural, studies_of
from viewer.dicom.reader import read_header
from viewer.dicom.study import Header, Rejected, Scan


def find_files(paths: Sequence[Path]) -> Iterator[Path]:
    """The files of folders, recursively in natural order, and single files as given; each once.

    Hidden entries, links to folders and links that leave the opened folder are passed over. What
    cannot be listed is given as it is, so that reading it tells why.
    """
    seen: set[Path] = set()
    for path in paths:
        for file in _walk(path, path.resolve()) if path.is_dir() else (path,):
            if (real := file.resolve()) not in seen:
                seen.add(real)
                yield file


def scan(
    paths: Sequence[Path],
    progress: Callable[[int], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Scan:
    """Read the headers of all files under ``paths``; no file makes it fail.

    ``progress`` is told the number of files done after each one; when ``cancelled`` says so, what
    was read so far is returned.
    """
    headers: list[Header] = []
    rejected: list[Rejected] = []
    for done, path in enumerate(find_files(paths), 1):
        if cancelled is not None and cancelled():
            break
        try:
            headers.append(_with_image(read_header(path)))
        except DicomError as error:
            rejected.append(Rejected(path, str(error)))
        if progress is not None:
            progress(done)
    return Scan(studies_of(headers), tuple(rejected), tuple(headers))


def _walk(folder: Path, root: Path) -> Iterator[Path]:
    """The files under a folder, those of each level before its subfolders."""
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: natural(entry.name))
    except OSError:
        yield folder
        return
    visible = [entry for entry in entries if not entry.name.startswith(".")]
    for entry in visible:
        inside = not entry.is_symlink() or Path(entry.path).resolve().is_relative_to(root)
        if entry.is_file() and inside:
            yield Path(entry.path)
    for entry in visible:
        if entry.is_dir(follow_symlinks=False):
            yield from _walk(Path(entry.path), root)


def _with_image(header: Header) -> Header:
    """The header, if there is something to show; raises ``DicomError`` if not."""
    name = header.path.name
    if not header.has_pixels:
        raise no_pixels(name, header.attributes.sop_class_uid)
    if not header.rows or not header.columns:
        raise DicomError(
            f"{name} does not say how many rows or columns of pixels it has; open another copy."
        )
    return header
