"""Conv, ConvTranspose, Gemm."""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional as F

from engine.errors import ModelError
from engine.models.onnx.node import Function, Node
from engine.models.onnx.operations.windows import Window, pad_sides, shared_out

_FORWARD = (F.conv1d, F.conv2d, F.conv3d)
_TRANSPOSED = (F.conv_transpose1d, F.conv_transpose2d, F.conv_transpose3d)


def _sides(node: Node) -> int:
    """Spatial sides, 1 to 3; the kernel that is written must be the one of the weights."""
    maps, weight = node.shape(0), node.shape(1)
    if len(maps) != len(weight) or not 3 <= len(maps) <= 5:
        raise node.unsupported(f"meets maps {maps} with kernels {weight}")
    if node.integers("kernel_shape", weight[2:]) != weight[2:]:
        raise ModelError(f"{node.record} says kernels of another size than its weights {weight}")
    return len(maps) - 2


def convolution(node: Node) -> Function:
    compute = _FORWARD[_sides(node) - 1]
    window = Window.of(node, node.shape(0)[2:], node.shape(1)[2:])
    strides, dilations, groups = window.strides, window.dilations, node.integer("group", 1)
    padding = window.begins if window.symmetric else 0
    batch = node.shape(0)[0]
    node.bounded((batch, node.shape(1)[0], *window.positions(node.shape(0)[2:])))

    def run(maps: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
        fitted = maps if window.symmetric else window.padded(maps)
        return compute(fitted, weight, bias, strides, padding, dilations, groups)

    return run


def transposed_convolution(node: Node) -> Function:
    """Padding is cropped from the full result; what differs between both ends is cropped last."""
    sides = _sides(node)
    compute = _TRANSPOSED[sides - 1]
    sizes = node.shape(0)[2:]
    manner = node.text("auto_pad", "NOTSET")
    plain = Window.of(node, sizes, node.shape(1)[2:])
    extra = node.integers("output_padding", (0,) * sides)
    full = [
        (size - 1) * stride + extent + more
        for size, stride, extent, more in zip(
            sizes, plain.strides, plain.extents, extra, strict=True
        )
    ]
    node.bounded((node.shape(1)[1] * node.integer("group", 1), *full))
    begins, ends = plain.begins, plain.ends
    if node.has("output_shape") or manner.startswith("SAME"):
        same = [size * stride for size, stride in zip(sizes, plain.strides, strict=True)]
        wanted = node.integers("output_shape", same)[-sides:]
        totals = [have - want for have, want in zip(full, wanted, strict=True)]
        if min(totals) < 0:
            raise node.unsupported(f"asks for the output {wanted}, more than its kernels reach")
        begins, ends = shared_out(totals, upper=manner == "SAME_UPPER")
    both = tuple(map(min, begins, ends))
    before = tuple(both - begin for both, begin in zip(both, begins, strict=True))
    after = tuple(both - end for both, end in zip(both, ends, strict=True))
    groups = node.integer("group", 1)

    def run(maps: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
        result = compute(maps, weight, bias, plain.strides, both, extra, groups, plain.dilations)
        return pad_sides(result, before, after)

    return run


def gemm(node: Node) -> Function:
    """alpha · A' B' + beta · C, as a fully connected layer where it is one."""
    alpha, beta = node.number("alpha", 1.0), node.number("beta", 1.0)
    turns = bool(node.integer("transA", 0)), bool(node.integer("transB", 0))
    bias_shape = node.shape(2) if node.given(2) else None
    outputs = node.shape(1)[0 if turns[1] else -1]
    node.bounded((node.shape(0)[1 if turns[0] else 0], outputs))
    is_layer = alpha == beta == 1 and not turns[0] and bias_shape in (None, (outputs,))

    def run(first: Tensor, second: Tensor, third: Tensor | None = None) -> Tensor:
        if is_layer:
            return F.linear(first, second if turns[1] else second.t(), third)
        product = (first.t() if turns[0] else first) @ (second.t() if turns[1] else second)
        product = product if alpha == 1 else alpha * product
        return product if third is None else product + (third if beta == 1 else beta * third)

    return run
