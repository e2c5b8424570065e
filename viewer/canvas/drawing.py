"""A shape on its way: what the mouse has drawn so far. No widgets, no painting."""

from __future__ import annotations

from dataclasses import dataclass, field

from engine.shapes import MOST_POINTS, Kind, Point, Shape
from viewer.state.audit import Tool
from viewer.state.measurement import POINTS, Measure, Measurement

USUAL_WIDTH = 0.04
"""Diameter of brush strokes and points, as a share of the image's long side, if nothing is said."""


def width_of(tool: Tool, frame_size: tuple[int, int]) -> float:
    """The diameter of a tool in frame pixels; 0 for boxes and polygons."""
    if tool.kind not in ("stroke", "point"):
        return 0.0
    return max(1.0, (tool.width or USUAL_WIDTH) * max(frame_size))


@dataclass
class Drawing:
    """One shape, from the first press to :attr:`done`. Points are frame points, kept on the frame
    of ``size`` (height, width)."""

    kind: Kind
    width: float
    size: tuple[int, int]
    points: list[Point] = field(default_factory=list)
    done: bool = False
    _loose: Point | None = None  # where the next corner of a polygon would be

    def press(self, x: float, y: float) -> None:
        """The button went down: a start, or the next corner of a polygon."""
        self.points.append(self._kept(x, y))
        if self.kind == "box":
            self.points.append(self.points[0])
        self.done = self.kind == "point"

    def drag(self, x: float, y: float) -> None:
        """The mouse moved with the button down."""
        if self.kind == "box" and self.points:
            self.points[1] = self._kept(x, y)
        elif self.kind == "stroke" and self._far_enough(x, y):
            self.points.append(self._kept(x, y))
        else:
            self.hover(x, y)

    def hover(self, x: float, y: float) -> None:
        """The mouse moved with no button down."""
        if self.kind == "polygon" and self.points:
            self._loose = self._kept(x, y)

    def release(self) -> None:
        """The button went up: the end of boxes and strokes."""
        self.done = self.done or self.kind in ("box", "stroke")

    def close(self) -> None:
        """The end of a polygon."""
        self._loose = None
        self.done = True

    def back(self) -> None:
        """Take the last corner of a polygon away."""
        if self.kind == "polygon" and self.points:
            self.points.pop()

    def shape(self, least: float = 0.0) -> Shape | None:
        """What is there so far, None while it is nothing; ``least`` is the side in frame pixels
        below which a box or polygon was a slip of the hand."""
        points = [*self.points, self._loose] if self._loose else self.points
        unlike = [p for n, p in enumerate(points) if n == 0 or p != points[n - 1]]
        if self.kind == "polygon" and len(unlike) < 3:
            return None
        if not points:
            return None
        drawn = unlike if self.kind in ("polygon", "stroke") else points
        shape = Shape(self.kind, tuple(drawn), self.width)
        left, top, right, bottom = shape.bounds
        return shape if min(right - left, bottom - top) > least else None

    @property
    def path(self) -> tuple[Point, ...]:
        """The corners of a polygon that is not closed yet, with the loose end."""
        return (*self.points, self._loose) if self._loose else tuple(self.points)

    def _far_enough(self, x: float, y: float) -> bool:
        if not self.points or len(self.points) >= MOST_POINTS:
            return False
        last = self.points[-1]
        return abs(x - last[0]) + abs(y - last[1]) >= max(1.0, self.width / 8)

    def _kept(self, x: float, y: float) -> Point:
        return on_frame(x, y, self.size)


@dataclass
class MeasureDrawing:
    """One measurement, from the first press to :attr:`done`: each point is set where the button
    goes up, so that it can be dragged out as well as clicked point by point."""

    kind: Measure
    size: tuple[int, int]
    points: list[Point] = field(default_factory=list)
    done: bool = False
    _loose: Point = (0.0, 0.0)  # where the next point would be

    def press(self, x: float, y: float) -> None:
        self.move(x, y)
        if not self.points:
            self.points.append(self._loose)

    def move(self, x: float, y: float) -> None:
        self._loose = on_frame(x, y, self.size)

    def release(self, least: float) -> None:
        """Set the next point, unless it is nearer than ``least`` frame pixels to the last one; a
        region is as wide and as high as that, too."""
        across, down = (abs(a - b) for a, b in zip(self._loose, self.points[-1], strict=True))
        far = min(across, down) if self.kind in ("rectangle", "ellipse") else max(across, down)
        if far > least:
            self.points.append(self._loose)
            self.done = len(self.points) == POINTS[self.kind]

    def back(self) -> None:
        """Take the last point away."""
        self.points.pop()

    def measurement(self, item_id: str = "", number: int = 1) -> Measurement:
        """What is there so far; what is missing lies where the mouse is."""
        missing = POINTS[self.kind] - len(self.points)
        points = (*self.points, *[self._loose] * missing)
        return Measurement(item_id, self.kind, points, number)


def on_frame(x: float, y: float, size: tuple[int, int]) -> Point:
    """The nearest point of a frame of (height, width)."""
    height, width = size
    return min(max(x, 0.0), float(width)), min(max(y, 0.0), float(height))
