"""Plane geometry of the phantoms: splines, bone templates, distances. Lengths in mm, y down."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float64]
"""(N, 2) points as (x, y) in mm from the top-left corner of the first pixel."""

Pair = tuple[float, float]

_PHALANX = [(-0.78, 0.0), (-1.0, 0.06), (-0.86, 0.17), (-0.62, 0.36), (-0.55, 0.6)]
_PHALANX += [(-0.61, 0.8), (-0.77, 0.91), (-0.68, 0.985), (-0.34, 1.0)]
_METACARPAL = [(-0.8, 0.0), (-0.98, 0.07), (-0.74, 0.2), (-0.53, 0.4), (-0.54, 0.6)]
_METACARPAL += [(-0.7, 0.78), (-0.93, 0.87), (-0.88, 0.95), (-0.5, 0.995)]
_TUFT = [(-0.8, 0.0), (-1.0, 0.08), (-0.8, 0.21), (-0.45, 0.44), (-0.4, 0.6)]
_TUFT += [(-0.58, 0.77), (-0.7, 0.88), (-0.5, 0.97)]


def _mirrored(left: Sequence[Pair], top: float, bottom: float) -> Points:
    """A closed template from its left flank, symmetric about u = 0."""
    right = [(-u, v) for u, v in reversed(left)]
    return np.array(
        [*left, (0.0, top), *right, (0.4, bottom * 0.75), (0.0, bottom), (-0.4, bottom * 0.75)]
    )


_STYLOID = [(-1.75, -0.07), (-1.85, 0.01), (-1.25, 0.12), (-0.72, 0.26)]
"""The base of the fifth metatarsal: a tuberosity on its outer side (u < 0 on a left foot)."""


TEMPLATES = {
    "phalanx": _mirrored(_PHALANX, 0.983, 0.035),
    "metacarpal": _mirrored(_METACARPAL, 1.01, 0.02),
    "fifth metatarsal": np.vstack(
        [_STYLOID, _mirrored(_METACARPAL, 1.01, 0.02)[3:-2], [(0.3, 0.02), (-0.6, 0.0)]]
    ),
    "tuft": _mirrored(_TUFT, 1.0, 0.05),
}
"""Closed control outlines (N, 2) as (u, v): u across in half widths, v along from base 0 to 1."""


def spline(control: Sequence[Pair] | Points, closed: bool = True, steps: int = 6) -> Points:
    """The Catmull-Rom curve through ``control`` (N, 2), ``steps`` points a segment: (M, 2)."""
    p = np.asarray(control, np.float64)
    if closed:
        p0, p1, p2, p3 = np.roll(p, 1, 0), p, np.roll(p, -1, 0), np.roll(p, -2, 0)
    else:
        ends = np.vstack([2 * p[0] - p[1], p, 2 * p[-1] - p[-2]])
        p0, p1, p2, p3 = ends[:-3], ends[1:-2], ends[2:-1], ends[3:]
    t = (np.arange(steps) / steps)[None, :, None]
    a, b, c, d = (q[:, None, :] for q in (p0, p1, p2, p3))
    curve = b + 0.5 * t * (c - a + t * (2 * a - 5 * b + 4 * c - d + t * (3 * (b - c) + d - a)))
    points = curve.reshape(-1, 2)
    return points if closed else np.vstack([points, p[-1:]])


def place(template: str, base: Pair, head: Pair, half_width: float, bend: float = 0.0) -> Points:
    """A template laid from ``base`` to ``head`` (mm), bowed sideways by ``bend`` mm: (M, 2)."""
    uv = TEMPLATES[template]
    start, end = np.array(base), np.array(head)
    along = end - start
    across = np.array([-along[1], along[0]]) / np.hypot(*along)
    bow = bend * np.sin(np.pi * uv[:, 1].clip(0, 1))
    return spline(start + uv[:, 1:] * along + (uv[:, :1] * half_width + bow[:, None]) * across)


def grown(points: Points, factor: float) -> Points:
    """``points`` (N, 2) scaled by ``factor`` about their mean."""
    centre = points.mean(0)
    return np.asarray(centre + factor * (points - centre), np.float64)


def mirror(points: Sequence[Pair] | Points, axis_x: float, drop: float = 0.0) -> Points:
    """``points`` (N, 2) reflected in the vertical line x = ``axis_x``, and ``drop`` mm lower."""
    p = np.array(points, np.float64)
    p[:, 0] = 2 * axis_x - p[:, 0]
    p[:, 1] += drop
    return p


def polyline_distance(
    points: Points, x: NDArray[np.float64], y: NDArray[np.float64], closed: bool
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Distance (mm) from a polyline, and where along it (0..1 of its length) the nearest point is.

    ``x`` (1, W) and ``y`` (H, 1) are coordinates; both results are (H, W). For a closed line the
    distance is signed, positive inside (even-odd rule).
    """
    tail = np.roll(points, -1, 0) if closed else points[1:]
    head = points if closed else points[:-1]
    lengths = np.hypot(*(tail - head).T)
    starts, total = np.concatenate([[0.0], np.cumsum(lengths)[:-1]]), lengths.sum()
    best = np.full(np.broadcast_shapes(x.shape, y.shape), np.inf)
    where, inside = np.zeros(best.shape), np.zeros(best.shape, bool)
    for (ax, ay), (bx, by), length, start in zip(head, tail, lengths, starts, strict=True):
        ex, ey = (bx - ax) / max(length, 1e-12), (by - ay) / max(length, 1e-12)
        t = np.clip((x - ax) * ex + (y - ay) * ey, 0.0, length)
        squared = (x - ax - t * ex) ** 2 + (y - ay - t * ey) ** 2
        nearer = squared < best
        best = np.where(nearer, squared, best)
        if closed:
            if ay != by:
                crosses = (y >= min(ay, by)) & (y < max(ay, by))
                inside ^= crosses & (x < ax + (y - ay) * (bx - ax) / (by - ay))
        else:
            where = np.where(nearer, (start + t) / total, where)
    distance = np.sqrt(best)
    return (np.where(inside, distance, -distance) if closed else distance), where
