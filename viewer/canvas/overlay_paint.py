"""Paints a response over the scan: colours, contours, the native grid, the strongest point."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QLineF, QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen, QTransform

from viewer.canvas import coverage
from viewer.canvas.fonts import font
from viewer.canvas.kept import KeptPicture, Key, Steady, edges
from viewer.canvas.sampling import affine_of, origin_of
from viewer.canvas.scene import Scene
from viewer.canvas.scratch import Scratch
from viewer.render import colour_maps
from viewer.render.class_view import ClassOverlay, ClassRegion
from viewer.render.grid import Grid
from viewer.render.overlay import Overlay
from viewer.render.resample import resampled
from viewer.render.style import OverlayStyle

Number = TypeVar("Number", bound=np.generic)
_HALO = QColor(0, 0, 0, 170)
_GRID = QColor(226, 232, 240, 105)
_CROSS = QColor(255, 255, 255)
_CONTOUR, _EDGE = 1.5, 3.2  # widths of a contour and of its halo
_ON, _OFF = 6.0, 4.5  # of a dashed one


class _Sheets:
    """Colours and contours of one map, as pictures of the screen's resolution."""

    def __init__(self) -> None:
        self.fill, self.lines = KeptPicture(), KeptPicture()

    def hold(self, plan: _Plan) -> bool:
        """Whether they are what is planned."""
        ratio, style = plan.shown.steady.ratio, plan.style
        return (not style.fill or self.fill.holds(ratio, plan.reach, plan.fill_key)) and (
            not style.contours or self.lines.holds(ratio, plan.reach, plan.lines_key)
        )

    def give_up(self) -> None:
        self.fill.give_up()
        self.lines.give_up()


