"""What a reader measures on an image: lengths, angles and regions, as points of the frame. Frozen.

Points are (x, y) in frame pixels from the top-left CORNER of the first pixel. What they come to is
:mod:`viewer.state.measured`'s business: the same picture may be shown with another spacing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal, get_args

from engine.shapes import Point

Measure = Literal["length", "angle", "rectangle", "ellipse"]
MEASURES: tuple[Measure, ...] = get_args(Measure)
POINTS: dict[Measure, int] = {"length": 2, "angle": 3, "rectangle": 2, "ellipse": 2}
"""How many points say where it is."""
_FARTHEST = 1e7  # pixels


@dataclass(frozen=True)
class Measurement:
    """``points``: the ends of a length; the end of one leg of an angle, its vertex, the end of the
    other leg; two opposite corners of a rectangle, or of the one around an ellipse. ``number``
    tells it from the others of the image. Raises :class:`ValueError` for what is none."""

    id: str
    kind: Measure
    points: tuple[Point, ...]
    number: int = 1

    def __post_init__(self) -> None:
        if self.kind not in MEASURES:
            raise ValueError(f"no measurement is called {self.kind!r}")
        if len(self.points) != POINTS[self.kind]:
            raise ValueError(f"{self.kind}: {POINTS[self.kind]} points, not {len(self.points)}")
        if not all(-_FARTHEST < value < _FARTHEST for point in self.points for value in point):
            raise ValueError("a measurement with a point that is no place on an image")

    @property
    def title(self) -> str:
        """``length 2``."""
        return f"{self.kind} {self.number}"

    @property
    def is_region(self) -> bool:
        """Whether it has an inside, with values."""
        return self.kind in ("rectangle", "ellipse")

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """(left, top, right, bottom)."""
        across, down = zip(*self.points, strict=True)
        return min(across), min(down), max(across), max(down)

    @property
    def handles(self) -> tuple[Point, ...]:
        """What can be taken hold of: the ends, the corners clockwise from the top left, or the
        top, right, bottom and left of an ellipse."""
        if not self.is_region:
            return self.points
        left, top, right, bottom = self.bounds
        if self.kind == "rectangle":
            return (left, top), (right, top), (right, bottom), (left, bottom)
        x, y = (left + right) / 2, (top + bottom) / 2
        return (x, top), (right, y), (x, bottom), (left, y)

    def with_handle(self, number: int, to: Point) -> Measurement:
        """One of the handles somewhere else; the opposite side stays."""
        if not self.is_region:
            points = tuple(to if n == number else point for n, point in enumerate(self.points))
            return replace(self, points=points)
        left, top, right, bottom = self.bounds
        if self.kind == "rectangle":
            left, right = (to[0], right) if number in (0, 3) else (left, to[0])
            top, bottom = (to[1], bottom) if number in (0, 1) else (top, to[1])
        elif number % 2:
            left, right = (to[0], right) if number == 3 else (left, to[0])
        else:
            top, bottom = (to[1], bottom) if number == 0 else (top, to[1])
        return replace(self, points=((left, top), (right, bottom)))

    def moved(self, across: float, down: float, size: tuple[int, int]) -> Measurement:
        """Moved as a whole, as far as the frame of ``size`` (height, width) goes."""
        left, top, right, bottom = self.bounds
        height, width = size
        across = min(max(across, min(0.0, -left)), max(0.0, width - right))
        down = min(max(down, min(0.0, -top)), max(0.0, height - bottom))
        return replace(self, points=tuple((x + across, y + down) for x, y in self.points))

    def to_facts(self) -> dict[str, Any]:
        """For JSON."""
        points = [list(point) for point in self.points]
        return {"id": self.id, "kind": self.kind, "number": self.number, "points": points}


def from_facts(row: Mapping[str, Any]) -> Measurement:
    """Back from JSON. Raises :class:`ValueError`, :class:`LookupError` or :class:`TypeError` for
    what is none."""
    points = tuple((float(x), float(y)) for x, y in row["points"])
    number = row["number"]
    if not (isinstance(number, int) and 0 < number < 1_000_000):
        raise ValueError("a measurement's number is missing")
    return Measurement(str(row["id"]), row["kind"], points, number)
