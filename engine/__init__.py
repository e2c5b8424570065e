"""Attentive response maps of convolutional networks: which parts of an image a model responds to.

Nothing here is imported before it is used, so that ``engine.results`` and the other modules
without torch stay quick to import.

    from engine import PRESETS, Explainer, choose_device, explain, load_model

    explainer = Explainer.prepare(load_model(folder), choose_device("auto"))
    result = explain(explainer, image, PRESETS["gradient"])   # image: grey (H, W), bone white
    result.predictions[0], result.layers[3].values
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from engine.checkpoint import choose_device, load_model
    from engine.contours import contours
    from engine.errors import EngineError
    from engine.presets import PRESETS
    from engine.responses import Explainer, explain
    from engine.results import Explanation, Method

_PLACES = {
    "Explainer": "engine.responses",
    "Explanation": "engine.results",
    "EngineError": "engine.errors",
    "Method": "engine.results",
    "PRESETS": "engine.presets",
    "choose_device": "engine.checkpoint",
    "contours": "engine.contours",
    "explain": "engine.responses",
    "load_model": "engine.checkpoint",
}

__all__ = [
    "PRESETS",
    "EngineError",
    "Explainer",
    "Explanation",
    "Method",
    "choose_device",
    "contours",
    "explain",
    "load_model",
]


def __getattr__(name: str) -> Any:
    if name in _PLACES:
        return getattr(import_module(_PLACES[name]), name)
    raise AttributeError(f"module 'engine' has no attribute {name!r}")
