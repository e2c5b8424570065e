"""One image to intervene on, again and again: edits in, answers out, in a tenth of a second.

Edits are made on a copy of at most 1024 pixels a side. What the network reads is what it reads of
the whole image plus the difference that the edits make on the copy: preprocessing is linear up to
its last step, so that an image without edits gives exactly the program's answer.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property

import cv2
import numpy as np
from numpy.typing import NDArray

from engine import rasters
from engine.errors import RequestError
from engine.evidence.artefacts import Artefact, find_artefacts
from engine.evidence.edits import blurred, erased, levelled
from engine.evidence.effects import Effect
from engine.evidence.reliance import effect_of, logits_about
from engine.explainer import Explainer
from engine.geometry import InputGeometry
from engine.outputs import probabilities_of
from engine.preprocess import checked, shrunk, stretched
from engine.questions import Candidate, Control, Edit, EditWay
from engine.shapes import Shape

_SIDE = 1024  # pixels: the long side of the copy
_LARGE = 0.04  # of the image: what is more becomes one grey instead of being painted over for long

Grey = NDArray[np.float32]
Mask = NDArray[np.bool_]

WAYS: Mapping[EditWay, Callable[[Grey, Mask, np.random.Generator], Grey]] = {
    "in-paint": erased,
    "blur": lambda grey, region, random: blurred(grey, region),
    "mean": lambda grey, region, random: levelled(grey, region),
}


class Workpiece:
    """A grey image (H, W) as networks with an input of ``side`` pixels read it; nothing here
    depends on which. Raises :class:`engine.errors.RequestError` for an image that cannot be read.
    """

    def __init__(self, grey: NDArray[np.generic], side: int, aspect_ratio: float = 1.0) -> None:
        values = checked(grey)
        self._grey = grey
        self.frame_size = (values.shape[0], values.shape[1])
        try:
            self.geometry = InputGeometry.fit(self.frame_size, side, aspect_ratio)
        except ValueError as error:
            raise RequestError(f"pixels {aspect_ratio} times as high as wide: {error}") from error
        self._whole = shrunk(values, self.geometry)

    @property
    def square(self) -> Grey:
        """What the network reads of the image as it is: (S, S) in 0…1."""
        return stretched(self._whole, self.geometry)

    @cached_property
    def copy(self) -> Grey:
        """What is edited: the image at up to 1024 pixels a side, float32."""
        return _reduced(checked(self._grey))

    @cached_property
    def _shrunk_copy(self) -> Grey:
        return shrunk(self.copy, self._fit(self.copy))

    def _fit(self, image: Grey) -> InputGeometry:
        """The geometry of the copy: the same fitted size, so that differences can be added."""
        size = (image.shape[0], image.shape[1])
        whole = self.geometry
        return InputGeometry(size, whole.input_size, whole.fitted_size, whole.offset)

    def mask(self, shape: Shape) -> Mask:
        """A shape over the image, on the copy."""
        rows, columns = self.copy.shape
        return rasters.mask(shape, self.frame_size, (rows, columns))

    def edited(self, edits: Sequence[Edit], seed: int = 0) -> Grey:
        """The copy with all edits made, one after another."""
        image, random = self.copy, np.random.default_rng(seed)
        for edit in edits:
            image = _without(image, self.mask(edit.shape), edit.way, random)
        return image

    def read(self, edited: Grey) -> Grey:
        """What the network would read of an edited copy: (S, S) in 0…1."""
        difference = shrunk(edited, self._fit(edited)) - self._shrunk_copy
        return stretched(self._whole + difference, self.geometry)

    def answers(self, explainer: Explainer, edited: Sequence[Grey]) -> NDArray[np.float64]:
        """Probabilities [N, classes] of edited copies; the gate is not asked."""
        logits = logits_about(explainer, [self.read(image) for image in edited])
        return probabilities_of(logits, explainer.model.specification.output)

    def control(self, explainer: Explainer, asked: Control) -> Effect:
        """One edit held against as much elsewhere."""
        mask, way = self.mask(asked.edit.shape), asked.edit.way
        avoid = np.zeros(mask.shape, bool)
        for shape in asked.avoid:
            avoid |= self.mask(shape)
        left, top, right, bottom = (round(side) for side in asked.edit.shape.bounds)
        candidate = Artefact(asked.kind, mask, (left, top, right, bottom))
        return effect_of(
            explainer,
            self.copy,
            candidate,
            asked.target,
            avoid,
            asked.places,
            asked.seed,
            asked.moves,
            lambda grey, region, random: _without(grey, region, way, random),
            lambda images: self.answers(explainer, images),
        )

    def candidates(self) -> tuple[Candidate, ...]:
        """What a model should not need, as polygons on the image; parts of one kind that hang
        together are one candidate."""
        found = []
        for artefact in find_artefacts(self.copy):
            for shape in rasters.outlined(artefact.mask, self.frame_size):
                share = float(self.mask(shape).mean())
                found.append(Candidate(artefact.kind, shape, share))
        return tuple(found)


def _without(grey: Grey, region: Mask, way: EditWay, random: np.random.Generator) -> Grey:
    if way not in WAYS:
        raise RequestError(f"the way {way!r} to edit is not known; known are {', '.join(WAYS)}")
    if way == "in-paint" and region.mean() > _LARGE:
        way = "mean"
    return WAYS[way](grey, region, random)


def _reduced(values: Grey) -> Grey:
    """At most :data:`_SIDE` pixels a side, averaged by area."""
    height, width = values.shape
    scale = _SIDE / max(height, width)
    if scale >= 1:
        return values
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return np.asarray(cv2.resize(values, size, interpolation=cv2.INTER_AREA), np.float32)
