"""Many pictures are answered as one is, however they are put into batches."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from engine.checkpoint import load_model, save_model
from engine.evaluation.answers import Answering, recorded
from engine.evaluation.index import Picture
from engine.models import build
from tests.engine.gated_models import SIDE, gate_by_hand, grey_bytes, save_gated, small_facts
from tests.engine.small_networks import CLASSES, randomised


@pytest.fixture(scope="module")
def model_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("model") / "small"
    save_model(randomised(build(small_facts())).float(), small_facts(), folder)
    return folder


@pytest.mark.parametrize("gated", [False, True])
def test_the_size_of_the_batches_does_not_change_the_answers(
    model_folder: Path, tmp_path: Path, gated: bool
) -> None:
    folder = (
        save_gated(load_model(model_folder).network, gate_by_hand(0.0), tmp_path)
        if gated
        else model_folder
    )
    images = [Picture(grey_bytes(seed)) for seed in range(7)]
    images[2] = Picture(np.zeros((90, 70), np.uint8))
    images[5] = Picture(grey_bytes(5), coloured=True)
    found = []
    for batch in (1, 3, 16):
        answering = Answering(load_model(folder), torch.device("cpu"), batch)
        for image in images:
            answering.add(image)
        found.append(answering.finish())
    alone, *others = found
    assert not alone.probabilities[[2, 5]].any()
    np.testing.assert_allclose(np.delete(alone.probabilities, [2, 5], 0).sum(1), 1)
    assert (np.ptp(alone.strangeness) > 0) == gated
    assert alone.declined[[2, 5]].all()
    for other in others:
        np.testing.assert_allclose(other.probabilities, alone.probabilities, atol=1e-6)
        np.testing.assert_allclose(other.strangeness, alone.strangeness, atol=1e-6)
        assert other.declined.tolist() == alone.declined.tolist()


@pytest.mark.parametrize(("batch", "sizes"), [(1, [1] * 5), (2, [2, 2, 1]), (5, [5]), (16, [5])])
def test_each_picture_that_is_fit_is_asked_about_once(
    model_folder: Path, batch: int, sizes: list[int]
) -> None:
    model, asked = load_model(model_folder), list[int]()
    model.network.register_forward_pre_hook(lambda _, inputs: asked.append(len(inputs[0])))
    answering = Answering(model, torch.device("cpu"), batch)
    for seed in range(7):
        answering.add(Picture(grey_bytes(seed), coloured=seed in (1, 6)))
    answering.finish()
    assert asked == sizes


def test_of_no_picture_there_is_no_answer(model_folder: Path) -> None:
    answers = Answering(load_model(model_folder), torch.device("cpu")).finish()
    assert answers.probabilities.shape == (0, len(CLASSES))
    assert answers.reasons == ()
    assert answers.declined.shape == (0,)


def test_outputs_are_recorded_inside_the_context_only(model_folder: Path) -> None:
    network = load_model(model_folder).network
    picture = torch.randn(2, 1, SIDE, SIDE, generator=torch.Generator().manual_seed(0))
    with recorded(network, ("conv1", "classes")) as outputs:
        logits = network(picture)
        assert set(outputs) == {"conv1", "classes"}
        assert torch.equal(outputs["classes"].mean((2, 3)), logits)
        kept = outputs["classes"]
    network(picture * 2)
    assert outputs["classes"] is kept
