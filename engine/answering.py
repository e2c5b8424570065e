"""Answers to :mod:`engine.questions`, with what was seen lately kept at hand.

An image is fitted once, a network looks at it once; kernels, regions and interventions then cost
only what is new about them.
"""

from __future__ import annotations

import contextlib
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from engine import rasters
from engine.checkpoint import LoadedModel, choose_device, load_model, model_files
from engine.errors import RequestError
from engine.evidence.interventions import Workpiece
from engine.evidence.nulls import untrained
from engine.explainer import Explainer, Observed, network_input, observe
from engine.explanation import check_method, explained, look, withheld
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
from engine.results import Explanation, KernelMaps, Method
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


@dataclass(frozen=True)
class _Model:
    """A model as it is on disk now, ``files`` with when each was changed and its size: one that was
    replaced is another one."""

    path: Path
    device: str
    files: tuple[tuple[str, int, int], ...]

    @classmethod
    def of(cls, network: Network) -> _Model:
        files = []
        for file in model_files(network.model):
            with contextlib.suppress(OSError):  # it has just gone
                facts = file.stat()
                files.append((file.name, facts.st_mtime_ns, facts.st_size))
        return cls(network.model, network.device, tuple(files))


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
        return self._trained(_Model.of(network))

    def answer(self, question: Question) -> Any:
        """What :mod:`engine.questions` says for each kind of question."""
        if question.subject is not None:
            self._subjects.put(question.key, question.subject)
        subject = self._subjects.get(question.key)
        if subject is None:
            return Unseen(question.key)
        work, asked = self._work(question, subject), question.asked
        if isinstance(asked, Explain):
            return work.explain(asked)
        if isinstance(asked, RankKernels):
            return work.rank(asked)
        if isinstance(asked, MapKernels):
            return work.map_kernels(asked)
        if isinstance(asked, WhatIf):
            return work.what_if(asked)
        if isinstance(asked, Control):
            return work.piece.control(work.explainer, asked)
        if isinstance(asked, FindCandidates):
            return Candidates(work.piece.candidates())
        raise RequestError(f"the engine does not know the question {type(asked).__name__}")

    def _work(self, question: Question, subject: Subject) -> _Work:
        key, number = question.key, question.network.untrained
        model = _Model.of(question.network)
        explainer = self._trained(model)
        side = explainer.model.specification.input_size
        piece = self._pieces.of(
            (key, side), lambda: Workpiece(subject.image, side, subject.aspect_ratio)
        )
        if number:
            explainer = self._untrained.of(
                (key, model, number), lambda: _never_taught(explainer, piece, number)
            )

        def seen(edits: tuple[Edit, ...]) -> tuple[Observed | None, str]:
            modality = None if edits or number else subject.modality
            return self._seen.of(
                (key, model, number, edits), lambda: _look(explainer, piece, edits, modality)
            )

        return _Work(explainer, piece, seen)

    def _trained(self, model: _Model) -> Explainer:
        return self._models.of(
            model, lambda: Explainer.prepare(load_model(model.path), choose_device(model.device))
        )


def _never_taught(trained: Explainer, piece: Workpiece, number: int) -> Explainer:
    """A network of the same shape that never learnt anything, about which nothing is known. What
    its batch norms take for mean and spread is that of the image and of its mirror image."""
    square = piece.square
    inputs = [
        network_input(trained, each) for each in (square, np.ascontiguousarray(square[:, ::-1]))
    ]
    bare = untrained(trained.model.network, inputs, number)
    facts = replace(trained.model.specification, weights_sha256="", gate_sha256="")
    return Explainer.prepare(LoadedModel(bare, facts), trained.device)


def _look(
    explainer: Explainer, piece: Workpiece, edits: tuple[Edit, ...], modality: str | None
) -> tuple[Observed | None, str]:
    """What a network sees of an edited image, or why the model gives no output for it; without a
    ``modality`` it is not asked whether it does."""
    square = piece.read(piece.edited(edits)) if edits else piece.square
    if modality is None:
        return observe(explainer, square, piece.geometry), ""
    return look(explainer, square, piece.geometry, modality)


@dataclass(frozen=True, eq=False)
class _Work:
    """One image before one network; ``seen`` is what the network saw of it after some edits."""

    explainer: Explainer
    piece: Workpiece
    seen: Callable[[tuple[Edit, ...]], tuple[Observed | None, str]]

    def explain(self, asked: Explain) -> Explanation:
        started = time.perf_counter()
        explainer, piece = self.explainer, self.piece
        check_method(asked.method, asked.target, explainer.identity)
        observed, reason = self.seen(asked.edits)
        if observed is None:
            return withheld(explainer, piece.square, piece.geometry, asked.method, reason)
        return explained(
            explainer, observed, asked.method, asked.target, asked.with_classes, started
        )

    def _observed(self, method: Method, layers: Sequence[str]) -> Observed:
        """The image itself, for questions about kernels of ``layers``."""
        check_method(method, None, self.explainer.identity)
        for layer in layers:
            if layer not in self.explainer.layers:
                known = ", ".join(self.explainer.layers)
                raise RequestError(f"the layer {layer!r} is not among those explained: {known}")
        observed, reason = self.seen(())
        if observed is None:
            raise RequestError(f"the model gives no output for this image: {reason}")
        return observed

    def rank(self, asked: RankKernels) -> Ranked:
        explainer = self.explainer
        layers = asked.layers or explainer.layers
        observed = self._observed(asked.method, layers)
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

    def _on_input(self, shape: Shape) -> NDArray[np.float32]:
        """A region of the frame as shares of the pixels of the model's input, [S, S]."""
        geometry = self.piece.geometry
        part = rasters.coverage(shape, geometry.frame_size, geometry.fitted_size)
        if not part.any():
            raise RequestError("the region lies outside the image, or is too small to be seen")
        whole = np.zeros((geometry.input_size, geometry.input_size), np.float32)
        geometry.crop(whole)[...] = part
        return whole

    def map_kernels(self, asked: MapKernels) -> KernelMaps:
        """All in one chunk: whoever asks chooses how many it waits for."""
        if not asked.kernels:
            raise RequestError("no kernel was asked for")
        observed = self._observed(asked.method, (asked.layer,))
        return next(
            kernel_maps(
                self.explainer,
                observed,
                asked.method,
                asked.layer,
                asked.kernels,
                asked.target,
                chunk=len(asked.kernels),
            )
        )

    def what_if(self, asked: WhatIf) -> WhatIfAnswer:
        piece, edits = self.piece, asked.edits
        together = piece.edited(edits)
        images = [piece.copy, together]
        if asked.alone:
            images += [piece.edited((edit,)) for edit in edits]
        table = piece.answers(self.explainer, images)
        before, after, *alone = (tuple(row) for row in table.tolist())
        classes = self.explainer.identity.classes
        return WhatIfAnswer(classes, before, after, tuple(alone), together)