class OverlayPainter:
    """Keeps the colours and the contours that it painted last; opacity comes in only when they are
    laid over the scan. With a helper it can have those of the map that will come next, too."""

    def __init__(self, helper: Executor | None = None) -> None:
        self._helper = helper
        self._map: tuple[Key, QRect, NDArray[np.uint8]] | None = None
        self._sheets, self._next = _Sheets(), _Sheets()
        self._foresees = False
        self._memory, self._of_fill, self._of_map = Scratch(), Scratch(), Scratch()
        self._planned: tuple[Key, _Plan | None] | None = None
        self._begun: _Plan | None = None

    def begin(
        self, scene: Scene, transform: QTransform, unit: float, area: QRectF, ratio: float
    ) -> None:
        """Have the helper work on what :meth:`paint` will want next, ``ratio`` device pixels a
        logical one."""
        self._begun = plan = self._plan(scene, transform, unit, area, ratio)
        if plan is None:
            self._forget_next()
        if plan is None or self._sheets.hold(plan):
            return
        if self._next.hold(plan):
            self._sheets, self._next = self._next, self._sheets
        self._next.give_up()
        if plan.style.fill:
            self._make_fill(plan, self._sheets)

    def foresee(self, overlay: Overlay) -> None:
        """Have the helper work on a map that may be wanted where the last one was."""
        last = None if self._planned is None else self._planned[1]
        if self._helper is None or last is None or last.shown.size != overlay.frame_size:
            return
        plan = _plan_of(overlay, last.shown)
        if plan is None or self._sheets.hold(plan) or self._next.hold(plan):
            return
        self._next.give_up()
        self._foresees = True
        if plan.style.fill:
            self._make_fill(plan, self._next)
        if plan.style.contours:
            self._make_lines(plan, self._next, self._helper)

    def _forget_next(self) -> None:
        """No response is seen: the memory of the next one is wanted no more."""
        if self._foresees:
            self._next.give_up()
            self._next, self._foresees = _Sheets(), False

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
        if self._begun is None:
            shown = painter.clipBoundingRect() if area is None else area
            self.begin(scene, transform, unit, shown, painter.device().devicePixelRatioF())
        plan, self._begun = self._begun, None
        overlay, classes = scene.overlay, scene.classes
        if not scene.overlay_visible:
            return
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        map_of: Overlay | ClassOverlay | None = classes
        if classes is None and overlay is not None and overlay.style.shows == "layer":
            map_of = overlay
            if overlay.style.grid:
                _paint_grid(painter, overlay.grid, scene.frame.size, transform, unit)
        if plan is not None:
            self._paint_plan(painter, plan)
        for region in () if classes is None else classes.regions:
            paint_sign(painter, transform.map(QPointF(*region.place)), region, unit)
        if map_of is not None and map_of.style.mark_maximum and map_of.peak is not None:
            _paint_peak(painter, transform.map(QPointF(*map_of.peak)), unit)
        painter.restore()

    def _plan(
        self, scene: Scene, transform: QTransform, unit: float, area: QRectF, ratio: float
    ) -> _Plan | None:
        """Colours and contours; None where there are none. The same as before while nothing that
        they depend on is another: so it is for a drag of window and level."""
        if not scene.overlay_visible:
            return None
        steady = Steady.of(transform, ratio)
        known = Key((scene.overlay, scene.classes, steady), (unit, edges(area), scene.frame.size))
        if self._planned is None or not self._planned[0].like(known):
            shown = _Shown(steady, unit, steady.moved(area), scene.frame.size)
            self._planned = (known, _planned(scene, shown))
        return self._planned[1]

    def _paint_plan(self, painter: QPainter, plan: _Plan) -> None:
        """The contours are made before the colours are waited for."""
        if plan.style.contours:
            self._make_lines(plan, self._sheets)
        if plan.style.fill:
            self._sheets.fill.show(painter, plan.shown.steady.away, plan.style.opacity)
        if plan.style.contours:
            self._sheets.lines.show(painter, plan.shown.steady.away)

    def _make_fill(self, plan: _Plan, sheets: _Sheets) -> None:
        """The colours inside the contours; their edges need not be soft under these."""
        shown, soft = plan.shown, not plan.style.contours

        def fill(pixels: NDArray[np.uint32], place: QRect) -> None:
            memory = self._of_fill
            memory.free()
            colour = self._colours(plan, place)
            if soft:
                parts = [stroke.softly(shown, place, memory) for stroke in plan.strokes]
                whole = functools.reduce(np.maximum, parts)
                coverage.cut_out(pixels, colour, whole, memory)
            else:
                inside = [stroke.inside(shown, place, memory) for stroke in plan.strokes]
                every = colour.view(np.uint32)[..., 0]
                np.bitwise_and(every, functools.reduce(np.bitwise_or, inside), out=pixels)

        key, ratio = plan.fill_key, shown.steady.ratio
        sheets.fill.make(ratio, plan.reach, key, fill=fill, helper=self._helper)

    def _colours(self, plan: _Plan, place: QRect) -> NDArray[np.uint8]:
        """Those of the device pixels of a place, (h, w, 4), blue first, whatever the threshold: a
        drag of that samples them once."""
        kept, key = self._map, plan.map_key
        if kept is None or kept[1] != place or not kept[0].like(key):
            self._map = None
            self._of_map.free()
            found = self._of_map.take((place.height(), place.width(), 4), np.uint8)
            plan.shown.sampled(plan.colours(), place, found)
            self._map = kept = (key, place, found)
        return kept[2]

    def _make_lines(self, plan: _Plan, sheets: _Sheets, helper: Executor | None = None) -> None:
        """All halos, and then all lines."""
        shown, strokes = plan.shown, plan.strokes

        def fill(pixels: NDArray[np.uint32], place: QRect) -> None:
            memory = self._memory if helper is None else self._of_fill  # each of one thread
            memory.free()
            lines = [stroke.line(shown, place, memory) for stroke in strokes]
            spread = (_EDGE - _CONTOUR) / 2 * shown.wide
            halo = coverage.widened(functools.reduce(np.maximum, lines), spread, memory)
            inks = [_HALO, *(stroke.colour for stroke in strokes)]
            layers = zip([halo, *lines], map(_ink, inks), strict=True)
            coverage.lay(pixels, [(shown.seen(part), ink) for part, ink in layers], memory)

        ratio, key = shown.steady.ratio, plan.lines_key
        sheets.lines.make(ratio, plan.reach, key, fill=fill, helper=helper)


@dataclass(frozen=True, eq=False)
class _Plan:
    """What to paint of a map: its ``colours`` inside the contours, and these."""

    shown: _Shown
    strokes: Sequence[_Stroke]
    of_map: Key
    colours: Callable[[], NDArray[np.uint32]]
    style: OverlayStyle

    @cached_property
    def map_key(self) -> Key:
        """What the colours depend on that the threshold cuts."""
        shown = self.shown
        where = (shown.size, shown.steady.numbers, shown.steady.ratio)
        return Key(self.of_map.objects, (self.of_map.values, *where))

    @cached_property
    def fill_key(self) -> Key:
        """What the colours depend on."""
        soft, whole = not self.style.contours, self.map_key
        return Key((*whole.objects, *self._lines), (*whole.values, soft))

    @cached_property
    def lines_key(self) -> Key:
        """What the contours depend on."""
        look = tuple((stroke.colour.rgba(), stroke.dashed) for stroke in self.strokes)
        return Key(self._lines, (look, self.shown.unit, self.shown.steady.numbers))

    @cached_property
    def reach(self) -> QRectF:
        return self.shown.reach

    @property
    def _lines(self) -> tuple[object, ...]:
        return tuple(stroke.lines for stroke in self.strokes)


