"""Paints a scene: pure drawing, the same at every size. ``unit`` scales text and lines."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import (
    QColor,
    QImage,
    QPainter,
    QTransform,
)

from viewer.canvas import colour_bar, decorations, marks
from viewer.canvas.images import to_image
from viewer.canvas.overlay_paint import OverlayPainter
from viewer.canvas.scene import Scene
from viewer.canvas.view import View, scale_of
from viewer.dicom.frame import Frame
from viewer.dicom.planes import Plane
from viewer.render import planes as ink

_BACKGROUND = QColor(0, 0, 0)
_HALO = QColor(0, 0, 0, 170)
_PLANE = QColor(86, 180, 233)  # sky blue of Okabe and Ito: no colour map's contour is blue


def inked(layer: NDArray[np.uint8], colour: QColor, least: int = 1) -> QImage:
    """Ink uint8 (h, w) in a colour, from ``least`` ink on; with memory of its own."""
    alpha = np.arange(256, dtype=np.uint32) * colour.alpha() // 255
    alpha[:least] = 0
    parts = (colour.red(), colour.green(), colour.blue())
    red, green, blue = (alpha * part // 255 for part in parts)
    pixels = (alpha << 24 | red << 16 | green << 8 | blue)[layer]
    height, width = layer.shape
    form = QImage.Format.Format_ARGB32_Premultiplied
    return QImage(pixels.data, width, height, pixels.strides[0], form).copy()


@dataclass
class ScenePainter:
    """Keeps what is costly to make between two paintings of almost the same scene."""

    _grey: tuple[tuple[Any, ...], QImage] | None = None
    _planes: tuple[tuple[tuple[Plane, ...], int], QImage, QImage] | None = None
    _overlay: OverlayPainter = field(default_factory=OverlayPainter)

    def paint(
        self,
        painter: QPainter,
        size: QRectF,
        scene: Scene,
        view: View,
        unit: float = 1.0,
        footer: float = 0.0,
    ) -> QRectF:
        """Paint ``scene`` into ``size``; returns the viewport, the part that shows the frame. The
        footer takes at least the height ``footer``."""
        painter.fillRect(size, _BACKGROUND)
        viewport = decorations.viewport(size, scene, unit, footer)
        if viewport.height() < 1 or viewport.width() < 1:
            return viewport
        frame = scene.frame
        transform = view.transform(viewport, frame.size, frame.aspect_ratio)
        painter.save()
        painter.setClipRect(viewport)
        self._paint_frame(painter, scene, transform)
        if scene.planes_visible and frame.planes:
            self._paint_planes(painter, frame, transform, unit)
        if scene.curtain is not None:
            bare = viewport.width() * scene.curtain
            painter.save()
            painter.setClipRect(viewport.adjusted(bare, 0, 0, 0), Qt.ClipOperation.IntersectClip)
        self._overlay.paint(painter, scene, transform, unit)
        if scene.curtain is not None:
            painter.restore()
        marks.paint(painter, scene.marks, transform, viewport, unit)
        if scene.pointer is not None:
            marks.paint_pointer(painter, scene.pointer, transform, unit)
        painter.restore()
        decorations.paint(painter, size, viewport, scene, transform, unit)
        colour_bar.paint(painter, viewport, scene, unit)
        return viewport

    def _paint_frame(self, painter: QPainter, scene: Scene, transform: QTransform) -> None:
        ratio = painter.device().devicePixelRatioF()
        scale = scale_of(transform) * ratio
        level = scene.pyramid.level_for(scale)
        key = (scene.pyramid, level, scene.window, scene.inverted)
        if self._grey is None or self._grey[0] != key:
            shown = scene.pyramid.shown(level, scene.window, scene.inverted)
            self._grey = (key, to_image(shown))
        height, width = scene.frame.size
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, scale <= 6)
        painter.save()
        painter.setTransform(transform, combine=True)
        painter.drawImage(QRectF(0, 0, width, height), self._grey[1])
        painter.restore()

    def _paint_planes(
        self, painter: QPainter, frame: Frame, transform: QTransform, unit: float
    ) -> None:
        """The planes pixel by pixel, each of them at least one of the screen's, with a halo."""
        ratio = painter.device().devicePixelRatioF()
        level = ink.level_for(
            min(scale_of(transform), math.hypot(transform.m21(), transform.m22())) * ratio
        )
        key = (frame.planes, level)
        if self._planes is None or self._planes[0] != key:
            layer = ink.reduced(ink.ink(frame.planes, frame.size), level)
            self._planes = (key, inked(layer, _PLANE), inked(layer, _HALO, ink.FULL))
        _, colours, halo = self._planes
        height, width = frame.size
        target = QRectF(0, 0, colours.width() << level, colours.height() << level)
        target = transform.mapRect(target)
        painter.save()
        frame_area = transform.mapRect(QRectF(0, 0, width, height))
        painter.setClipRect(frame_area, Qt.ClipOperation.IntersectClip)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, False)
        for x, y in ((-unit, 0), (unit, 0), (0, -unit), (0, unit)):
            painter.drawImage(target.translated(x, y), halo)
        painter.drawImage(target, colours)
        painter.restore()
