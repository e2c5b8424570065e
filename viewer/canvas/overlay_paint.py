"""Paints a response over the scan: colours, contours, the native grid, the strongest point."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray
from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import (
    QBrush,
    QColor,
    QImage,
    QPainter,
    QPainterPath,
    QPen,
    QTransform,
)

from viewer.canvas.fonts import font
from viewer.canvas.images import to_image
from viewer.canvas.kept import KeptPicture, Key, Steady, numbers
from viewer.canvas.outlines import Lines, Outlines, OutlinesKeeper
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
_SMOOTH = QPainter.RenderHint.Antialiasing | QPainter.RenderHint.SmoothPixmapTransform


class OverlayPainter:
    """Keeps the colours and the contours that it painted last as pictures of the screen's
    resolution; opacity comes in only when they are laid over the scan."""

    def __init__(self) -> None:
        self._map: tuple[Key, QImage] | None = None
        self._fill, self._lines = KeptPicture(), KeptPicture()
        self._keepers: list[OutlinesKeeper] = []

    def paint(
        self,
        painter: QPainter,
        scene: Scene,
        transform: QTransform,
        unit: float,
        area: QRectF | None = None,
    ) -> None:
        """What the scene's style asks for, if it is visible, into ``area`` (the clip if nothing is
        said). While the dominant classes are wanted and not known yet, nothing."""
        overlay, classes = scene.overlay, scene.classes
        if not scene.overlay_visible:
            return
        shown = painter.clipBoundingRect() if area is None else area
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if classes is not None:
            self._paint_classes(painter, classes, transform, unit, shown)
            if classes.style.mark_maximum and classes.peak is not None:
                _paint_peak(painter, transform.map(QPointF(*classes.peak)), unit)
        elif overlay is not None and overlay.style.shows == "layer":
            if overlay.style.grid:
                _paint_grid(painter, overlay.grid, scene.frame.size, transform, unit)
            if overlay.maximum > 0:
                self._paint_layer(painter, overlay, transform, unit, shown)
            if overlay.style.mark_maximum and overlay.peak is not None:
                _paint_peak(painter, transform.map(QPointF(*overlay.peak)), unit)
        painter.restore()

    def _paint_layer(
        self,
        painter: QPainter,
        overlay: Overlay,
        transform: QTransform,
        unit: float,
        area: QRectF,
    ) -> None:
        """Colours and contours of an overlay with a range above 0."""
        style, name = overlay.style, overlay.style.colours
        accent = QColor(*colour_maps.accent(name))
        strokes = [_Stroke(overlay.lines, accent)]
        if overlay.negative_lines:
            negative = QColor(*colour_maps.accent(name, negative=True))
            strokes.append(_Stroke(overlay.negative_lines, negative, dashed=True))
        of_map = Key((overlay.values,), (overlay.maximum, name, style.signed))
        shown = _Shown.of(painter, transform, unit, area, overlay.frame_size)
        if style.fill:
            self._paint_fill(painter, strokes, of_map, overlay.painted, style.opacity, shown)
        if style.contours:
            self._paint_lines(painter, strokes, shown)

    def _paint_classes(
        self,
        painter: QPainter,
        classes: ClassOverlay,
        transform: QTransform,
        unit: float,
        area: QRectF,
    ) -> None:
        style = classes.style
        strokes = [_Stroke(region.lines, QColor(*region.colour)) for region in classes.regions]
        of_map = Key((classes.maps,), (classes.maximum,))
        shown = _Shown.of(painter, transform, unit, area, classes.maps.frame_size)
        if style.fill:
            self._paint_fill(painter, strokes, of_map, classes.colours, style.opacity, shown)
        if style.contours:
            self._paint_lines(painter, strokes, shown)
        for region in classes.regions:
            paint_sign(painter, transform.map(QPointF(*region.place)), region, unit)

    def _outlines(self, strokes: Sequence[_Stroke], shown: _Shown) -> list[Outlines]:
        while len(self._keepers) < len(strokes):
            self._keepers.append(OutlinesKeeper())
        return [
            keeper.of(stroke.lines, shown.transform, shown.steady.ratio)
            for keeper, stroke in zip(self._keepers, strokes, strict=False)
        ]

    def _colours(self, key: Key, colours: Callable[[], NDArray[Any]]) -> QImage:
        """The whole map at its own resolution, whatever the threshold."""
        if self._map is None or not self._map[0].like(key):
            form = QImage.Format.Format_RGB32
            self._map = (key, to_image(colours()).convertToFormat(form))
        return self._map[1]

    def _paint_fill(
        self,
        painter: QPainter,
        strokes: Sequence[_Stroke],
        of_map: Key,
        colours: Callable[[], NDArray[Any]],
        opacity: float,
        shown: _Shown,
    ) -> None:
        paths = [line.path for line in self._outlines(strokes, shown)]

        def draw(own: QPainter) -> None:
            own.setRenderHints(_SMOOTH)
            image = self._colours(of_map, colours)
            brush = _texture(image, shown.size, shown.transform)
            for path in paths:
                own.fillPath(shown.transform.map(path), brush)

        lines = tuple(stroke.lines for stroke in strokes)
        key = Key((*of_map.objects, *lines), (of_map.values, numbers(shown.transform)))
        reach = shown.around(paths, 1.0)
        self._fill.paint(painter, reach, key, draw, away=shown.steady.away, opacity=opacity)

    def _paint_lines(self, painter: QPainter, strokes: Sequence[_Stroke], shown: _Shown) -> None:
        """All halos, and then all lines."""
        outlines = self._outlines(strokes, shown)

        def draw(own: QPainter) -> None:
            own.setRenderHint(QPainter.RenderHint.Antialiasing)
            # nothing is darker where pieces, or the halos of two lines, overlap
            own.setCompositionMode(QPainter.CompositionMode.CompositionMode_Source)
            for colour, width in ((_HALO, _EDGE), (None, _CONTOUR)):
                for stroke, lines in zip(strokes, outlines, strict=True):
                    pen = QPen(colour or stroke.colour, width * shown.unit)
                    if stroke.dashed:
                        pen.setCapStyle(Qt.PenCapStyle.FlatCap)
                        pen.setDashPattern([length * _CONTOUR / width for length in _DASHES])
                        lines.stroke_dashed(own, shown.transform, pen)
                    else:
                        lines.stroke(own, shown.transform, pen)

        look = tuple((stroke.colour.rgba(), stroke.dashed) for stroke in strokes)
        key = Key(
            tuple(stroke.lines for stroke in strokes),
            (look, shown.unit, numbers(shown.transform)),
        )
        reach = shown.around([line.path for line in outlines], _EDGE * shown.unit)
        self._lines.paint(painter, reach, key, draw, away=shown.steady.away)


@dataclass(frozen=True, eq=False)
class _Stroke:
    """How the contours of one sign or class are drawn."""

    lines: Lines
    colour: QColor
    dashed: bool = False


@dataclass(frozen=True, eq=False)
class _Shown:
    """Where and how large: the frame of ``size`` (height, width) through a steady transform, of
    which ``area`` is seen."""

    steady: Steady
    unit: float
    area: QRectF
    size: tuple[int, int]

    @classmethod
    def of(
        cls,
        painter: QPainter,
        transform: QTransform,
        unit: float,
        area: QRectF,
        size: tuple[int, int],
    ) -> _Shown:
        steady = Steady.of(transform, painter.device().devicePixelRatioF())
        return cls(steady, unit, steady.moved(area), size)

    @property
    def transform(self) -> QTransform:
        return self.steady.transform

    def around(self, paths: Sequence[QPainterPath], margin: float) -> QRectF:
        """What to paint of paths in frame pixels, with a margin around each."""
        found = QRectF()
        for path in paths:
            if not path.isEmpty():
                found = found.united(self.transform.mapRect(path.boundingRect()))
        if found.isEmpty():
            return QRectF()
        around = found.adjusted(-margin, -margin, margin, margin)
        return self.steady.reach(around, self.area)


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
    pens = QPen(_HALO, 4.0 * unit), QPen(_CROSS, 1.6 * unit)
    paint_crosshair(painter, at, 5 * unit, 14 * unit, pens)


def paint_crosshair(
    painter: QPainter, at: QPointF, near: float, far: float, pens: Sequence[QPen]
) -> None:
    """A cross from ``near`` to ``far`` of a point, which it leaves free; one pen over another."""
    for pen in pens:
        painter.setPen(pen)
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
