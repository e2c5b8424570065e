"""A file that may be read only so often: parsers of nested data can be led to read the same bytes
again and again, for minutes on end."""

from __future__ import annotations

from typing import IO

from viewer.dicom.errors import NotDicomError

_TIMES = 8  # as much as the file holds may be read
_SPARE = 64 * 1024**2
_COST = 16  # of every reading, in bytes


class Metered:
    """Passes on what pydicom asks of a file; raises ``NotDicomError`` when it asks too much."""

    def __init__(self, file: IO[bytes], name: str) -> None:
        at = file.tell()
        self._left = _TIMES * file.seek(0, 2) + _SPARE
        file.seek(at)
        self._read, self._name = file.read, name
        self.seek, self.tell = file.seek, file.tell

    def read(self, size: int = -1) -> bytes:
        """Up to ``size`` bytes, all that is left without one."""
        data = self._read(size)
        self._left -= len(data) + _COST
        if self._left < 0:
            raise NotDicomError(
                f"{self._name} cannot be read, as its parts lead to each other again and again; "
                "it is damaged or hostile."
            )
        return data
