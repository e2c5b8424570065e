"""Attentive response maps of convolutional networks: which parts of an image a model responds to.

Five lines explain a network of your own, whatever way it is written:

    from engine import Explainer, contact_sheet, explain

    explainer = Explainer.of(network, classes=("healthy", "nodule"), input_size=224)
    result = explain(explainer, image, target="nodule")     # image: grey (H, W), bone white
    print(result.predictions[0], [layer.name for layer in result.layers])
    values = result.layers[-1].values                       # float32 [S, S], raw and signed
    contact_sheet(result)                                   # a picture, shown by a notebook

``engine/examples/explain_your_model.py`` is a whole script. A model on disk (a folder or an ONNX
file) is read by ``Explainer.prepare(load_model(path), choose_device("auto"))``; other ways back
are ``explain(explainer, image, PRESETS["gradient"])`` or a ``Method(rule, seed)``.

To look closer: ``observe`` gives the activations of an image, ``map_of`` the map of one kernel or
position, ``rank_by_activation``, ``rank_by_class`` and ``rank_by_region`` the kernels that matter,
``kernel_maps`` their maps, and ``second_opinion`` what Grad-CAM, integrated gradients, occlusion
or SmoothGrad say (``OPINIONS``; needs Captum).

Nothing here is imported before it is used, so that ``engine.results`` and the other modules
without torch stay quick to import.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from engine.checkpoint import choose_device, load_model
    from engine.contours import contours
    from engine.errors import EngineError
    from engine.explainer import Explainer, observe
    from engine.explanation import explain
    from engine.kernels import kernel_maps, rank_by_activation, rank_by_class, rank_by_region
    from engine.opinions import OPINIONS, second_opinion
    from engine.pictures import contact_sheet
    from engine.preprocess import fit_to_square
    from engine.presets import PRESETS
    from engine.responses import map_of
    from engine.results import Explanation, Method, Opinion

_PLACES = {
    "Explainer": "engine.explainer",
    "Explanation": "engine.results",
    "EngineError": "engine.errors",
    "Method": "engine.results",
    "OPINIONS": "engine.opinions",
    "Opinion": "engine.results",
    "PRESETS": "engine.presets",
    "choose_device": "engine.checkpoint",
    "contact_sheet": "engine.pictures",
    "contours": "engine.contours",
    "explain": "engine.explanation",
    "fit_to_square": "engine.preprocess",
    "kernel_maps": "engine.kernels",
    "load_model": "engine.checkpoint",
    "map_of": "engine.responses",
    "observe": "engine.explainer",
    "rank_by_activation": "engine.kernels",
    "rank_by_class": "engine.kernels",
    "rank_by_region": "engine.kernels",
    "second_opinion": "engine.opinions",
}

__all__ = [
    "OPINIONS",
    "PRESETS",
    "EngineError",
    "Explainer",
    "Explanation",
    "Method",
    "Opinion",
    "choose_device",
    "contact_sheet",
    "contours",
    "explain",
    "fit_to_square",
    "kernel_maps",
    "load_model",
    "map_of",
    "observe",
    "rank_by_activation",
    "rank_by_class",
    "rank_by_region",
    "second_opinion",
]


def __getattr__(name: str) -> Any:
    if name in _PLACES:
        return getattr(import_module(_PLACES[name]), name)
    raise AttributeError(f"module 'engine' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
