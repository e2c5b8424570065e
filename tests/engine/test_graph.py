"""Graphs of whole networks: against autograd, against Captum, against one pass a layer."""

from __future__ import annotations

import warnings
from collections.abc import Callable

import pytest
import torch
from captum.attr import (  # type: ignore[import-untyped]
    Deconvolution,
    GuidedBackprop,
    Saliency,
)
from torch import Tensor, nn
from torch.nn import functional as F

from engine.errors import ModelError, UnsupportedOperationError
from engine.graph import Graph, Recording, accumulate, back_project, record, trace
from engine.models.efficientnet_lite import EfficientNetLite0
from engine.models.plain import PlainCNN
from engine.operations.base import Way
from engine.operations.convolution import Convolution
from engine.operations.normalisation import ChannelScale
from engine.rules import RULES
from tests.engine.small_networks import (
    NETWORKS,
    assert_close,
    built,
    image,
    randomised,
    read,
    taken_back,
)

RECTIFIED = ("pooled", "residual", "strided")  # nets whose only rectifier is nn.ReLU
SIZES = [(8, 8), (9, 13), (17, 31), (32, 32), (33, 40)]
CAPTUM = {"deconvnet": Deconvolution, "guided": GuidedBackprop, "gradient": Saliency}


def _captum(rule: str, network: nn.Module, picture: Tensor, target: int | None) -> Tensor:
    """Captum's signed attribution; its notice that it hooks ReLUs is the only warning let by."""
    options = {"abs": False} if rule == "gradient" else {}
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Setting backward hooks on ReLU", UserWarning)
        method = CAPTUM[rule](network)
        found: Tensor = method.attribute(picture.clone().requires_grad_(), target, **options)
    return found.detach()


class HalfSquare(nn.Module):
    """½ Σ z_l² of a layer's output: its gradient with respect to z_l is z_l, the seed "full"."""

    def __init__(self, network: nn.Module, layer: str) -> None:
        super().__init__()
        self.network = network
        self.layer = layer

    def forward(self, picture: Tensor) -> Tensor:
        seen: list[Tensor] = []
        place = self.network.get_submodule(self.layer)
        hook = place.register_forward_hook(lambda module, args, out: seen.append(out))
        try:
            self.network(picture)
        finally:
            hook.remove()
        return 0.5 * (seen[0] ** 2).sum((1, 2, 3))


# --- P5: sizes -------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("size", SIZES)
def test_every_map_has_the_size_of_the_image(name: str, size: tuple[int, int]) -> None:
    network, layers = built(name)
    graph, recording = read(network, layers, image(*size))
    for layer in layers:
        step = graph.step_of(layer)
        for unpooling in ("switch", "nearest", "average"):
            rows = taken_back(graph, recording, step, recording.kept[step], "linear", unpooling)
            assert rows.shape == (1, 1, *size)
            assert bool(rows.isfinite().all())


@pytest.mark.parametrize("side", [32, 45, 50])
def test_bundled_architectures_give_maps_of_odd_sizes_too(side: int) -> None:
    shapes: list[nn.Module] = [
        EfficientNetLite0(3),
        PlainCNN(3, ((8, 7, 2), (8, 5, 2), (12, 3, 1), (12, 3, 2))),
    ]
    for network in shapes:
        randomised(network)
        assert isinstance(network, (EfficientNetLite0, PlainCNN))
        names = (network.layer_names[0], network.layer_names[-1])
        graph, recording = read(network, names, image(side, side))
        for layer in names:
            step = graph.step_of(layer)
            rows = taken_back(graph, recording, step, recording.kept[step], "gradient")
            assert rows.shape == (1, 1, side, side)


# --- the way in ------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("size", SIZES)
def test_recorded_logits_are_those_of_the_network(name: str, size: tuple[int, int]) -> None:
    network, layers = built(name)
    _, recording = read(network, layers, image(*size))
    assert_close(recording.logits, network(image(*size)).detach())


