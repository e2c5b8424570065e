"""Every operation that the engine knows, against PyTorch itself: the function, its gradient by
autograd, its adjoint, and for linear ones the matrix that pushing every unit vector gives."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from engine.errors import UnsupportedOperationError
from engine.graph import Graph, Recording, record
from engine.operations.base import Operation, Way
from engine.operations.call import Call
from engine.operations.table import OPERATIONS
from engine.passes import push_forward
from engine.rules import RULES
from engine.trace import trace
from tests.engine.operation_cases import CASES, ELSEWHERE, POOLING, Case
from tests.engine.small_networks import Written, assert_close, noise, taken_back

aten = torch.ops.aten
LINEAR_RULES = tuple(name for name, rule in RULES.items() if rule.is_linear)


def _network(case: Case) -> nn.Module:
    """The case as a classifier: every value of its answer is a class. Not the last operation, so
    that a sigmoid or a softmax is not taken for the probabilities that end a network."""
    return Written(lambda x: torch.flatten(case.function(x), 1) * 1.0).eval()


def _read(case: Case) -> tuple[Tensor, Graph, Recording]:
    """Read with one image and recorded with another: nothing of the first may remain."""
    graph = trace(_network(case), noise(*case.shape, seed=1))
    picture = noise(*case.shape, seed=2)
    return picture, graph, record(graph, picture, ())


def _way_back(graph: Graph, recording: Recording, seed: Tensor, way: Way) -> Tensor:
    rule = next(name for name, rule in RULES.items() if rule is way.rule)
    return taken_back(graph, recording, len(graph.steps) - 1, seed, rule, way.unpooling)


def _way_in(graph: Graph, recording: Recording, pictures: Tensor, way: Way) -> Tensor:
    last = len(graph.steps) - 1
    return push_forward(graph, recording, way, pictures, [last])[last]


each_case = pytest.mark.parametrize("name", CASES)


@each_case
def test_the_graph_answers_like_the_function(name: str) -> None:
    picture, _, recording = _read(CASES[name])
    with torch.no_grad():
        expected = _network(CASES[name])(picture)
    assert recording.logits.dtype == torch.float64
    assert_close(recording.logits, expected)


@each_case
def test_gradient_is_autograds_for_every_row(name: str) -> None:
    picture, graph, recording = _read(CASES[name])
    leaf = picture.clone().requires_grad_()
    answer = _network(CASES[name])(leaf)
    seeds = noise(3, answer.shape[1], seed=3)
    expected = [torch.autograd.grad(answer, leaf, row[None], retain_graph=True)[0] for row in seeds]
    found = _way_back(graph, recording, seeds, Way(RULES["gradient"]))
    assert_close(found, torch.cat(expected))


@each_case
@pytest.mark.parametrize("rule", LINEAR_RULES)
def test_push_is_the_adjoint_of_back(name: str, rule: str) -> None:
    """⟨A u, v⟩ = ⟨u, A' v⟩ for several rows on both sides, to 1e-12 of |u| |A' v|."""
    case = CASES[name]
    picture, graph, recording = _read(case)
    regions = noise(2, *picture.shape[1:], seed=4)
    seeds = noise(3, recording.logits.shape[1], seed=5)
    unpoolings = ("switch", "nearest", "average") if name in POOLING else ("switch",)
    for unpooling in unpoolings:
        if (name, unpooling) == ("max pooling, dilated", "average"):
            continue  # refused: see below
        way = Way(RULES[rule], unpooling)
        pushed = _way_in(graph, recording, regions, way)
        back = _way_back(graph, recording, seeds, way)
        there, here = pushed @ seeds.T, regions.flatten(1) @ back.flatten(1).T
        size = float(regions.norm() * back.norm() + pushed.norm() * seeds.norm())
        assert float((there - here).abs().max()) <= 1e-12 * size
        if case.linear or rule == "gradient":
            assert float(here.abs().max()) > 0


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if case.linear])
def test_a_linear_operation_is_its_matrix_in_both_directions(name: str) -> None:
    """The matrix is made from the function, one unit vector after another; every rule and every
    un-pooling then is that matrix, the signal being let through where it is negative, too."""
    case = CASES[name]
    picture, graph, recording = _read(case)
    network, count = _network(case), picture.numel()
    with torch.no_grad():
        nothing = network(torch.zeros_like(picture))
        units = torch.eye(count, dtype=torch.float64).view(count, *picture.shape[1:])
        columns = torch.cat([network(unit[None]) - nothing for unit in units])
    answers = torch.eye(columns.shape[1], dtype=torch.float64)
    for rule in RULES:
        way = Way(RULES[rule], "average")
        assert_close(_way_back(graph, recording, answers, way).flatten(1), columns.T)
        if RULES[rule].is_linear:
            assert_close(_way_in(graph, recording, units, way), columns)


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if case.holds])
def test_gates_that_are_held_give_the_answer_again(name: str) -> None:
    """What a gate did to the image it does to any signal, so the image itself becomes the answer:
    an oracle for the rule that has no autograd to be compared with."""
    picture, graph, recording = _read(CASES[name])
    found = _way_in(graph, recording, picture, Way(RULES["frozen"]))
    assert_close(found, recording.logits, 1e-11)


def test_every_row_of_the_table_has_a_case() -> None:
    seen = {step.kind for case in CASES.values() for step in trace(
        _network(case), noise(*case.shape)
    ).steps}  # fmt: skip
    assert set(OPERATIONS) - seen == set(ELSEWHERE)


def test_average_unpooling_of_dilated_windows_is_refused() -> None:
    _, graph, recording = _read(CASES["max pooling, dilated"])
    with pytest.raises(UnsupportedOperationError, match=r"max_pool2d.*dilated"):
        _way_back(graph, recording, recording.logits, Way(RULES["linear"], "average"))


@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("name", ["cudnn_batch_norm", "miopen_batch_norm"])
def test_batch_norm_of_a_graphics_card_is_read_by_its_own_schema(name: str, training: bool) -> None:
    """Cards call it by another name, and its arguments, too; where there is none only the schema
    can be held against the table."""
    picture = noise(1, 3, 5, 4)
    weight, bias, mean, variance = (noise(4, 3, seed=3).abs() + 0.1).unbind()
    statistics = (weight, bias, mean, variance, training, 0.1)

    def made(called: str, last: float) -> Operation:
        schema = getattr(aten, called).default._schema
        names = [argument.name for argument in schema.arguments]
        arguments = dict(zip(names, (picture, *statistics, last), strict=True))
        call = Call(called, arguments, (picture,), ("input",), lambda x: x, picture)
        operation = OPERATIONS[called](call)
        assert isinstance(operation, Operation)
        return operation

    on_card, plain = made(name, 1e-3), made("native_batch_norm", 1e-3)
    assert type(on_card) is type(plain)
    assert_close(on_card.forward(picture)[0], plain.forward(picture)[0])
