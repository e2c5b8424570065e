"""P1-P4: every operation's way back is the adjoint of its way in, by formula and by autograd."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from engine.operations.base import Operation, Way
from engine.operations.convolution import Convolution
from engine.operations.normalisation import ChannelScale
from engine.operations.pooling import AveragePool, GlobalAverage, MaxPool
from engine.operations.rectifier import Rectifier
from engine.operations.shape import Concatenation, Identity, Sum
from engine.rules import RULES
from tests.engine.small_networks import assert_close

REPEATABLE = settings(derandomize=True, deadline=None, max_examples=60, database=None)
WAY = Way(RULES["gradient"])


def _random(*shape: int, seed: int = 0) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(*shape, generator=generator, dtype=torch.float64)


def _assert_adjoint(operation: Operation, *inputs: Tensor) -> None:
    """⟨A x, y⟩ = ⟨x, A' y⟩ for the linear part A of ``operation``, to 1e-12 of |A x| |y|."""
    shapes = [torch.zeros_like(item) for item in inputs]
    out, held = operation.forward(*inputs)
    linear = out - operation.forward(*shapes)[0]
    signal = _random(*out.shape, seed=5)
    back = operation.back(signal, held, WAY)
    assert [item.shape for item in back] == [item.shape for item in inputs]
    there = float((linear * signal).sum())
    here = sum(float((item * share).sum()) for item, share in zip(inputs, back, strict=True))
    assert abs(there - here) <= 1e-12 * float(linear.norm() * signal.norm())


@st.composite
def convolutions(draw: st.DrawFn) -> tuple[nn.Conv2d, tuple[int, int]]:
    """A convolution of any form, depthwise included, and an input size that it can read."""
    side = st.tuples(st.integers(1, 5), st.integers(1, 5))
    kernel, dilation = draw(side), draw(st.tuples(st.integers(1, 3), st.integers(1, 3)))
    stride = draw(st.tuples(st.integers(1, 4), st.integers(1, 4)))
    padding = draw(st.tuples(st.integers(0, 3), st.integers(0, 3)))
    if draw(st.booleans()):
        groups = inputs = draw(st.integers(1, 4))  # depthwise
        outputs = groups * draw(st.integers(1, 2))
    else:
        groups = draw(st.integers(1, 3))
        inputs, outputs = groups * draw(st.integers(1, 3)), groups * draw(st.integers(1, 3))
    size = tuple(
        max(1, d * (k - 1) + 1 - 2 * p) + draw(st.integers(0, 9))
        for k, d, p in zip(kernel, dilation, padding, strict=True)
    )
    module = nn.Conv2d(
        inputs, outputs, kernel, stride, padding, dilation, groups, dtype=torch.float64
    )
    module.weight.data.copy_(_random(*module.weight.shape, seed=1))
    return module, (size[0], size[1])


def _spread_by_hand(
    signal: NDArray[np.float64], module: nn.Conv2d, size: tuple[int, int]
) -> NDArray[np.float64]:
    """P3 from the formula: put s - 1 zeros between the values, then convolve (stride 1) with the
    kernel flipped, input and output channels swapped. ``signal`` [out, h, w] → [in, H, W]."""
    weight = module.weight.detach().numpy()
    assert not isinstance(module.padding, str)
    (sy, sx), (py, px), (dy, dx) = module.stride, module.padding, module.dilation
    outputs, per_group, kh, kw = weight.shape
    reach_y, reach_x = dy * (kh - 1) + 1, dx * (kw - 1) + 1
    dilated = np.zeros((outputs, per_group, reach_y, reach_x))
    dilated[:, :, ::dy, ::dx] = weight
    flipped = dilated[:, :, ::-1, ::-1]
    canvas = np.zeros((outputs, size[0] + reach_y - 1, size[1] + reach_x - 1))
    for y, x in itertools.product(range(signal.shape[1]), range(signal.shape[2])):
        row, column = y * sy + reach_y - 1 - py, x * sx + reach_x - 1 - px
        if 0 <= row < canvas.shape[1] and 0 <= column < canvas.shape[2]:
            canvas[:, row, column] = signal[:, y, x]
    windows = np.lib.stride_tricks.sliding_window_view(canvas, (reach_y, reach_x), axis=(1, 2))
    share = outputs // module.groups
    return np.concatenate(
        [
            np.einsum(
                "ohwyx,oiyx->ihw",
                windows[group * share : (group + 1) * share],
                flipped[group * share : (group + 1) * share],
            )
            for group in range(module.groups)
        ]
    )


