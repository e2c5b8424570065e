"""Several scenes side by side, with one view: linked by construction."""

from __future__ import annotations

import math
from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import replace

from PySide6.QtCore import QRectF
from PySide6.QtGui import QColor, QPainter

from viewer.canvas import decorations
from viewer.canvas.paint import ScenePainter
from viewer.canvas.scene import Scene
from viewer.canvas.view import View
from viewer.render.overlay import Overlay

_GAP = 2.0
_LINE = QColor(44, 52, 68)


def places(size: QRectF, count: int, unit: float = 1.0) -> list[QRectF]:
    """Where each of ``count`` scenes goes: in a row, more than three in two rows."""
    rows = 1 if count <= 3 else 2
    columns = math.ceil(count / rows)
    gap = _GAP * unit
    width = (size.width() - gap * (columns - 1)) / columns
    height = (size.height() - gap * (rows - 1)) / rows
    return [
        QRectF(
            size.left() + (number % columns) * (width + gap),
            size.top() + (number // columns) * (height + gap),
            width,
            height,
        )
        for number in range(count)
    ]


class Board:
    """Paints scenes side by side; keeps what is costly between two paintings."""

    def __init__(self, helper: Executor | None = None) -> None:
        """A ``helper`` takes a part of the work, in a thread of its own."""
        self._helper = helper
        self._painters: list[ScenePainter] = []

    def foresee(self, overlay: Overlay) -> None:
        """A response may be wanted next in the place of the main one."""
        for own in self._painters[:1]:
            own.foresee(overlay)

    def paint(
        self,
        painter: QPainter,
        size: QRectF,
        scenes: Sequence[Scene],
        view: View,
        unit: float = 1.0,
    ) -> list[QRectF]:
        """Paint ``scenes`` into ``size``; returns the viewport of each. All viewports are of one
        size, so that the same frame point lies at the same place in each of them. The main one's
        footer and the strip stand once, below all."""
        while len(self._painters) < len(scenes):
            self._painters.append(ScenePainter(self._helper))
        del self._painters[len(scenes) :]
        if len(scenes) == 1:
            return [self._painters[0].paint(painter, size, scenes[0], view, unit)]
        painter.fillRect(size, _LINE)
        upper = decorations.viewport(size, replace(scenes[0], title=""), unit)
        self._painters[0].paint_footer(painter, size, upper, scenes[0], unit)
        shown = [replace(scene, footer=scene.brief, banner="") for scene in scenes]
        boxes = places(upper, len(shown), unit)
        footer = max(
            decorations.footer_height(box, scene, unit)
            for box, scene in zip(boxes, shown, strict=True)
        )
        viewports = []
        for own, box, scene in zip(self._painters, boxes, shown, strict=True):
            painter.save()
            painter.setClipRect(box)
            viewports.append(own.paint(painter, box, scene, view, unit, footer))
            painter.restore()
        return viewports
