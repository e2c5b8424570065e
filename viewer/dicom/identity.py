"""Which elements of a file may tell who its patient is (after PS3.15 E.1): all but those that are
known not to, because a list of the dangerous ones is never whole."""

from __future__ import annotations

import re

_HARMLESS_VRS = ("AS", "AT", "CS", "DS", "FD", "FL", "IS", "SL", "SS", "SV", "UL", "US", "UV")
"""Codes from lists and numbers."""
_PATIENT, _PLACE = 0x0010, 0x0016  # groups: the patient's, and where on earth a picture was taken
_HARMLESS = frozenset(
    (
        *("Manufacturer", "ManufacturerModelName", "SoftwareVersions", "ImplementationVersionName"),
        *("ConvolutionKernel", "DetectorMaterial", "ExposureControlModeDescription", "FilterType"),
        *("GridAbsorbingMaterial", "GridSpacingMaterial", "SequenceName"),
        *("CodeValue", "CodingSchemeDesignator", "CodingSchemeVersion", "CodeMeaning"),
        *("RescaleType", "ModalityLUTType", "VOILUTFunction", "Units", "SeriesType"),
        *("MagneticFieldStrength", "ImagedNucleus", "ReconstructionMethod", "Radiopharmaceutical"),
        *("AttenuationCorrectionMethod", "ScatterCorrectionMethod", "DecayCorrection"),
        *("FileMetaInformationVersion", "ImplementationClassUID"),
    )
)
"""Keywords of what is about machines and methods."""
_PEOPLE = re.compile(
    "Person|Physician|Operator|Institution|Staff|Patient|Observer|Custodi|Performer|Author|Creator"
    "|Asserter|Owner|Organi[sz]ation|Facility|Agency|Department|Jurisdiction|GeographicLocation"
    "|StationName|Recipient|Participant|ResponsibleGroup|UserIdentification|Admission|Issuer"
    "|PertinentDocuments|OrderPlacer|OrderFiller|VerbalSource|DocumentIdentifier"
)


def tells_who(group: int, element: int, vr: str, keyword: str, value: str) -> bool:
    """Whether an element may tell who the patient is, alone or with others; ``value`` as it is
    listed."""
    if group % 2 or group in (_PATIENT, _PLACE):
        return True
    if keyword in _HARMLESS:
        return False
    if vr == "UI":  # those of the standard, which have a name, are the same in every file
        return not all(" = " in part for part in value.split("\\"))
    return vr not in _HARMLESS_VRS


def is_about_people(group: int, keyword: str) -> bool:
    """Whether whatever is in a sequence may tell who the patient is."""
    return group % 2 == 1 or group in (_PATIENT, _PLACE) or bool(_PEOPLE.search(keyword))
