"""Answers to :mod:`engine.questions`, with what was seen lately kept at hand.

An image is fitted once, a network looks at it once; kernels, regions and interventions then cost
only what is new about them.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import replace
from typing import Any, Generic, TypeVar

import numpy as np

from engine import rasters
from engine.checkpoint import choose_device, load_model, model_files
from engine.errors import RequestError
from engine.evidence.interventions import Workpiece
from engine.evidence.nulls import untrained
from engine.explainer import Explainer, Observed, network_input, observe
from engine.explanation import explained, look, withheld
from engine.kernels import kernel_maps, rank_by_activation, rank_by_class, rank_by_region
from engine.questions import (
    Candidates,
    Control,
    Edit,
    Explain,
    FindCandidates,
    MapKernels,
    Network,
    Question,
    Ranked,
    RankKernels,
    Subject,
    Unseen,
    WhatIf,
    WhatIfAnswer,
)
from engine.results import Explanation, KernelMaps
from engine.shapes import Shape

_SUBJECTS, _MODELS, _UNTRAINED, _WORKPIECES, _OBSERVED = 6, 4, 4, 6, 6  # kept

T = TypeVar("T")


class _Kept(Generic[T]):
    """The last few of something, by what it is made from."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._items: OrderedDict[Hashable, T] = OrderedDict()

    def get(self, key: Hashable) -> T | None:
        if key in self._items:
            self._items.move_to_end(key)
        return self._items.get(key)

    def put(self, key: Hashable, item: T) -> None:
        self._items[key] = item
        while len(self._items) > self._most:
            self._items.popitem(last=False)

    def of(self, key: Hashable, make: Callable[[], T]) -> T:
        found = self.get(key)
        if found is None:
            found = make()
            self.put(key, found)
        return found


class Desk:
    """Answers one question after another. Raises :class:`engine.errors.EngineError` for what
    cannot be answered."""

    def __init__(self) -> None:
        self._subjects: _Kept[Subject] = _Kept(_SUBJECTS)
        self._models: _Kept[Explainer] = _Kept(_MODELS)
        self._untrained: _Kept[Explainer] = _Kept(_UNTRAINED)
        self._pieces: _Kept[Workpiece] = _Kept(_WORKPIECES)
        self._seen: _Kept[tuple[Observed | None, str]] = _Kept(_OBSERVED)

    def explainer(self, network: Network) -> Explainer:
        """The trained model of a network."""
        return self._models.of(
            _on_disk(network),
            lambda: Explainer.prepare(load_model(network.model), choose_device(network.device)),
        )

    def answer(self, question: Question) -> Any:
        """What :mod:`engine.questions` says for each kind of question."""
        if question.subject is not None:
            self._subjects.put(question.key, question.subject)
        subject = self._subjects.get(question.key)
        if subject is None:
            return Unseen(question.key)
        work = _Work(self, question.key, subject, question.network)
        asked = question.asked
        if isinstance(asked, Explain):
            return work.explain(asked)
        if isinstance(asked, RankKernels):
            return work.rank(asked)
        if isinstance(asked, MapKernels):
            return work.map_kernels(asked)
        if isinstance(asked, WhatIf):
            return work.what_if(asked)
        if isinstance(asked, Control):
            return work.piece.control(asked)
        if isinstance(asked, FindCandidates):
            return Candidates(work.piece.candidates())
        raise RequestError(f"the engine does not know the question {type(asked).__name__}")

    def piece(self, key: str, subject: Subject, network: Network) -> Workpiece:
        """An image as a model reads it."""
        return self._pieces.of(
            (key, _on_disk(network)),
            lambda: Workpiece(self.explainer(network), subject.image, subject.aspect_ratio),
        )

    def untrained(self, key: str, network: Network, piece: Workpiece) -> Explainer:
        """A network of the same shape that never learnt anything. What its batch norms take for
        mean and spread is that of the image and of its mirror image."""
        trained = self.explainer(network)

        def make() -> Explainer:
            squares = (piece.square, np.ascontiguousarray(piece.square[:, ::-1]))
            inputs = [network_input(trained, square) for square in squares]
            bare = untrained(trained.model.network, inputs, network.untrained)
            return Explainer.prepare(replace(trained.model, network=bare), trained.device)

        return self._untrained.of((key, network.untrained, _on_disk(network)), make)

    def seen(
        self, key: Hashable, look_at: Callable[[], tuple[Observed | None, str]]
    ) -> tuple[Observed | None, str]:
        """What a network saw of an image, or why the model gives no output."""
        return self._seen.of(key, look_at)


