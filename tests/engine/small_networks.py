"""Small networks for the engine's tests, and the plainest way to take a seed to the image."""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from captum.attr import Deconvolution, GuidedBackprop, Saliency  # type: ignore[import-untyped]
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.modules.conv import _ConvNd
from torch.overrides import TorchFunctionMode

from engine.checkpoint import LoadedModel
from engine.explainer import Explainer
from engine.graph import Graph, Recording, record
from engine.models.efficientnet_lite import InvertedResidual
from engine.models.plain import PlainCNN
from engine.models.specification import ModelSpecification
from engine.operations.base import Way
from engine.passes import back_project
from engine.rules import RULES
from engine.trace import trace


def randomised(network: nn.Module, seed: int = 0) -> nn.Module:
    """The network in evaluation mode, float64, with random weights and random BN statistics."""
    generator = torch.Generator().manual_seed(seed)
    network = network.double().eval()

    def random(count: int) -> Tensor:
        return torch.randn(count, generator=generator)

    for module in network.modules():
        if isinstance(module, (_ConvNd, nn.Linear)):
            fan_in = module.weight[0].numel()
            weight = torch.randn(module.weight.shape, generator=generator) * (2 / fan_in) ** 0.5
            module.weight.data.copy_(weight)
            if module.bias is not None:
                module.bias.data.copy_(0.3 * random(len(module.bias)))
        elif isinstance(module, _BatchNorm):
            assert module.running_mean is not None
            assert module.running_var is not None
            count = module.num_features
            module.running_mean.copy_(0.3 * random(count))
            module.running_var.copy_(0.5 + torch.rand(count, generator=generator))
            module.weight.data.copy_(0.7 + 0.6 * torch.rand(count, generator=generator))
            module.bias.data.copy_(0.3 * random(count))
    return network


def noise(*shape: int, seed: int = 0) -> Tensor:
    """Normal random numbers, float64, always the same for the same seed."""
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(*shape, generator=generator, dtype=torch.float64)


def image(*sides: int, seed: int = 0) -> Tensor:
    """A grey image of random values, [1, 1, *sides]."""
    return noise(1, 1, *sides, seed=1000 + seed)


class Written(nn.Module):
    """A network that is one function of the image; ``parts`` are its modules, if it has some."""

    def __init__(self, function: Callable[..., object], **parts: nn.Module) -> None:
        super().__init__()
        self.function = function
        self.parts = nn.ModuleDict(parts)

    def forward(self, picture: Tensor) -> object:
        return self.function(picture, **self.parts)


class Pooled(nn.Module):
    """conv + BN + ReLU + max pooling twice (the second one overlapping), then a class layer."""

    layers = ("one", "two", "classes")

    def __init__(self) -> None:
        super().__init__()
        self.one = nn.Sequential(
            nn.Conv2d(1, 5, 3, padding=1), nn.BatchNorm2d(5), nn.ReLU(), nn.MaxPool2d(2)
        )
        self.two = nn.Sequential(
            nn.Conv2d(5, 6, 3, padding=1), nn.BatchNorm2d(6), nn.ReLU(), nn.MaxPool2d(3, 2, 1)
        )
        self.classes = nn.Conv2d(6, 3, 1)

    def forward(self, maps: Tensor) -> Tensor:
        out: Tensor = self.classes(self.two(self.one(maps))).mean((2, 3))
        return out


class Residual(nn.Module):
    """Strided stem, a residual sum with ReLU after it, a concatenation, a grouped convolution."""

    layers = ("stem", "block", "joined", "classes")

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(1, 4, 3, 2, 1), nn.BatchNorm2d(4), nn.ReLU())
        self.first = nn.Conv2d(4, 4, 3, padding=1, groups=2)
        self.relu1 = nn.ReLU()
        self.second = nn.Conv2d(4, 4, 3, padding=2, dilation=2, bias=False)
        self.norm = nn.BatchNorm2d(4)
        self.block = nn.ReLU()
        self.side = nn.Conv2d(4, 3, 1)
        self.relu2 = nn.ReLU()
        self.joined = nn.Conv2d(7, 6, 3, 2, 1)
        self.relu3 = nn.ReLU()
        self.classes = nn.Conv2d(6, 3, 1)

    def forward(self, maps: Tensor) -> Tensor:
        maps = self.stem(maps)
        inside = self.norm(self.second(self.relu1(self.first(maps))))
        maps = self.block(maps + inside)
        both = torch.cat((maps, self.relu2(self.side(maps))), 1)
        out: Tensor = self.classes(self.relu3(self.joined(both))).mean((2, 3))
        return out


