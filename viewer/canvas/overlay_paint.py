"""Paints a response over the scan: colours, contours, the native grid, the strongest point."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
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

from viewer.canvas.decorations import font
from viewer.canvas.images import to_image
from viewer.canvas.scene import Scene
from viewer.render import colour_maps
from viewer.render.class_view import ClassOverlay, ClassRegion
from viewer.render.grid import Grid
from viewer.render.overlay import Overlay

_HALO = QColor(0, 0, 0, 170)
_GRID = QColor(226, 232, 240, 105)
_CROSS = QColor(255, 255, 255)
_CONTOUR, _EDGE = 1.5, 3.2  # widths of a contour and of its halo
_DASHES = [4.0, 3.0]


class OverlayPainter:
    """Keeps paths and images of what it painted last."""

    def __init__(self) -> None:
        self._layer: tuple[Overlay, QPainterPath, QPainterPath, QImage] | None = None
        self._classes: tuple[ClassOverlay, list[QPainterPath], QImage] | None = None

    def paint(self, painter: QPainter, scene: Scene, transform: QTransform, unit: float) -> None:
        """What the scene's style asks for, if it is visible. While the dominant classes are wanted
        and not known yet, nothing."""
        overlay, classes = scene.overlay, scene.classes
        if not scene.overlay_visible:
            return
        painter.save()
        painter.setRenderHints(
            QPainter.RenderHint.Antialiasing | QPainter.RenderHint.SmoothPixmapTransform
        )
        if classes is not None:
            self._paint_classes(painter, classes, transform, unit)
            if classes.style.mark_maximum and classes.peak is not None:
                _paint_peak(painter, transform.map(QPointF(*classes.peak)), unit)
        elif overlay is not None and overlay.style.shows == "layer":
            if overlay.style.grid:
                _paint_grid(painter, overlay.grid, scene.frame.size, transform, unit)
            if overlay.maximum > 0:
                self.paint_layer(painter, overlay, transform, unit)
            if overlay.style.mark_maximum and overlay.peak is not None:
                _paint_peak(painter, transform.map(QPointF(*overlay.peak)), unit)
        painter.restore()

    def paint_layer(
        self, painter: QPainter, overlay: Overlay, transform: QTransform, unit: float
    ) -> None:
        """Colours and contours of an overlay with a range above 0, whether it is visible or not."""
        if self._layer is None or self._layer[0] is not overlay:
            paths = closed_path(overlay.lines), closed_path(overlay.negative_lines)
            self._layer = (overlay, *paths, to_image(overlay.colours()))
        _, above, below, colours = self._layer
        outlines = transform.map(above), transform.map(below)
        if overlay.style.fill:
            brush = _texture(colours, overlay.frame_size, transform)
            _fill(painter, outlines, brush, overlay.style.opacity)
        if overlay.style.contours:
            name = overlay.style.colours
            _outline(painter, outlines[0], QColor(*colour_maps.accent(name)), unit)
            negative = QColor(*colour_maps.accent(name, negative=True))
            _outline(painter, outlines[1], negative, unit, dashed=True)

    def _paint_classes(
        self, painter: QPainter, classes: ClassOverlay, transform: QTransform, unit: float
    ) -> None:
        if self._classes is None or self._classes[0] is not classes:
            paths = [closed_path(region.lines) for region in classes.regions]
            self._classes = (classes, paths, to_image(classes.colours()))
        _, paths, colours = self._classes
        outlines = [transform.map(path) for path in paths]
        if classes.style.fill:
            brush = _texture(colours, classes.maps.frame_size, transform)
            _fill(painter, outlines, brush, classes.style.opacity)
        for region, outline in zip(classes.regions, outlines, strict=True):
            if classes.style.contours:
                _outline(painter, outline, QColor(*region.colour), unit)
        for region in classes.regions:
            paint_sign(painter, transform.map(QPointF(*region.place)), region, unit)


def closed_path(lines: Iterable[Any]) -> QPainterPath:
    """Closed contours, each (n, 2), as one path in frame pixels, inside by the odd-even rule."""
    path = QPainterPath()
    path.setFillRule(Qt.FillRule.OddEvenFill)
    for line in lines:
        path.addPolygon(QPolygonF([QPointF(x, y) for x, y in line.tolist()]))
        path.closeSubpath()
    return path


def paint_sign(painter: QPainter, at: QPointF, region: ClassRegion, unit: float) -> None:
    """The sign of a class on a dark disc ringed in its colour, the middle of it ``at`` a point."""
    radius = 9 * unit
    painter.setPen(QPen(QColor(*region.colour), 1.8 * unit))
    painter.setBrush(QColor(0, 0, 0, 200))
    painter.drawEllipse(at, radius, radius)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setFont(font(unit, 12, bold=True))
    painter.setPen(_CROSS)
    box = QRectF(at.x() - radius, at.y() - radius, 2 * radius, 2 * radius)
    painter.drawText(box, Qt.AlignmentFlag.AlignCenter, region.sign)


def _fill(
    painter: QPainter, outlines: Iterable[QPainterPath], brush: QBrush, opacity: float
) -> None:
    painter.setOpacity(opacity)
    for outline in outlines:
        if not outline.isEmpty():
            painter.fillPath(outline, brush)
    painter.setOpacity(1.0)


def _outline(
    painter: QPainter, outline: QPainterPath, colour: QColor, unit: float, dashed: bool = False
) -> None:
    """Line by line: stroked as one path, many contours take ten times as long."""
    lines = outline.toSubpathPolygons()
    painter.setBrush(Qt.BrushStyle.NoBrush)
    for shade, width in ((_HALO, _EDGE), (colour, _CONTOUR)):
        pen = QPen(shade, width * unit)
        pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
        if dashed:
            pen.setCapStyle(Qt.PenCapStyle.FlatCap)
            pen.setDashPattern([length * _CONTOUR / width for length in _DASHES])
        painter.setPen(pen)
        for line in lines:
            painter.drawPolygon(line)


def _paint_grid(
    painter: QPainter, grid: Grid, size: tuple[int, int], transform: QTransform, unit: float
) -> None:
    """Thin lines between the cells, over the frame alone."""
    height, width = size
    lines = [QLineF(x, 0, x, height) for x in grid.across]
    lines += [QLineF(0, y, width, y) for y in grid.down]
    painter.setPen(QPen(_GRID, 0.8 * unit))
    painter.drawLines([transform.map(line) for line in lines])


def _paint_peak(painter: QPainter, at: QPointF, unit: float) -> None:
    """A crosshair that leaves the point itself free."""
    near, far = 5 * unit, 14 * unit
    for shade, width in ((_HALO, 4.0), (_CROSS, 1.6)):
        painter.setPen(QPen(shade, width * unit))
        for x, y in ((1, 0), (-1, 0), (0, 1), (0, -1)):
            step = QPointF(x, y)
            painter.drawLine(at + step * near, at + step * far)


def _texture(colours: QImage, size: tuple[int, int], transform: QTransform) -> QBrush:
    """The colours as a brush that covers the frame of ``size`` (height, width) exactly."""
    height, width = size
    brush = QBrush(colours)
    stretch = QTransform.fromScale(width / colours.width(), height / colours.height())
    brush.setTransform(stretch * transform)
    return brush
