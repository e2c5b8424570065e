"""Opens one DICOM file: its header without pixels, or one frame of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from viewer.dicom.attributes import KEYWORDS, read_attributes
from viewer.dicom.decode import decode
from viewer.dicom.display import make_frame
from viewer.dicom.elements import integer, numbers, text
from viewer.dicom.errors import DicomError
from viewer.dicom.frame import Frame
from viewer.dicom.image_pixel import SHAPE_KEYWORDS, frames_there
from viewer.dicom.image_plane import ImagePlane
from viewer.dicom.parse import Parsed, check_beginning, parse, quiet
from viewer.dicom.skim import Unusual, skim
from viewer.dicom.sources import Source, open_source, stamp
from viewer.dicom.study import Header

_TAGS = [*KEYWORDS, *SHAPE_KEYWORDS, "ImagePositionPatient", "FrameOfReferenceUID"]
_SKIMMED = (16 * 1024, 256 * 1024)  # bytes of a file that are looked at before it is parsed


def read_header(path: Path) -> Header:
    """The header of a file, also of one without pixels. Raises ``DicomError``.

    Most files say in their first bytes, in plain words, all that is asked here: those are skimmed.
    All others are parsed.
    """
    with opened(path) as source:
        data = b""
        for length in _SKIMMED:
            data += source.file.read(length - len(data))
            try:
                found = skim(data, source.size)
                return _header(path, found, found.pixels_length, found.has_pixels)
            except Unusual as reason:
                if not reason.more_helps or length >= source.size:
                    break
        check_beginning(data, path.name)  # before all of it is unpacked
        with quiet():
            parsed = parse(source.whole(), path.name, _TAGS)
            pixels = parsed.pixels
            length_there = None if pixels is None else pixels.length
            has_pixels = pixels is not None and pixels.said != 0
            return _header(path, parsed.dataset, length_there, has_pixels)


def _header(path: Path, dataset: Any, length: int | None, has_pixels: bool) -> Header:
    """``length`` is that of native pixels in bytes."""
    position = numbers(dataset, "ImagePositionPatient")
    orientation = numbers(dataset, "ImageOrientationPatient")
    plane = None
    if len(position) == 3 and len(orientation) == 6:
        plane = ImagePlane(position, orientation, text(dataset, "FrameOfReferenceUID"))
    rows, columns = (max(integer(dataset, k) or 0, 0) for k in ("Rows", "Columns"))
    return Header(
        path=path,
        attributes=read_attributes(dataset),
        frames=frames_there(dataset, length),
        rows=rows,
        columns=columns,
        has_pixels=has_pixels,
        plane=plane,
        stamp=stamp(path),
    )


def read_frame(path: Path, index: int = 0) -> Frame:
    """Frame ``index`` (from 0) of a file, decoded. Raises ``DicomError``."""
    return FrameReader().read(path, index)


@dataclass
class FrameReader:
    """Reads frames; of a file that is asked again, as when its frames are scrolled through, the
    header is not parsed again."""

    _key: object = None
    _parsed: Parsed | None = None

    def read(self, path: Path, index: int = 0) -> Frame:
        """Frame ``index`` (from 0) of a file, decoded. Raises ``DicomError``."""
        with opened(path) as source, quiet():
            key, file = (path, stamp(path)), source.whole()
            if self._parsed is None or self._key != key:
                self._key, self._parsed = None, None
                self._key, self._parsed = key, parse(file, path.name)
            parsed = self._parsed
            pixels = None if parsed.pixels is None else parsed.pixels.in_(file)
            decoded = decode(parsed.dataset, pixels, index, path.name)
            notes = (*parsed.notes, *decoded.notes)
            return make_frame(parsed.dataset, decoded.pixels, index, notes, pixels)


@contextmanager
def opened(path: Path) -> Iterator[Source]:
    """The file, open; whatever goes wrong while it is read becomes a ``DicomError``."""
    try:
        with open_source(path) as source:
            yield source
    except OSError as error:
        reason = error.strerror or "the operating system refuses"
        raise DicomError(
            f"{path.name} cannot be read ({reason}); check that it is there and may be opened."
        ) from error
    except DicomError:
        raise
    except MemoryError as error:
        raise DicomError(
            f"{path.name} asks for more memory than reading a file may take; it is damaged or "
            "hostile, or this computer has too little memory for it."
        ) from error
    except Exception as error:  # the last net: one hostile file must not end a scan
        raise DicomError(
            f"{path.name} cannot be read, as it is damaged in an unforeseen way; open another "
            "copy of it."
        ) from error
