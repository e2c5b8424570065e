"""Networks that the engine can build from a specification: one a file, one line in the table."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from torch import nn

from engine.errors import ModelError
from engine.models.efficientnet_lite import EfficientNetLite0
from engine.models.plain import PlainCNN
from engine.models.specification import ModelSpecification

ARCHITECTURES: Mapping[str, Callable[..., nn.Module]] = MappingProxyType(
    {"plain": PlainCNN, "efficientnet_lite0": EfficientNetLite0}
)


def build(specification: ModelSpecification) -> nn.Module:
    """A network of the specified architecture with fresh weights, in evaluation mode."""
    try:
        architecture = ARCHITECTURES[specification.architecture]
    except KeyError as error:
        known = ", ".join(sorted(ARCHITECTURES))
        raise ModelError(
            f"the architecture {specification.architecture!r} is not known; known are: {known}"
        ) from error
    try:
        return architecture(len(specification.classes), **specification.arguments).eval()
    except (TypeError, ValueError) as error:
        raise ModelError(
            f"the arguments of {specification.architecture!r} do not fit: {error}"
        ) from error