class _Work:
    """One image before one network."""

    def __init__(self, desk: Desk, key: str, subject: Subject, network: Network) -> None:
        self._key, self._desk = (key, _on_disk(network), network.untrained), desk
        self._modality = subject.modality
        self._untrained = network.untrained > 0
        self.piece = desk.piece(key, subject, network)
        self.explainer = (
            desk.untrained(key, network, self.piece) if self._untrained else desk.explainer(network)
        )

    def _seen(self, edits: tuple[Edit, ...] = ()) -> tuple[Observed | None, str]:
        explainer, piece = self.explainer, self.piece

        def look_at() -> tuple[Observed | None, str]:
            if edits:
                return observe(explainer, piece.read(piece.edited(edits)), piece.geometry), ""
            if self._untrained:
                return observe(explainer, piece.square, piece.geometry), ""
            return look(explainer, piece.square, piece.geometry, self._modality)

        return self._desk.seen((self._key, edits, self._modality), look_at)

    def explain(self, asked: Explain) -> Explanation:
        observed, reason = self._seen(asked.edits)
        if observed is None:
            piece = self.piece
            return withheld(self.explainer, piece.square, piece.geometry, asked.method, reason)
        return explained(self.explainer, observed, asked.method, asked.target, asked.with_classes)

    def _observed(self) -> Observed:
        observed, reason = self._seen()
        if observed is None:
            raise RequestError(f"the model gives no output for this image: {reason}")
        return observed

    def rank(self, asked: RankKernels) -> Ranked:
        explainer, observed = self.explainer, self._observed()
        layers = asked.layers or explainer.layers
        if asked.by == "activation":
            scores = rank_by_activation(explainer, observed, layers)
        elif asked.by == "class":
            scores = rank_by_class(explainer, observed, layers, asked.target)
        elif asked.region is None:
            raise RequestError("a ranking by region needs a region")
        else:
            region = self._on_input(asked.region)
            scores = rank_by_region(explainer, observed, asked.method, region, layers, asked.target)
        return Ranked(scores[: asked.most], len(scores))

    def _on_input(self, shape: Shape) -> Any:
        """A region of the frame as shares of the pixels of the model's input."""
        geometry = self.piece.geometry
        whole = np.zeros((geometry.input_size, geometry.input_size), np.float32)
        part = rasters.coverage(shape, geometry.frame_size, geometry.fitted_size)
        if not part.any():
            raise RequestError("the region lies outside the image")
        geometry.crop(whole)[...] = part
        return whole

    def map_kernels(self, asked: MapKernels) -> KernelMaps:
        """All in one chunk: whoever asks chooses how many it waits for."""
        parts = kernel_maps(
            self.explainer,
            self._observed(),
            asked.method,
            asked.layer,
            asked.kernels,
            asked.target,
            chunk=max(1, len(asked.kernels)),
        )
        for part in parts:
            return part
        raise RequestError("no kernel was asked for")

    def what_if(self, asked: WhatIf) -> WhatIfAnswer:
        piece, edits = self.piece, asked.edits
        together = piece.edited(edits)
        images = [piece.copy, together]
        if asked.alone:
            images += [piece.edited((edit,)) for edit in edits]
        before, after, *alone = (tuple(row) for row in piece.answers(images).tolist())
        classes = self.explainer.identity.classes
        return WhatIfAnswer(classes, before, after, tuple(alone), together)


def _on_disk(network: Network) -> Hashable:
    """The model as it is on disk now: one that was replaced is another one."""
    changed = max((file.stat().st_mtime_ns for file in model_files(network.model)), default=0)
    return network.model, network.device, changed
