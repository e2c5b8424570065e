"""Second opinions against formulas and slow loops; Captum is only asked through the engine."""

from __future__ import annotations

import pickle
import sys
from collections.abc import Callable
from dataclasses import FrozenInstanceError
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

import resources
from engine.checkpoint import load_model
from engine.errors import EngineError, MissingPackageError, RequestError
from engine.explainer import Explainer
from engine.explanation import explain
from engine.opinions import OPINIONS, second_opinion
from engine.presets import in_facts, in_words, preset_name
from engine.results import Explanation, Opinion
from tests.engine.seen import near, network_input
from tests.engine.small_networks import (
    CLASSES,
    NETWORKS,
    grey_image,
    output_of,
    small_explainer,
    state_of,
)
from viewer.dicom.frame import to_grey
from viewer.dicom.reader import read_frame

Maps = NDArray[np.float32]
ON_INPUT = [name for name in OPINIONS if name != "Grad-CAM"]


def asked(explainer: Explainer, name: str, target: str | None = "foot", **more: Any) -> Explanation:
    return second_opinion(explainer, grey_image(), name, target, **more)


def score(explainer: Explainer, picture: Tensor, target: str = "foot") -> Tensor:
    with torch.no_grad():
        answer: Tensor = explainer.model.network(picture)[0, CLASSES.index(target)]
    return answer


def black(explainer: Explainer, picture: Tensor) -> Tensor:
    facts = explainer.model.specification
    return torch.full_like(picture, (0 - facts.mean) / facts.std)  # type: ignore[operator]


# --- each method by its formula --------------------------------------------------------------


@pytest.mark.parametrize("name", NETWORKS)
def test_grad_cam_weighs_each_kernel_by_its_mean_gradient(name: str) -> None:
    explainer = small_explainer(name)
    result = asked(explainer, "Grad-CAM")
    assert tuple(layer.name for layer in result.layers) == explainer.layers
    for layer in result.layers:
        picture = network_input(explainer, result).requires_grad_()
        maps, logits = output_of(explainer.model.network, layer.name, picture)
        (slope,) = torch.autograd.grad(logits[0, 1], maps)
        assert layer.native_shape == tuple(maps.shape[1:])
        total = torch.zeros(maps.shape[2:])
        for kernel in range(maps.shape[1]):
            total += slope[0, kernel].mean() * maps[0, kernel].detach()
        enlarged = F.interpolate(total[None, None], (40, 40), mode="bilinear")
        near(layer.values, enlarged[0, 0].numpy())
    assert any(layer.values.min() < 0 for layer in result.layers), "negative parts are kept"


@pytest.mark.parametrize("name", NETWORKS)
def test_integrated_gradients_add_up_to_what_the_class_gains_over_black(name: str) -> None:
    explainer = small_explainer(name)
    (layer,) = asked(explainer, "integrated gradients", steps=200).layers
    picture = network_input(explainer, asked(explainer, "occlusion"))
    gain = float(score(explainer, picture) - score(explainer, black(explainer, picture)))
    assert float(layer.values.sum()) == pytest.approx(gain, rel=0.02, abs=1e-3)


def test_occlusion_is_a_slow_loop_over_black_squares() -> None:
    explainer = small_explainer("pooled")
    result = asked(explainer, "occlusion", window=0.2, stride=0.75, batch=3)
    picture = network_input(explainer, result)
    dark, whole = black(explainer, picture), score(explainer, picture)
    total, times = np.zeros((40, 40)), np.zeros((40, 40))
    for y in (0, 6, 12, 18, 24, 30, 36):  # squares of 8, the last ones cut off by the edge
        for x in (0, 6, 12, 18, 24, 30, 36):
            hidden = picture.clone()
            hidden[..., y : y + 8, x : x + 8] = dark[..., y : y + 8, x : x + 8]
            total[y : y + 8, x : x + 8] += float(whole - score(explainer, hidden))
            times[y : y + 8, x : x + 8] += 1
    near(result.layers[0].values, (total / times).astype(np.float32), 1e-4)


@pytest.mark.parametrize("name", NETWORKS)
def test_smooth_grad_of_one_copy_without_noise_is_the_gradient(name: str) -> None:
    explainer = small_explainer(name)
    result = asked(explainer, "SmoothGrad", samples=1, noise=0.0)
    picture = network_input(explainer, result).requires_grad_()
    (slope,) = torch.autograd.grad(explainer.model.network(picture)[0, 1], picture)
    near(result.layers[0].values, slope[0, 0].numpy())


def test_smooth_grad_is_the_mean_gradient_over_noisy_copies() -> None:
    explainer = small_explainer("pooled")
    result = asked(explainer, "SmoothGrad", samples=4, noise=0.3, seed=5, batch=4)
    picture = network_input(explainer, result)
    sigma = 0.3 * float(picture.max() - picture.min())
    generator = torch.Generator().manual_seed(5)
    noise = torch.normal(0, torch.full((4, 1, 40, 40), sigma), generator=generator)
    copies = (picture + noise).requires_grad_()
    (slopes,) = torch.autograd.grad(explainer.model.network(copies)[:, 1].sum(), copies)
    near(result.layers[0].values, slopes.mean(0)[0].numpy(), 1e-4)


