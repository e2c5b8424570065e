"""Writes the bundled sample study: the synthetic radiographs of engine.phantoms as DICOM files.

``python -m viewer.dicom.sample_study [--out resources/samples] [--seed 7]`` writes one study of
four series, and regions.json with the place of every region. The same seed writes the same bytes.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.uid import (
    UID,
    DigitalXRayImageStorageForPresentation,
    ExplicitVRLittleEndian,
    JPEGLSLossless,
    generate_uid,
)

from engine.phantoms import PHANTOMS, Phantom, make, recipe

WHITE = 4095
STUDY_DATE, STUDY_TIME = "20260101", "120000"


@dataclass(frozen=True)
class Print:
    """How a phantom is filed: window (low, high) in bone-white values, orientation, codes."""

    window: tuple[int, int]
    orientation: tuple[str, str]
    view: tuple[str, str]
    region: tuple[str, str]
    title: str
    inverted: bool = False


PRINTS: dict[str, Print] = {
    "hand": Print((0, 1560), ("L", "H"), ("272479007", "postero-anterior"),
                  ("85562004", "Hand"), "left hand PA"),
    "knee": Print((850, 3450), ("L", "F"), ("399348003", "antero-posterior"),
                  ("72696002", "Knee"), "right knee AP"),
    "chest": Print((900, 2850), ("L", "F"), ("272479007", "postero-anterior"),
                   ("816094009", "Chest"), "chest PA"),
    "foot": Print((0, 2650), ("R", "P"), ("399335002", "dorsoplantar"),
                  ("56459004", "Foot"), "left foot dorsoplantar", inverted=True),
}  # fmt: skip
"""``inverted`` ones are stored as MONOCHROME1, so that readers meet both kinds."""


def stored_values(phantom: Phantom) -> NDArray[np.uint16]:
    """The pixels as they are filed (H, W): bone white, or inverted for MONOCHROME1."""
    if PRINTS[phantom.name].inverted:
        return (WHITE - phantom.image).astype(np.uint16)
    return phantom.image


def _uid(*parts: object) -> UID:
    return UID(generate_uid(entropy_srcs=["attentive-viewer sample study", *map(str, parts)]))


def _code(value: str, meaning: str) -> Dataset:
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = value, "SCT", meaning
    return item


def _file(sop_uid: UID) -> FileDataset:
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = DigitalXRayImageStorageForPresentation
    meta.MediaStorageSOPInstanceUID = sop_uid
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.ImplementationClassUID = _uid("implementation")
    meta.ImplementationVersionName = "ATTENTIVE_SAMPLE"
    return FileDataset("", {}, file_meta=meta, preamble=b"\0" * 128)


def _add_patient_and_study(ds: Dataset, seed: int) -> None:
    ds.SpecificCharacterSet = "ISO_IR 192"
    ds.PatientName, ds.PatientID = "SYNTHETIC^SAMPLE", "SYNTHETIC-0001"
    ds.PatientBirthDate, ds.PatientSex = "", "O"
    ds.PatientComments = "SYNTHETIC: computed from geometric bodies, not a patient"
    ds.PatientIdentityRemoved = "YES"
    ds.DeidentificationMethod = "SYNTHETIC: there never was a patient"
    ds.InstitutionName = "SYNTHETIC – not a patient"
    ds.Manufacturer, ds.ManufacturerModelName = "Attentive Viewer", "SYNTHETIC phantoms"
    ds.SoftwareVersions, ds.DeviceSerialNumber = "engine.phantoms", "0"
    ds.StudyInstanceUID = _uid("study", seed)
    ds.StudyID, ds.AccessionNumber, ds.ReferringPhysicianName = "1", "", ""
    ds.StudyDate = ds.SeriesDate = ds.ContentDate = ds.AcquisitionDate = STUDY_DATE
    ds.StudyTime = ds.SeriesTime = ds.ContentTime = ds.AcquisitionTime = STUDY_TIME
    ds.StudyDescription = "SYNTHETIC sample study"


def _add_series(ds: Dataset, phantom: Phantom, number: int, seed: int) -> None:
    form = PRINTS[phantom.name]
    ds.Modality, ds.PresentationIntentType = "DX", "FOR PRESENTATION"
    ds.SeriesInstanceUID, ds.SeriesNumber = _uid("series", seed, phantom.name), number
    ds.InstanceNumber, ds.AcquisitionNumber = 1, 1
    ds.SeriesDescription = f"SYNTHETIC {form.title}"
    ds.ImageComments = "SYNTHETIC radiograph, made by engine.phantoms; collimation painted black"
    ds.ImageType = ["DERIVED", "PRIMARY"]
    ds.DerivationDescription = "SYNTHETIC: Beer-Lambert projection of geometric bodies"
    ds.BodyPartExamined, ds.ImageLaterality = phantom.body_part, phantom.laterality or "U"
    ds.AnatomicRegionSequence, ds.ViewCodeSequence = [_code(*form.region)], [_code(*form.view)]
    ds.ViewCodeSequence[0].ViewModifierCodeSequence = []
    if phantom.view in ("PA", "AP"):  # the other views have no defined term in View Position
        ds.ViewPosition = phantom.view
    ds.PatientOrientation = list(form.orientation)
    ds.PatientOrientationCodeSequence = []
    ds.AcquisitionContextSequence = []


def _add_detector(ds: Dataset, phantom: Phantom) -> None:
    height, width = phantom.image.shape
    edges = recipe(phantom.name).field_edges
    left, top, right, bottom = (round(edge / phantom.pixel_spacing[0]) for edge in edges)
    ds.ImagerPixelSpacing = list(phantom.pixel_spacing)
    ds.DetectorType = "DIRECT"
    ds.BurnedInAnnotation = "YES"  # the lead letter
    ds.CollimatorShape = "RECTANGULAR"
    ds.CollimatorLeftVerticalEdge, ds.CollimatorRightVerticalEdge = left, width - right
    ds.CollimatorUpperHorizontalEdge, ds.CollimatorLowerHorizontalEdge = top, height - bottom


def _add_pixels(ds: Dataset, phantom: Phantom) -> None:
    form = PRINTS[phantom.name]
    low, high = form.window
    if form.inverted:
        low, high = WHITE - high, WHITE - low
    ds.SamplesPerPixel, ds.PixelRepresentation = 1, 0
    ds.PhotometricInterpretation = "MONOCHROME1" if form.inverted else "MONOCHROME2"
    ds.PresentationLUTShape = "INVERSE" if form.inverted else "IDENTITY"
    ds.Rows, ds.Columns = phantom.image.shape
    ds.BitsAllocated, ds.BitsStored, ds.HighBit = 16, 12, 11
    ds.PixelIntensityRelationship = "LOG"
    ds.PixelIntensityRelationshipSign = 1 if form.inverted else -1
    ds.RescaleIntercept, ds.RescaleSlope, ds.RescaleType = 0, 1, "US"
    ds.WindowCenter, ds.WindowWidth = (low + high) / 2, high - low
    ds.LossyImageCompression = "00"
    ds.PixelData = stored_values(phantom).astype("<u2").tobytes()
    ds["PixelData"].VR = "OW"


def dataset(phantom: Phantom, number: int, seed: int) -> FileDataset:
    """A phantom as a DX image (For Presentation), losslessly compressed; series ``number``."""
    sop_uid = _uid("image", seed, phantom.name)
    ds = _file(sop_uid)
    ds.SOPClassUID, ds.SOPInstanceUID = DigitalXRayImageStorageForPresentation, sop_uid
    _add_patient_and_study(ds, seed)
    _add_series(ds, phantom, number, seed)
    _add_detector(ds, phantom)
    _add_pixels(ds, phantom)
    ds.compress(JPEGLSLossless, generate_instance_uid=False)
    return ds


def region_table(phantom: Phantom, file_name: str, sop_uid: str) -> dict[str, Any]:
    """Where the regions are: boxes [x, y, width, height], from the first pixel's corner."""
    regions = {}
    for name, mask in phantom.regions.items():
        rows, cols = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
        if rows.size:
            x, y = int(cols[0]), int(rows[0])
            box = [x, y, int(cols[-1]) + 1 - x, int(rows[-1]) + 1 - y]
            regions[name] = {"pixels": int(mask.sum()), "box": box}
    height, width = phantom.image.shape
    return {
        "file": file_name,
        "sop_instance_uid": sop_uid,
        "size": [height, width],
        "pixel_spacing_mm": list(phantom.pixel_spacing),
        "regions": regions,
    }


