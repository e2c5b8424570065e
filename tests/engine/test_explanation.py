"""The front door: what an explanation says, what is refused and what is declined."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from engine.checkpoint import LoadedModel
from engine.errors import EngineError, ModelError, RequestError
from engine.explainer import Explainer
from engine.explanation import explain
from engine.presets import DEFAULT_PRESET, PRESETS, preset_name
from engine.results import Method
from tests.engine.seen import near, network_input
from tests.engine.small_networks import (
    CLASSES,
    NETWORKS,
    built,
    grey_image,
    small_explainer,
    specification,
)

Maps = NDArray[np.float32]


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("preset", PRESETS)
def test_what_an_explanation_says(name: str, preset: str) -> None:
    explainer = small_explainer(name)
    result = explain(explainer, grey_image(), PRESETS[preset], modality="DX")
    with torch.no_grad():
        logits = explainer.model.network(network_input(explainer, result))[0]
    expected = dict(zip(CLASSES, torch.softmax(logits, 0).tolist(), strict=True))
    values = [item.probability for item in result.predictions]
    assert {item.name: item.probability for item in result.predictions} == pytest.approx(
        expected, rel=1e-4
    )
    assert sum(values) == pytest.approx(1, abs=1e-6)
    assert values == sorted(values, reverse=True)
    assert result.target == result.predictions[0].name
    assert not result.withheld
    assert result.class_responses is None
    assert result.method == PRESETS[preset]
    assert result.device == "CPU"
    assert result.geometry.frame_size == (50, 37)
    assert result.seconds > 0
    facts = explainer.model.specification
    assert tuple(layer.name for layer in result.layers) == facts.exposed_layers
    assert [layer.depth for layer in result.layers] == list(range(1, len(result.layers) + 1))
    for layer in result.layers:
        assert layer.values.shape == result.input_image.shape == (40, 40)
        assert layer.values.dtype == np.float32
        assert bool(np.isfinite(layer.values).all())
        if preset != "published ARM" or layer.name != "classes":  # no class may have a peak
            assert bool(layer.values.any())
    assert result.layers[-1].native_shape[0] == len(CLASSES)
    assert result.layers[0].native_shape[1] >= result.layers[-1].native_shape[1]


def test_explaining_twice_gives_the_same_bits() -> None:
    for name in NETWORKS:
        first, second = (
            explain(small_explainer(name), grey_image(), PRESETS["gradient"], with_classes=True)
            for _ in range(2)
        )
        assert first.predictions == second.predictions
        for one, two in zip(first.layers, second.layers, strict=True):
            assert one.values.tobytes() == two.values.tobytes()
        assert first.class_responses is not None
        assert second.class_responses is not None
        for part in ("dominant", "response", "margin"):
            one_part = getattr(first.class_responses, part)
            assert one_part.tobytes() == getattr(second.class_responses, part).tobytes()


def test_explaining_one_image_does_not_change_the_next() -> None:
    explainer = small_explainer("pooled")
    first = explain(explainer, grey_image(), PRESETS["deconvnet"])
    explain(explainer, grey_image(61, 22, seed=3), PRESETS["CLEAR"], "knee", with_classes=True)
    again = explain(explainer, grey_image(), PRESETS["deconvnet"])
    for one, two in zip(first.layers, again.layers, strict=True):
        assert one.values.tobytes() == two.values.tobytes()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"rule": "integrated"}, "rule 'integrated' is not known.*guided"),
        ({"seed": "everything"}, "seed 'everything' is not known.*peak"),
        ({"unpooling": "bilinear"}, "un-pooling 'bilinear' is not known.*nearest"),
        ({"kernels": 0}, "0 kernels"),
    ],
)
def test_an_unknown_method_is_refused(change: dict[str, object], said: str) -> None:
    method = replace(PRESETS["published ARM"], **change)  # type: ignore[arg-type]
    with pytest.raises(RequestError, match=said):
        explain(small_explainer("strided"), grey_image(), method)


@pytest.mark.parametrize("target", ["elbow", "", "Hand"])
def test_an_unknown_class_is_refused(target: str) -> None:
    with pytest.raises(RequestError, match=r"no class.*hand, foot, knee"):
        explain(small_explainer("strided"), grey_image(), PRESETS["gradient"], target)


def _with(value: float) -> Maps:
    picture = grey_image()
    picture[3, 4] = value
    return picture


@pytest.mark.parametrize(
    ("picture", "said"),
    [
        (np.ones(9, np.float32), r"shape \(9,\)"),
        (np.ones((9, 9, 3), np.float32), r"shape \(9, 9, 3\)"),
        (np.ones((0, 9), np.float32), r"shape \(0, 9\)"),
        (_with(np.nan), "not finite"),
        (_with(-np.inf), "not finite"),
    ],
)
def test_an_image_that_cannot_be_read_is_refused(picture: Maps, said: str) -> None:
    explainer = small_explainer("strided")
    before = {name: value.clone() for name, value in explainer.model.network.state_dict().items()}
    with pytest.raises(RequestError, match=said):
        explain(explainer, picture, PRESETS["gradient"])
    after = explainer.model.network.state_dict()
    assert all(torch.equal(value, after[name]) for name, value in before.items())


def test_a_network_that_answers_nan_is_an_error() -> None:
    network, layers = built("strided")
    network.classes.bias.data.fill_(float("nan"))  # type: ignore[operator, union-attr]
    facts = specification("by hand", {}, layers)
    explainer = Explainer.prepare(LoadedModel(network.float(), facts), torch.device("cpu"))
    with pytest.raises(EngineError, match="not finite"):
        explain(explainer, grey_image(), PRESETS["gradient"])


def test_a_layer_that_is_not_there_is_refused_on_loading() -> None:
    network, layers = built("strided")
    facts = specification("by hand", {}, (*layers, "conv9"))
    with pytest.raises(ModelError, match="no layer 'conv9'"):
        Explainer.prepare(LoadedModel(network, facts), torch.device("cpu"))


def test_a_modality_that_the_model_was_not_made_for_is_declined() -> None:
    result = explain(
        small_explainer("strided"), grey_image(), PRESETS["gradient"], with_classes=True,
        modality="MR",
    )  # fmt: skip
    assert result.withheld
    assert "modality MR" in result.withheld_because
    assert "DX, CR only" in result.withheld_because
    assert result.predictions == ()
    assert result.layers == ()
    assert result.target == ""
    assert result.class_responses is None
    assert result.input_image.any()
    assert result.geometry.frame_size == (50, 37)


@pytest.mark.parametrize("modality", ["", "DX", "CR"])
def test_a_modality_that_fits_or_is_unknown_is_explained(modality: str) -> None:
    result = explain(
        small_explainer("strided"), grey_image(), PRESETS["gradient"], modality=modality
    )
    assert not result.withheld
    assert len(result.layers) == 4


def test_the_window_of_the_file_does_not_change_the_answer() -> None:
    explainer = small_explainer("residual")
    one = explain(explainer, grey_image(), PRESETS["gradient"])
    two = explain(explainer, grey_image() * 3 + 200, PRESETS["gradient"])
    for first, second in zip(one.layers, two.layers, strict=True):
        near(first.values, second.values, 1e-3)


def test_presets_have_names_and_other_methods_say_what_they_are() -> None:
    assert DEFAULT_PRESET in PRESETS
    assert len(set(PRESETS.values())) == len(PRESETS)
    assert all(preset_name(method) == name for name, method in PRESETS.items())
    assert preset_name(Method("guided", "class")) == "guided + class"


def test_a_blank_image_is_declined() -> None:
    result = explain(small_explainer("pooled"), np.full((30, 40), 7), PRESETS["gradient"])
    assert result.withheld
    assert "blank" in result.withheld_because
    assert result.predictions == result.layers == ()


def test_pixels_that_are_not_square_are_shown_to_the_model_as_they_look() -> None:
    explainer = small_explainer("pooled")
    grey = grey_image()
    stretched = np.repeat(grey, 2, axis=0)
    as_is = explain(explainer, grey, PRESETS["gradient"])
    flat = explain(explainer, stretched, PRESETS["gradient"], aspect_ratio=0.5)
    assert flat.geometry.fitted_size == as_is.geometry.fitted_size
    assert flat.geometry.frame_size == stretched.shape
    chances = [{p.name: p.probability for p in r.predictions} for r in (as_is, flat)]
    assert chances[0] == pytest.approx(chances[1], abs=0.02)
