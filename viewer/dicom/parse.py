"""Bytes of a file → a data set without its pixels, and where these are.

pydicom raises many kinds of errors on damaged files; they become ``DicomError`` here.
"""

from __future__ import annotations

import logging
import re
import threading
import warnings
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from itertools import count
from typing import IO, Any, BinaryIO, cast

from pydicom.dataelem import DataElement, RawDataElement
from pydicom.dataset import FileDataset, FileMetaDataset
from pydicom.filereader import read_dataset, read_partial
from pydicom.hooks import hooks, raw_element_value
from pydicom.tag import BaseTag, Tag
from pydicom.uid import UID, DeflatedExplicitVRLittleEndian

from viewer.dicom.elements import text
from viewer.dicom.errors import DicomError, NotDicomError
from viewer.dicom.metered import Metered
from viewer.dicom.pixel_data import PixelData, find_pixel_data

LARGEST_FILE = 4 * 1024**3
"""Bytes beyond which nothing is inflated."""

MOST_ELEMENTS = 100_000
"""Elements of a data set, those within sequences apart, beyond which it is not read."""

_SIGNS = ("SOPClassUID", "SOPInstanceUID", "StudyInstanceUID", "Modality", "Rows", "PatientName")
_ADVICE = "open a DICOM file, or a folder that holds some"
_PROGRAMS = (b"MZ", b"\x7fELF", b"\xcf\xfa\xed\xfe", b"\xca\xfe\xba\xbe", b"#!")
_STARTS = tuple(b"\x08\x00" + element for element in (b"\x05\x00CS", b"\x08\x00CS", b"\x12\x00DA"))
_DEFLATED = DeflatedExplicitVRLittleEndian.encode()
_SOP_CLASS = 0x00080016
_STRAY = 4096  # bytes before the data set that are looked through
# pydicom logs the values it warns of, names among them: they stay out of any log file.
logging.getLogger("pydicom").propagate = False
logging.getLogger("pydicom").addHandler(logging.NullHandler())
logging.getLogger("pydicom").setLevel(logging.CRITICAL)  # for a hostile file it logs for seconds
_SHORT_VRS = ("AE", "AS", "CS", "DA", "DS", "DT", "IS", "LO", "PN", "SH", "TM", "UI")
_LONGEST_TEXT = 65535  # bytes: what explicit encoding can say of these
_WARNINGS = threading.RLock()  # Python's warning filters are shared by all threads


def _convert(raw: RawDataElement, data: dict[str, Any], **options: Any) -> None:
    """pydicom's hook: a name or number as long as a file, split where a backslash happens to be,
    is no value, and would be checked for seconds."""
    if data["VR"] in _SHORT_VRS and raw.value is not None and len(raw.value) > _LONGEST_TEXT:
        raise ValueError(f"{raw.tag} is longer than such a value can be")
    raw_element_value(raw, data, **options)


hooks.register_callback("raw_element_value", _convert)


@dataclass(frozen=True, eq=False)
class Parsed:
    """A data set without its pixels; ``pixels`` is where they are, None where there are none.
    ``notes`` are sentences about what is strange with the file."""

    dataset: FileDataset
    pixels: PixelData | None
    notes: tuple[str, ...] = ()


@contextmanager
def quiet() -> Iterator[None]:
    """Without pydicom's warnings: they are about the file, may quote it, and are no bugs here."""
    with _WARNINGS, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def parse(file: IO[bytes], name: str, tags: list[str] | None = None) -> Parsed:
    """The data set of an open file, with or without preamble, checked to be DICOM.

    With ``tags``, these keywords only. Raises ``NotDicomError``.
    """
    file, has_preamble, notes = _data_set_of(file, name)
    try:
        if meta := _meta_of_deflated(file) if has_preamble else None:
            file, dataset = _inflated(file, meta, name, tags)
        else:
            stop, numbers = _at_pixels(name), _numbers(tags)
            metered = cast("BinaryIO", Metered(file, name))
            dataset = read_partial(metered, stop, force=not has_preamble, specific_tags=numbers)
        pixels = find_pixel_data(file, dataset)
        plausible = has_preamble or any(text(dataset, keyword) for keyword in _SIGNS)
    except RecursionError as error:
        raise NotDicomError(
            f"{name} cannot be read, as its sequences lie deeper within each other than in any "
            "real file; it is damaged or hostile."
        ) from error
    except (DicomError, MemoryError):
        raise
    except Exception as error:  # pydicom raises whatever the damaged file caused
        raise NotDicomError(
            f"{name} cannot be read as DICOM, as its structure is damaged; {_ADVICE}."
        ) from error
    if not plausible:
        raise NotDicomError(
            f"{name} is not a DICOM file (it says of no patient, study or image); {_ADVICE}."
        )
    said = text(dataset.file_meta, "MediaStorageSOPClassUID")
    if re.fullmatch(r"[0-9.]{1,64}", said) and not text(dataset, "SOPClassUID"):
        dataset[_SOP_CLASS] = DataElement(_SOP_CLASS, "UI", UID(said))
    return Parsed(dataset, pixels, notes)


