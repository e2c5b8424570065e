"""On a graphics card every answer is that of the processor, up to rounding: the bundled models
through the desk, and every network of the other tests by every rule."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

import resources
from engine import phantoms
from engine.answering import Desk
from engine.evidence.effects import Effect
from engine.presets import PRESETS
from engine.questions import (
    Asked,
    Control,
    Edit,
    Explain,
    MapKernels,
    Network,
    Question,
    Ranked,
    RankKernels,
    Subject,
    WhatIf,
    WhatIfAnswer,
)
from engine.results import Explanation, KernelMaps, Method
from engine.rules import RULES
from engine.shapes import box
from tests.engine.small_networks import (
    FAMILIES,
    NETWORKS,
    assert_close,
    built,
    image,
    read,
    taken_back,
)

pytestmark = pytest.mark.skipif(
    not torch.cuda.is_available(), reason="needs a CUDA device, and a PyTorch made for it"
)
# Of a map's root mean square: a gate that rounding turns over moves the map below it, 0.7 % at most
# on an H100. With PyTorch's own default for cards (TF32) it is 17 %.
_APART = 0.02
_SUBJECT = Subject(phantoms.make("hand").image, "DX")


class Pair:
    """The same model on both devices."""

    def __init__(self, name: str) -> None:
        folder: Path = resources.model_folder(name)
        self.desks = {device: Desk() for device in ("cpu", "cuda")}
        self.networks = {device: Network(folder, device) for device in self.desks}

    def ask(self, asked: Asked) -> Iterator[object]:
        for device, desk in self.desks.items():
            yield desk.answer(Question("hand", self.networks[device], asked, _SUBJECT))


@pytest.fixture(scope="module", params=["deep", "shallow"])
def pair(request: pytest.FixtureRequest) -> Pair:
    return Pair(request.param)


def _explanations(pair: Pair, asked: Explain) -> tuple[Explanation, Explanation]:
    first, second = pair.ask(asked)
    assert isinstance(first, Explanation)
    assert isinstance(second, Explanation)
    return first, second


def _apart(first: np.ndarray, second: np.ndarray) -> float:
    scale = float(np.sqrt(np.square(first, dtype=np.float64).mean()))
    rest = float(np.sqrt(np.square(first - second, dtype=np.float64).mean()))
    return rest / scale if scale else rest


@pytest.mark.parametrize("preset", PRESETS)
def test_the_maps_are_those_of_the_processor(pair: Pair, preset: str) -> None:
    method = PRESETS[preset]
    if not isinstance(method, Method):
        pytest.skip("a second opinion, by another package")
    on_cpu, on_card = _explanations(pair, Explain(method))
    assert on_card.device.startswith("GPU")
    assert [p.name for p in on_cpu.predictions] == [p.name for p in on_card.predictions]
    for first, second in zip(on_cpu.predictions, on_card.predictions, strict=True):
        assert first.probability == pytest.approx(second.probability, abs=1e-4)
    for one, other in zip(on_cpu.layers, on_card.layers, strict=True):
        assert one.name == other.name
        assert _apart(one.values, other.values) < _APART, one.name


def test_kernels_rank_and_look_alike(pair: Pair) -> None:
    on_cpu, _ = _explanations(pair, Explain(PRESETS["gradient"]))
    names = tuple(layer.name for layer in on_cpu.layers)
    for by in ("activation", "class", "region"):
        region = box(100, 100, 500, 600) if by == "region" else None
        asked = RankKernels(by, PRESETS["gradient"], on_cpu.target, names, region)
        first, second = pair.ask(asked)
        assert isinstance(first, Ranked)
        assert isinstance(second, Ranked)
        assert first.total == second.total
        scale = abs(first.scores[0].score)
        for one, other in zip(first.scores[:20], second.scores[:20], strict=True):
            assert one.score == pytest.approx(other.score, abs=2e-3 * scale)
    first, second = pair.ask(MapKernels(names[2], (0, 3, 5), PRESETS["gradient"], on_cpu.target))
    assert isinstance(first, KernelMaps)
    assert isinstance(second, KernelMaps)
    assert _apart(first.values, second.values) < _APART


def test_interventions_answer_alike(pair: Pair) -> None:
    edit = Edit(box(200, 200, 420, 500))
    first, second = pair.ask(WhatIf((edit,), alone=True))
    assert isinstance(first, WhatIfAnswer)
    assert isinstance(second, WhatIfAnswer)
    assert first.after == pytest.approx(second.after, abs=1e-4)
    np.testing.assert_allclose(first.alone, second.alone, atol=1e-4)
    one, other = pair.ask(Control(edit, first.classes[0], places=4))
    assert isinstance(one, Effect)
    assert isinstance(other, Effect)
    assert one.change == pytest.approx(other.change, abs=1e-4)


def test_the_same_question_twice_gives_the_same_maps(pair: Pair) -> None:
    _, first = _explanations(pair, Explain(PRESETS["gradient"]))
    fresh = Pair(pair.networks["cuda"].model.name)
    _, second = _explanations(fresh, Explain(PRESETS["gradient"]))
    for one, other in zip(first.layers, second.layers, strict=True):
        assert _apart(one.values, other.values) < 1e-5


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("name", [*NETWORKS, *FAMILIES])
def test_any_network_is_read_and_taken_back_on_the_card(name: str, rule: str) -> None:
    """In float64, where nothing is rounded so far that a gate turns over."""
    maps = {}
    for device in ("cpu", "cuda"):
        network, layers = built(name)
        graph, recording = read(network.to(device), layers, image(33, 40).to(device))
        for layer in layers:
            step = graph.step_of(layer)
            row = taken_back(graph, recording, step, recording.kept[step], rule)
            assert row.device.type == device
            maps[device, layer] = row.cpu()
    for layer in layers:
        assert_close(maps["cuda", layer], maps["cpu", layer], 1e-9)
