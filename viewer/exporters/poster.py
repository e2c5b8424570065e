"""A dark picture with a title, lines of text, a body, its provenance and the strip."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QImage, QPainter

from viewer.canvas.fonts import font
from viewer.messages import UserError

LARGEST = 16_000  # pixels a side
MARGIN = 40.0
BASE, RAISED, TEXT, QUIET = (QColor(c) for c in ("#0f1218", "#212735", "#e2e8f0", "#94a3b8"))
_STRIP, _STRIP_TEXT = QColor(58, 40, 8), QColor(255, 196, 87)
_STRIP_HEIGHT, _GAP = 44.0, 8.0
_WRAPPED = Qt.TextFlag.TextWordWrap | Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop


@dataclass(frozen=True)
class Line:
    """A paragraph in a size of pixels."""

    text: str
    size: float = 20.0
    bold: bool = False
    quiet: bool = False

    @property
    def font(self) -> QFont:
        return font(1.0, self.size, self.bold)

    def height(self, width: float) -> float:
        box = QRectF(0, 0, width, 1e6)
        return QFontMetricsF(self.font).boundingRect(box, int(_WRAPPED), self.text).height()

    def paint(self, painter: QPainter, left: float, top: float, width: float) -> float:
        """Paint it, and return where the next one begins."""
        height = self.height(width)
        painter.setFont(self.font)
        painter.setPen(QUIET if self.quiet else TEXT)
        painter.drawText(QRectF(left, top, width, height + 2), int(_WRAPPED), self.text)
        return top + height + _GAP


@dataclass(frozen=True)
class Poster:
    """``header`` stands above the body of ``body`` (width, height) pixels and ``footer`` below it,
    then the ``banner`` that cannot be left out. ``aside`` pixels at the right of the header stay
    free for a legend."""

    header: Sequence[Line]
    footer: Sequence[Line]
    banner: str
    body: tuple[float, float]
    aside: float = 0.0

    def paint(self, draw: Callable[[QPainter, QRectF, QRectF], None]) -> QImage:
        """``draw`` gets the painter, the box of the body and that of the legend."""
        width, tall = self.body
        head = sum(line.height(width - self.aside) + _GAP for line in self.header)
        foot = sum(line.height(width) + _GAP for line in self.footer)
        whole = (
            round(width + 2 * MARGIN),
            round(head + tall + foot + 3.2 * MARGIN + _STRIP_HEIGHT),
        )
        image = _blank(*whole)
        painter = QPainter(image)
        try:
            painter.setRenderHints(
                QPainter.RenderHint.Antialiasing | QPainter.RenderHint.SmoothPixmapTransform
            )
            top = MARGIN
            for line in self.header:
                top = line.paint(painter, MARGIN, top, width - self.aside)
            legend = QRectF(MARGIN + width - self.aside, MARGIN, self.aside, head)
            body = QRectF(MARGIN, top + MARGIN * 0.6, width, tall)
            draw(painter, body, legend)
            top = body.bottom() + MARGIN * 0.6
            for line in self.footer:
                top = line.paint(painter, MARGIN, top, width)
            self._paint_strip(painter, whole)
        finally:  # an image that goes while it is painted takes the program with it
            painter.end()
        return image

    def _paint_strip(self, painter: QPainter, whole: tuple[int, int]) -> None:
        strip = QRectF(0, whole[1] - _STRIP_HEIGHT, whole[0], _STRIP_HEIGHT)
        painter.fillRect(strip, _STRIP)
        painter.setFont(font(1.0, 20, bold=True))
        painter.setPen(_STRIP_TEXT)
        painter.drawText(strip, Qt.AlignmentFlag.AlignCenter, self.banner)


def _blank(width: int, height: int) -> QImage:
    if width > LARGEST or height > LARGEST:
        raise UserError(f"A picture of {width} × {height} pixels is more than can be written.")
    image = QImage(width, height, QImage.Format.Format_RGB32)
    if image.isNull():
        raise UserError("There is not enough memory for a picture of this size.")
    image.fill(BASE)
    return image
