"""The peer of ``bench display``: the same film in pyqtgraph's own items, as its examples do it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import QRectF, QSize

from viewer.bench.gestures import Change, to_and_fro
from viewer.render import colour_maps


class PlainView(pg.GraphicsView):  # type: ignore[misc]
    """A ViewBox with the film, uint16 (h, w), one of ``maps`` (h, w) over it, and its isocurve."""

    def __init__(self, pixels: NDArray[Any], maps: list[NDArray[np.float32]], size: QSize) -> None:
        super().__init__()
        self.resize(size)
        self._maps, self._layer, self._threshold = maps, len(maps) - 3, 0.35
        self._height, self._width = pixels.shape
        self._low, self._high = (float(end) for end in np.percentile(pixels[::8, ::8], (1, 99)))
        self.box = pg.ViewBox(lockAspect=True, invertY=True, enableMouse=False)
        self.setCentralItem(self.box)
        self.film = pg.ImageItem(pixels, axisOrder="row-major", levels=(self._low, self._high))
        self.overlay = pg.ImageItem(axisOrder="row-major")
        self.overlay.setOpacity(0.45)
        self.curve = pg.IsocurveItem(axisOrder="row-major", pen=pg.mkPen("y", width=1.5))
        self.curve.setParentItem(self.overlay)
        self.label = pg.LabelItem("")
        for item in (self.film, self.overlay):
            self.box.addItem(item)
        self.label.setParentItem(self.box)
        self._show()
        self.box.setRange(QRectF(0, 0, self._width, self._height), padding=0)

    def _show(self) -> None:
        """The chosen map: what is below the threshold is transparent, the contour runs there."""
        values = self._maps[self._layer]
        top = float(values.max())
        colours = np.full((256, 4), 255, np.uint8)
        colours[:, :3] = colour_maps.table("plasma")
        colours[: int(self._threshold * 255), 3] = 0
        self.overlay.setImage(values, levels=(0, top), lut=colours)
        self.overlay.setRect(QRectF(0, 0, self._width, self._height))
        self.curve.setData(values, self._threshold * top)

    def gestures(self) -> Iterator[tuple[str, Change]]:
        """What is done to the window, done to this one."""
        yield "window and level", self._window
        yield "opacity", lambda n: self.overlay.setOpacity(0.3 + to_and_fro(n + 1, 40) / 100)
        yield "threshold", self._cut
        yield "layer", self._switch
        yield "pan", self._pan
        yield "cursor", self._tell
        yield "zoom", self._zoom
        middle = (self._width / 2, self._height / 2)
        size = self.size()
        self.box.setRange(
            QRectF(middle[0], middle[1], size.width(), size.height()).translated(
                -size.width() / 2, -size.height() / 2
            ),
            padding=0,
        )
        yield "pan at 1:1", self._pan
        yield "window and level at 1:1", self._window

    def _window(self, number: int) -> None:
        step = (self._high - self._low) / 300 * to_and_fro(number + 1, 40)
        self.film.setLevels((self._low + step, self._high + 3 * step))

    def _cut(self, number: int) -> None:
        self._threshold = 0.2 + to_and_fro(number + 1, 50) / 100
        self._show()

    def _switch(self, number: int) -> None:
        self._layer = (self._layer + 1) % len(self._maps)
        self._show()

    def _pan(self, number: int) -> None:
        way = 1 if number % 80 < 40 else -1
        size = self.box.viewPixelSize()
        self.box.translateBy((way * 5 * size[0], way * 4 * size[1]))

    def _zoom(self, number: int) -> None:
        factor = 1.006**-6 if number % 80 < 40 else 1.006**6
        self.box.scaleBy((factor, factor))

    def _tell(self, number: int) -> None:
        place = 100 + 4 * to_and_fro(number + 1, 40)
        assert self.film.image is not None
        self.label.setText(f"x {place} y {place} value {self.film.image[place, place]}")