@pytest.mark.parametrize(
    "network",
    [
        EfficientNetLite0(5, dropout=0.2),
        PlainCNN(5, ((8, 7, 2), (16, 3, 2), (16, 3, 1), (24, 3, 2)), dropout=0.2),
    ],
    ids=["efficientnet_lite0", "plain"],
)
def test_folded_batch_norm_leaves_the_logits_of_the_bundled_architectures(
    network: nn.Module,
) -> None:
    randomised(network).float()
    picture = image(64, 64).float()
    names = network.layer_names
    graph, recording = read(network, names, picture)  # type: ignore[arg-type]
    with torch.no_grad():
        assert_close(recording.logits, network(picture), 1e-5)
    kinds = [type(step.operation) for step in graph.steps]
    assert ChannelScale not in kinds
    assert kinds.count(Convolution) == sum(isinstance(m, nn.Conv2d) for m in network.modules())


@pytest.mark.parametrize("name", NETWORKS)
def test_kept_outputs_are_what_the_modules_return(name: str) -> None:
    network, _ = built(name)
    every = [path for path, module in network.named_modules() if path and _called(module)]
    picture = image(19, 16)
    graph, recording = read(network, every, picture)
    for path in every:
        seen: list[Tensor] = []
        hook = network.get_submodule(path).register_forward_hook(
            lambda module, args, out, seen=seen: seen.append(out.detach())
        )
        network(picture)
        hook.remove()
        assert_close(recording.kept[graph.step_of(path)], seen[0])


def _called(module: nn.Module) -> bool:
    return not isinstance(module, nn.Dropout2d)  # the identity: shares the step before it


def test_batch_norm_is_not_folded_into_a_convolution_that_is_shown() -> None:
    network, layers = built("pooled")
    picture = image(16, 16)
    graph, recording = read(network, ("one.0", *layers), picture)
    step = graph.step_of("one.0")
    assert_close(recording.kept[step], network.one[0](picture).detach())  # type: ignore[operator, index]
    assert sum(isinstance(item.operation, ChannelScale) for item in graph.steps) == 1
    plain_graph, plain = read(network, layers, picture)
    last = graph.step_of("classes")
    assert_close(
        taken_back(graph, recording, last, recording.kept[last], "gradient"),
        taken_back(plain_graph, plain, last, plain.kept[last], "gradient"),
    )


