"""ONNX files that are whole but no classifier of images that the engine reads."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from engine.checkpoint import load_model
from engine.errors import ModelError, UnsupportedOperationError
from tests.engine.onnx_models import parsed, residual, written

Make = Callable[[], onnx.ModelProto]


def flat(opset: int = 17, image: tuple[int, ...] = (1, 4, 12, 12)) -> onnx.ModelProto:
    return parsed("y = Flatten(x)", {}, opset, image)


def shaped(text: str, *sides: int) -> onnx.ModelProto:
    return parsed(text, {"s": np.array(sides, np.int64)})


def doubling() -> onnx.ModelProto:
    text = "a = Expand(x, s) b = Concat<axis=1>(a, a) y = Flatten(b)"
    return shaped(text, 400_000, 4, 12, 12)


def hoarding() -> onnx.ModelProto:
    """Each result can be held, all together cannot."""
    parts = "".join(f"a{n} = Expand(x, s) " for n in range(20))
    names = ", ".join(f"a{n}" for n in range(20))
    return shaped(f"{parts} b = Sum({names}) y = Flatten(b)", 400_000, 4, 12, 12)


def wide() -> onnx.ModelProto:
    """Few weights, many maps."""
    weights = {"w": np.ones((200_000, 4, 1, 1), np.float32)}
    return parsed("c = Conv(x, w) y = Flatten(c)", weights, image=(1, 4, 500, 500))


def byte_input() -> onnx.ModelProto:
    model = flat()
    model.graph.input[0].type.tensor_type.elem_type = TensorProto.UINT8
    return model


def two_inputs() -> onnx.ModelProto:
    model = flat()
    model.graph.input.append(helper.make_tensor_value_info("age", TensorProto.FLOAT, [1]))
    return model


def circular() -> onnx.ModelProto:
    return parsed("a = Add(x, b) b = Relu(a) y = Flatten(b)", {})


def branching() -> onnx.ModelProto:
    inner = helper.make_graph(
        [helper.make_node("Identity", ["x"], ["o"])],
        "inner",
        [],
        [helper.make_tensor_value_info("o", TensorProto.FLOAT, None)],
    )
    model = parsed("r = Identity(x) y = Flatten(r)", {"t": np.array(True)})
    model.graph.node[0].CopyFrom(
        helper.make_node("If", ["t"], ["r"], "choice", then_branch=inner, else_branch=inner)
    )
    return model


def of_a_domain() -> onnx.ModelProto:
    model = flat()
    model.graph.node[0].domain = "com.microsoft"
    return model


def with_a_function() -> onnx.ModelProto:
    model = flat()
    body = [helper.make_node("Relu", ["i"], ["o"])]
    opsets = [helper.make_opsetid("", 17)]
    model.functions.append(helper.make_function("own", "Mine", ["i"], ["o"], body, opsets))
    return model


def quantised() -> onnx.ModelProto:
    return parsed(
        "q = QuantizeLinear(x, s, z) d = DequantizeLinear(q, s, z) y = Flatten(d)",
        {"s": np.array(0.1, np.float32), "z": np.array(0, np.uint8)},
    )


def sparse() -> onnx.ModelProto:
    model = flat()
    values = numpy_helper.from_array(np.ones(1, np.float32), "values")
    places = numpy_helper.from_array(np.zeros(1, np.int64), "places")
    model.graph.sparse_initializer.append(helper.make_sparse_tensor(values, places, [3]))
    return model


def constant_output() -> onnx.ModelProto:
    return parsed("c = Constant<value=float[1,2]{1.0, 2.0}>() y = Identity(c)", {}, output=(1, 2))


def text_weights() -> onnx.ModelProto:
    model = flat()
    model.graph.initializer.append(helper.make_tensor("words", TensorProto.STRING, [1], [b"boo"]))
    return model


def weights(change: str) -> onnx.ModelProto:
    model = residual()
    weight = model.graph.initializer[0]
    if change == "negative":
        weight.dims[0] = -weight.dims[0]
    elif change == "overflowing":
        weight.dims[:] = [2**62, 2**62, 4, 4]
    elif change == "short":
        weight.raw_data = weight.raw_data[:-4]
    elif change == "no numbers":
        weight.raw_data = np.full(weight.dims, np.nan, np.float32).tobytes()
    elif change == "unfit":
        weight.dims[:] = [8, 25, 1, 1]
    return model


BROKEN: list[tuple[Make, str]] = [
    (byte_input, "input 'x' is of type UINT8"),
    (two_inputs, r"has 2 inputs \['x', 'age'\]; one image"),
    (circular, r"'Add_0' \(Add\) uses 'b', which nothing before it makes"),
    (constant_output, "does not depend on the image"),
    (text_weights, "'words' has the element type STRING"),
    (lambda: weights("negative"), "impossible shape"),
    (lambda: weights("overflowing"), "beyond 1024 MiB"),
    (lambda: weights("short"), "holds 796 bytes where its shape .* needs 800"),
    (lambda: weights("no numbers"), "values that are not numbers"),
    (lambda: weights("unfit"), r"'stem/Conv' \(Conv\) says kernels of another size"),
    (lambda: flat(image=(1, 4, 12)), "has 3 dimensions"),
    (lambda: flat(image=(8, 4, 12, 12)), "batch of 1"),
    (lambda: flat(image=(1, 12, 12, 3)), "channels last"),
    (lambda: flat(image=(1, 3, 12, 16)), "a square are needed"),
    (lambda: flat(image=(1, 12, 12, 12)), "reads 12 channels of 12 × 12 pixels"),
    (lambda: flat(image=(1, 1, 10**6, 10**6)), "1 channels of 1000000 × 1000000 pixels"),
    (lambda: parsed("y = Relu(x)", {}), "shape .1, 4, 12, 12.; a classifier has"),
    (lambda: parsed("y = Relu<alpha=1.0>(x)", {}), "breaks ONNX's own rules"),
    (lambda: parsed("y = Relu(z)", {}), "uses 'z', which nothing before it makes"),
    (lambda: parsed("a = Relu(x) a = Relu(x) y = Flatten(a)", {}), "a second time"),
    (lambda: parsed("a = Relu(x)", {}), "nothing makes the output 'y'"),
    (lambda: shaped("y = Reshape(x, s)", 7, -1), "does not work out for an image"),
    (lambda: shaped("a = Expand(x, s) y = Flatten(a)", 9**9, 1, 1, 1, 1), "impossible shape"),
    (lambda: shaped("a = Pad(x, s) y = Flatten(a)", 0, 0, 2**40, *[0] * 5), "impossible shape"),
    (lambda: shaped("a = ConstantOfShape(s) y = Add(x, a)", 2**40), "impossible shape"),
    (doubling, r"\(Concat\) makes the impossible shape \(400000, 8, 12, 12\)"),
    (hoarding, "takes more than 4 GiB an image"),
    (wide, r"\(Conv\) makes the impossible shape \(1, 200000, 500, 500\)"),
    (lambda: shaped("a = Tile(x, s) y = Flatten(a)", 1, 2**40, 1, 1), "impossible shape"),
]

NOT_READ: list[tuple[Make, str]] = [
    (branching, r"'choice' \(If\) is control flow"),
    (of_a_domain, "Flatten of the domain 'com.microsoft'"),
    (with_a_function, "functions of its own"),
    (quantised, r"\(QuantizeLinear\) is an operator that"),
    (sparse, "sparse tensors"),
    (lambda: flat(opset=8), "version 8 of"),
    (lambda: flat(opset=27), "version 27 of"),
]


@pytest.mark.parametrize(("make", "said"), BROKEN, ids=lambda value: str(value)[:40])
def test_what_is_no_classifier_of_images_is_refused(make: Make, said: str, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=said) as caught:
        load_model(written(make(), tmp_path))
    assert str(caught.value).startswith(str(tmp_path))


@pytest.mark.parametrize(("make", "said"), NOT_READ, ids=lambda value: str(value)[:40])
def test_parts_of_onnx_that_are_not_read_are_named(make: Make, said: str, tmp_path: Path) -> None:
    with pytest.raises(UnsupportedOperationError, match=said) as caught:
        load_model(written(make(), tmp_path))
    assert str(caught.value).startswith(str(tmp_path))
