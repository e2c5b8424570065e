"""What crosses the engine's door: frozen, picklable, numpy only.

A question (:mod:`engine.questions`) says what is computed; a result holds raw signed maps. How they
are shown (colour map, range, smoothing, threshold) is the viewer's business and never comes here.

Maps are float32 [S, S] in MODEL INPUT space, S = the model's input size, row-major, one value a
pixel; :class:`engine.geometry.InputGeometry` takes them to the frame.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from engine.findings import Finding
from engine.geometry import InputGeometry

RuleName = Literal["linear", "gradient", "frozen", "deconvnet", "guided"]
SeedName = Literal["full", "peak", "top_k", "uniform", "class"]
UnpoolingName = Literal["switch", "nearest", "average"]


@dataclass(frozen=True)
class Method:
    """How activations are taken back to the image (CLEAR eqs. 1-6, and what they leave open).

    ``rule`` says what passes a rectifier, ``seed`` what is fed in at a layer, ``unpooling`` how
    max pooling is undone. The seeds ``peak`` and ``top_k`` take the ``kernels`` strongest kernels
    by summed activation, each in a map of its own, from its strongest position alone or from its
    whole activation; the layer's map is their sum. ``positive`` clips each single map at 0 before
    they are summed (the published ARM picture). ``per_weight`` divides the response of each class
    by the norm of its kernel.
    """

    rule: RuleName
    seed: SeedName
    unpooling: UnpoolingName = "switch"
    kernels: int = 4
    positive: bool = False
    per_weight: bool = False


@dataclass(frozen=True)
class Opinion:
    """A published method of others, as :mod:`engine.opinions` names it, and all its settings as
    (name, value), those left at their defaults included."""

    name: str
    settings: tuple[tuple[str, int | float | tuple[str, ...]], ...] = ()


@dataclass(frozen=True)
class ModelIdentity:
    """Which model answered; ``sha256`` is that of the weights file."""

    name: str
    version: str
    sha256: str
    licence: str
    classes: tuple[str, ...]


@dataclass(frozen=True)
class Prediction:
    """Softmax probability (0…1) of a class."""

    name: str
    probability: float


@dataclass(frozen=True)
class LayerResponse:
    """Response of one layer. ``native_shape`` is (kernels, height, width) of its activations;
    ``depth`` counts the exposed layers from the image, starting at 1."""

    name: str
    depth: int
    native_shape: tuple[int, int, int]
    values: NDArray[np.float32]


@dataclass(frozen=True)
class KernelScore:
    """A kernel and what it was ranked by: summed activation, contribution to a class logit, or
    signed response mass in a region."""

    layer: str
    kernel: int
    score: float


@dataclass(frozen=True)
class KernelMaps:
    """Maps of some kernels of a layer, float32 [n, S, S], raw and signed; ``kernels`` are their
    numbers. ``done`` of ``total`` kernels have been computed so far. A dead kernel's map is zero.
    """

    layer: str
    method: Method
    kernels: tuple[int, ...]
    values: NDArray[np.float32]
    done: int
    total: int


@dataclass(frozen=True)
class ClassResponses:
    """CLEAR eqs. 3-5. ``dominant`` is int16 [S, S], the index of the class with the greatest
    response, -1 where the responses tie or none is positive; ``response`` float32 [S, S] is
    D(x) = max over classes; ``margin`` float32 [S, S] is D minus the runner-up."""

    classes: tuple[str, ...]
    dominant: NDArray[np.int16]
    response: NDArray[np.float32]
    margin: NDArray[np.float32]


@dataclass(frozen=True)
class Explanation:
    """Everything that one request yields. ``method`` is a way back of the engine's own or, for a
    second opinion, somebody else's. ``input_image`` is what the network read, before
    normalisation: float32 [S, S] in 0…1. ``seconds`` is the time of the computation alone. A
    declined image has no target, no predictions and no layers, and ``withheld_because`` says why.
    ``evidence`` is what is known of the model's maps by this method, a finding of every test.
    """

    model: ModelIdentity
    device: str
    method: Method | Opinion
    target: str
    predictions: tuple[Prediction, ...]
    layers: tuple[LayerResponse, ...]
    geometry: InputGeometry
    input_image: NDArray[np.float32]
    class_responses: ClassResponses | None
    seconds: float
    withheld_because: str = ""
    evidence: tuple[Finding, ...] = ()

    @property
    def withheld(self) -> bool:
        """True when the model declines to name a class; ``withheld_because`` says why."""
        return bool(self.withheld_because)


@dataclass(frozen=True)
class Refusal:
    """The engine could not do what was asked; ``message`` is a sentence for the user."""

    message: str