class Inverted(nn.Module):
    """EfficientNet-Lite's shape, narrow: ReLU6, depthwise convolutions, linear bottlenecks."""

    layers = ("stem", "a", "b", "c", "classes")

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Sequential(
            nn.Conv2d(1, 4, 3, 2, 1, bias=False), nn.BatchNorm2d(4, eps=1e-3), nn.ReLU6()
        )
        self.a = InvertedResidual(4, 4, 1, 3, 1)
        self.b = InvertedResidual(4, 6, 2, 5, 2)
        self.c = InvertedResidual(6, 6, 2, 3, 1)
        self.classes = nn.Conv2d(6, 3, 1)

    def forward(self, maps: Tensor) -> Tensor:
        out: Tensor = self.classes(self.c(self.b(self.a(self.stem(maps))))).mean((2, 3))
        return out


class Strided(PlainCNN):
    """A plain network of three strided convolutions, without pooling."""

    layers = ("conv1", "conv2", "conv3", "classes")

    def __init__(self) -> None:
        super().__init__(3, ((4, 5, 2), (6, 3, 2), (6, 3, 1)))


class Branched(nn.Module):
    """Three branches side by side, of different lengths, joined by concatenation."""

    layers = ("stem", "left", "middle", "right", "classes")

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


class Mixed(nn.Module):
    """ConvNeXt's block: depthwise convolution, then layer norm and linear layers over channels
    that lie last; the linear layers see all positions as rows of one matrix."""

    layers = ("stem", "wide", "block", "classes")

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(1, 4, 4, 2, 1)
        self.wide = nn.Conv2d(4, 4, 5, padding=2, groups=4)
        self.norm = nn.LayerNorm(4)
        self.more, self.fewer = nn.Linear(4, 8), nn.Linear(8, 4)
        self.scale = nn.Parameter(torch.tensor([0.5, -1.0, 2.0, 1.5]))
        self.block = nn.ReLU()
        self.classes = nn.Conv2d(4, 3, 1)

    def forward(self, maps: Tensor) -> Tensor:
        maps = self.stem(maps)
        inside = self.norm(self.wide(maps).permute(0, 2, 3, 1))
        inside = self.scale * self.fewer(F.gelu(self.more(inside)))
        maps = self.block(maps + inside.permute(0, 3, 1, 2))
        out: Tensor = self.classes(maps).mean((2, 3))
        return out


class Weighed(nn.Module):
    """Squeeze and excitation, written with functions."""

    layers = ("stem", "deep", "classes")

    def __init__(self) -> None:
        super().__init__()
        self.stem, self.deep = nn.Conv2d(1, 4, 3, 2, 1), nn.Conv2d(4, 6, 3, padding=1)
        self.squeeze, self.excite = nn.Linear(6, 4), nn.Linear(4, 6)
        self.classes = nn.Conv2d(6, 3, 1)

    def forward(self, maps: Tensor) -> Tensor:
        maps = F.relu(self.deep(F.relu(self.stem(maps))))
        weights = F.relu(self.squeeze(maps.mean((2, 3))))
        weights = torch.sigmoid(self.excite(weights))
        maps = maps * weights[:, :, None, None]
        out: Tensor = F.adaptive_avg_pool2d(self.classes(maps), 1).flatten(1)
        return out


class Encoder(nn.Module):
    """A U-Net whose decoder's maps are classified by their mean; skips are cut to fit."""

    layers = ("down", "bottom", "join", "classes")

    def __init__(self) -> None:
        super().__init__()
        self.down = nn.Sequential(nn.Conv2d(1, 4, 3, padding=1), nn.ReLU())
        self.bottom = nn.Sequential(nn.Conv2d(4, 6, 3), nn.ReLU())
        self.up = nn.ConvTranspose2d(6, 4, 2, 2)
        self.join = nn.Sequential(nn.Conv2d(8, 5, 3, padding=1), nn.ReLU())
        self.classes = nn.Conv2d(5, 3, 1)

    def forward(self, maps: Tensor) -> Tensor:
        skip = self.down(maps)
        maps = self.up(self.bottom(F.max_pool2d(skip, 2)))
        top = (skip.shape[2] - maps.shape[2]) // 2
        left = (skip.shape[3] - maps.shape[3]) // 2
        skip = skip[:, :, top : top + maps.shape[2], left : left + maps.shape[3]]
        out: Tensor = self.classes(self.join(torch.cat((skip, maps), 1))).mean((2, 3))
        return out


