"""Both passes over a graph: the growing batch, its halves, what arrives, and the way forward."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch.nn import functional as F

from engine.errors import ModelError, UnsupportedOperationError
from engine.graph import Graph, Recording
from engine.operations.base import Operation, Signals, Way
from engine.passes import CPU_BUDGET, GPU_BUDGET, accumulate, back_project, budget_for, push_forward
from engine.rules import RULES
from tests.engine.small_networks import (
    FAMILIES,
    NETWORKS,
    Written,
    assert_close,
    built,
    image,
    noise,
    output_of,
    read,
    taken_back,
)

REPEATABLE = settings(derandomize=True, deadline=None, max_examples=50, database=None)
LINEAR_RULES = tuple(name for name, rule in RULES.items() if rule.is_linear)
EVERY = [*NETWORKS, *FAMILIES]
UNLIMITED = 1 << 60


# --- the growing batch -----------------------------------------------------------------------


@pytest.mark.parametrize("name", EVERY)
@pytest.mark.parametrize("rule", RULES)
def test_growing_batch_equals_one_pass_for_each_layer(name: str, rule: str) -> None:
    """Several seeds a layer, some of them on a branch only: rows come in the order of joining, and
    are empty on branches that have not met the seeds of their neighbours."""
    network, layers = built(name)
    every = (*layers, *(["side"] if name == "residual" else []))
    graph, recording = read(network, every, image(21, 18))
    steps = {graph.step_of(layer) for layer in every}
    order: list[tuple[int, Tensor]] = []

    def seeds_at(step: int, arrived: Tensor | None) -> Tensor | None:
        if step not in steps:
            return None
        assert arrived is None or len(arrived) <= sum(len(seed) for _, seed in order)
        kept = recording.kept[step]
        seed = torch.cat((kept, -kept, kept**2)) if step % 2 else kept
        order.append((step, seed))
        return seed

    with torch.no_grad():
        rows = back_project(graph, recording, Way(RULES[rule]), seeds_at)
    alone = torch.cat([taken_back(graph, recording, *item, rule) for item in order])
    assert len(order) == len(steps)
    assert [step for step, _ in order] == sorted(steps, reverse=True)
    assert_close(rows, alone)


@pytest.mark.parametrize("budget", [1, 3000, UNLIMITED])
def test_arrived_is_the_signal_of_the_seeds_above(budget: int) -> None:
    """What a layer is told has arrived is the gradient of the logit with respect to it."""
    network, _ = built("residual")
    picture = image(21, 18)
    graph, recording = read(network, ("stem", "joined"), picture)
    last = len(graph.steps) - 1
    told: dict[int, Tensor] = {}

    def seeds_at(step: int, arrived: Tensor | None) -> Tensor | None:
        if step == last:
            assert arrived is None
            return torch.eye(3, dtype=torch.float64)[[1, 0, 2]]
        if step in recording.kept:
            assert arrived is not None
            told[step] = arrived.clone()
        return None

    back_project(graph, recording, Way(RULES["gradient"]), seeds_at, budget)
    for layer in ("stem", "joined"):
        maps, logits = output_of(network, layer, picture)
        (vjp,) = torch.autograd.grad(logits[0, 1], maps)
        assert_close(told[graph.step_of(layer)][:1], vjp)


@pytest.mark.parametrize("budget", [1, 2000, UNLIMITED])
@pytest.mark.parametrize("layer", ["stem", "block", "joined"])
def test_the_way_back_can_end_at_any_layer(layer: str, budget: int) -> None:
    network, layers = built("residual")
    picture = image(14, 13)
    graph, recording = read(network, layers, picture)
    last, step = len(graph.steps) - 1, graph.step_of(layer)
    seed = torch.eye(3, dtype=torch.float64)
    found = back_project(
        graph,
        recording,
        Way(RULES["gradient"]),
        lambda at, _: seed if at == last else None,
        budget,
        to=step,
    )
    maps, logits = output_of(network, layer, picture)
    rows = [torch.autograd.grad(logits, maps, row[None], retain_graph=True)[0] for row in seed]
    assert_close(found, torch.cat(rows))


def test_seeds_that_nothing_takes_to_the_image_give_empty_maps() -> None:
    """The weights of squeeze and excitation are held by all rules but gradient."""
    network, _ = built("weighed")
    graph, recording = read(network, (), image(12, 11))
    step = graph.step_of("excite")
    seed = noise(2, *graph.steps[step].shape[1:])
    assert not taken_back(graph, recording, step + 1, seed, "frozen").any()
    assert taken_back(graph, recording, step + 1, seed, "gradient").any()


def test_accumulate_adds_what_is_there_and_keeps_the_rest() -> None:
    short, long = torch.tensor([[1.0], [2.0]]), torch.tensor([[10.0], [20.0], [30.0]])
    assert accumulate(None, short) is short
    for first, second in ((short, long), (long, short)):
        assert accumulate(first, second).tolist() == [[11.0], [22.0], [30.0]]
    assert accumulate(short, short).tolist() == [[2.0], [4.0]]
    assert short.tolist() == [[1.0], [2.0]]
    assert long.tolist() == [[10.0], [20.0], [30.0]]


@pytest.mark.parametrize("budget", [1, UNLIMITED])
def test_no_seed_at_all_is_an_error(budget: int) -> None:
    network, layers = built("strided")
    graph, recording = read(network, layers, image(9, 9))
    with pytest.raises(ModelError, match="no seed"):
        back_project(graph, recording, Way(RULES["linear"]), lambda step, arrived: None, budget)


# --- the budget ------------------------------------------------------------------------------


@REPEATABLE
@given(
    st.sampled_from(EVERY),
    st.sampled_from(sorted(RULES)),
    st.one_of(st.integers(1, 20_000), st.integers(1, 400_000)),
    st.lists(st.integers(0, 5), min_size=6, max_size=6),
    st.integers(2, 5),
)
def test_every_budget_gives_the_same_maps(
    name: str, rule: str, budget: int, counts: list[int], classes: int
) -> None:
    """Seeds of the logits, of all layers, and of what has arrived at them from the first logit."""
    network, layers = built(name)
    graph, recording = read(network, layers, image(17, 14))
    last = len(graph.steps) - 1
    wanted = {graph.step_of(layer): n for layer, n in zip(layers, counts, strict=False)}

    def seeds_at(step: int, arrived: Tensor | None) -> Tensor | None:
        if step == last:
            return noise(classes, 3, seed=6)
        if not wanted.get(step):
            return None
        kept = recording.kept[step]
        seeds = kept * noise(wanted[step], *kept.shape[1:], seed=step)
        return seeds if arrived is None else torch.cat((seeds, kept * arrived[:1]))

    way = Way(RULES[rule])
    whole = back_project(graph, recording, way, seeds_at, UNLIMITED)
    split = back_project(graph, recording, way, seeds_at, budget)
    assert_close(split, whole)


@dataclass(frozen=True, eq=False)
class Watched(Operation):
    """An operation that notes how many bytes go into it and come out of it on the way back."""

    operation: Operation
    sizes: list[tuple[int, int]]
    rows: int

    def back(self, signal: Tensor, record: Any, way: Way) -> Signals:
        shares = self.operation.back(signal, record, way)
        for share in shares:
            if share is not None:
                self.sizes.append((len(signal) // self.rows, share.numel() * 8))
        return shares


def _watched(graph: Graph, sizes: list[tuple[int, int]]) -> Graph:
    steps = (
        replace(step, operation=Watched(step.operation, sizes, step.shape[0]))
        if step.operation
        else step
        for step in graph.steps
    )
    return replace(graph, steps=tuple(steps))


@pytest.mark.parametrize("name", EVERY)
def test_no_batch_outgrows_its_budget(name: str) -> None:
    network, layers = built(name)
    graph, recording = read(network, layers, image(17, 14))
    last = len(graph.steps) - 1
    sizes: list[tuple[int, int]] = []
    budget = 5 * 8 * max(step.shape.numel() for step in graph.steps)
    seed = noise(12, 3)
    back_project(
        _watched(graph, sizes),
        recording,
        Way(RULES["gradient"]),
        lambda at, _: seed if at == last else None,
        budget,
    )
    assert max(size for _, size in sizes) <= budget
    assert max(rows for rows, _ in sizes) == 12  # whole where it fits
    assert min(rows for rows, _ in sizes) <= 5
    sizes.clear()
    back_project(
        _watched(graph, sizes),
        recording,
        Way(RULES["gradient"]),
        lambda at, _: seed if at == last else None,
        1,
    )
    assert {rows for rows, _ in sizes} == {1}  # no more can be split off


def test_a_device_has_its_own_budget() -> None:
    assert budget_for(torch.device("cpu")) == CPU_BUDGET
    assert budget_for(torch.device("cuda")) == GPU_BUDGET > CPU_BUDGET


# --- rows that share their axis with parts of the image --------------------------------------


def _rows(x: Tensor) -> Tensor:
    """All positions as rows of one matrix, channels along them: [1, 3, 5, 7] → [35, 3]."""
    return x.permute(0, 2, 3, 1).reshape(-1, 3)


SHARED: dict[str, Callable[[Tensor], Tensor]] = {
    "linear": lambda x: _rows(x) @ noise(3, 4),
    "rectifier": lambda x: F.relu(_rows(x)),
    "smooth unit": lambda x: F.silu(_rows(x)),
    "softmax": lambda x: _rows(x).softmax(1),
    "product": lambda x: _rows(x) * torch.sigmoid(_rows(x)),
    "product with a constant": lambda x: _rows(x) * noise(35, 1),
    "sum with a constant": lambda x: F.relu(_rows(x) + noise(35, 3)),
    "layer norm": lambda x: F.layer_norm(_rows(x), (3,)),
    "group norm": lambda x: F.group_norm(x.reshape(5, 3, 7), 3),
    "batch norm": lambda x: F.batch_norm(_rows(x), noise(3), noise(3).abs()),
    "concatenation": lambda x: torch.cat((_rows(x), 2 * _rows(x)), 1),
    "norm": lambda x: F.normalize(_rows(x), dim=1),
    "choice": lambda x: torch.where(_rows(x) > 0, _rows(x), 0.1 * _rows(x)),
    "max pooling of slices": lambda x: F.max_pool2d(x.reshape(3, 1, 5, 7), 2),
    "convolution of slices": lambda x: F.conv2d(x.reshape(3, 1, 5, 7), noise(2, 1, 3, 3)),
    "convolution without a batch": lambda x: F.relu(F.conv2d(x[0:1].squeeze(0), noise(2, 3, 3, 3))),
}


@pytest.mark.parametrize("name", SHARED)
def test_parts_of_the_image_in_the_axis_of_the_rows_are_right_or_refused(name: str) -> None:
    """Linear layers on maps see positions as rows; encoders of slices see slices so. Whatever is
    read must be right for several seeds, halved or not, and in both directions."""
    network = Written(lambda x: SHARED[name](x).reshape(1, -1)).eval()
    picture = noise(1, 3, 5, 7, seed=3)
    try:
        graph, recording = read(network, (), picture)
    except UnsupportedOperationError as error:
        assert "batch" in str(error)  # noqa: PT017
        return
    leaf = picture.clone().requires_grad_()
    answer = network(leaf)
    assert_close(recording.logits, answer.detach())
    seeds = noise(3, answer.shape[1], seed=4)
    rows = [torch.autograd.grad(answer, leaf, row[None], retain_graph=True)[0] for row in seeds]
    last = len(graph.steps) - 1
    for budget in (1, UNLIMITED):
        way = Way(RULES["gradient"])
        found = back_project(
            graph, recording, way, lambda at, _: seeds if at == last else None, budget
        )
        assert_close(found, torch.cat(rows))
    regions = noise(2, 3, 5, 7, seed=5)
    pushed = push_forward(graph, recording, way, regions, [last])[last]
    assert_close(pushed @ seeds.T, regions.flatten(1) @ found.flatten(1).T, 1e-11)


# --- the way forward: the adjoint trick ------------------------------------------------------


def _masks(graph: Graph) -> Tensor:
    masks = torch.zeros(2, *graph.input_shape[1:], dtype=torch.float64)
    masks[0] = 1
    masks[1, :, 2:9, 3:7] = 1
    return masks


@pytest.mark.parametrize("name", EVERY)
@pytest.mark.parametrize("rule", LINEAR_RULES)
@pytest.mark.parametrize("unpooling", ["switch", "nearest", "average"])
def test_regions_pushed_forward_weigh_every_seed_like_its_map(
    name: str, rule: str, unpooling: str
) -> None:
    """P1 through whole networks: ⟨push(region), seed⟩ = ⟨region, map(seed)⟩ at every layer; with
    the region 1 everywhere that is the sum of the map."""
    network, layers = built(name)
    graph, recording = read(network, layers, image(19, 16))
    regions = torch.cat((_masks(graph), noise(2, *graph.input_shape[1:], seed=4)))
    way = Way(RULES[rule], unpooling)
    pushed = push_forward(graph, recording, way, regions, recording.kept)
    assert set(pushed) == set(recording.kept)
    for step, signals in pushed.items():
        assert signals.shape == (4, *recording.kept[step].shape[1:])
        seeds = torch.cat((recording.kept[step], noise(2, *signals.shape[1:], seed=5)))
        maps = taken_back(graph, recording, step, seeds, rule, unpooling)
        there = signals.flatten(1) @ seeds.flatten(1).T
        here = regions.flatten(1) @ maps.flatten(1).T
        size = float(regions.norm() * maps.norm() + signals.norm() * seeds.norm())
        assert float((there - here).abs().max()) <= 1e-12 * size
        assert float(here[0, 0]) == pytest.approx(float(maps[0].sum()))


def test_one_push_gives_the_mass_of_every_kernels_map_in_a_region() -> None:
    network, layers = built("pooled")
    graph, recording = read(network, layers, image(19, 16))
    mask = _masks(graph)[1:]
    way = Way(RULES["gradient"])
    for step, signal in push_forward(graph, recording, way, mask, recording.kept).items():
        kept = recording.kept[step]
        masses = (signal * kept).sum((0, 2, 3))
        for kernel, mass in enumerate(masses):
            seed = torch.zeros_like(kept)
            seed[0, kernel] = kept[0, kernel]
            row = taken_back(graph, recording, step, seed, "gradient")
            assert float(mass) == pytest.approx(float((row * mask).sum()), rel=1e-10, abs=1e-12)


def test_what_nothing_reaches_on_the_way_forward_is_zero() -> None:
    network, _ = built("weighed")
    graph, recording = read(network, (), image(12, 11))
    step = graph.step_of("excite") + 1
    assert graph.steps[step].kind == "sigmoid"
    regions = noise(2, 1, 12, 11)
    for rule, reached in (("frozen", False), ("gradient", True)):
        found = push_forward(graph, recording, Way(RULES[rule]), regions, [step, 0])
        assert found[step].shape == (2, 6)
        assert bool(found[step].any()) is reached
        assert torch.equal(found[0], regions)


@pytest.mark.parametrize("rule", ["deconvnet", "guided"])
def test_rules_that_cut_signals_off_have_no_way_forward(rule: str) -> None:
    graph, recording = read(built("strided")[0], (), image(9, 9))
    with pytest.raises(ValueError, match="no adjoint"):
        push_forward(graph, recording, Way(RULES[rule]), image(9, 9), [1])


def test_a_way_back_that_is_not_known_is_named_with_its_place() -> None:
    class Failing(Operation):
        def back(self, signal: Tensor, record: Any, way: Way) -> Signals:
            raise ValueError("it is made for this test")

    network, layers = built("strided")
    graph, recording = read(network, layers, image(9, 9))
    steps = list(graph.steps)
    step = graph.step_of("conv2")
    steps[step] = replace(steps[step], operation=Failing())
    broken = replace(graph, steps=tuple(steps))
    with pytest.raises(UnsupportedOperationError, match=rf"'{steps[step].name}': it is made"):
        taken_back(broken, recording, step, recording.kept[step], "linear")


def test_both_passes_leave_what_they_are_given() -> None:
    network, layers = built("residual")
    graph, recording = read(network, layers, image(13, 12))
    step = graph.step_of("joined")
    seed, regions = noise(4, *recording.kept[step].shape[1:]), noise(2, 1, 13, 12)
    held = [seed, regions, recording.logits, *recording.kept.values(), *_tensors(recording)]
    before = [item.clone() for item in held]
    for rule in RULES:
        for budget in (1, UNLIMITED):
            way = Way(RULES[rule])
            at = {step: seed}
            back_project(graph, recording, way, lambda s, _, at=at: at.get(s), budget)
        if RULES[rule].is_linear:
            push_forward(graph, recording, way, regions, recording.kept)
    assert all(torch.equal(one, two) for one, two in zip(held, before, strict=True))


def _tensors(recording: Recording) -> list[Tensor]:
    return [item for item in recording.records if isinstance(item, Tensor)]
