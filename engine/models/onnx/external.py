"""Weights that an ONNX file keeps in other files: only regular files inside its own folder.

The location is text from the file, so it is not trusted: it may neither be absolute nor climb out
of the folder, also not through a symbolic link; offset and length have to lie inside what is there
and to agree with the tensor.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from engine.errors import ModelError

MAXIMUM_BYTES = 1 << 30  # of an ONNX file, its external data and its tensors, each
_KNOWN_KEYS = {"location", "offset", "length", "checksum"}
_DECIMAL = re.compile(r"[0-9]{1,19}")


@dataclass
class ExternalData:
    """The other files of one ONNX file; each is read once, so what is hashed is what is used."""

    model: Path
    contents: dict[str, bytes] = field(default_factory=dict)

    def bytes_of(self, name: str, entries: Mapping[str, str], expected: int) -> bytes:
        """The ``expected`` bytes of tensor ``name``; raises :class:`ModelError` with the fault."""
        unknown = sorted(set(entries) - _KNOWN_KEYS)
        if unknown or not entries.get("location"):
            raise self._fault(name, f"has no location or unknown entries {unknown[:3]}")
        data = self._content(name, entries["location"])
        offset = self._number(name, "offset", entries.get("offset", "0"))
        length = self._number(name, "length", entries.get("length", str(expected)))
        if length != expected:
            raise self._fault(name, f"has {length} bytes where its shape needs {expected}")
        if offset + length > len(data):
            raise self._fault(
                name,
                f"ends at byte {offset + length} of {entries['location']!r}, which has "
                f"{len(data)}; copy that file again",
            )
        return data[offset : offset + length]

    def digest(self, model: bytes) -> str:
        """SHA-256 of the model. With external data it is that of the lines ``sha256sum`` prints
        for the ONNX file and then for the other files, sorted by location."""
        own = hashlib.sha256(model).hexdigest()
        if not self.contents:
            return own
        lines = [f"{own}  {self.model.name}\n"]
        for location, data in sorted(self.contents.items()):
            lines.append(f"{hashlib.sha256(data).hexdigest()}  {location}\n")
        return hashlib.sha256("".join(lines).encode()).hexdigest()

    def _content(self, name: str, location: str) -> bytes:
        known = PurePosixPath(location).as_posix()
        if known not in self.contents:
            path = self._contained(name, location)
            used = sum(map(len, self.contents.values()))
            try:
                if used + path.stat().st_size > MAXIMUM_BYTES:
                    raise self._fault(name, f"is in files of more than {MAXIMUM_BYTES >> 20} MiB")
                self.contents[known] = path.read_bytes()
            except OSError as error:
                raise self._fault(
                    name, f"is in {location!r}, which cannot be read ({error.strerror})"
                ) from error
        return self.contents[known]

    def _contained(self, name: str, location: str) -> Path:
        relative = PurePosixPath(location)
        foreign = "\\" in location or ":" in location or not location.isprintable()
        if relative.is_absolute() or ".." in relative.parts or foreign:
            raise self._fault(
                name, f"points out of the model's folder ({location!r}); such a file is not read"
            )
        folder = self.model.parent.resolve()
        try:
            path = (folder / relative).resolve(strict=True)
            regular = path.is_file()
        except (OSError, RuntimeError) as error:
            raise self._fault(
                name, f"is in {location!r}, which is not there; copy it beside the ONNX file"
            ) from error
        if not path.is_relative_to(folder):
            raise self._fault(
                name,
                f"is behind the link {location!r}, which leads out of the model's folder; put the "
                "file itself there",
            )
        if not regular:
            raise self._fault(name, f"is in {location!r}, which is not a regular file")
        return path

    def _number(self, name: str, key: str, text: str) -> int:
        if not _DECIMAL.fullmatch(text):
            raise self._fault(name, f"has the {key} {text[:40]!r}, which is not a number of bytes")
        return int(text)

    def _fault(self, name: str, what: str) -> ModelError:
        return ModelError(f"{self.model}: the external data of {name!r} {what}")


def entries_of(tensor: Any) -> Mapping[str, str]:
    """The key-value pairs of a TensorProto's external data."""
    return {entry.key: entry.value for entry in tensor.external_data}
