"""What the engine is asked about an image: frozen, picklable, numpy only. Needs no torch.

An image is sent once: a question names it by its ``key``, and the engine, which keeps the last few
images and what the network saw in them, answers :class:`Unseen` if it has to be sent (again).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from engine.results import KernelScore, Method
from engine.shapes import Shape

EditWay = Literal["in-paint", "blur", "mean"]
Ranking = Literal["activation", "class", "region"]


@dataclass(frozen=True, eq=False)
class Subject:
    """An image: grey (H, W), any real dtype, bone white. ``modality`` is its DICOM term, "" if
    unknown: a model declines what it was not made for. ``aspect_ratio`` is the height of a pixel
    over its width."""

    image: NDArray[Any]
    modality: str = ""
    aspect_ratio: float = 1.0


@dataclass(frozen=True)
class Network:
    """Who is asked: the model in a folder or file; with ``untrained`` above 0 one of its shape
    that never learnt anything, its weights drawn with that number."""

    model: Path
    device: str = "auto"
    untrained: int = 0


@dataclass(frozen=True)
class Edit:
    """A region of the image changed on purpose: ``in-paint`` from its surroundings, with their
    grain (more than a twenty-fifth of the image becomes as with ``mean``); ``blur`` beyond
    recognition; ``mean``, one grey, the mean of its surroundings."""

    shape: Shape
    way: EditWay = "in-paint"


@dataclass(frozen=True)
class Explain:
    """→ :class:`engine.results.Explanation`. ``target`` is the class to explain, None for the
    predicted one; ``with_classes`` adds the dominant-class maps. An edited image, or an untrained
    network's answer, is never declined: it is asked for to be seen."""

    method: Method
    target: str | None = None
    with_classes: bool = False
    edits: tuple[Edit, ...] = ()


@dataclass(frozen=True)
class RankKernels:
    """→ :class:`Ranked`: the ``most`` strongest kernels of ``layers`` (all, if none is named) by
    summed activation, by contribution to the class ``target``, or by the signed mass of their maps
    in ``region``."""

    by: Ranking
    method: Method
    target: str
    layers: tuple[str, ...] = ()
    region: Shape | None = None
    most: int = 256


@dataclass(frozen=True)
class Ranked:
    """Kernels, the strongest first; ``total`` were ranked."""

    scores: tuple[KernelScore, ...]
    total: int


@dataclass(frozen=True)
class MapKernels:
    """→ :class:`engine.results.KernelMaps` of these kernels, in this order. ``done`` and ``total``
    count these alone."""

    layer: str
    kernels: tuple[int, ...]
    method: Method
    target: str


@dataclass(frozen=True)
class WhatIf:
    """→ :class:`WhatIfAnswer`: the answer with all of ``edits`` made together and, if wanted, with
    each of them ``alone``."""

    edits: tuple[Edit, ...]
    alone: bool = False


@dataclass(frozen=True)
class WhatIfAnswer:
    """Probabilities of ``classes``: as the image is, with all edits, and with each alone ([] if
    that was not asked for). ``edited`` is the grey of the edited image as it was scored,
    float32 [h, w], reduced to at most 1024 pixels a side."""

    classes: tuple[str, ...]
    before: tuple[float, ...]
    after: tuple[float, ...]
    alone: tuple[tuple[float, ...], ...]
    edited: NDArray[np.float32]


@dataclass(frozen=True)
class Control:
    """→ :class:`engine.evidence.effects.Effect`: one edit held against as much elsewhere, at
    ``places`` random places that touch none of ``avoid`` (where there is no such place, anywhere);
    what a marker covers is also moved to ``moves`` random places. With other ``seed``s other places
    are drawn, so that many of them can be asked for a few at a time."""

    edit: Edit
    target: str
    kind: str = "marker"
    avoid: tuple[Shape, ...] = ()
    places: int = 39
    moves: int = 0
    seed: int = 0


@dataclass(frozen=True)
class FindCandidates:
    """→ :class:`Candidates`: what a model should not need, found by looks alone."""


@dataclass(frozen=True)
class Candidate:
    """Of a ``kind`` of :data:`engine.evidence.artefacts.KINDS`; ``share`` is that of the image's
    area."""

    kind: str
    shape: Shape
    share: float


@dataclass(frozen=True)
class Candidates:
    found: tuple[Candidate, ...]


Asked = Explain | RankKernels | MapKernels | WhatIf | Control | FindCandidates


@dataclass(frozen=True, eq=False)
class Question:
    """``key`` names the image: equal keys, equal images. Without a ``subject`` the engine is to
    know it already."""

    key: str
    network: Network
    asked: Asked
    subject: Subject | None = None


@dataclass(frozen=True)
class Unseen:
    """The engine has not seen the image, or no more: send it with the question."""

    key: str
