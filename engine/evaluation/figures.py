"""Figures of a classifier that may decline, on labelled images, with their uncertainty."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

DECLINED = -1  # in place of the index of an answer
_Z95 = 1.959964
_RESAMPLES = 2000


def wilson_interval(right: int, total: int) -> tuple[float, float]:
    """95 % interval of a proportion (Wilson 1927), within 0…1; (0, 1) for no observation."""
    if total == 0:
        return (0.0, 1.0)
    share, z2 = right / total, _Z95**2
    centre = (share + z2 / (2 * total)) / (1 + z2 / total)
    half = _Z95 * math.sqrt(share * (1 - share) / total + z2 / (4 * total**2)) / (1 + z2 / total)
    return (max(0.0, centre - half), min(1.0, centre + half))


@dataclass(frozen=True)
class Share:
    """``right`` of ``total`` images."""

    right: int
    total: int

    @property
    def value(self) -> float:
        """NaN where there was no image."""
        return self.right / self.total if self.total else math.nan

    @property
    def interval(self) -> tuple[float, float]:
        """Wilson's, 95 %."""
        return wilson_interval(self.right, self.total)


@dataclass(frozen=True)
class Bin:
    """Of ``total`` answers with a confidence in ``low``…``high``, ``right`` were right."""

    low: float
    high: float
    confidence: float
    right: int
    total: int


@dataclass(frozen=True, eq=False)
class Figures:
    """What N answers are worth.

    ``labels`` int [N] and ``answers`` int [N] index ``classes``, a declined image's answer being
    ``DECLINED``; ``confidences`` float [N] are the probabilities of the answers; ``groups`` names
    whose image each is, for intervals that know that images of one patient are alike.
    """

    classes: tuple[str, ...]
    labels: NDArray[np.int64]
    answers: NDArray[np.int64]
    confidences: NDArray[np.float64]
    groups: tuple[str, ...]

    @property
    def _right(self) -> NDArray[np.bool_]:
        return np.asarray(self.labels == self.answers)

    @property
    def total(self) -> int:
        return len(self.labels)

    @property
    def accuracy(self) -> Share:
        """Over all images: a declined one is not right."""
        return Share(int(self._right.sum()), self.total)

    @property
    def declined(self) -> Share:
        """The share of images without an answer."""
        return Share(int((self.answers == DECLINED).sum()), self.total)

    @property
    def per_class(self) -> dict[str, Share]:
        """Recall of each class that has an image."""
        found = {name: self._right[self.labels == index] for index, name in enumerate(self.classes)}
        return {
            name: Share(int(part.sum()), len(part)) for name, part in found.items() if len(part)
        }

    @property
    def mean_recall(self) -> float:
        """Over the classes that have an image; NaN without any."""
        recalls = [share.value for share in self.per_class.values()]
        return sum(recalls) / len(recalls) if recalls else math.nan

    @property
    def mean_recall_interval(self) -> tuple[float, float]:
        """95 %, percentile bootstrap over groups; classes that a resample misses are left out."""
        if not self.total:
            return (math.nan, math.nan)
        names, group = np.unique(np.array(self.groups), return_inverse=True)
        random = np.random.default_rng(0)
        shape = (len(names), len(self.classes))
        hits, images = np.zeros(shape), np.zeros(shape)
        np.add.at(hits, (group, self.labels), self._right)
        np.add.at(images, (group, self.labels), 1)
        draws = random.multinomial(len(names), np.full(len(names), 1 / len(names)), _RESAMPLES)
        found, of = draws @ hits, draws @ images
        recalls = np.divide(found, of, out=np.full_like(found, math.nan), where=of > 0)
        low, high = np.percentile(np.nanmean(recalls, 1), (2.5, 97.5))
        return (float(low), float(high))

    def accepted(self) -> Figures:
        """The same over the images that were not declined."""
        keep = self.answers != DECLINED
        groups = tuple(name for name, kept in zip(self.groups, keep, strict=True) if kept)
        return Figures(
            self.classes, self.labels[keep], self.answers[keep], self.confidences[keep], groups
        )

    def reliability(self, bins: int = 10) -> tuple[Bin, ...]:
        """Confidence bins of equal width that hold an answer; declined images are not in them."""
        accepted = self.accepted()
        index = np.minimum((accepted.confidences * bins).astype(int), bins - 1)
        right = accepted._right
        return tuple(
            Bin(
                number / bins,
                (number + 1) / bins,
                float(accepted.confidences[index == number].mean()),
                int(right[index == number].sum()),
                int((index == number).sum()),
            )
            for number in np.unique(index).tolist()
        )

    @property
    def calibration_error(self) -> float:
        """Expected calibration error (Guo 2017, arXiv 1706.04599, equation 3) over ten bins of
        the answers given; NaN without any."""
        found = self.reliability()
        total = sum(part.total for part in found)
        if not total:
            return math.nan
        return sum(abs(part.confidence * part.total - part.right) for part in found) / total

    @property
    def confusion(self) -> NDArray[np.int64]:
        """Images of each class (row) by answer (column; the last one: declined)."""
        size = len(self.classes)
        table = np.zeros((size, size + 1), np.int64)
        np.add.at(table, (self.labels, self.answers), 1)  # DECLINED, -1, is the last column
        return table


def figures_of(
    probabilities: NDArray[np.floating],
    labels: Sequence[int] | NDArray[np.int64],
    classes: Sequence[str],
    declined: NDArray[np.bool_] | None = None,
    groups: Sequence[str] = (),
) -> Figures:
    """Compare probabilities [N, classes] with labels [N]. Without ``groups`` each image is of its
    own; without ``declined`` [N] each has an answer."""
    count = len(probabilities)
    table = np.asarray(probabilities, np.float64).reshape(count, len(classes))
    answers = table.argmax(1) if count else np.zeros(0, np.int64)
    confidences = table.max(1, initial=0.0)
    if declined is not None:
        answers = np.where(declined, DECLINED, answers)
    names = tuple(groups) or tuple(str(number) for number in range(count))
    wanted = np.asarray(labels, np.int64)
    return Figures(tuple(classes), wanted, answers, confidences, names)
