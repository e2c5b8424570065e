"""Where the frame lies in the viewport: zoom and centre, and points both ways."""

from __future__ import annotations

from dataclasses import dataclass, replace

from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QTransform

ZOOM_LIMITS = (0.02, 40.0)


@dataclass(frozen=True)
class View:
    """``zoom``: screen pixels per frame column, or None to fit; ``centre``: the frame point (x, y)
    in the middle of the viewport, or None for the middle of the frame.

    Screen pixels are logical ones; frame points are pixels from the corner of the first one.
    """

    zoom: float | None = None
    centre: tuple[float, float] | None = None

    def scale(self, viewport: QRectF, size: tuple[int, int], aspect: float) -> float:
        """Screen pixels per frame column; fitting leaves no part of the frame outside."""
        if self.zoom is not None:
            return self.zoom
        height, width = size
        return min(viewport.width() / width, viewport.height() / (height * aspect))

    def transform(self, viewport: QRectF, size: tuple[int, int], aspect: float) -> QTransform:
        """Frame points → screen points."""
        height, width = size
        scale = self.scale(viewport, size, aspect)
        x, y = self.centre or (width / 2, height / 2)
        middle = viewport.center()
        return QTransform(
            scale, 0, 0, scale * aspect, middle.x() - x * scale, middle.y() - y * scale * aspect
        )

    def zoomed(
        self,
        factor: float,
        at: QPointF,
        viewport: QRectF,
        size: tuple[int, int],
        aspect: float,
    ) -> View:
        """Zoomed by ``factor``; the frame point under the screen point ``at`` stays there."""
        before = self.transform(viewport, size, aspect)
        inverse, _ = before.inverted()
        fixed = inverse.map(at)
        low, high = ZOOM_LIMITS
        zoom = min(high, max(low, self.scale(viewport, size, aspect) * factor))
        middle = viewport.center()
        centre = (
            fixed.x() + (middle.x() - at.x()) / zoom,
            fixed.y() + (middle.y() - at.y()) / (zoom * aspect),
        )
        return View(zoom, centre)

    def panned(self, by: QPointF, viewport: QRectF, size: tuple[int, int], aspect: float) -> View:
        """Moved by a screen distance: the picture follows the hand."""
        height, width = size
        scale = self.scale(viewport, size, aspect)
        x, y = self.centre or (width / 2, height / 2)
        moved = (x - by.x() / scale, y - by.y() / (scale * aspect))
        return replace(self, zoom=scale, centre=moved)
