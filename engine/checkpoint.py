"""Models on disk: safetensors or ONNX, checked by SHA-256, loaded strictly; and the device choice.

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

from engine.errors import DeviceError, EngineError, ModelError
from engine.files import read_regular, write_atomically
from engine.gate import Gate, load_gate
from engine.models import ONNX, build
from engine.models.formats import FOREIGN_SUFFIXES, refuse_foreign
from engine.models.specification import ModelSpecification
from engine.models.weights import COUNTER, fill, misfit
from engine.verdicts import NOTHING_KNOWN, Verdicts, read_verdicts

SPECIFICATION_FILE = "model.json"
WEIGHTS_FILE = "weights.safetensors"
_LARGEST_WEIGHTS = 4 << 30  # bytes
ONNX_FILE = "model.onnx"


@dataclass(frozen=True)
class LoadedModel:
    """A network in evaluation mode with the specification that its folder gives, the gate that
    lets it decline, if it has one, and what is known of its maps."""

    network: nn.Module
    specification: ModelSpecification
    gate: Gate | None = None
    verdicts: Verdicts = NOTHING_KNOWN


def save_model(
    network: nn.Module,
    specification: ModelSpecification,
    folder: Path,
    kernels: torch.dtype = torch.float16,
) -> str:
    """Write ``model.json`` and the weights into ``folder``; returns the weights' SHA-256.

    Kernels and matrices are stored as ``kernels``, by default at half the size; everything else
    (normalisation, biases) as it is. Figures in a model card are measured on what was read back.
    """
    tensors = {
        name: (value.to(kernels) if value.ndim >= 2 else value).detach().cpu().contiguous()
        for name, value in network.state_dict().items()
        if not name.endswith(COUNTER)
    }
    data = save_tensors(tensors)
    digest = hashlib.sha256(data).hexdigest()
    write_atomically(folder / WEIGHTS_FILE, data)
    described = replace(specification, weights_sha256=digest)
    write_atomically(folder / SPECIFICATION_FILE, described.to_json().encode())
    return digest


def load_model(path: Path) -> LoadedModel:
    """Read a model, ready for use and frozen.

    ``path`` is a folder with ``model.json`` and its weights (``weights.safetensors``, or
    ``model.onnx`` for the architecture ``onnx``), or a single ONNX file, also as the only one in a
    folder. Raises :class:`ModelError` for anything missing, changed, unfit, or in a format that
    is not read.
    """
    if path.name == SPECIFICATION_FILE:
        path = path.parent
    described = path / SPECIFICATION_FILE
    if path.is_dir() and not described.exists():
        path = _only_model_in(path) or path
    if path.is_file():
        return _load_file(path)
    specification = ModelSpecification.from_file(described)
    if specification.architecture == ONNX:
        model = _load_onnx(path / ONNX_FILE, specification)
        return replace(model, verdicts=_verdicts(path, specification))
    network = _filled(path / WEIGHTS_FILE, specification)
    gate = load_gate(path, specification) if specification.gate_sha256 else None
    known = _verdicts(path, specification)
    return LoadedModel(network.requires_grad_(False), specification, gate, known)


def _verdicts(folder: Path, specification: ModelSpecification) -> Verdicts:
    """A damaged file tells nothing, and is no reason not to use the model."""
    try:
        return read_verdicts(folder, specification.digest)
    except EngineError:
        return NOTHING_KNOWN


def model_files(path: Path) -> tuple[Path, ...]:
    """The files that ``load_model(path)`` depends on, as far as names tell: when one changes, the
    model has to be loaded again."""
    if path.is_file() and path.name != SPECIFICATION_FILE:
        return (path,)
    folder = path.parent if path.name == SPECIFICATION_FILE else path
    return tuple(sorted(item for item in folder.glob("*") if item.is_file()))


def _only_model_in(folder: Path) -> Path | None:
    """The ONNX file of a folder without a specification; a refused file if there is only that."""
    files = sorted(item for item in folder.iterdir() if item.is_file())
    found = [item for item in files if item.suffix.lower() == ".onnx"]
    if len(found) > 1:
        names = ", ".join(item.name for item in found[:5])
        raise ModelError(f"{folder}: the folder holds several models ({names}); open one of them")
    if found:
        return found[0]
    return next((item for item in files if item.suffix.lower() in FOREIGN_SUFFIXES), None)


def _load_file(path: Path) -> LoadedModel:
    refuse_foreign(path)
    if path.suffix.lower() == ".safetensors":
        raise ModelError(
            f"{path}: weights alone do not say what network they are of; put a model.json beside "
            "them, or run 'python -m engine convert'"
        )
    if path.suffix.lower() != ".onnx":
        raise ModelError(f"{path}: not a model; a folder with model.json or an ONNX file is needed")
    return _load_onnx(path, None)


def _load_onnx(path: Path, specification: ModelSpecification | None) -> LoadedModel:
    refuse_foreign(path)
    try:
        from engine.models.onnx.load import load_onnx
    except ImportError as error:
        raise ModelError(
            f"{path}: reading ONNX files needs the package 'onnx'; set the program up again"
        ) from error
    network, described = load_onnx(path, specification)
    return LoadedModel(network.requires_grad_(False), described)


def _filled(path: Path, specification: ModelSpecification) -> nn.Module:
    """The network with its weights, built without memory for the ones that it replaces."""
    with torch.device("meta"):
        network = build(specification)
    try:
        data = read_regular(path, _LARGEST_WEIGHTS)
    except OSError as error:
        raise ModelError(f"{path}: the weights cannot be read ({error.strerror})") from error
    specification.check_digest(path, hashlib.sha256(data).hexdigest())
    refuse_foreign(path)
    try:
        tensors = load_tensors(data)
    except (SafetensorError, ValueError, RuntimeError) as error:
        raise ModelError(f"{path}: the weights do not fit the network ({error})") from error
    fault = misfit(network, tensors)
    if fault:
        raise ModelError(f"{path}: the weights do not fit the network ({fault})")
    return fill(network, tensors)


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
