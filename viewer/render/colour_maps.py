"""Colour maps of responses: perceptually ordered and safe for colour-blind readers."""

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
# for signed responses; blue is negative, red or brown positive. Berlin is dark in the middle, so
# that both ends shine over a dark scan
DIVERGING_MAPS = {
    "berlin": "crameri:berlin",
    "vik": "crameri:vik",
    "broc": "crameri:broc",
    "blue to red": "colorbrewer:RdBu_r",
}
_UPPER = 232  # of 255: bright in every sequential map, and not yet its end


@lru_cache(maxsize=len(COLOUR_MAPS) + len(DIVERGING_MAPS))
def table(name: str) -> NDArray[np.uint8]:
    """256 colours of a map, uint8 [256, 3] RGB. Raises KeyError for an unknown name."""
    library_name = {**COLOUR_MAPS, **DIVERGING_MAPS}[name]
    colours = cmap.Colormap(library_name)(np.linspace(0, 1, 256))
    return np.rint(np.asarray(colours)[:, :3] * 255).astype(np.uint8)


@lru_cache(maxsize=len(COLOUR_MAPS) + len(DIVERGING_MAPS))
def packed(name: str) -> NDArray[np.uint32]:
    """The same, uint32 [256] as 0xffRRGGBB; not to be changed."""
    return as_rgb32(table(name))


def as_rgb32(colours: NDArray[np.uint8]) -> NDArray[np.uint32]:
    """RGB uint8 (…, 3) as uint32 (…) of 0xffRRGGBB."""
    red, green, blue = np.moveaxis(colours.astype(np.uint32), -1, 0)
    return np.asarray(0xFF000000 | red << 16 | green << 8 | blue, np.uint32)


def accent(name: str, negative: bool = False) -> tuple[int, int, int]:
    """RGB of contours: the upper part of a sequential map; the brightest colour of the outer
    quarter at one end of a diverging one."""
    colours = table(name)
    if name in COLOUR_MAPS:
        red, green, blue = colours[_UPPER].tolist()
    else:
        outer = colours[:64] if negative else colours[192:]
        red, green, blue = outer[outer.sum(1, dtype=np.int64).argmax()].tolist()
    return red, green, blue
