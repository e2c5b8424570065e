"""The scene in front of the detector: adds bodies up to one line integral, keeps their masks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from engine.phantoms import physics
from engine.phantoms.bodies import Array, Grid, Window, inflate, outline_distance, thickness
from engine.phantoms.outlines import Pair, Points, polyline_distance


@dataclass(frozen=True)
class Bone:
    """A bone of the plane outline ``outline`` (N, 2) mm; other lengths in mm too.

    ``cortex`` is the shell at the ends, ``shaft`` what the shell gains halfway along ``axis``
    (base, head), where the spongiosa gives way to marrow. ``depth`` stretches along the beam,
    ``cap`` is the most that the inflated outline may be thick before that. ``rim`` is the extra
    cortical path along a second contour inside the first, as the far edges of a joint draw it.
    """

    name: str
    outline: Points
    cortex: float
    shaft: float = 0.0
    axis: tuple[Pair, Pair] | None = None
    depth: float = 1.0
    cap: float = 40.0
    marrow: float = 0.75
    grain: float = 0.5
    rim: float = 0.5


@dataclass
class Scene:
    """Line integrals (H, W) of everything added so far, and the masks (H, W) of what has a name.

    ``grain`` is the fine texture of the trabeculae, ``mottle`` a coarse one that makes shells and
    soft tissue uneven; both (H, W), mean 0 and sigma 1.
    """

    grid: Grid
    grain: Array
    mottle: Array
    line: Array = field(init=False)
    regions: dict[str, NDArray[np.bool_]] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        self.line = np.zeros(self.grid.shape)

    def mark(self, name: str, window: Window, mask: NDArray[np.bool_]) -> None:
        """Add a window's mask to the region ``name``."""
        region = self.regions.setdefault(name, np.zeros(self.grid.shape, bool))
        region[window] |= mask

    def add_soft(self, d: Array, cap: float, depth: float = 1.0, name: str = "body") -> Array:
        """Soft tissue filling the signed distance ``d`` (H, W); returns its thickness, mm."""
        path = depth * thickness(d, inflate(d, self.grid.spacing, cap, nodes=256))
        self.line += physics.SOFT * (path + 0.1 * self.mottle * np.sqrt(path))
        self.mark(name, self.grid.whole, d > 0)
        return path

    def add_filled(
        self, name: str, outline: Points, mu: float, cap: float, depth: float = 1.0
    ) -> None:
        """A body of coefficient ``mu`` (1/mm) that takes the place of soft tissue."""
        window = self.grid.window(outline, 1.0)
        d = outline_distance(self.grid, outline, window)
        path = depth * thickness(d, inflate(d, self.grid.spacing, cap))
        self.line[window] += (mu - physics.SOFT) * path
        if name:
            self.mark(name, window, d > 0)

    def add_bone(self, bone: Bone) -> None:
        """A bone in place of soft tissue: cortical shell around spongiosa with trabecular grain."""
        window = self.grid.window(bone.outline, 1.0)
        d = outline_distance(self.grid, bone.outline, window)
        g = inflate(d, self.grid.spacing, bone.cap)
        along = self._along(bone, window)
        middle = (
            np.clip(1.25 * np.sin(np.pi * along.clip(0, 1)) - 0.25, 0, 1) if bone.axis else along
        )
        uneven = 1.0 + 0.2 * self.mottle[window].clip(-2, 2)
        cavity = bone.depth * thickness(d, g, bone.cortex * uneven + bone.shaft * middle)
        shell = bone.depth * thickness(d, g) - cavity
        second = np.exp(-(((d - 2.4 * bone.cortex * uneven - 0.4) / 0.4) ** 2)) * (uneven - 0.5)
        shell += np.minimum(bone.rim * second * (1 - middle) ** 2, cavity)
        share = 1.0 - bone.marrow * np.clip(1.6 * middle - 0.3, 0, 1)
        self._deposit(window, shell, cavity, share, bone.grain)
        self.mark(bone.name, window, d > 0)

    def add_shell(self, line: Points, width: float, path: float) -> None:
        """A thin sheet of cortical bone seen edge-on: ``path`` mm deep along an open polyline."""
        window = self.grid.window(line, 4 * width)
        distance, _ = self._from_line(line, window)
        uneven = (1.0 + 0.4 * self.mottle[window]).clip(0.1, 2)
        extra = path * uneven * np.exp(-((distance / width) ** 2))
        self.line[window] += (physics.CORTICAL - physics.SPONGIOSA) * extra

    def add_tube(
        self,
        name: str,
        line: Points,
        radius: Sequence[float],
        shell: float,
        depth: Sequence[float] = (1.0,),
        grain: float = 0.2,
    ) -> None:
        """A bony tube about an open polyline; ``radius`` and ``depth`` run evenly along it."""
        window = self.grid.window(line, max(radius) + 1.0)
        distance, along = self._from_line(line, window)
        r = np.interp(along, np.linspace(0, 1, len(radius)), radius)
        stretch = np.interp(along, np.linspace(0, 1, len(depth)), depth)
        d, g = r - distance, r + distance
        cavity = stretch * thickness(d, g, shell)
        share = np.ones(d.shape)
        self._deposit(window, stretch * thickness(d, g) - cavity, cavity, share, grain)
        if name:
            self.mark(name, window, d > 0)

    def tube_path(self, path: Array, line: Points, radius: Sequence[float]) -> None:
        """Raise ``path`` (H, W, mm) to the thickness of a tube, where that is more."""
        window = self.grid.window(line, max(radius) + 1.0)
        if min(window[0].stop - window[0].start, window[1].stop - window[1].start) < 3:
            return
        distance, along = self._from_line(line, window)
        r = np.interp(along, np.linspace(0, 1, len(radius)), radius)
        path[window] = np.maximum(path[window], thickness(r - distance, r + distance))

    def joint(self, name: str, centre: Pair, radius: float) -> None:
        """A named region: the disc of ``radius`` mm about the centre of a joint."""
        window = self.grid.window(np.array([centre]), radius + 1.0)
        x, y = self.grid.axes(window)
        self.mark(name, window, np.hypot(x - centre[0], y - centre[1]) < radius)

    def _from_line(self, line: Points, window: Window) -> tuple[Array, Array]:
        x, y = self.grid.axes(window)
        return polyline_distance(line, x, y, closed=False)

    def _along(self, bone: Bone, window: Window) -> Array:
        x, y = self.grid.axes(window)
        if bone.axis is None:
            return np.zeros(np.broadcast_shapes(x.shape, y.shape))
        (ax, ay), (bx, by) = bone.axis
        squared = (bx - ax) ** 2 + (by - ay) ** 2
        return ((x - ax) * (bx - ax) + (y - ay) * (by - ay)) / squared

    def _deposit(
        self, window: Window, shell: Array, cavity: Array, share: Array, grain: float
    ) -> None:
        rough = grain * self.grain[window] * np.sqrt(cavity) * share
        inner = (physics.SPONGIOSA - physics.SOFT) * (cavity * share + rough)
        self.line[window] += (physics.CORTICAL - physics.SOFT) * shell + inner
