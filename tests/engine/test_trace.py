"""Reading a network: the graph answers as the network does, however it was written, and what
cannot be read is refused by name."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils import parametrizations

from engine.errors import ModelError, UnsupportedOperationError
from engine.graph import record
from engine.trace import trace
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
    state_of,
    taken_back,
)

SIZES = [(8, 8), (9, 13), (17, 31), (32, 32), (33, 40)]
Body = Callable[..., object]


class Form(nn.Module):
    """A convolution, some parts, and whatever ``body`` does with them."""

    def __init__(self, body: Body) -> None:
        super().__init__()
        self.conv, self.inner = nn.Conv2d(1, 2, 3), nn.Sequential(nn.Conv2d(2, 2, 1), nn.ReLU())
        self.circular = nn.Conv2d(1, 2, 3, padding=1, padding_mode="circular")
        self.in_place, self.idle = nn.ReLU(inplace=True), nn.Dropout(0.5)
        self.body = body

    def forward(self, maps: Tensor) -> object:
        return self.body(self, maps)


def _form(body: Body) -> nn.Module:
    return randomised(Form(body))


def _assert_read_as_it_is(network: nn.Module, picture: Tensor) -> None:
    """The graph of another picture gives the network's answer to this one, and its gradients."""
    graph = trace(network, picture.flip(2) + 0.5)
    recording = record(graph, picture, ())
    leaf = picture.clone().requires_grad_()
    answer = network(leaf)
    assert_close(recording.logits, answer.detach())
    seed = noise(1, answer.shape[1], seed=8)
    (expected,) = torch.autograd.grad(answer, leaf, seed)
    found = taken_back(graph, recording, len(graph.steps) - 1, seed, "gradient")
    assert_close(found, expected)


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("size", SIZES)
def test_recorded_logits_are_those_of_the_network(name: str, size: tuple[int, int]) -> None:
    network, layers = built(name)
    _, recording = read(network, layers, image(*size))
    assert_close(recording.logits, network(image(*size)).detach())


@pytest.mark.parametrize("name", FAMILIES)
@pytest.mark.parametrize("size", [(16, 16), (19, 22)])
def test_networks_of_other_shapes_are_read_as_they_are(name: str, size: tuple[int, int]) -> None:
    _assert_read_as_it_is(built(name)[0], image(*size))


@pytest.mark.parametrize("name", [*NETWORKS, *FAMILIES])
def test_kept_outputs_are_what_the_modules_return(name: str) -> None:
    network, _ = built(name)
    picture = image(19, 16)
    every = [path for path, module in network.named_modules() if path and _called(module)]
    graph, recording = read(network, every, picture)
    for path in every:
        seen: list[Tensor] = []
        hook = network.get_submodule(path).register_forward_hook(
            lambda module, args, out, seen=seen: seen.append(out.detach().clone())
        )
        network(picture)
        hook.remove()
        assert_close(recording.kept[graph.step_of(path)], seen[0])


def _called(module: nn.Module) -> bool:
    return not isinstance(module, nn.Dropout2d)  # the identity: shares the step before it


