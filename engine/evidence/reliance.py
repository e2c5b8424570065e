"""Does the decision rest on an artefact? Intervene and ask again ("uses", not "attends to").

Of one image: a candidate is erased, and moved, and the change in the class's probability is held
against erasing as much elsewhere. Of a model: the same over many images, class by class; and
candidates are laid on images of other classes, which they must not make into theirs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from engine.errors import RequestError
from engine.evidence.artefacts import Artefact, find_artefacts
from engine.evidence.bootstrap import Estimate, mean_of
from engine.evidence.edits import erased, filled, pasted, random_shifts, shifted
from engine.evidence.effects import MATERIAL, PLACES, Effect
from engine.explainer import Explainer, network_input
from engine.outputs import probabilities_of
from engine.preprocess import HIGH_PERCENTILE, LOW_PERCENTILE, fit_to_square

FEWEST = 8  # patients: with less, nothing is said of a class
_MOVES = 20  # places that a marker is moved to
_DONORS, _HOSTS = 24, 4  # images of a class whose markers are laid on others, and on how many each
_AT_ONCE, _AT_ONCE_HERE = 16, 2  # images: on a GPU; on a CPU, whose caches hold no more

Grey = NDArray[np.float32]
Mask = NDArray[np.bool_]
_WITHOUT_COMPARISON = ("padding", "background")


def answers_about(
    explainer: Explainer, images: Sequence[NDArray[np.generic]]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Probabilities and log odds of all classes, both [N, classes], for grey images [H, W] that
    may differ in size. The gate is not asked: what is edited is not to be declined, but scored.
    The network is left in the mode in which it was."""
    facts = explainer.model.specification
    squares = [fit_to_square(image, facts.input_size)[0] for image in images]
    logits = logits_about(explainer, squares)
    return probabilities_of(logits, facts.output), _log_odds(logits, facts.output)


def logits_about(explainer: Explainer, squares: Sequence[Grey]) -> torch.Tensor:
    """Logits [N, classes], float64 on the CPU, of fitted images (S, S) in 0…1, some at a time. The
    network is left in the mode in which it was."""
    network = explainer.model.network.to(explainer.device)
    step = _AT_ONCE_HERE if explainer.device.type == "cpu" else _AT_ONCE
    training = [module for module in network.modules() if module.training]
    network.eval()
    logits = [torch.zeros((0, len(explainer.identity.classes)), dtype=torch.float64)]
    try:
        for start in range(0, len(squares), step):
            part = squares[start : start + step]
            inputs = torch.cat([network_input(explainer, square) for square in part])
            with torch.inference_mode():
                answer = network(inputs).double().cpu()
            logits.append(_logits_of(answer, explainer.graph.ending))
    finally:
        for module in training:
            module.training = True
    return torch.cat(logits)


def _logits_of(answer: torch.Tensor, ending: str) -> torch.Tensor:
    """Of a network that ends in probabilities, what these are made of."""
    if ending == "softmax":
        return answer.clamp(min=1e-300).log()
    return torch.logit(answer, 1e-15) if ending == "sigmoid" else answer


def _log_odds(logits: torch.Tensor, output: str) -> NDArray[np.float64]:
    """log(p / (1 - p)), also where p rounds to 0 or 1."""
    if output == "sigmoid":
        return np.asarray(logits.numpy())
    count = logits.shape[1]
    others = logits[:, None].expand(-1, count, -1).clone()
    others[:, torch.arange(count), torch.arange(count)] = -torch.inf
    return np.asarray((logits - torch.logsumexp(others, 2)).numpy())


def without(grey: NDArray[np.generic], kind: str, mask: Mask, random: np.random.Generator) -> Grey:
    """The image without a candidate. Background and padding, too large to be in-painted, become of
    one grey: the median of the background, and, for padding, of what is not padding."""
    values = np.asarray(grey, np.float32)
    if kind == "background":
        return filled(values, mask, float(np.median(values[mask])))
    if kind == "padding" and not mask.all():
        return filled(values, mask, float(np.median(values[~mask])))
    return erased(values, mask, random)


def elsewhere(
    kind: str, mask: Mask, avoid: Mask, count: int, random: np.random.Generator
) -> list[Mask]:
    """The same shape at random places: of a marker where it fits and touches nothing of ``avoid``
    (anywhere, where there is no such place); of edges and borders anywhere, coming in again on the
    other side. Of padding and background none: as much of it elsewhere would be the body."""
    if kind in _WITHOUT_COMPARISON:
        return []
    if kind == "marker":
        shifts = random_shifts(mask, avoid, count, random)
        shifts = shifts or random_shifts(mask, np.zeros_like(mask), count, random)
    else:
        height, width = mask.shape
        shifts = [(int(random.integers(height)), int(random.integers(width))) for _ in range(count)]
    return [shifted(mask, shift) for shift in shifts]