class Dense(nn.Module):
    """DenseNet's shape: every layer reads all before it; norm and ReLU first; a linear head."""

    layers = ("stem", "one", "two", "transition")

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(1, 4, 5, 2, 2, bias=False)
        self.one, self.two = self._layer(4), self._layer(7)
        self.transition = nn.Sequential(
            nn.BatchNorm2d(10), nn.ReLU(), nn.Conv2d(10, 6, 1, bias=False), nn.AvgPool2d(2)
        )
        self.end = nn.BatchNorm2d(6)
        self.head = nn.Linear(6, 3)

    @staticmethod
    def _layer(inputs: int) -> nn.Sequential:
        return nn.Sequential(
            nn.BatchNorm2d(inputs),
            nn.ReLU(inplace=True),
            nn.Conv2d(inputs, 3, 3, padding=1, bias=False),
        )

    def forward(self, maps: Tensor) -> Tensor:
        found = [self.stem(maps)]
        for layer in (self.one, self.two):
            found.append(layer(torch.cat(found, 1)))
        maps = F.relu(self.end(self.transition(torch.cat(found, 1))), inplace=True)
        out: Tensor = self.head(torch.flatten(F.adaptive_avg_pool2d(maps, (1, 1)), 1))
        return out


class Inception(nn.Module):
    """Branches of several kernel sizes and of pooling, side by side; a linear head."""

    layers = ("stem", "narrow", "tall")

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(1, 4, 3, 2), nn.ReLU())
        self.narrow = nn.Conv2d(4, 3, 1)
        self.tall, self.flat = nn.Conv2d(4, 2, (5, 1), padding=(2, 0)), nn.Conv2d(4, 2, (1, 3))
        self.pooled = nn.Conv2d(4, 2, 1)
        self.head = nn.Linear(15, 3)

    def forward(self, maps: Tensor) -> Tensor:
        maps = self.stem(maps)
        branches = [
            F.relu(self.narrow(maps)),
            F.relu(self.tall(maps)) + F.relu(self.flat(F.pad(maps, (1, 1)))),
            F.max_pool2d(maps, 3, 1, 1),
            self.pooled(F.avg_pool2d(maps, 3, 1, 1, count_include_pad=False)),
            maps * 0.5,
        ]
        out: Tensor = self.head(torch.cat(branches, 1).mean([-2, -1]))
        return out


NETWORKS: dict[str, Callable[[], nn.Module]] = {
    "pooled": Pooled,
    "residual": Residual,
    "inverted": Inverted,
    "strided": Strided,
}

# The shapes of networks that people bring: for the tests of the whole engine.
FAMILIES: dict[str, Callable[[], nn.Module]] = {
    "branched": Branched,
    "mixed": Mixed,
    "weighed": Weighed,
    "encoder": Encoder,
    "dense": Dense,
    "inception": Inception,
}


def built(name: str, seed: int = 0) -> tuple[nn.Module, tuple[str, ...]]:
    """A randomised network of the tables and the layers that it exposes."""
    make = {**NETWORKS, **FAMILIES}[name]
    layers: tuple[str, ...] = make.layers  # type: ignore[attr-defined]
    return randomised(make(), seed), layers


def read(network: nn.Module, layers: Sequence[str], picture: Tensor) -> tuple[Graph, Recording]:
    graph = trace(network, picture, layers)
    with torch.no_grad():
        return graph, record(graph, picture, [graph.step_of(name) for name in layers])


def taken_back(
    graph: Graph,
    recording: Recording,
    step: int,
    seed: Tensor,
    rule: str,
    unpooling: str = "switch",
) -> Tensor:
    """The plainest use of the engine: one seed batch at one step, alone in its pass."""
    with torch.no_grad():
        return back_project(
            graph,
            recording,
            Way(RULES[rule], unpooling),
            lambda position, arrived: seed if position == step else None,
        )


def assert_close(first: Tensor, second: Tensor, tolerance: float = 1e-12) -> None:
    """Equal up to ``tolerance`` times the greatest value of ``second``, which is not all zero."""
    assert first.shape == second.shape
    greatest = float(second.abs().max())
    assert greatest > 0
    assert float((first - second).abs().max()) <= tolerance * greatest


def output_of(network: nn.Module, layer: str, picture: Tensor) -> tuple[Tensor, Tensor]:
    """What the network's module returns for a picture, and the network's answer; with their
    autograd graph. By a hook of its own: nothing of the engine is used."""
    seen: list[Tensor] = []
    place = network.get_submodule(layer)
    hook = place.register_forward_hook(lambda module, args, out: seen.append(out))
    try:
        answer = network(picture)
    finally:
        hook.remove()
    return seen[0], answer


