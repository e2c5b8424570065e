"""Weights on disk: safetensors only, checked by SHA-256, loaded strictly; and the device choice.

Pickles are never read: unpickling runs code from the file.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load as load_tensors
from safetensors.torch import save as save_tensors
from torch import nn

from engine.errors import DeviceError, ModelError
from engine.files import write_atomically
from engine.models import build
from engine.models.specification import ModelSpecification

SPECIFICATION_FILE = "model.json"
WEIGHTS_FILE = "weights.safetensors"


@dataclass(frozen=True)
class LoadedModel:
    """A network in evaluation mode with the specification that its folder gives."""

    network: nn.Module
    specification: ModelSpecification


def save_model(network: nn.Module, specification: ModelSpecification, folder: Path) -> str:
    """Write ``model.json`` and the weights into ``folder``; returns the weights' SHA-256.

    Kernels are stored as float16, half the size; everything else (normalisation, biases) as it
    is. Figures in a model card are measured on what was read back.
    """
    tensors = {
        name: (value.half() if value.ndim == 4 else value).detach().cpu().contiguous()
        for name, value in network.state_dict().items()
        if not name.endswith("num_batches_tracked")
    }
    data = save_tensors(tensors)
    digest = hashlib.sha256(data).hexdigest()
    write_atomically(folder / WEIGHTS_FILE, data)
    described = replace(specification, weights_sha256=digest)
    write_atomically(folder / SPECIFICATION_FILE, described.to_json().encode())
    return digest


def load_model(folder: Path) -> LoadedModel:
    """Read a model folder; raises :class:`ModelError` for anything missing, changed or unfit."""
    specification = ModelSpecification.from_file(folder / SPECIFICATION_FILE)
    path = folder / WEIGHTS_FILE
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ModelError(f"{path}: the weights cannot be read ({error.strerror})") from error
    digest = hashlib.sha256(data).hexdigest()
    if digest != specification.weights_sha256:
        raise ModelError(
            f"{path}: the weights are not the ones that model.json describes (SHA-256 "
            f"{digest[:12]}…, expected {specification.weights_sha256[:12]}…); restore the file"
        )
    network = build(specification)
    try:
        tensors = load_tensors(data)
        missing, unexpected = network.load_state_dict(tensors, strict=False)
    except (SafetensorError, RuntimeError) as error:
        raise ModelError(f"{path}: the weights do not fit the network ({error})") from error
    missing = [name for name in missing if not name.endswith("num_batches_tracked")]
    if missing or unexpected:
        raise ModelError(
            f"{path}: the weights do not fit the network "
            f"(missing {missing[:3]}, unexpected {unexpected[:3]})"
        )
    for parameter in network.parameters():
        parameter.requires_grad_(False)
    return LoadedModel(network, specification)


def choose_device(wish: str) -> torch.device:
    """``auto`` (CUDA when there is one), ``cpu`` or ``cuda``."""
    available = torch.cuda.is_available()
    if wish == "auto":
        return torch.device("cuda" if available else "cpu")
    if wish == "cuda" and not available:
        raise DeviceError(
            "CUDA was asked for, but PyTorch sees no CUDA device here; choose cpu or auto"
        )
    if wish not in ("cpu", "cuda"):
        raise DeviceError(f"the device {wish!r} is not known; choose auto, cpu or cuda")
    return torch.device(wish)
