"""Folders → files, without looking into any of them."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

LANDMARKS_ENDING = ".landmarks.json"
"""Of the files of landmarks that stand beside a study."""


def natural(name: str) -> tuple[tuple[int, str], ...]:
    """A key that puts "IM2" before "IM10"."""
    parts = re.findall(r"[0-9]+|[^0-9]+", name.casefold())
    return (*((int(p), "") if p[0] in "0123456789" else (10**30, p) for p in parts), (0, name))


def is_folder(path: Path) -> bool:
    """Whether it is one that may be looked into; where one may not, reading it tells why."""
    try:
        return path.is_dir()
    except OSError:
        return False


def files_under(path: Path) -> Iterator[Path]:
    """The files of a folder, recursively in natural order, or the path itself if it is no folder.

    Hidden entries, links to folders, links that leave the folder and landmarks that the program
    keeps beside a study (:data:`LANDMARKS_ENDING`) are passed over. What cannot
    be listed is given as it is, so that reading it tells why.
    """
    if is_folder(path):
        yield from _walk(path, os.path.realpath(path))
    else:
        yield path


def _walk(top: Path, root: str) -> Iterator[Path]:
    """The files under a folder, those of each level before its subfolders."""
    waiting = [top]
    while waiting:
        folder = waiting.pop()
        try:
            entries = sorted(os.scandir(folder), key=lambda entry: natural(entry.name))
        except OSError:
            yield folder
            continue
        visible = [entry for entry in entries if not _is_passed_over(entry.name)]
        yield from (Path(entry.path) for entry in visible if _is_file_inside(entry, root))
        waiting += reversed([Path(entry.path) for entry in visible if _is_folder(entry)])


def _is_passed_over(name: str) -> bool:
    return name.startswith(".") or name.endswith(LANDMARKS_ENDING)


def _is_folder(entry: os.DirEntry[str]) -> bool:
    """Whether it is one to look into, and no link."""
    try:
        return entry.is_dir(follow_symlinks=False)
    except OSError:
        return False


def _is_file_inside(entry: os.DirEntry[str], root: str) -> bool:
    """Whether it is a file, or a link to one that lies below ``root``."""
    try:
        if not entry.is_symlink():
            return entry.is_file()
    except OSError:
        return True  # reading it tells what is wrong
    real = os.path.realpath(entry.path)
    return Path(real).is_relative_to(root) and os.path.isfile(real)  # noqa: PTH113 - loops, too


def is_container(path: Path, given: bool) -> bool:
    """Whether a file holds or names other files: a ZIP archive, or a DICOMDIR that was ``given``
    by itself (in a folder the files that it names are found anyway). An archive that is called
    otherwise is known by its beginning if it was given by itself."""
    if path.suffix.casefold() == ".zip" or not given:
        return path.suffix.casefold() == ".zip"
    return path.name.casefold() == "dicomdir" or _begins_like_an_archive(path)


def _begins_like_an_archive(path: Path) -> bool:
    try:
        if not path.is_file():
            return False
        with path.open("rb") as file:
            return file.read(4) == b"PK\x03\x04"
    except OSError:
        return False
