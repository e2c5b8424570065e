"""The four rules: what each passes, by hand; homogeneity and linearity through whole networks."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from engine.operations.base import Way
from engine.operations.rectifier import Rectifier
from engine.rules import RULES
from tests.engine.small_networks import NETWORKS, assert_close, built, image, read, taken_back

SIGNAL = [[-2.0, 3.0, -1.0, 5.0, 4.0]]
INPUT = [[1.0, 2.0, -3.0, -4.0, 0.0]]


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("linear", [-2.0, 3.0, -1.0, 5.0, 4.0]),
        ("gradient", [-2.0, 3.0, 0.0, 0.0, 0.0]),
        ("deconvnet", [0.0, 3.0, 0.0, 5.0, 4.0]),
        ("guided", [0.0, 3.0, 0.0, 0.0, 0.0]),
    ],
)
def test_what_passes_a_rectifier(rule: str, expected: list[float]) -> None:
    out, gate = Rectifier().forward(torch.tensor([[INPUT]]))
    assert out.flatten().tolist() == [1.0, 2.0, 0.0, 0.0, 0.0]
    (back,) = Rectifier().back(torch.tensor([[SIGNAL]]), gate, Way(RULES[rule]))
    assert back.flatten().tolist() == expected


def test_relu6_is_cut_off_at_both_ends() -> None:
    maps = torch.tensor([-1.0, 0.0, 0.5, 5.9, 6.0, 7.0]).view(1, 1, 1, 6).requires_grad_()
    expected = torch.nn.functional.relu6(maps)
    (vjp,) = torch.autograd.grad(expected.sum(), maps)
    out, gate = Rectifier(6.0).forward(maps.detach())
    assert torch.equal(out, expected.detach())
    assert gate.flatten().tolist() == [False, False, True, True, False, False]
    assert torch.equal(gate.to(vjp.dtype), vjp)


def _seeds(shape: torch.Size, *numbers: int) -> list[Tensor]:
    return [
        torch.randn(shape, generator=torch.Generator().manual_seed(n), dtype=torch.float64)
        for n in numbers
    ]


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("rule", RULES)
@settings(derandomize=True, deadline=None, max_examples=5, database=None)
@given(exponent=st.floats(-6, 6))
def test_every_rule_is_positively_homogeneous(name: str, rule: str, exponent: float) -> None:
    factor = 10.0**exponent
    network, layers = built(name)
    graph, recording = read(network, layers, image(19, 16))
    step = graph.step_of(layers[-2])
    (seed,) = _seeds(recording.kept[step].shape, 1)
    once = taken_back(graph, recording, step, seed, rule)
    scaled = taken_back(graph, recording, step, seed * factor, rule)
    assert_close(scaled, once * factor)


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("rule", RULES)
def test_linear_and_gradient_alone_are_linear_in_the_seed(name: str, rule: str) -> None:
    network, layers = built(name)
    graph, recording = read(network, layers, image(19, 16))
    step = graph.step_of(layers[-2])
    first, second = _seeds(recording.kept[step].shape, 1, 2)
    both = taken_back(graph, recording, step, 2 * first - 3 * second, rule)
    apart = 2 * taken_back(graph, recording, step, first, rule) - 3 * taken_back(
        graph, recording, step, second, rule
    )
    if rule in ("linear", "gradient"):
        assert_close(both, apart)
    else:
        assert float((both - apart).abs().max()) > 1e-2 * float(apart.abs().max())
