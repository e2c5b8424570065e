"""Do maps depend on what they should: the weights, the class, the image; and on nothing else?

Maps are compared as they are shown (positive part, the layer's own smoothing, without the padding)
by Spearman's rank correlation over the pixels, at half the input's size.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from engine.checkpoint import LoadedModel
from engine.evidence.bootstrap import over_first
from engine.evidence.nulls import untrained
from engine.evidence.shown import shown_maps
from engine.explainer import Explainer, Observed, network_input, observe
from engine.geometry import InputGeometry
from engine.outputs import probabilities_of
from engine.responses import layer_maps
from engine.results import Method

SHARES = (0.25, 0.5, 0.75, 1.0)  # of the modules that are randomised, from the last one up
DRAWS = 3  # of all weights anew: one draw may be near the trained ones by chance
NOISE = 0.02  # σ, as a share of the grey values' range
SHIFT = 3  # pixels of the input

Figures = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class View:
    """A fitted image: ``square`` float32 [S, S] in 0…1 and where its frame lies in it."""

    square: NDArray[np.float32]
    geometry: InputGeometry


@dataclass(frozen=True, eq=False)
class Sanity:
    """Rank correlations of one method's maps with others of the same image, [L, N] for L layers
    and N images; NaN where neither map has a response, 0 where one of the two has none.
    ``repeated``: the same bits when the image is seen a second time. ``randomised`` [shares, L, N]:
    with that share of the weights drawn anew, at the end the mean over several draws.
    ``runner_up`` and ``least``: maps for the second and for the last class in place of the first,
    NaN for a model of one class. ``noise`` and
    ``shift``: with noise, and moved by a few pixels and back. ``moved`` [N]: whether noise or shift
    changed the best class."""

    repeated: bool
    randomised: Figures
    runner_up: Figures
    least: Figures
    noise: Figures
    shift: Figures
    moved: NDArray[np.bool_]


def rank_correlation(first: NDArray[np.floating], second: NDArray[np.floating]) -> float:
    """Spearman's ρ of two arrays of one shape, ties at their mean rank; NaN if one is constant."""
    one, two = (_ranks(np.asarray(values, np.float64).ravel()) for values in (first, second))
    one, two = one - one.mean(), two - two.mean()
    scale = float(np.sqrt((one @ one) * (two @ two)))
    return float(one @ two) / scale if scale > 0 else float("nan")


def _ranks(values: NDArray[np.float64]) -> NDArray[np.float64]:
    order = np.argsort(values, kind="stable")
    ordered = values[order]
    starts = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]])
    counts = np.diff(np.r_[starts, len(values)])
    ranks = np.empty(len(values))
    ranks[order] = np.repeat(starts + (counts - 1) / 2, counts)
    return ranks


def sanity(
    explainer: Explainer,
    views: Sequence[View],
    methods: Sequence[Method],
    seed: int = 1,
    progress: Callable[[], None] = lambda: None,
) -> list[Sanity]:
    """What the maps of each method depend on, over images that the model names; ``progress`` is
    called once an image and step (:func:`steps_of`)."""
    random = np.random.default_rng(seed)
    seen = []
    shape = (len(methods), len(explainer.layers), len(views))
    runner_up, least, noise, shift = (np.full(shape, np.nan) for _ in range(4))
    repeated = np.ones(len(methods), bool)
    moved = np.zeros(len(views), bool)
    for place, view in enumerate(views):
        observed = observe(explainer, view.square, view.geometry)
        first = _Seen.of(explainer, observed, methods)
        seen.append(first)
        noisy = View(_noisy(view, random), view.geometry)
        down, across = (int(step) for step in random.choice((-SHIFT, SHIFT), 2))
        aside = View(_beside(view.square, down, across), view.geometry)
        with_noise, at_side = (
            observe(explainer, item.square, item.geometry) for item in (noisy, aside)
        )
        moved[place] = any(
            _probabilities(explainer, item).argmax() != first.order[0]
            for item in (with_noise, at_side)
        )
        once_more = observe(explainer, view.square, view.geometry)
        for row, method in enumerate(methods):
            own = first.maps[row]
            again = layer_maps(explainer, once_more.recording, method, first.order[0])
            before = layer_maps(explainer, observed.recording, method, first.order[0])
            repeated[row] &= all(np.array_equal(a, b) for a, b in zip(again, before, strict=True))
            at = (row, slice(None), place)
            for table, other in zip((runner_up, least), first.others, strict=False):
                table[at] = _alike(own, _maps(explainer, observed, method, other))
            noise[at] = _alike(own, _maps(explainer, with_noise, method, first.order[0]))
            back = _maps(explainer, at_side, method, first.order[0], (down, across))
            shift[at] = _alike(own, back)
        progress()
    randomised = _cascade(explainer, views, seen, methods, seed, progress)
    return [
        Sanity(
            bool(repeated[row]),
            randomised[:, row],
            runner_up[row],
            least[row],
            noise[row],
            shift[row],
            moved,
        )
        for row in range(len(methods))
    ]


