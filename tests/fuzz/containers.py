"""Archives and discs, made from seeds and damaged."""

from __future__ import annotations

import struct
import zipfile
from collections.abc import Sequence
from io import BytesIO
from random import Random
from typing import Any

from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.filewriter import dcmwrite
from pydicom.uid import UID, ExplicitVRLittleEndian

from tests.fuzz.interesting import LENGTHS, WHOLE
from viewer.dicom.parse import quiet

_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)
_NAMES = (
    *("../out.dcm", "/etc/out.dcm", "C:\\out.dcm", "a/../../b", "..", ".", "", " ", "a\nb.dcm"),
    *("\u202eabc.dcm", "x" * 300, "a/" * 100 + "b", "nul\0l.dcm", "IM\\1", "./x", "a//b", "é.dcm"),
    *("\x1b[31mred", ".hidden", "folder/", "DICOMDIR", "inner.zip", "IM0", "A/IM0"),
)
_FIELDS = {  # signature → (offset, bytes) of its numbers
    b"PK\1\2": ((6, 2), (8, 2), (10, 2), (16, 4), (20, 4), (24, 4), (28, 2), (30, 2), (42, 4)),
    b"PK\3\4": ((4, 2), (6, 2), (8, 2), (14, 4), (18, 4), (22, 4), (26, 2), (28, 2)),
    b"PK\5\6": ((4, 2), (8, 2), (10, 2), (12, 4), (16, 4), (20, 2)),
}


def archive(random: Random, members: Sequence[bytes]) -> bytes:
    """A ZIP archive of files, some with names or kinds that no decent one has."""
    buffer = BytesIO()
    with quiet(), zipfile.ZipFile(buffer, "w") as made:  # it warns of names that are there twice
        for count, data in enumerate(members):
            name = f"A/IM{count}" if random.random() < 0.8 else random.choice(_NAMES)
            info = zipfile.ZipInfo(name)
            info.compress_type = random.choice(_METHODS)
            if random.random() < 0.05:
                info.external_attr = 0o120777 << 16  # a link
            made.writestr(info, data, compresslevel=1)
    return buffer.getvalue()


def bomb(random: Random) -> bytes:
    """A small archive of much: zeros behind a preamble."""
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as made:
        head = b"\0" * 128 + b"DICM" + random.randbytes(random.choice((0, 4)))
        size = random.choice((1, 16, 64)) << 20
        made.writestr(zipfile.ZipInfo("A/IM0"), head + b"\0" * size, zipfile.ZIP_DEFLATED, 9)
    return buffer.getvalue()


def directory(random: Random, data: bytes) -> bytes:
    """A number in the archive's directory, or in what stands before a member."""
    signature = random.choice(tuple(_FIELDS))
    places = [i for i in range(len(data) - 4) if data[i : i + 2] == b"PK"] if data else []
    places = [i for i in places if data[i : i + 4] == signature]
    if not places:
        return data[: len(data) // 2]
    offset, size = random.choice(_FIELDS[signature])
    at = random.choice(places) + offset
    value = random.choice((*WHOLE, *LENGTHS, 2**32 - 1)) % 256**size
    return data[:at] + value.to_bytes(size, "little") + data[at + size :]


def disc(random: Random, count: int) -> bytes:
    """A DICOMDIR of ``count`` images A/IM0 …, some of them named in a hostile way."""
    with quiet():
        return _disc(random, count)


def _disc(random: Random, count: int) -> bytes:
    records = [_record("PATIENT", PatientName="Qzxv^Qzxv", PatientID="QzxvQzxv")]
    for number in range(count):
        named: Any = ["A", f"IM{number}"] if random.random() < 0.8 else _hostile(random)
        records.append(_record("IMAGE", ReferencedFileID=named))
    meta = FileMetaDataset()
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.MediaStorageSOPClassUID = UID("1.2.840.10008.1.3.10")
    meta.MediaStorageSOPInstanceUID = UID("1.2.3.9")
    made = FileDataset("", {}, file_meta=meta, preamble=b"\0" * 128)
    made.FileSetID = "DISC"
    made.DirectoryRecordSequence = records
    buffer = BytesIO()
    dcmwrite(buffer, made, enforce_file_format=True)
    return buffer.getvalue()


def _hostile(random: Random) -> list[str]:
    kinds = (["..", "X"], ["A", ""], ["", "etc", "passwd"], ["A/../B"], ["DICOMDIR"], ["A"], [])
    return random.choice((*kinds, ["C:", "X"], ["a" * 300], ["A", "im0"], ["A", "IM0\0"]))


def _record(kind: str, **elements: Any) -> Dataset:
    record = Dataset()
    record.OffsetOfTheNextDirectoryRecord = 0
    record.RecordInUseFlag = 65535
    record.OffsetOfReferencedLowerLevelDirectoryEntity = 0
    record.DirectoryRecordType = kind
    for keyword, value in elements.items():
        setattr(record, keyword, value)
    return record


def locator(random: Random, data: bytes) -> bytes:
    """A 64-bit end of the directory that points anywhere, before the old one."""
    at = data.rfind(b"PK\5\6")
    if at < 0:
        return data
    end = struct.pack("<4sQ2H2I4Q", b"PK\6\6", 44, 45, 45, 0, 0, *_four(random))
    where = struct.pack("<4sIQI", b"PK\6\7", 0, random.choice((at, 0, 2**40)), 1)
    return data[:at] + end + where + data[at:]


def _four(random: Random) -> tuple[int, ...]:
    return tuple(random.choice((0, 1, 2, 1000, 2**40, 2**63)) for _ in range(4))
