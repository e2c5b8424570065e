"""Where the frame lies in the viewport: zoom, centre and turn, and points both ways."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import lru_cache

from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QTransform

from viewer.render.turn import AS_IT_IS, Turn

ZOOM_LIMITS = (0.02, 40.0)
Extent = tuple[tuple[int, int], float]
"""The size (height, width) of a frame and its aspect ratio."""


def as_share(point: tuple[float, float], here: Extent, there: Extent) -> tuple[float, float]:
    """The point of another frame at the same shares of its sides."""
    (height, width), (rows, columns) = here[0], there[0]
    return point[0] * columns / width, point[1] * rows / height


def scale_of(transform: QTransform) -> float:
    """Screen pixels per frame column, however the frame is turned."""
    return math.hypot(transform.m11(), transform.m12())


@dataclass(frozen=True)
class View:
    """``zoom``: screen pixels per frame column, or None to fit; ``centre``: the frame point (x, y)
    in the middle of the viewport, or None for the middle of the frame; ``turn``: how it is turned.

    Screen pixels are logical ones; frame points are pixels from the corner of the first one.
    """

    zoom: float | None = None
    centre: tuple[float, float] | None = None
    turn: Turn = AS_IT_IS

    def scale(self, viewport: QRectF, size: tuple[int, int], aspect: float) -> float:
        """Screen pixels per frame column; fitting leaves no part of the frame outside."""
        return self._fit(viewport, size, aspect) if self.zoom is None else self.zoom

    def _fit(self, viewport: QRectF, size: tuple[int, int], aspect: float) -> float:
        across, down = float(size[1]), size[0] * aspect
        if self.turn.sideways:
            across, down = down, across
        return min(viewport.width() / across, viewport.height() / down)

    def transform(self, viewport: QRectF, size: tuple[int, int], aspect: float) -> QTransform:
        """Frame points → screen points; not to be changed."""
        return _transform(self, viewport.getRect(), size, aspect)

    def onto(self, viewport: QRectF, here: Extent, there: Extent, turn: Turn) -> View:
        """The same view of another frame, which has a turn of its own: as much larger than it is
        when it is fitted, about the same place as a share of its sides."""
        zoom, centre, fitted = self.zoom, self.centre, View(turn=turn)
        if zoom is not None:
            zoom *= fitted._fit(viewport, *there) / self._fit(viewport, *here)
        if centre is not None:
            centre = as_share(centre, here, there)
        return View(zoom, centre, turn)

    def zoomed(
        self,
        factor: float,
        at: QPointF,
        viewport: QRectF,
        size: tuple[int, int],
        aspect: float,
    ) -> View:
        """Zoomed by ``factor``; the frame point under the screen point ``at`` stays there. The
        limits leave room for fitting the largest and the smallest frames."""
        before = self.transform(viewport, size, aspect)
        inverse, _ = before.inverted()
        fixed = inverse.map(at)
        fit = self._fit(viewport, size, aspect)
        low, high = min(ZOOM_LIMITS[0], fit), max(ZOOM_LIMITS[1], fit)
        zoom = min(high, max(low, self.scale(viewport, size, aspect) * factor))
        found = View(zoom, (fixed.x(), fixed.y()), self.turn)  # it lies in the middle, not ``at``
        return found.panned(at - viewport.center(), viewport, size, aspect)

    def panned(self, by: QPointF, viewport: QRectF, size: tuple[int, int], aspect: float) -> View:
        """Moved by a screen distance: the picture follows the hand."""
        height, width = size
        x, y = self.centre or (width / 2, height / 2)
        there = self.transform(viewport, size, aspect)
        inverse, _ = QTransform(there.m11(), there.m12(), there.m21(), there.m22(), 0, 0).inverted()
        step = inverse.map(by)
        zoom = self.scale(viewport, size, aspect)
        return replace(self, zoom=zoom, centre=(x - step.x(), y - step.y()))

    def kept(self, size: tuple[int, int]) -> View:
        """With a point of the frame in the middle, so that the picture cannot be lost."""
        if self.centre is None:
            return self
        (x, y), (height, width) = self.centre, size
        return replace(self, centre=(min(max(x, 0.0), width), min(max(y, 0.0), height)))


@lru_cache(maxsize=32)
def _transform(
    view: View, edges: tuple[float, float, float, float], size: tuple[int, int], aspect: float
) -> QTransform:
    """A frame asks for the same one several times."""
    viewport, (height, width) = QRectF(*edges), size
    scale = view.scale(viewport, size, aspect)
    x, y = view.centre or (width / 2, height / 2)
    a, b, c, d = view.turn.matrix
    across = QTransform(a * scale, c * scale, b * scale * aspect, d * scale * aspect, 0, 0)
    rest = viewport.center() - across.map(QPointF(x, y))
    return across * QTransform.fromTranslate(rest.x(), rest.y())