def steps_of(images: int) -> int:
    """How often :func:`sanity` calls ``progress``."""
    return images * (1 + len(_draws(0)))


def _draws(seed: int) -> list[tuple[int, int]]:
    """Every network of the cascade: (which share, seed)."""
    end = len(SHARES) - 1
    return [(step, seed) for step in range(end)] + [(end, seed + draw) for draw in range(DRAWS)]


@dataclass(frozen=True, eq=False)
class _Seen:
    """What is kept of an image as the model sees it: classes by probability, and the maps of every
    method as they are shown, for the best."""

    order: tuple[int, ...]
    maps: list[list[NDArray[np.float64]]]

    @property
    def others(self) -> tuple[int, ...]:
        """The second and the last class by probability; none of a model of one class."""
        return (self.order[1], self.order[-1]) if len(self.order) > 1 else ()

    @classmethod
    def of(cls, explainer: Explainer, observed: Observed, methods: Sequence[Method]) -> _Seen:
        order = tuple(np.argsort(-_probabilities(explainer, observed), kind="stable").tolist())
        return cls(order, [_maps(explainer, observed, method, order[0]) for method in methods])


def _probabilities(explainer: Explainer, observed: Observed) -> NDArray[np.float64]:
    output = explainer.model.specification.output
    return np.asarray(probabilities_of(observed.recording.logits, output)[0])


def _maps(
    explainer: Explainer,
    observed: Observed,
    method: Method,
    target: int,
    shift: tuple[int, int] = (0, 0),
) -> list[NDArray[np.float64]]:
    """Maps as they are shown, of an image that was moved by ``shift`` moved back."""
    raw = layer_maps(explainer, observed.recording, method, target)
    raw = [np.roll(item, (-shift[0], -shift[1]), (0, 1)) for item in raw]
    return _halved(shown_maps(explainer, raw, observed.geometry))


def _halved(maps: Sequence[NDArray[np.float64]]) -> list[NDArray[np.float64]]:
    height, width = maps[0].shape
    size = (max(2, width // 2), max(2, height // 2))
    return [np.asarray(cv2.resize(item, size, interpolation=cv2.INTER_AREA)) for item in maps]


def _alike(
    first: Sequence[NDArray[np.float64]], second: Sequence[NDArray[np.float64]]
) -> list[float]:
    found = []
    for one, two in zip(first, second, strict=True):
        silent = int(not one.any()) + int(not two.any())
        found.append(rank_correlation(one, two) if not silent else 0.0 if silent == 1 else np.nan)
    return found


def _noisy(view: View, random: np.random.Generator) -> NDArray[np.float32]:
    """Noise in the frame; the padding stays black."""
    square = view.square.copy()
    frame = view.geometry.crop(square)
    frame += NOISE * random.standard_normal(frame.shape).astype(np.float32)
    return square.clip(0, 1)


def _beside(square: NDArray[np.float32], down: int, across: int) -> NDArray[np.float32]:
    """Moved by a few pixels; what comes in is the border's own value."""
    wide = np.pad(square, SHIFT, mode="edge")
    side = len(square)
    top, left = SHIFT - down, SHIFT - across
    return np.ascontiguousarray(wide[top : top + side, left : left + side])


def _cascade(
    explainer: Explainer,
    views: Sequence[View],
    seen: Sequence[_Seen],
    methods: Sequence[Method],
    seed: int,
    progress: Callable[[], None],
) -> Figures:
    """[shares, methods, L, N]: maps for the trained network's best class, with the weights of more
    and more modules drawn anew, from the last one up (Adebayo 2018, arXiv 1810.03292)."""
    model = explainer.model
    inputs = [network_input(explainer, view.square) for view in views]
    shape = (len(methods), len(explainer.layers), len(views))
    draws: list[list[Figures]] = [[] for _ in SHARES]
    for step, drawn in _draws(seed):
        found = np.full(shape, np.nan)
        fresh = untrained(model.network, inputs, drawn, SHARES[step])
        bare = LoadedModel(fresh, model.specification)
        other = Explainer.prepare(bare, explainer.device)
        for place, (view, first) in enumerate(zip(views, seen, strict=True)):
            observed = observe(other, view.square, view.geometry)
            for row, method in enumerate(methods):
                maps = _maps(other, observed, method, first.order[0])
                found[row, :, place] = _alike(first.maps[row], maps)
            progress()
        draws[step].append(found)
    return np.array([over_first(np.array(some)) for some in draws])
