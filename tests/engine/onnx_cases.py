"""A case or more of every ONNX operator that is read, as statements in ONNX's own syntax."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import onnx

from engine.models.onnx.reader import OPSETS
from tests.engine.onnx_models import Array, parsed, random, seed_of

Constants = Mapping[str, Sequence[int] | Array]


@dataclass(frozen=True)
class Case:
    """Statements that make ``r`` of ``x``, an image [1, 4, 12, 12], which ``view`` reshapes.

    Constants are arrays, or shapes (tuples) of random ones.
    """

    text: str
    constants: Constants = field(default_factory=dict)
    opset: int = 17
    view: tuple[int, ...] = ()
    positive: bool = False

    def __str__(self) -> str:
        return f"{self.opset} {self.text}"[:90]

    def model(self) -> onnx.ModelProto:
        before = "a = Reshape(x, view) " if self.view else "a = Identity(x) "
        if self.positive:
            before += "p = Abs(a) "
        seed = seed_of(self.text)
        constants = {
            name: random(value, seed + place) if isinstance(value, tuple) else np.asarray(value)
            for place, (name, value) in enumerate(self.constants.items())
        }
        constants |= {"view": np.array(self.view, np.int64)} if self.view else {}
        return parsed(
            f"{before} {self.text} f = Cast<to=1>(r) last = Neg(f) y = Flatten<axis=0>(last)",
            constants,
            self.opset,
        )


def ints(*values: int) -> Array:
    return np.array(values, np.int64)


def whole(value: int) -> Array:
    return np.array(value, np.int64)


def scalar(value: float) -> Array:
    return np.array(value, np.float32)


WIDE = (1, 4, 9, 16)  # an image that is not square
W33: Constants = {"w": (6, 4, 3, 3), "b": (6,)}

LAYERS = [
    Case("r = Conv(a, w, b)", W33, view=WIDE),
    Case("r = Conv(a, w)", {"w": (6, 4, 1, 1)}),
    Case("r = Conv<pads=[1,1,1,1], strides=[2,2]>(a, w, b)", W33, view=WIDE),
    Case("r = Conv<pads=[0,1,2,0], strides=[2,3]>(a, w, b)", W33, view=WIDE),
    Case("r = Conv<pads=[2,2,2,2], dilations=[2,2]>(a, w, b)", W33),
    Case("r = Conv<dilations=[2,3], pads=[1,0,1,0]>(a, w, b)", W33, view=WIDE),
    Case("r = Conv<group=2, kernel_shape=[3,5]>(a, w)", {"w": (6, 2, 3, 5)}, view=WIDE),
    Case("r = Conv<group=4, pads=[1,1,1,1]>(a, w)", {"w": (4, 1, 3, 3)}),
    *(
        Case(f'r = Conv<auto_pad="{manner}", strides=[{stride},{stride}]>(a, w, b)', c, view=WIDE)
        for manner in ("SAME_UPPER", "SAME_LOWER", "VALID")
        for stride in (1, 2, 3)
        for c in (W33, {"w": (6, 4, 2, 4), "b": (6,)})
    ),
    Case("r = Conv<pads=[1,2], strides=[2]>(a, w)", {"w": (5, 4, 4)}, view=(1, 4, 144)),
    Case('r = Conv<auto_pad="SAME_LOWER">(a, w)', {"w": (5, 4, 4)}, view=(1, 4, 144)),
    Case("r = Conv<pads=[1,0,1,1,0,1]>(a, w)", {"w": (3, 2, 3, 2, 3)}, view=(1, 2, 6, 6, 8)),
    Case("r = Conv<pads=[1,0,1,0,0,2]>(a, w)", {"w": (3, 2, 3, 2, 3)}, view=(1, 2, 6, 6, 8)),
    Case("r = Conv<pads=[1,1,1,1]>(a, w, b)", W33, opset=9),
    Case("r = Conv<pads=[1,1,1,1]>(a, w, b)", W33, opset=OPSETS[1]),
    Case("r = ConvTranspose(a, w, b)", {"w": (4, 5, 3, 3), "b": (5,)}, view=WIDE),
    Case("r = ConvTranspose<strides=[2,2], pads=[1,1,1,1]>(a, w)", {"w": (4, 5, 3, 3)}),
    Case("r = ConvTranspose<strides=[2,3], pads=[0,1,1,2]>(a, w)", {"w": (4, 5, 3, 4)}, view=WIDE),
    Case(
        "r = ConvTranspose<strides=[2,2], pads=[1,1,1,1], output_padding=[1,1]>(a, w, b)",
        {"w": (4, 5, 3, 3), "b": (5,)},
    ),
    Case(
        "r = ConvTranspose<strides=[3,2], pads=[0,2,1,0], output_padding=[2,1]>(a, w, b)",
        {"w": (4, 5, 3, 3), "b": (5,)},
        view=WIDE,
    ),
    Case("r = ConvTranspose<group=2, dilations=[2,2]>(a, w)", {"w": (4, 3, 3, 3)}, view=WIDE),
    Case(
        "r = ConvTranspose<strides=[2,2], output_shape=[18,32]>(a, w)",
        {"w": (4, 5, 3, 3)},
        view=WIDE,
    ),
    Case(
        'r = ConvTranspose<strides=[2,2], output_shape=[18,32], auto_pad="SAME_UPPER">(a, w)',
        {"w": (4, 5, 3, 3)},
        view=WIDE,
    ),
    Case("r = ConvTranspose<strides=[2]>(a, w)", {"w": (4, 5, 3)}, view=(1, 4, 144)),
    Case("r = ConvTranspose<strides=[2,1,2]>(a, w)", {"w": (2, 3, 3, 2, 3)}, view=(1, 2, 6, 6, 8)),
    Case("r = Gemm(a, w, b)", {"w": (24, 5), "b": (5,)}, view=(24, 24)),
    Case("r = Gemm<transB=1>(a, w, b)", {"w": (5, 24), "b": (5,)}, view=(24, 24)),
    Case("r = Gemm<transB=1>(a, w, b)", {"w": (5, 24), "b": (1, 5)}, view=(24, 24), opset=9),
    Case("r = Gemm<transB=1>(a, w)", {"w": (5, 24)}, view=(24, 24)),
    Case(
        "r = Gemm<transA=1, alpha=0.5, beta=0.25>(a, w, b)",
        {"w": (18, 5), "b": (32, 1)},
        view=(18, 32),
    ),
    Case("r = Gemm<alpha=2.0>(a, w, b)", {"w": (24, 5), "b": ()}, view=(24, 24)),
    Case("r = MatMul(a, w)", {"w": (16, 3)}, view=WIDE),
    Case("r = MatMul(w, a)", {"w": (2, 9)}, view=WIDE),
    Case("r = MatMul(a, w)", {"w": (16,)}, view=WIDE),
]  # fmt: skip

BATCH: Constants = {"s": (4,), "b": (4,), "m": (4,), "v": np.array([0.5, 1, 2, 3], np.float32)}
NORMS = [
    *(
        Case("r = BatchNormalization<epsilon=0.01>(a, s, b, m, v)", BATCH, opset=opset)
        for opset in (9, 14, 15, OPSETS[1])
    ),
    Case("r = BatchNormalization(a, s, b, m, v)", BATCH, view=(1, 4, 144)),
    Case("r = InstanceNormalization<epsilon=0.01>(a, s, b)", {"s": (4,), "b": (4,)}, view=WIDE),
    Case("r = LayerNormalization(a, s, b)", {"s": (16,), "b": (16,)}, view=WIDE),
    Case("r = LayerNormalization<axis=1, epsilon=0.01>(a, s)", {"s": (4, 9, 16)}, view=WIDE),
    Case("r = LayerNormalization<axis=-2>(a, s, b)", {"s": (1, 16), "b": (16,)}, view=WIDE),
    Case("r = GroupNormalization<num_groups=2>(a, s, b)", {"s": (4,), "b": (4,)}, opset=21),
    Case("r = LRN<size=3, alpha=0.01, beta=0.6, bias=1.5>(a)", view=(1, 9, 8, 8)),
    Case("r = LRN<size=5>(a)", view=(1, 9, 8, 8)),
]

ACTIVATIONS = [
    *(Case(f"r = {name}(a)") for name in (
        "Relu", "LeakyRelu", "Elu", "Selu", "Celu", "ThresholdedRelu", "HardSigmoid", "HardSwish",
        "Sigmoid", "Tanh", "Softplus", "Softsign", "Erf", "Exp", "Abs", "Neg", "Floor", "Ceil",
        "Round", "Reciprocal", "Identity", "Softmax", "LogSoftmax", "Dropout",
    )),
    Case("r = Mish(a)", opset=18),
    Case("r = Gelu(a)", opset=20),
    Case('r = Gelu<approximate="tanh">(a)', opset=20),
    Case("r = Swish(a)", opset=24),
    Case("r = Swish<alpha=1.7>(a)", opset=24),
    Case("r = Sqrt(p)", positive=True),
    Case("r = Log(p)", positive=True),
    Case("r = LeakyRelu<alpha=0.3>(a)"),
    Case("r = LeakyRelu<alpha=0.3>(a)", opset=9),
    Case("r = PRelu(a, s)", {"s": (1,)}),
    Case("r = PRelu(a, s)", {"s": (4, 1, 1)}),
    Case("r = PRelu(a, s)", {"s": (1, 4, 1, 1)}),
    Case("r = PRelu(a, s)", {"s": (16,)}, view=WIDE),
    Case("r = PRelu(a, s)", {"s": (4, 9, 16)}, view=WIDE),
    Case("r = PRelu(a, s)", {"s": (24,)}, view=(24, 24)),
    Case("r = Elu<alpha=0.7>(a)"),
    Case("r = Selu<alpha=1.2, gamma=0.9>(a)"),
    Case("r = Celu<alpha=0.6>(a)"),
    Case("r = ThresholdedRelu<alpha=0.4>(a)"),
    Case("r = HardSigmoid<alpha=0.16666667, beta=0.5>(a)"),
    Case("r = HardSigmoid<alpha=0.3, beta=0.4>(a)"),
    Case("r = Clip(a, low, high)", {"low": scalar(-0.5), "high": scalar(0.7)}),
    Case("r = Clip(a, low)", {"low": scalar(-0.5)}),
    Case("r = Clip(a, , high)", {"high": scalar(0.7)}),
    Case("r = Clip(a)"),
    Case("r = Clip<min=0.0, max=6.0>(a)", opset=9),
    Case("r = Clip<max=0.3>(a)", opset=9),
    Case("r = Softmax<axis=1>(a)"),
    Case("r = Softmax<axis=2>(a)", opset=11, view=WIDE),
    Case("r = Softmax(a)", opset=11, view=WIDE),
    Case("r = LogSoftmax<axis=-1>(a)", opset=11, view=WIDE),
    Case("r = Dropout(a, ratio, training)", {"ratio": scalar(0.3), "training": np.array(False)}),
    Case("r = Dropout<ratio=0.3>(a)", opset=9),
    Case("i = Cast<to=6>(a) r = Cast<to=1>(i)"),
    Case("i = Cast<to=7>(a) r = Cast<to=6>(i)"),
    Case("b = Cast<to=9>(a) r = Cast<to=1>(b)"),
    Case("d = Cast<to=11>(a) r = Cast<to=1>(d)"),
    Case("i = Cast<to=6>(a) b = Cast<to=9>(i) n = Not(b) r = Cast<to=1>(n)"),
]  # fmt: skip

POOLS = [
    *(
        Case(f"r = {kind}<kernel_shape=[{k}], {rest}>(a)", view=WIDE, opset=opset)
        for kind in ("MaxPool", "AveragePool")
        for k, rest in (
            ("2,2", "strides=[2,2]"),
            ("3,3", "strides=[2,2], pads=[1,1,1,1]"),
            ("3,2", "strides=[1,1]"),
            ("3,3", "strides=[2,3], pads=[0,1,1,0]"),
            ("3,3", "strides=[2,2], pads=[0,0,1,1]"),
            ("2,2", "strides=[2,2], pads=[1,0,1,1]"),
            ("3,3", "strides=[2,2], ceil_mode=1"),
            ("3,3", "strides=[3,3], pads=[1,1,1,1], ceil_mode=1"),
            ("2,4", "strides=[2,3], pads=[0,1,1,2], ceil_mode=1"),
            ("3,3", 'strides=[2,2], auto_pad="SAME_UPPER"'),
            ("2,2", 'strides=[2,2], auto_pad="SAME_LOWER"'),
            ("3,3", 'strides=[2,2], auto_pad="VALID"'),
        )
        for opset in (11, 22)
    ),
    *(
        Case(f"r = AveragePool<kernel_shape=[3,3], count_include_pad=1, {rest}>(a)", view=WIDE)
        for rest in (
            "strides=[2,2], pads=[1,1,1,1]",
            "strides=[2,3], pads=[0,1,1,0]",
            "strides=[2,2], pads=[1,1,1,1], ceil_mode=1",
            "strides=[2,2], pads=[0,1,1,0], ceil_mode=1",
            'strides=[2,2], auto_pad="SAME_UPPER"',
        )
    ),
    Case("r = MaxPool<kernel_shape=[2,2], dilations=[2,3]>(a)", view=WIDE),
    Case("r = MaxPool<kernel_shape=[3,3], dilations=[2,2], pads=[2,1,2,1]>(a)", view=WIDE),
    Case("r = MaxPool<kernel_shape=[3], strides=[2], pads=[1,0]>(a)", view=(1, 4, 144)),
    Case("r = AveragePool<kernel_shape=[3], strides=[2], pads=[1,0]>(a)", view=(1, 4, 144)),
    Case("r = MaxPool<kernel_shape=[2,2,3], strides=[2,1,2]>(a)", view=(1, 2, 6, 6, 8)),
    Case("r = AveragePool<kernel_shape=[2,2,3], strides=[2,1,2]>(a)", view=(1, 2, 6, 6, 8)),
    Case("r = MaxPool<kernel_shape=[2,2], strides=[2,2]>(a)", opset=9),
    Case("r = AveragePool<kernel_shape=[2,2], strides=[2,2]>(a)", opset=9),
    Case("r = GlobalAveragePool(a)", view=WIDE),
    Case("r = GlobalMaxPool(a)", view=WIDE),
    Case("r = GlobalAveragePool(a)", view=(1, 4, 144)),
    *(
        Case(f"r = {kind}<axes=[2,-1], keepdims={keep}>(a)", opset=opset, view=WIDE)
        for kind in ("ReduceMean", "ReduceMax", "ReduceMin", "ReduceProd")
        for keep, opset in ((1, 13), (0, 17), (0, 11))
    ),
    *(
        Case(f"r = {kind}<keepdims=0>(a, axes)", {"axes": ints(-1, 1)}, opset=18, view=WIDE)
        for kind in ("ReduceMean", "ReduceMax", "ReduceMin", "ReduceProd", "ReduceSum")
    ),
    Case("r = ReduceSum<axes=[1]>(a)", opset=11),
    Case("r = ReduceSum(a, axes)", {"axes": ints(1, 2)}, opset=13),
    Case("r = ReduceMean(a)", opset=18),
    Case("r = ReduceMean<keepdims=0>(a)"),
    Case("r = ReduceMean<noop_with_empty_axes=1>(a)", opset=18),
]

C1: Constants = {"c": (4, 1, 1)}
ARITHMETIC = [
    *(
        Case(f"r = {kind}(a, c)", C1)
        for kind in ("Add", "Sub", "Mul", "Div", "Max", "Min", "Sum", "Mean")
    ),
    *(Case(f"r = {kind}(c, a)", C1) for kind in ("Sub", "Div", "Max")),
    *(Case(f"r = {kind}(a, c)", {"c": scalar(0.3)}) for kind in ("Add", "Mul", "Max", "Min")),
    *(Case(f"r = {kind}(c, a)", {"c": scalar(0.3)}) for kind in ("Max", "Min")),
    *(Case(f"r = {kind}(a, c)", {"c": (3, 1, 4, 12, 12)}) for kind in ("Add", "Max")),
    Case("r = Max(a, c)", {"c": (1, 1, 1, 1, 1)}),
    *(Case(f"b = Neg(a) r = {kind}(a, b, c)", C1) for kind in ("Max", "Min", "Sum", "Mean")),
    Case("r = Max(a)"),
    Case("r = Pow(a, e)", {"e": scalar(2)}),
    Case("r = Pow(a, e)", {"e": scalar(3), "unused": (1,)}),
    Case("r = Pow(a, e)", {"e": whole(2)}),
    Case("r = Pow(p, e)", {"e": scalar(-0.5)}, positive=True),
    Case("r = Pow(p, e)", {"e": (4, 1, 1)}, positive=True),
    Case("r = Pow(e, a)", {"e": scalar(1.5)}),
    Case("r = Mod<fmod=1>(a, c)", {"c": scalar(0.3)}),
    *(
        Case(f"t = {kind}(a, c) r = Where(t, a, c)", C1)
        for kind in ("Equal", "Greater", "Less", "GreaterOrEqual", "LessOrEqual")
    ),
    *(
        Case(
            f"t = Greater(a, c) u = Less(a, d) q = {kind}(t, u) r = Where(q, a, c)",
            {"c": scalar(-1), "d": scalar(1)},
        )
        for kind in ("And", "Or")
    ),
]  # fmt: skip

SHAPES = [
    Case("r = Flatten(a)", view=WIDE),
    Case("r = Flatten<axis=3>(a)", view=WIDE),
    Case("r = Flatten<axis=-1>(a)", opset=11, view=WIDE),
    Case("r = Flatten<axis=4>(a)", view=WIDE),
    Case("r = Reshape(a, s)", {"s": ints(0, -1, 8)}, view=WIDE),
    Case("r = Reshape(a, s)", {"s": ints(1, 0, 0, -1)}, opset=9, view=WIDE),
    Case("r = Transpose(a)", view=WIDE),
    Case("r = Transpose<perm=[0,2,3,1]>(a)", view=WIDE),
    Case("r = Squeeze(a, s)", {"s": ints(0, -1)}, view=(1, 4, 144, 1)),
    Case("r = Squeeze(a)", view=(1, 4, 144, 1)),
    Case("r = Squeeze<axes=[3]>(a)", opset=11, view=(1, 4, 144, 1)),
    Case("r = Unsqueeze(a, s)", {"s": ints(-1, 1)}),
    Case("r = Unsqueeze<axes=[4, 0]>(a)", opset=11),
    Case("r = Expand(a, s)", {"s": ints(4, 1, 16)}, view=(1, 4, 144, 1)),
    Case("r = Tile(a, s)", {"s": ints(1, 2, 1, 3)}, view=WIDE),
    Case("b = Neg(a) r = Concat<axis=1>(a, b, a)", view=WIDE),
    Case("r = Concat<axis=-1>(a, w)", {"w": (1, 4, 9, 3)}, view=WIDE),
    Case("r, s = Split<axis=1>(a)"),
    Case("q, r = Split<axis=1, split=[1,3]>(a)", opset=11),
    Case("q, r = Split<axis=-1>(a, s)", {"s": ints(5, 11)}, view=WIDE),
    Case("q, s, r = Split<axis=3, num_outputs=3>(a)", opset=18, view=WIDE),
    Case("r = Slice(a, s, e)", {"s": ints(0, 1), "e": ints(1, 3)}, view=WIDE),
    Case(
        "r = Slice(a, s, e, axes)",
        {"s": ints(-5, 2), "e": ints(-1, 2**62), "axes": ints(3, -2)},
        view=WIDE,
    ),
    Case(
        "r = Slice(a, s, e, axes, t)",
        {"s": ints(1, 0), "e": ints(99, 9), "axes": ints(3, 2), "t": ints(3, 2)},
        view=WIDE,
    ),
    Case(
        "r = Slice(a, s, e, axes, t)",
        {"s": ints(-1, 7), "e": ints(-(2**62), 1), "axes": ints(3, 2), "t": ints(-1, -3)},
        view=WIDE,
    ),
    Case("r = Slice<starts=[1,-7], ends=[3,-1], axes=[1,3]>(a)", opset=9, view=WIDE),
    Case("r = Gather(a, i)", {"i": ints(0)}, view=WIDE),
    Case("r = Gather<axis=1>(a, i)", {"i": ints(2, -1, 0)}, view=WIDE),
    Case("r = Gather<axis=2>(a, i)", {"i": whole(-2)}, view=WIDE),
    Case("r = Gather<axis=3>(a, i)", {"i": np.array([[0, 3], [5, -1]], np.int32)}, view=WIDE),
    Case("r = Pad(a, by)", {"by": ints(0, 0, 1, 2, 0, 0, 3, 0)}, view=WIDE),
    Case("r = Pad(a, by, c)", {"by": ints(0, 1, 1, 2, 0, 2, 3, 0), "c": scalar(0.4)}, view=WIDE),
    Case("r = Pad(a, by)", {"by": ints(0, 0, -1, 2, 0, 0, 0, -3)}, view=WIDE),
    Case("r = Pad(a, by, , axes)", {"by": ints(2, 1, 0, 3), "axes": ints(-1, 2)}, 18, WIDE),
    Case('r = Pad<mode="reflect">(a, by)', {"by": ints(0, 0, 1, 2, 0, 0, 3, 0)}, view=WIDE),
    Case('r = Pad<mode="edge">(a, by)', {"by": ints(0, 0, 1, 2, 0, 0, 3, 0)}, view=WIDE),
    Case('r = Pad<mode="reflect", pads=[0,0,1,1,0,0,1,1]>(a)', opset=9),
    Case("r = Pad<pads=[0,0,1,1,0,0,1,1], value=0.7>(a)", opset=9),
    Case("r = DepthToSpace<blocksize=2>(a)", view=(1, 8, 6, 12)),
    Case('r = DepthToSpace<blocksize=2, mode="CRD">(a)', view=(1, 8, 6, 12)),
    Case("r = SpaceToDepth<blocksize=3>(a)"),
    # arithmetic on shapes
    Case("s = Shape(a) r = Reshape(a, s)"),
    Case("s = Shape<start=1, end=-1>(a) r = Reshape(a, all) t = Cast<to=1>(s)", {"all": ints(-1)}),
    Case(
        "s = Shape(a) h = Gather<axis=0>(s, two) d = Div(h, three) k = Unsqueeze(d, zero) "
        "q = Concat<axis=0>(k, minus) r = Reshape(a, q)",
        {"two": whole(2), "three": whole(3), "zero": ints(0), "minus": ints(-1)},
    ),
    Case("s = Shape(a) o = ConstantOfShape(s) r = Add(a, o)"),
    Case(
        "s = Shape(a) q = Slice(s, b, e) o = ConstantOfShape<value=float[1]{2.5}>(q) "
        "r = Mul(a, o)",
        {"b": ints(2), "e": ints(4)},
    ),
    Case(
        "n = Shape<start=3, end=4>(a) k = Squeeze(n) q = Range(zero, k, one) "
        "c = Cast<to=1>(q) r = Add(a, c)",
        {"zero": whole(0), "one": whole(1)},
        view=WIDE,
    ),
    Case(
        "s = Shape(a) q = Equal(s, one) u = ConstantOfShape<value=int64[1]{2}>(four) "
        "k = Where(q, u, s) r = Expand(a, k)",
        {"one": ints(1), "four": ints(4)},
    ),
    Case("n = Size(a) c = Cast<to=1>(n) r = Div(a, c)"),
    Case(
        "s = Shape(a) h = Mod(s, five) c = Cast<to=1>(h) r = Mul(a, c)",
        {"five": ints(5)},
        view=(1, 4, 36, 4),
    ),
    Case("c = Constant<value_float=1.5>() r = Mul(a, c)"),
    Case("c = Constant<value_floats=[1.5, 2.0]>() r = Mul(a, c)", view=(1, 4, 72, 2)),
    Case("i = Constant<value_int=2>() r = Gather<axis=1>(a, i)"),
    Case("c = Constant<value=float[2]{1.5, -2.0}>() r = Mul(a, c)", view=(1, 4, 72, 2)),
]  # fmt: skip


def resized(
    attributes: str, scales: Sequence[float] = (), sizes: Sequence[int] = (), opset: int = 17
) -> Case:
    numbers = np.array([1, 1, *scales] if scales else [], np.float32)
    if opset < 11:
        kind = "Resize" if opset == 10 else "Upsample"
        return Case(f"r = {kind}<{attributes}>(a, k)", {"k": numbers}, opset, WIDE)
    first, second = ("none", "none") if opset < 13 else ("", "")
    found: dict[str, Array] = {"k": numbers} if scales else {"z": ints(1, 4, *sizes)}
    found |= {"none": np.array([], np.float32)} if opset < 13 else {}
    inputs = f"a, {first}, k" if scales else f"a, {first}, {second}, z"
    return Case(f"r = Resize<{attributes}>({inputs})", found, opset, WIDE)


NEAR = 'mode="nearest", coordinate_transformation_mode='
LINEAR = 'mode="linear", coordinate_transformation_mode='
RESIZES = [
    resized('mode="nearest"', (2, 2), opset=9),
    resized('mode="nearest"', (2, 3), opset=10),
    resized('mode="nearest"', (0.5, 0.5), opset=10),
    resized(f'{NEAR}"asymmetric", nearest_mode="floor"', (2, 2)),
    resized(f'{NEAR}"asymmetric", nearest_mode="floor"', (1.5, 2.5)),
    resized(f'{NEAR}"asymmetric", nearest_mode="floor"', sizes=(18, 40)),
    resized(f'{NEAR}"asymmetric", nearest_mode="floor"', sizes=(5, 7), opset=11),
    resized(f'{NEAR}"half_pixel", nearest_mode="round_prefer_ceil"', (2, 2)),
    resized(f'{NEAR}"half_pixel"', (2, 4)),
    resized(f'{NEAR}"half_pixel"', sizes=(27, 32)),
    resized('mode="nearest"', (3, 2)),
    resized('mode="nearest"', (0.5, 0.5)),
    resized(f'{LINEAR}"half_pixel"', (2, 2)),
    resized(f'{LINEAR}"half_pixel"', (1.5, 0.75)),
    resized(f'{LINEAR}"half_pixel"', (1.3, 1.7)),
    resized(f'{LINEAR}"half_pixel"', sizes=(14, 9)),
    resized(f'{LINEAR}"pytorch_half_pixel"', sizes=(18, 32)),
    resized(f'{LINEAR}"align_corners"', sizes=(18, 31)),
    resized(f'{LINEAR}"align_corners"', (2, 2), opset=11),
    resized('mode="linear"', (1, 1), opset=10),
    Case(
        'r = Resize<mode="nearest", axes=[3,2]>(a, , k)',
        {"k": np.array([2, 3], np.float32)},
        18,
        WIDE,
    ),
    Case(
        f'r = Resize<{LINEAR}"half_pixel">(a, , k)',
        {"k": np.array([1, 1, 2], np.float32)},
        17,
        (1, 4, 144),
    ),
    Case(
        f'r = Resize<{LINEAR}"half_pixel">(a, , k)',
        {"k": np.array([1, 1, 2, 2, 2], np.float32)},
        17,
        (1, 2, 6, 6, 8),
    ),
]  # fmt: skip

CASES = [*LAYERS, *NORMS, *ACTIVATIONS, *POOLS, *ARITHMETIC, *SHAPES, *RESIZES]
