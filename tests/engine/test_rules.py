"""The rules: what each passes, by hand; homogeneity and linearity through whole networks; and the
same answer however a rectifier is written."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.nn import functional as F

from engine import seeds
from engine.operations.base import Operation, Way
from engine.operations.convolution import channels_last
from engine.operations.joins import Product, Quotient
from engine.operations.normalisation import OwnStatistics
from engine.operations.rectifier import Gate, Rectifier, Softmax, Steps, Unit
from engine.rules import RULES
from tests.engine.small_networks import (
    FAMILIES,
    NETWORKS,
    Written,
    assert_close,
    built,
    image,
    noise,
    randomised,
    read,
    taken_back,
)

SIGNAL = [-2.0, 3.0, -1.0, 5.0, 4.0]
INPUT = [1.0, 2.0, -3.0, -4.0, 0.0]
Body = Callable[..., Tensor]


def _row(values: list[float]) -> Tensor:
    return torch.tensor([[values]], dtype=torch.float64)


def _passed(operation: Operation, rule: str, *inputs: Tensor) -> list[Tensor | None]:
    _, record = operation.forward(*inputs)
    return list(operation.back(_row(SIGNAL), record, Way(RULES[rule])))


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("linear", [-2.0, 3.0, -1.0, 5.0, 4.0]),
        ("gradient", [-2.0, 3.0, 0.0, 0.0, 0.0]),
        ("frozen", [-2.0, 3.0, 0.0, 0.0, 0.0]),
        ("deconvnet", [0.0, 3.0, 0.0, 5.0, 4.0]),
        ("guided", [0.0, 3.0, 0.0, 0.0, 0.0]),
    ],
)
def test_what_passes_a_rectifier(rule: str, expected: list[float]) -> None:
    out, record = Rectifier().forward(_row(INPUT))
    assert out.flatten().tolist() == [1.0, 2.0, 0.0, 0.0, 0.0]
    signal = _row(SIGNAL)
    (back,) = Rectifier().back(signal, record, Way(RULES[rule]))
    assert back is not None
    assert back.flatten().tolist() == expected
    assert signal.flatten().tolist() == SIGNAL
    assert record.flatten().tolist() == out.flatten().tolist()


def test_the_rules_differ_on_rectifiers_as_their_table_says() -> None:
    gates = {name: (rule.gates_forward, rule.gates_signal) for name, rule in RULES.items()}
    assert gates["linear"] == (False, False)
    assert gates["gradient"] == gates["frozen"] == (True, False)
    assert gates["deconvnet"] == (False, True)
    assert gates["guided"] == (True, True)
    assert [name for name, rule in RULES.items() if rule.slopes] == ["gradient"]
    assert [name for name, rule in RULES.items() if rule.is_linear] == [
        *("linear", "gradient", "frozen")
    ]


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("linear", [-2.0, 3.0, -1.0, 5.0, 4.0]),
        ("gradient", [-2.0, 3.0, -0.1, 0.5, 0.4]),
        ("frozen", [-2.0, 3.0, -0.1, 0.5, 0.4]),
        ("deconvnet", [0.0, 3.0, 0.0, 5.0, 4.0]),
        ("guided", [0.0, 3.0, 0.0, 0.5, 0.4]),
    ],
)
def test_what_passes_a_leaky_rectifier(rule: str, expected: list[float]) -> None:
    unit = Unit(lambda values: F.leaky_relu(values, 0.1))
    (back,) = _passed(unit, rule, _row(INPUT))
    assert back is not None
    assert back.flatten().tolist() == pytest.approx(expected)


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("linear", [-2.0, 3.0, -1.0, 5.0, 4.0]),
        ("gradient", [-4.0, 12.0, 6.0, -40.0, 0.0]),  # 2 x
        ("frozen", [-2.0, 6.0, 3.0, -20.0, 0.0]),  # x² / x
        ("deconvnet", [0.0, 3.0, 0.0, 5.0, 4.0]),
        ("guided", [0.0, 6.0, 0.0, -20.0, 0.0]),
    ],
)
def test_what_passes_a_smooth_unit(rule: str, expected: list[float]) -> None:
    """On the square, whose gate and slope are easily told apart."""
    (back,) = _passed(Unit(torch.square), rule, _row(INPUT))
    assert back is not None
    assert back.flatten().tolist() == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize("function", [F.silu, F.gelu, torch.tanh, F.mish, torch.expm1])
def test_the_gate_of_a_smooth_unit_is_its_slope_where_the_input_is_zero(function: Body) -> None:
    values = _row([0.0, 1e-9, -1e-9, 1e-5, -1e-5])
    gates = Unit(function).gate(values, slopes=False)
    slopes = Unit(function).gate(values, slopes=True)
    assert bool(gates.isfinite().all())
    assert torch.allclose(gates, slopes, atol=2e-5, rtol=0)


@pytest.mark.parametrize("operation", [Gate(torch.sigmoid), Softmax(2), Steps(torch.sign)])
@pytest.mark.parametrize("rule", RULES)
def test_nothing_passes_a_gate_that_is_held(operation: Operation, rule: str) -> None:
    (back,) = _passed(operation, rule, _row(INPUT))
    carries = rule == "gradient" and not isinstance(operation, Steps)
    assert (back is not None and bool(back.any())) is carries


@pytest.mark.parametrize("rule", RULES)
def test_a_product_passes_the_signal_times_the_other_and_a_quotient_holds_its_divisor(
    rule: str,
) -> None:
    other = [2.0, -1.0, 0.5, 4.0, 3.0]
    by_hand = (
        [s * o for s, o in zip(SIGNAL, other, strict=True)],
        [s * i for s, i in zip(SIGNAL, INPUT, strict=True)],
    )
    shares = _passed(Product(), rule, _row(INPUT), _row(other))
    assert [share.flatten().tolist() for share in shares if share is not None] == list(by_hand)
    first, second = _passed(Quotient(), rule, _row(INPUT), _row(other))
    assert first is not None
    assert first.flatten().tolist() == pytest.approx(
        [s / o for s, o in zip(SIGNAL, other, strict=True)]
    )
    if rule == "gradient":
        assert second is not None
        assert second.flatten().tolist() == pytest.approx(
            [-s * i / o**2 for s, i, o in zip(SIGNAL, INPUT, other, strict=True)]
        )
    else:
        assert second is None


@pytest.mark.parametrize("rule", RULES)
def test_a_norm_of_the_images_own_is_held_by_all_rules_but_gradient(rule: str) -> None:
    operation = OwnStatistics((1, 5), None, None, 0.0)
    (back,) = _passed(operation, rule, _row(INPUT))
    values, signal = _row(INPUT), _row(SIGNAL)
    deviation = values.var(correction=0).sqrt()
    if rule == "gradient":
        leaf = values.clone().requires_grad_()
        normal = F.layer_norm(leaf, (5,), eps=0.0)
        (expected,) = torch.autograd.grad(normal, leaf, signal)
    else:
        expected = signal / deviation
    assert back is not None
    assert_close(back, expected)


def test_relu6_is_cut_off_at_both_ends() -> None:
    maps = torch.tensor([-1.0, 0.0, 0.5, 5.9, 6.0, 7.0]).view(1, 1, 1, 6).requires_grad_()
    expected = torch.nn.functional.relu6(maps)
    (vjp,) = torch.autograd.grad(expected.sum(), maps)
    out, record = Rectifier(6.0).forward(maps.detach())
    assert torch.equal(out, expected.detach())
    for rule, passes in (("gradient", vjp), ("frozen", vjp), ("linear", torch.ones_like(vjp))):
        (back,) = Rectifier(6.0).back(torch.ones_like(vjp), record, Way(RULES[rule]))
        assert back is not None
        assert torch.equal(back, passes)
    assert vjp.flatten().tolist() == [0, 0, 1, 1, 0, 0]


@pytest.mark.parametrize("name", [*NETWORKS, *FAMILIES])
@pytest.mark.parametrize("rule", RULES)
@settings(derandomize=True, deadline=None, max_examples=5, database=None)
@given(exponent=st.floats(-6, 6))
def test_every_rule_is_positively_homogeneous(name: str, rule: str, exponent: float) -> None:
    factor = 10.0**exponent
    network, layers = built(name)
    graph, recording = read(network, layers, image(19, 16))
    step = graph.step_of(layers[-2])
    seed = noise(*recording.kept[step].shape, seed=1)
    once = taken_back(graph, recording, step, seed, rule)
    scaled = taken_back(graph, recording, step, seed * factor, rule)
    assert_close(scaled, once * factor)


@pytest.mark.parametrize("name", [*NETWORKS, *FAMILIES])
@pytest.mark.parametrize("rule", RULES)
def test_rules_that_are_linear_are_linear_in_the_seed_and_no_others(name: str, rule: str) -> None:
    network, layers = built(name)
    graph, recording = read(network, layers, image(19, 16))
    step = graph.step_of(layers[-2])
    first, second = (noise(*recording.kept[step].shape, seed=seed) for seed in (1, 2))
    both = taken_back(graph, recording, step, 2 * first - 3 * second, rule)
    apart = 2 * taken_back(graph, recording, step, first, rule) - 3 * taken_back(
        graph, recording, step, second, rule
    )
    if RULES[rule].is_linear:
        assert_close(both, apart)
    else:
        assert float((both - apart).abs().max()) > 1e-2 * float(apart.abs().max())


# --- P8: sums over kernels -------------------------------------------------------------------


@pytest.mark.parametrize("name", [*NETWORKS, *FAMILIES])
@pytest.mark.parametrize("rule", RULES)
def test_kernel_maps_sum_to_the_layer_map_where_the_rule_is_linear(name: str, rule: str) -> None:
    network, layers = built(name)
    graph, recording = read(network, layers, image(21, 18))
    differences = []
    for layer in layers:
        step = graph.step_of(layer)
        kept = recording.kept[step]
        kernels = torch.arange(kept.shape[1])
        apart = taken_back(graph, recording, step, seeds.of_kernels(kept, kernels), rule)
        assert len(apart) == kept.shape[1]
        whole = taken_back(graph, recording, step, seeds.full(kept), rule)
        total = apart.sum(0, keepdim=True)
        if RULES[rule].is_linear:
            assert_close(total, whole)
        else:
            differences.append(float((total - whole).norm() / whole.norm()))
    assert not differences or max(differences) > 0.01


@pytest.mark.parametrize("name", NETWORKS)
def test_class_responses_sum_to_the_map_of_the_class_layer(name: str) -> None:
    """Σ_c R(x|c) = the map of the unrestricted last layer (CLEAR eqs. 2 and 3)."""
    network, layers = built(name)
    graph, recording = read(network, layers, image(21, 18))
    step = graph.step_of("classes")
    kept = recording.kept[step]
    for rule in ("linear", "gradient", "frozen"):
        apart = taken_back(graph, recording, step, seeds.of_kernels(kept, torch.arange(3)), rule)
        whole = taken_back(graph, recording, step, kept, rule)
        assert_close(apart.sum(0, keepdim=True), whole)


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
    peaks = seeds.peak(activation, torch.tensor([2, 0]))
    expected = torch.zeros(2, 4, 2, 3)
    expected[0, 2, 0, 1], expected[1, 0, 1, 2] = 9, 3
    assert torch.equal(peaks, expected)
    places, values = seeds.peaks_of(activation)
    assert places.tolist() == [[1, 2], [0, 0], [0, 1], [0, 0]]
    assert values.tolist() == [3, 0, 9, 4]
    single = seeds.of_kernels(activation, torch.arange(4))
    assert single.shape == (4, 4, 2, 3)
    assert torch.equal(single.sum(0, keepdim=True), activation)
    assert all(torch.equal(single[k, k], activation[0, k]) for k in range(4))
    assert torch.equal(seeds.of_kernels(activation, torch.tensor([2])), single[2:3])
    assert torch.equal(seeds.uniform(activation), torch.full((1, 4, 2, 3), 1 / 6))
    one = seeds.of_position(activation, (1, 2), kernel=0)
    assert one.nonzero().tolist() == [[0, 0, 1, 2]]
    assert float(one.sum()) == 3
    column = seeds.of_position(activation, (0, 1), kernel=None)
    assert column[0, :, 0, 1].tolist() == [2, 0, 9, 0]
    assert float(column.sum()) == 11
    signal = torch.randn(1, 4, 2, 3, generator=torch.Generator().manual_seed(0))
    assert torch.equal(seeds.class_share(activation, signal), activation * signal)


@pytest.mark.parametrize("sides", [(7,), (5, 6), (9, 8), (3, 4, 5)])
@pytest.mark.parametrize("tied", [False, True])
def test_peaks_by_slow_loops(sides: tuple[int, ...], tied: bool) -> None:
    """The first position in memory order where several are equal, also of maps that lie
    channels-last in memory or are negative everywhere."""
    activation = noise(1, 6, *sides)
    activation = activation.round() if tied else activation
    activation[:, 2] -= 10
    for maps in (activation, channels_last(activation)):
        places, values = seeds.peaks_of(maps)
        for kernel in range(6):
            best = max(np.ndindex(*sides), key=lambda at, k=kernel: float(activation[(0, k, *at)]))
            assert tuple(places[kernel].tolist()) == best
            assert values[kernel] == activation[(0, kernel, *best)]
        peaks = seeds.peak(maps, torch.tensor([4, 2]))
        assert [int(row.count_nonzero()) for row in peaks] == [1, 1]
        assert peaks[1].sum() == activation[0, 2].max() < 0


# --- P11: every way to write a rectifier -----------------------------------------------------


STYLES: dict[str, Callable[[nn.Module, Tensor], Tensor]] = {
    "another module": lambda s, x: s.other(x),
    "in-place module": lambda s, x: s.in_place(x),
    "in-place module of a large ceiling": lambda s, x: nn.Hardtanh(0, 1e9, inplace=True)(x),
    "F.relu": lambda s, x: F.relu(x),
    "F.relu in place": lambda s, x: F.relu(x, inplace=True),
    "torch.relu": lambda s, x: torch.relu(x),
    "method": lambda s, x: x.relu(),
    "in-place method": lambda s, x: x.relu_(),
    "clamp": lambda s, x: x.clamp(min=0),
    "clamp in place": lambda s, x: x.clamp_(min=0),
    "clamp_min": lambda s, x: torch.clamp_min(x, 0),
    "threshold": lambda s, x: F.threshold(x, 0, 0),
    "hard tanh without an end": lambda s, x: F.hardtanh(x, 0, float("inf")),
    "leaky with slope zero": lambda s, x: F.relu(F.leaky_relu(x, 1.0)),
}


class Styled(nn.Module):
    """The same function, its rectifiers written in one of many ways."""

    def __init__(self, rectify: Callable[[nn.Module, Tensor], Tensor]) -> None:
        super().__init__()
        self.a = nn.Conv2d(1, 4, 3, padding=1)
        self.b = nn.Conv2d(4, 4, 3, padding=1, groups=2)
        self.classes = nn.Conv2d(4, 2, 1)
        self.relu, self.other = nn.ReLU(), nn.ReLU()
        self.in_place = nn.ReLU(inplace=True)
        self.drop = nn.Dropout(0.5)
        self.rectify = rectify

    def forward(self, maps: Tensor) -> Tensor:
        maps = self.rectify(self, self.a(maps))
        maps = self.rectify(self, self.b(maps)) + maps
        out: Tensor = self.classes(self.drop(maps)).mean(dim=(-2, -1))
        return out


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("rule", RULES)
def test_every_way_to_write_a_rectifier_gives_the_same(style: str, rule: str) -> None:
    picture = image(10, 11)
    seed = torch.tensor([[1.0, -0.5]], dtype=torch.float64)
    rows = []
    for rectify in (lambda s, x: s.relu(x), STYLES[style]):
        network = randomised(Styled(rectify))
        graph, recording = read(network, (), picture)
        assert_close(recording.logits, network(picture.clone()).detach())
        rows.append(taken_back(graph, recording, len(graph.steps) - 1, seed, rule))
    assert torch.equal(rows[0], rows[1])


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize(
    ("one", "other"),
    [
        (lambda x: F.glu(x, 1), lambda x: x[:, :2] * torch.sigmoid(x[:, 2:])),
        (lambda x: x.mean((2, 3)), lambda x: F.adaptive_avg_pool2d(x, 1)),
        (lambda x: x.mean((2, 3)), lambda x: x.sum((2, 3)) / 30),
        (lambda x: F.adaptive_max_pool2d(x, 1), lambda x: x.amax((2, 3), keepdim=True)),
        (lambda x: F.adaptive_max_pool2d(x, 1), lambda x: F.max_pool2d(x, (6, 5))),
        (lambda x: F.group_norm(x, 4), F.instance_norm),
        (lambda x: F.normalize(x, dim=1), lambda x: x / (x * x).sum(1, keepdim=True).sqrt()),
        (F.relu6, lambda x: x.clamp(0, 6)),
    ],
    ids=["glu", "mean", "sum", "amax", "max pooling", "norm", "normalize", "relu6"],
)
def test_what_functions_do_is_the_same_by_hand(one: Body, other: Body, rule: str) -> None:
    rows = []
    for function in (one, other):
        network = Written(lambda x, f=function: torch.flatten(f(x), 1) * 1.0).eval()
        graph, recording = read(network, (), noise(1, 4, 6, 5))
        seed = noise(3, recording.logits.shape[1], seed=9)
        rows.append(taken_back(graph, recording, len(graph.steps) - 1, seed, rule))
    assert_close(rows[0], rows[1])