def test_batch_norm_that_shares_its_convolution_is_not_folded() -> None:
    class Shared(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv = nn.Conv2d(1, 2, 3)
            self.norm = nn.BatchNorm2d(2)

        def forward(self, maps: Tensor) -> Tensor:
            maps = self.conv(maps)
            out: Tensor = (self.norm(maps) + maps).mean((2, 3))
            return out

    network = randomised(Shared())
    _, recording = read(network, (), image(9, 9))
    assert_close(recording.logits, network(image(9, 9)).detach())


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


# --- P6, P7: against Captum and autograd -----------------------------------------------------


@pytest.mark.parametrize("name", RECTIFIED)
@pytest.mark.parametrize("rule", CAPTUM)
def test_a_logit_taken_back_equals_captum(name: str, rule: str) -> None:
    network, layers = built(name)
    picture = image(21, 18)
    graph, recording = read(network, layers, picture)
    for target in range(3):
        seed = F.one_hot(torch.tensor([target]), 3).double()
        found = taken_back(graph, recording, len(graph.steps) - 1, seed, rule)
        assert_close(found, _captum(rule, network, picture, target))


@pytest.mark.parametrize("name", RECTIFIED)
@pytest.mark.parametrize("rule", CAPTUM)
def test_a_layer_taken_back_equals_captum_with_the_same_seed(name: str, rule: str) -> None:
    network, layers = built(name)
    picture = image(21, 18)
    graph, recording = read(network, layers, picture)
    for layer in layers:
        step = graph.step_of(layer)
        found = taken_back(graph, recording, step, recording.kept[step], rule)
        assert_close(found, _captum(rule, HalfSquare(network, layer), picture, None))


@pytest.mark.parametrize("name", NETWORKS)
def test_a_seed_z_is_the_gradient_of_half_its_square(name: str) -> None:
    network, layers = built(name)
    picture = image(21, 18).requires_grad_()
    graph, recording = read(network, layers, picture.detach())
    for layer in layers:
        (vjp,) = torch.autograd.grad(HalfSquare(network, layer)(picture).sum(), picture)
        step = graph.step_of(layer)
        assert_close(taken_back(graph, recording, step, recording.kept[step], "gradient"), vjp)


class _IdentityBack(torch.autograd.Function):
    """ReLU on the way in, everything passes on the way back."""

    @staticmethod
    def forward(ctx: object, maps: Tensor) -> Tensor:
        return maps.clamp(min=0)

    @staticmethod
    def backward(ctx: object, signal: Tensor) -> Tensor:
        return signal


class PassesBack(nn.Module):
    def forward(self, maps: Tensor) -> Tensor:
        out: Tensor = _IdentityBack.apply(maps)  # type: ignore[no-untyped-call]
        return out


def _with_rectifiers(network: nn.Module, replacement: Callable[[], nn.Module]) -> nn.Module:
    for path, module in list(network.named_modules()):
        if isinstance(module, nn.ReLU):
            network.set_submodule(path, replacement())
    return network


@pytest.mark.parametrize(
    ("name", "replacement"),
    [
        ("strided", nn.Identity),  # no switches: the linear network is simply the one without ReLU
        ("residual", nn.Identity),
        ("strided", PassesBack),
        ("residual", PassesBack),
        ("pooled", PassesBack),  # the switches of the true forward pass, frozen
    ],
)
def test_linear_is_the_vjp_without_rectifiers_and_not_captums_deconvolution(
    name: str, replacement: Callable[[], nn.Module]
) -> None:
    network, layers = built(name)
    picture = image(21, 18)
    graph, recording = read(network, layers, picture)
    seed = torch.tensor([[1.0, -2.0, 0.5]], dtype=torch.float64)
    found = taken_back(graph, recording, len(graph.steps) - 1, seed, "linear")
    free = _with_rectifiers(built(name)[0], replacement)
    vary = picture.clone().requires_grad_()
    (vjp,) = torch.autograd.grad(free(vary), vary, seed)
    assert_close(found, vjp)
    one = taken_back(graph, recording, len(graph.steps) - 1, torch.eye(3).double()[:1], "linear")
    other = _captum("deconvnet", network, picture, 0)
    assert float((one - other).abs().max()) > 0.1 * float(other.abs().max())


# --- the growing batch -----------------------------------------------------------------------


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("rule", RULES)
def test_growing_batch_equals_one_pass_for_each_layer(name: str, rule: str) -> None:
    """Several seeds a layer, some of them on a branch only: rows come in the order of joining."""
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

    way = Way(RULES[rule])
    with torch.no_grad():
        rows = back_project(graph, recording, way, seeds_at)
    alone = torch.cat([taken_back(graph, recording, *item, rule) for item in order])
    assert len(order) == len(steps)
    assert [step for step, _ in order] == sorted(steps, reverse=True)
    assert_close(rows, alone)


@pytest.mark.parametrize("rule", RULES)
def test_growing_batch_on_branches_side_by_side(rule: str) -> None:
    """A branch has not met the seeds of its neighbour: their rows are empty there, not missing."""

    class Branches(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.stem = nn.Sequential(nn.Conv2d(1, 3, 3), nn.ReLU())
            self.left = nn.Sequential(nn.Conv2d(3, 2, 3, padding=1), nn.ReLU())
            self.middle = nn.Sequential(nn.Conv2d(3, 2, 1), nn.ReLU())
            self.right = nn.Conv2d(3, 4, 1)
            self.classes = nn.Conv2d(8, 3, 1)

        def forward(self, maps: Tensor) -> Tensor:
            maps = self.stem(maps)
            both = torch.cat((self.left(maps), self.middle(maps), self.right(maps)), 1)
            out: Tensor = self.classes(both).mean((2, 3))
            return out

    layers = ("left", "middle", "right", "stem", "classes")
    graph, recording = read(randomised(Branches()), layers, image(12, 9))
    order: list[tuple[int, Tensor]] = []

    def seeds_at(step: int, arrived: Tensor | None) -> Tensor | None:
        if step not in recording.kept:
            return None
        seed = torch.cat((recording.kept[step], -recording.kept[step]))
        order.append((step, seed))
        return seed

    rows = back_project(graph, recording, Way(RULES[rule]), seeds_at)
    assert len(order) == len(layers)
    assert_close(rows, torch.cat([taken_back(graph, recording, *item, rule) for item in order]))


def test_arrived_is_the_signal_of_the_seeds_above() -> None:
    """What a layer is told has arrived is the gradient of the logit with respect to it."""
    network, _ = built("residual")
    picture = image(21, 18)
    graph, recording = read(network, ("stem", "joined"), picture)
    last = len(graph.steps) - 1
    told: dict[int, Tensor] = {}

    def seeds_at(step: int, arrived: Tensor | None) -> Tensor | None:
        if step == last:
            return torch.eye(3, dtype=torch.float64)[1:2]
        if step in (graph.step_of("stem"), graph.step_of("joined")):
            assert arrived is not None
            told[step] = arrived.clone()
        return None

    back_project(graph, recording, Way(RULES["gradient"]), seeds_at)
    for layer in ("stem", "joined"):
        seen: list[Tensor] = []
        hook = network.get_submodule(layer).register_forward_hook(
            lambda module, args, out, seen=seen: seen.append(out)
        )
        logits = network(picture)
        hook.remove()
        (vjp,) = torch.autograd.grad(logits[0, 1], seen[0])
        assert_close(told[graph.step_of(layer)], vjp)


def test_accumulate_adds_what_is_there_and_keeps_the_rest() -> None:
    short, long = torch.tensor([[1.0], [2.0]]), torch.tensor([[10.0], [20.0], [30.0]])
    assert accumulate(None, short) is short
    for first, second in ((short, long), (long, short)):
        assert accumulate(first, second).tolist() == [[11.0], [22.0], [30.0]]
    assert accumulate(short, short).tolist() == [[2.0], [4.0]]
    assert short.tolist() == [[1.0], [2.0]]


def test_no_seed_at_all_is_an_error() -> None:
    network, layers = built("strided")
    graph, recording = read(network, layers, image(9, 9))
    with pytest.raises(ModelError, match="no seed"):
        back_project(graph, recording, Way(RULES["linear"]), lambda step, arrived: None)


# --- P11: every way to write a rectifier -----------------------------------------------------


class Styled(nn.Module):
    """The same function, its rectifiers written in one of many ways."""

    def __init__(self, style: str) -> None:
        super().__init__()
        self.style = style
        self.a = nn.Conv2d(1, 4, 3, padding=1)
        self.b = nn.Conv2d(4, 4, 3, padding=1, groups=2)
        self.classes = nn.Conv2d(4, 2, 1)
        self.relu, self.other = nn.ReLU(), nn.ReLU()
        self.in_place = nn.ReLU(inplace=True)
        self.drop = nn.Dropout(0.5)

    def rectify(self, maps: Tensor, second: bool) -> Tensor:
        styles: dict[str, Callable[[Tensor], Tensor]] = {
            "module": self.other if second else self.relu,
            "reused module": self.relu,
            "in-place module": self.in_place,
            "F.relu": F.relu,
            "F.relu in place": lambda item: F.relu(item, inplace=True),
            "torch.relu": torch.relu,
            "method": lambda item: item.relu(),
            "in-place method": lambda item: item.relu_(),
        }
        return styles[self.style](maps)

    def forward(self, maps: Tensor) -> Tensor:
        maps = self.rectify(self.a(maps), False)
        maps = self.rectify(self.b(maps), True) + maps
        out: Tensor = self.classes(self.drop(maps)).mean(dim=(-2, -1))
        return out


STYLES = (
    "reused module",
    "in-place module",
    "F.relu",
    "F.relu in place",
    "torch.relu",
    "method",
    "in-place method",
)


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("rule", RULES)
def test_every_way_to_write_a_rectifier_gives_the_same(style: str, rule: str) -> None:
    picture = image(10, 11)
    seed = torch.tensor([[1.0, -0.5]], dtype=torch.float64)
    rows = []
    for item in ("module", style):
        network = randomised(Styled(item))
        graph, recording = read(network, (), picture)
        assert_close(recording.logits, network(picture.clone()).detach())
        rows.append(taken_back(graph, recording, len(graph.steps) - 1, seed, rule))
    assert torch.equal(rows[0], rows[1])


class Form(nn.Module):
    """A convolution followed by whatever ``body`` does."""

    def __init__(self, body: Callable[[Form, Tensor], object]) -> None:
        super().__init__()
        self.conv, self.inner = nn.Conv2d(1, 2, 3), nn.Sequential(nn.Conv2d(2, 2, 1), nn.ReLU())
        self.silu, self.flatten = nn.SiLU(), nn.Flatten()
        self.in_place, self.idle = nn.ReLU(inplace=True), nn.Dropout(0.5)
        self.body = body

    def forward(self, maps: Tensor) -> object:
        return self.body(self, maps)


def _form(body: Callable[[Form, Tensor], object]) -> nn.Module:
    return randomised(Form(body))


@pytest.mark.parametrize(
    "body",
    [
        lambda s, x: torch.cat([s.conv(x), s.conv(x)], dim=1).mean((2, 3)),
        lambda s, x: torch.add(s.conv(x), s.conv(x)).mean([2, 3]),
        lambda s, x: s.conv(x).add(s.conv(x)).mean((-1, -2), keepdim=True).mean((2, 3)),
        lambda s, x: s.conv(x).mean((2, 3), True),
        lambda s, x: torch.mean(F.relu6(s.conv(x)), dim=(2, 3)),
        lambda s, x: s.in_place(s.idle(s.conv(x))).mean((2, 3)),
    ],
)
def test_forms_that_are_known(body: Callable[[Form, Tensor], object]) -> None:
    network = _form(body)
    _, recording = read(network, (), image(8, 8))
    assert_close(recording.logits, network(image(8, 8)).detach())


@pytest.mark.parametrize(
    ("body", "named"),
    [
        (lambda s, x: s.silu(s.conv(x)), "SiLU at 'silu'"),
        (lambda s, x: s.flatten(s.conv(x)), "Flatten at 'flatten'"),
        (lambda s, x: torch.sigmoid(s.conv(x)), "sigmoid at 'sigmoid'"),
        (lambda s, x: F.silu(s.conv(x)), "silu at 'silu'"),
        (lambda s, x: s.conv(x).view(1, -1), "view at 'view'"),
        (lambda s, x: torch.flatten(s.conv(x), 1), "flatten at 'flatten'"),
        (lambda s, x: s.conv(x) * 2, "mul at 'mul'"),
        (lambda s, x: s.conv(x) + 1, "'add'.*constant"),
        (lambda s, x: torch.add(s.conv(x), s.conv(x), alpha=2), "'add'.*factor"),
        (lambda s, x: torch.add(s.conv(x), other=s.conv(x)), "'add'.*keyword"),
        (lambda s, x: s.conv(input=x), "'conv'.*keyword"),
        (lambda s, x: torch.cat([s.conv(x), s.conv(x)], 2), "'cat'.*axis 2"),
        (lambda s, x: s.conv(x).mean(), "'mean'.*mean over None"),
        (lambda s, x: s.conv(x).mean(2), "'mean'.*mean over 2"),
        (lambda s, x: s.conv(x).mean((1, 2)), "'mean'.*mean over"),
        (lambda s, x: s.conv(x) * s.conv.weight.sum(), "get_attr 'conv.weight'"),
        (lambda s, x: s.conv(x) if x.sum() > 0 else x, "control flow"),
        (lambda s, x: next(s.conv(x) for _ in range(x.shape[0])), "cannot be read as a graph"),
        (lambda s, x: (s.conv(x), s.conv(x)), "return one tensor"),
        (lambda s, x: (s.conv(x), s.inner(s.conv(x)))[0], "output of its last operation"),
    ],
)
def test_an_unknown_operation_is_named_with_its_place(
    body: Callable[[Form, Tensor], object], named: str
) -> None:
    with pytest.raises(UnsupportedOperationError, match=named):
        trace(_form(body))


def test_the_place_of_an_unknown_operation_is_its_dotted_path() -> None:
    class Inside(nn.Module):
        def forward(self, maps: Tensor) -> Tensor:
            return torch.tanh(maps)

    deep = nn.Sequential(nn.Conv2d(1, 2, 3), nn.Sequential(nn.ReLU(), nn.ELU())).eval()
    with pytest.raises(UnsupportedOperationError, match=r"ELU at '1\.1'"):
        trace(deep)
    within = nn.Sequential(nn.Conv2d(1, 2, 3), nn.Sequential(nn.ReLU(), Inside())).eval()
    with pytest.raises(UnsupportedOperationError, match=r"tanh at '1\.1\.tanh'"):
        trace(within)


def test_addition_with_broadcasting_is_refused_at_its_place() -> None:
    network = _form(lambda s, x: s.conv(x) + s.conv(x).mean((2, 3), keepdim=True))
    graph = trace(network)
    with pytest.raises(UnsupportedOperationError, match=r"'add'.*broadcasting"):
        record(graph, image(8, 8), ())


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
        lambda s, y: s.in_place(s.idle(y)),  # dropout in evaluation returns the same memory
        lambda s, y: s.idle(s.in_place(y)),
    ],
)
def test_a_value_read_after_it_was_overwritten_is_refused(
    overwrite: Callable[[Form, Tensor], Tensor],
) -> None:
    """The network goes on with the new value; a graph would go on with the old one."""

    def body(self: Form, maps: Tensor) -> Tensor:
        value = self.conv(maps)
        changed = overwrite(self, value)
        out: Tensor = (self.inner(value) + changed).mean((2, 3))
        return out

    with pytest.raises(UnsupportedOperationError, match="overwritten in place"):
        trace(_form(body))


