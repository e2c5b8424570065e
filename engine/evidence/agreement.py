"""How much a response map agrees with a region: figures of one map and one region.

A map is what is seen: not negative, [H, W], over the frame. A region is the share of each of these
pixels that lies in it, 0…1, [H, W]: a landmark of a few pixels keeps its true area.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

THRESHOLD = 0.35  # of the maximum: where a map is cut for the overlap, as the overlay is shown


@dataclass(frozen=True)
class Agreement:
    """``mass``: the share of the response that lies inside. ``lift``: that over the region's share
    of the area; 1 is chance. ``hit``: whether the maximum is inside (pointing game, Zhang 2018,
    arXiv 1608.00507). ``rank_accuracy``: of the strongest pixels, as many as the region has, the
    share inside (Arras 2022, arXiv 2003.07258). ``overlap``: intersection over union with the map
    cut at 35 % of its maximum. All are NaN for a map without any response, or
    with one that is not finite."""

    mass: float
    lift: float
    hit: float
    rank_accuracy: float
    overlap: float


MEASURES = ("mass", "lift", "hit", "rank_accuracy", "overlap")
NOTHING = Agreement(*(math.nan,) * len(MEASURES))


def agreement(values: NDArray[np.floating], region: NDArray[np.floating]) -> Agreement:
    """Figures of a map [H, W] ≥ 0 and a region [H, W] in 0…1. Raises :class:`ValueError` for a
    region without area, or of another shape."""
    if values.shape != region.shape:
        raise ValueError(f"a map of shape {values.shape} and a region of shape {region.shape}")
    area = float(region.sum())
    if area <= 0:
        raise ValueError("a region without area")
    response = values.astype(np.float64)
    total = float(response.sum())
    if not 0 < total < math.inf:
        return NOTHING
    mass = float((response * region).sum()) / total
    highest = response == response.max()
    count = min(response.size, max(1, round(area)))
    strongest = np.argpartition(response, response.size - count, axis=None)[-count:]
    inside = region.flat[strongest][response.flat[strongest] > 0]
    cut, sure = response >= THRESHOLD * response.max(), region >= 0.5
    return Agreement(
        mass,
        mass / (area / region.size),
        float(region[highest].mean() >= 0.5),
        float(inside.sum()) / count,
        float((cut & sure).sum()) / float((cut | sure).sum()),
    )
