"""Paints a scene: pure drawing, the same at every size. ``unit`` scales text and lines."""

from __future__ import annotations

import functools
import math
from collections.abc import Iterator
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRect, QRectF, Qt
from PySide6.QtGui import (
    QColor,
    QImage,
    QPainter,
    QTransform,
)

from viewer.canvas import colour_bar, decorations, marks, measure_marks, placards, scale_bar
from viewer.canvas.kept import KeptPicture, Key, Steady, edges, strips
from viewer.canvas.overlay_paint import OverlayPainter
from viewer.canvas.sampling import Sampled, sample
from viewer.canvas.scene import Scene
from viewer.canvas.scratch import Scratch
from viewer.canvas.view import View, scale_of
from viewer.dicom.frame import Frame
from viewer.render import planes as ink
from viewer.render.overlay import Overlay
from viewer.render.turn import Turn

Pixel = TypeVar("Pixel", bound=np.generic)
_BLACK = 0xFF000000
_BACKGROUND = QColor(0, 0, 0)
_HALO = QColor(0, 0, 0, 170)
_PLANE = QColor(86, 180, 233)  # sky blue of Okabe and Ito: no colour map's contour is blue


def inked(amounts: NDArray[np.uint8], colour: QColor, least: int = 1) -> QImage:
    """Amounts of ink, uint8 (h, w), in a colour, from ``least`` ink on; with memory of its own."""
    alpha = np.arange(256, dtype=np.uint32) * colour.alpha() // 255
    alpha[:least] = 0
    parts = (colour.red(), colour.green(), colour.blue())
    red, green, blue = (alpha * part // 255 for part in parts)
    pixels = (alpha << 24 | red << 16 | green << 8 | blue)[amounts]
    height, width = amounts.shape
    form = QImage.Format.Format_ARGB32_Premultiplied
    return QImage(pixels.data, width, height, pixels.strides[0], form).copy()


@dataclass(frozen=True, eq=False)
class _Layout:
    """Where the frame is seen: through a ``transform``, which has a ``turn``, in the ``strips`` of
    a viewport, of which there are none where there is no room; ``ground`` is what it leaves bare of
    all that is painted."""

    viewport: QRectF
    transform: QTransform
    turn: Turn
    strips: tuple[QRectF, ...]
    ground: tuple[QRectF, ...]

    @classmethod
    def of(cls, size: QRectF, viewport: QRectF, scene: Scene, view: View, ratio: float) -> _Layout:
        if viewport.height() < 1 or viewport.width() < 1:
            return cls(viewport, QTransform(), view.turn, (), (size,))
        own = scene.own(view, viewport)
        transform = own.transform(viewport, *scene.extent)
        height, width = scene.frame.size
        seen = transform.mapRect(QRectF(0, 0, width, height)).intersected(viewport)
        ground = tuple(around(size, seen))
        return cls(viewport, transform, own.turn, tuple(strips(viewport, ratio)), ground)


class ScenePainter:
    """Keeps what is costly to make between two paintings of almost the same scene: the scan and
    what lies over it, each as a picture of the screen's resolution."""

    def __init__(self, helper: Executor | None = None) -> None:
        """A ``helper`` works on the response while the scan is painted."""
        self._scan = KeptPicture(opaque=True)
        self._memory = Scratch()  # of what was sampled
        self._laid: tuple[Key, _Layout] | None = None
        self._sampled: tuple[Key, Sampled | None] | None = None
        self._planes: tuple[Key, QImage, QImage] | None = None
        self._overlay = OverlayPainter(helper)
        self._bar, self._scale_bar = KeptPicture(), KeptPicture()
        self._footer, self._strip = KeptPicture(), KeptPicture()

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
        footer takes at least the height ``footer``. The painter has no transform of its own."""
        ratio = painter.device().devicePixelRatioF()
        laid = self._lay_out(size, scene, view, unit, footer, ratio)
        viewport, transform = laid.viewport, laid.transform
        if not laid.strips:
            painter.fillRect(size, _BACKGROUND)
            return viewport
        if scene.placard is not None:
            placards.paint_placard(painter, size, scene.placard, unit)
            decorations.paint_title(painter, size, scene.title, unit)
            return viewport
        for ground in laid.ground:
            painter.fillRect(ground, _BACKGROUND)
        painter.save()
        painter.setClipRect(viewport)
        for strip in laid.strips:
            self._overlay.begin(scene, transform, unit, strip, ratio)
            self._paint_scan(painter, scene, transform, laid.turn, unit, strip)
            self._paint_overlay(painter, scene, transform, unit, strip, viewport)
        marks.paint(painter, scene.marks, transform, viewport, unit)
        measure_marks.paint(painter, scene.measures, transform, viewport, unit)
        if scene.pointer is not None:
            marks.paint_pointer(painter, scene.pointer, transform, unit)
        painter.restore()
        self._paint_scale_bar(painter, viewport, scene, transform, unit)
        decorations.paint(painter, size, viewport, scene, transform, unit)
        self.paint_footer(painter, size, viewport, scene, unit)
        self._paint_bar(painter, viewport, scene, unit)
        return viewport

    def foresee(self, overlay: Overlay) -> None:
        """A response may be wanted next in the place of the last one."""
        self._overlay.foresee(overlay)

    def _lay_out(
        self, size: QRectF, scene: Scene, view: View, unit: float, footer: float, ratio: float
    ) -> _Layout:
        """The same as before while nothing moves."""
        room = (edges(size), view, unit, footer, ratio)
        own = (scene.extent, scene.linked, scene.turn)
        key = Key((), (*room, *own, scene.footer, bool(scene.banner), bool(scene.title)))
        if self._laid is None or not self._laid[0].like(key):
            viewport = decorations.viewport(size, scene, unit, footer)
            self._laid = (key, _Layout.of(size, viewport, scene, view, ratio))
        return self._laid[1]

    def paint_footer(
        self, painter: QPainter, size: QRectF, viewport: QRectF, scene: Scene, unit: float
    ) -> None:
        """What stands below the viewport."""
        area = decorations.footer_area(size, viewport, scene, unit)
        strip = decorations.strip_area(size, scene, unit)

        def draw(own: QPainter) -> None:
            decorations.paint_footer(own, size, viewport, scene, unit)

        def draw_strip(own: QPainter) -> None:
            decorations.paint_strip(own, strip, scene.banner, unit)

        footer = Key((), (scene.footer, unit, edges(area)))
        self._footer.paint(painter, area, footer, draw=draw)
        if scene.banner:
            key = Key((), (scene.banner, unit, edges(strip)))
            self._strip.paint(painter, strip, key, draw=draw_strip)

    def _paint_scan(
        self,
        painter: QPainter,
        scene: Scene,
        transform: QTransform,
        turn: Turn,
        unit: float,
        area: QRectF,
    ) -> None:
        """The frame and its planes."""
        with_planes = scene.planes_visible and bool(scene.frame.planes)
        height, width = scene.frame.size
        steady = Steady.of(transform, painter.device().devicePixelRatioF())
        whole = steady.transform.mapRect(QRectF(0, 0, width, height))
        reach = steady.reach(whole, steady.moved(area))

        def draw(own: QPainter) -> None:
            if with_planes:
                self._draw_planes(own, scene.frame, steady, turn, unit)

        shown = (scene.window, scene.inverted, with_planes, unit, turn)
        key = Key((scene.pyramid,), (*shown, steady.numbers))
        fill = functools.partial(self._fill, scene, steady)
        self._scan.paint(painter, reach, key, fill=fill, draw=draw, away=steady.away)

    def _fill(self, scene: Scene, steady: Steady, pixels: NDArray[np.uint32], place: QRect) -> None:
        """The frame at ``place``, black around it."""
        values = (steady.numbers, steady.ratio, place.getRect())
        key = Key((scene.pyramid,), values)
        if self._sampled is None or not self._sampled[0].like(key):
            self._sampled = None
            self._memory.free()
            found = sample(scene.pyramid, steady.transform, steady.ratio, place, self._memory)
            self._sampled = (key, found)
        found = self._sampled[1]
        if found is None:
            pixels.fill(_BLACK)
            return
        inside = found.inside
        top, bottom = inside.top(), inside.top() + inside.height()
        left, right = inside.left(), inside.left() + inside.width()
        for around in (pixels[:top], pixels[bottom:], pixels[:, :left], pixels[:, right:]):
            around.fill(_BLACK)
        into = pixels[top:bottom, left:right]
        scene.pyramid.paint(found.values, scene.window, scene.inverted, into)

    def _draw_planes(
        self, painter: QPainter, frame: Frame, steady: Steady, turn: Turn, unit: float
    ) -> None:
        """The planes pixel by pixel, each of them at least one of the screen's, with a halo."""
        transform = steady.transform
        least = min(scale_of(transform), math.hypot(transform.m21(), transform.m22()))
        level = ink.level_for(least * steady.ratio)
        key = Key((frame.planes,), (level, turn))
        if self._planes is None or not self._planes[0].like(key):
            amounts = turned(ink.reduced(ink.ink(frame.planes, frame.size), level), turn)
            self._planes = (key, inked(amounts, _PLANE), inked(amounts, _HALO, ink.FULL))
        _, colours, halo = self._planes
        height, width = frame.size
        rows, columns = (-(-side >> level) << level for side in frame.size)
        target = transform.mapRect(QRectF(0, 0, columns, rows))
        frame_area = transform.mapRect(QRectF(0, 0, width, height))
        painter.setClipRect(frame_area, Qt.ClipOperation.IntersectClip)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, False)
        for x, y in ((-unit, 0), (unit, 0), (0, -unit), (0, unit)):
            painter.drawImage(target.translated(x, y), halo)
        painter.drawImage(target, colours)

    def _paint_overlay(
        self,
        painter: QPainter,
        scene: Scene,
        transform: QTransform,
        unit: float,
        area: QRectF,
        viewport: QRectF,
    ) -> None:
        """The response, right of the curtain if there is one."""
        painter.save()
        painter.setClipRect(area, Qt.ClipOperation.IntersectClip)
        if scene.curtain is not None:
            bare = viewport.width() * scene.curtain
            painter.setClipRect(viewport.adjusted(bare, 0, 0, 0), Qt.ClipOperation.IntersectClip)
        self._overlay.paint(painter, scene, transform, unit, area)
        painter.restore()

    def _paint_bar(self, painter: QPainter, viewport: QRectF, scene: Scene, unit: float) -> None:
        what = colour_bar.key(scene)
        if what is not None:
            area = colour_bar.place(viewport, scene, unit)
            key = Key(what.objects, (*what.values, unit, edges(viewport)))
            draw = functools.partial(colour_bar.paint, viewport=viewport, scene=scene, unit=unit)
            self._bar.paint(painter, area, key, draw=draw)

    def _paint_scale_bar(
        self,
        painter: QPainter,
        viewport: QRectF,
        scene: Scene,
        transform: QTransform,
        unit: float,
    ) -> None:
        key = scale_bar.key(scene, transform, viewport, unit)
        if key is not None:

            def draw(own: QPainter) -> None:
                scale_bar.paint(own, viewport, scene, transform, unit)

            self._scale_bar.paint(painter, scale_bar.place(scene, viewport, unit), key, draw=draw)


def around(whole: QRectF, part: QRectF) -> Iterator[QRectF]:
    """What of a rectangle does not lie in a part of it, up to the whole pixels in that."""
    left, top = math.ceil(part.left()), math.ceil(part.top())
    right, bottom = math.floor(part.right()), math.floor(part.bottom())
    if right <= left or bottom <= top:
        yield whole
        return
    yield QRectF(whole.topLeft(), QPointF(whole.right(), top))
    yield QRectF(QPointF(whole.left(), bottom), whole.bottomRight())
    yield QRectF(QPointF(whole.left(), top), QPointF(left, bottom))
    yield QRectF(QPointF(right, top), QPointF(whole.right(), bottom))


def turned(pixels: NDArray[Pixel], turn: Turn) -> NDArray[Pixel]:
    """An array (h, w) as a turn shows it, contiguous."""
    chosen = pixels[:, ::-1] if turn.mirrored else pixels
    return np.ascontiguousarray(np.rot90(chosen, -turn.quarters))
