"""Files that hold or name other files: ZIP archives, and the DICOMDIR of a disc (PS3.10, 8).

Nothing that they say leads outside: members of an archive are never unpacked to disk but read from
it, and the files that a DICOMDIR names must lie below it.
"""

from __future__ import annotations

import errno
import stat
import zipfile
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import IO

from viewer.dicom.elements import items, values
from viewer.dicom.errors import DicomError
from viewer.dicom.study import Rejected
from viewer.dicom.walk import natural

MOST_MEMBERS = 200_000
"""Files in one archive beyond which it is taken for a hostile one."""

LARGEST_MEMBER = 2 * 1024**3
"""Bytes of an unpacked member beyond which it is not read."""


def files_in(path: Path) -> Iterator[Path | Rejected]:
    """What a ZIP archive holds or a DICOMDIR names, in order, and what of it is refused.

    The path of a member is that of its archive with the member's name behind it. Raises
    ``DicomError`` where the container cannot be read.
    """
    if not path.is_file():
        raise DicomError(f"{path.name} cannot be read, being no regular file.")
    return _members(path) if _is_archive(path) else _referenced(path)


def _is_archive(path: Path) -> bool:
    """By its name or its beginning: a damaged archive is one, too."""
    with path.open("rb") as file:
        return path.suffix.casefold() == ".zip" or file.read(4) == b"PK\x03\x04"


@lru_cache(maxsize=2)
def _archive(path: Path, stamp: tuple[int, int]) -> zipfile.ZipFile:
    """The open archive; kept, as its index is read anew with every opening."""
    try:
        return zipfile.ZipFile(path)
    except (zipfile.BadZipFile, NotImplementedError, ValueError, EOFError) as error:
        raise DicomError(
            f"{path.name} is a damaged ZIP archive; unpack it with other software."
        ) from error


def archive_of(path: Path) -> tuple[zipfile.ZipFile, str] | None:
    """The archive that a path leads into, and the name of the member there; None if in none."""
    for parent in path.parents:
        if parent.is_file():
            told = parent.stat()
            return _archive(parent, (told.st_mtime_ns, told.st_size)), str(
                PurePosixPath(*path.relative_to(parent).parts)
            )
        if parent.exists():
            return None
    return None


def open_member(archive: zipfile.ZipFile, name: str) -> tuple[IO[bytes], int]:
    """A member of an archive, to be read from its beginning, and its size.

    Raises ``DicomError``.
    """
    short = PurePosixPath(name).name
    try:
        info = _info(archive, name)
        if info.file_size > LARGEST_MEMBER:
            raise DicomError(
                f"{short} would unpack to {info.file_size / 1024**3:.0f} GiB; that is taken for a "
                "hostile archive and not opened."
            )
        if info.flag_bits & 1:
            raise DicomError(
                f"{short} is encrypted in its archive; unpack it with its password first."
            )
        return archive.open(info), info.file_size
    except KeyError as error:
        raise DicomError(f"{short} is no longer in its archive; open that again.") from error
    except (zipfile.BadZipFile, NotImplementedError, ValueError, EOFError) as error:
        raise DicomError(
            f"{short} cannot be unpacked from its archive, which is damaged or of an unusual "
            "kind; unpack it with other software."
        ) from error
    except OSError as error:
        if error.errno != errno.EINVAL:  # a place before the beginning
            raise
        raise DicomError(
            f"{short} cannot be unpacked from its archive, which is damaged; unpack it with other "
            "software."
        ) from error


def _info(archive: zipfile.ZipFile, name: str) -> zipfile.ZipInfo:
    """A member by the name that it has in a path, where "a//b" and "./a/b" are "a/b"."""
    try:
        return archive.getinfo(name)
    except KeyError:
        return archive.getinfo(_names_in_paths(archive)[name])


@lru_cache(maxsize=1)
def _names_in_paths(archive: zipfile.ZipFile) -> dict[str, str]:
    """The members' own names by those that they have in a path."""
    return {str(PurePosixPath(name)): name for name in archive.namelist()}


def close_archives() -> None:
    """Let go of the archives that were opened last."""
    _names_in_paths.cache_clear()
    _archive.cache_clear()


def _members(path: Path) -> Iterator[Path | Rejected]:
    told = path.stat()
    archive = _archive(path, (told.st_mtime_ns, told.st_size))
    names = archive.namelist()
    if len(names) > MOST_MEMBERS:
        raise DicomError(
            f"{path.name} holds {len(names):,} files, more than any study; it is not opened."
        )
    for info in sorted(archive.infolist(), key=lambda info: natural(info.filename)):
        parts = PurePosixPath(info.filename.replace("\\", "/")).parts
        if info.filename.endswith("/") or any(_is_hidden(part) for part in parts):
            continue
        outside = ".." in parts or any(part[1:2] == ":" for part in parts)  # a drive, on Windows
        if outside or not parts or parts[0].startswith("/"):
            yield Rejected(path, f"A file in {path.name} leads outside of it and is not opened.")
        elif stat.S_ISLNK(info.external_attr >> 16):
            yield Rejected(path, f"A file in {path.name} is a link and is not followed.")
        else:
            yield path / info.filename


def _is_hidden(part: str) -> bool:
    return (part.startswith(".") and part != "..") or part == "__MACOSX"


def _referenced(path: Path) -> Iterator[Path | Rejected]:
    """The files that the records of a DICOMDIR name, (0004,1500), each once."""
    from viewer.dicom.parse import parse, quiet

    with quiet(), path.open("rb") as file:
        dataset = parse(file, path.name).dataset
        records = items(dataset, "DirectoryRecordSequence")
        named = [tuple(map(str, values(record, "ReferencedFileID"))) for record in records]
    root, missing, outside = path.parent.resolve(), 0, 0
    _names.cache_clear()  # the folder may have been filled since
    for parts in dict.fromkeys(filter(None, named)):
        found = _below(path.parent, parts)
        if found is None:
            missing += 1
        elif not found.resolve().is_relative_to(root):
            outside += 1
        elif found != path:
            yield found
    if missing:
        yield Rejected(
            path, f"{path.name} names {missing} files that are not there; copy the whole disc."
        )
    if outside:
        yield Rejected(
            path, f"{path.name} names {outside} files outside of its folder; they are not opened."
        )


def _below(folder: Path, parts: tuple[str, ...]) -> Path | None:
    """The file of a File ID, also where the disc's file system changed its case; None if none."""
    if any(part in ("..", "") or "/" in part or "\\" in part or ":" in part for part in parts):
        return folder.parent  # outside, whatever it is
    straight = folder.joinpath(*parts)
    try:
        if straight.is_file():
            return straight
    except OSError:  # a name that no file can have
        return None
    for part in parts:
        if not folder.is_dir():
            return None
        names = _names(folder)
        real = names.get(part.casefold()) or names.get(f"{part.casefold()};1")
        if real is None:
            return None
        folder = folder / real
    return folder if folder.is_file() else None


@lru_cache(maxsize=64)
def _names(folder: Path) -> dict[str, str]:
    """The names in a folder by what they are without case."""
    return {entry.name.casefold(): entry.name for entry in folder.iterdir()}
