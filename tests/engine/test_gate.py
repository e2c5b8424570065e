"""What a model declines: images unfit to be looked at, and images unlike what it learnt from."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from safetensors.numpy import save

from engine.checkpoint import LoadedModel, load_model
from engine.errors import ModelError
from engine.evaluation.answers import Answering
from engine.evaluation.index import Picture
from engine.explainer import Explainer
from engine.explanation import explain
from engine.gate import GATE_FILE, Gate, doubts, load_gate, measured, save_gate, unfit
from engine.models import build
from engine.opinions import second_opinion
from engine.preprocess import fit_to_square
from tests.engine.gated_models import SIDE, gate_by_hand, save_gated, small_facts
from tests.engine.small_networks import CLASSES, grey_image, randomised


def _gate(limit: float) -> Gate:
    return gate_by_hand(limit, CLASSES[:1])


def _bundle(folder: Path, gate: Gate) -> LoadedModel:
    """A small model in ``folder`` that may decline."""
    return load_model(save_gated(randomised(build(small_facts())).float(), gate, folder))


def _unfit(image: NDArray[np.generic], modality: str = "", coloured: bool = False) -> str:
    square, geometry = fit_to_square(image, SIDE)
    return unfit(replace(small_facts(), gate_sha256="0" * 64), square, geometry, modality, coloured)


@pytest.mark.parametrize(
    ("image", "modality", "coloured", "words"),
    [
        (grey_image(80, 64), "CT", False, "modality CT; the model was made for DX, CR only"),
        (grey_image(80, 64), "", True, "colours"),
        (np.full((80, 90), 7), "DX", False, "blank"),
        (grey_image(63, 200), "DX", False, "only 200 × 63 pixels"),
    ],
)
def test_an_image_that_is_unfit_is_declined_with_the_reason(
    image: NDArray[np.generic], modality: str, coloured: bool, words: str
) -> None:
    assert words in _unfit(image, modality, coloured)


@pytest.mark.parametrize("modality", ["DX", "CR", ""])
def test_an_image_that_is_fit_is_not(modality: str) -> None:
    assert _unfit(grey_image(64, 64), modality) == ""


def test_a_model_without_a_gate_takes_small_images() -> None:
    square, geometry = fit_to_square(grey_image(20, 20), SIDE)
    assert unfit(small_facts(), square, geometry) == ""


def test_mean_and_spread_are_measured_per_kernel() -> None:
    maps = torch.tensor([[[[0.0, 2.0], [4.0, 6.0]], [[-1.0, -1.0], [-1.0, -1.0]]]])
    wanted = [np.log(4), -np.log(2), np.log(1 + np.sqrt(5)), 0]
    np.testing.assert_allclose(measured([maps])[0], wanted, atol=1e-12)
    assert measured([maps, maps]).shape == (1, 8)


def test_doubts_are_of_anatomy_and_of_all_classes() -> None:
    chances = np.array([[0.98, 0.01, 0.01], [0.1, 0.8, 0.1], [0.1, 0.1, 0.8]])
    found = doubts(chances, ("other", "chest", "hand"), ("other",))
    np.testing.assert_allclose(found[:, 0], np.log([1.0 / 0.02, 0.21 / 0.81, 0.21 / 0.81]))
    np.testing.assert_allclose(found[:, 1], [0.111902, 0.639032, 0.639032], atol=1e-6)
    certain = doubts(np.array([[0.0, 1.0, 0.0]]), ("other", "chest", "hand"), ("other",))
    assert abs(certain[0, 1]) < 1e-9


def test_strangeness_is_the_weighted_sum_of_what_was_seen() -> None:
    gate = Gate(
        layers=("a",),
        catch_all=(),
        mean=np.array([np.log(2), 0], np.float32),
        scale=np.array([0.5, 1], np.float32),
        axes=np.array([[1, 0], [0, 100]], np.float32),
        weights=np.array([3, 1, 2, 5, -4], np.float32),
        limit=0.0,
    )
    maps = torch.tensor([[[[0.0, 2.0]]]])  # mean 1, spread 1: both log 2
    chances = np.array([[0.5, 0.5]])  # no doubt for or against; entropy log 2
    expected = 3 * 0 + 1 * 8 + 2 * 0 + 5 * np.log(2) - 4  # the second axis is clipped at 8
    assert gate.strangeness([maps], chances, ("x", "y"))[0] == pytest.approx(expected, abs=1e-5)


def test_only_above_the_limit_there_is_a_reason() -> None:
    gate = _gate(limit=1.5)
    assert gate.reason(1.5) == ""
    assert "strangeness 1.6, limit 1.5" in gate.reason(1.6)


@pytest.mark.parametrize("declines", [False, True])
def test_an_explanation_is_withheld_by_the_gate(tmp_path: Path, declines: bool) -> None:
    model = _bundle(tmp_path, _gate(limit=-1e6 if declines else 1e6))
    explainer = Explainer.prepare(model, torch.device("cpu"))
    result = explain(explainer, grey_image(90, 70), modality="DX")
    assert result.withheld == declines
    assert ("does not look like the radiographs" in result.withheld_because) == declines
    assert bool(result.predictions) == bool(result.layers) == (not declines)
    opinion = second_opinion(explainer, grey_image(90, 70), "Grad-CAM")
    assert opinion.withheld == declines


def test_use_and_evaluation_find_the_same_strangeness(tmp_path: Path) -> None:
    """The one asks the graph that explains, the other the network itself, in batches."""
    model = _bundle(tmp_path, _gate(limit=-1e6))
    explainer = Explainer.prepare(model, torch.device("cpu"))
    answering = Answering(model, torch.device("cpu"), batch=2)
    images = [grey_image(90, 70, seed) for seed in range(3)]
    for image in images:
        answering.add(Picture(image))
    answers = answering.finish()
    assert np.ptp(answers.strangeness) > 0.01
    for image, said in zip(images, answers.reasons, strict=True):
        assert explain(explainer, image).withheld_because == said


def test_what_is_saved_is_loaded(tmp_path: Path) -> None:
    gate = _gate(limit=0.25)
    digest = save_gate(gate, tmp_path)
    assert digest == hashlib.sha256((tmp_path / GATE_FILE).read_bytes()).hexdigest()
    read = load_gate(tmp_path, replace(small_facts(), gate_sha256=digest))
    assert (read.layers, read.catch_all, read.limit) == (gate.layers, gate.catch_all, gate.limit)
    for name in ("mean", "scale", "axes", "weights"):
        np.testing.assert_array_equal(getattr(read, name), getattr(gate, name))


def test_a_gate_that_is_missing_is_said(tmp_path: Path) -> None:
    _bundle(tmp_path, _gate(0.0))
    (tmp_path / GATE_FILE).unlink()
    with pytest.raises(ModelError, match="may decline, but the file that says when"):
        load_model(tmp_path)


def test_a_gate_that_was_changed_is_refused(tmp_path: Path) -> None:
    _bundle(tmp_path, _gate(0.0))
    save_gate(_gate(1.0), tmp_path)
    with pytest.raises(ModelError, match="not the file that"):
        load_model(tmp_path)


@pytest.mark.parametrize(
    ("change", "words"),
    [({"layers": ("elsewhere",)}, "elsewhere"), ({"catch_all": ("thumb",)}, "thumb")],
)
def test_a_gate_of_another_model_is_refused(
    tmp_path: Path, change: dict[str, tuple[str, ...]], words: str
) -> None:
    with pytest.raises(ModelError, match=words):
        _bundle(tmp_path, replace(_gate(0.0), **change))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xff" * 64,
        save({"mean": np.zeros(3, np.float32)}),
        save({"mean": np.zeros(3, np.float32)}, {"gate": json.dumps({"layers": []})}),
    ],
)
def test_a_damaged_gate_is_refused(tmp_path: Path, data: bytes) -> None:
    (tmp_path / GATE_FILE).write_bytes(data)
    facts = replace(small_facts(), gate_sha256=hashlib.sha256(data).hexdigest())
    with pytest.raises(ModelError, match="damaged"):
        load_gate(tmp_path, facts)


def test_a_gate_whose_tables_do_not_fit_is_refused(tmp_path: Path) -> None:
    """As one of an older form, with another number of weights."""
    gate = _gate(0.0)
    with pytest.raises(ModelError, match=r"damaged.*do not fit one another"):
        _bundle(tmp_path, replace(gate, weights=gate.weights[:-1]))