@REPEATABLE
@given(convolutions())
def test_convolution_back_is_the_adjoint(case: tuple[nn.Conv2d, tuple[int, int]]) -> None:
    module, size = case
    _assert_adjoint(Convolution.from_module(module), _random(1, module.in_channels, *size))


@REPEATABLE
@given(convolutions())
def test_convolution_back_is_autograd_and_the_transposed_convolution(
    case: tuple[nn.Conv2d, tuple[int, int]],
) -> None:
    module, size = case
    maps = _random(1, module.in_channels, *size).requires_grad_()
    expected_out = module(maps)
    signal = _random(*expected_out.shape, seed=3)
    (vjp,) = torch.autograd.grad(expected_out, maps, signal)
    operation = Convolution.from_module(module)
    out, held = operation.forward(maps.detach())
    (back,) = operation.back(signal, held, WAY)
    assert torch.allclose(out, expected_out.detach(), rtol=1e-12, atol=1e-12)
    assert torch.allclose(back, vjp, rtol=1e-12, atol=1e-12)
    transposed = nn.ConvTranspose2d(
        module.out_channels,
        module.in_channels,
        module.kernel_size,  # type: ignore[arg-type]
        module.stride,  # type: ignore[arg-type]
        module.padding,  # type: ignore[arg-type]
        groups=module.groups,
        bias=False,
        dilation=module.dilation,  # type: ignore[arg-type]
        dtype=torch.float64,
    )
    transposed.weight = module.weight
    expected = transposed(signal, output_size=list(size)).detach()
    assert torch.allclose(back, expected, rtol=1e-12, atol=1e-12)


@REPEATABLE
@given(convolutions())
def test_convolution_back_is_zero_insertion_and_the_flipped_kernel(
    case: tuple[nn.Conv2d, tuple[int, int]],
) -> None:
    module, size = case
    operation = Convolution.from_module(module)
    out, held = operation.forward(_random(1, module.in_channels, *size))
    signal = _random(*out.shape, seed=4)
    (back,) = operation.back(signal, held, WAY)
    by_hand = _spread_by_hand(signal[0].numpy(), module, size)
    assert np.allclose(back[0].numpy(), by_hand, rtol=1e-12, atol=1e-12)


def test_bias_shifts_the_way_in_and_never_the_way_back() -> None:
    plain = Convolution(_random(3, 2, 3, 3), None, (1, 1), (1, 1), (1, 1), 1)
    shifted = Convolution(plain.weight, _random(3, seed=9), (1, 1), (1, 1), (1, 1), 1)
    maps, signal = _random(1, 2, 6, 7), _random(1, 3, 6, 7, seed=2)
    moved = shifted.forward(maps)[0] - plain.forward(maps)[0]
    assert torch.allclose(moved, shifted.bias.view(1, 3, 1, 1).expand(moved.shape))  # type: ignore[union-attr]
    assert torch.equal(shifted.back(signal, (6, 7), WAY)[0], plain.back(signal, (6, 7), WAY)[0])


@pytest.mark.parametrize(
    "module",
    [
        nn.Conv2d(1, 1, 3, padding="same"),
        nn.Conv2d(1, 1, 3, padding=1, padding_mode="reflect"),
    ],
)
def test_paddings_without_an_adjoint_here_are_refused(module: nn.Conv2d) -> None:
    with pytest.raises(ValueError, match="padding"):
        Convolution.from_module(module)


