"""An ONNX file, with or without a specification → a network in evaluation mode."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from engine.errors import EngineError, ModelError
from engine.models.onnx.describe import input_of, specification_of
from engine.models.onnx.network import OnnxNetwork
from engine.models.onnx.reader import read_onnx
from engine.models.specification import ModelSpecification


def load_onnx(
    path: Path, specification: ModelSpecification | None
) -> tuple[OnnxNetwork, ModelSpecification]:
    """Read ``path``. Without a specification one is made of what the file says; with one, the
    hash, the input and the classes have to agree. Every error names the file."""
    file = read_onnx(path)
    if specification is not None:
        specification.check_digest(path, file.sha256)
    try:
        if specification is None:
            channels, side = input_of(file)
            network = OnnxNetwork(file, channels, side)
            return network, specification_of(file, network)
        output = _output(specification.arguments)
        network = OnnxNetwork(file, specification.channels, specification.input_size, output)
        _check_classes(network, specification)
    except EngineError as error:
        raise type(error)(f"{path}: {error}") from error
    return network, specification


def _output(arguments: Mapping[str, Any]) -> str | None:
    unknown = sorted(set(arguments) - {"output"})
    output = arguments.get("output")
    if unknown or not (output is None or isinstance(output, str)):
        raise ModelError(f"the arguments {dict(arguments)} do not fit; 'output' names an output")
    return output


def _check_classes(network: OnnxNetwork, specification: ModelSpecification) -> None:
    if network.classes != len(specification.classes):
        raise ModelError(
            f"the network has {network.classes} classes, and model.json names "
            f"{len(specification.classes)}"
        )
    if network.activation not in (None, specification.output):
        raise ModelError(
            f"the network ends in a {network.activation}, and model.json says that its output is "
            f"a {specification.output}"
        )
