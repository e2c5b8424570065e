"""Networks that the engine can build from a specification: one a file, one line in the table."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from torch import nn

from engine.errors import ModelError
from engine.models.densenet import DENSENETS
from engine.models.efficientnet_lite import EfficientNetLite0
from engine.models.plain import PlainCNN
from engine.models.resnet import RESNETS
from engine.models.specification import ModelSpecification
from engine.models.vgg import VGGS

ONNX = "onnx"  # the architecture of a folder whose network is in an ONNX file

# Called with the number of classes, ``channels`` and the arguments of the specification.
ARCHITECTURES: Mapping[str, Callable[..., nn.Module]] = MappingProxyType(
    {"plain": PlainCNN, "efficientnet_lite0": EfficientNetLite0, **RESNETS, **DENSENETS, **VGGS}
)


def build(specification: ModelSpecification) -> nn.Module:
    """A network of the specified architecture with fresh weights, in evaluation mode."""
    try:
        architecture = ARCHITECTURES[specification.architecture]
    except KeyError as error:
        known = ", ".join(sorted((*ARCHITECTURES, ONNX)))
        raise ModelError(
            f"the architecture {specification.architecture!r} is not known; known are: {known}"
        ) from error
    try:
        return architecture(
            len(specification.classes), channels=specification.channels, **specification.arguments
        ).eval()
    except (TypeError, ValueError, RuntimeError, OverflowError) as error:
        reason = next(iter(str(error).splitlines()), "no reason given")
        raise ModelError(
            f"the arguments of {specification.architecture!r} do not fit: {reason}"
        ) from error
