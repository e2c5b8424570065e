"""Response maps: seeds, parts of a layer and the published ARM, against autograd and slow loops."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from engine.checkpoint import LoadedModel
from engine.errors import ModelError, RequestError
from engine.explainer import Explainer
from engine.explanation import explain
from engine.presets import PRESETS
from engine.responses import map_of
from engine.results import Method
from engine.rules import RULES
from tests.engine.seen import near, network_input, observed_by
from tests.engine.small_networks import (
    CLASSES,
    NETWORKS,
    built,
    grey_image,
    output_of,
    small_explainer,
    specification,
    taken_back,
)

Maps = NDArray[np.float32]


# --- seeds -----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("target", CLASSES)
def test_class_gradient_equals_autograd_and_clear_eq_3_over_hw(name: str, target: str) -> None:
    """At every layer the seed z_l · ∂logit/∂z_l; at the class layer that is eq. 3 / (h·w)."""
    explainer = small_explainer(name)
    result = explain(explainer, grey_image(), Method("gradient", "class"), target)
    assert result.target == target
    network, index = explainer.model.network, CLASSES.index(target)
    for layer in result.layers:
        picture = network_input(explainer, result).requires_grad_()
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
        near(layer.values, expected[0, 0].numpy())
        if layer.name == "classes":
            half_square = 0.5 * (maps[0, index] ** 2).sum()
            (eq3,) = torch.autograd.grad(half_square, picture)
            near(layer.values, (eq3[0, 0] / (maps.shape[2] * maps.shape[3])).numpy())


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
    for rule in RULES:
        result = explain(explainer, grey_image(), Method(rule, "full"))  # type: ignore[arg-type]
        recording = observed_by(explainer).recording
        for layer in result.layers:
            step = explainer.graph.step_of(layer.name)
            alone = taken_back(explainer.graph, recording, step, recording.kept[step], rule)
            near(layer.values, alone[0, 0].numpy())


# --- a part of a layer -----------------------------------------------------------------------


@pytest.mark.parametrize("name", ["pooled", "residual", "mixed", "encoder"])
@pytest.mark.parametrize("rule", RULES)
def test_a_kernel_a_position_or_both_have_a_map_of_their_own(name: str, rule: str) -> None:
    explainer = small_explainer(name)
    observed = observed_by(explainer)
    method = Method(rule, "full", "nearest")  # type: ignore[arg-type]
    for layer in explainer.layers[:3]:
        step = explainer.graph.step_of(layer)
        kept = observed.activation(step)
        kernel = int(kept[0].flatten(1).abs().sum(1).argmax())
        y, x = divmod(int(kept[0, kernel].abs().argmax()), kept.shape[3])
        for chosen, position in (
            (None, None), (kernel, None), (None, (y, x)), (kernel, (y, x)), (kernel, [y, x]),
        ):  # fmt: skip
            seed = torch.zeros_like(kept)
            for k, i, j in np.ndindex(*kept.shape[1:]):
                if chosen in (None, k) and position in (None, (i, j), [i, j]):
                    seed[0, k, i, j] = kept[0, k, i, j]
            expected = taken_back(explainer.graph, observed.recording, step, seed, rule, "nearest")
            found = map_of(explainer, observed, method, layer, chosen, position)
            assert found.dtype == np.float32
            near(found, expected[0, 0].numpy())


def test_positions_and_kernels_add_up_to_the_map_of_their_layer() -> None:
    explainer = small_explainer("strided", side=16)
    observed = observed_by(explainer)
    method = Method("gradient", "full")
    whole = map_of(explainer, observed, method, "conv3")
    _, kernels, height, width = observed.activation(explainer.graph.step_of("conv3")).shape
    places = [(y, x) for y in range(height) for x in range(width)]
    for parts in ([{"kernel": k} for k in range(kernels)], [{"position": p} for p in places]):
        maps = [map_of(explainer, observed, method, "conv3", **part) for part in parts]  # type: ignore[arg-type]
        near(np.sum(maps, 0), whole)


@pytest.mark.parametrize(
    ("part", "said"),
    [
        ({"layer": "conv1", "kernel": 4}, "'conv1' has the kernels 0 to 3, not 4"),
        ({"layer": "conv1", "kernel": -1}, "kernels 0 to 3, not -1"),
        ({"layer": "conv2", "position": (10, 0)}, r"position \(10, 0\) .*10 × 10 grid of 'conv2'"),
        ({"layer": "conv2", "position": (-1, 0)}, r"position \(-1, 0\)"),
        ({"layer": "conv2", "position": (1,)}, r"position \(1,\)"),
        ({"layer": "conv2", "position": (1, 2, 3)}, r"position \(1, 2, 3\)"),
        ({"layer": "conv1.0"}, "'conv1.0' is not among those explained|folded"),
        ({"layer": "conv1.1"}, "'conv1.1' is not among those explained"),
    ],
)
def test_a_part_that_a_layer_does_not_have_is_refused(part: dict[str, Any], said: str) -> None:
    explainer = small_explainer("strided")
    with pytest.raises((RequestError, ModelError), match=said):
        map_of(explainer, observed_by(explainer), Method("linear", "full"), **part)


# --- seeds of layers -------------------------------------------------------------------------


@pytest.mark.parametrize("positive", [False, True])
@pytest.mark.parametrize("seed", ["peak", "top_k"])
def test_strongest_kernels_each_have_a_map_and_the_layer_shows_their_sum(
    seed: str, positive: bool
) -> None:
    explainer = small_explainer("residual")
    method = Method("guided", seed, "switch", 2, positive)  # type: ignore[arg-type]
    result = explain(explainer, grey_image(), method)
    recording = observed_by(explainer).recording
    for layer in result.layers:
        step = explainer.graph.step_of(layer.name)
        kept = recording.kept[step]
        sums = [float(maps.sum()) for maps in kept[0]]
        strongest = sorted(range(len(sums)), key=lambda kernel: -sums[kernel])[:2]
        total = np.zeros((40, 40), np.float32)
        for kernel in (kernel for kernel in strongest if sums[kernel] > 0):
            own = torch.zeros_like(kept)
            own[0, kernel] = kept[0, kernel]
            if seed == "peak":
                own = torch.where(own == own.max(), own, torch.zeros_like(own))
            row = taken_back(explainer.graph, recording, step, own, "guided")[0, 0].numpy()
            total += row.clip(min=0) if positive else row
        if any(total.ravel()):
            near(layer.values, total)
        else:
            assert not layer.values.any()
    assert sum(bool(layer.values.any()) for layer in result.layers) >= 3


@pytest.mark.parametrize("rule", RULES)
def test_the_uniform_seed_is_what_the_mean_of_a_layer_hands_down(rule: str) -> None:
    explainer = small_explainer("pooled")
    method = Method(rule, "uniform")  # type: ignore[arg-type]
    for layer in explain(explainer, grey_image(), method).layers:
        recording = observed_by(explainer).recording
        step = explainer.graph.step_of(layer.name)
        seed = torch.full_like(recording.kept[step], 1 / recording.kept[step][0, 0].numel())
        expected = taken_back(explainer.graph, recording, step, seed, rule)
        near(layer.values, expected[0, 0].numpy())
        if rule == "gradient":
            picture = torch.from_numpy(explain(explainer, grey_image(), method).input_image)
            facts = explainer.model.specification
            leaf = ((picture[None, None] - facts.mean) / facts.std).requires_grad_()
            maps, _ = output_of(explainer.model.network, layer.name, leaf)
            (vjp,) = torch.autograd.grad(maps.mean((2, 3)).sum(), leaf)
            near(layer.values, vjp[0, 0].numpy())


def test_a_network_without_a_living_kernel_has_empty_maps() -> None:
    network, layers = built("pooled")
    for module in network.modules():
        if isinstance(module, (nn.Conv2d, nn.BatchNorm2d)):
            assert module.bias is not None
            module.bias.data.fill_(-1e3)
    explainer = Explainer.of(network, CLASSES, 40, layers=layers, device="cpu")
    result = explain(explainer, grey_image(), PRESETS["published ARM"])
    assert [bool(layer.values.any()) for layer in result.layers] == [False, False, False]


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
    expected = _published_arm_by_hand(explainer.model.network, network_input(explainer, result))
    for layer in result.layers:
        assert bool((layer.values >= 0).all())
        near(layer.values, expected[layer.name])


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
