"""Explanations: class maps, seeds and presets against autograd and against slow loops."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from engine import seeds
from engine.checkpoint import LoadedModel
from engine.errors import EngineError, ModelError, RequestError
from engine.preprocess import fit_to_square
from engine.presets import DEFAULT_PRESET, PRESETS, preset_name
from engine.responses import Explainer, Observed, class_maps, dominant, explain, observe
from engine.results import Explanation, Method
from tests.engine.small_networks import (
    CLASSES,
    NETWORKS,
    assert_close,
    built,
    grey_image,
    image,
    read,
    small_explainer,
    specification,
    taken_back,
)

REPEATABLE = settings(derandomize=True, deadline=None, max_examples=80, database=None)
Maps = NDArray[np.float32]


def observed_by(explainer: Explainer) -> Observed:
    """The grey test image, fitted and seen by the model."""
    side = explainer.model.specification.input_size
    return observe(explainer, *fit_to_square(grey_image(), side))


def _near(found: Maps, expected: Maps, tolerance: float = 2e-5) -> None:
    """Equal up to float32 rounding through a network, relative to the greatest value."""
    assert found.shape == expected.shape
    greatest = float(np.abs(expected).max())
    assert greatest > 0
    assert float(np.abs(found - expected).max()) <= tolerance * greatest


# --- dominant class: CLEAR eqs. 4-5 ----------------------------------------------------------


def _class_maps_of_integers() -> st.SearchStrategy[Maps]:
    """Few distinct values, so that ties and pixels without evidence are common."""
    shape = st.tuples(st.integers(2, 5), st.integers(1, 4), st.integers(1, 4))
    return hnp.arrays(np.float32, shape, elements=st.integers(-3, 3).map(float))


def _names(maps: Maps) -> list[str]:
    return [f"class {index}" for index in range(len(maps))]


def test_dominant_class_response_and_margin_by_hand() -> None:
    pixels = [
        ([3, 1, 2], 0, 3, 1),
        ([1, 5, -7], 1, 5, 4),
        ([-4, -6, 0.5], 2, 0.5, 4.5),  # the only evidence, however weak
        ([2, 2, 1], -1, 2, 0),  # a tie
        ([0, 0, 0], -1, 0, 0),  # nothing at all
        ([-1, -2, -3], -1, -1, 1),  # evidence against every class
        ([0, -2, -3], -1, 0, 2),
        ([5, 5 - 1e-6, 0], -1, 5, 0),  # a difference of rounding only
        ([5, 5 - 1e-4, 0], 0, 5, 1e-4),
    ]
    maps = np.array([values for values, *_ in pixels], np.float32).T.reshape(3, 3, 3)
    found = dominant(maps, CLASSES)
    assert found.classes == CLASSES
    assert found.dominant.dtype == np.int16
    assert found.response.dtype == found.margin.dtype == np.float32
    assert found.dominant.ravel().tolist() == [index for _, index, _, _ in pixels]
    assert found.response.ravel() == pytest.approx([value for _, _, value, _ in pixels])
    assert found.margin.ravel() == pytest.approx([m for *_, m in pixels], abs=2e-6)


@REPEATABLE
@given(_class_maps_of_integers())
def test_dominant_by_slow_loops(maps: Maps) -> None:
    found = dominant(maps, _names(maps))
    assert bool((found.response >= maps).all())
    assert bool((found.margin >= 0).all())
    for place in np.ndindex(maps.shape[1:]):
        values = [float(one[place]) for one in maps]
        first, second = sorted(values)[::-1][:2]
        unique = first > second and first > 0
        assert found.dominant[place] == (values.index(first) if unique else -1)
        assert found.response[place] == first
        assert found.margin[place] == first - second


@REPEATABLE
@given(_class_maps_of_integers(), st.integers(-30, 30), st.floats(0.1, 10))
def test_a_common_positive_factor_leaves_the_dominant_class(
    maps: Maps, exponent: int, factor: float
) -> None:
    before = dominant(maps, _names(maps)).dominant
    scaled = (maps * np.float32(factor * 2.0**exponent)).astype(np.float32)
    assert np.array_equal(dominant(scaled, _names(maps)).dominant, before)


@REPEATABLE
@given(_class_maps_of_integers(), st.randoms(use_true_random=False))
def test_permuting_the_classes_permutes_the_dominant_class(maps: Maps, random: object) -> None:
    order = list(range(len(maps)))
    random.shuffle(order)  # type: ignore[attr-defined]
    before, after = dominant(maps, _names(maps)), dominant(maps[order], _names(maps))
    named = np.where(after.dominant >= 0, np.array(order)[after.dominant], -1)
    assert np.array_equal(named, before.dominant)
    assert np.array_equal(after.response, before.response)
    assert np.array_equal(after.margin, before.margin)


def test_one_class_has_no_rival() -> None:
    with pytest.raises(RequestError, match="two classes"):
        dominant(np.ones((1, 2, 2), np.float32), ("only",))


@pytest.mark.parametrize("rule", ["linear", "gradient", "deconvnet", "guided"])
def test_class_maps_are_one_pass_for_each_class(rule: str) -> None:
    explainer = small_explainer("pooled")
    observed = observed_by(explainer)
    step = explainer.graph.step_of("classes")
    kept = observed.recording.kept[step]
    maps = []
    for index in range(3):
        seed = torch.zeros_like(kept)
        seed[0, index] = kept[0, index]
        row = taken_back(explainer.graph, observed.recording, step, seed, rule)
        maps.append(row[0, 0].numpy())
    stack = np.stack(maps)
    found = class_maps(explainer, observed.recording, Method(rule, "full"))  # type: ignore[arg-type]
    _near(found.response, stack.max(0))
    assert bool((found.response >= stack - 1e-6 * np.abs(stack).max()).all())
    sure = found.margin > 1e-4 * np.abs(stack).max()
    positive = sure & (found.response > 0)
    assert positive.mean() > 0.2
    assert np.array_equal(found.dominant[positive], stack.argmax(0)[positive])
    assert bool((found.dominant[found.response <= 0] == -1).all())


def test_pixels_that_no_class_can_see_have_no_dominant_class() -> None:
    """A stride greater than the kernel leaves pixels outside every receptive field."""

    class Gaps(nn.Module):
        layers = ("conv", "classes")

        def __init__(self) -> None:
            super().__init__()
            self.conv, self.classes = nn.Conv2d(1, 4, 2, 4), nn.Conv2d(4, 3, 1)

        def forward(self, maps: Tensor) -> Tensor:
            out: Tensor = self.classes(self.conv(maps)).mean((2, 3))
            return out

    torch.manual_seed(1)
    facts = specification("by hand", {}, Gaps.layers, 40)
    explainer = Explainer.prepare(LoadedModel(Gaps().eval(), facts), torch.device("cpu"))
    found = explain(explainer, grey_image(), PRESETS["CLEAR"], with_classes=True).class_responses
    assert found is not None
    unseen = np.ones((40, 40), bool)
    for y in range(0, 40, 4):
        for x in range(0, 40, 4):
            unseen[y : y + 2, x : x + 2] = False
    assert bool((found.dominant[unseen] == -1).all())
    assert bool((found.response[unseen] == 0).all())
    assert bool((found.dominant[~unseen] >= 0).any())


# --- P8: sums over kernels -------------------------------------------------------------------


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("rule", ["linear", "gradient", "guided"])
def test_kernel_maps_sum_to_the_layer_map_where_the_rule_is_linear(name: str, rule: str) -> None:
    network, layers = built(name)
    graph, recording = read(network, layers, image(21, 18))
    differences = []
    for layer in layers:
        step = graph.step_of(layer)
        kept = recording.kept[step]
        apart = taken_back(graph, recording, step, seeds.single_kernels(kept), rule)
        assert len(apart) == kept.shape[1]
        whole = taken_back(graph, recording, step, seeds.full(kept), rule)
        total = apart.sum(0, keepdim=True)
        if rule == "guided":
            differences.append(float((total - whole).norm() / whole.norm()))
        else:
            assert_close(total, whole)
    if rule == "guided":
        assert max(differences) > 0.05


# --- seeds -----------------------------------------------------------------------------------


def test_seeds_by_hand() -> None:
    activation = torch.tensor(
        [
            [[1.0, 2.0, 0.0], [0.0, 0.0, 3.0]],  # sum 6, peak 3 at (1, 2)
            [[0.0, 0.0, 0.0], [0.0, 0.0, 0.0]],  # dead
            [[0.0, 9.0, 0.0], [0.0, 0.0, 0.0]],  # sum 9, peak 9 at (0, 1)
            [[4.0, 0.0, 0.0], [-9.0, 0.0, 0.0]],  # sum -5: dead too
        ]
    )[None]
    assert seeds.full(activation) is activation
    assert seeds.strongest_kernels(activation, 4).tolist() == [2, 0]
    assert seeds.strongest_kernels(activation, 1).tolist() == [2]
    peaks = seeds.peak(activation, 4)
    expected = torch.zeros(2, 4, 2, 3)
    expected[0, 2, 0, 1], expected[1, 0, 1, 2] = 9, 3
    assert torch.equal(peaks, expected)
    single = seeds.single_kernels(activation)
    assert single.shape == (4, 4, 2, 3)
    assert torch.equal(single.sum(0, keepdim=True), activation)
    assert all(torch.equal(single[k, k], activation[0, k]) for k in range(4))
    signal = torch.randn(1, 4, 2, 3, generator=torch.Generator().manual_seed(0))
    assert torch.equal(seeds.class_share(activation, signal), activation * signal)


def _network_input(explainer: Explainer, result: Explanation) -> Tensor:
    facts = explainer.model.specification
    return (torch.from_numpy(result.input_image)[None, None] - facts.mean) / facts.std


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("target", CLASSES)
def test_class_gradient_equals_autograd_and_clear_eq_3_over_hw(name: str, target: str) -> None:
    """At every layer the seed z_l · ∂logit/∂z_l; at the class layer that is eq. 3 / (h·w)."""
    explainer = small_explainer(name)
    result = explain(explainer, grey_image(), Method("gradient", "class"), target)
    assert result.target == target
    network, index = explainer.model.network, CLASSES.index(target)
    for layer in result.layers:
        picture = _network_input(explainer, result).requires_grad_()
        seen: list[Tensor] = []
        hook = network.get_submodule(layer.name).register_forward_hook(
            lambda module, args, out, seen=seen: seen.append(out)
        )
        logits = network(picture)
        hook.remove()
        (maps,) = seen
        (arriving,) = torch.autograd.grad(logits[0, index], maps, retain_graph=True)
        seed = (maps * arriving).detach()
        (expected,) = torch.autograd.grad(maps, picture, seed, retain_graph=True)
        _near(layer.values, expected[0, 0].numpy())
        if layer.name == "classes":
            half_square = 0.5 * (maps[0, index] ** 2).sum()
            (eq3,) = torch.autograd.grad(half_square, picture)
            _near(layer.values, (eq3[0, 0] / (maps.shape[2] * maps.shape[3])).numpy())


def test_class_seed_is_for_the_target_and_full_seed_is_not() -> None:
    explainer = small_explainer("residual")
    for seed, same in (("class", False), ("full", True)):
        maps = [
            explain(explainer, grey_image(), Method("gradient", seed), name).layers[1].values  # type: ignore[arg-type]
            for name in CLASSES[:2]
        ]
        assert np.array_equal(maps[0], maps[1]) is same


def test_every_layer_of_an_explanation_is_its_own_pass() -> None:
    explainer = small_explainer("residual")
    for rule in ("linear", "gradient", "deconvnet", "guided"):
        result = explain(explainer, grey_image(), Method(rule, "full"))
        recording = observed_by(explainer).recording
        for layer in result.layers:
            step = explainer.graph.step_of(layer.name)
            alone = taken_back(explainer.graph, recording, step, recording.kept[step], rule)
            _near(layer.values, alone[0, 0].numpy())


# --- the published ARM -----------------------------------------------------------------------


def _published_arm_by_hand(network: nn.Module, picture: Tensor) -> dict[str, Maps]:
    """The preset from its description, for the pooled network: kernel after kernel, each undone
    operation spelled out. One peak a kernel, guided ReLU, nearest un-pooling, clip, sum."""
    conv1, norm1, _, _ = network.one  # type: ignore[misc]
    conv2, norm2, _, _ = network.two  # type: ignore[misc]
    classes: nn.Conv2d = network.classes  # type: ignore[assignment]
    with torch.no_grad():
        before1 = norm1(conv1(picture))
        one = F.max_pool2d(before1.relu(), 2)
        before2 = norm2(conv2(one))
        two = F.max_pool2d(before2.relu(), 3, 2, 1)
        scores = classes(two)

    def enlarge(signal: Tensor, like: Tensor) -> Tensor:
        out = torch.zeros_like(like)
        for y in range(like.shape[2]):
            for x in range(like.shape[3]):
                row = y * signal.shape[2] // like.shape[2]
                column = x * signal.shape[3] // like.shape[3]
                out[..., y, x] = signal[..., row, column]
        return out

    def undo_block(signal: Tensor, before: Tensor, norm: nn.BatchNorm2d, conv: nn.Conv2d) -> Tensor:
        signal = enlarge(signal, before)
        signal = torch.where((before > 0) & (signal > 0), signal, torch.zeros_like(signal))
        assert norm.running_var is not None
        signal = signal * (norm.weight / torch.sqrt(norm.running_var + norm.eps)).view(1, -1, 1, 1)
        flipped = conv.weight.flip(2, 3).transpose(0, 1)  # stride 1: an ordinary convolution
        return F.conv2d(signal, flipped, padding=1)

    def undo_two(signal: Tensor) -> Tensor:
        return undo_one(undo_block(signal, before2, norm2, conv2))

    def undo_one(signal: Tensor) -> Tensor:
        return undo_block(signal, before1, norm1, conv1)

    def undo_classes(signal: Tensor) -> Tensor:
        return undo_two(torch.einsum("bkhw,kc->bchw", signal, classes.weight[:, :, 0, 0]))

    pictures = {}
    for name, activation, undo in (
        ("one", one, undo_one),
        ("two", two, undo_two),
        ("classes", scores, undo_classes),
    ):
        total = torch.zeros(picture.shape[2:])
        sums = {kernel: float(activation[0, kernel].sum()) for kernel in range(activation.shape[1])}
        for kernel in sorted(sums, key=lambda item: -sums[item])[:4]:
            if sums[kernel] <= 0:
                continue
            seed = torch.zeros_like(activation)
            greatest = activation[0, kernel].max()
            y, x = (activation[0, kernel] == greatest).nonzero()[0].tolist()
            seed[0, kernel, y, x] = greatest
            with torch.no_grad():
                total += undo(seed)[0, 0].clamp(min=0)
        pictures[name] = total.numpy()
    return pictures


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_published_arm_equals_a_plain_implementation(seed: int) -> None:
    explainer = small_explainer("pooled", side=41, seed=seed)
    result = explain(explainer, grey_image(seed=seed), PRESETS["published ARM"])
    expected = _published_arm_by_hand(explainer.model.network, _network_input(explainer, result))
    for layer in result.layers:
        assert bool((layer.values >= 0).all())
        _near(layer.values, expected[layer.name])


def test_layers_without_a_living_kernel_have_an_empty_map() -> None:
    """Peaks of dead kernels are no seeds: at the class layer, and further down on the way."""
    network, layers = built("pooled")
    network.float()
    network.classes.bias.data.fill_(-1e3)  # type: ignore[operator, union-attr]
    network.two[1].bias.data.fill_(-1e3)  # type: ignore[index, union-attr]
    facts = specification("by hand", {}, layers)
    explainer = Explainer.prepare(LoadedModel(network, facts), torch.device("cpu"))
    result = explain(explainer, grey_image(), PRESETS["published ARM"])
    one, two, classes = (layer.values for layer in result.layers)
    assert float(one.max()) > 0
    assert two.shape == classes.shape == (40, 40)
    assert not two.any()
    assert not classes.any()


# --- explanations ----------------------------------------------------------------------------


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("preset", PRESETS)
def test_what_an_explanation_says(name: str, preset: str) -> None:
    explainer = small_explainer(name)
    result = explain(explainer, grey_image(), PRESETS[preset], modality="DX")
    with torch.no_grad():
        logits = explainer.model.network(_network_input(explainer, result))[0]
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
        _near(first.values, second.values, 1e-3)


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
