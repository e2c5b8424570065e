"""The front door: everything about one image in one call."""

from __future__ import annotations

import time
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from engine.errors import RequestError
from engine.explainer import Explainer, Observed, observe
from engine.findings import Finding
from engine.gate import unfit
from engine.geometry import InputGeometry
from engine.outputs import probabilities_of
from engine.preprocess import fit_to_square
from engine.presets import DEFAULT_PRESET, PRESETS, preset_name
from engine.responses import class_maps, layer_maps
from engine.results import (
    Explanation,
    LayerResponse,
    Method,
    ModelIdentity,
    Opinion,
    Prediction,
)
from engine.rules import RULES

_SEEDS = ("full", "peak", "top_k", "uniform", "class")
_UNPOOLINGS = ("switch", "nearest", "average")


def check_method(method: Method, target: str | None, model: ModelIdentity) -> None:
    """Raise :class:`RequestError` for a method that is not known, or a class that the model does
    not have."""
    if method.rule not in RULES:
        raise RequestError(f"the rule {method.rule!r} is not known; known are {', '.join(RULES)}")
    if method.seed not in _SEEDS:
        raise RequestError(f"the seed {method.seed!r} is not known; known are {', '.join(_SEEDS)}")
    if method.unpooling not in _UNPOOLINGS:
        raise RequestError(
            f"the un-pooling {method.unpooling!r} is not known; known are {', '.join(_UNPOOLINGS)}"
        )
    if method.kernels < 1:
        raise RequestError(f"{method.kernels} kernels were asked for; at least one is needed")
    check_target(target, model)


def check_target(target: str | None, model: ModelIdentity) -> None:
    """Raise :class:`RequestError` for a class that the model does not have."""
    if target is not None and target not in model.classes:
        raise RequestError(f"the model has no class {target!r}; it has {', '.join(model.classes)}")


def look(
    explainer: Explainer,
    square: NDArray[np.float32],
    geometry: InputGeometry,
    modality: str = "",
) -> tuple[Observed | None, str]:
    """What the network saw in a fitted image, or why the model gives no output for it, in words
    (see :mod:`engine.gate`)."""
    reason = unfit(explainer.model.specification, square, geometry, modality)
    if reason:
        return None, reason
    observed, gate = observe(explainer, square, geometry), explainer.model.gate
    if gate:
        steps = dict(zip(explainer.layers, explainer.layer_steps, strict=True))
        maps = [observed.activation(steps[name]) for name in gate.layers]
        table = _probabilities(explainer, observed)[None]
        strange = gate.strangeness(maps, table, explainer.identity.classes)
        reason = gate.reason(float(strange[0]))
    return (None, reason) if reason else (observed, "")


def withheld(
    explainer: Explainer,
    square: NDArray[np.float32],
    geometry: InputGeometry,
    method: Method | Opinion,
    reason: str,
) -> Explanation:
    """The answer about a declined image."""
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
        evidence=evidence_of(explainer, method),
    )


def evidence_of(explainer: Explainer, method: Method | Opinion) -> tuple[Finding, ...]:
    """What the model's folder says of maps by this method: a finding of every test."""
    return explainer.model.verdicts.of(preset_name(method))


def explain(
    explainer: Explainer,
    image: NDArray[np.generic],
    method: Method = PRESETS[DEFAULT_PRESET],
    target: str | None = None,
    with_classes: bool = False,
    modality: str = "",
    aspect_ratio: float = 1.0,
) -> Explanation:
    """Everything about one grey image (H, W), bone white: predictions and the maps of all layers.

    ``target`` names the class to explain (the predicted one by default); ``aspect_ratio`` is the
    height of a pixel over its width. An image that the model may not judge, by its ``modality`` or
    by its looks, is declined. Raises :class:`RequestError` for an unknown class, rule or seed and
    for an image that cannot be read.
    """
    started = time.perf_counter()
    check_method(method, target, explainer.identity)
    square, geometry = fit_to_square(image, explainer.model.specification.input_size, aspect_ratio)
    observed, reason = look(explainer, square, geometry, modality)
    if observed is None:
        return withheld(explainer, square, geometry, method, reason)
    return explained(explainer, observed, method, target, with_classes, started)


def explained(
    explainer: Explainer,
    observed: Observed,
    method: Method,
    target: str | None = None,
    with_classes: bool = False,
    started: float | None = None,
) -> Explanation:
    """The same about what was seen before; ``started`` is when looking at it began."""
    started = time.perf_counter() if started is None else started
    identity = explainer.identity
    check_method(method, target, identity)
    ranked = predictions(explainer, observed)
    chosen = target or ranked[0].name
    maps = layer_maps(explainer, observed.recording, method, identity.classes.index(chosen))
    classes = class_maps(explainer, observed.recording, method) if with_classes else None
    return Explanation(
        model=identity,
        device=explainer.device_name,
        method=method,
        target=chosen,
        predictions=ranked,
        layers=tuple(_layers(explainer, observed, maps)),
        geometry=observed.geometry,
        input_image=observed.square,
        class_responses=classes,
        seconds=time.perf_counter() - started,
        evidence=evidence_of(explainer, method),
    )


def predictions(explainer: Explainer, observed: Observed) -> tuple[Prediction, ...]:
    """Probabilities of all classes, the most probable first."""
    values = _probabilities(explainer, observed).tolist()
    pairs = zip(explainer.identity.classes, values, strict=True)
    return tuple(Prediction(name, value) for name, value in sorted(pairs, key=lambda p: -p[1]))


def _probabilities(explainer: Explainer, observed: Observed) -> NDArray[np.float64]:
    logits = observed.recording.logits
    return np.asarray(probabilities_of(logits, explainer.model.specification.output)[0])


def _layers(
    explainer: Explainer, observed: Observed, maps: list[NDArray[np.float32]]
) -> Iterator[LayerResponse]:
    named = zip(explainer.layers, explainer.layer_steps, maps, strict=True)
    for depth, (name, step, values) in enumerate(named, start=1):
        _, kernels, height, width = observed.activation(step).shape
        yield LayerResponse(name, depth, (kernels, height, width), values)
