"""Attenuating bodies: from plane outlines to path lengths (mm) along the beam, pixel by pixel.

A body is known by its signed distance d (mm, positive inside its projection). Its thickness
comes from an "inflation": u solves  laplace(u) - u / a^2 = -2  inside and vanishes on the edge,
and the body is 2 sqrt(u) thick. A long strip of half width w then is exactly a circular cylinder
of radius w; wide bodies level off at 2 sqrt(2) a, their ``cap``. With g = u / d, which is smooth
up to the edge, the cavity within a shell of thickness c is 2 sqrt((d - c)(g - c)) thick.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.phantoms.outlines import Points, polyline_distance

Array = NDArray[np.float64]
Window = tuple[slice, slice]


@dataclass(frozen=True)
class Grid:
    """Square pixels of ``spacing`` mm, ``shape`` (H, W); pixel centres at (i + 0.5) spacing."""

    shape: tuple[int, int]
    spacing: float

    def axes(self, window: Window, stride: int = 1, extra: int = 0) -> tuple[Array, Array]:
        """Coordinates x (1, W') and y (H', 1), mm, of every ``stride``-th centre in a window."""
        rows, cols = window
        n_y, n_x = -(-(rows.stop - rows.start) // stride), -(-(cols.stop - cols.start) // stride)
        y = (rows.start + 0.5 + stride * np.arange(n_y + extra)) * self.spacing
        x = (cols.start + 0.5 + stride * np.arange(n_x + extra)) * self.spacing
        return x[None, :], y[:, None]

    def window(self, points: Points, margin: float) -> Window:
        """The smallest window that holds ``points`` and ``margin`` mm around them."""
        low = np.floor((points.min(0) - margin) / self.spacing).astype(int).clip(0)
        high = np.ceil((points.max(0) + margin) / self.spacing).astype(int) + 1
        height, width = self.shape
        return (
            slice(min(int(low[1]), height), max(0, min(int(high[1]), height))),
            slice(min(int(low[0]), width), max(0, min(int(high[0]), width))),
        )

    @property
    def whole(self) -> Window:
        """The window of the whole image."""
        return slice(0, self.shape[0]), slice(0, self.shape[1])


def enlarge(coarse: Array, stride: int, shape: tuple[int, int]) -> Array:
    """Bilinear interpolation of a grid of every ``stride``-th pixel (one node over): ``shape``."""
    out = coarse
    for axis, size in enumerate(shape):
        at = np.arange(size) / stride
        low = np.minimum(at.astype(int), out.shape[axis] - 2)
        part = (at - low).reshape([-1, 1] if axis == 0 else [1, -1])
        out = out.take(low, axis) * (1 - part) + out.take(low + 1, axis) * part
    return out


def outline_distance(grid: Grid, outline: Points, window: Window, stride: int = 2) -> Array:
    """Signed distance (mm, inside positive) of a window's pixel centres from a closed outline."""
    x, y = grid.axes(window, stride, extra=1)
    coarse, _ = polyline_distance(outline, x, y, closed=True)
    shape = (window[0].stop - window[0].start, window[1].stop - window[1].start)
    return enlarge(coarse, stride, shape)


def union(first: Array, second: Array, blend: float) -> Array:
    """Smooth union of two signed distances; fillets of about ``blend`` mm in the corners."""
    h = np.clip(0.5 + 0.5 * (first - second) / blend, 0.0, 1.0)
    return second + (first - second) * h + blend * h * (1 - h)


def _solve(d: Array, h: float, screen: float, sweeps: int) -> Array:
    """u of the module text on a grid of step ``h`` mm (Shortley-Weller edges, red-black SOR)."""
    pad = np.pad(d, 1, mode="edge")
    inside = d > 0
    arms, weights = [], []
    for dy, dx in ((0, 1), (0, -1), (1, 0), (-1, 0)):
        near = pad[1 + dy : pad.shape[0] - 1 + dy, 1 + dx : pad.shape[1] - 1 + dx]
        cut = near <= 0
        arm = np.where(cut, d / np.maximum(d - near, 1e-9), 1.0).clip(0.05, 1.0) * h
        arms.append(arm)
        weights.append(np.where(cut, 0.0, 1.0 / arm))
    spans = [2.0 / (arms[0] + arms[1])] * 2 + [2.0 / (arms[2] + arms[3])] * 2
    diagonal = sum((s / a for s, a in zip(spans, arms, strict=True)), np.full(d.shape, screen))
    east, west, south, north = (s * w for s, w in zip(spans, weights, strict=True))
    parity = np.add.outer(np.arange(d.shape[0]), np.arange(d.shape[1])) % 2
    across = max(4.0, 2.0 * min(float(d.max()), 3.0 * screen**-0.5) / h)
    omega = 2.0 / (1.0 + np.sin(np.pi / across))
    gains = [np.where(inside & (parity == k), omega, 0.0) / diagonal for k in (0, 1)]
    u = np.where(inside, np.minimum(d * d.max(), 2.0 / screen), 0.0)
    for step in range(2 * sweeps):
        p = np.pad(u, 1, mode="edge")
        flow = 2.0 + east * p[1:-1, 2:] + west * p[1:-1, :-2]
        flow += south * p[2:, 1:-1] + north * p[:-2, 1:-1] - diagonal * u
        u = u + gains[step % 2] * flow
    return u


def _neighbours(a: Array) -> Array:
    """The sum over each node's 3 x 3 neighbourhood."""
    wide = np.pad(a, 1)
    out = np.zeros_like(a)
    for i in range(3):
        for j in range(3):
            out += wide[i : i + a.shape[0], j : j + a.shape[1]]
    return out


def inflate(d: Array, spacing: float, cap: float, nodes: int = 112) -> Array:
    """g = u / d (mm, same shape as ``d``) of the module text; bodies run on past the window."""
    stride = max(1, -(-max(d.shape) // nodes))
    size = [-(-n // stride) + 1 for n in d.shape]
    rows, cols = (
        np.minimum(np.arange(n) * stride, m - 1) for n, m in zip(size, d.shape, strict=True)
    )
    coarse, h = d[np.ix_(rows, cols)], spacing * stride
    u = _solve(coarse, h, 8.0 / cap**2, sweeps=90)
    known = coarse > 0.35 * h
    g = np.where(known, u / np.maximum(coarse, 1e-9), 0.0)
    weight = known.astype(np.float64)
    for _ in range(4):
        sums, counts = _neighbours(g * weight), _neighbours(weight)
        g = np.where(weight > 0, g, sums / np.maximum(counts, 1e-9))
        weight = np.maximum(weight, (counts > 0).astype(np.float64))
    return enlarge(g, stride, (d.shape[0], d.shape[1]))


def thickness(d: Array, g: Array, shell: Array | float = 0.0) -> Array:
    """Path length (mm) through a body, or through the cavity within a shell of that many mm."""
    squared = np.maximum(d - shell, 0.0) * np.maximum(g - shell, 0.0)
    return np.asarray(2.0 * np.sqrt(squared), np.float64)
