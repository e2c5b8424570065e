"""Opens one DICOM file: its header without pixels, or one frame of it.

pydicom raises many kinds of errors on damaged files; they become ``DicomError`` here.
"""

from __future__ import annotations

import logging
import struct
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from pydicom import dcmread
from pydicom.uid import UID

from viewer.dicom.attributes import KEYWORDS, read_attributes
from viewer.dicom.decode import PIXEL_KEYWORDS, decode, frame_count
from viewer.dicom.display import make_frame
from viewer.dicom.elements import integer, numbers, text
from viewer.dicom.errors import DecodeError, DicomError, NotDicomError
from viewer.dicom.frame import Frame
from viewer.dicom.study import Header

if TYPE_CHECKING:
    from pydicom.dataset import FileDataset

_HEADER = (*KEYWORDS, "NumberOfFrames", "Rows", "Columns", "ImagePositionPatient")
_SIGNS = ("SOPClassUID", "SOPInstanceUID", "StudyInstanceUID", "Modality", "Rows", "PatientName")
_PIXEL_TAGS = {(0x7FE0, element) for element in (0x0008, 0x0009, 0x0010)}
_DEFLATED = "1.2.840.10008.1.2.1.99"
_ADVICE = "open a DICOM file, or a folder that holds some"
# pydicom logs the values it warns of, names among them: they stay out of any log file.
logging.getLogger("pydicom").propagate = False
_WARNINGS = threading.RLock()  # Python's warning filters are shared by all threads


def read_header(path: Path) -> Header:
    """The header of a file, also of one without pixels. Raises ``DicomError``."""
    with _quiet(), _opened(path) as file:
        dataset, has_pixels = _parse_header(file, path)
        position = numbers(dataset, "ImagePositionPatient")
        orientation = numbers(dataset, "ImageOrientationPatient")
        placed = len(position) == 3 and len(orientation) == 6
        return Header(
            path=path,
            attributes=read_attributes(dataset),
            frames=frame_count(dataset),
            rows=max(integer(dataset, "Rows") or 0, 0),
            columns=max(integer(dataset, "Columns") or 0, 0),
            has_pixels=has_pixels,
            position=position if placed else (),
            orientation=orientation if placed else (),
        )


def number_of_frames(path: Path) -> int:
    """How many frames a file says it has, at least 1. Raises ``DicomError``."""
    return read_header(path).frames


def read_frame(path: Path, index: int = 0) -> Frame:
    """Frame ``index`` (from 0) of a file, decoded. Raises ``DicomError``."""
    with _quiet(), _opened(path) as file:
        dataset = _parse(file, path)
        if not any(k in dataset for k in PIXEL_KEYWORDS) and _parse_header(file, path)[1]:
            raise DecodeError(f"{path.name} is cut off within its pixels; open another copy of it.")
        decoded = decode(dataset, index, path.name)
        return make_frame(dataset, decoded.pixels, index, decoded.notes)


@contextmanager
def _quiet() -> Iterator[None]:
    """Without pydicom's warnings: they are about the file, may quote it, and are no bugs here."""
    with _WARNINGS, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


@contextmanager
def _opened(path: Path) -> Iterator[BinaryIO]:
    """The file, open; whatever goes wrong while it is read becomes a ``DicomError``."""
    try:
        if path.exists() and not path.is_file():
            raise DicomError(
                f"{path.name} cannot be read, being no regular file; open a DICOM file or folder."
            )
        with path.open("rb") as file:
            yield file
    except OSError as error:
        reason = error.strerror or "the operating system refuses"
        raise DicomError(
            f"{path.name} cannot be read ({reason}); check that it is there and may be opened."
        ) from error
    except DicomError:
        raise
    except Exception as error:  # the last net: one hostile file must not end a scan
        raise DicomError(
            f"{path.name} cannot be read, as it is damaged in an unforeseen way; open another "
            "copy of it."
        ) from error


def _parse(file: BinaryIO, path: Path, **options: Any) -> FileDataset:
    """The data set of an open file, with or without preamble, checked to be DICOM."""
    file.seek(0)
    head = file.read(132)
    has_preamble = head[128:] == b"DICM"
    if not has_preamble and not _starts_a_data_set(head):
        what = "it is empty" if not head else "it does not start like one"
        raise NotDicomError(f"{path.name} is not a DICOM file ({what}); {_ADVICE}.")
    file.seek(0)
    try:
        dataset = dcmread(file, force=not has_preamble, **options)
        plausible = has_preamble or any(text(dataset, keyword) for keyword in _SIGNS)
    except Exception as error:  # pydicom raises whatever the damaged file caused
        raise NotDicomError(
            f"{path.name} cannot be read as DICOM, as its structure is damaged; {_ADVICE}."
        ) from error
    if not plausible:
        raise NotDicomError(
            f"{path.name} is not a DICOM file (it says of no patient, study or image); {_ADVICE}."
        )
    if "MediaStorageSOPClassUID" in dataset.file_meta and not text(dataset, "SOPClassUID"):
        dataset.SOPClassUID = UID(text(dataset.file_meta, "MediaStorageSOPClassUID"))
    return dataset


def _parse_header(file: BinaryIO, path: Path) -> tuple[FileDataset, bool]:
    """The elements of a header, and whether pixels follow, which are not read."""
    dataset = _parse(file, path, specific_tags=list(_HEADER), stop_before_pixels=True)
    if text(dataset.file_meta, "TransferSyntaxUID") == _DEFLATED:  # read from memory, not the file
        return dataset, any(keyword in _parse(file, path) for keyword in PIXEL_KEYWORDS)
    return dataset, _pixels_follow(file, dataset)


def _starts_a_data_set(head: bytes) -> bool:
    """Whether a file without preamble begins with an element of group 2, 4 or 8."""
    little, big = head[:2], head[1::-1]
    return len(head) >= 8 and any(pair in (b"\2\0", b"\4\0", b"\x08\0") for pair in (little, big))


def _pixels_follow(file: BinaryIO, dataset: FileDataset) -> bool:
    """Whether the element that reading stopped at is one of the three kinds of pixel data."""
    little = getattr(dataset, "original_encoding", (True, True))[1] is not False
    group, element = struct.unpack("<HH" if little else ">HH", file.read(4).ljust(4, b"\0"))
    return (group, element) in _PIXEL_TAGS
