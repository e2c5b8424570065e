"""Two maps of one frame held against each other. Pure functions of numbers; no Qt.

Maps are what is shown, (h, w) over the whole frame; their grids may differ.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from viewer.render.overlay import Overlay, OverlayMaker, frame_lines, share_above


@dataclass(frozen=True)
class Likeness:
    """``correlation`` is Spearman's ρ of the shown maps, ``overlap`` the intersection over union
    of what lies above their thresholds. The mirrored ones hold the first map against the second
    turned left to right: what is reached without looking at the same places, beside which the
    others are to be read. NaN where a map is the same everywhere, or nothing is above a threshold.
    """

    correlation: float
    overlap: float
    mirrored_correlation: float
    mirrored_overlap: float


def in_short(found: Likeness) -> str:
    """For a title: ``ρ = 0.75 (chance 0.31), overlap 0.62 (chance 0.20)``."""
    return (
        f"ρ = {figure(found.correlation)} (chance {figure(found.mirrored_correlation)}), "
        f"overlap {figure(found.overlap)} (chance {figure(found.mirrored_overlap)})"
    )


def figure(number: float) -> str:
    """Two decimals; a dash for NaN."""
    return "–" if math.isnan(number) else f"{number:.2f}".replace("-", "−")


@dataclass(frozen=True, eq=False)
class Beside:
    """What is shown beside the overlay ``main``: another one, what the first has more than the
    other (signed), and how much they look alike."""

    main: Overlay
    overlay: Overlay
    difference: Overlay
    likeness: Likeness


def beside(main: Overlay, maker: OverlayMaker, index: int, one_range: bool) -> Beside:
    """Layer ``index`` (from 0) of another answer in the style of the main overlay; with
    ``one_range`` in its value window, too. For a thread: it takes some 50 ms."""
    other = maker.overlay(index, main.style)
    if one_range:
        other = in_range_of(main, other)
    return Beside(main, other, difference_overlay(main, other), likeness(main, other))


def in_range_of(main: Overlay, other: Overlay) -> Overlay:
    """Another overlay in the value window of the main one: the same colour is the same response."""
    return _redrawn(other, other.values, main.maximum)


def difference_overlay(first: Overlay, second: Overlay) -> Overlay:
    """:func:`difference` to be painted: in a diverging map whose ends are as far from 0, with
    contours of both signs at the threshold."""
    values = difference(first.values, second.values)
    style = replace(first.style, signed=True, shared_range=False)
    signed = replace(first, style=style)
    return _redrawn(signed, values, float(np.abs(values).max(initial=0.0)))


def _redrawn(overlay: Overlay, values: NDArray[np.float32], maximum: float) -> Overlay:
    """The overlay with other values (h, w), or another top of the colour bar."""
    drawn = replace(overlay, values=values, maximum=maximum, lines=(), negative_lines=())
    if maximum <= 0:
        return replace(drawn, area=0.0, mass=0.0)
    area, mass = share_above(drawn.strengths, drawn.level)
    below = frame_lines(-values, drawn.level, drawn.frame_size) if drawn.style.signed else ()
    return replace(
        drawn,
        lines=frame_lines(values, drawn.level, drawn.frame_size),
        negative_lines=below,
        area=area,
        mass=mass,
    )


def likeness(first: Overlay, second: Overlay) -> Likeness:
    """How much two overlays of one frame look alike."""
    ours, theirs = on_one_grid(first.values, second.values)
    our_ranks, their_ranks = ranks(ours), ranks(theirs)
    our_place, their_place = _above(ours, first), _above(theirs, second)
    return Likeness(
        _pearson(our_ranks, their_ranks),
        _overlap(our_place, their_place),
        _pearson(our_ranks, their_ranks[:, ::-1]),
        _overlap(our_place, their_place[:, ::-1]),
    )


def difference(first: NDArray[np.float32], second: NDArray[np.float32]) -> NDArray[np.float32]:
    """First minus second, of each the positive part divided by its mean, so that both hold the
    same total: signed, (h, w) on the finer grid; 1 is a response spread evenly over the frame. A
    map without any response counts as 0."""
    ours, theirs = on_one_grid(first, second)
    return (_spread(ours) - _spread(theirs)).astype(np.float32)


def on_one_grid(
    first: NDArray[np.float32], second: NDArray[np.float32]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Both on the finer of their grids, along each axis, between which values run linearly."""
    if first.shape == second.shape:
        return first, second
    import cv2  # slow to import: in the thread that needs it

    height, width = np.maximum(first.shape, second.shape).tolist()
    ours, theirs = (
        np.asarray(cv2.resize(values, (width, height), interpolation=cv2.INTER_LINEAR), np.float32)
        for values in (first, second)
    )
    return ours, theirs


def ranks(values: NDArray[np.float32]) -> NDArray[np.float64]:
    """The rank of every value, from 1, equal values sharing the mean of theirs; same shape."""
    _, which, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    shared: NDArray[np.float64] = (last - (counts - 1) / 2)[which.reshape(values.shape)]
    return shared


def _spread(values: NDArray[np.float32]) -> NDArray[np.float64]:
    positive = np.maximum(values, 0).astype(np.float64)
    return positive / (positive.mean() or 1.0)


def _above(values: NDArray[np.float32], overlay: Overlay) -> NDArray[np.bool_]:
    strengths = np.abs(values) if overlay.style.signed else values
    return np.asarray(strengths > overlay.level)


def _pearson(first: NDArray[np.float64], second: NDArray[np.float64]) -> float:
    ours, theirs = first - first.mean(), second - second.mean()
    size = math.sqrt(float((ours**2).sum()) * float((theirs**2).sum()))
    return float((ours * theirs).sum()) / size if size > 0 else math.nan


def _overlap(first: NDArray[np.bool_], second: NDArray[np.bool_]) -> float:
    union = int((first | second).sum())
    return int((first & second).sum()) / union if union else math.nan