def _json(value: dict[str, Any], indent: str = "") -> str:
    """JSON with a line for everything that holds no further object."""
    lines = []
    for key, item in value.items():
        nested = isinstance(item, dict) and any(isinstance(v, dict) for v in item.values())
        text = _json(item, indent + " ").rstrip("\n") if nested else json.dumps(item)
        lines.append(f"{indent} {json.dumps(key)}: {text}")
    return "{\n" + ",\n".join(lines) + f"\n{indent}}}\n"


def write(out: Path, seed: int = 7) -> list[Path]:
    """Write the study and regions.json into ``out``; the files written, in order."""
    out.mkdir(parents=True, exist_ok=True)
    paths, images = [], {}
    for number, item in enumerate(PHANTOMS, start=1):
        phantom = make(item.name, seed)
        path = out / f"{item.name}.dcm"
        ds = dataset(phantom, number, seed)
        ds.save_as(path, enforce_file_format=True)
        paths.append(path)
        images[item.name] = region_table(phantom, path.name, str(ds.SOPInstanceUID))
    table = {
        "about": "SYNTHETIC radiographs. Boxes are [x, y, width, height] in pixels from the "
        "top-left corner of the first pixel; size is [height, width].",
        "seed": seed,
        "images": images,
    }
    path = out / "regions.json"
    path.write_text(_json(table), encoding="utf-8", newline="\n")
    return [*paths, path]


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description="Write the synthetic sample study.")
    parser.add_argument("--out", type=Path, default=Path("resources/samples"))
    parser.add_argument("--seed", type=int, default=7)
    options = parser.parse_args()
    for path in write(options.out, options.seed):
        print(f"{path}  {path.stat().st_size} bytes")


if __name__ == "__main__":
    main()