def effect_of(
    explainer: Explainer,
    grey: NDArray[np.generic],
    candidate: Artefact,
    target: str | None = None,
    avoid: Mask | None = None,
    places: int = PLACES,
    seed: int = 0,
    moves: int = _MOVES,
    remove: Callable[[Grey, Mask, np.random.Generator], Grey] | None = None,
    score: Callable[[Sequence[Grey]], NDArray[np.float64]] | None = None,
) -> Effect:
    """Intervene on one candidate of a grey image [H, W]. ``target`` is a class, by default the
    most probable one; ``avoid`` [H, W] what the places for comparison must not touch, by default
    the candidate itself; a marker is also moved to ``moves`` places. ``remove`` takes a region away
    (by default :func:`without`), ``score`` gives probabilities [N, classes] of images (by default
    :func:`answers_about`). Raises :class:`RequestError` for a class that the model does not have.
    """
    classes = explainer.identity.classes
    if target is not None and target not in classes:
        raise RequestError(f"the model has no class {target!r}; it has {', '.join(classes)}")
    random = np.random.default_rng(seed)
    kind, mask = candidate.kind, candidate.mask
    values = np.asarray(grey, np.float32)

    def gone(region: Mask) -> Grey:
        return remove(values, region, random) if remove else without(values, kind, region, random)

    free = mask if avoid is None else avoid | mask
    others = elsewhere(kind, mask, free, places, random)
    edited = [values, gone(mask), *map(gone, others)]
    if kind == "marker":
        shifts = random_shifts(mask, mask, moves, random)
        edited += [pasted(gone(mask), values, mask, shift) for shift in shifts]
    found = answers_about(explainer, edited)[0] if score is None else score(edited)
    column = int(found[0].argmax()) if target is None else classes.index(target)
    before = float(found[0, column])
    changes = found[1:, column] - before
    split = 1 + len(others)
    return Effect(
        kind,
        candidate.box,
        classes[column],
        before,
        float(changes[0]),
        tuple(changes[1:split].tolist()),
        tuple(changes[split:].tolist()),
    )


@dataclass(frozen=True, eq=False)
class Searched:
    """An image [H, W] and its candidates. ``label`` is its class, "" if that is not known;
    ``group`` names the patient, "" is nobody else."""

    grey: NDArray[np.generic]
    artefacts: tuple[Artefact, ...]
    label: str = ""
    group: str = ""

    @classmethod
    def of(cls, grey: NDArray[np.generic], label: str = "", group: str = "") -> Searched:
        return cls(grey, find_artefacts(grey), label, group)

    def all_of(self, kind: str) -> Mask | None:
        """All candidates of a kind as one region; None without any."""
        masks = [item.mask for item in self.artefacts if item.kind == kind]
        return np.logical_or.reduce(masks) if masks else None


_NOTHING = Estimate(float("nan"), float("nan"), float("nan"), 0)


@dataclass(frozen=True)
class Use:
    """Whether a model's answer for a class rests on the candidates of a kind: means over patients.

    ``drop`` is by how much erasing them lowers the class's probability, below both what it was and
    what erasing as much elsewhere makes it; ``gain`` by how much laying them on images of other
    classes raises it, above both what it was and what patches of the same shape make it (of
    markers only). ``odds_drop`` and ``odds_gain`` are the same in log odds, which know no ceiling.
    ``cost`` is what erasing elsewhere takes away: where that is much, a drop cannot be seen.
    """

    kind: str
    target: str
    drop: Estimate
    odds_drop: Estimate
    cost: Estimate = _NOTHING
    gain: Estimate = _NOTHING
    odds_gain: Estimate = _NOTHING

    @property
    def known(self) -> tuple[Estimate, ...]:
        """What was measured of enough patients, of ``drop`` and ``gain``."""
        return tuple(item for item in (self.drop, self.gain) if item.count >= FEWEST)

    @property
    def uses(self) -> bool | None:
        """True where an interval lies above :data:`MATERIAL`, False where all lie below, None
        where that is not certain, was measured of too few, or could not have been seen."""
        if any(item.low > MATERIAL for item in self.known):
            return True
        if not self.known or self.cost.value >= MATERIAL:
            return None
        return False if all(item.high <= MATERIAL for item in self.known) else None

    @property
    def score(self) -> float:
        """The greater of both in log odds, to rank models by; NaN where nothing was measured."""
        known = [item.value for item in (self.odds_drop, self.odds_gain) if item.count >= FEWEST]
        return max(known, default=float("nan"))