def test_reused_modules_get_a_name_for_each_call() -> None:
    class Twice(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.first, self.second = nn.Conv2d(1, 2, 3), nn.Conv2d(2, 2, 3)
            self.relu = nn.ReLU()

        def forward(self, maps: Tensor) -> Tensor:
            out: Tensor = self.relu(self.second(self.relu(self.first(maps)))).mean((2, 3))
            return out

    network = randomised(Twice())
    picture = image(9, 9)
    graph, recording = read(network, ("relu", "relu#2"), picture)
    first = F.relu(network.first(picture))  # type: ignore[operator]
    assert_close(recording.kept[graph.step_of("relu")], first.detach())
    second = F.relu(network.second(first))  # type: ignore[operator]
    assert_close(recording.kept[graph.step_of("relu#2")], second.detach())
    names = [step.name for step in graph.steps]
    assert len(set(names)) == len(names)
    with pytest.raises(ModelError, match="no layer 'relu#3'"):
        graph.step_of("relu#3")


def test_calls_without_a_module_are_named_after_where_they_stand() -> None:
    class Inside(nn.Module):
        def forward(self, maps: Tensor) -> Tensor:
            return F.relu(maps) + F.relu(-maps)

    deep = nn.Sequential(nn.Conv2d(1, 2, 3), nn.Sequential(nn.ELU(), Inside()))
    network = randomised(nn.Sequential(deep, nn.AdaptiveAvgPool2d(1), nn.Flatten()))
    names = [step.name for step in trace(network, image(9, 9)).steps]
    inside = [f"0.1.1{name}" for name in ("", "#2", "#3", "#4")]
    assert names == ["image", "0.0", "0.1.0", *inside, "1", "2"]
    network = Written(lambda x: F.relu(F.relu(F.pad(x, (1, 1)))).mean((2, 3))).eval()
    steps = [step.name for step in trace(network, image(9, 9)).steps]
    assert steps == ["image", "constant_pad_nd", "relu", "relu#2", "mean"]


# --- forms -----------------------------------------------------------------------------------


def _over_sides(s: Form, x: Tensor) -> Tensor:
    """Python that looks at shapes: as many sums as the image has rows, less for odd ones."""
    maps = s.conv(x)
    for row in range(x.shape[2] - 2):
        maps = maps + s.conv(x)[:, :, row : row + 1] if row % 2 else maps * 0.5
    out: Tensor = maps.mean((2, 3))
    return out


@pytest.mark.parametrize(
    "body",
    [
        lambda s, x: torch.cat([s.conv(x), s.conv(x)], dim=1).mean((2, 3)),
        lambda s, x: torch.add(s.conv(x), s.conv(x)).mean([2, 3]),
        lambda s, x: s.conv(x).add(s.conv(x)).mean((-1, -2), keepdim=True).mean((2, 3)),
        lambda s, x: s.conv(x).mean((2, 3), True).flatten(1),
        lambda s, x: torch.mean(F.relu6(s.conv(x)), dim=(2, 3)),
        lambda s, x: s.in_place(s.idle(s.conv(x))).mean((2, 3)),
        lambda s, x: torch.flatten(s.conv(x), 1),
        lambda s, x: s.conv(x).view(1, -1),
        lambda s, x: (s.conv(x) * 2 + 1).mean((2, 3)),
        lambda s, x: torch.add(s.conv(x), s.conv(x), alpha=2).mean((2, 3)),
        lambda s, x: torch.add(s.conv(input=x), other=s.conv(x)).mean((2, 3)),
        lambda s, x: torch.cat([s.conv(x), s.conv(x)], 2).mean((2, 3)),
        lambda s, x: s.conv(x).mean(2).mean(2),
        lambda s, x: (s.conv(x) * s.conv.weight.sum()).mean((2, 3)),
        lambda s, x: next(s.conv(x) for _ in range(x.shape[0])).mean((2, 3)),
        lambda s, x: (s.conv(x).mean((2, 3)), s.inner(s.conv(x)))[0],
        lambda s, x: (s.conv(x) + s.conv(x).mean((2, 3), keepdim=True)).mean((2, 3)),
        lambda s, x: (s.conv(x) if x.shape[2] > 4 else x).mean((2, 3)),
        lambda s, x: s.conv(x).data.relu().mean((2, 3)),
        lambda s, x: F.dropout(s.conv(x), 0.5, s.training).mean((2, 3)),
        lambda s, x: s.conv(x).contiguous(memory_format=torch.channels_last).mean((2, 3)),
        lambda s, x: s.conv(x + torch.linspace(0, 1, x.shape[3]).to(x)).mean((2, 3)),
        lambda s, x: F.softmax(s.conv(x).flatten(2), -1).mul(s.conv(x).flatten(2)).sum(2),
        _over_sides,
    ],
)
def test_forms_that_are_known(body: Body) -> None:
    network = _form(body)
    picture = image(8, 8)
    graph = trace(network, picture * 0)
    recording = record(graph, picture, ())
    assert_close(recording.logits, network(picture).detach())  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "ending",
    [
        lambda x: x.softmax(1),
        lambda x: torch.sigmoid(x),
        lambda x: F.log_softmax(x, -1),
        lambda x: x.softmax(1).view(1, -1),
    ],
)
def test_what_a_network_does_to_its_logits_is_left_out(ending: Body) -> None:
    """A class is explained by what speaks for it, before the classes compete."""
    bare = _form(lambda s, x: s.conv(x).mean((2, 3)))
    graph, recording = read(_form(lambda s, x: ending(s.conv(x).mean((2, 3)))), (), image(8, 8))
    expected_graph, expected = read(bare, (), image(8, 8))
    assert torch.equal(recording.logits, expected.logits)
    assert len(graph.steps) == len(expected_graph.steps)


def test_a_softmax_within_a_network_is_not_left_out() -> None:
    _assert_read_as_it_is(_form(lambda s, x: s.conv(x).softmax(1).mean((2, 3))), image(8, 8))


