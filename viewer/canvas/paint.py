"""Paints a scene: pure drawing, the same at every size. ``unit`` scales text and lines."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import (
    QBrush,
    QColor,
    QImage,
    QPainter,
    QPainterPath,
    QPen,
    QPolygonF,
    QTransform,
)

from viewer.canvas import decorations
from viewer.canvas.scene import Scene
from viewer.canvas.view import View
from viewer.dicom.frame import Frame
from viewer.dicom.planes import Plane
from viewer.render import planes as ink
from viewer.render.overlay import Overlay

_BACKGROUND = QColor(0, 0, 0)
_HALO = QColor(0, 0, 0, 170)
_PLANE = QColor(86, 180, 233)  # sky blue of Okabe and Ito: no colour map's contour is blue


def to_image(pixels: Any) -> QImage:
    """Grey uint8 (h, w) or RGB uint8 (h, w, 3) → an image with memory of its own."""
    pixels = np.ascontiguousarray(pixels)
    height, width = pixels.shape[:2]
    grey = pixels.ndim == 2
    form = QImage.Format.Format_Grayscale8 if grey else QImage.Format.Format_RGB888
    return QImage(pixels.data, width, height, pixels.strides[0], form).copy()


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


def contour_path(overlay: Overlay) -> QPainterPath:
    """The closed contours as one path in frame pixels, inside by the odd-even rule."""
    path = QPainterPath()
    path.setFillRule(Qt.FillRule.OddEvenFill)
    for line in overlay.lines:
        path.addPolygon(QPolygonF([QPointF(x, y) for x, y in line.tolist()]))
        path.closeSubpath()
    return path


@dataclass
class ScenePainter:
    """Keeps what is costly to make between two paintings of almost the same scene."""

    _grey: tuple[tuple[Any, ...], QImage] | None = None
    _planes: tuple[tuple[tuple[Plane, ...], int], QImage, QImage] | None = None
    _overlay: tuple[Overlay, QPainterPath, QImage] | None = None

    def paint(
        self, painter: QPainter, size: QRectF, scene: Scene, view: View, unit: float = 1.0
    ) -> QRectF:
        """Paint ``scene`` into ``size``; returns the viewport, the part that shows the frame."""
        painter.fillRect(size, _BACKGROUND)
        viewport = decorations.viewport(size, scene, unit)
        if viewport.height() < 1 or viewport.width() < 1:
            return viewport
        frame = scene.frame
        transform = view.transform(viewport, frame.size, frame.aspect_ratio)
        painter.save()
        painter.setClipRect(viewport)
        self._paint_frame(painter, scene, transform)
        if scene.planes_visible and frame.planes:
            self._paint_planes(painter, frame, transform, unit)
        if scene.overlay is not None and scene.overlay_visible and scene.overlay.maximum > 0:
            self._paint_overlay(painter, scene.overlay, transform, unit)
        painter.restore()
        decorations.paint(painter, size, viewport, scene, transform, unit)
        return viewport

    def _paint_frame(self, painter: QPainter, scene: Scene, transform: QTransform) -> None:
        ratio = painter.device().devicePixelRatioF()
        level = scene.pyramid.level_for(transform.m11() * ratio)
        key = (scene.pyramid, level, scene.window, scene.inverted)
        if self._grey is None or self._grey[0] != key:
            shown = scene.pyramid.shown(level, scene.window, scene.inverted)
            self._grey = (key, to_image(shown))
        height, width = scene.frame.size
        target = transform.mapRect(QRectF(0, 0, width, height))
        magnified = transform.m11() * ratio > 6
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, not magnified)
        painter.drawImage(target, self._grey[1])

    def _paint_planes(
        self, painter: QPainter, frame: Frame, transform: QTransform, unit: float
    ) -> None:
        """The planes pixel by pixel, each of them at least one of the screen's, with a halo."""
        ratio = painter.device().devicePixelRatioF()
        level = ink.level_for(min(transform.m11(), transform.m22()) * ratio)
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

    def _paint_overlay(
        self, painter: QPainter, overlay: Overlay, transform: QTransform, unit: float
    ) -> None:
        if self._overlay is None or self._overlay[0] is not overlay:
            self._overlay = (overlay, contour_path(overlay), to_image(overlay.colours()))
        _, path, colours = self._overlay
        outline = transform.map(path)
        painter.setRenderHints(
            QPainter.RenderHint.Antialiasing | QPainter.RenderHint.SmoothPixmapTransform
        )
        if overlay.style.fill and overlay.lines:
            painter.setOpacity(overlay.style.opacity)
            painter.fillPath(outline, _texture(colours, overlay, transform))
            painter.setOpacity(1.0)
        if overlay.style.contours:
            for colour, width in ((_HALO, 3.2), (decorations.accent(overlay), 1.5)):
                pen = QPen(colour, width * unit)
                pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
                painter.strokePath(outline, pen)


def _texture(colours: QImage, overlay: Overlay, transform: QTransform) -> QBrush:
    """The colours as a brush that covers the frame exactly."""
    height, width = overlay.frame_size
    brush = QBrush(colours)
    stretch = QTransform.fromScale(width / colours.width(), height / colours.height())
    brush.setTransform(stretch * transform)
    return brush
