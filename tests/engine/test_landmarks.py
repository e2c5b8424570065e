"""Landmark agreement as a whole: from annotated images to rows, on exact regions."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from engine.__main__ import main
from engine.checkpoint import LoadedModel, save_model
from engine.evaluation.index import read_picture
from engine.evidence.agreement import MEASURES, agreement
from engine.evidence.cases import read_cases
from engine.evidence.landmarks import measure, sights
from engine.explainer import Explainer
from engine.explanation import explain
from engine.models import build
from engine.phantoms import make
from engine.presets import PRESETS
from engine.smoothing import smooth, smoothing_width
from tests.engine.gated_models import small_facts
from tests.engine.small_networks import randomised
from tests.engine.test_landmark_cases import chest_folder

CLASSES = ("chest", "foot", "other")
SEEDS = (3, 4, 5)


@pytest.fixture(scope="module")
def annotated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Synthetic chest films at an eighth of their size, with their lungs' exact regions; every
    second one is turned about."""
    folder = tmp_path_factory.mktemp("annotated")
    for seed in SEEDS:
        phantom = make("chest", seed)
        grey = phantom.image[::8, ::8].astype(np.float64)
        grey = (255 * (grey - grey.min()) / np.ptp(grey)).astype(np.uint8)
        lungs = (phantom.regions["left lung"] | phantom.regions["right lung"])[::8, ::8]
        way = (-1) ** seed
        chest_folder(folder, grey[:, ::way], lungs[:, ::way], f"film{seed}")
    return folder


def _model() -> LoadedModel:
    facts = replace(small_facts(), classes=CLASSES)
    return LoadedModel(randomised(build(facts)).float().requires_grad_(False), facts)


def _prepare(model: LoadedModel) -> Explainer:
    return Explainer.prepare(model, torch.device("cpu"))


def test_what_is_measured_is_what_the_viewer_shows(annotated: Path) -> None:
    """The figures are of the very maps that an explanation of the picture holds."""
    model, preset = _model(), PRESETS["class gradient"]
    cases = read_cases(annotated)
    found = measure(_prepare(model), sights(cases, 40), [preset], 1)
    assert found.images == tuple(f"film{seed}.png" for seed in SEEDS)
    assert found.trained.shape == (1, 3, 3, len(MEASURES))
    explainer = _prepare(model)
    for place, case in enumerate(cases):
        shown = explain(explainer, read_picture(case.image).grey, preset, "chest")
        region = sights([case], 40)[0].all_landmarks
        for depth, layer in enumerate(shown.layers):
            seen = smooth(np.maximum(layer.values, 0), smoothing_width(layer, 1.0))
            wanted = agreement(shown.geometry.crop(seen), region)
            np.testing.assert_allclose(
                found.trained[0, depth, place], [getattr(wanted, name) for name in MEASURES]
            )
            assert found.lifts[0, depth, place, 0] == pytest.approx(wanted.lift)


def test_shuffled_landmarks_are_those_of_the_next_image(annotated: Path) -> None:
    seen = sights(read_cases(annotated), 40)
    for place, sight in enumerate(seen):
        other = seen[(place + 1) % len(seen)].all_landmarks
        assert sight.of_another is not None
        np.testing.assert_array_equal(sight.of_another, other)  # frames of one size
    assert not np.array_equal(seen[0].of_another, seen[0].all_landmarks)


def test_a_single_image_has_no_other_to_compare_with(annotated: Path) -> None:
    (seen,) = sights(read_cases(annotated)[:1], 40)
    assert seen.of_another is None
    found = measure(_prepare(_model()), [seen], [PRESETS["CLEAR"]], 1)
    assert np.isnan(found.shuffled).all()
    assert np.isfinite(found.trained).all()


def test_untrained_figures_are_means_over_networks(annotated: Path) -> None:
    model, seen = _model(), sights(read_cases(annotated), 40)
    method = [PRESETS["CLEAR"]]
    one, two = (measure(_prepare(model), seen, method, count) for count in (1, 2))
    np.testing.assert_array_equal(one.trained, two.trained)
    second = 2 * two.untrained - one.untrained  # what the second network must have had
    assert not np.allclose(second, one.untrained)
    assert (second[..., MEASURES.index("mass")] <= 1).all()
    assert not np.allclose(one.untrained, one.trained)


