"""The native grid of a layer on the frame: how coarse is what a map says."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from engine.geometry import InputGeometry
from engine.results import LayerResponse


@dataclass(frozen=True)
class Grid:
    """Edges between cells in frame pixels: ``across`` the x of upright lines, ``down`` the y of
    level ones; those outside the frame, over the padding of the input, are left out. ``size`` is
    (rows, columns) of the whole grid."""

    across: tuple[float, ...]
    down: tuple[float, ...]
    size: tuple[int, int]

    @property
    def words(self) -> str:
        """``14 × 14 grid``."""
        return f"{self.size[1]} × {self.size[0]} grid"


def native_grid(layer: LayerResponse, geometry: InputGeometry) -> Grid:
    """Where the cells of a layer's activations lie, each a like part of the model's input."""
    return _grid(*layer.native_shape[1:], geometry)


@lru_cache(maxsize=256)
def _grid(rows: int, columns: int, geometry: InputGeometry) -> Grid:
    x, y = geometry.offset
    across_scale, down_scale = geometry.scale
    height, width = geometry.frame_size
    return Grid(
        _inside((_edges(columns, geometry) - x) / across_scale, width),
        _inside((_edges(rows, geometry) - y) / down_scale, height),
        (rows, columns),
    )


def _edges(cells: int, geometry: InputGeometry) -> NDArray[np.float64]:
    return np.linspace(0.0, geometry.input_size, cells + 1)


def _inside(places: NDArray[np.float64], end: float) -> tuple[float, ...]:
    return tuple(float(place) for place in places if -1e-6 <= place <= end + 1e-6)
