"""One ONNX file → :class:`OnnxFile`, or a :class:`ModelError` that says what is wrong with it."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import onnx
from google.protobuf.message import DecodeError
from onnx import AttributeProto

from engine.errors import ModelError, UnsupportedOperationError
from engine.files import read_regular
from engine.models.onnx.external import MAXIMUM_BYTES, ExternalData
from engine.models.onnx.file import Attribute, OnnxFile, Record
from engine.models.onnx.structure import check_order, input_of
from engine.models.onnx.tensors import TensorReader

OPSETS = (9, 26)  # first and last version of the operators that was compared with onnxruntime
_MAXIMUM_NODES = 20_000
_DEFAULT_DOMAINS = ("", "ai.onnx")


def read_onnx(path: Path) -> OnnxFile:
    """Read and check ``path`` and its external data, at most 1 GiB each (``MAXIMUM_BYTES``).

    Raises :class:`ModelError` for a file that is missing, damaged or no image classifier, and
    :class:`UnsupportedOperationError` for parts of ONNX that the engine does not read.
    """
    data = _bytes(path)
    try:
        proto = onnx.load_model_from_string(data)
    except DecodeError as error:
        raise ModelError(
            f"{path}: not an ONNX file, or a damaged one; copy or export it again"
        ) from error
    if not proto.graph.node or not proto.graph.output:
        raise ModelError(f"{path}: the file holds no network; copy or export it again")
    _check_texts(proto, path)
    opset = _opset(proto, path)
    _refuse_what_is_not_read(proto, path)
    external = ExternalData(path)
    reader = TensorReader(path, external)
    constants = reader.read_all(proto.graph.initializer)
    records = tuple(_records(proto, reader, path))
    input_name, input_shape = input_of(proto.graph, constants, path)
    check_order(proto.graph, records, input_name, constants, path)
    _check(proto, path)
    return OnnxFile(
        path.stem,
        external.digest(data),
        opset,
        str(proto.model_version) if proto.model_version else "not stated",
        records,
        constants,
        input_name,
        input_shape,
        tuple(value.name for value in proto.graph.output),
        {entry.key: entry.value for entry in proto.metadata_props},
    )


def _bytes(path: Path) -> bytes:
    try:
        return read_regular(path, MAXIMUM_BYTES)
    except OSError as error:
        raise ModelError(f"{path}: the model cannot be read ({error.strerror})") from error


def _check_texts(proto: onnx.ModelProto, path: Path) -> None:
    """Protobuf hands out a text that is not UTF-8 as bytes, which only damage makes."""
    graph = proto.graph
    texts: list[object] = [item.domain for item in proto.opset_import]
    texts += [text for item in proto.metadata_props for text in (item.key, item.value)]
    texts += [item.name for item in (*graph.input, *graph.output, *graph.initializer)]
    tensors = list(graph.initializer)
    for node in graph.node:
        texts += [node.name, node.op_type, node.domain, *node.input, *node.output]
        texts += [item.name for item in node.attribute]
        tensors += [item.t for item in node.attribute if item.HasField("t")]
    for tensor in tensors:
        texts += [text for item in tensor.external_data for text in (item.key, item.value)]
    if not all(isinstance(text, str) for text in texts):
        raise ModelError(f"{path}: the file holds names that are no text; copy it again")


def _opset(proto: onnx.ModelProto, path: Path) -> int:
    versions = [item.version for item in proto.opset_import if item.domain in _DEFAULT_DOMAINS]
    first, last = OPSETS
    if len(versions) != 1 or not first <= versions[0] <= last:
        stated = versions[0] if versions else "none"
        raise UnsupportedOperationError(
            f"{path}: the model uses version {stated} of ONNX's operators (opset); versions "
            f"{first} to {last} are read, so export it with one of these, such as 17"
        )
    return int(versions[0])


def _refuse_what_is_not_read(proto: onnx.ModelProto, path: Path) -> None:
    if proto.functions:
        raise UnsupportedOperationError(
            f"{path}: the model defines functions of its own ({proto.functions[0].name!r}), which "
            "are not read; inline them when exporting (onnx.inliner.inline_local_functions)"
        )
    if proto.graph.sparse_initializer:
        raise UnsupportedOperationError(
            f"{path}: the model stores sparse tensors, which are not read; export them as dense"
        )
    if len(proto.graph.node) > _MAXIMUM_NODES:
        raise ModelError(f"{path}: the model has more than {_MAXIMUM_NODES} nodes")
    for node in proto.graph.node:
        if node.domain not in _DEFAULT_DOMAINS:
            raise UnsupportedOperationError(
                f"{path}: the node {node.name!r} is a {node.op_type} of the domain "
                f"{node.domain!r}; only ONNX's own operators are read"
            )
        if any(
            item.type in (AttributeProto.GRAPH, AttributeProto.GRAPHS) or item.HasField("g")
            for item in node.attribute
        ):
            raise UnsupportedOperationError(
                f"{path}: the node {node.name!r} ({node.op_type}) is control flow, which is not "
                "read; export the model without loops and branches"
            )


def _records(proto: onnx.ModelProto, reader: TensorReader, path: Path) -> Iterable[Record]:
    for position, node in enumerate(proto.graph.node):
        name = node.name or f"{node.op_type}_{position}"
        attributes = {
            item.name: _attribute(item, reader, f"{path}: the node {name!r} ({node.op_type})")
            for item in node.attribute
        }
        yield Record(name, node.op_type, tuple(node.input), tuple(node.output), attributes)


def _attribute(item: AttributeProto, reader: TensorReader, place: str) -> Attribute:
    if item.type == AttributeProto.TENSOR:
        return reader.read(item.t)
    if item.type == AttributeProto.INT:
        return int(item.i)
    if item.type == AttributeProto.FLOAT:
        return float(item.f)
    if item.type == AttributeProto.STRING:
        return item.s.decode("utf-8", errors="replace")
    if item.type == AttributeProto.INTS:
        return tuple(int(value) for value in item.ints)
    if item.type == AttributeProto.FLOATS:
        return tuple(float(value) for value in item.floats)
    raise UnsupportedOperationError(
        f"{place} has the attribute {item.name!r} of a kind that is not read"
    )


def _check(proto: onnx.ModelProto, path: Path) -> None:
    try:
        onnx.checker.check_model(proto)
    except (onnx.checker.ValidationError, ValueError, RuntimeError, TypeError) as error:
        reason = str(error).strip().splitlines()[0] if str(error).strip() else "no reason given"
        raise ModelError(f"{path}: the model breaks ONNX's own rules ({reason})") from error