def test_the_edges_of_the_lungs_are_no_chance_and_the_centre_is_no_lung(annotated: Path) -> None:
    """The nulls know nothing of the model, and are what they are on exact regions."""
    found = measure(_prepare(_model()), sights(read_cases(annotated), 40), [PRESETS["CLEAR"]], 1)
    lift = MEASURES.index("lift")
    assert (found.centre[:, lift] > 1.1).all()  # lungs are nearer the middle than the corners
    assert np.isfinite(found.edges[:, lift]).all()
    assert found.centre.shape == found.edges.shape == (3, len(MEASURES))


@pytest.fixture(scope="module")
def printed(annotated: Path, tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Any]:
    """What the command prints for two presets of a small model, as JSON and as text."""
    folder = tmp_path_factory.mktemp("model")
    model = _model()
    save_model(model.network, model.specification, folder)
    return {"arguments": ["--data", str(annotated), "--model", str(folder), "--untrained", "1"]}


def test_the_command_prints_every_figure_by_name(
    printed: Mapping[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    presets = ["CLEAR", "class gradient"]
    assert main(["landmarks", *printed["arguments"], "--json", "--preset", *presets]) == 0
    done = json.loads(capsys.readouterr().out)
    assert [(row["preset"], row["layer"]) for row in done["rows"]] == [
        (preset, layer) for preset in presets for layer in ("conv1", "conv2", "classes")
    ]
    for row in done["rows"]:
        assert (row["class"], row["n"]) == ("chest", 3)
        for measure_ in MEASURES:
            figure = row[measure_]
            assert figure["ci"][0] <= figure["value"] <= figure["ci"][1]
            assert {"untrained", "shuffled", "centre", "edges"} <= set(figure)
        expected = row["lift"]["value"] / row["lift"]["untrained"]
        assert row["lift_over_untrained"]["value"] == pytest.approx(expected, rel=0.01)
        assert row["landmarks"]["Lungs"]["lift"]["value"] == row["lift"]["value"]
    heads = {head["preset"]: head for head in done["headline"]}
    assert set(heads) == set(presets)
    for preset, head in heads.items():
        lifts = [row["lift"]["value"] for row in done["rows"] if row["preset"] == preset]
        assert head["lift"]["value"] == pytest.approx(np.mean(lifts), abs=2e-4)


def test_the_command_prints_a_table_for_reading(
    printed: Mapping[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["landmarks", *printed["arguments"], "--preset", "gradient"]) == 0
    text = capsys.readouterr().out
    assert "1 is chance" in text
    assert "chest · gradient: 3 images" in text
    assert all(layer in text for layer in ("conv1", "conv2", "classes"))


def test_the_plot_shows_every_model_of_the_rows(
    printed: Mapping[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("matplotlib")
    path = tmp_path / "claim.png"
    asked = ["landmarks", *printed["arguments"], "--preset", "CLEAR", "--plot", str(path)]
    assert main(asked) == 0
    capsys.readouterr()
    with Image.open(path) as picture:
        assert picture.format == "PNG"
        assert np.asarray(picture.convert("L")).std() > 5


def test_what_cannot_be_drawn_is_said_before_the_work(
    printed: Mapping[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = ["landmarks", *printed["arguments"], "--accuracy", str(tmp_path)]
    assert main(asked) == 1
    assert "add --plot" in capsys.readouterr().err
    assert main([*asked, "--plot", str(tmp_path / "claim.png")]) == 1
    assert "index.csv" in capsys.readouterr().err
    twice = [*printed["arguments"][:3], *[printed["arguments"][3]] * 2]
    assert main(["landmarks", *twice]) == 1
    assert "two of the models are called" in capsys.readouterr().err


def test_a_model_without_the_classes_of_the_images_is_said(
    annotated: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    facts = small_facts()
    save_model(randomised(build(facts)).float(), facts, tmp_path)
    assert main(["landmarks", "--data", str(annotated), "--model", str(tmp_path)]) == 1
    assert "no model names a class" in capsys.readouterr().err