def test_a_value_read_before_it_is_overwritten_is_fine() -> None:
    def in_place(self: Form, maps: Tensor) -> Tensor:
        value = self.conv(maps)
        value += self.inner(value)
        out: Tensor = self.inner(self.in_place(value)).mean((2, 3))
        return out

    def apart(self: Form, maps: Tensor) -> Tensor:
        value = self.conv(maps)
        out: Tensor = self.inner(F.relu(value + self.inner(value))).mean((2, 3))
        return out

    picture = image(9, 9)
    graph, recording = read(_form(in_place), (), picture)
    assert_close(recording.logits, _form(in_place)(picture).detach())
    vary = picture.clone().requires_grad_()
    seed = torch.tensor([[1.0, 2.0]], dtype=torch.float64)
    (vjp,) = torch.autograd.grad(_form(apart)(vary), vary, seed)
    assert_close(taken_back(graph, recording, len(graph.steps) - 1, seed, "gradient"), vjp)


def test_an_addition_in_place_loses_its_first_value_only() -> None:
    def body(self: Form, maps: Tensor, lost: bool) -> Tensor:
        first, second = self.conv(maps), self.conv(maps)
        kept = first
        first += second
        out: Tensor = (self.inner(first) + (kept if lost else second)).mean((2, 3))
        return out

    network = _form(lambda s, x: body(s, x, False))
    _, recording = read(network, (), image(9, 9))
    assert_close(recording.logits, network(image(9, 9)).detach())
    with pytest.raises(UnsupportedOperationError, match="overwritten in place"):
        trace(_form(lambda s, x: body(s, x, True)))


