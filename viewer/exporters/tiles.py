"""Small pictures of the scan, with or without a response over it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, QSizeF, Qt
from PySide6.QtGui import (
    QColor,
    QImage,
    QPainter,
    QPainterPath,
    QPen,
    QPolygonF,
    QTransform,
)

from viewer.canvas import decorations, marks
from viewer.canvas.fonts import font
from viewer.canvas.images import to_image
from viewer.canvas.marks import Mark
from viewer.canvas.paint import ScenePainter
from viewer.canvas.scene import Scene
from viewer.canvas.view import View
from viewer.dicom.frame import default_window
from viewer.exporters.snapshot import Snapshot
from viewer.render import colour_maps
from viewer.render.overlay import Overlay
from viewer.render.pyramid import Pyramid

_HALO = QColor(0, 0, 0, 170)
_LINE = 1.7  # pixels of a tile of 480
_OF = 480.0


@dataclass(frozen=True)
class Scan:
    """The scan alone at the size of a tile; ``transform`` takes frame pixels to the tile's."""

    image: QImage
    transform: QTransform

    @property
    def unit(self) -> float:
        """How much larger than usual lines and text of the tile are."""
        return max(self.image.width(), self.image.height()) / _OF


def scan_tile(snapshot: Snapshot, box: QSizeF, pyramid: Pyramid | None = None) -> Scan:
    """The frame (or another of the same place) as large as it fits into ``box``, in pixels."""
    shown = pyramid or snapshot.pyramid
    window = snapshot.window if pyramid is None else default_window(shown.frame)
    height, width = shown.frame.size
    tall = height * shown.frame.aspect_ratio
    scale = min(box.width() / width, box.height() / tall)
    columns, rows = max(1, round(width * scale)), max(1, round(tall * scale))
    pixels = to_image(shown.shown(shown.level_for(scale), window, snapshot.inverted))
    smooth = Qt.TransformationMode.SmoothTransformation
    image = pixels.scaled(columns, rows, Qt.AspectRatioMode.IgnoreAspectRatio, smooth)
    full_height, full_width = snapshot.pyramid.frame.size
    return Scan(
        image.convertToFormat(QImage.Format.Format_RGB32),
        QTransform.fromScale(columns / full_width, rows / full_height),
    )


def with_overlay(scan: Scan, overlay: Overlay | None, drawn: Sequence[Mark] = ()) -> QImage:
    """A copy of the scan with a response in its style (always visible) and marks over it."""
    image = scan.image.copy()
    painter = QPainter(image)
    try:
        painter.setRenderHints(
            QPainter.RenderHint.Antialiasing | QPainter.RenderHint.SmoothPixmapTransform
        )
        if overlay is not None and overlay.maximum > 0:
            _paint_overlay(painter, overlay, scan)
        painter.setFont(font(scan.unit))
        area = QRectF(image.rect())
        marks.paint(painter, drawn, scan.transform, area, scan.unit)
    finally:  # an image that goes while it is painted takes the program with it
        painter.end()
    return image


def _paint_overlay(painter: QPainter, overlay: Overlay, scan: Scan) -> None:
    above = scan.transform.map(_closed(overlay.lines))
    below = scan.transform.map(_closed(overlay.negative_lines))
    if overlay.style.fill and not (above.isEmpty() and below.isEmpty()):
        painter.save()
        painter.setClipPath(above + below)
        painter.setOpacity(overlay.style.opacity)
        painter.drawImage(QRectF(scan.image.rect()), to_image(overlay.colours()))
        painter.restore()
    for path, negative in ((above, False), (below, True)):
        accent = QColor(*colour_maps.accent(overlay.style.colours, negative))
        for colour, width in ((_HALO, 2.1 * _LINE), (accent, _LINE)):
            pen = QPen(colour, width * scan.unit)
            pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
            painter.strokePath(path, pen)


def _closed(lines: Sequence[NDArray[np.float64]]) -> QPainterPath:
    """Contours in frame pixels as one path, inside by the odd-even rule."""
    path = QPainterPath()
    path.setFillRule(Qt.FillRule.OddEvenFill)
    for line in lines:
        path.addPolygon(QPolygonF([QPointF(x, y) for x, y in line.tolist()]))
        path.closeSubpath()
    return path


def panel(scene: Scene, size: QSizeF, unit: float) -> QImage:
    """The scene in ``size`` pixels with everything but its footer and strip, which the page that
    it goes onto has of its own."""
    scene = replace(scene, footer=())
    whole = QRectF(0, 0, size.width(), size.height())
    strip = whole.height() - decorations.viewport(whole, scene, unit).height()
    image = QImage(round(size.width()), round(size.height()), QImage.Format.Format_RGB32)
    painter = QPainter(image)
    try:
        ScenePainter().paint(painter, whole.adjusted(0, 0, 0, strip), scene, View(), unit)
    finally:
        painter.end()
    return image
