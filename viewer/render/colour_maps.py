"""Colour maps for positive responses: perceptually ordered and safe for colour-blind readers."""

from __future__ import annotations

from functools import lru_cache

import cmap
import numpy as np
from numpy.typing import NDArray

# shown name → name in the colour map library
COLOUR_MAPS = {
    "plasma": "bids:plasma",
    "viridis": "bids:viridis",
    "cividis": "cividis:cividis",
    "inferno": "bids:inferno",
    "hot": "matlab:hot",
    "turbo": "google:turbo",
}


@lru_cache(maxsize=len(COLOUR_MAPS))
def table(name: str) -> NDArray[np.uint8]:
    """256 colours of a map, uint8 [256, 3] RGB. Raises KeyError for an unknown name."""
    colours = cmap.Colormap(COLOUR_MAPS[name])(np.linspace(0, 1, 256))
    return np.rint(np.asarray(colours)[:, :3] * 255).astype(np.uint8)