# --- the network is left as it was found -----------------------------------------------------


def _state(network: nn.Module) -> list[object]:
    """Everything about a network that looking at it must not change."""
    facts: list[object] = []
    for path, module in network.named_modules():
        hooks = [
            len(getattr(module, name))
            for name in (
                "_forward_hooks",
                "_forward_pre_hooks",
                "_backward_hooks",
                "_backward_pre_hooks",
            )
        ]
        facts.append((path, type(module), module.training, hooks, sorted(vars(module))))
    for path, tensor in network.state_dict(keep_vars=True).items():
        held = tensor.detach()
        values = held.numpy().tobytes()
        facts.append((path, tensor.requires_grad, tensor.grad is None, held.stride(), values))
    facts.append((nn.Module.__call__, nn.Module.__getattr__))
    return facts


@pytest.mark.parametrize("name", NETWORKS)
def test_the_network_is_left_as_it_was_found(name: str) -> None:
    network, layers = built(name)
    before = _state(network)
    graph, recording = read(network, layers, image(16, 16))
    step = graph.step_of(layers[-1])
    for rule in RULES:
        taken_back(graph, recording, step, recording.kept[step], rule)
    assert _state(network) == before


@pytest.mark.parametrize(
    "body",
    [
        lambda s, x: torch.sigmoid(s.conv(x)),
        lambda s, x: s.silu(s.conv(x)),
        lambda s, x: s.conv(x) if x.sum() > 0 else x,
    ],
)
def test_the_network_is_left_as_it_was_found_after_an_error(
    body: Callable[[Form, Tensor], object],
) -> None:
    network = _form(body)
    before = _state(network)
    with pytest.raises(UnsupportedOperationError):
        trace(network)
    assert _state(network) == before
    out = network(image(8, 8))
    assert isinstance(out, Tensor)  # a true tensor, not a tracer's stand-in


