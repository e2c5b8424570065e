"""Where an image lies in the patient (PS3.3 C.7.6.2.1.1)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from operator import mul

_SAME = 1e-3  # of direction cosines
_STRAIGHT = 1e-2


@dataclass(frozen=True)
class ImagePlane:
    """``position`` (3) is the centre of the first pixel, mm in patient coordinates; ``orientation``
    (6) the direction cosines of a row, to the right, and of a column, down.
    ``frame_of_reference``: the UID of what they count from, "" where the file does not say."""

    position: tuple[float, ...]
    orientation: tuple[float, ...]
    frame_of_reference: str = ""

    def is_parallel(self, other: ImagePlane) -> bool:
        """Whether rows and columns of both point the same way."""
        pairs = zip(self.orientation, other.orientation, strict=True)
        return all(abs(mine - its) < _SAME for mine, its in pairs)

    @property
    def is_sound(self) -> bool:
        """Whether both directions are of length 1 and at right angles, so that lengths mean mm."""
        row, column = self.orientation[:3], self.orientation[3:]
        lengths = math.hypot(*row), math.hypot(*column)
        straight = all(abs(length - 1) < _STRAIGHT for length in lengths)
        return straight and abs(sum(map(mul, row, column))) < _STRAIGHT

    @property
    def distance(self) -> float:
        """mm along the normal: the direction of a row cross that of a column."""
        (rx, ry, rz, cx, cy, cz), (x, y, z) = self.orientation, self.position
        return (ry * cz - rz * cy) * x + (rz * cx - rx * cz) * y + (rx * cy - ry * cx) * z

    def from_first_pixel(self, point: tuple[float, ...]) -> tuple[float, float]:
        """How many mm to the right along a row and down a column a point of the patient lies."""
        away = [its - mine for its, mine in zip(point, self.position, strict=True)]
        row, column = self.orientation[:3], self.orientation[3:]
        return sum(map(mul, away, row)), sum(map(mul, away, column))