# --- what every method has in common ---------------------------------------------------------


@pytest.mark.parametrize("name", OPINIONS)
def test_an_opinion_says_what_an_explanation_says(name: str) -> None:
    explainer = small_explainer("residual")
    result, own = asked(explainer, name, None), explain(explainer, grey_image())
    assert result.predictions == own.predictions
    assert result.target == own.target
    assert (result.model, result.device, result.geometry) == (own.model, own.device, own.geometry)
    assert np.array_equal(result.input_image, own.input_image)
    assert result.seconds > 0
    for layer in result.layers:
        assert layer.values.shape == (40, 40)
        assert layer.values.dtype == np.float32
        assert layer.values.any()
    if name in ON_INPUT:
        assert [(item.name, item.native_shape) for item in result.layers] == [
            ("input", (1, 40, 40))
        ]
    again = pickle.loads(pickle.dumps(result))
    assert again.method == result.method
    assert isinstance(again.method, Opinion)
    with pytest.raises(FrozenInstanceError):
        again.method.name = "mine"


@pytest.mark.parametrize("name", OPINIONS)
def test_an_opinion_is_the_same_every_time_and_leaves_everything_as_it_was(name: str) -> None:
    explainer = small_explainer("residual")
    explainer.model.network.requires_grad_(True)
    torch.manual_seed(3)
    before, numbers = state_of(explainer.model.network), torch.random.get_rng_state()
    first = asked(explainer, name)
    assert torch.equal(torch.random.get_rng_state(), numbers)
    assert state_of(explainer.model.network) == before
    torch.manual_seed(4)
    second = asked(explainer, name)
    for one, two in zip(first.layers, second.layers, strict=True):
        assert one.values.tobytes() == two.values.tobytes()


@pytest.mark.parametrize("name", OPINIONS)
def test_an_opinion_does_not_depend_on_training_mode_nor_on_the_batch(name: str) -> None:
    explainer = small_explainer("residual")
    quiet = {"noise": 0.0} if name == "SmoothGrad" else {}  # noise is drawn a batch at a time
    single = {} if name == "Grad-CAM" else {"batch": 1}
    first = asked(explainer, name, **quiet)
    explainer.model.network.train()
    before = state_of(explainer.model.network)
    second = asked(explainer, name, **quiet, **single)
    assert state_of(explainer.model.network) == before
    for one, two in zip(first.layers, second.layers, strict=True):
        near(one.values, two.values, 1e-4)


@pytest.mark.parametrize("name", OPINIONS)
def test_a_blank_image_has_no_second_opinion(name: str) -> None:
    result = second_opinion(small_explainer("pooled"), np.full((30, 40), 7), name)
    assert "blank" in result.withheld_because
    assert result.predictions == result.layers == ()
    assert isinstance(result.method, Opinion)


class Coloured(nn.Module):
    """Three channels, written with functions; the last layer sees a mean over the sides."""

    def __init__(self, alone: bool = False) -> None:
        super().__init__()
        self.one, self.two = nn.Conv2d(3, 4, 3), nn.Conv2d(4, 5, 3, 2)
        self.head = nn.Linear(5, 3)
        self.alone = alone

    def forward(self, picture: Tensor) -> Tensor:
        maps = self.two(F.relu(self.one(picture))).relu().mean((2, 3))
        answer: Tensor = self.head(maps.reshape(1, 5) if self.alone else maps)
        return answer


def coloured(alone: bool = False, layers: tuple[str, ...] = ("two",)) -> Explainer:
    torch.manual_seed(2)
    mean, std = (0.4, 0.5, 0.6), (0.2, 0.3, 0.25)
    return Explainer.of(Coloured(alone), CLASSES, 24, 3, mean, std, layers, device="cpu")


@pytest.mark.parametrize("name", ON_INPUT)
def test_channels_are_summed_and_a_network_for_one_image_at_a_time_is_asked_so(name: str) -> None:
    more = {"noise": 0.0} if name == "SmoothGrad" else {}
    (one,), (two,) = (asked(coloured(alone), name, **more).layers for alone in (False, True))
    assert one.native_shape == (3, 24, 24)
    near(one.values, two.values, 1e-4)


def test_integrated_gradients_of_three_channels_add_up() -> None:
    explainer = coloured()
    result = asked(explainer, "integrated gradients", steps=200)
    shades = torch.from_numpy(result.input_image)[None, None].expand(-1, 3, -1, -1)
    mean, std = (torch.tensor(v).view(1, 3, 1, 1) for v in ((0.4, 0.5, 0.6), (0.2, 0.3, 0.25)))
    here, dark = (score(explainer, (grey - mean) / std) for grey in (shades, shades * 0))
    assert float(result.layers[0].values.sum()) == pytest.approx(float(here - dark), rel=0.01)


