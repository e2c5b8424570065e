"""``attentive-viewer explain``: files, JSON, sentences and exit status."""

from __future__ import annotations

import hashlib
import json
import pickle
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtGui import QImage

import resources
from engine.checkpoint import save_model
from engine.models import build
from tests.engine.small_networks import randomised, specification
from tests.factories.dicom_files import make_dataset, save
from viewer.app import main

HAND = next(path for path in resources.sample_files() if path.name == "hand.dcm")


@pytest.fixture(scope="module")
def explained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("explained")
    assert main(["explain", str(HAND), "--out", str(out), "--device", "cpu"]) == 0
    return out


def test_one_picture_a_layer_and_a_report(explained: Path) -> None:
    report = json.loads((explained / "explain.json").read_text(encoding="utf-8"))
    assert report["output"] == "ok"
    assert report["withheld_because"] is None
    assert report["model"]["name"] == "deep"
    assert len(report["model"]["weights_sha256"]) == 64
    assert report["device"] == "CPU"
    assert (report["rule"], report["seed"]) == ("gradient", "class")
    chances = [row["probability"] for row in report["predictions"]]
    assert chances == sorted(chances, reverse=True)
    assert sum(chances) == pytest.approx(1, abs=1e-5)
    assert report["predictions"][0]["class"] == "hand_wrist"
    assert [layer["depth"] for layer in report["layers"]] == list(range(1, 20))
    written = {path.name for path in explained.iterdir()}
    assert written == {layer["png"] for layer in report["layers"]} | {"explain.json"}


def test_pictures_differ_from_layer_to_layer_and_hold_the_scan(explained: Path) -> None:
    pictures = [QImage(str(path)) for path in sorted(explained.glob("*.png"))]
    assert len({(picture.width(), picture.height()) for picture in pictures}) <= 2
    first, last = pictures[0], pictures[-1]
    assert min(first.width(), first.height()) >= 700
    assert first != last
    strip = first.pixelColor(3, first.height() - 3)
    assert strip.red() > strip.blue(), "the not-for-diagnosis strip is at the bottom"


def test_nothing_written_names_the_patient(explained: Path) -> None:
    for path in explained.iterdir():
        assert b"SYNTHETIC^SAMPLE" not in path.read_bytes()
    assert "SAMPLE" not in (explained / "explain.json").read_text(encoding="utf-8")


def test_identity_is_written_only_when_asked_for(explained: Path, tmp_path: Path) -> None:
    plain = json.loads((explained / "explain.json").read_text(encoding="utf-8"))["input"]
    assert "hand.dcm" not in str(plain)
    assert plain["sha256"] == hashlib.sha256(HAND.read_bytes()).hexdigest()
    named = ["--out", str(tmp_path), "--model", "shallow", "--identity"]
    assert main(["explain", str(HAND), *named]) == 0
    shown = json.loads((tmp_path / "explain.json").read_text(encoding="utf-8"))["input"]
    assert shown["file"] == "hand.dcm"
    assert shown["patient_id"] == "SYNTHETIC-0001"


def test_a_second_run_leaves_nothing_of_the_first(tmp_path: Path) -> None:
    earlier = {"layers": [{"png": "layer-19-classes.png"}, {"png": "../outside.png"}]}
    (tmp_path / "explain.json").write_text(json.dumps(earlier), encoding="utf-8")
    for name in ("mine.png", "layer-19-classes.png", "scan.png"):
        (tmp_path / name).write_bytes(b"a picture")
    assert main(["explain", str(HAND), "--out", str(tmp_path), "--model", "shallow"]) == 0
    report = json.loads((tmp_path / "explain.json").read_text(encoding="utf-8"))
    ours = {layer["png"] for layer in report["layers"]} | {"explain.json"}
    assert {path.name for path in tmp_path.iterdir()} == ours | {"mine.png"}


