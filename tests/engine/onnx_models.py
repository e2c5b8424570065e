"""ONNX models written for tests, and what onnxruntime makes of them."""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

Array = NDArray[np.generic]
IR_VERSION = 10  # of opset 21; newer files are read as well


def random(shape: Sequence[int], seed: int, scale: float = 1.0) -> NDArray[np.float32]:
    values = np.random.default_rng(seed).standard_normal(tuple(shape)) * scale
    return values.astype(np.float32)


def parsed(
    text: str,
    constants: Mapping[str, Array],
    opset: int = 17,
    image: Sequence[int | str] = (1, 4, 12, 12),
    output: Sequence[int | str] = (1, "n"),
) -> onnx.ModelProto:
    """A model of the statements in ``text`` (ONNX's own syntax), from ``x`` to ``y``."""
    sides = ", ".join(map(str, image))
    ends = ", ".join(map(str, output))
    model = onnx.parser.parse_model(
        f'<ir_version: {IR_VERSION}, opset_import: ["" : {opset}]>\n'
        f"g (float[{sides}] x) => (float[{ends}] y) {{ {text} }}"
    )
    model.graph.initializer.extend(
        numpy_helper.from_array(np.asarray(value, order="C"), name)
        for name, value in constants.items()
    )
    return model


def answered(model: onnx.ModelProto, picture: Array) -> NDArray[np.float32]:
    """The first output that onnxruntime gives, on the CPU and on one thread."""
    return answered_by(model.SerializeToString(), picture)


def answered_by(model: bytes | Path, picture: Array) -> NDArray[np.float32]:
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = onnxruntime.InferenceSession(
        model if isinstance(model, bytes) else str(model), options, ["CPUExecutionProvider"]
    )
    found: NDArray[np.float32] = session.run(None, {session.get_inputs()[0].name: picture})[0]
    return found


def written(model: onnx.ModelProto, folder: Path, name: str = "net.onnx") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(model.SerializeToString())
    return folder / name


def seed_of(text: str) -> int:
    return zlib.crc32(text.encode())


class Writer:
    """Writes a network node by node, as an exporter would, with random weights."""

    def __init__(self, seed: int = 0) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.weights: list[onnx.TensorProto] = []
        self.generator = np.random.default_rng(seed)

    def weight(self, name: str, values: Array) -> str:
        self.weights.append(numpy_helper.from_array(np.asarray(values), name))
        return name

    def node(self, kind: str, name: str, inputs: Sequence[str], **attributes: object) -> str:
        output = f"{name}_out"
        self.nodes.append(helper.make_node(kind, inputs, [output], name, **attributes))
        return output

    def convolution(
        self, name: str, value: str, inputs: int, outputs: int, side: int, stride: int = 1
    ) -> str:
        """Convolution, batch norm, ReLU, named NAME/Conv and so on."""
        spread = (2 / (inputs * side**2)) ** 0.5
        kernels = spread * self.generator.standard_normal((outputs, inputs, side, side))
        weight = self.weight(f"{name}.weight", kernels.astype(np.float32))
        maps = self.node(
            "Conv", f"{name}/Conv", [value, weight],
            kernel_shape=[side, side], strides=[stride, stride], pads=[side // 2] * 4,
        )  # fmt: skip
        scale, bias, mean = (
            self.weight(f"{name}.{part}", self._vector(outputs, 0.3) + shift)
            for part, shift in (("scale", 1), ("bias", 0), ("mean", 0))
        )
        variance = self.weight(f"{name}.variance", np.abs(self._vector(outputs, 0.3)) + 0.5)
        maps = self.node(
            "BatchNormalization", f"{name}/BatchNormalization", [maps, scale, bias, mean, variance]
        )
        return self.node("Relu", f"{name}/Relu", [maps])

    def _vector(self, count: int, spread: float) -> NDArray[np.float32]:
        return (spread * self.generator.standard_normal(count)).astype(np.float32)

    def model(
        self, output: str, image: Sequence[int | str], classes: int, opset: int = 17
    ) -> onnx.ModelProto:
        graph = helper.make_graph(
            self.nodes,
            "net",
            [helper.make_tensor_value_info("image", TensorProto.FLOAT, image)],
            [helper.make_tensor_value_info(output, TensorProto.FLOAT, [image[0], classes])],
            self.weights,
        )
        model = helper.make_model(
            graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=IR_VERSION
        )
        onnx.checker.check_model(model, full_check=True)
        return model


def residual(
    classes: int = 3, channels: int = 1, batch: int | str = "batch", side: int | str = 32,
    ending: str | None = None,
) -> onnx.ModelProto:  # fmt: skip
    """A stem with max pooling, a residual block, a strided block with a shortcut of its own, a
    concatenation, and the reshaping by computed shapes that exporters write."""
    net = Writer()
    maps = net.convolution("stem", "image", channels, 8, 5, 2)
    maps = net.node(
        "MaxPool", "stem/MaxPool", [maps], kernel_shape=[3, 3], strides=[2, 2], pads=[1] * 4
    )
    inside = net.convolution("/layer1/layer1.0/conv2", maps, 8, 8, 3)
    maps = net.node("Relu", "/layer1/layer1.0/Relu", [net.node("Add", "sum1", [inside, maps])])
    strided = net.convolution("block2", maps, 8, 12, 3, 2)
    shortcut = net.convolution("short", maps, 8, 12, 1, 2)
    maps = net.node("Add", "", [strided, shortcut])
    maps = net.node("Concat", "joined", [maps, strided], axis=1)
    pooled = net.node("GlobalAveragePool", "pool", [maps])
    shape = net.node("Shape", "shape", [pooled])
    zero = net.weight("zero", np.array([0], np.int64))
    first = net.node("Gather", "first", [shape, zero], axis=0)
    rest = net.weight("rest", np.array([-1], np.int64))
    target = net.node("Concat", "target", [first, rest], axis=0)
    flat = net.node("Reshape", "flat", [pooled, target])
    matrix = net.weight("matrix", random((classes, 24), 7))
    bias = net.weight("bias", random((classes,), 8))
    logits = net.node("Gemm", "head", [flat, matrix, bias], transB=1)
    if ending:
        logits = net.node(
            ending, "ending", [logits], **({} if ending == "Sigmoid" else {"axis": 1})
        )
    return net.model(logits, [batch, channels, side, side], classes)
