"""The sample study: bit-exact, honest about what it is, and written the same way again."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.dataset import FileDataset
from pydicom.uid import JPEGLSLossless

from engine.phantoms import PHANTOMS, Phantom, make
from viewer.dicom import sample_study

SAMPLES = Path(sample_study.__file__).parents[2] / "resources" / "samples"
NAMES = [recipe.name for recipe in PHANTOMS]


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder into which the study was just written."""
    folder = tmp_path_factory.mktemp("samples")
    sample_study.write(folder)
    return folder


@pytest.fixture(scope="module")
def phantoms() -> dict[str, Phantom]:
    """Every phantom of the bundled seed."""
    return {name: make(name, 7) for name in NAMES}


def _read(name: str, folder: Path = SAMPLES) -> FileDataset:
    return pydicom.dcmread(folder / f"{name}.dcm")


@pytest.mark.parametrize("name", [*(f"{name}.dcm" for name in NAMES), "regions.json"])
def test_writing_again_gives_the_committed_bytes(name: str, written: Path) -> None:
    assert (written / name).read_bytes() == (SAMPLES / name).read_bytes()


@pytest.mark.parametrize("name", NAMES)
def test_pixels_come_back_bit_exact(name: str, phantoms: dict[str, Phantom]) -> None:
    ds = _read(name)
    assert ds.file_meta.TransferSyntaxUID == JPEGLSLossless
    pixels, image = ds.pixel_array, phantoms[name].image
    if ds.PhotometricInterpretation == "MONOCHROME1":
        assert np.array_equal(4095 - pixels, image)
    else:
        assert np.array_equal(pixels, image)


def test_one_image_is_inverted_and_consistently_so() -> None:
    inverted = [_read(n) for n in NAMES if _read(n).PhotometricInterpretation == "MONOCHROME1"]
    assert len(inverted) == 1
    (ds,) = inverted
    assert ds.PresentationLUTShape == "INVERSE"
    assert ds.PixelIntensityRelationshipSign == 1
    assert ds.pixel_array[0, 0] == 4095  # collimated: black
    assert _read("hand").PresentationLUTShape == "IDENTITY"
    assert _read("hand").PixelIntensityRelationshipSign == -1


@pytest.mark.parametrize("name", NAMES)
def test_default_window_shows_bone_bright_and_air_dark(
    name: str, phantoms: dict[str, Phantom]
) -> None:
    ds, regions = _read(name), phantoms[name].regions
    low = float(ds.WindowCenter) - float(ds.WindowWidth) / 2
    grey = np.clip((ds.pixel_array - low) / float(ds.WindowWidth), 0, 1)
    if ds.PhotometricInterpretation == "MONOCHROME1":
        grey = 1 - grey
    outside = ~(regions["body"] | regions["marker"])
    assert grey[outside].mean() < 0.08
    assert 0.3 < grey[regions["body"]].mean() < 0.75
    assert (grey[regions["body"]] >= 1).mean() < 0.01


def test_one_study_of_four_series_with_distinct_uids() -> None:
    files = [_read(name) for name in NAMES]
    assert len({ds.StudyInstanceUID for ds in files}) == 1
    assert len({ds.SeriesInstanceUID for ds in files}) == len(files) == 4
    assert len({ds.SOPInstanceUID for ds in files}) == 4
    for ds in files:
        assert ds.file_meta.MediaStorageSOPInstanceUID == ds.SOPInstanceUID
        assert ds.SOPInstanceUID.is_valid


@pytest.mark.parametrize("name", NAMES)
def test_every_file_says_that_it_is_synthetic(name: str) -> None:
    ds = _read(name)
    texts = (ds.PatientName, ds.PatientID, ds.InstitutionName, ds.StudyDescription)
    for text in (*texts, ds.SeriesDescription, ds.ImageComments):
        assert str(text).startswith("SYNTHETIC")
    assert ds.BurnedInAnnotation == "YES"
    assert ds.ImageType == ["DERIVED", "PRIMARY"]
    assert (ds.Modality, ds.PresentationIntentType) == ("DX", "FOR PRESENTATION")


@pytest.mark.parametrize("name", NAMES)
def test_attributes_follow_the_phantom(name: str, phantoms: dict[str, Phantom]) -> None:
    ds, phantom = _read(name), phantoms[name]
    assert ds.BodyPartExamined == phantom.body_part
    assert ds.ImageLaterality == (phantom.laterality or "U")
    assert [float(v) for v in ds.ImagerPixelSpacing] == list(phantom.pixel_spacing)
    assert (ds.Rows, ds.Columns) == phantom.image.shape
    opened = ~phantom.regions["collimation"]
    rows, cols = np.flatnonzero(opened.any(1)), np.flatnonzero(opened.any(0))
    assert pytest.approx(cols[0], abs=1) == ds.CollimatorLeftVerticalEdge
    assert pytest.approx(cols[-1] + 1, abs=1) == ds.CollimatorRightVerticalEdge
    assert pytest.approx(rows[0], abs=1) == ds.CollimatorUpperHorizontalEdge
    assert pytest.approx(rows[-1] + 1, abs=1) == ds.CollimatorLowerHorizontalEdge


def test_regions_file_boxes_hold_exactly_their_masks(phantoms: dict[str, Phantom]) -> None:
    table = json.loads((SAMPLES / "regions.json").read_text(encoding="utf-8"))
    assert set(table["images"]) == set(NAMES)
    for name, entry in table["images"].items():
        assert entry["sop_instance_uid"] == _read(name).SOPInstanceUID
        assert set(entry["regions"]) == set(phantoms[name].regions)
        for region, row in entry["regions"].items():
            mask, (x, y, width, height) = phantoms[name].regions[region], row["box"]
            inside = mask[y : y + height, x : x + width]
            assert inside.sum() == mask.sum() == row["pixels"]
            assert inside[0].any()
            assert inside[-1].any()
            assert inside[:, 0].any()
            assert inside[:, -1].any()


def test_bundle_stays_small() -> None:
    assert sum(path.stat().st_size for path in SAMPLES.iterdir()) <= 2_500_000


def test_another_seed_makes_another_study(tmp_path: Path) -> None:
    sample_study.write(tmp_path, seed=8)
    ours, other = _read("foot"), _read("foot", tmp_path)
    assert ours.StudyInstanceUID != other.StudyInstanceUID
    assert ours.SOPInstanceUID != other.SOPInstanceUID
    assert not np.array_equal(ours.pixel_array, other.pixel_array)
