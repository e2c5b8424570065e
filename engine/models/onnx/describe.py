"""The least specification of an ONNX file that comes without a ``model.json``."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Mapping
from typing import Any

from engine.errors import ModelError
from engine.models.onnx.file import OnnxFile
from engine.models.onnx.network import OnnxNetwork
from engine.models.specification import ModelSpecification, OutputName

USUAL_SIZE = 224  # pixels, where a file leaves the size of its input open
_NAME_KEYS = ("names", "classes", "labels", "class_names", "class_labels", "id2label")
_LONGEST_TEXT = 200_000


def input_of(file: OnnxFile) -> tuple[int, int]:
    """(channels, side) of the images; an open size is taken as ``USUAL_SIZE``."""
    _, channels, height, width = file.input_shape
    height, width = height or width or USUAL_SIZE, width or height or USUAL_SIZE
    if channels is None or height != width:
        raise ModelError(
            f"the model reads images of the shape {file.input_shape} (batch, channels, height, "
            "width); without a model.json a stated number of channels and a square are needed"
        )
    return channels, height


def specification_of(file: OnnxFile, network: OnnxNetwork) -> ModelSpecification:
    """Names and sizes from the file; the input is not normalised beyond 0…1, any modality is
    taken, and what the file cannot say is "not stated"."""
    channels, side, _ = network.image_shape
    alone: OutputName = "sigmoid" if network.classes == 1 else "softmax"
    return ModelSpecification(
        name=file.stem,
        version=file.version,
        architecture="onnx",
        arguments={},
        classes=_class_names(file.metadata, network.classes),
        input_size=side,
        mean=0.0,
        std=1.0,
        exposed_layers=(),
        modalities=(),
        intended_use="not stated",
        licence=file.metadata.get("license") or "not stated",
        weights_sha256=file.sha256,
        channels=channels,
        output=network.activation or alone,
    )


def _class_names(metadata: Mapping[str, str], count: int) -> tuple[str, ...]:
    """From the metadata if there are ``count`` different ones, else "class 0", "class 1", …"""
    by_key = {key.lower(): text for key, text in metadata.items()}
    for key in _NAME_KEYS:
        names = _names(by_key.get(key, ""))
        if len(names) == count == len(set(names)) and all(names):
            return names
    return tuple(f"class {index}" for index in range(count))


def _names(text: str) -> tuple[str, ...]:
    """Of a list or of a mapping from index to name, written as JSON or as a Python literal."""
    found = _parsed(text)
    if isinstance(found, dict):
        keys = [str(key) for key in found]
        if sorted(keys) != sorted(str(index) for index in range(len(keys))):
            return ()
        found = [found[key] for key in sorted(found, key=lambda key: int(str(key)))]
    if not isinstance(found, list | tuple) or not all(isinstance(name, str) for name in found):
        return ()
    return tuple(re.sub(r"\s+", " ", name).strip() for name in found)


def _parsed(text: str) -> Any:
    if not text or len(text) > _LONGEST_TEXT:
        return None
    for parse in (json.loads, ast.literal_eval):  # neither runs anything
        try:
            return parse(text)
        except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
            continue
    return None