def reliance(
    explainer: Explainer,
    images: Sequence[Searched],
    kinds: Sequence[str],
    places: int = 6,
    seed: int = 0,
    progress: Callable[[], None] = lambda: None,
) -> Iterator[Use]:
    """What the model uses of each kind, for every class that has an image with such a candidate.

    The class of an image is its label: the most probable one would lose by any change, on average.
    Where the label is none of the model's classes, it is the most probable one over the image with
    and without the candidate together. ``progress`` is called once a kind and image."""
    classes = explainer.identity.classes
    known = [classes.index(item.label) if item.label in classes else -1 for item in images]
    groups = [item.group or str(place) for place, item in enumerate(images)]
    for kind in kinds:
        random = np.random.default_rng([seed, sum(map(ord, kind))])
        masks = [item.all_of(kind) for item in images]
        drops, targets = np.full((3, len(images)), np.nan), np.array(known, int)
        for place, (item, mask) in enumerate(zip(images, masks, strict=True)):
            if mask is not None:
                targets[place], *drops[:, place] = _drop(
                    explainer, item, kind, mask, known[place], places, random
                )
            elif known[place] < 0 and kind == "marker":
                targets[place] = answers_about(explainer, [item.grey])[0].argmax()
            progress()
        for number, name in enumerate(classes):
            mine = np.flatnonzero((targets == number) & np.isfinite(drops[0]))
            if not len(mine):
                continue
            patients = [groups[place] for place in mine]
            drop, odds, cost = (mean_of(_each(row[mine], patients)) for row in drops)
            if kind != "marker":
                yield Use(kind, name, drop, odds, cost)
                continue
            donors = random.permutation(mine)[:_DONORS]
            gains = _gains(explainer, images, masks, donors, targets != number, number, random)
            patients = [groups[place] for place in donors]
            gain, odds_gain = (mean_of(_each(row, patients)) for row in gains)
            yield Use(kind, name, drop, odds, cost, gain, odds_gain)


def _each(values: NDArray[np.float64], groups: Sequence[str]) -> NDArray[np.float64]:
    """One value a patient: the mean of what is known of each."""
    found: dict[str, list[float]] = {}
    for value, group in zip(values.tolist(), groups, strict=True):
        if np.isfinite(value):
            found.setdefault(group, []).append(value)
    return np.array([np.mean(some) for some in found.values()], np.float64)


def _drop(
    explainer: Explainer,
    item: Searched,
    kind: str,
    mask: Mask,
    target: int,
    places: int,
    random: np.random.Generator,
) -> tuple[int, float, float, float]:
    """The class in question (``target``, or what is answered where that is -1); by how much erasing
    lowers it, in probability and in log odds; and what erasing elsewhere takes away of the
    probability (0 where there is nothing to compare with)."""
    others = elsewhere(kind, mask, mask, places, random)
    edited = [without(item.grey, kind, one, random) for one in (mask, *others)]
    both = answers_about(explainer, [item.grey, *edited])
    target = int((both[0][0] + both[0][1]).argmax()) if target < 0 else target
    chances, odds = (table[:, target] for table in both)
    if not others:
        return target, float(chances[0] - chances[1]), float(odds[0] - odds[1]), 0.0
    reference = [min(row[0], row[2:].mean()) for row in (chances, odds)]
    cost = float(chances[0] - chances[2:].mean())
    return target, float(reference[0] - chances[1]), float(reference[1] - odds[1]), cost


def _gains(
    explainer: Explainer,
    images: Sequence[Searched],
    masks: Sequence[Mask | None],
    donors: NDArray[np.int_],
    others: NDArray[np.bool_],
    target: int,
    random: np.random.Generator,
) -> NDArray[np.float64]:
    """By how much the markers of each donor raise ``target`` on images among ``others``, in
    probability and log odds: [2, donors], NaN where there is nothing to lay them on."""
    found = np.full((2, len(donors)), np.nan)
    hosts = np.flatnonzero(others)
    for place, donor in enumerate(donors.tolist()):
        mask = masks[donor]
        assert mask is not None
        edited: list[NDArray[np.generic]] = []
        for host in random.permutation(hosts)[:_HOSTS].tolist():
            own = masks[host]
            grey = images[host].grey
            bare = grey if own is None else without(grey, "marker", own, random)
            for patch in elsewhere("marker", mask, mask, 1, random):
                edited += [
                    bare,
                    _laid_on(bare, images[donor].grey, patch),
                    _laid_on(bare, images[donor].grey, mask),
                ]
        if edited:
            for row, table in enumerate(answers_about(explainer, edited)):
                plain, patched, marked = table[:, target].reshape(-1, 3).T
                found[row, place] = float((marked - np.maximum(plain, patched)).mean())
    return found


def _laid_on(grey: NDArray[np.generic], source: NDArray[np.generic], region: Mask) -> Grey:
    """What ``region`` of ``source`` holds, at the same relative place of another image, in its
    range of grey values."""
    size = (grey.shape[1], grey.shape[0])
    fitted = cv2.resize(source.astype(np.float32), size, interpolation=cv2.INTER_AREA)
    mask = cv2.resize(region.astype(np.uint8), size, interpolation=cv2.INTER_NEAREST_EXACT) > 0
    (low, high), (least, most) = (
        np.percentile(item, (LOW_PERCENTILE, HIGH_PERCENTILE))
        for item in (fitted, np.asarray(grey, np.float32))
    )
    scale = float(most - least) / max(float(high - low), 1e-9)
    return pasted(grey, (fitted - float(low)) * scale + float(least), mask)
