"""P1-P4: the way back of convolution and pooling, in one to three dimensions and of any form, is
the adjoint of their way in: by formula, by slow loops and by autograd."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from engine.graph import record
from engine.operations.base import Operation, Way
from engine.operations.convolution import Convolution, Linear
from engine.operations.joins import Concatenation, Sum
from engine.operations.linear_map import averaging, padding, reshaping, scaling, shifting
from engine.operations.normalisation import ChannelScale
from engine.operations.pooling import MaxPool, Window
from engine.rules import RULES
from engine.trace import trace
from tests.engine.small_networks import Written, noise, taken_back

REPEATABLE = settings(derandomize=True, deadline=None, max_examples=50, database=None)
WAY = Way(RULES["gradient"])
Sides = tuple[int, ...]


def _assert_near(found: Tensor, expected: Tensor) -> None:
    """As ``assert_close``, but both may be zero: windows can lie in the padding alone."""
    assert found.shape == expected.shape
    assert torch.allclose(found, expected, rtol=1e-12, atol=1e-12)


def _assert_adjoint(operation: Operation, *inputs: Tensor) -> None:
    """⟨A x, y⟩ = ⟨x, A' y⟩ to 1e-12 of |A x| |y|, three rows of x with two rows of y, for the
    linear part A of ``operation``; and A is what ``push`` does."""
    nothing = operation.forward(*(torch.zeros_like(item) for item in inputs))[0]
    out, held = operation.forward(*inputs)
    pushed = operation.push(inputs, held, WAY)
    assert pushed is not None
    _assert_near(pushed, out - nothing)
    rows = tuple(noise(3, *item.shape[1:], seed=5 + n) for n, item in enumerate(inputs))
    signal = noise(2 * len(out), *out.shape[1:], seed=4)
    there = operation.push(rows, held, WAY)
    assert there is not None
    back = operation.back(signal, held, WAY)
    expected = there.reshape(3, -1) @ signal.reshape(2, -1).T
    found = torch.zeros_like(expected)
    for row, share, item in zip(rows, back, inputs, strict=True):
        assert share is not None
        assert share.shape == (2, *item.shape[1:])
        found += row.flatten(1) @ share.flatten(1).T
    assert float((expected - found).abs().max()) <= 1e-12 * float(there.norm() * signal.norm())


# --- convolution -----------------------------------------------------------------------------


@dataclass(frozen=True)
class Form:
    """A convolution of any form and an input size that it can read."""

    channels: tuple[int, int]
    kernel: Sides
    stride: Sides
    padding: Sides
    dilation: Sides
    groups: int
    size: Sides
    extra: Sides  # output_padding of the transposed one

    @property
    def maps(self) -> Tensor:
        return noise(1, self.channels[0], *self.size)

    def operation(self, transposed: bool = False) -> Convolution:
        inputs, outputs = self.channels
        first, second = (inputs, outputs) if transposed else (outputs, inputs)
        weight = noise(first, second // self.groups, *self.kernel, seed=1)
        sides = (self.stride, self.padding, self.dilation)
        extra = self.extra if transposed else ()
        return Convolution(weight, noise(outputs, seed=2), *sides, self.groups, transposed, extra)


@st.composite
def forms(draw: st.DrawFn) -> Form:
    axes = draw(st.integers(1, 3))
    most = (9, 5, 3)[axes - 1]

    def sides(low: int, high: int) -> Sides:
        return tuple(draw(st.integers(low, high)) for _ in range(axes))

    kernel, dilation = sides(1, min(5, most)), sides(1, 3)
    stride, around = sides(1, 4), sides(0, 3)
    if draw(st.booleans()):
        groups = inputs = draw(st.integers(1, 4))  # depthwise
        outputs = groups * draw(st.integers(1, 2))
    else:
        groups = draw(st.integers(1, 3))
        inputs, outputs = groups * draw(st.integers(1, 3)), groups * draw(st.integers(1, 3))
    size = tuple(
        max(1, d * (k - 1) + 1 - 2 * p) + draw(st.integers(0, most))
        for k, d, p in zip(kernel, dilation, around, strict=True)
    )
    extra = tuple(
        draw(st.integers(0, max(s, d) - 1)) for s, d in zip(stride, dilation, strict=True)
    )
    return Form((inputs, outputs), kernel, stride, around, dilation, groups, size, extra)


_CONVOLVE: dict[int, Callable[..., Tensor]] = {1: F.conv1d, 2: F.conv2d, 3: F.conv3d}
_TRANSPOSE: dict[int, Callable[..., Tensor]] = {
    1: F.conv_transpose1d,
    2: F.conv_transpose2d,
    3: F.conv_transpose3d,
}


def _spread_by_hand(signal: NDArray[np.float64], form: Form) -> NDArray[np.float64]:
    """P3 from the formula: put s - 1 zeros between the values, then convolve (stride 1) with the
    kernel flipped, input and output channels swapped. ``signal`` [out, *sides] → [in, *size]."""
    weight = form.operation().weight.numpy()
    axes = len(form.size)
    reach = tuple(d * (k - 1) + 1 for d, k in zip(form.dilation, form.kernel, strict=True))
    dilated = np.zeros((*weight.shape[:2], *reach))
    dilated[(..., *(slice(None, None, d) for d in form.dilation))] = weight
    flipped = np.flip(dilated, tuple(range(2, 2 + axes)))
    canvas = np.zeros((len(signal), *(n + r - 1 for n, r in zip(form.size, reach, strict=True))))
    for place in np.ndindex(signal.shape[1:]):
        at = tuple(
            i * s + r - 1 - p
            for i, s, r, p in zip(place, form.stride, reach, form.padding, strict=True)
        )
        if all(0 <= i < n for i, n in zip(at, canvas.shape[1:], strict=True)):
            canvas[(slice(None), *at)] = signal[(slice(None), *place)]
    windows = np.lib.stride_tricks.sliding_window_view(canvas, reach, tuple(range(1, 1 + axes)))
    share = len(signal) // form.groups
    contracted = ([0, *range(2, 2 + axes)], [0, *range(1 + axes, 1 + 2 * axes)])
    return np.concatenate(
        [
            np.tensordot(
                flipped[group * share : (group + 1) * share],
                windows[group * share : (group + 1) * share],
                contracted,
            )
            for group in range(form.groups)
        ]
    )


@REPEATABLE
@given(forms(), st.booleans())
def test_convolution_back_is_the_adjoint(form: Form, transposed: bool) -> None:
    if transposed and _output_is_empty(form):
        return
    _assert_adjoint(form.operation(transposed), form.maps)


def _output_is_empty(form: Form) -> bool:
    parts = (form.size, form.stride, form.padding, form.dilation, form.kernel, form.extra)
    return any(
        (n - 1) * s - 2 * p + d * (k - 1) + e + 1 < 1
        for n, s, p, d, k, e in zip(*parts, strict=True)
    )


@REPEATABLE
@given(forms())
def test_convolution_back_is_autograd_and_the_transposed_convolution(form: Form) -> None:
    operation, leaf = form.operation(), form.maps.requires_grad_()
    numbers = (form.stride, form.padding, form.dilation, form.groups)
    expected = _CONVOLVE[len(form.size)](leaf, operation.weight, operation.bias, *numbers)
    signal = noise(*expected.shape, seed=3)
    (vjp,) = torch.autograd.grad(expected, leaf, signal)
    out, held = operation.forward(leaf.detach())
    (back,) = operation.back(signal, held, WAY)
    assert back is not None
    _assert_near(out, expected.detach())
    _assert_near(back, vjp)
    parts = (form.size, form.padding, form.dilation, form.kernel, form.stride)
    dropped = [(n + 2 * p - d * (k - 1) - 1) % s for n, p, d, k, s in zip(*parts, strict=True)]
    if all(e < max(s, d) for e, s, d in zip(dropped, form.stride, form.dilation, strict=True)):
        other = _TRANSPOSE[len(form.size)](
            signal, operation.weight, None, form.stride, form.padding, dropped, form.groups,
            form.dilation,
        )  # fmt: skip
        _assert_near(back, other)


@REPEATABLE
@given(forms())
def test_transposed_convolution_is_pytorchs_and_its_way_back_is_autograd(form: Form) -> None:
    if _output_is_empty(form):
        return
    operation, leaf = form.operation(transposed=True), form.maps.requires_grad_()
    expected = _TRANSPOSE[len(form.size)](
        leaf, operation.weight, operation.bias, form.stride, form.padding, form.extra, form.groups,
        form.dilation,
    )  # fmt: skip
    signal = noise(3, *expected.shape[1:], seed=3)
    out, held = operation.forward(leaf.detach())
    (back,) = operation.back(signal, held, WAY)
    assert back is not None
    _assert_near(out, expected.detach())
    rows = [torch.autograd.grad(expected, leaf, row[None], retain_graph=True)[0] for row in signal]
    _assert_near(back, torch.cat(rows))


@REPEATABLE
@given(forms())
def test_convolution_back_is_zero_insertion_and_the_flipped_kernel(form: Form) -> None:
    operation = form.operation()
    out, held = operation.forward(form.maps)
    signal = noise(*out.shape, seed=4)
    (back,) = operation.back(signal, held, WAY)
    assert back is not None
    by_hand = torch.from_numpy(_spread_by_hand(signal[0].numpy(), form))
    _assert_near(back[0], by_hand)


@REPEATABLE
@given(forms())
def test_a_scaled_convolution_is_the_convolution_and_the_scale(form: Form) -> None:
    scale, shift = noise(form.channels[1], seed=6), noise(form.channels[1], seed=7)
    operation = form.operation()
    maps = ChannelScale(scale, shift).forward(operation.forward(form.maps)[0])[0]
    _assert_near(operation.scaled(scale, shift).forward(form.maps)[0], maps)


def test_bias_shifts_the_way_in_and_never_the_way_back() -> None:
    plain = Convolution(noise(3, 2, 3, 3), None, (1, 1), (1, 1), (1, 1), 1)
    shifted = Convolution(plain.weight, noise(3, seed=9), (1, 1), (1, 1), (1, 1), 1)
    maps, signal = noise(1, 2, 6, 7), noise(1, 3, 6, 7, seed=2)
    moved = shifted.forward(maps)[0] - plain.forward(maps)[0]
    assert shifted.bias is not None
    assert torch.allclose(moved, shifted.bias.view(1, 3, 1, 1).expand(moved.shape))
    backs = [item.back(signal, item.forward(maps)[1], WAY)[0] for item in (shifted, plain)]
    pushes = [item.push((maps,), maps.shape, WAY) for item in (shifted, plain)]
    assert torch.equal(*backs)  # type: ignore[arg-type]
    assert torch.equal(*pushes)  # type: ignore[arg-type]


# --- max pooling -----------------------------------------------------------------------------


_MAXIMA: dict[int, Callable[..., Any]] = {1: F.max_pool1d, 2: F.max_pool2d, 3: F.max_pool3d}


def _max_pool(window: Window) -> MaxPool:
    numbers = (window.kernel, window.stride, window.padding, window.dilation, window.ceil_mode)
    pool = _MAXIMA[len(window.kernel)]
    return MaxPool(lambda maps: pool(maps, *numbers, return_indices=True), window)


@st.composite
def windows(draw: st.DrawFn, dilated: bool = True) -> tuple[Window, Sides]:
    """A window with padding (at most half the kernel) and a size that it can read; every fourth
    one tiles the map."""
    axes = draw(st.integers(1, 3))

    def sides(low: int, high: int) -> Sides:
        return tuple(draw(st.integers(low, high)) for _ in range(axes))

    kernel = sides(1, 4)
    if draw(st.integers(0, 3)) == 0:
        size = tuple(k * draw(st.integers(1, 3)) for k in kernel)
        return Window(kernel, kernel, (0,) * axes, (1,) * axes), size
    around = tuple(draw(st.integers(0, k // 2)) for k in kernel)
    dilation = sides(1, 2 if dilated else 1)
    size = tuple(
        max(1, d * (k - 1) + 1 - 2 * p) + draw(st.integers(0, 7 - 2 * axes + 2))
        for k, d, p in zip(kernel, dilation, around, strict=True)
    )
    return Window(kernel, sides(1, 4), around, dilation, draw(st.booleans())), size


@REPEATABLE
@given(windows(), st.booleans())
def test_switch_unpooling_is_autograd_for_every_row(case: tuple[Window, Sides], tied: bool) -> None:
    window, size = case
    operation = _max_pool(window)
    maps = noise(1, 3, *size)
    maps = (maps.round() if tied else maps).requires_grad_()
    expected, _ = operation.pool(maps)
    out, held = operation.forward(maps.detach())
    signal = noise(2, *out.shape[1:], seed=3)
    rows = [torch.autograd.grad(expected, maps, row[None], retain_graph=True)[0] for row in signal]
    (back,) = operation.back(signal, held, WAY)
    assert back is not None
    assert torch.equal(out, expected.detach())
    _assert_near(back, torch.cat(rows))


@REPEATABLE
@given(windows())
def test_max_pooling_back_is_the_adjoint_of_reading_at_the_switches(
    case: tuple[Window, Sides],
) -> None:
    window, size = case
    operation = _max_pool(window)
    maps = noise(1, 3, *size)
    _, switches = operation.pool(maps)
    out, held = operation.forward(maps)
    other, signal = noise(1, 3, *size, seed=7), noise(*out.shape, seed=8)
    read = other.flatten(2).gather(2, switches.flatten(2)).view(out.shape)
    pushed = operation.push((other,), held, WAY)
    assert pushed is not None
    assert torch.equal(pushed, read)
    (back,) = operation.back(signal, held, WAY)
    assert back is not None
    assert back.shape == other.shape
    difference = float((read * signal).sum() - (other * back).sum())
    assert abs(difference) <= 1e-12 * float(read.norm() * signal.norm())


def test_switch_unpooling_adds_where_windows_overlap() -> None:
    """One maximum in the middle belongs to all four windows; PyTorch's own un-pooling keeps one
    of them."""
    maps = torch.zeros(1, 1, 5, 5, dtype=torch.float64)
    maps[0, 0, 2, 2] = 1
    operation = _max_pool(Window((3, 3), (2, 2), (0, 0), (1, 1)))
    _, held = operation.forward(maps)
    signal = torch.tensor([[[[1.0, 2.0], [3.0, 4.0]]]], dtype=torch.float64)
    (back,) = operation.back(signal, held, WAY)
    assert back is not None
    assert back[0, 0, 2, 2] == 10
    assert back.sum() == 10
    switches = operation.pool(maps)[1]
    assert F.max_unpool2d(signal, switches, (3, 3), (2, 2), (0, 0), [5, 5])[0, 0, 2, 2] != 10


@REPEATABLE
@given(windows(dilated=False))
def test_nearest_and_average_unpooling_by_slow_loops(case: tuple[Window, Sides]) -> None:
    window, (*small,) = case
    size = [max(n, k) for n, k in zip(small, window.kernel, strict=True)]  # what PyTorch asks for
    operation = _max_pool(window)
    out, held = operation.forward(noise(1, 2, *size))
    signal = noise(3, *out.shape[1:], seed=3)  # a batch of three on the way back
    nearest, average = (torch.zeros(3, 2, *size, dtype=torch.float64) for _ in range(2))
    for place in np.ndindex(*size):
        source = (p * n // m for p, n, m in zip(place, out.shape[2:], size, strict=True))
        nearest[(..., *place)] = signal[(..., *source)]
    for place in np.ndindex(*out.shape[2:]):
        starts = [i * s - p for i, s, p in zip(place, window.stride, window.padding, strict=True)]
        # PyTorch counts the padding on both sides, but not what ceil_mode adds beyond it.
        ends = [
            min(a + k, n + p)
            for a, k, n, p in zip(starts, window.kernel, size, window.padding, strict=True)
        ]
        count = int(np.prod([b - a for a, b in zip(starts, ends, strict=True)]))
        for target in itertools.product(*map(range, starts, ends)):
            if all(0 <= t < n for t, n in zip(target, size, strict=True)):
                average[(..., *target)] += signal[(..., *place)] / count
    for name, expected in (("nearest", nearest), ("average", average)):
        way = Way(RULES["gradient"], name)
        (back,) = operation.back(signal, held, way)
        assert back is not None
        _assert_near(back, expected)
        other = noise(2, 2, *size, seed=6)
        pushed = operation.push((other,), held, way)
        assert pushed is not None
        _assert_near(pushed.flatten(1) @ signal.flatten(1).T, other.flatten(1) @ back.flatten(1).T)


# --- average pooling and operations without a kernel -----------------------------------------


@REPEATABLE
@given(windows(dilated=False), st.booleans())
def test_average_pooling_back_is_autograd(case: tuple[Window, Sides], counts_padding: bool) -> None:
    window, (*small,) = case
    size = [max(n, k) for n, k in zip(small, window.kernel, strict=True)]  # what PyTorch asks for
    pool = {1: F.avg_pool1d, 2: F.avg_pool2d, 3: F.avg_pool3d}[len(size)]
    numbers = (window.kernel, window.stride, window.padding, window.ceil_mode, counts_padding)
    network = Written(lambda maps: pool(maps, *numbers).flatten(1)).eval()
    picture = noise(1, 2, *size)
    leaf = picture.clone().requires_grad_()
    expected = network(leaf)
    graph = trace(network, picture)
    recording = record(graph, picture, ())
    signal = noise(2, expected.shape[1], seed=3)
    rows = [torch.autograd.grad(expected, leaf, row[None], retain_graph=True)[0] for row in signal]
    _assert_near(recording.logits, expected.detach())
    _assert_near(
        taken_back(graph, recording, len(graph.steps) - 1, signal, "gradient"), torch.cat(rows)
    )


@pytest.mark.parametrize("size", [(1, 1), (4, 4), (5, 7), (1, 9), (6,), (3, 4, 2)])
def test_operations_without_a_kernel_are_adjoint(size: Sides) -> None:
    maps = noise(1, 3, *size)
    sides = tuple(range(2, maps.ndim))
    _assert_adjoint(averaging(sides, keeps_axes=False), maps)
    _assert_adjoint(averaging(sides, keeps_axes=True), maps)
    _assert_adjoint(averaging((1,), keeps_axes=True), maps)
    _assert_adjoint(ChannelScale(noise(3, seed=1), noise(3, seed=2)), maps)
    _assert_adjoint(scaling(noise(1, 3, *size, seed=6)), maps)
    _assert_adjoint(shifting(noise(1, 3, *size, seed=6)), maps)
    _assert_adjoint(shifting(1.5, factor=-2), maps)
    _assert_adjoint(padding([2, 1], None), maps)
    _assert_adjoint(reshaping(maps.shape, torch.Size((1, maps.numel()))), maps)
    _assert_adjoint(reshaping(maps.shape, torch.Size((3, maps.numel() // 3))), maps)
    _assert_adjoint(Linear(noise(size[-1], 4, seed=3), noise(4, seed=4)), maps)
    _assert_adjoint(Sum(), maps, noise(1, 3, *size, seed=3))
    _assert_adjoint(Sum((2, -0.5)), maps, noise(1, 3, *(1,) * len(size), seed=3))
    _assert_adjoint(Concatenation(), maps, noise(1, 2, *size, seed=4), maps)
    _assert_adjoint(Concatenation(2), maps, maps)
