"""Synthetic radiographs made from bodies and Beer-Lambert's law, with exact regions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.phantoms import chest, foot, hand, knee, physics
from engine.phantoms.bodies import Grid
from engine.phantoms.marker import marker as lead_marker
from engine.phantoms.physics import Exposure
from engine.phantoms.scene import Scene


@dataclass(frozen=True)
class Phantom:
    """A synthetic radiograph; arrays are (H, W), row 0 at the top.

    ``image`` is 12-bit and bone white, 0 where the collimator was closed. ``anatomy`` is the class
    of the models, ``body_part`` DICOM's term, ``laterality`` "L", "R" or "". ``pixel_spacing`` is
    (row, column) in mm at the detector. ``regions`` are exact masks of what the beam met: each
    bone, discs about joints ("PIP 3"), "body", "collimation" (closed) and "marker".
    """

    name: str
    anatomy: str
    body_part: str
    laterality: str
    view: str
    image: NDArray[np.uint16]
    pixel_spacing: tuple[float, float]
    regions: Mapping[str, NDArray[np.bool_]]


@dataclass(frozen=True)
class Recipe:
    """What one picture is made of. Lengths in mm; ``grain`` is the trabeculae's (band, stretch)."""

    name: str
    anatomy: str
    body_part: str
    laterality: str
    view: str
    grid: Grid
    build: Callable[[Scene], None]
    marker_text: str
    marker_position: tuple[float, float]
    exposure: Exposure
    marker_height: float = 11.0
    field_edges: tuple[float, float, float, float] = (6.0, 6.0, 6.0, 6.0)
    grain: tuple[tuple[float, float], float] = ((0.4, 2.2), 2.0)


_HAND = Exposure(quanta=7.0e5, gain=2000.0)
_KNEE = Exposure(quanta=1.8e6, gain=1500.0, level=1.6)
_CHEST = Exposure(
    quanta=2.2e7,
    gain=1300.0,
    scatter=1.2,
    scatter_sigma=30.0,
    flatten=0.5,
    flatten_sigma=35.0,
    level=1.2,
)
_FOOT = Exposure(quanta=5.0e5, gain=1800.0, flatten=0.68, level=0.5)
_STREAKS = ((0.6, 3.0), 2.6)

PHANTOMS: tuple[Recipe, ...] = (
    Recipe(
        "hand", "hand_wrist", "HAND", "L", "PA", hand.GRID, hand.build, "L", (28.0, 226.0), _HAND
    ),
    Recipe(
        "knee", "knee", "KNEE", "R", "AP", knee.GRID, knee.build, "R", (20.0, 30.0), _KNEE,
        grain=_STREAKS,
    ),
    Recipe(
        "chest", "chest", "CHEST", "", "PA", chest.GRID, chest.build, "R", (30.0, 24.0), _CHEST,
        marker_height=13.0,
    ),
    Recipe("foot", "foot", "FOOT", "L", "DP", foot.GRID, foot.build, "L", (22.0, 26.0), _FOOT),
)  # fmt: skip
"""Every phantom, in the order of the sample study's series."""


def recipe(name: str) -> Recipe:
    """The recipe called ``name``."""
    for item in PHANTOMS:
        if item.name == name:
            return item
    raise ValueError(f"no phantom {name!r}; there are {', '.join(r.name for r in PHANTOMS)}")


def _scene(r: Recipe, rng: np.random.Generator) -> Scene:
    band, stretch = r.grain
    shape, spacing = r.grid.shape, r.grid.spacing
    grain = physics.texture(shape, spacing, band, stretch, rng)
    scene = Scene(r.grid, grain, physics.texture(shape, spacing, (11.0, 60.0), 1.0, rng))
    r.build(scene)
    return scene


def make(
    name: str,
    seed: int = 7,
    *,
    marker: bool = True,
    marker_text: str | None = None,
    marker_position: tuple[float, float] | None = None,
    noise: bool = True,
) -> Phantom:
    """Take the radiograph ``name``; the same arguments always give the same picture.

    ``marker_text`` is of the letters in ``marker.STROKES``, ``marker_position`` the marker's
    centre in mm from the top-left corner. The region ``marker`` (there with ``marker`` only) holds
    every pixel that the marker can change.
    """
    r = recipe(name)
    rng = np.random.default_rng([seed, sum(map(ord, name))])
    grid, e = r.grid, r.exposure
    scene = _scene(r, rng)
    signal = physics.expose(scene.line, grid.spacing, e)
    slow = physics.slow_blur(scene.line, e.flatten_sigma / grid.spacing)
    if marker:
        text, position = marker_text or r.marker_text, marker_position or r.marker_position
        line, mask = lead_marker(grid, text, position, r.marker_height)
        signal = signal * physics.transmission(line)
        scene.regions["marker"] = physics.reach(mask, grid.spacing, e)
    read = physics.detect(signal, grid.spacing, e, rng if noise else None)
    opened = physics.shutter(grid.shape, grid.spacing, r.field_edges)
    image = np.rint(physics.present(read, slow, grid.spacing, e) * opened).astype(np.uint16)
    regions = {n: mask & (opened > 0) for n, mask in scene.regions.items()}
    regions = {n: mask for n, mask in regions.items() if mask.any()}
    regions["collimation"] = opened == 0
    spacing = (grid.spacing, grid.spacing)
    return Phantom(r.name, r.anatomy, r.body_part, r.laterality, r.view, image, spacing, regions)
