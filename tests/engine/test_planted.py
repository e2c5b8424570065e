"""The benchmark of the bias audit: what is planted is known, and so is what should be found."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from engine.__main__ import main
from engine.errors import EngineError
from engine.planted import command
from engine.planted.command import STRENGTHS, Job, area_under, audit, jobs, summary
from engine.planted.models import trained
from engine.planted.pictures import SIDE, real, synthetic, views


@pytest.mark.parametrize(
    ("positive", "negative", "wanted"),
    [
        ([3, 4], [1, 2], 1.0),
        ([1, 2], [3, 4], 0.0),
        ([1, 3], [2, 2], 0.5),
        ([2], [2, 1], 0.75),  # a tie is half
    ],
)
def test_the_area_under_the_curve_by_hand(
    positive: list[float], negative: list[float], wanted: float
) -> None:
    assert area_under(positive, negative) == wanted


@pytest.mark.parametrize(
    ("strength", "own", "others"), [(0.0, 0.5, 0.5), (0.5, 0.75, 0.25), (1.0, 1.0, 0.0)]
)
def test_the_letter_goes_with_its_class_exactly_as_strongly_as_wanted(
    strength: float, own: float, others: float
) -> None:
    seen = views(synthetic(False), 240, strength, 1, seed=3)
    marked = seen.marked
    for label in range(4):
        share = own if label == 1 else others
        assert marked[seen.labels == label].sum() == pytest.approx(60 * share, abs=1)
    changed = (seen.images != seen.bare).reshape(len(seen.labels), -1).any(1)
    np.testing.assert_array_equal(changed, marked)
    assert seen.images.shape == (240, SIDE, SIDE)
    assert 0 <= seen.images.min() <= seen.images.max() <= 1


def test_views_are_those_of_their_seed() -> None:
    one, again, other = (views(synthetic(False), 8, 0.5, 0, seed=seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one.images, again.images)
    assert not np.array_equal(one.images, other.images)


def test_images_that_are_held_back_are_others() -> None:
    one, other = synthetic(False), synthetic(True)
    assert one.classes == other.classes
    assert not any(np.array_equal(a, b) for a, b in zip(one.pictures, other.pictures, strict=True))


def _row(strength: float, score: float, uses: bool, right: bool = True) -> dict[str, Any]:
    return {
        "source": "synthetic",
        "strength": strength,
        "score": score,
        "uses": uses,
        "planted_class": "a" if strength else "",
        "blamed_class": "a" if right else "b",
        "learnt": strength / 2,
    }


def test_the_summary_counts_what_was_accused() -> None:
    rows = [_row(0.0, 0.1, False), _row(0.0, 0.2, False), _row(0.0, 0.3, True)]
    rows += [_row(0.5, 0.25, False), _row(0.5, 0.5, True, right=False)]
    rows += [_row(1.0, 2.0, True), _row(1.0, 3.0, True), _row(1.0, 0.25, False)]
    found = summary(rows)
    assert found["auc"] == pytest.approx(8 / 9, abs=1e-4)
    assert found["sensitivity"] == pytest.approx(2 / 3, abs=1e-4)
    assert found["false_alarm_rate"] == pytest.approx(1 / 3, abs=1e-4)
    assert found["clean_models"] == 3
    half = found["strengths"]["0.5"]
    assert half["auc"] == pytest.approx(5 / 6, abs=1e-4)
    assert half["right_class"] == 0.5
    assert half["learnt"] == 0.25


def test_every_strength_has_its_models_and_clean_ones_are_twice_as_many() -> None:
    found = jobs(None, 3, None)
    assert [job.strength for job in found].count(0.0) == 6
    for strength in STRENGTHS:
        assert [job.seed for job in found if job.strength == strength] == [0, 1, 2]
    others = jobs(None, 3, None, first=40)
    assert {job.seed for job in found}.isdisjoint(job.seed for job in others)


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("kept")


@pytest.fixture(scope="module")
def planted(kept: Path) -> dict[str, Any]:
    """A model with a letter at full strength, trained and audited."""
    return audit(Job(None, 1.0, 1, kept))


def test_the_audit_finds_what_was_planted(planted: dict[str, Any]) -> None:
    assert planted["learnt"] > 0.15  # the model does use it, by the exact pairs
    assert planted["planted_class"] == synthetic(False).classes[1]
    assert planted["blamed_class"] == planted["planted_class"]
    assert planted["uses"] is True
    assert 0.5 < planted["accuracy"] < 0.95  # the letter makes it wrong where it misleads
    assert planted["markers_found"] > 0.8


def test_a_model_that_is_kept_is_not_trained_again(
    planted: dict[str, Any], kept: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.planted.models._fit", lambda *_: pytest.fail("trained again"))
    model = trained(synthetic(False), 1.0, 1, 1, kept)
    assert model.specification.classes == synthetic(False).classes
    assert len(list(kept.iterdir())) == 1


def _folder_of_radiographs(folder: Path, count: int) -> Path:
    with (folder / "index.csv").open("w", newline="") as stream:
        table = csv.writer(stream)
        table.writerow(["file", "source", "class", "split"])
        for number in range(count):
            name, label = f"{number}.png", ("foot", "hand")[number % 2]
            grey = np.random.default_rng(number).integers(0, 255, (40, 30), np.uint8)
            Image.fromarray(grey).save(folder / name)
            table.writerow([name, "here", label, "val" if number % 5 == 0 else "train"])
        table.writerow(["gone.png", "here", "other", "train"])
    return folder


def test_radiographs_are_of_the_commonest_classes(tmp_path: Path) -> None:
    folder = _folder_of_radiographs(tmp_path, 60)
    taken, held_back = (real(folder, later) for later in (False, True))
    assert set(taken.classes) == {"foot", "hand"}
    assert len(taken.pictures) == 48
    assert len(held_back.pictures) == 12
    assert max(taken.pictures[0].shape) == 256


def test_too_few_radiographs_are_told(tmp_path: Path) -> None:
    with pytest.raises(EngineError, match="too few radiographs"):
        real(_folder_of_radiographs(tmp_path, 20), False)


def test_the_command_prints_its_figures(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """What is printed, of rows that are given: making them takes minutes."""
    rows = [_row(0.0, 0.1, False), _row(0.5, 0.5, True), _row(1.0, 2.0, True)]
    monkeypatch.setattr(command, "_rows", lambda todo, workers, silent: iter(rows))
    monkeypatch.delenv(command.DATA_VARIABLE, raising=False)
    assert main(["planted", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["auc"], found["sensitivity"], found["false_alarm_rate"]) == (1.0, 1.0, 0.0)
    assert found["rows"] == rows
    assert list(found["by_source"]) == ["synthetic"]
    assert main(["planted"]) == 0
    text = capsys.readouterr().out
    assert "AUC 1.000, sensitivity 1.00 at a false-alarm rate of 0.000 (1 clean models;" in text
    assert "--data" in text
    pytest.importorskip("matplotlib")
    assert main(["planted", "--plot", str(tmp_path / "plot.png")]) == 0
    with Image.open(tmp_path / "plot.png") as picture:
        assert picture.width > 400
    assert main(["planted", "--plot", str(tmp_path / "plot.png" / "plot.png")]) == 1
    assert "cannot be written" in capsys.readouterr().err


def test_folders_without_an_index_are_told_before_the_work(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["planted", "--data", str(tmp_path)]) == 1
    assert "index.csv" in capsys.readouterr().err
    assert main(["planted", "--seeds", "0"]) == 1