@dataclass(frozen=True, eq=False)
class _Shown:
    """Where and how large: the frame of ``size`` (height, width) through a steady transform, of
    which ``area`` is seen."""

    steady: Steady
    unit: float
    area: QRectF
    size: tuple[int, int]

    @property
    def transform(self) -> QTransform:
        return self.steady.transform

    @property
    def wide(self) -> float:
        """Device pixels of a unit."""
        return self.unit * self.steady.ratio

    @property
    def rim(self) -> int:
        """Device pixels beyond what is painted whose lines may reach in."""
        return math.ceil(_EDGE * self.wide)

    @property
    def reach(self) -> QRectF:
        """What to paint of the frame, and of lines along its edges."""
        height, width = self.size
        whole = self.transform.mapRect(QRectF(0, 0, width, height))
        edge = _EDGE * self.unit
        return self.steady.reach(whole.adjusted(-edge, -edge, edge, edge), self.area)

    def seen(self, found: NDArray[Number]) -> NDArray[Number]:
        """Without the rim."""
        return found[self.rim : -self.rim, self.rim : -self.rim]

    def sampled(self, colours: NDArray[np.uint32], place: QRect, found: NDArray[np.uint8]) -> None:
        """A map's colours (h, w) at the device pixels of ``place``: (h, w, 4), blue first."""
        parts = colours.view(np.uint8).reshape(*colours.shape, 4)
        start, ratio = place.topLeft(), self.steady.ratio
        origin = origin_of(self.transform, ratio, start, self.size, colours.shape)
        resampled(parts, origin, found)

    def onto(self, place: QRect) -> QTransform:
        """From the frame to the device pixels of ``place``."""
        ratio = self.steady.ratio
        there = self.transform * QTransform.fromScale(ratio, ratio)
        return there * QTransform.fromTranslate(-place.left(), -place.top())


@dataclass(eq=False)
class _Stroke:
    """How the contours of one sign or class are drawn, once."""

    lines: Sequence[NDArray[np.float64]]
    colour: QColor
    dashed: bool = False
    _traced: tuple[QRect, coverage.Rings] | None = None

    def inside(self, shown: _Shown, place: QRect, memory: Scratch) -> NDArray[np.uint32]:
        """All bits of the pixels of ``place`` that the contours enclose."""
        rings, size = self._trace(shown, place)
        return shown.seen(rings.inside(size, memory))

    def softly(self, shown: _Shown, place: QRect, memory: Scratch) -> coverage.Coverage:
        """What the contours enclose of ``place``, with soft edges."""
        rings, size = self._trace(shown, place)
        found = coverage.softened(rings.inside(size, memory), rings.thin(size, memory), memory)
        return shown.seen(found)

    def line(self, shown: _Shown, place: QRect, memory: Scratch) -> coverage.Coverage:
        """What they cover themselves, with the rim."""
        rings, size = self._trace(shown, place)
        drawn = rings.dashed(_ON * shown.wide, _OFF * shown.wide, size) if self.dashed else rings
        return coverage.stroked(drawn.thin(size, memory), _CONTOUR * shown.wide, memory)

    def _trace(self, shown: _Shown, place: QRect) -> tuple[coverage.Rings, tuple[int, int]]:
        """The same for colours and contours, which are as large; and (height, width)."""
        around = place.adjusted(-shown.rim, -shown.rim, shown.rim, shown.rim)
        if self._traced is None or self._traced[0] != place:
            rings = coverage.Rings.placed(self.lines, affine_of(shown.onto(around)))
            self._traced = (place, rings)
        return self._traced[1], (around.height(), around.width())


def _planned(scene: Scene, shown: _Shown) -> _Plan | None:
    """What is to be painted of a scene whose response is visible."""
    overlay, classes = scene.overlay, scene.classes
    if classes is not None:
        regions = [_Stroke(region.lines, QColor(*region.colour)) for region in classes.regions]
        key = Key((classes.maps,), (classes.maximum,))
        return _Plan(shown, regions, key, classes.painted, classes.style) if regions else None
    return None if overlay is None else _plan_of(overlay, shown)


def _plan_of(overlay: Overlay, shown: _Shown) -> _Plan | None:
    """What is to be painted of a layer."""
    if overlay.style.shows != "layer" or overlay.maximum <= 0:
        return None
    style, name = overlay.style, overlay.style.colours
    strokes = [_Stroke(overlay.lines, QColor(*colour_maps.accent(name)))]
    if overlay.negative_lines:
        negative = QColor(*colour_maps.accent(name, negative=True))
        strokes.append(_Stroke(overlay.negative_lines, negative, dashed=True))
    key = Key((overlay.values,), (overlay.maximum, name, style.signed))
    return _Plan(shown, strokes, key, overlay.painted, style)


def _ink(colour: QColor) -> coverage.Ink:
    """As it lies in a picture that is clear elsewhere."""
    alpha = colour.alpha()
    blue, green, red = (
        part * alpha // 255 for part in (colour.blue(), colour.green(), colour.red())
    )
    return blue, green, red, alpha


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