def check_beginning(head: bytes, name: str) -> None:
    """Raises ``NotDicomError`` where the first bytes of a file show that it is something else."""
    _data_set_of(BytesIO(head), name)


def _data_set_of(file: IO[bytes], name: str) -> tuple[IO[bytes], bool, tuple[str, ...]]:
    """The file from where its preamble or data set begins, whether it has a preamble, notes."""
    file.seek(0)
    head = file.read(_STRAY)
    file.seek(0)
    if head[128:132] == b"DICM":
        if head[132:140] == b"\0" * 8:  # which would be read as elements, to the end of the file
            raise NotDicomError(f"{name} is not a DICOM file (it holds nothing); {_ADVICE}.")
        if head.startswith(_PROGRAMS):
            return file, True, ("The file begins like a program: do not run it.",)
        return file, True, ()
    if _starts_a_data_set(head):
        return file, False, ()
    found = head.find(b"DICM\x02\0")
    starts = [at for at in (head.find(start) for start in _STARTS) if at > 0]
    what = "it is empty" if not head else what_it_is(head)
    if what is not _UNKNOWN or (found < 0 and not starts):
        raise NotDicomError(f"{name} is not a DICOM file ({what}); {_ADVICE}.")
    if found >= 0:
        file.seek(found)
        rest, stray = BytesIO(b"\0" * 128 + file.read()), found
    else:
        file.seek(min(starts))
        rest, stray = BytesIO(file.read()), min(starts)
    return rest, found >= 0, (f"{stray} stray bytes before the data were passed over.",)


def what_it_is(head: bytes) -> str:
    """A guess at a file that is not DICOM, for the sentence about it."""
    kinds = {
        b"\xff\xd8\xff": "it is a JPEG picture",
        b"\x89PNG": "it is a PNG picture",
        b"%PDF": "it is a PDF document",
        b"Rar!": "it is a RAR archive: unpack it first",
        b"7z\xbc\xaf": "it is a 7z archive: unpack it first",
        b"\x1f\x8b": "it is compressed with gzip: unpack it first",
        b"BZh": "it is compressed with bzip2: unpack it first",
        b"PK\x03\x04": "it is a ZIP archive or an office document: unpack it first",
        b"MZ": "it is a Windows program",
        b"\x7fELF": "it is a program",
    }
    return next((kind for start, kind in kinds.items() if head.startswith(start)), _UNKNOWN)


_UNKNOWN = "it does not start like one"


def _starts_a_data_set(head: bytes) -> bool:
    """Whether a file without preamble begins with an element of group 2, 4 or 8."""
    little, big = head[:2], head[1::-1]
    return len(head) >= 8 and any(pair in (b"\2\0", b"\4\0", b"\x08\0") for pair in (little, big))


def _meta_of_deflated(file: IO[bytes]) -> bytes | None:
    """The file meta information, if it says that a deflated data set follows (PS3.5 A.5)."""
    file.seek(0)
    head = file.read(_STRAY)
    file.seek(0)
    if _DEFLATED not in head:
        return None
    end = 132
    if head[132:140] == b"\x02\0\0\0UL\x04\0":
        end = 144 + int.from_bytes(head[140:144], "little")
    while end == 132 or head[132:136] != b"\x02\0\0\0":  # without a group length: one by one
        if head[end : end + 2] != b"\x02\0" or not head[end + 4 : end + 6].isalpha():
            break
        wide = head[end + 4 : end + 6] in (b"OB", b"UN", b"OW")
        at, size = (8, 4) if wide else (6, 2)
        end += at + size + int.from_bytes(head[end + at : end + at + size], "little")
    meta = head[132:end]
    return meta if re.search(rb"\x02\0\x10\0UI..%s[\0 ]*" % re.escape(_DEFLATED), meta) else None


def _inflated(
    file: IO[bytes], meta: bytes, name: str, tags: list[str] | None
) -> tuple[IO[bytes], FileDataset]:
    """A deflated data set, inflated in memory."""
    file.seek(132 + len(meta))
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    plain = BytesIO(inflater.decompress(file.read(), LARGEST_FILE))
    stop, numbers = _at_pixels(name), _numbers(tags)
    metered = cast("BinaryIO", Metered(plain, name))
    found = read_dataset(metered, False, True, stop_when=stop, specific_tags=numbers)
    header = FileMetaDataset(read_dataset(BytesIO(meta), False, True))
    dataset = FileDataset(plain, found, None, header, is_implicit_VR=False, is_little_endian=True)
    dataset.set_original_encoding(False, True)
    return plain, dataset


def _numbers(tags: list[str] | None) -> list[BaseTag | int] | None:
    return None if tags is None else [Tag(tag) for tag in tags]


def _at_pixels(name: str) -> Callable[[BaseTag, str | None, int], bool]:
    """Tells pydicom where to stop reading; refuses a file without end."""
    seen = count()

    def stop(tag: BaseTag, vr: str | None, length: int) -> bool:
        if next(seen) > MOST_ELEMENTS:
            raise NotDicomError(
                f"{name} holds more elements than any real file; it is damaged or hostile."
            )
        return int(tag) in (0x7FE00008, 0x7FE00009, 0x7FE00010)

    return stop
