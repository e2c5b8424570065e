"""One image to intervene on, again and again: edits in, answers out, in a tenth of a second.

Edits are made on a copy of at most 1024 pixels a side. What the network reads is what it reads of
the whole image plus the difference that the edits make on the copy: preprocessing is linear up to
its last step, so that an image without edits gives exactly the program's answer.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from engine import rasters
from engine.evidence.artefacts import Artefact, find_artefacts
from engine.evidence.edits import blurred, erased, levelled
from engine.evidence.effects import Effect
from engine.evidence.reliance import effect_of, logits_of
from engine.explainer import Explainer, network_input
from engine.geometry import InputGeometry
from engine.outputs import probabilities_of
from engine.preprocess import checked, shrunk, stretched
from engine.questions import Candidate, Control, Edit, EditWay
from engine.shapes import Shape

_SIDE = 1024  # pixels: the long side of the copy
_AT_ONCE = 8  # images
_LARGE = 0.04  # of the image: what is more becomes one grey instead of being painted over for long

Grey = NDArray[np.float32]
Mask = NDArray[np.bool_]

WAYS: Mapping[EditWay, Callable[[Grey, Mask, np.random.Generator], Grey]] = {
    "in-paint": erased,
    "blur": lambda grey, region, random: blurred(grey, region),
    "mean": lambda grey, region, random: levelled(grey, region),
}


class Workpiece:
    """A grey image (H, W) as one network reads it. Raises :class:`engine.errors.RequestError` for
    an image that cannot be read."""

    def __init__(
        self, explainer: Explainer, grey: NDArray[np.generic], aspect_ratio: float = 1.0
    ) -> None:
        self._explainer = explainer
        values = checked(grey)
        side = explainer.model.specification.input_size
        self.frame_size = (values.shape[0], values.shape[1])
        self.geometry = InputGeometry.fit(self.frame_size, side, aspect_ratio)
        self._whole = shrunk(values, self.geometry)
        self.copy = _reduced(values)
        self._copy = shrunk(self.copy, self._fit(self.copy))

    @property
    def square(self) -> Grey:
        """What the network reads of the image as it is: (S, S) in 0…1."""
        return stretched(self._whole, self.geometry)

    def _fit(self, image: Grey) -> InputGeometry:
        """The geometry of the copy: the same fitted size, so that differences can be added."""
        size = (image.shape[0], image.shape[1])
        whole = self.geometry
        return InputGeometry(size, whole.input_size, whole.fitted_size, whole.offset)

    def mask(self, shape: Shape) -> Mask:
        """A shape over the image, on the copy."""
        (height, width), (rows, columns) = self.frame_size, self.copy.shape
        return rasters.mask(shape.scaled(columns / width, rows / height), (rows, columns))

    def edited(self, edits: Sequence[Edit], seed: int = 0) -> Grey:
        """The copy with all edits made, one after another."""
        image, random = self.copy, np.random.default_rng(seed)
        for edit in edits:
            image = _without(image, self.mask(edit.shape), edit.way, random)
        return image

    def read(self, edited: Grey) -> Grey:
        """What the network would read of an edited copy: (S, S) in 0…1."""
        difference = shrunk(edited, self._fit(edited)) - self._copy
        return stretched(self._whole + difference, self.geometry)

    def answers(self, edited: Sequence[Grey]) -> NDArray[np.float64]:
        """Probabilities [N, classes] of edited copies; the gate is not asked."""
        squares = [self.read(image) for image in edited]
        network, found = self._explainer.model.network, []
        for start in range(0, len(squares), _AT_ONCE):
            part = squares[start : start + _AT_ONCE]
            inputs = torch.cat([network_input(self._explainer, square) for square in part])
            with torch.inference_mode():
                logits = logits_of(network(inputs).double().cpu(), self._explainer.graph.ending)
            found.append(probabilities_of(logits, self._explainer.model.specification.output))
        return np.concatenate(found)

    def control(self, asked: Control) -> Effect:
        """One edit held against as much elsewhere."""
        mask, way = self.mask(asked.edit.shape), asked.edit.way
        avoid = np.zeros(mask.shape, bool)
        for shape in asked.avoid:
            avoid |= self.mask(shape)
        left, top, right, bottom = (round(side) for side in asked.edit.shape.bounds)
        candidate = Artefact(asked.kind, mask, (left, top, right, bottom))
        return effect_of(
            self._explainer,
            self.copy,
            candidate,
            asked.target,
            avoid,
            asked.places,
            asked.seed,
            asked.moves,
            lambda grey, region, random: _without(grey, region, way, random),
            self.answers,
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
