"""The lead marker: letters as strokes of our own, on a plastic plate, lying on the detector."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from engine.phantoms import physics
from engine.phantoms.bodies import Array, Grid
from engine.phantoms.outlines import Pair, polyline_distance, spline

_BOWL = [(0.0, 1.0), (0.42, 1.0), (0.6, 0.9), (0.64, 0.75), (0.6, 0.6), (0.42, 0.5), (0.0, 0.5)]
STROKES: dict[str, list[list[Pair]]] = {
    "A": [[(0, 0), (0.33, 1), (0.66, 0)], [(0.13, 0.36), (0.53, 0.36)]],
    "D": [[(0, 0), (0, 1), (0.3, 1), (0.55, 0.85), (0.64, 0.5), (0.55, 0.15), (0.3, 0), (0, 0)]],
    "E": [[(0.6, 1), (0, 1), (0, 0), (0.6, 0)], [(0, 0.52), (0.5, 0.52)]],
    "I": [[(0.33, 0), (0.33, 1)]],
    "L": [[(0, 1), (0, 0), (0.6, 0)]],
    "M": [[(0, 0), (0, 1), (0.35, 0.35), (0.7, 1), (0.7, 0)]],
    "N": [[(0, 0), (0, 1), (0.64, 0), (0.64, 1)]],
    "P": [[(0, 0), (0, 1)], _BOWL],
    "R": [[(0, 0), (0, 1)], _BOWL, [(0.34, 0.5), (0.66, 0)]],
    "T": [[(0, 1), (0.66, 1)], [(0.33, 1), (0.33, 0)]],
    "V": [[(0, 1), (0.33, 0), (0.66, 1)]],
    "X": [[(0, 0), (0.64, 1)], [(0, 1), (0.64, 0)]],
}
"""Strokes of each letter in its cell: x to the right, y UP from the base line, height 1."""

_PLATE = 0.12  # line integral of the plastic plate
_LEAD = 0.6  # mm
_ADVANCE = 1.0
_STROKE = 0.1  # half the stroke's width, in heights


def marker(
    grid: Grid, text: str, position: Pair, height: float, plate: bool = True
) -> tuple[Array, NDArray[np.bool_]]:
    """Line integral (H, W) of a marker, and the mask of its plate (or of its lead alone).

    ``position`` is the centre of the plate in mm, ``height`` that of the letters in mm.
    Letters are drawn with distances, so their edges are covered smoothly.
    """
    unknown = sorted(set(text) - set(STROKES))
    if unknown or not text:
        raise ValueError(f"no glyph for {unknown}; there are {''.join(STROKES)}")
    half_width = height * (0.5 * _ADVANCE * len(text) + 0.1)
    half_height = height * 0.8
    corner = np.array([position[0] - half_width, position[1] - half_height])
    box = np.array([corner, 2 * np.array(position) - corner])
    window = grid.window(box, 1.0)
    x, y = grid.axes(window)
    ground = np.hypot(
        np.maximum(np.abs(x - position[0]) - half_width + 1.5, 0),
        np.maximum(np.abs(y - position[1]) - half_height + 1.5, 0),
    )
    cover = np.clip((1.5 - ground) / grid.spacing + 0.5, 0, 1) * (1.0 if plate else 0.0)
    lead = np.zeros(cover.shape)
    for index, letter in enumerate(text):
        left = position[0] - height * (0.5 * _ADVANCE * len(text) - _ADVANCE * index - 0.18)
        origin = np.array([left, position[1] + 0.5 * height])
        for stroke in STROKES[letter]:
            points = origin + height * np.array(stroke, np.float64) * (1, -1)
            points = spline(points, closed=False) if stroke is _BOWL else points
            distance, _ = polyline_distance(points, x, y, closed=False)
            edge = (_STROKE * height - distance) / grid.spacing + 0.5
            lead = np.maximum(lead, np.clip(edge, 0, 1))
    line, mask = np.zeros(grid.shape), np.zeros(grid.shape, bool)
    line[window] = _PLATE * cover + physics.LEAD * _LEAD * lead
    mask[window] = (cover > 0) | (lead > 0)
    if not mask.any():
        raise ValueError(f"a marker at {position} mm lies outside the picture")
    return line, mask
