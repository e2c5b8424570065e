"""Response maps of every layer of one image, and of every class: CLEAR eqs. 1-5.

All maps of a request come from one pass down the graph: each layer's seed joins the batch when
the pass reaches that layer.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from engine import seeds
from engine.checkpoint import LoadedModel
from engine.errors import EngineError, RequestError
from engine.geometry import InputGeometry
from engine.graph import Graph, Recording, back_project, record, trace
from engine.operations.base import Way
from engine.preprocess import fit_to_square, normalise
from engine.results import (
    ClassResponses,
    Explanation,
    LayerResponse,
    Method,
    ModelIdentity,
    Prediction,
)
from engine.rules import RULES

_TIE = 1e-6  # share of the greatest response below which two classes count as tied


@dataclass(frozen=True, eq=False)
class Explainer:
    """A loaded model, read into a graph on a device, ready for any number of images."""

    model: LoadedModel
    graph: Graph
    device: torch.device

    @classmethod
    def prepare(cls, model: LoadedModel, device: torch.device) -> Explainer:
        network = model.network.to(device)
        graph = trace(network, model.specification.exposed_layers)
        for layer in model.specification.exposed_layers:
            graph.step_of(layer)
        return cls(model, graph, device)

    @property
    def identity(self) -> ModelIdentity:
        facts = self.model.specification
        return ModelIdentity(
            facts.name, facts.version, facts.weights_sha256, facts.licence, facts.classes
        )

    @property
    def layer_steps(self) -> tuple[int, ...]:
        return tuple(self.graph.step_of(name) for name in self.model.specification.exposed_layers)

    @property
    def device_name(self) -> str:
        if self.device.type == "cuda":
            return f"GPU ({torch.cuda.get_device_name(self.device)})"
        return "CPU"


@dataclass(frozen=True, eq=False)
class Observed:
    """One image seen by the model: what it read and everything that was recorded."""

    square: NDArray[np.float32]
    geometry: InputGeometry
    recording: Recording


def observe(explainer: Explainer, square: NDArray[np.float32], geometry: InputGeometry) -> Observed:
    """Forward pass of a fitted image (S, S) in 0…1, with everything kept for the way back."""
    facts = explainer.model.specification
    image = torch.from_numpy(square)[None, None].to(explainer.device)
    with torch.inference_mode():
        recording = record(
            explainer.graph, normalise(image, facts.mean, facts.std), explainer.layer_steps
        )
    return Observed(square, geometry, recording)


def _class_seed(logits: Tensor, target: int) -> Tensor:
    seed = torch.zeros_like(logits)
    seed[0, target] = 1
    return seed


def layer_maps(
    explainer: Explainer, recording: Recording, method: Method, target: int
) -> list[NDArray[np.float32]]:
    """Raw signed maps [S, S] of the exposed layers, in order of depth (CLEAR eq. 2)."""
    owner: list[int] = []  # the step that each row of the growing batch belongs to
    steps = set(explainer.layer_steps)
    last = len(explainer.graph.steps) - 1

    def seeds_at(step: int, arrived: Tensor | None) -> Tensor | None:
        fresh = None
        if step == last and method.seed == "class":
            fresh = _class_seed(recording.logits, target)
        elif step in steps:
            activation = recording.kept[step]
            if method.seed == "full":
                fresh = seeds.full(activation)
            elif method.seed == "peak":
                fresh = seeds.peak(activation, method.kernels)
            elif arrived is not None:
                fresh = seeds.class_share(activation, arrived[:1])
        if fresh is not None:
            owner.extend([step] * len(fresh))
        return fresh

    way = Way(RULES[method.rule], method.unpooling)
    with torch.inference_mode():
        rows = back_project(explainer.graph, recording, way, seeds_at).sum(1)
        rows = rows.clamp(min=0) if method.positive else rows
        owners = torch.tensor(owner, device=rows.device)
        maps = [rows[owners == step].sum(0) for step in explainer.layer_steps]
    return [item.float().cpu().numpy() for item in maps]


def class_maps(explainer: Explainer, recording: Recording, method: Method) -> ClassResponses:
    """The response of every class from the last exposed layer (CLEAR eq. 3) and, per pixel, the
    dominant class, its response and the margin to the runner-up (eqs. 4-5)."""
    step = explainer.layer_steps[-1]

    def seeds_at(position: int, arrived: Tensor | None) -> Tensor | None:
        return seeds.single_kernels(recording.kept[step]) if position == step else None

    way = Way(RULES[method.rule], method.unpooling)
    with torch.inference_mode():
        rows = back_project(explainer.graph, recording, way, seeds_at).sum(1)
    return dominant(rows.float().cpu().numpy(), explainer.model.specification.classes)


def dominant(maps: NDArray[np.float32], classes: Sequence[str]) -> ClassResponses:
    """Class maps [K, S, S] → dominant class and response; ties and no evidence are -1."""
    if len(maps) < 2:
        raise RequestError("a dominant class needs at least two classes")
    order = np.partition(maps, len(maps) - 2, axis=0)
    response, runner_up = order[-1], order[-2]
    margin = response - runner_up
    clear = (response > 0) & (margin > _TIE * float(np.abs(maps).max(initial=0.0)))
    index = np.where(clear, maps.argmax(0), -1).astype(np.int16)
    return ClassResponses(tuple(classes), index, response, margin)


def _check(method: Method, target: str | None, model: ModelIdentity) -> None:
    if method.rule not in RULES:
        raise RequestError(f"the rule {method.rule!r} is not known; known are {', '.join(RULES)}")
    if method.seed not in ("full", "peak", "class"):
        raise RequestError(f"the seed {method.seed!r} is not known; known are full, peak, class")
    if method.unpooling not in ("switch", "nearest", "average"):
        raise RequestError(
            f"the un-pooling {method.unpooling!r} is not known; known are switch, nearest, average"
        )
    if method.kernels < 1:
        raise RequestError(f"{method.kernels} kernels were asked for; at least one is needed")
    if target is not None and target not in model.classes:
        raise RequestError(f"the model has no class {target!r}; it has {', '.join(model.classes)}")


def _declined(explainer: Explainer, square: NDArray[np.float32], modality: str) -> str:
    """Why the model gives no output for an image; empty when it does."""
    made_for = explainer.model.specification.modalities
    if modality and modality not in made_for:
        wanted = ", ".join(made_for)
        return f"the image is of modality {modality}; the model was made for {wanted} only"
    if not square.any():
        return "the image is blank: all its pixels are as good as equal"
    return ""


def _withheld(
    explainer: Explainer,
    square: NDArray[np.float32],
    geometry: InputGeometry,
    method: Method,
    reason: str,
) -> Explanation:
    return Explanation(
        model=explainer.identity,
        device=explainer.device_name,
        method=method,
        target="",
        predictions=(),
        layers=(),
        geometry=geometry,
        input_image=square,
        class_responses=None,
        seconds=0.0,
        withheld_because=reason,
    )


def explain(
    explainer: Explainer,
    image: NDArray[np.generic],
    method: Method,
    target: str | None = None,
    with_classes: bool = False,
    modality: str = "",
    aspect_ratio: float = 1.0,
) -> Explanation:
    """Everything about one grey image (H, W), bone white: predictions and the maps of all layers.

    ``target`` names the class to explain (the predicted one by default); ``aspect_ratio`` is the
    height of a pixel over its width. A blank image, or one of a ``modality`` that the model was not
    made for, is declined. Raises :class:`RequestError` for an
    unknown class, rule or seed and for an image that cannot be read.
    """
    started = time.perf_counter()
    identity = explainer.identity
    _check(method, target, identity)
    facts = explainer.model.specification
    square, geometry = fit_to_square(image, facts.input_size, aspect_ratio)
    declined = _declined(explainer, square, modality)
    if declined:
        return _withheld(explainer, square, geometry, method, declined)
    observed = observe(explainer, square, geometry)
    probabilities = torch.softmax(observed.recording.logits[0].float(), 0).cpu().tolist()
    if not np.isfinite(probabilities).all():
        raise EngineError("the model answered with values that are not finite numbers")
    ranked = sorted(zip(identity.classes, probabilities, strict=True), key=lambda pair: -pair[1])
    chosen = target or ranked[0][0]
    maps = layer_maps(explainer, observed.recording, method, identity.classes.index(chosen))
    layers = []
    for depth, (name, step, values) in enumerate(
        zip(facts.exposed_layers, explainer.layer_steps, maps, strict=True), start=1
    ):
        _, kernels, height, width = observed.recording.kept[step].shape
        layers.append(LayerResponse(name, depth, (kernels, height, width), values))
    classes = class_maps(explainer, observed.recording, method) if with_classes else None
    return Explanation(
        model=identity,
        device=explainer.device_name,
        method=method,
        target=chosen,
        predictions=tuple(Prediction(name, value) for name, value in ranked),
        layers=tuple(layers),
        geometry=observed.geometry,
        input_image=observed.square,
        class_responses=classes,
        seconds=time.perf_counter() - started,
    )
