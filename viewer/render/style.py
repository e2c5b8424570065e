"""How a response is shown. Nothing in here changes what was computed."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class OverlayStyle:
    """``threshold`` is a share (0…1) of the range; ``smoothing`` multiplies the layer's own
    width (0 shows the raw map); ``shared_range`` uses one value window for all layers. The overlay
    is off until it is asked for, so that the scan is read first."""

    visible: bool = False
    fill: bool = True
    contours: bool = True
    opacity: float = 0.45
    threshold: float = 0.35
    colour_map: str = "plasma"
    shared_range: bool = False
    smoothing: float = 1.0
