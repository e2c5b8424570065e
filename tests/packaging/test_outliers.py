"""The folder of outliers that gates are fitted on: kinds, groups, and what is left out."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from numpy.typing import NDArray
from pydicom.uid import CTImageStorage, SecondaryCaptureImageStorage, generate_uid

from engine.evaluation.index import read_index, read_picture
from tests.factories.dicom_files import make_dataset, save

SCRIPT = Path(__file__).parents[2] / "packaging" / "outliers.py"
SERIES = generate_uid()


@pytest.fixture(scope="module")
def outliers() -> ModuleType:
    found = importlib.util.spec_from_file_location("outliers", SCRIPT)
    assert found is not None
    assert found.loader is not None
    module = importlib.util.module_from_spec(found)
    sys.modules["outliers"] = module
    found.loader.exec_module(module)
    return module


def _slice(seed: int) -> NDArray[np.uint16]:
    coarse = np.random.default_rng(seed).integers(0, 2000, (8, 8))
    return np.kron(coarse, np.ones((10, 10))).astype(np.uint16)


def _ct(pixels: NDArray[np.uint16], folder: Path, name: str, **elements: object) -> None:
    facts = {"Modality": "CT", "SOPClassUID": CTImageStorage, "SeriesInstanceUID": generate_uid()}
    save(make_dataset(pixels, **{**facts, **elements}), folder / f"{name}.dcm")


def test_what_looks_alike_or_is_of_one_series_is_of_one_group(
    outliers: ModuleType, tmp_path: Path
) -> None:
    dicom, out = tmp_path / "dicom", tmp_path / "out"
    _ct(_slice(0), dicom, "a")
    _ct(_slice(0) // 2 + 7, dicom, "again")  # the same slice in other units: written once
    _ct((_slice(0) // 90) ** 2, dicom, "b")  # the same slice in other grey values
    _ct(_slice(1), dicom, "c", SeriesInstanceUID=SERIES)
    _ct(_slice(2), dicom, "d", SeriesInstanceUID=SERIES)
    _ct(_slice(3), dicom, "e")
    _ct(np.full((80, 80), 9, np.uint16), dicom, "blank")
    rows = outliers.write(out, outliers.slices(dicom))
    groups = {Path(str(row["file"])).stem[5:]: row["group"] for row in rows}
    assert set(groups) == {"a_0", "b_0", "c_0", "d_0", "e_0"}
    assert groups["a_0"] == groups["b_0"]
    assert groups["c_0"] == groups["d_0"]
    assert len(set(groups.values())) == 3


def test_radiographs_are_left_out_whatever_someone_typed(
    outliers: ModuleType, tmp_path: Path
) -> None:
    """A secondary capture of modality CT has been seen to be a chest film."""
    save(make_dataset(_slice(0)), tmp_path / "cr.dcm")
    _ct(_slice(1), tmp_path, "captured", SOPClassUID=SecondaryCaptureImageStorage)
    (tmp_path / "broken.dcm").write_bytes(b"DICM" * 50)
    assert list(outliers.slices(tmp_path)) == []


def test_the_command_writes_what_evaluate_reads(
    outliers: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dicom, out = tmp_path / "dicom", tmp_path / "out"
    frames = np.stack([_slice(seed) for seed in range(9)])
    _ct(frames, dicom, "many", NumberOfFrames=9)
    monkeypatch.setattr(outliers, "photographs", lambda: iter(()))
    monkeypatch.setattr(sys, "argv", ["outliers", "--dicom", str(dicom), "--out", str(out)])
    assert outliers.main() == 0
    rows = read_index(out)
    assert [row.source for row in rows] == ["ct"] * 4  # four frames of a file at most
    assert {row.label for row in rows} == {"other"}
    for row, number in zip(rows, (0, 3, 5, 8), strict=True):
        written = np.asarray(read_picture(out / row.file).grey, float)
        assert written.shape == (80, 80)
        assert np.corrcoef(written.ravel(), frames[number].ravel())[0, 1] > 0.999
