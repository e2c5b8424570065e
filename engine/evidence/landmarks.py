"""Agreement of a model's response maps with landmarks, beside what would agree without it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.checkpoint import LoadedModel
from engine.evaluation.index import read_picture
from engine.evidence.agreement import MEASURES, agreement
from engine.evidence.bootstrap import over_first
from engine.evidence.cases import Case, Coverage, coverages, union
from engine.evidence.nulls import centre_map, edge_map, untrained
from engine.evidence.shown import shown_maps
from engine.explainer import Explainer, network_input, observe
from engine.geometry import InputGeometry
from engine.outputs import probabilities_of
from engine.preprocess import fit_to_square
from engine.responses import layer_maps
from engine.results import Method
from engine.smoothing import smooth

Figures = NDArray[np.float64]
_LIFT = MEASURES.index("lift")


@dataclass(frozen=True, eq=False)
class Sight:
    """A case as a model of one input size sees it: the fitted square [S, S] and where the frame
    lies in it; of each landmark the share of every pixel of the frame that lies in it; and all
    landmarks of another image of the same class, for comparison (None if there is no other)."""

    case: Case
    square: NDArray[np.float32]
    geometry: InputGeometry
    landmarks: dict[str, Coverage]
    all_landmarks: Coverage
    of_another: Coverage | None


@dataclass(frozen=True, eq=False)
class Agreements:
    """What was measured of N images of one class. ``trained`` and ``untrained`` are [P, L, N, 5]:
    methods, layers, images, :data:`MEASURES`; ``shuffled`` the same of the trained model with the
    landmarks of another image. ``centre`` and ``edges`` are [N, 5]. ``lifts`` and
    ``untrained_lifts`` are the lift of each landmark by name, [P, L, N, names], NaN where an image
    does not show it. The untrained figures are means over several networks. ``right`` counts the
    images that the trained model names rightly."""

    target: str
    layers: tuple[str, ...]
    names: tuple[str, ...]
    images: tuple[str, ...]
    trained: Figures
    untrained: Figures
    shuffled: Figures
    centre: Figures
    edges: Figures
    lifts: Figures
    untrained_lifts: Figures
    right: int


def sights(cases: Sequence[Case], side: int) -> tuple[Sight, ...]:
    """Cases of one class, fitted into squares of ``side`` pixels. Raises :class:`EngineError` for a
    picture or a mask that cannot be read."""
    fitted = []
    for case in cases:
        square, geometry = fit_to_square(read_picture(case.image).grey, side)
        parts = dict(coverages(case, geometry))
        fitted.append((case, square, geometry, parts, union(parts)))
    found = []
    for place, (case, square, geometry, parts, whole) in enumerate(fitted):
        other = _moved(fitted[(place + 1) % len(fitted)][-1], whole.shape)
        comparable = len(fitted) > 1 and other.any()
        found.append(Sight(case, square, geometry, parts, whole, other if comparable else None))
    return tuple(found)


def _moved(region: Coverage, shape: tuple[int, ...]) -> Coverage:
    """The region of one frame at the same relative place of another: nearest pixels."""
    rows, columns = (
        ((2 * np.arange(new) + 1) * old) // (2 * new)
        for new, old in zip(shape, region.shape, strict=True)
    )
    return region[np.ix_(rows, columns)]


def measure(
    explainer: Explainer,
    seen: Sequence[Sight],
    methods: Sequence[Method],
    seeds: int,
    progress: Callable[[], None] = lambda: None,
) -> Agreements:
    """Figures of cases of one class, by the model and by ``seeds`` (at least one) untrained ones of
    its shape; ``progress`` is called after every image and network."""
    names = tuple(dict.fromkeys(name for sight in seen for name in sight.case.names))
    model = explainer.model
    target = explainer.identity.classes.index(seen[0].case.target)
    figures, shuffled, lifts, right = _of_network(explainer, seen, methods, target, names, progress)
    inputs = [network_input(explainer, sight.square) for sight in seen]
    others = []
    for seed in range(1, seeds + 1):
        bare = LoadedModel(untrained(model.network, inputs, seed), model.specification)
        unlearnt = Explainer.prepare(bare, explainer.device)
        others.append(_of_network(unlearnt, seen, methods, target, names, progress))
    nulls = np.array(
        [
            [_five(null, sight.all_landmarks) for null in (_centre(sight), _edges(sight))]
            for sight in seen
        ]
    )
    return Agreements(
        seen[0].case.target,
        explainer.layers,
        names,
        tuple(sight.case.image.name for sight in seen),
        figures,
        np.mean([other[0] for other in others], 0),
        shuffled,
        nulls[:, 0],
        nulls[:, 1],
        lifts,
        np.mean([other[2] for other in others], 0),
        right,
    )


def _of_network(
    explainer: Explainer,
    seen: Sequence[Sight],
    methods: Sequence[Method],
    target: int,
    names: Sequence[str],
    progress: Callable[[], None],
) -> tuple[Figures, Figures, Figures, int]:
    shape = (len(methods), len(explainer.layers), len(seen))
    figures, shuffled = (np.full((*shape, len(MEASURES)), np.nan) for _ in range(2))
    lifts = np.full((*shape, len(names)), np.nan)
    right = 0
    for place, sight in enumerate(seen):
        observed = observe(explainer, sight.square, sight.geometry)
        output = explainer.model.specification.output
        right += int(probabilities_of(observed.recording.logits, output)[0].argmax() == target)
        for row, method in enumerate(methods):
            raw = layer_maps(explainer, observed.recording, method, target)
            for depth, shown in enumerate(shown_maps(explainer, raw, sight.geometry)):
                figures[row, depth, place] = _five(shown, sight.all_landmarks)
                if sight.of_another is not None:
                    shuffled[row, depth, place] = _five(shown, sight.of_another)
                total = float(shown.sum())
                if total > 0:
                    lifts[row, depth, place] = [
                        _lift(shown, total, sight.landmarks.get(name)) for name in names
                    ]
        progress()
    return figures, shuffled, lifts, right


def _five(values: NDArray[np.float64], region: Coverage) -> list[float]:
    found = agreement(values, region)
    return [getattr(found, name) for name in MEASURES]


def _lift(values: NDArray[np.float64], total: float, region: Coverage | None) -> float:
    if region is None:
        return float("nan")
    return float((values * region).sum()) / total / float(region.mean())


def _centre(sight: Sight) -> NDArray[np.float64]:
    return centre_map(*sight.geometry.fitted_size)


def _edges(sight: Sight) -> NDArray[np.float64]:
    return edge_map(smooth(sight.geometry.crop(sight.square), 1.0))


def comparable_lifts(found: Agreements, row: int) -> tuple[Figures, Figures]:
    """Of the method in ``row``, the lift of each image by the trained model and by the untrained
    ones, both [N]: the mean over the layers that responded in both."""
    trained, bare = (table[row, :, :, _LIFT] for table in (found.trained, found.untrained))
    both = np.isfinite(trained) & np.isfinite(bare)
    return over_first(trained, both), over_first(bare, both)
