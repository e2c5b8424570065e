"""State dicts of others → the names of a network here: unpacked, without common prefixes."""

from __future__ import annotations

import pickle
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from engine.errors import ModelError
from engine.models.weights import COUNTER

_PICKLES = (".pt", ".pth", ".ckpt", ".bin")
_WRAPPERS = ("state_dict", "model_state_dict", "model", "net", "network")
_DENSE_LAYER = re.compile(r"\.(norm|conv)\.([12])\.")  # as DenseNets were named before 2018


def read_state_dict(path: Path) -> dict[str, Tensor]:
    """The tensors of a ``.safetensors`` file or of a PyTorch file that holds nothing else.

    PyTorch files are pickles. They are read with PyTorch's restricted unpickler
    (``weights_only``), which builds tensors and plain containers and refuses everything else.
    """
    suffix = path.suffix.lower()
    if not path.is_file():
        raise ModelError(f"{path}: there is no such file")
    if suffix == ".safetensors":
        try:
            return dict(load_file(path))
        except (SafetensorError, OSError, ValueError, RuntimeError) as error:
            raise ModelError(f"{path}: not readable as safetensors ({error})") from error
    if suffix not in _PICKLES:
        known = ", ".join((".safetensors", *_PICKLES))
        raise ModelError(f"{path}: a state dict is needed ({known})")
    return _unwrapped(_unpickled(path), path)


def _unpickled(path: Path) -> Any:
    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise ModelError(
            f"{path}: holds more than tensors, or is no PyTorch file, and is not read further; "
            "where you trust it, save its state dict alone: torch.save(model.state_dict(), …)"
        ) from error
    except (OSError, RuntimeError, ValueError, EOFError, KeyError, AttributeError) as error:
        raise ModelError(f"{path}: damaged, or not a PyTorch file; copy it again") from error


def _unwrapped(found: Any, path: Path) -> dict[str, Tensor]:
    """The mapping from names to tensors inside of a training checkpoint, or itself."""
    for _ in _WRAPPERS:
        if not isinstance(found, Mapping):
            break
        inside = [found[key] for key in _WRAPPERS if isinstance(found.get(key), Mapping)]
        if not inside:
            break
        found = inside[0]
    if not isinstance(found, Mapping) or not found:
        raise ModelError(f"{path}: holds no state dict (names with tensors)")
    others = [str(name) for name, value in found.items() if not isinstance(value, Tensor)]
    if others:
        raise ModelError(f"{path}: holds no state dict; {others[0]!r} is no tensor")
    return {str(name): value for name, value in found.items()}


def fitted_names(tensors: Mapping[str, Tensor], wanted: Mapping[str, object]) -> dict[str, Tensor]:
    """``tensors`` under the names of the network: without prefixes that all share and that no
    name there has (``module.``, ``model.``, …), without counters, and with today's names of
    DenseNet's layers."""
    named = {name: value for name, value in tensors.items() if not name.endswith(COUNTER)}
    tops = {name.partition(".")[0] for name in wanted}
    while named:
        firsts = {name.partition(".")[0] for name in named}
        if len(firsts) != 1 or firsts <= tops or not all("." in name for name in named):
            break
        named = {name.partition(".")[2]: value for name, value in named.items()}
    return {
        name if name in wanted else _DENSE_LAYER.sub(r".\1\2.", name): value
        for name, value in named.items()
    }
