"""The models that ship with the program: whole, in order, and saying what they are."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

import resources
from engine.checkpoint import load_model
from engine.evaluation.answers import recorded
from engine.explainer import Explainer
from engine.explanation import explain
from engine.preprocess import normalise
from engine.presets import DEFAULT_PRESET, PRESETS
from engine.results import Explanation, Method
from tests.engine.small_networks import assert_close
from viewer.dicom.frame import to_grey
from viewer.dicom.reader import read_frame


@pytest.fixture(scope="module", params=resources.MODEL_NAMES)
def explainer(request: pytest.FixtureRequest) -> Explainer:
    folder = resources.model_folder(request.param)
    if not folder.is_dir():
        pytest.skip(f"the model {request.param!r} is not bundled yet")
    return Explainer.prepare(load_model(folder), torch.device("cpu"))


def _hand() -> NDArray[np.uint8]:
    """The synthetic hand of the sample study: an image that no model declines."""
    return to_grey(read_frame(resources.path("samples", "hand.dcm")))


def _saturated(explainer: Explainer, result: Explanation, layer: str) -> bool:
    """Whether the strongest units of a layer lie on the flat part of ReLU6, where the published
    rule, which starts from each kernel's peak, lets nothing pass."""
    facts = explainer.model.specification
    picture = normalise(torch.from_numpy(result.input_image)[None, None], facts.mean, facts.std)
    with torch.no_grad(), recorded(explainer.model.network, [layer]) as outputs:
        explainer.model.network(picture)
    peaks = outputs[layer][0].flatten(1).amax(1)
    assert isinstance(result.method, Method)
    return bool(peaks.topk(result.method.kernels).values.min() == 6.0)


def test_the_specification_says_what_the_model_is(explainer: Explainer) -> None:
    facts = explainer.model.specification
    assert resources.model_folder(facts.name).is_dir()
    assert "non-commercial" in facts.licence
    assert "not for diagnosis" in facts.intended_use
    assert {"CR", "DX"} <= set(facts.modalities)
    assert "MR" not in facts.modalities
    card = (resources.model_folder(facts.name) / "MODEL_CARD.md").read_text(encoding="utf-8")
    assert "non-commercial" in card.lower()


def test_every_layer_is_exposed_in_order_of_depth(explainer: Explainer) -> None:
    facts = explainer.model.specification
    assert facts.exposed_layers == explainer.model.network.layer_names
    assert facts.exposed_layers[-1] == "classes"
    steps = explainer.layer_steps
    assert list(steps) == sorted(set(steps))


def test_the_graph_answers_like_the_network(explainer: Explainer) -> None:
    facts = explainer.model.specification
    result = explain(explainer, _hand(), PRESETS[DEFAULT_PRESET])
    picture = (torch.from_numpy(result.input_image)[None, None] - facts.mean) / facts.std
    with torch.no_grad():
        expected = torch.softmax(explainer.model.network(picture)[0], 0)
    found = {item.name: item.probability for item in result.predictions}
    assert_close(torch.tensor([found[name] for name in facts.classes]), expected, 1e-4)


@pytest.mark.parametrize("preset", [DEFAULT_PRESET, "published ARM", "CLEAR"])
def test_maps_are_finite_and_complete(explainer: Explainer, preset: str) -> None:
    facts = explainer.model.specification
    with_classes = preset == DEFAULT_PRESET
    result = explain(explainer, _hand(), PRESETS[preset], with_classes=with_classes, modality="DX")
    assert not result.withheld
    assert sum(item.probability for item in result.predictions) == pytest.approx(1, abs=1e-5)
    assert tuple(layer.name for layer in result.layers) == facts.exposed_layers
    assert [layer.depth for layer in result.layers] == list(range(1, len(result.layers) + 1))
    sides = [layer.native_shape[1] for layer in result.layers]
    assert sides == sorted(sides, reverse=True)
    assert result.layers[-1].native_shape[0] == len(facts.classes)
    for layer in result.layers:
        assert layer.values.shape == (facts.input_size, facts.input_size)
        assert bool(np.isfinite(layer.values).all())
    for layer in result.layers:
        if not layer.values.any():
            assert preset == "published ARM", layer.name
            assert layer.name == "classes" or _saturated(explainer, result, layer.name)
    if with_classes:
        assert result.class_responses is not None
        assert result.class_responses.classes == facts.classes
        index = result.class_responses.dominant
        assert int(index.min()) >= -1
        assert int(index.max()) < len(facts.classes)
        assert bool((index >= 0).any())


def test_a_modality_of_another_kind_is_declined(explainer: Explainer) -> None:
    result = explain(explainer, _hand(), PRESETS[DEFAULT_PRESET], modality="CT")
    assert result.withheld