# --- what is refused -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda e: asked(e, "LIME"), "'LIME' is not known; known are Grad-CAM, integrated"),
        (lambda e: asked(e, "occlusion", "wing"), "no class 'wing'; it has hand, foot, knee"),
        (
            lambda e: asked(e, "occlusion", steps=4),
            "occlusion has no setting 'steps'; it has window",
        ),
        (lambda e: asked(e, "occlusion", window=0), "0 is out of range for the setting 'window'"),
        (lambda e: asked(e, "occlusion", stride=1.5), "1.5 is out of range"),
        (lambda e: asked(e, "integrated gradients", steps=0), "0 is out of range"),
        (lambda e: asked(e, "integrated gradients", steps=2.5), "2.5 is out of range"),
        (lambda e: asked(e, "SmoothGrad", batch=True), "True is out of range"),
        (lambda e: asked(e, "SmoothGrad", noise="much"), "'much' is out of range"),
        (lambda e: asked(e, "Grad-CAM", layers="stem"), "'stem' is out of range"),
        (lambda e: asked(e, "Grad-CAM", layers=["conv9"]), "layer 'conv9' is not among those"),
    ],
)
def test_what_does_not_fit_is_refused_in_words(
    call: Callable[[Explainer], object], said: str
) -> None:
    with pytest.raises(RequestError, match=said):
        call(small_explainer("residual"))


class Reused(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.one, self.again, self.head = nn.Conv2d(1, 4, 3), nn.Conv2d(4, 4, 3), nn.Linear(4, 3)

    def forward(self, picture: Tensor) -> Tensor:
        maps = self.again(self.again(self.one(picture)))
        answer: Tensor = self.head(F.relu(maps).mean((2, 3)))
        return answer


def test_grad_cam_of_a_module_used_twice_is_refused_and_that_of_others_is_not() -> None:
    explainer = Explainer.of(Reused(), CLASSES, 24, device="cpu")
    with pytest.raises(RequestError, match="used more than once; name other layers"):
        asked(explainer, "Grad-CAM")
    (layer,) = asked(explainer, "Grad-CAM", layers=("one",)).layers
    assert (layer.name, layer.depth) == ("one", 1)
    for name in ON_INPUT:
        assert asked(explainer, name).layers[0].values.any()


def test_grad_cam_of_a_functions_output_is_refused_by_name() -> None:
    with pytest.raises(RequestError, match="the layer 'relu' is the output of a function"):
        asked(coloured(layers=()), "Grad-CAM")


def test_a_network_that_fails_in_captum_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    explainer = small_explainer("pooled")

    def fails(picture: Tensor) -> Tensor:
        raise RuntimeError("not today")

    before = state_of(explainer.model.network)
    with monkeypatch.context() as patch:
        patch.setattr(type(explainer.model.network), "forward", lambda self, p: fails(p))
        for name in OPINIONS:
            with pytest.raises(RequestError, match=f"Captum cannot do {name} .*: not today"):
                asked(explainer, name)
    assert state_of(explainer.model.network) == before


def test_without_captum_a_sentence_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("captum", "captum.attr"):
        monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(
        MissingPackageError, match=r'pip install "attentive-viewer\[opinions\]"'
    ) as e:
        asked(small_explainer("pooled"), "occlusion")
    assert isinstance(e.value, EngineError)


# --- names and the bundled model -------------------------------------------------------------


def test_an_opinion_is_called_by_its_name() -> None:
    method = asked(small_explainer("pooled"), "integrated gradients", steps=3).method
    assert method == Opinion("integrated gradients", (("steps", 3), ("batch", 8)))
    assert preset_name(method) == "integrated gradients"
    assert in_words(method) == "integrated gradients: steps 3"
    assert in_facts(method) == {"opinion": "integrated gradients", "steps": 3, "batch": 8}
    assert in_words(Opinion("Grad-CAM", (("layers", ()),))) == "Grad-CAM"


@pytest.mark.parametrize("name", OPINIONS)
def test_the_bundled_model_has_second_opinions(name: str) -> None:
    explainer = Explainer.prepare(
        load_model(resources.model_folder("shallow")), torch.device("cpu")
    )
    hand = to_grey(read_frame(resources.path("samples", "hand.dcm")))
    fewer = {"integrated gradients": {"steps": 4}, "SmoothGrad": {"samples": 3}}
    fewer["occlusion"] = {"window": 0.5}  # type: ignore[dict-item]
    result = second_opinion(explainer, hand, name, **fewer.get(name, {}))
    assert all(layer.values.any() for layer in result.layers)
    assert len(result.layers) == (len(explainer.layers) if name == "Grad-CAM" else 1)
