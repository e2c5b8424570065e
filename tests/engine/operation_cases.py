"""A case or more of every operation that the engine knows: a function, and of which shape."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from tests.engine.small_networks import noise, randomised

aten = torch.ops.aten
Function = Callable[..., Tensor]

LINE, MAPS, BLOCK = (1, 3, 9), (1, 3, 5, 7), (1, 2, 4, 5, 3)
EVEN_LINE, EVEN, EVEN_BLOCK = (1, 4, 8), (1, 4, 6, 8), (1, 2, 4, 6, 2)
SIDES = {"1d": LINE, "2d": MAPS, "3d": BLOCK}
CONVOLVE: dict[str, Function] = {"1d": F.conv1d, "2d": F.conv2d, "3d": F.conv3d}


@dataclass(frozen=True)
class Case:
    """``function`` of an image of ``shape``. ``holds`` is true when nothing but gates stands
    between the image and the answer, so that held gates give the answer itself again."""

    function: Function
    shape: tuple[int, ...] = MAPS
    linear: bool = False
    holds: bool = False


def _linear(function: Function, shape: tuple[int, ...] = MAPS) -> Case:
    return Case(function, shape, linear=True)


def _holds(function: Function, shape: tuple[int, ...] = MAPS) -> Case:
    return Case(function, shape, holds=True)


def _weights(*shape: int) -> Tensor:
    return noise(*shape, seed=77)


def _module(module: nn.Module) -> nn.Module:
    return randomised(module, seed=5)


def _statistics(channels: int) -> tuple[Tensor, Tensor]:
    return _weights(channels), _weights(channels).abs() + 0.5


def _written_over(picture: Tensor) -> Tensor:
    whole = picture * 1.5
    whole[:, :, 1:4, 2].mul_(2)
    whole[:, :, 0:4:2].add_(picture[:, :, 1:5:2])
    whole[:, 1].relu_()
    return whole


def _gem(picture: Tensor) -> Tensor:
    """Generalised mean pooling, p = 3."""
    return picture.clamp(min=1e-6).pow(3).mean((2, 3)).pow(1 / 3)


def _excited(picture: Tensor) -> Tensor:
    weights = F.hardsigmoid(F.linear(picture.mean((2, 3)), _weights(3, 3)))
    return picture * weights[..., None, None]


def _attended(picture: Tensor) -> Tensor:
    tokens = picture.flatten(2).transpose(1, 2)
    return torch.bmm((torch.bmm(tokens, tokens.mT) / 2).softmax(-1), tokens)


CONVOLUTIONS = {
    **{
        f"convolution {sides}": _linear(
            partial(convolve, weight=_weights(4, SIDES[sides][1], *(3, 2, 2)[: int(sides[0])])),
            SIDES[sides],
        )
        for sides, convolve in CONVOLVE.items()
    },
    "convolution with a bias": _linear(_module(nn.Conv2d(3, 4, 3))),
    "convolution with all its numbers": _linear(
        _module(nn.Conv2d(4, 6, (3, 2), (2, 3), (2, 1), (2, 3), 2)), (1, 4, 9, 8)
    ),
    "convolution, depthwise": _linear(_module(nn.Conv2d(3, 6, 3, 2, 1, groups=3))),
    "convolution, same": _linear(_module(nn.Conv2d(3, 2, (3, 5), padding="same"))),
    "convolution, reflected": _linear(
        _module(nn.Conv2d(3, 2, 3, padding=2, padding_mode="reflect"))
    ),
    "convolution 3d, depthwise": _linear(
        _module(nn.Conv3d(2, 4, (3, 2, 1), 2, 1, groups=2)), BLOCK
    ),
    "convolution 1d, dilated": _linear(_module(nn.Conv1d(3, 2, 3, 2, 1, dilation=3)), LINE),
    **{
        f"transposed convolution {sides}": _linear(
            _module(make(SIDES[sides][1], 2, 3, 2, 1, output_padding=1)), SIDES[sides]
        )
        for sides, make in (
            ("1d", nn.ConvTranspose1d),
            ("2d", nn.ConvTranspose2d),
            ("3d", nn.ConvTranspose3d),
        )
    },
    "transposed convolution with all its numbers": _linear(
        _module(nn.ConvTranspose2d(4, 6, (2, 3), (3, 2), (0, 2), (2, 1), 2, dilation=(1, 2))),
        (1, 4, 5, 4),
    ),
    "linear": _linear(lambda x: F.linear(x.flatten(1), _weights(4, 105), _weights(4))),
    "linear without a bias": _linear(lambda x: F.linear(x.flatten(1), _weights(4, 105))),
    "linear along the last axis": _linear(lambda x: F.linear(x, _weights(4, 7), _weights(4))),
    "linear along channels that were moved last": _linear(
        lambda x: F.linear(x.permute(0, 2, 3, 1), _weights(4, 3), _weights(4))
    ),
    "linear along channels that lie last in memory": _linear(
        lambda x: F.linear(x.permute(0, 2, 3, 1).contiguous(), _weights(4, 3), _weights(4))
    ),
    "linear over tokens": _linear(
        lambda x: F.linear(x.flatten(2).transpose(1, 2), _weights(4, 3), _weights(4))
    ),
    "a product of matrices": Case(lambda x: torch.bmm(x[:, 0], x[:, 1].mT)),
    "attention": Case(_attended),
}

POOLING = {
    "max pooling 1d": Case(lambda x: F.max_pool1d(x, 3, 2, 1), LINE),
    "max pooling": Case(lambda x: F.max_pool2d(x, 2), EVEN),
    "max pooling that overlaps": Case(lambda x: F.max_pool2d(x, 3, 2, 1)),
    "max pooling, uneven": Case(lambda x: F.max_pool2d(x, (3, 2), (2, 1), (1, 0))),
    "max pooling, ceil mode": Case(lambda x: F.max_pool2d(x, 2, ceil_mode=True)),
    "max pooling, dilated": Case(lambda x: F.max_pool2d(x, 2, 1, dilation=2)),
    "max pooling 3d": Case(lambda x: F.max_pool3d(x, 2, 2, 1), BLOCK),
    "max pooling 3d that tiles": Case(lambda x: F.max_pool3d(x, 2), EVEN_BLOCK),
    "minimum pooling": Case(lambda x: -F.max_pool2d(-x, 2)),
    "adaptive max pooling 1d": Case(lambda x: F.adaptive_max_pool1d(x, 4), LINE),
    "adaptive max pooling": Case(lambda x: F.adaptive_max_pool2d(x, (2, 3))),
    "adaptive max pooling 3d": Case(lambda x: F.adaptive_max_pool3d(x, (3, 2, 2)), BLOCK),
    "global maximum": Case(lambda x: x.amax((2, 3))),
    "global maximum that keeps its axes": Case(lambda x: x.amax((-1, -2), keepdim=True)),
    "global maximum by max": Case(lambda x: x.flatten(2).max(2)[0]),
    "global maximum by max pooling": Case(lambda x: F.max_pool2d(x, x.shape[2:])),
    "average pooling 1d": _linear(lambda x: F.avg_pool1d(x, 3, 2, 1), LINE),
    "average pooling": _linear(lambda x: F.avg_pool2d(x, 3, 2, 1)),
    "average pooling of what is there": _linear(
        lambda x: F.avg_pool2d(x, 3, 2, 1, count_include_pad=False)
    ),
    "average pooling, ceil mode": _linear(lambda x: F.avg_pool2d(x, (2, 3), ceil_mode=True)),
    "average pooling, another divisor": _linear(lambda x: F.avg_pool2d(x, 2, divisor_override=3)),
    "average pooling 3d": _linear(lambda x: F.avg_pool3d(x, 2, 1, 1), BLOCK),
    "adaptive average 1d": _linear(lambda x: F.adaptive_avg_pool1d(x, 4), LINE),
    "adaptive average, uneven": _linear(lambda x: F.adaptive_avg_pool2d(x, (2, 4))),
    "adaptive average, larger": _linear(lambda x: F.adaptive_avg_pool2d(x, 9)),
    "adaptive average 3d": _linear(lambda x: F.adaptive_avg_pool3d(x, (3, 2, 2)), BLOCK),
    "global average": _linear(lambda x: F.adaptive_avg_pool2d(x, 1)),
    "mean": _linear(lambda x: x.mean((2, -1))),
    "mean that keeps its axes": _linear(lambda x: x.mean(1, keepdim=True)),
    "power average pooling": Case(lambda x: F.lp_pool2d(x, 2, 2)),
    "generalised mean pooling": Case(lambda x: _gem(x.exp())),
}

RESIZING = {
    **{
        f"{mode} enlarging {sides}": _linear(
            partial(F.interpolate, size=size, mode=mode), SIDES[sides]
        )
        for sides, size in (("1d", (13,)), ("2d", (8, 12)), ("3d", (5, 7, 6)))
        for mode in ("nearest", "nearest-exact")
    },
    "linear enlarging 1d": _linear(
        lambda x: F.interpolate(x, scale_factor=1.5, mode="linear"), LINE
    ),
    "bilinear enlarging": _linear(lambda x: F.interpolate(x, scale_factor=2, mode="bilinear")),
    "bilinear enlarging, corners aligned": _linear(
        lambda x: F.interpolate(x, size=(9, 4), mode="bilinear", align_corners=True)
    ),
    "bicubic enlarging": _linear(lambda x: F.interpolate(x, size=(8, 9), mode="bicubic")),
    "trilinear enlarging": _linear(
        lambda x: F.interpolate(x, size=(5, 4, 6), mode="trilinear"), BLOCK
    ),
    "bilinear shrinking, antialiased": _linear(
        lambda x: F.interpolate(x, size=(3, 4), mode="bilinear", antialias=True)
    ),
    "bicubic shrinking, antialiased": _linear(
        lambda x: F.interpolate(x, size=(3, 4), mode="bicubic", antialias=True)
    ),
    "shrinking by area": _linear(lambda x: F.interpolate(x, size=(3, 4), mode="area")),
    "sampling at fixed places": _linear(
        lambda x: F.grid_sample(x, _weights(1, 4, 3, 2), align_corners=False)
    ),
    **{
        f"{mode} padding {sides}": _linear(partial(F.pad, pad=pad, mode=mode), SIDES[sides])
        for sides, pad in (("1d", (2, 1)), ("2d", (2, 1, 0, 3)), ("3d", (1, 2, 0, 1, 2, 3)))
        for mode in ("reflect", "replicate")
    },
    "zero padding": _linear(lambda x: F.pad(x, (1, 2, 0, 3))),
    "padding with a constant": _linear(lambda x: F.pad(x, (1, 2, 3, 0), value=2.5)),
    "padding that cuts": _linear(lambda x: F.pad(x, (-1, 2, 1, -2), value=-1.5)),
    "padding of channels": _linear(lambda x: F.pad(x, (0, 0, 0, 0, 1, 2))),
    "pixel shuffle": _linear(lambda x: F.pixel_shuffle(x, 2), EVEN),
    "pixel unshuffle": _linear(lambda x: F.pixel_unshuffle(x, 2), EVEN),
    "channel shuffle": _linear(lambda x: F.channel_shuffle(x, 2), EVEN),
    "unfolding": _linear(lambda x: F.unfold(x, (2, 3), 2, 1, 2)),
    "folding": _linear(lambda x: F.fold(x.flatten(2)[..., :24], (5, 7), 2), (1, 8, 5, 5)),
}

REORDERING = {
    "view": _linear(lambda x: x.view(1, 7, -1)),
    "reshape after a transposition": _linear(lambda x: x.transpose(1, 3).reshape(1, 5, 21)),
    "flatten and unflatten": _linear(lambda x: x.flatten(1).unflatten(1, (5, -1))),
    "squeeze and unsqueeze": _linear(
        lambda x: x.mean(3, keepdim=True).squeeze(3).unsqueeze(1).squeeze((1,))
    ),
    "without the batch axis and with it again": _linear(
        lambda x: F.conv2d(x.squeeze(0), _weights(2, 3, 3, 3))[None]
    ),
    "permute": _linear(lambda x: x.permute(0, 3, -3, 2)),
    "split": _linear(lambda x: torch.cat(x.split(2, 1)[::-1], 1)),
    "split with sizes": _linear(lambda x: x.split([1, 4, 2], 3)[1] * 3),
    "chunk": _linear(lambda x: x.chunk(2, -1)[1]),
    "unbind": _linear(lambda x: x.unbind(1)[2] - 2 * x.unbind(1)[0]),
    "select": _linear(lambda x: x[:, 1] + x[..., -1, :].sum(1, keepdim=True)),
    "slice": _linear(lambda x: x[:, :, 1:5:2, -3:]),
    "narrow": _linear(lambda x: x.narrow(2, 1, 3)),
    "index with a list": _linear(lambda x: x[:, [2, 0, 2]]),
    "index with two lists": _linear(lambda x: x[:, :, [0, 4, 4], [6, 1, 1]]),
    "index select": _linear(lambda x: x.index_select(-1, torch.tensor([3, 3, 0]))),
    "flip": _linear(lambda x: x.flip(1, -1)),
    "roll": _linear(lambda x: x.roll((1, -2), (2, 3))),
    "repeat": _linear(lambda x: x.repeat(1, 2, 1, 3)),
    "repeat interleave": _linear(lambda x: x.repeat_interleave(2, 1)),
    "expand": _linear(lambda x: x[:, :1].expand(-1, 4, -1, -1)),
    "stack": _linear(lambda x: torch.stack([x, 2 * x, -x], 2)),
    "stack with a constant": _linear(lambda x: torch.stack([x, torch.ones_like(x)], -1)),
    "cat": _linear(lambda x: torch.cat((x, x[:, :1], x.flip(1)), 1)),
    "cat along a side": _linear(lambda x: torch.cat((x, x[:, :, :2]), 2)),
    "cat with a constant": _linear(lambda x: torch.cat((x, x.new_ones(1, 2, 5, 7)), 1)),
    "sum": _linear(lambda x: x.sum((1, 3))),
    "cumulative sum": _linear(lambda x: x.cumsum(2)),
    "transposition": _linear(lambda x: x.transpose(-1, 1)),
    "parts written over": Case(_written_over),
}

ARITHMETIC = {
    "addition": _linear(lambda x: x + x.flip(3)),
    "addition with a factor": _linear(lambda x: torch.add(x, x.flip(3), alpha=-2)),
    "addition of a constant": _linear(lambda x: x + _weights(3, 1, 7)),
    "addition to a constant with a factor": _linear(
        lambda x: torch.add(_weights(1, 3, 5, 7), x, alpha=3)
    ),
    "addition that broadcasts": _linear(lambda x: x + x.mean((2, 3), keepdim=True)),
    "addition that broadcasts both": _linear(
        lambda x: x.mean(3, keepdim=True) + x.mean(2, keepdim=True)
    ),
    "subtraction": _linear(lambda x: x - x.mean(1, keepdim=True)),
    "subtraction with a factor": _linear(lambda x: torch.sub(x, x.flip(2), alpha=3)),
    "subtraction from a constant": _linear(lambda x: _weights(3, 5, 7) - x),
    "subtraction from a number": _linear(lambda x: 1.5 - x),
    "subtraction the other way": _linear(lambda x: torch.rsub(x, 2.0, alpha=3)),
    "multiplication by a constant": _linear(lambda x: _weights(3, 1, 1) * x * 2),
    "multiplication": Case(lambda x: x * x.flip(1)),
    "multiplication that broadcasts": Case(lambda x: x * x.mean((2, 3), keepdim=True)),
    "squeeze and excitation": _holds(_excited),
    "division by a constant": _linear(lambda x: x / (_weights(3, 5, 7) + 9) / 4),
    "division": _holds(lambda x: x / (x.flip(1).abs() + 1).sum(1, keepdim=True)),
    "division of a constant": Case(lambda x: 2 / (x * x + 1)),
    "division into whole numbers": Case(lambda x: x * x.div(0.3, rounding_mode="floor")),
    "negation": _linear(lambda x: -x),
    "mask": _holds(lambda x: x * (x > 0)),
    "mask of the same type": _holds(lambda x: x * (x >= 0.3).to(x.dtype)),
    "masks of several conditions": _holds(
        lambda x: x * (((x < 1) & (x > -1)) | ~(x <= 2) | torch.logical_not(x != 0))
    ),
    "masks joined logically": _holds(
        lambda x: x * torch.logical_or(torch.logical_and(x > 0, x < 1), x == x.flip(1))
    ),
    "rounding": Case(lambda x: x * (x.round() + 2 * x.floor() + 3 * x.ceil() + 5 * x.trunc())),
    "sign": Case(lambda x: x * x.sign()),
    "choice": _holds(lambda x: torch.where(x > 0, x, 0.1 * x.flip(1))),
    "choice of a constant": Case(lambda x: torch.where(x > 0, x, torch.full_like(x, -1.0))),
    "masked filling": Case(lambda x: x.masked_fill(x < 0, 0.5)),
    "maximum": _holds(lambda x: torch.maximum(x, x.flip(1))),
    "maximum with a constant": Case(lambda x: torch.maximum(x, torch.full_like(x, 0.2))),
    "maxout": _holds(lambda x: torch.max(x[:, :2], x[:, 1:])),
    "minimum": _holds(lambda x: torch.minimum(x, 2 * x.flip(3))),
    "mixing": _holds(lambda x: torch.lerp(x, x.flip(1), 0.3)),
}

NORMALISING = {
    **{
        f"batch norm {sides}": _linear(_module(make(SIDES[sides][1])), SIDES[sides])
        for sides, make in (
            ("1d", nn.BatchNorm1d),
            ("2d", nn.BatchNorm2d),
            ("3d", nn.BatchNorm3d),
        )
    },
    "batch norm without scale and shift": _linear(lambda x: F.batch_norm(x, *_statistics(3))),
    "batch norm by the image's statistics": Case(
        nn.BatchNorm2d(3, track_running_stats=False).double().eval()
    ),
    "batch norm as exporters write it": _linear(
        lambda x: aten._native_batch_norm_legit_no_training(
            x, _weights(3), _weights(3), *_statistics(3), 0.1, 1e-3
        )[0]
    ),
    "batch norm without an update": _linear(
        lambda x: aten._batch_norm_no_update(
            x, _weights(3), _weights(3), *_statistics(3), 0.1, 1e-3
        )[0]
    ),
    "batch norm without stored statistics": Case(
        lambda x: aten._native_batch_norm_legit.no_stats(
            x, _weights(3), _weights(3), True, 0.1, 1e-3
        )[0]
    ),
    "instance norm": Case(lambda x: F.instance_norm(x, weight=_weights(3), bias=_weights(3))),
    "instance norm with stored statistics": _linear(
        lambda x: F.instance_norm(x, *_statistics(3), use_input_stats=False)
    ),
    "instance norm 3d": Case(lambda x: F.instance_norm(x), BLOCK),
    "group norm": Case(lambda x: F.group_norm(x, 2, _weights(4), _weights(4)), (1, 4, 5, 3)),
    "group norm 1d": Case(lambda x: F.group_norm(x, 3), LINE),
    "layer norm": Case(lambda x: F.layer_norm(x, (5, 7), _weights(5, 7), _weights(5, 7))),
    "layer norm of channels": Case(
        lambda x: F.layer_norm(x.permute(0, 2, 3, 1), (3,), _weights(3), _weights(3))
    ),
    "layer norm without weights": Case(lambda x: F.layer_norm(x, (3, 5, 7))),
    "local response norm": Case(lambda x: F.local_response_norm(x, 3)),
    "normalisation to length one": _holds(lambda x: F.normalize(x, dim=1)),
    "division by a norm": _holds(lambda x: x / x.norm(dim=(2, 3), keepdim=True)),
    "division by a deviation": _holds(lambda x: x / (x.std(1, keepdim=True) + 1e-3)),
    "division by a variance": _holds(lambda x: x / (x.var((2, 3), keepdim=True) + 1e-3)),
    "norm": Case(lambda x: torch.linalg.vector_norm(x, 3, dim=1)),
    "logarithm of a sum of exponentials": Case(lambda x: x.logsumexp((2, 3))),
}

UNITS: dict[str, Function] = {
    "relu": F.relu,
    "relu6": F.relu6,
    "hard tanh": partial(F.hardtanh, min_val=-0.5, max_val=0.7),
    "clamp": lambda x: x.clamp(-0.5, 0.7),
    "clamp at zero": lambda x: x.clamp(min=0),
    "clamp between 0 and 1": lambda x: x.clamp(0, 1),
    "clamp from below": lambda x: torch.clamp_min(x, -0.2),
    "clamp from above": lambda x: torch.clamp_max(x, 0.2),
    "threshold": lambda x: F.threshold(x, 0.2, -1),
    "threshold at zero": lambda x: F.threshold(x, 0, 0),
    "random leaky relu": nn.RReLU(0.1, 0.4).eval(),
    "parametric relu": _module(nn.PReLU(3, init=0.3)),
    "parametric relu for all channels": _module(nn.PReLU(init=-0.3)),
    "leaky relu": partial(F.leaky_relu, negative_slope=0.2),
    "silu": F.silu,
    "gelu": F.gelu,
    "gelu by tanh": partial(F.gelu, approximate="tanh"),
    "elu": partial(F.elu, alpha=0.7),
    "selu": F.selu,
    "celu": partial(F.celu, alpha=0.5),
    "mish": F.mish,
    "hard swish": F.hardswish,
    "tanh": torch.tanh,
    "error function": torch.erf,
    "sine": torch.sin,
    "arc tangent": torch.atan,
    "arc hyperbolic sine": torch.asinh,
    "exponential less one": torch.expm1,
    "absolute value": torch.abs,
    "cube": lambda x: x**3,
    "square": torch.square,
    "hard shrinking": F.hardshrink,
    "soft shrinking": F.softshrink,
    "tanh shrinking": F.tanhshrink,
    "soft sign": F.softsign,
}
PASSING_ZERO = {  # f(0) = 0 and no shift anywhere: held gates give the answer itself again
    *("relu", "clamp at zero", "threshold at zero", "random leaky relu", "parametric relu"),
    *("parametric relu for all channels", "leaky relu", "silu", "gelu", "gelu by tanh", "elu"),
    *("selu", "celu", "mish", "hard swish", "tanh", "error function", "sine", "arc tangent"),
    *("arc hyperbolic sine", "exponential less one", "absolute value", "cube", "square"),
    *("hard shrinking", "soft shrinking", "tanh shrinking", "soft sign"),
}

ACTIVATIONS = {
    **{name: Case(function, MAPS, holds=name in PASSING_ZERO) for name, function in UNITS.items()},
    "gated linear unit": Case(lambda x: F.glu(x, 1), EVEN),
    "swish by hand": _holds(lambda x: x * torch.sigmoid(1.5 * x)),
    "soft plus": Case(F.softplus),
    "logarithm of the sigmoid": Case(F.logsigmoid),
    "sigmoid": Case(torch.sigmoid),
    "hard sigmoid": Case(lambda x: F.hardsigmoid(3 * x)),
    "softmax": Case(lambda x: x.softmax(1)),
    "logarithm of the softmax": Case(lambda x: x.log_softmax(1)),
    "exponential": Case(torch.exp),
    "logarithm": Case(lambda x: (x * x + 0.5).log()),
    "logarithm of one more": Case(lambda x: torch.log1p(x * x)),
    "root": Case(lambda x: (x * x + 0.5).sqrt()),
    "one over the root": Case(lambda x: (x * x + 0.5).rsqrt()),
    "one over": Case(lambda x: (x * x + 0.5).reciprocal()),
    "cosine": Case(torch.cos),
}

CASES: dict[str, Case] = {
    **CONVOLUTIONS,
    **POOLING,
    **RESIZING,
    **REORDERING,
    **ARITHMETIC,
    **NORMALISING,
    **ACTIVATIONS,
}
ELSEWHERE = {
    "cudnn_batch_norm": "what batch norm is on a CUDA device",
    "miopen_batch_norm": "what batch norm is on an AMD card",
    "narrow": "PyTorch turns it into a slice before it arrives",
    "reshape": "PyTorch turns it into a view before it arrives",
}
