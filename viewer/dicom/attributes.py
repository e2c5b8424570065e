"""What a file says about patient, study and image, as text for the corners of the picture."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from viewer.dicom.elements import holder, items, numbers, text, values

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

_OPPOSITE = {"L": "R", "R": "L", "A": "P", "P": "A", "H": "F", "F": "H"}
_ALONG = 0.1  # share of an axis in a direction, from which its letter is named


@dataclass(frozen=True)
class Attributes:
    """Attributes as text; empty where the file has none or a broken one.

    ``patient_name`` is "Last, First"; dates are ISO where they are valid, else as written.
    ``patient_orientation`` is (direction along a row to the right, direction down a column) in
    letters A P R L H F (PS3.3 C.7.6.1.1.1), or (); frames may have others of their own.
    ``lossy_ratio`` is "" for an image that was never compressed with loss, "10:1", or "lossy" where
    the ratio is not said.
    """

    patient_name: str = ""
    patient_id: str = ""
    sex: str = ""
    birth_date: str = ""
    institution: str = ""
    study_description: str = ""
    study_date: str = ""
    series_description: str = ""
    series_number: str = ""
    instance_number: str = ""
    modality: str = ""
    body_part: str = ""
    laterality: str = ""
    view_position: str = ""
    patient_orientation: tuple[str, str] | tuple[()] = ()
    lossy_ratio: str = ""
    sop_instance_uid: str = ""
    sop_class_uid: str = ""
    sop_class: str = ""
    series_instance_uid: str = ""
    study_instance_uid: str = ""
    burned_in_annotation: str = ""
    image_comments: str = ""
    photometric: str = ""
    transfer_syntax: str = ""
    manufacturer: str = ""


_PLAIN = {
    "patient_id": "PatientID",
    "sex": "PatientSex",
    "institution": "InstitutionName",
    "study_description": "StudyDescription",
    "series_description": "SeriesDescription",
    "series_number": "SeriesNumber",
    "instance_number": "InstanceNumber",
    "modality": "Modality",
    "sop_instance_uid": "SOPInstanceUID",
    "sop_class_uid": "SOPClassUID",
    "series_instance_uid": "SeriesInstanceUID",
    "study_instance_uid": "StudyInstanceUID",
    "burned_in_annotation": "BurnedInAnnotation",
    "image_comments": "ImageComments",
    "photometric": "PhotometricInterpretation",
    "manufacturer": "Manufacturer",
}

KEYWORDS = (
    *_PLAIN.values(),
    *("PatientName", "PatientBirthDate", "StudyDate", "BodyPartExamined"),
    *("AnatomicRegionSequence", "ImageLaterality", "Laterality", "ViewPosition"),
    *("ViewCodeSequence", "PatientOrientation", "ImageOrientationPatient"),
    *("LossyImageCompression", "LossyImageCompressionRatio", "SharedFunctionalGroupsSequence"),
)
"""The elements that ``read_attributes`` looks at, for reading nothing else from a file."""


def read_attributes(dataset: Dataset) -> Attributes:
    """The attributes of a data set; never raises."""
    meta = getattr(dataset, "file_meta", None)
    syntax = text(meta, "TransferSyntaxUID") if meta is not None else ""
    plain = {name: text(dataset, keyword) for name, keyword in _PLAIN.items()}
    return Attributes(
        **plain,
        patient_name=_name(dataset),
        birth_date=_date(text(dataset, "PatientBirthDate")),
        study_date=_date(text(dataset, "StudyDate")),
        body_part=text(dataset, "BodyPartExamined") or _meaning(dataset, "AnatomicRegionSequence"),
        laterality=text(dataset, "ImageLaterality") or text(dataset, "Laterality"),
        view_position=text(dataset, "ViewPosition") or _meaning(dataset, "ViewCodeSequence"),
        patient_orientation=orientation(dataset),
        lossy_ratio=_lossy(dataset),
        sop_class=uid_name(plain["sop_class_uid"]),
        transfer_syntax=uid_name(syntax),
    )


def orientation(dataset: Dataset, index: int = 0) -> tuple[str, str] | tuple[()]:
    """Where the rows and columns of a frame point, in letters as ``patient_orientation``.

    From the frame's place in the patient, which is exact (C.7.6.16.2.4), else from the letters
    written for the frame (C.7.6.16.2.15) or the image.
    """
    place = holder(dataset, "PlaneOrientationSequence", index, "ImageOrientationPatient")
    cosines = numbers(place, "ImageOrientationPatient")
    if len(cosines) == 6 and any(cosines[:3]) and any(cosines[3:]):
        return _letters(cosines[:3]), _letters(cosines[3:])
    place = holder(dataset, "PatientOrientationInFrameSequence", index, "PatientOrientation")
    written = values(place, "PatientOrientation")
    if len(written) != 2:
        return ()
    row, column = (str(v).strip().upper() for v in written)
    known = row and column and opposite_orientation(row) and opposite_orientation(column)
    return (row, column) if known else ()


def opposite_orientation(letters: str) -> str:
    """The opposite direction, "LH" → "RF"; "" if a letter is none of L R A P H F."""
    if not all(letter in _OPPOSITE for letter in letters):
        return ""
    return "".join(_OPPOSITE[letter] for letter in letters)


def kind_name(attributes: Attributes) -> str:
    """What the standard calls such an object; "" where it is not known."""
    uid, name = attributes.sop_class_uid, attributes.sop_class
    known = name != uid and re.fullmatch(r"[0-9.]+", uid)
    return name.removesuffix(" Storage") if known else ""


@cache
def uid_name(uid: str) -> str:
    """The standard's name of a UID, or the UID itself."""
    from pydicom.uid import UID

    return str(UID(uid).name) if uid else ""


def _name(dataset: Dataset) -> str:
    """ "Last, First" of the first of the patient's names, whatever script it is in."""
    found = next(iter(values(dataset, "PatientName")), "")
    alphabetic, *others = (group.split("^") for group in str(found).split("="))
    parts = next((p for p in (alphabetic, *others) if any(map(str.strip, p))), [""])
    return ", ".join(part.strip() for part in parts[:2] if part.strip())


def _date(written: str) -> str:
    """DICOM's YYYYMMDD (or ACR-NEMA's YYYY.MM.DD) as ISO."""
    digits = written.replace(".", "")
    if len(digits) != 8 or not digits.isdecimal():
        return written
    return f"{digits[:4]}-{digits[4:6]}-{digits[6:]}"


def _meaning(dataset: Dataset, keyword: str) -> str:
    """The meaning of the first code of a code sequence."""
    return next((text(code, "CodeMeaning") for code in items(dataset, keyword)), "")


def _lossy(dataset: Dataset) -> str:
    """The ratios of all lossy steps (PS3.3 C.7.6.1.1.5)."""
    if text(dataset, "LossyImageCompression") not in ("01", "1"):
        return ""
    ratios = numbers(dataset, "LossyImageCompressionRatio")
    return ", ".join(f"{ratio:g}:1" for ratio in ratios) or "lossy"


def _letters(direction: tuple[float, ...]) -> str:
    """Letters of a direction in patient coordinates, which grow to L, P, H; largest part first."""
    axes = [(abs(part), "LPH"[i] if part > 0 else "RAF"[i]) for i, part in enumerate(direction)]
    longest = sum(part * part for part in direction) ** 0.5
    return "".join(letter for size, letter in sorted(axes, reverse=True) if size > _ALONG * longest)
