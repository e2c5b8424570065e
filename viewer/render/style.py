"""How a response is shown. Nothing in here changes what was computed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Shows = Literal["layer", "classes"]


@dataclass(frozen=True)
class OverlayStyle:
    """``threshold`` is a share (0…1) of the range; ``smoothing`` multiplies the layer's own
    width (0 shows the raw map); ``shared_range`` uses one value window for all layers. ``signed``
    shows what speaks against, too, in the colours of ``diverging_map``; otherwise the positive part
    alone is shown, in those of ``colour_map``. ``shows`` is the chosen layer, or which class
    dominates where. ``grid`` draws the layer's native grid, ``mark_maximum`` a crosshair at the
    strongest point. The overlay is off until it is asked for, so that the scan is read first."""

    visible: bool = False
    shows: Shows = "layer"
    signed: bool = False
    fill: bool = True
    contours: bool = True
    grid: bool = False
    mark_maximum: bool = False
    opacity: float = 0.45
    threshold: float = 0.35
    colour_map: str = "plasma"
    diverging_map: str = "berlin"
    shared_range: bool = False
    smoothing: float = 1.0

    @property
    def colours(self) -> str:
        """The name of the colour map in use."""
        return self.diverging_map if self.signed else self.colour_map
