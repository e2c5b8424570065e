"""Intervals by resampling images (Efron 1979): what was measured on few images is uncertain."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

_RESAMPLES = 2000


@dataclass(frozen=True)
class Estimate:
    """A value with its 95 % interval, from ``count`` images; NaN where there was none. The upper
    end of a ratio is infinite where what it is over may be nothing."""

    value: float
    low: float
    high: float
    count: int


def _draws(count: int) -> NDArray[np.int_]:
    return np.random.default_rng(0).integers(0, count, (_RESAMPLES, count))


def mean_of(values: NDArray[np.floating]) -> Estimate:
    """The mean of one value an image, [N]; images where it is NaN are left out."""
    known = np.asarray(values, np.float64)
    known = known[np.isfinite(known)]
    if not len(known):
        return Estimate(np.nan, np.nan, np.nan, 0)
    means = known[_draws(len(known))].mean(1)
    low, high = np.percentile(means, (2.5, 97.5))
    return Estimate(float(known.mean()), float(low), float(high), len(known))


def ratio_of(values: NDArray[np.floating], beside: NDArray[np.floating]) -> Estimate:
    """The mean of one value an image over the mean of another of the same images, both [N]: drawn
    together, so that what is hard about an image counts on both sides."""
    pairs = np.column_stack((values, beside)).astype(np.float64)
    pairs = pairs[np.isfinite(pairs).all(1)]
    if not len(pairs) or pairs[:, 1].sum() <= 0:
        return Estimate(np.nan, np.nan, np.nan, len(pairs))
    means = pairs[_draws(len(pairs))].mean(1)
    ratios = np.full(_RESAMPLES, np.inf)  # where a draw has nothing to compare with
    np.divide(means[:, 0], means[:, 1], out=ratios, where=means[:, 1] > 0)
    low, high = np.percentile(ratios, (2.5, 97.5), method="nearest")
    top, bottom = pairs.mean(0)
    return Estimate(float(top / bottom), float(low), float(high), len(pairs))


def over_first(
    values: NDArray[np.float64], known: NDArray[np.bool_] | None = None
) -> NDArray[np.float64]:
    """The mean over the first axis (layers, draws) of what is ``known``, by default what is
    finite; NaN where nothing is."""
    known = np.isfinite(values) if known is None else known
    total = np.where(known, values, 0).sum(0)
    return np.where(known.any(0), total / np.maximum(known.sum(0), 1), np.nan)


def number(value: float) -> float | None:
    """For JSON, which knows no NaN and no infinity."""
    return round(value, 4) if math.isfinite(value) else None


def in_facts(found: Estimate) -> dict[str, Any]:
    """An estimate for JSON."""
    return {"value": number(found.value), "ci": [number(found.low), number(found.high)]}