@pytest.mark.parametrize("part", ["", "one.1"])
def test_a_network_in_training_mode_is_refused(part: str) -> None:
    network, layers = built("pooled")
    network.get_submodule(part).train()
    before = _state(network)
    with pytest.raises(ModelError, match="training mode"):
        trace(network, layers)
    assert _state(network) == before


def test_recording_twice_gives_the_same_bits() -> None:
    network, layers = built("residual")
    graph = trace(network, layers)
    step = graph.step_of("classes")

    def once() -> tuple[Tensor, Tensor]:
        held: Recording = record(graph, image(19, 16), [step])
        return held.logits, taken_back(graph, held, step, held.kept[step], "guided")

    first, second = once(), once()
    assert torch.equal(first[0], second[0])
    assert torch.equal(first[1], second[1])


def test_a_graph_can_serve_images_of_many_sizes() -> None:
    """Gates, switches and sizes belong to the recording, not to the graph."""
    network, layers = built("pooled")
    graph: Graph = trace(network, layers)
    step = graph.step_of("classes")
    held = {size: record(graph, image(*size), [step]) for size in SIZES}
    for size, recording in held.items():
        fresh_graph, fresh = read(network, layers, image(*size))
        assert torch.equal(
            taken_back(graph, recording, step, recording.kept[step], "gradient"),
            taken_back(fresh_graph, fresh, step, fresh.kept[step], "gradient"),
        )
