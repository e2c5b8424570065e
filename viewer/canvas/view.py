"""Where the frame lies in the viewport: zoom, centre and turn, and points both ways."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import lru_cache

from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QTransform

from viewer.render.turn import AS_IT_IS, Turn
from viewer.state.linking import Link

ZOOM_LIMITS = (0.02, 40.0)
NO_ROOM = (0.0, 0.0)


def scale_of(transform: QTransform) -> float:
    """Screen pixels per frame column, however the frame is turned."""
    return math.hypot(transform.m11(), transform.m12())


@dataclass(frozen=True)
class View:
    """``zoom``: screen pixels per frame column, or None to fit; ``centre``: the frame point (x, y)
    in the middle of the viewport, or None for the middle of the frame; ``turn``: how it is turned.
    Fitting leaves ``room`` (across and down the screen, in frame columns) for other frames that are
    shown in the same scale.

    Screen pixels are logical ones; frame points are pixels from the corner of the first one.
    """

    zoom: float | None = None
    centre: tuple[float, float] | None = None
    turn: Turn = AS_IT_IS
    room: tuple[float, float] = NO_ROOM

    def scale(self, viewport: QRectF, size: tuple[int, int], aspect: float) -> float:
        """Screen pixels per frame column; fitting leaves no part of the frame outside."""
        return self._fit(viewport, size, aspect) if self.zoom is None else self.zoom

    def _fit(self, viewport: QRectF, size: tuple[int, int], aspect: float) -> float:
        across, down = float(size[1]), size[0] * aspect
        if self.turn.sideways:
            across, down = down, across
        across, down = max(across, self.room[0]), max(down, self.room[1])
        return min(viewport.width() / across, viewport.height() / down)

    def transform(self, viewport: QRectF, size: tuple[int, int], aspect: float) -> QTransform:
        """Frame points → screen points; not to be changed."""
        return _transform(self, viewport.getRect(), size, aspect)

    def onto(self, viewport: QRectF, link: Link, turn: Turn) -> View:
        """The same view of another frame, which has a turn of its own: about the place that belongs
        to its middle, in the same scale or else as much larger than it is when it is fitted."""
        (height, width), _ = link.here
        if link.one_scale:
            centre = link.point(self.centre or (width / 2, height / 2))
            return View(self.scale(viewport, *link.here) / link.per[0], centre, turn)
        alone, zoom = replace(self, room=NO_ROOM), self.zoom
        if zoom is None and self.room != NO_ROOM:
            zoom = self.scale(viewport, *link.here)
        if zoom is not None:
            fitted = View(turn=turn)._fit(viewport, *link.there)
            zoom *= fitted / alone._fit(viewport, *link.here)
        return View(zoom, None if self.centre is None else link.point(self.centre), turn)

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
        now = self.scale(viewport, size, aspect)  # may be beyond the limits over another frame
        low, high = min(ZOOM_LIMITS[0], fit, now), max(ZOOM_LIMITS[1], fit, now)
        zoom = min(high, max(low, now * factor))
        # first with the point in the middle, then where it was
        found = replace(self, zoom=zoom, centre=(fixed.x(), fixed.y()))
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

    def kept(self, size: tuple[int, int], before: View) -> View:
        """With a point of the frame in the middle, so that the picture cannot be lost, or no
        farther from that than ``before``: the middle may belong to another frame alone."""
        if self.centre is None:
            return self
        (x, y), (height, width) = self.centre, size
        was_x, was_y = before.centre or (width / 2, height / 2)
        x = min(max(x, min(0.0, was_x)), max(width, was_x))
        return replace(self, centre=(x, min(max(y, min(0.0, was_y)), max(height, was_y))))


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
