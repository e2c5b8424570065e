"""May the model answer? What is wrong with an image before the network sees it, and after: whether
it looks like the radiographs that the model learnt from.

The second question is asked of what the network saw (after Lee 2018, arXiv 1807.03888): mean and
spread of every kernel's map in some middle layers, reduced to the directions in which radiographs
differ, and how sure it is, of any anatomy and at all. A logistic regression tells radiographs from
outliers (outlier exposure, Hendrycks 2019, arXiv 1812.04606); radiographs alone set its limit.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load as load_tensors
from safetensors.numpy import save as save_tensors
from torch import Tensor

from engine.errors import ModelError
from engine.files import read_regular, write_atomically
from engine.geometry import InputGeometry
from engine.models.specification import ModelSpecification

GATE_FILE = "gate.safetensors"
SMALLEST_SIDE = 64  # pixels of the shorter side: below, there is no anatomy to be read
_LARGEST_FILE = 64 << 20  # bytes
_BESIDE = 3  # weights beside those of the directions: two doubts and 1
_TENSORS = ("mean", "scale", "axes", "weights")
_CLIP = 8.0  # standard deviations: further out is as strange as can be
_LEAST = 0.01  # a probability below which it does not matter how small it is


def unfit(
    facts: ModelSpecification,
    square: NDArray[np.float32],
    geometry: InputGeometry,
    modality: str = "",
    coloured: bool = False,
) -> str:
    """Why a fitted image is nothing for a model, in words; "" when it may be looked at.

    ``modality`` is DICOM's (0008,0060), "" when it is not known; ``coloured`` says that the picture
    it came from had colours.
    """
    if modality and facts.modalities and modality not in facts.modalities:
        wanted = ", ".join(facts.modalities)
        return f"the image is of modality {modality}; the model was made for {wanted} only"
    if coloured:
        return "the picture has colours; a radiograph is grey"
    if not square.any():
        return "the image is blank: all its pixels are as good as equal"
    return too_small(geometry) if facts.gate_sha256 else ""


def too_small(geometry: InputGeometry) -> str:
    """Why an image has too few pixels for a model that may decline; "" when it has enough."""
    height, width = geometry.frame_size
    if min(height, width) >= SMALLEST_SIDE:
        return ""
    return (
        f"the image is too small to tell anatomy (only {width} × {height} pixels; at least "
        f"{SMALLEST_SIDE} on each side are needed)"
    )


def measured(activations: Sequence[Tensor]) -> NDArray[np.float64]:
    """Mean and standard deviation of every kernel's map, layer by layer, on a logarithmic scale.

    ``activations`` are [N, K, H, W], one a layer; the result is [N, 2 × the sum of all K].
    """
    parts = []
    for maps in activations:
        spread, mean = torch.std_mean(maps.detach().double().flatten(2), 2, correction=0)
        parts += [mean, spread]
    values = torch.cat(parts, 1)
    return np.asarray((values.sign() * values.abs().log1p()).cpu().numpy())


@dataclass(frozen=True, eq=False)
class Gate:
    """When a model declines. The F :func:`measured` values of ``layers``, less ``mean`` [F] and
    divided by ``scale`` [F], are turned into D features by ``axes`` [D, F]; ``weights`` [D + 3] are
    of these, of the two :func:`doubts`, and of 1. Above ``limit`` the model declines.

    ``catch_all`` are classes that stand for no anatomy: to be sure of them is no reason to trust.
    """

    layers: tuple[str, ...]
    catch_all: tuple[str, ...]
    mean: NDArray[np.float32]
    scale: NDArray[np.float32]
    axes: NDArray[np.float32]
    weights: NDArray[np.float32]
    limit: float

    def strangeness(
        self,
        activations: Sequence[Tensor],
        probabilities: NDArray[np.floating],
        classes: Sequence[str],
    ) -> NDArray[np.float64]:
        """Log odds of being no radiograph, as they were balanced in training: [N], from the
        activations [N, K, H, W] of ``layers`` and the probabilities [N, classes]."""
        return self.judged(measured(activations), doubts(probabilities, classes, self.catch_all))

    def judged(
        self, values: NDArray[np.float64], doubted: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """The same from measured values [N, F] and doubts [N, 2]."""
        return np.asarray(self.features(values, doubted) @ self.weights.astype(np.float64))

    def features(
        self, values: NDArray[np.float64], doubted: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """What the weights are of: [N, D + 3], of measured values [N, F] and doubts [N, 2]."""
        standard = (values - self.mean) / self.scale
        reduced = np.clip(standard @ self.axes.T.astype(np.float64), -_CLIP, _CLIP)
        return np.column_stack((reduced, doubted, np.ones(len(values))))

    def reason(self, strangeness: float) -> str:
        """Why an image is declined, in words; "" when it is not."""
        if strangeness <= self.limit:
            return ""
        return (
            "the image does not look like the radiographs that the model learnt from (strangeness "
            f"{strangeness:.1f}, limit {self.limit:.1f})"
        )


def doubts(
    probabilities: NDArray[np.floating], classes: Sequence[str], catch_all: Sequence[str]
) -> NDArray[np.float64]:
    """Log odds against the most probable class that is an anatomy, and the entropy in nats of all:
    [N, 2], of probabilities [N, classes]."""
    chances = np.asarray(probabilities, np.float64)
    anatomy = [index for index, name in enumerate(classes) if name not in catch_all]
    best = chances[:, anatomy].max(1)
    entropy = -(chances * np.log(chances + 1e-12)).sum(1)
    return np.column_stack((np.log((1 - best + _LEAST) / (best + _LEAST)), entropy))


def save_gate(gate: Gate, folder: Path) -> str:
    """Write ``gate.safetensors`` into ``folder``; returns its SHA-256."""
    facts = {"layers": gate.layers, "catch_all": gate.catch_all, "limit": gate.limit}
    tensors = {name: np.ascontiguousarray(getattr(gate, name)) for name in _TENSORS}
    data = save_tensors(tensors, {"gate": json.dumps(facts)})
    write_atomically(folder / GATE_FILE, data)
    return hashlib.sha256(data).hexdigest()


def load_gate(folder: Path, facts: ModelSpecification) -> Gate:
    """Read the gate that a specification tells of. Raises :class:`ModelError` for one that is
    missing, another than described, damaged, or not of this model."""
    path = folder / GATE_FILE
    try:
        data = read_regular(path, _LARGEST_FILE)
    except OSError as error:
        raise ModelError(
            f"{path}: model.json says that this model may decline, but the file that says when "
            f"cannot be read ({error.strerror})"
        ) from error
    digest = hashlib.sha256(data).hexdigest()
    if digest != facts.gate_sha256:
        raise ModelError(
            f"{path}: not the file that model.json describes (SHA-256 {digest[:12]}…, expected "
            f"{facts.gate_sha256[:12]}…); restore it"
        )
    try:
        head = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])
        said = json.loads(head["__metadata__"]["gate"])
        layers, catch_all = tuple(said["layers"]), tuple(said["catch_all"])
        gate = Gate(layers, catch_all, **load_tensors(data), limit=float(said["limit"]))
        directions, values = gate.axes.shape
        if (gate.weights.shape, gate.mean.shape, gate.scale.shape) != (
            (directions + _BESIDE,),
            (values,),
            (values,),
        ):
            raise ValueError("its tables do not fit one another")
    except (SafetensorError, KeyError, ValueError, TypeError) as error:
        raise ModelError(f"{path}: damaged ({error})") from error
    unknown = set(layers) - set(facts.exposed_layers) or set(catch_all) - set(facts.classes)
    if unknown:
        raise ModelError(f"{path}: it asks for {', '.join(sorted(unknown))}, unknown to this model")
    return gate
