"""Second opinions: methods of others, computed by Captum, in the same type of result.

Captum is an optional extra (``pip install "attentive-viewer[opinions]"``) and imported only here.
Unlike the engine's own maps these come from the model's own module, called many times, and explain
what it returns: a probability where the network ends in a softmax or a sigmoid.
"""

from __future__ import annotations

import inspect
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from engine.errors import EngineError, MissingPackageError, RequestError
from engine.explainer import Explainer, network_input
from engine.explanation import check_target, evidence_of, look, predictions, withheld
from engine.opinion_methods import OPINIONS, Question
from engine.preprocess import fit_to_square
from engine.results import Explanation, LayerResponse, Opinion

__all__ = ["OPINIONS", "second_opinion"]


def second_opinion(
    explainer: Explainer,
    image: NDArray[np.generic],
    name: str,
    target: str | None = None,
    aspect_ratio: float = 1.0,
    **settings: Any,
) -> Explanation:
    """What another method says about one grey image (H, W), bone white; ``name`` is a row of
    ``OPINIONS``.

    Maps are raw and signed, float32 [S, S]. Grad-CAM has one for each explained layer (or those
    named in ``layers``); the others one for the layer ``input``, summed over its channels. Other
    settings: integrated gradients ``steps`` (32); occlusion ``window`` (1/8 of the side) and
    ``stride`` (1/2 of the window); SmoothGrad ``samples`` (25), ``noise`` (0.1 of the range) and
    ``seed`` (0); all but Grad-CAM ``batch`` (8), which bounds memory. ``target`` and
    ``aspect_ratio`` are those of :func:`engine.explain`; an image is declined as there.

    The same call gives the same bits on a CPU; PyTorch's random numbers and the model are left as
    they were. Raises :class:`MissingPackageError` without Captum, and :class:`RequestError` for
    an unknown name, class or setting, or a model that Captum cannot handle.
    """
    started = time.perf_counter()
    opinion = _opinion(name, settings)
    check_target(target, explainer.identity)
    captum = _captum()
    side = explainer.model.specification.input_size
    square, geometry = fit_to_square(image, side, aspect_ratio)
    observed, reason = look(explainer, square, geometry)
    if observed is None:
        return withheld(explainer, square, geometry, opinion, reason)
    ranked = predictions(explainer, observed)
    chosen = target or ranked[0].name
    question = Question(
        captum,
        explainer,
        observed,
        picture=network_input(explainer, square).requires_grad_(),
        black=network_input(explainer, np.zeros_like(square)),
        target=explainer.identity.classes.index(chosen),
    )
    layers = _answered(name, question, dict(opinion.settings))
    return Explanation(
        model=explainer.identity,
        device=explainer.device_name,
        method=opinion,
        target=chosen,
        predictions=ranked,
        layers=layers,
        geometry=geometry,
        input_image=square,
        class_responses=None,
        seconds=time.perf_counter() - started,
        evidence=evidence_of(explainer, opinion),
    )


def _captum() -> Any:
    try:
        import captum.attr
    except ImportError as error:
        raise MissingPackageError(
            "second opinions are computed by the package Captum, which is not installed; "
            'pip install "attentive-viewer[opinions]"'
        ) from error
    return captum.attr


def _opinion(name: str, given: Mapping[str, Any]) -> Opinion:
    """The method with all its settings; raises :class:`RequestError` for what does not fit."""
    if name not in OPINIONS:
        known = ", ".join(OPINIONS)
        raise RequestError(f"the second opinion {name!r} is not known; known are {known}")
    _, *arguments = inspect.signature(OPINIONS[name].function).parameters.values()
    defaults = {item.name: item.default for item in arguments}
    for key, value in given.items():
        if key not in defaults:
            known = ", ".join(defaults)
            raise RequestError(f"{name} has no setting {key!r}; it has {known}")
        if not _fits(key, value, defaults[key]):
            raise RequestError(f"{value!r} is out of range for the setting {key!r} of {name}")
    full = {**defaults, **given}
    settings = ((k, tuple(v) if isinstance(v, Sequence) else v) for k, v in full.items())
    return Opinion(name, tuple(settings))


def _fits(key: str, value: Any, default: Any) -> bool:
    if isinstance(default, tuple):
        names = isinstance(value, Sequence) and not isinstance(value, str)
        return names and all(isinstance(item, str) for item in value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    if isinstance(default, int):
        return isinstance(value, int) and value >= (0 if key == "seed" else 1)
    return 0 <= value <= 1 and (value > 0 or key == "noise")


def _answered(name: str, question: Question, settings: dict[str, Any]) -> tuple[LayerResponse, ...]:
    for layer in settings.get("layers", ()):
        question.layer(layer)
    try:
        with _evaluated(question.network), torch.enable_grad():
            layers = tuple(OPINIONS[name].function(question, **settings))
    except EngineError:
        raise
    except (RuntimeError, AssertionError, TypeError, ValueError, IndexError, KeyError) as error:
        if "out of memory" in str(error):
            raise
        raise RequestError(f"Captum cannot do {name} with this network: {error}") from error
    if not all(np.isfinite(layer.values).all() for layer in layers):
        raise EngineError(f"{name} gave values that are not finite numbers")
    return layers


@contextmanager
def _evaluated(network: nn.Module) -> Iterator[None]:
    """In evaluation mode for a while; afterwards as it was."""
    training = [module for module in network.modules() if module.training]
    network.eval()
    try:
        yield
    finally:
        for module in training:
            module.training = True
