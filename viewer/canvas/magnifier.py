"""A lens over the picture: what lies under the cursor, larger, from the pixels as read."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPainterPath, QPen, QTransform

from viewer.canvas import decorations
from viewer.canvas.images import over
from viewer.canvas.kept import device_area
from viewer.canvas.overlay_paint import OverlayPainter, paint_crosshair
from viewer.canvas.sampling import sample
from viewer.canvas.scene import Scene

_RADIUS = 130.0  # logical pixels
_SHARE = 0.36  # of the shorter side of the viewport that it may cover, from its middle
_BACKGROUND = QColor(0, 0, 0)
_EDGE, _HALO = QColor(226, 232, 240), QColor(0, 0, 0, 190)
_CROSS = QColor(255, 196, 87)


@dataclass(frozen=True)
class Lens:
    """``factor`` over what is on the screen; with ``overlay`` the response is in it, too."""

    factor: float = 3.0
    square: bool = False
    overlay: bool = False

    def rim(self, at: QPointF, viewport: QRectF) -> QPainterPath:
        """The edge of the lens in the middle of which is ``at``."""
        radius = min(_RADIUS, _SHARE * min(viewport.width(), viewport.height()))
        path = QPainterPath()
        if self.square:
            box = QRectF(at.x() - radius, at.y() - radius, 2 * radius, 2 * radius)
            path.addRoundedRect(box, 6.0, 6.0)
        else:
            path.addEllipse(at, radius, radius)
        return path


class Magnifier:
    """Paints the lens. Only what lies under it is looked up."""

    def __init__(self) -> None:
        self._overlay = OverlayPainter()

    def paint(
        self,
        painter: QPainter,
        scene: Scene,
        transform: QTransform,
        at: QPointF,
        viewport: QRectF,
        lens: Lens,
    ) -> None:
        """The part of ``scene`` around the screen point ``at``, which ``transform`` (frame points →
        screen points) shows there; nothing outside ``viewport``."""
        rim = lens.rim(at, viewport)
        closer = (
            transform
            * QTransform.fromTranslate(-at.x(), -at.y())
            * QTransform.fromScale(lens.factor, lens.factor)
            * QTransform.fromTranslate(at.x(), at.y())
        )
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setClipRect(viewport)
        painter.save()
        painter.setClipPath(rim, Qt.ClipOperation.IntersectClip)
        painter.fillPath(rim, _BACKGROUND)
        _paint_frame(painter, scene, closer, rim.boundingRect())
        if lens.overlay:
            self._overlay.paint(painter, scene, closer, 1.0)
        paint_crosshair(painter, at, 6.0, 15.0, (QPen(_HALO, 3.6), QPen(_CROSS, 1.8)))
        painter.restore()
        for colour, width in ((_HALO, 5.0), (_EDGE, 2.0)):
            painter.strokePath(rim, QPen(colour, width))
        _paint_factor(painter, rim.boundingRect().intersected(viewport), lens.factor)
        painter.restore()


def _paint_frame(painter: QPainter, scene: Scene, transform: QTransform, box: QRectF) -> None:
    ratio = painter.device().devicePixelRatioF()
    place = device_area(box, ratio)
    found = sample(scene.pyramid, transform, ratio, place)
    if found is None:
        return
    pixels = np.empty(found.values.shape[:2], np.uint32)
    scene.pyramid.paint(found.values, scene.window, scene.inverted, pixels)
    painter.save()
    painter.scale(1 / ratio, 1 / ratio)
    painter.drawImage(place.topLeft() + found.inside.topLeft(), over(pixels))
    painter.restore()


def _paint_factor(painter: QPainter, box: QRectF, factor: float) -> None:
    """At the foot of what is seen of the lens."""
    line = QRectF(box.left(), box.bottom() - 26.0, box.width(), 18.0)
    flags = Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignVCenter
    decorations.paint_text(painter, line, flags, f"× {factor:.2g}", 1.0, bold=True)