@pytest.mark.parametrize(
    "make",
    [
        lambda conv: parametrizations.weight_norm(conv),
        lambda conv: nn.utils.parametrize.register_parametrization(conv, "weight", Standardised()),
    ],
    ids=["weight norm", "weight standardisation"],
)
def test_weights_that_are_computed_become_constants(make: Callable[[nn.Module], object]) -> None:
    network = nn.Sequential(
        nn.Conv2d(1, 3, 3), nn.ReLU(), nn.Conv2d(3, 2, 3), nn.AdaptiveAvgPool2d(1), nn.Flatten()
    )
    randomised(network)
    make(network[2])
    graph = trace(network.eval(), image(8, 8))
    assert [step.kind for step in graph.steps[1:]] == [
        *("convolution", "relu", "convolution", "mean", "view")
    ]
    _assert_read_as_it_is(network, image(8, 8))


class Standardised(nn.Module):
    """Weights of mean 0 and variance 1 for each kernel (Qiao 2019)."""

    def forward(self, weight: Tensor) -> Tensor:
        mean = weight.mean((1, 2, 3), keepdim=True)
        variance = weight.var((1, 2, 3), keepdim=True)
        return (weight - mean) / torch.sqrt(variance + 1e-5)


# --- what is refused -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "named"),
    [
        (lambda s, x: torch.cumprod(s.conv(x), 1), "operation cumprod at 'cumprod'"),
        (lambda s, x: s.conv(x).sort(1)[0], "operation sort at 'sort'"),
        (lambda s, x: s.conv(x).mean(), "form of the operation mean at 'mean': .*the batch"),
        (lambda s, x: s.conv(x) - s.conv(x).sum(), "form of the operation sum .*the batch"),
        (lambda s, x: s.conv(x).mean((0, 2)), "'mean': .*the batch"),
        (lambda s, x: torch.cat([s.conv(x), s.conv(x)], 0), "'cat': .*the batch"),
        (lambda s, x: s.conv(x).roll(1), "'roll': .*the batch"),
        (lambda s, x: s.conv(x).max(1)[0], r"'max': a maximum along \(1,\)"),
        (lambda s, x: s.conv(x).float().mean((2, 3)), "'_to_copy': .*floating-point"),
        (lambda s, x: s.conv(x[:, :, :1] + torch.ones(1, 1, 9, 8)), "constant that is larger"),
        (lambda s, x: s.circular(x).mean((2, 3)), "'circular'.*circular padding"),
        (lambda s, x: s.conv(x) if x.mean((1, 2, 3)).item() > 0 else x, "by the values of"),
        (lambda s, x: s.conv(x) if x.mean((1, 2, 3)) > 0 else x, "by the values of the image"),
        (lambda s, x: x.flatten(1)[:, (x.flatten() > 0).nonzero()], "by the values of the image"),
        (lambda s, x: F.max_pool2d(x, 2, return_indices=True)[1] * 1.0, "uses the positions"),
        (lambda s, x: F.dropout(s.conv(x), 0.5, True).mean((2, 3)), "random"),
        (lambda s, x: (s.conv(x) + torch.randn(2, 1, 1)).mean((2, 3)), "random"),
        (lambda s, x: (s.conv(x), s.conv(x)), "return one tensor"),
        (lambda s, x: [s.conv(x).mean((2, 3))], "return one tensor"),
        (lambda s, x: {"out": s.conv(x).mean((2, 3))}, "return one tensor"),
        (lambda s, x: torch.ones(1, 3), "depends on the image"),
        (lambda s, x: None, "return one tensor"),
        (lambda s, x: s.conv(x), r"logits \[1, classes\], not \(1, 2, 6, 6\)"),
        (lambda s, x: s.conv(x).mean((2, 3), True).squeeze(), r"logits .*not \(2,\)"),
        (lambda s, x: x, r"logits \[1, classes\], not \(1, 1, 8, 8\)"),
    ],
)
def test_what_cannot_be_taken_back_is_named(body: Body, named: str) -> None:
    network = _form(body)
    before = state_of(network)
    with pytest.raises(UnsupportedOperationError, match=named):
        trace(network, image(8, 8))
    assert state_of(network) == before
    assert type(network.conv(image(8, 8))) is Tensor  # type: ignore[operator]


