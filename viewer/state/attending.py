"""How much of each layer's response lies in a region, worked out in the background."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, Signal

from engine.evidence.agreement import agreement
from engine.results import Explanation
from engine.shapes import Shape
from viewer.render.overlay import shown_values

if TYPE_CHECKING:
    from viewer.state.workbench import Workbench

_SMOOTHING = 1.0  # times the layer's own width: figures do not follow the slider


@dataclass(frozen=True)
class Attention:
    """A value a layer, in the order of the explanation's: ``masses`` are shares (0…1) of the shown
    response inside the region, ``lifts`` those over the region's share of the area (1 is chance).
    NaN for a layer without any response."""

    masses: tuple[float, ...]
    lifts: tuple[float, ...]

    @property
    def highest(self) -> int | None:
        """The layer (from 0) with the highest lift; None where no layer responds."""
        known = [index for index, lift in enumerate(self.lifts) if not math.isnan(lift)]
        return max(known, key=lambda index: self.lifts[index], default=None)


class Attending(QObject):
    """Figures of the regions of one explanation at a time."""

    changed = Signal()

    def __init__(self, workbench: Workbench) -> None:
        super().__init__(workbench)
        self._inquiry = workbench.inquiry("what if")
        self._inquiry.answered.connect(self._take)
        self._explanation: Explanation | None = None
        self._maps: list[NDArray[np.float64]] = []
        self._known: dict[Shape, Attention] = {}

    def of(self, shape: Shape) -> Attention | None:
        """None until it is known."""
        return self._known.get(shape)

    def follow(self, explanation: Explanation | None, shapes: tuple[Shape, ...]) -> None:
        """Work out what is not known of these regions of the frame."""
        if explanation is not self._explanation:
            self._explanation, self._maps, self._known = explanation, [], {}
            self._inquiry.cancel()
        missing = [shape for shape in shapes if shape not in self._known]
        if explanation is None or not missing:
            return
        maps = self._maps

        def work() -> dict[Shape, Attention]:
            if not maps:
                maps.extend(_maps(explanation))
            size = explanation.geometry.frame_size
            return {shape: _attention(maps, shape, size) for shape in missing}

        self._inquiry.run(work)

    def _take(self, found: dict[Shape, Attention]) -> None:
        self._known |= found
        self.changed.emit()


def _maps(explanation: Explanation) -> list[NDArray[np.float64]]:
    """Every layer as it is shown: float64 (h, w) ≥ 0 over the frame."""
    geometry = explanation.geometry
    shown = (shown_values(layer, geometry, _SMOOTHING) for layer in explanation.layers)
    return [values.astype(np.float64) for values in shown]


def _attention(
    maps: list[NDArray[np.float64]], shape: Shape, frame_size: tuple[int, int]
) -> Attention:
    from engine.rasters import coverage  # it pulls in OpenCV, which is slow to import

    nothing = (math.nan,) * len(maps)
    if not maps:
        return Attention((), ())
    region = coverage(shape, frame_size, maps[0].shape[:2])
    if not region.any():
        return Attention(nothing, nothing)
    figures = [agreement(values, region) for values in maps]
    return Attention(
        tuple(figure.mass for figure in figures), tuple(figure.lift for figure in figures)
    )