@st.composite
def windows(draw: st.DrawFn) -> tuple[tuple[int, int], ...]:
    """Kernel, stride, padding (at most half the kernel) and a size that they can read."""
    pair = st.tuples(st.integers(1, 4), st.integers(1, 4))
    kernel, stride = draw(pair), draw(pair)
    padding = (draw(st.integers(0, kernel[0] // 2)), draw(st.integers(0, kernel[1] // 2)))
    size = tuple(
        max(1, k - 2 * p) + draw(st.integers(0, 7)) for k, p in zip(kernel, padding, strict=True)
    )
    return kernel, stride, padding, (size[0], size[1])


@REPEATABLE
@given(windows())
def test_average_pooling_back_is_the_adjoint(case: tuple[tuple[int, int], ...]) -> None:
    kernel, stride, padding, size = case
    _assert_adjoint(AveragePool(kernel, stride, padding), _random(1, 3, *size))


@REPEATABLE
@given(windows())
def test_max_pooling_back_is_the_adjoint_of_reading_at_the_switches(
    case: tuple[tuple[int, int], ...],
) -> None:
    kernel, stride, padding, size = case
    operation = MaxPool(kernel, stride, padding)
    out, held = operation.forward(_random(1, 3, *size))
    switches, _ = held
    other, signal = _random(1, 3, *size, seed=7), _random(*out.shape, seed=8)
    read = other.flatten(2).gather(2, switches.flatten(2)).view(out.shape)
    (back,) = operation.back(signal, held, WAY)
    assert back.shape == other.shape
    difference = float((read * signal).sum() - (other * back).sum())
    assert abs(difference) <= 1e-12 * float(read.norm() * signal.norm())


@pytest.mark.parametrize("size", [(1, 1), (4, 4), (5, 7), (1, 9)])
def test_operations_without_a_kernel_are_adjoint(size: tuple[int, int]) -> None:
    maps = _random(1, 3, *size)
    _assert_adjoint(GlobalAverage(), maps)
    _assert_adjoint(GlobalAverage(keeps_sides=True), maps)
    _assert_adjoint(ChannelScale(_random(3, seed=1), _random(3, seed=2)), maps)
    _assert_adjoint(Identity(), maps)
    _assert_adjoint(Sum(), maps, _random(1, 3, *size, seed=3))
    _assert_adjoint(Concatenation(), maps, _random(1, 2, *size, seed=4), maps)


@pytest.mark.parametrize("ceiling", [None, 0.5])
def test_rectifier_back_is_the_adjoint_of_its_frozen_gate(ceiling: float | None) -> None:
    operation = Rectifier(ceiling)
    _, gate = operation.forward(_random(1, 3, 6, 6))
    other, signal = _random(1, 3, 6, 6, seed=7), _random(1, 3, 6, 6, seed=8)
    (back,) = operation.back(signal, gate, WAY)
    assert float((other * gate * signal).sum()) == pytest.approx(
        float((other * back).sum()), rel=1e-12
    )
    assert 0 < int(gate.sum()) < gate.numel()


def test_batch_norm_is_its_scale_and_shift() -> None:
    norm = nn.BatchNorm2d(2, eps=0.25, dtype=torch.float64).eval()
    norm.running_mean = torch.tensor([1.0, -2.0], dtype=torch.float64)
    norm.running_var = torch.tensor([0.75, 3.75], dtype=torch.float64)
    norm.weight.data = torch.tensor([3.0, 4.0], dtype=torch.float64)
    norm.bias.data = torch.tensor([0.5, 0.25], dtype=torch.float64)
    operation = ChannelScale.from_module(norm)
    assert operation.scale.tolist() == [3.0, 2.0]  # 3 / √1 and 4 / √4
    assert operation.shift.tolist() == [-2.5, 4.25]
    maps = _random(1, 2, 3, 3)
    assert torch.allclose(operation.forward(maps)[0], norm(maps).detach(), rtol=1e-12)


def test_batch_norm_without_scale_and_shift_or_statistics() -> None:
    bare = nn.BatchNorm2d(2, affine=False).eval()
    operation = ChannelScale.from_module(bare)
    maps = torch.randn(1, 2, 3, 3, generator=torch.Generator().manual_seed(0))
    assert torch.allclose(operation.forward(maps)[0], bare(maps))
    with pytest.raises(ValueError, match="statistics"):
        ChannelScale.from_module(nn.BatchNorm2d(2, track_running_stats=False))


POOLS: list[dict[str, Any]] = [
    {"kernel_size": 2, "stride": 2},
    {"kernel_size": 3, "stride": 2},
    {"kernel_size": 3, "stride": 2, "padding": 1},
    {"kernel_size": 3, "stride": 1, "padding": 1},
    {"kernel_size": (3, 2), "stride": (2, 1), "padding": (1, 0)},
]


@pytest.mark.parametrize("form", POOLS)
@pytest.mark.parametrize("size", [(8, 8), (9, 7), (6, 11)])
@pytest.mark.parametrize("tied", [False, True])
def test_switch_unpooling_is_autograd(
    form: dict[str, Any], size: tuple[int, int], tied: bool
) -> None:
    maps = _random(1, 3, *size)
    maps = maps.round() if tied else maps
    maps.requires_grad_()
    module = nn.MaxPool2d(**form)
    expected = module(maps)
    signal = _random(*expected.shape, seed=3)
    (vjp,) = torch.autograd.grad(expected, maps, signal)
    operation = MaxPool.from_module(module)
    out, held = operation.forward(maps.detach())
    (back,) = operation.back(signal, held, WAY)
    assert torch.equal(out, expected.detach())
    assert torch.allclose(back, vjp, rtol=1e-13, atol=1e-13)


def test_switch_unpooling_adds_where_windows_overlap() -> None:
    """One maximum in the middle belongs to all four windows; PyTorch's own un-pooling keeps one
    of them."""
    maps = torch.zeros(1, 1, 5, 5, dtype=torch.float64)
    maps[0, 0, 2, 2] = 1
    operation = MaxPool((3, 3), (2, 2), (0, 0))
    _, held = operation.forward(maps)
    signal = torch.tensor([[[[1.0, 2.0], [3.0, 4.0]]]], dtype=torch.float64)
    (back,) = operation.back(signal, held, WAY)
    assert back[0, 0, 2, 2] == 10
    assert back.sum() == 10
    assert F.max_unpool2d(signal, held[0], (3, 3), (2, 2), (0, 0), [5, 5])[0, 0, 2, 2] != 10


@pytest.mark.parametrize("form", POOLS)
@pytest.mark.parametrize("size", [(8, 8), (9, 7), (6, 11)])
def test_nearest_and_average_unpooling_by_slow_loops(
    form: dict[str, Any], size: tuple[int, int]
) -> None:
    operation = MaxPool.from_module(nn.MaxPool2d(**form))
    out, held = operation.forward(_random(1, 2, *size))
    signal = _random(3, *out.shape[1:], seed=3)  # a batch of three on the way back
    height, width = out.shape[2:]
    nearest, average = torch.zeros(3, 2, *size).double(), torch.zeros(3, 2, *size).double()
    for y, x in itertools.product(range(size[0]), range(size[1])):
        nearest[..., y, x] = signal[..., y * height // size[0], x * width // size[1]]
    (kh, kw), (sy, sx), (py, px) = operation.kernel, operation.stride, operation.padding
    for row, column in itertools.product(range(height), range(width)):
        for y in range(row * sy - py, row * sy - py + kh):
            for x in range(column * sx - px, column * sx - px + kw):
                if 0 <= y < size[0] and 0 <= x < size[1]:
                    average[..., y, x] += signal[..., row, column] / (kh * kw)
    ways = {name: Way(RULES["gradient"], name) for name in ("nearest", "average")}
    assert torch.equal(operation.back(signal, held, ways["nearest"])[0], nearest)
    assert_close(operation.back(signal, held, ways["average"])[0], average)


@pytest.mark.parametrize(
    "module",
    [
        nn.AvgPool2d(3, 2, 1, count_include_pad=False),
        nn.AvgPool2d(2, ceil_mode=True),
        nn.AvgPool2d(2, divisor_override=3),
        nn.MaxPool2d(2, ceil_mode=True),
        nn.MaxPool2d(2, dilation=2),
    ],
)
def test_forms_of_pooling_without_an_adjoint_here_are_refused(module: nn.Module) -> None:
    make = AveragePool if isinstance(module, nn.AvgPool2d) else MaxPool
    with pytest.raises(ValueError, match="pooling with"):
        make.from_module(module)  # type: ignore[arg-type]


def test_average_pooling_reads_what_pytorch_reads() -> None:
    module = nn.AvgPool2d(3, 2, 1)
    maps = _random(1, 2, 8, 9)
    assert torch.equal(AveragePool.from_module(module).forward(maps)[0], module(maps))