_HOOKS = ("forward_hooks", "forward_pre_hooks", "backward_hooks", "backward_pre_hooks")


def state_of(network: nn.Module) -> list[object]:
    """Everything about a network, and about PyTorch, that looking at it must not change."""
    facts: list[object] = []
    for path, module in network.named_modules():
        hooks = [len(getattr(module, f"_{name}")) for name in _HOOKS]
        facts.append((path, type(module), module.training, hooks, sorted(vars(module))))
    for path, tensor in network.state_dict(keep_vars=True).items():
        held = tensor.detach()
        values = hashlib.sha256(held.contiguous().numpy()).hexdigest()
        facts.append((path, tensor.requires_grad, tensor.grad is None, held.stride(), values))
    everywhere = torch.nn.modules.module
    facts.extend(len(getattr(everywhere, f"_global_{name}")) for name in _HOOKS)
    facts.append((nn.Module.__call__, nn.Module.__getattr__))
    facts.append((torch.is_grad_enabled(), torch.get_default_dtype()))
    return facts


CAPTUM = {"deconvnet": Deconvolution, "guided": GuidedBackprop, "gradient": Saliency}


def by_captum(rule: str, network: nn.Module, picture: Tensor, target: int | None) -> Tensor:
    """Captum's signed attribution; its notice that it hooks ReLUs is the only warning let by."""
    options = {"abs": False} if rule == "gradient" else {}
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Setting backward hooks on ReLU", UserWarning)
        method = CAPTUM[rule](network)
        found: Tensor = method.attribute(picture.clone().requires_grad_(), target, **options)
    return found.detach()


class _Ruled(torch.autograd.Function):
    """ReLU forward; on the way back what the rule's definition says, spelled out."""

    @staticmethod
    def forward(ctx: Any, maps: Tensor, rule: str) -> Tensor:
        ctx.rule = rule
        ctx.save_for_backward(maps)
        return torch.where(maps > 0, maps, torch.zeros_like(maps))

    @staticmethod
    def backward(ctx: Any, signal: Tensor) -> tuple[Tensor, None]:
        (maps,) = ctx.saved_tensors
        nothing = torch.zeros_like(signal)
        if ctx.rule in ("gradient", "frozen", "guided"):
            signal = torch.where(maps > 0, signal, nothing)
        if ctx.rule in ("deconvnet", "guided"):
            signal = torch.where(signal > 0, signal, nothing)
        return signal, None


class WithRule(TorchFunctionMode):
    """While it runs, every ReLU is the rule's, and gating branches are constants (not so for the
    gradient), however the network calls them."""

    def __init__(self, rule: str) -> None:
        super().__init__()
        self.rule = rule

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        if func in (F.relu, torch.relu, Tensor.relu):
            return _Ruled.apply(args[0], self.rule)  # type: ignore[no-untyped-call]
        out = func(*args, **(kwargs or {}))
        return out.detach() if func is torch.sigmoid and self.rule != "gradient" else out


CLASSES = ("hand", "foot", "knee")


def specification(
    architecture: str, arguments: Mapping[str, object], layers: Sequence[str], side: int = 40
) -> ModelSpecification:
    """A specification of three classes for images of modality DX and CR."""
    return ModelSpecification(
        name="small",
        version="0.1",
        architecture=architecture,
        arguments=dict(arguments),
        classes=CLASSES,
        input_size=side,
        mean=0.4,
        std=0.25,
        exposed_layers=tuple(layers),
        modalities=("DX", "CR"),
        intended_use="tests",
        licence="Apache-2.0",
    )


def small_explainer(name: str, side: int = 40, seed: int = 0) -> Explainer:
    """An explainer (float32, CPU) of a network of the table."""
    network, layers = built(name, seed)
    facts = specification("by hand", {}, layers, side)
    return Explainer.prepare(LoadedModel(network.float(), facts), torch.device("cpu"))


def grey_image(height: int = 50, width: int = 37, seed: int = 0) -> NDArray[np.float32]:
    """Smooth light and dark patches with some noise."""
    generator = np.random.default_rng(seed)
    y, x = np.mgrid[:height, :width]
    patches = np.sin(x / 5 + seed) * np.cos(y / 7) + 0.3 * generator.standard_normal(x.shape)
    return np.asarray(1000 + 400 * patches, np.float32)
