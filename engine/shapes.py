"""Regions of an image as a person draws them. Frozen, picklable, and needs neither numpy nor torch.

Points are (x, y) in frame pixels from the top-left CORNER of the first pixel (PS3.3 C.10.5.1.2).
:mod:`engine.rasters` makes pixels of them.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, get_args

Point = tuple[float, float]
Kind = Literal["box", "polygon", "stroke", "point"]
KINDS: tuple[Kind, ...] = get_args(Kind)
_LEAST = {"box": 2, "polygon": 3, "stroke": 1, "point": 1}
MOST_POINTS = 20_000
_FARTHEST = 1e7  # pixels


@dataclass(frozen=True)
class Shape:
    """``points``: two opposite corners of a box, the corners of a polygon, the path of a stroke,
    one point. ``width`` is the diameter of strokes and points, ``holes`` are polygons inside a
    polygon that do not belong to it; nothing else has them. Raises :class:`ValueError` for what is
    no shape."""

    kind: Kind
    points: tuple[Point, ...]
    width: float = 0.0
    holes: tuple[tuple[Point, ...], ...] = ()

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"no shape is called {self.kind!r}")
        exact = self.kind in ("box", "point")
        count, least = len(self.points), _LEAST[self.kind]
        if count < least or (exact and count != least):
            raise ValueError(f"a {self.kind} has {least} points, not {count}")
        if self.holes and (self.kind != "polygon" or min(map(len, self.holes)) < 3):
            raise ValueError("a hole is a polygon in a polygon")
        every = [*self.points, *(point for hole in self.holes for point in hole)]
        if len(every) > MOST_POINTS:
            raise ValueError(f"a shape of {len(every)} points; at most {MOST_POINTS} are used")
        if not all(-_FARTHEST < value < _FARTHEST for point in every for value in point):
            raise ValueError("a shape with a point that is no place on an image")
        if self.kind in ("stroke", "point"):
            if not 0 < self.width < _FARTHEST:
                raise ValueError(f"a {self.kind} needs a width, not {self.width}")
        elif self.width != 0:
            raise ValueError(f"a {self.kind} has no width, but {self.width} is given")

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """(left, top, right, bottom) of what it covers."""
        half = self.width / 2
        across, down = zip(*self.points, strict=True)
        return min(across) - half, min(down) - half, max(across) + half, max(down) + half

    @property
    def centre(self) -> Point:
        left, top, right, bottom = self.bounds
        return (left + right) / 2, (top + bottom) / 2

    @property
    def corners(self) -> tuple[Point, ...]:
        """What can be taken hold of: the four corners of a box, else the points."""
        if self.kind != "box":
            return self.points
        left, top, right, bottom = self.bounds
        return (left, top), (right, top), (right, bottom), (left, bottom)

    def moved(self, across: float, down: float) -> Shape:
        def shift(points: Sequence[Point]) -> tuple[Point, ...]:
            return tuple((x + across, y + down) for x, y in points)

        return replace(self, points=shift(self.points), holes=tuple(map(shift, self.holes)))

    def scaled(self, across: float, down: float) -> Shape:
        """The same region on a grid with ``across`` × ``down`` as many pixels; where they differ,
        a stroke keeps its area, not its width, which can be one number only."""

        def stretch(points: Sequence[Point]) -> tuple[Point, ...]:
            return tuple((x * across, y * down) for x, y in points)

        width = self.width * math.sqrt(across * down)
        return replace(
            self, points=stretch(self.points), width=width, holes=tuple(map(stretch, self.holes))
        )

    def with_corner(self, number: int, to: Point) -> Shape:
        """One of the :attr:`corners` taken elsewhere; the opposite corner of a box stays."""
        if self.kind != "box":
            points = list(self.points)
            points[number] = to
            return replace(self, points=tuple(points))
        return replace(self, points=(self.corners[(number + 2) % 4], to))

    def holds(self, x: float, y: float) -> bool:
        """Whether a point lies in it (odd-even rule)."""
        left, top, right, bottom = self.bounds
        if not (left <= x <= right and top <= y <= bottom):
            return False
        if self.kind == "box":
            return True
        if self.kind == "polygon":
            rings = (self.points, *self.holes)
            return sum(_inside(ring, x, y) for ring in rings) % 2 == 1
        pairs = zip(self.points, (*self.points[1:], self.points[-1]), strict=True)
        return any(_distance(start, end, x, y) <= self.width / 2 for start, end in pairs)

    def to_facts(self) -> dict[str, Any]:
        """For a JSON file."""
        facts: dict[str, Any] = {"kind": self.kind, "points": [list(p) for p in self.points]}
        if self.width:
            facts["width"] = self.width
        if self.holes:
            facts["holes"] = [[list(point) for point in hole] for hole in self.holes]
        return facts

    @classmethod
    def from_facts(cls, facts: Mapping[str, Any]) -> Shape:
        """Back from a JSON file. Raises :class:`ValueError` for what is no shape."""
        try:
            points = _points(facts["points"])
            holes = tuple(_points(hole) for hole in facts.get("holes", ()))
            return cls(facts["kind"], points, float(facts.get("width", 0.0)), holes)
        except (LookupError, TypeError, AttributeError, OverflowError) as error:
            raise ValueError(f"no shape: {type(error).__name__} {error}") from error


def box(left: float, top: float, right: float, bottom: float) -> Shape:
    return Shape("box", ((left, top), (right, bottom)))


def _points(rows: Any) -> tuple[Point, ...]:
    return tuple((float(x), float(y)) for x, y in rows)


def _inside(ring: Sequence[Point], x: float, y: float) -> bool:
    inside = False
    for (x0, y0), (x1, y1) in zip(ring, (*ring[1:], ring[0]), strict=True):
        if (y0 > y) != (y1 > y) and x < x0 + (y - y0) / (y1 - y0) * (x1 - x0):
            inside = not inside
    return inside


def _distance(start: Point, end: Point, x: float, y: float) -> float:
    """From (x, y) to the nearest point between two others."""
    across, down = end[0] - start[0], end[1] - start[1]
    length = across**2 + down**2
    along = ((x - start[0]) * across + (y - start[1]) * down) / length if length else 0.0
    along = min(1.0, max(0.0, along))
    return math.hypot(x - start[0] - along * across, y - start[1] - along * down)