def test_the_place_of_an_unknown_operation_is_its_dotted_path() -> None:
    class Inside(nn.Module):
        def forward(self, maps: Tensor) -> Tensor:
            return torch.cumprod(maps, 1)

    class Around(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.idle = nn.Identity()

        def forward(self, maps: Tensor) -> Tensor:
            return torch.cumprod(self.idle(maps), 1)

    for inside, place in ((Inside(), "1.1"), (Around(), "1.1.cumprod")):
        network = nn.Sequential(nn.Conv2d(1, 2, 3), nn.Sequential(nn.ReLU(), inside)).eval()
        with pytest.raises(UnsupportedOperationError, match=f"cumprod at '{place}';"):
            trace(network, image(8, 8).float())


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (lambda s, x: s.conv(x).view(1, -1) @ torch.ones(3, 2).to(x), r"\[1, 1, 8, 8\]: .*shapes"),
        (lambda s, x: s.conv(x).mean((2, 3)) / (1 // 0), r"\[1, 1, 8, 8\]: .*zero"),
        (lambda s, x: F.conv2d(x, torch.ones(1, 1, 9, 9).to(x)), "does not run on an image"),
    ],
)
def test_a_network_that_does_not_run_says_so_and_why(body: Body, said: str) -> None:
    network = _form(body)
    before = state_of(network)
    with pytest.raises(ModelError, match=said):
        trace(network, image(8, 8))
    assert state_of(network) == before


@pytest.mark.parametrize("shape", [(8, 8), (2, 1, 8, 8), (1, 9)])
def test_an_example_that_is_not_one_image_is_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ModelError, match="the example has the shape"):
        trace(built("strided")[0], noise(*shape))


@pytest.mark.parametrize("part", ["", "one.1"])
def test_a_network_in_training_mode_is_refused(part: str) -> None:
    network, layers = built("pooled")
    network.get_submodule(part).train()
    before = state_of(network)
    with pytest.raises(ModelError, match="training mode"):
        trace(network, image(16, 16), layers)
    assert state_of(network) == before


# --- in-place operations ---------------------------------------------------------------------


@pytest.mark.parametrize(
    "overwrite",
    [
        lambda s, y: s.in_place(y),
        lambda s, y: F.relu(y, inplace=True),
        lambda s, y: F.relu(y, True),
        lambda s, y: F.relu6(y, inplace=True),
        lambda s, y: y.relu_(),
        lambda s, y: y.add_(y),
        lambda s, y: y.mul_(2).sub_(0.5),
        lambda s, y: y[:, 0].relu_()[:, None],
        lambda s, y: y.view(1, 2, -1).clamp_(-1, 1)[:, :, :1, None],
        lambda s, y: s.in_place(s.idle(y)),  # dropout in evaluation returns the same memory
        lambda s, y: s.idle(s.in_place(y)),
    ],
)
def test_a_value_read_after_it_was_overwritten_is_the_new_one(overwrite: Body) -> None:
    def body(self: Form, maps: Tensor) -> Tensor:
        value = self.conv(maps) * 1.0
        changed = overwrite(self, value)
        out: Tensor = (F.silu(value) + changed).mean((2, 3))
        return out

    network = _form(body)
    _assert_read_as_it_is(network, image(8, 8))
    kept = _form(lambda s, x: (F.silu(s.conv(x)) + overwrite(s, s.conv(x) * 1.0)).mean((2, 3)))
    assert not torch.allclose(network(image(8, 8)), kept(image(8, 8)))  # the old one would differ


def test_a_value_read_before_it_is_overwritten_is_the_old_one() -> None:
    def in_place(self: Form, maps: Tensor) -> Tensor:
        value = self.conv(maps)
        value += self.inner(value.clone())
        out: Tensor = self.inner(self.in_place(value)).mean((2, 3))
        return out

    _assert_read_as_it_is(_form(in_place), image(9, 9))


@pytest.mark.parametrize("lost", [True, False])
def test_an_addition_in_place_changes_its_first_value_only(lost: bool) -> None:
    def body(self: Form, maps: Tensor) -> Tensor:
        first, second = self.conv(maps), self.conv(maps).relu()
        kept = first
        first += second
        out: Tensor = (self.inner(first) + (kept if lost else second)).mean((2, 3))
        return out

    _assert_read_as_it_is(_form(body), image(9, 9))


def test_an_image_that_the_network_writes_into_stays_as_it_is() -> None:
    """Normalising in place is common; the network is given a copy, so the example is safe."""
    network = _form(lambda s, x: s.conv(s.in_place(x.sub_(0.5).div_(2))).mean((2, 3)))
    picture = image(8, 8)
    before = picture.clone()
    graph, recording = read(network, (), picture)
    seed = torch.tensor([[1.0, 2.0]], dtype=torch.float64)
    found = taken_back(graph, recording, len(graph.steps) - 1, seed, "gradient")
    assert torch.equal(picture, before)
    leaf = before.clone().requires_grad_()
    answer = network(leaf * 1.0)
    assert_close(recording.logits, answer.detach())
    assert_close(found, torch.autograd.grad(answer, leaf, seed)[0])
