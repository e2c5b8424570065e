"""What the colours over the scan mean: the colour bar of a layer, or the legend of classes."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPen

from viewer.canvas.decorations import TEXT, paint_text
from viewer.canvas.kept import Key
from viewer.canvas.overlay_paint import paint_sign
from viewer.canvas.scene import Scene
from viewer.render import colour_maps
from viewer.render.class_view import ClassOverlay
from viewer.render.overlay import Overlay

_MARGIN, _BAR_WIDTH, _ROW = 10.0, 12.0, 23.0
_SIZE = 11.0  # of its text
_LETTER = 22.0  # at the edge of the viewport, which says what lies to the right
_WIDE, _WIDEST = 240.0, 420.0  # what is painted here, without and with a legend's or grid's words
_HEADING = 80.0
_MOST = 0.55  # of the viewport's height
_SHADE = QColor(0, 0, 0, 190)
_NUMBERS = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter


def key(scene: Scene) -> Key | None:
    """What the bar or legend of a scene depends on; None while there is none."""
    overlay, classes = scene.overlay, scene.classes
    if not scene.overlay_visible:
        return None
    if classes is not None:
        return Key((classes,), ())
    if overlay is None or overlay.style.shows != "layer":
        return None
    style = replace(overlay.style, opacity=0.0)  # which it shows nothing of
    return Key((overlay.grid,) if style.grid else (), (style, overlay.maximum))


def place(viewport: QRectF, scene: Scene, unit: float) -> QRectF:
    """The part of the viewport that it keeps to."""
    bar = scene.classes is None
    wordy = not bar or (scene.overlay is not None and scene.overlay.style.grid)
    width = (_WIDEST if wordy else _WIDE) * unit
    height = _height(viewport, unit) if bar else viewport.height() * _MOST
    reach, middle = height / 2 + _HEADING * unit, viewport.center().y()
    return viewport.intersected(QRectF(viewport.right() - width, middle - reach, width, 2 * reach))


def paint(painter: QPainter, viewport: QRectF, scene: Scene, unit: float) -> None:
    """At the right edge, in the middle of the viewport; nothing while the overlay is off."""
    if not scene.overlay_visible:
        return
    if scene.classes is not None:
        _paint_legend(painter, viewport, scene.classes, unit)
    elif scene.overlay is not None and scene.overlay.style.shows == "layer":
        _paint_bar(painter, viewport, scene.overlay, unit)


def _is_narrow(viewport: QRectF, unit: float) -> bool:
    """As one of several pictures is."""
    return viewport.width() < 420 * unit


def _height(viewport: QRectF, unit: float) -> float:
    """Of the bar. In a low picture its heading would come into the corner above."""
    small = _is_narrow(viewport, unit) or viewport.height() < 400 * unit
    return min(220 * unit, viewport.height() * (0.3 if small else 0.42))


def _paint_bar(painter: QPainter, viewport: QRectF, overlay: Overlay, unit: float) -> None:
    """The value of each colour, with numbers; darkened where the threshold hides it."""
    height = _height(viewport, unit)
    right = viewport.right() - (_MARGIN + _LETTER) * unit
    bar = QRectF(
        right - _BAR_WIDTH * unit, viewport.center().y() - height / 2, _BAR_WIDTH * unit, height
    )
    colours = colour_maps.table(overlay.style.colours)[::-1].copy()
    painter.setOpacity(0.92)
    painter.drawImage(bar, QImage(colours.data, 1, 256, 3, QImage.Format.Format_RGB888))
    places = _threshold_places(overlay)
    top, bottom = (bar.bottom() - share * height for share in (places[0], places[-1]))
    if not overlay.style.signed:
        bottom = bar.bottom()
    painter.fillRect(QRectF(bar.left(), top, bar.width(), bottom - top), _SHADE)
    painter.setOpacity(1.0)
    painter.setPen(QPen(TEXT, unit))
    painter.drawRect(bar)
    for share in places:
        cut = bar.bottom() - share * height
        painter.setPen(QPen(TEXT, unit))
        painter.drawLine(QPointF(bar.left() - 5 * unit, cut), QPointF(bar.right(), cut))
    for share, text in _numbers(overlay):
        y = bar.bottom() - share * height
        box = QRectF(bar.left() - 90 * unit, y - 9 * unit, 82 * unit, 18 * unit)
        paint_text(painter, box, _NUMBERS, text, unit, size=_SIZE)
    if _is_narrow(viewport, unit):
        return  # what stands below says the rest
    above = ["response, signed" if overlay.style.signed else "response", range_words(overlay)]
    if overlay.style.grid:
        above.insert(0, f"drawn: {overlay.grid.words}")
    for row, text in enumerate(reversed(above)):
        y = bar.top() - (30 + 20 * row) * unit
        box = QRectF(bar.left() - 150 * unit, y, 150 * unit + bar.width(), 18 * unit)
        paint_text(painter, box, _NUMBERS, text, unit, size=_SIZE)


def range_words(overlay: Overlay) -> str:
    """What the top of the range is taken from."""
    return "one range for all layers" if overlay.style.shared_range else "rescaled per layer"


def _threshold_places(overlay: Overlay) -> tuple[float, ...]:
    """Where the threshold cuts the bar, as shares of its height from the bottom."""
    threshold = overlay.style.threshold
    return ((1 + threshold) / 2, (1 - threshold) / 2) if overlay.style.signed else (threshold,)


def _numbers(overlay: Overlay) -> list[tuple[float, str]]:
    """(share of the bar's height, number); those of the threshold where there is room for them."""
    top, threshold = overlay.maximum, overlay.style.threshold
    if not overlay.style.signed:
        cut = [(threshold, f"{overlay.level:.3g}")] if 0.06 < threshold < 0.94 else []
        return [(1.0, f"{top:.3g}"), (0.0, "0"), *cut]
    rows = [(1.0, f"+{top:.3g}"), (0.5, "0"), (0.0, f"−{top:.3g}")]
    if 0.13 < threshold < 0.87:
        signs = zip(_threshold_places(overlay), "+−", strict=True)
        rows += [(place, f"{sign}{overlay.level:.3g}") for place, sign in signs]
    return rows


def _paint_legend(painter: QPainter, viewport: QRectF, classes: ClassOverlay, unit: float) -> None:
    """The sign, colour, name and share of the area of each class present; the rest if there is no
    room for all."""
    room = max(1, int(viewport.height() * _MOST / (_ROW * unit)) - 2)
    regions = classes.regions[:room]
    left_out = len(classes.regions) - len(regions)
    top = viewport.center().y() - (len(regions) + 2) * _ROW * unit / 2
    right = viewport.right() - (_MARGIN + 22) * unit
    box = QRectF(right - 260 * unit, top, 260 * unit, _ROW * unit)
    heading = "dominant class · share of the area"
    paint_text(painter, box, _NUMBERS, heading, unit, size=_SIZE)
    for row, region in enumerate(regions, start=1):
        line = box.translated(0, row * _ROW * unit)
        paint_sign(painter, QPointF(right - 9 * unit, line.center().y()), region, unit)
        swatch = QRectF(right - 38 * unit, line.center().y() - 6 * unit, 14 * unit, 12 * unit)
        painter.fillRect(swatch, QColor(*region.colour))
        text = f"{region.name.replace('_', ' ')}  {_share(region.area)}"
        named = line.adjusted(0, 0, -46 * unit, 0)
        paint_text(painter, named, _NUMBERS, text, unit, size=_SIZE)
    last = box.translated(0, (len(regions) + 1) * _ROW * unit)
    text = f"brightness 0 – {classes.maximum:.3g}" if regions else "none above the threshold"
    if left_out:
        text = f"and {left_out} more · {text}"
    paint_text(painter, last, _NUMBERS, text, unit, size=_SIZE)


def _share(area: float) -> str:
    return f"{area:.0%}" if area >= 0.01 else "< 1%"