def test_what_is_not_there_is_one_sentence(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert main(["explain", str(tmp_path / "nothing.dcm"), "--out", str(tmp_path / "out")]) != 0
    assert len(capfd.readouterr().err.strip().splitlines()) == 1


def test_class_rule_and_seed_are_taken(tmp_path: Path) -> None:
    arguments = ["--class", "foot", "--rule", "guided", "--seed", "full", "--model", "shallow"]
    assert main(["explain", str(HAND), "--out", str(tmp_path), *arguments]) == 0
    report = json.loads((tmp_path / "explain.json").read_text(encoding="utf-8"))
    assert (report["target"], report["rule"], report["seed"]) == ("foot", "guided", "full")
    assert report["model"]["name"] == "shallow"


def test_a_model_folder_of_ones_own_explains(tmp_path: Path) -> None:
    facts = specification("plain", {"stages": [[4, 5, 2]]}, ("conv1", "classes"), 32)
    save_model(randomised(build(facts)).float(), facts, tmp_path / "model")
    arguments = ["--model", str(tmp_path / "model"), "--rule", "frozen", "--seed", "top_k"]
    assert main(["explain", str(HAND), "--out", str(tmp_path / "out"), *arguments]) == 0
    report = json.loads((tmp_path / "out/explain.json").read_text(encoding="utf-8"))
    assert report["model"]["name"] == "small"
    assert [layer["name"] for layer in report["layers"]] == ["conv1", "classes"]
    assert (report["rule"], report["seed"]) == ("frozen", "top_k")


def test_a_pickle_is_refused_as_a_model_once_whatever_the_number_of_images(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    model, out = tmp_path / "weights.pt", tmp_path / "out"
    model.write_bytes(pickle.dumps({"weight": [1, 2, 3]}, protocol=2))
    images = [str(path) for path in resources.sample_files()]
    assert len(images) > 1
    assert main(["explain", *images, "--out", str(out), "--model", str(model)]) == 1
    said = capfd.readouterr().err.strip().splitlines()
    assert len(said) == 1
    assert "pickle" in said[0]
    assert not out.exists()


def test_a_model_that_is_not_there_is_a_sentence_that_says_what_can_be_given(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    assert main(["explain", str(HAND), "--out", str(out), "--model", "depe"]) == 1
    said = capfd.readouterr().err.strip()
    assert "no model 'depe'" in said
    assert all(word in said for word in ("shallow", "deep", "model.json", "ONNX"))
    assert not out.exists()


@pytest.mark.parametrize(
    ("content", "words"),
    [(b"no DICOM at all " * 40, "not a DICOM file"), (b"", "empty")],
)
def test_what_is_no_dicom_is_one_sentence(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], content: bytes, words: str
) -> None:
    path, out = tmp_path / "notes.txt", tmp_path / "out"
    path.write_bytes(content)
    assert main(["explain", str(path), "--out", str(out)]) != 0
    said = capfd.readouterr().err.strip().splitlines()
    assert len(said) == 1
    assert words in said[0]
    assert not out.exists()


def test_dicom_without_pixels_is_one_sentence(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    path, out = save(make_dataset(None), tmp_path / "report.dcm"), tmp_path / "out"
    assert main(["explain", str(path), "--out", str(out)]) != 0
    said = capfd.readouterr().err.strip().splitlines()
    assert len(said) == 1
    assert "without pixels" in said[0]
    assert not out.exists()


def test_unknown_class_is_a_sentence_that_lists_the_known(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    assert main(["explain", str(HAND), "--out", str(out), "--class", "wing"]) != 0
    said = capfd.readouterr().err
    assert "'wing'" in said
    assert "hand_wrist" in said
    assert not out.exists()


def test_folder_explains_what_it_can(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    folder, out = tmp_path / "in", tmp_path / "out"
    folder.mkdir()
    (folder / "notes.txt").write_text("no DICOM " * 50)
    (folder / "hand.dcm").write_bytes(HAND.read_bytes())
    ramp = np.tile(np.arange(64, dtype=np.uint16), (64, 1))
    save(make_dataset(ramp, Modality="MR"), folder / "slice.dcm")
    assert main(["explain", str(folder), "--out", str(out)]) == 0
    said = capfd.readouterr()
    assert "notes.txt" in said.err
    reports = [json.loads(p.read_text(encoding="utf-8")) for p in out.glob("*/explain.json")]
    assert sorted(report["output"] for report in reports) == ["ok", "withheld"]
    declined = next(report for report in reports if report["output"] == "withheld")
    assert "MR" in declined["withheld_because"]
    assert declined["predictions"] == declined["layers"] == []


def test_real_radiographs_are_named(data: Path, tmp_path: Path) -> None:
    expected = {
        "robyoung__J2KI_RG1_J2KI": "chest",
        "robyoung__JPLL_RG3_JPLL": "ankle_lowerleg",
        "robyoung__J2KR_RG2_J2KR": "pelvis_hip",
    }
    paths = [data / "dicom/radiographs" / name for name in expected]
    words = ["--out", str(tmp_path), "--device", "cpu", "--identity"]
    assert main(["explain", *map(str, paths), *words]) == 0
    reports = [json.loads(p.read_text(encoding="utf-8")) for p in tmp_path.glob("*/explain.json")]
    named = {report["input"]["file"]: report["predictions"][0]["class"] for report in reports}
    assert named == expected
