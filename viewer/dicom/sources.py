"""Opens what a path leads to: a file, or a member of a ZIP archive (``archive.zip/folder/IM1``)."""

from __future__ import annotations

import hashlib
import lzma
import os
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from io import BytesIO
from pathlib import Path
from typing import IO

from viewer.dicom.errors import DicomError


@dataclass(frozen=True, eq=False)
class Source:
    """An open file of ``size`` bytes. Reading on from the beginning is quick; for going to and fro
    there is :meth:`whole`."""

    file: IO[bytes]
    size: int
    path: Path
    in_archive: bool

    def whole(self) -> IO[bytes]:
        """The file, or the unpacked member in memory."""
        return BytesIO(_unpacked(self.path, stamp(self.path))) if self.in_archive else self.file


@contextmanager
def open_source(path: Path) -> Iterator[Source]:
    """Raises ``OSError`` or ``DicomError``."""
    if path.is_file():
        with path.open("rb") as file:
            yield Source(file, os.fstat(file.fileno()).st_size, path, False)
        return
    if path.exists():
        if path.is_dir():
            next(path.iterdir(), None)  # which may say that it cannot be listed
        raise DicomError(
            f"{path.name} cannot be read, being no regular file; open a DICOM file or folder."
        )
    from viewer.dicom.containers import archive_of, open_member

    found = archive_of(path)
    if found is None:
        raise FileNotFoundError(2, "No such file or directory", path.name)
    member, size = open_member(*found)
    with member:
        try:
            yield Source(member, size, path, True)
        except (zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError) as error:
            raise DicomError(_damaged(path)) from error
        except OSError as error:
            if error.errno is None:  # bzip2's word for damage
                raise DicomError(_damaged(path)) from error
            raise


def stamp(path: Path) -> tuple[int, int]:
    """Changes when the file, or the archive that it lies in, is written anew."""
    for place in (path, *path.parents):
        if place.exists():
            told = place.stat()
            return told.st_mtime_ns, told.st_size
    return 0, 0


def sha256(path: Path) -> str:
    """The hash of a file's bytes, or of those of a member of an archive, in hexadecimal."""
    with open_source(path) as source:
        digest = hashlib.sha256()
        while block := source.file.read(1 << 20):
            digest.update(block)
        return digest.hexdigest()


@lru_cache(maxsize=1)
def _unpacked(path: Path, stamped: tuple[int, int]) -> bytes:
    """A member of an archive; kept, as its frames may be asked for one after another."""
    with open_source(path) as source:
        data = source.file.read(source.size + 1)
    if len(data) != source.size:
        raise DicomError(_damaged(path))
    return data


def _damaged(path: Path) -> str:
    return f"{path.name} is damaged in its archive; unpack it with other software."
