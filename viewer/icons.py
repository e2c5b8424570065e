"""Our icons: line drawings on a grid of 24, in the colour that the text around them has.

They are files of ``resources/icons``, drawn in ``currentColor``: only their shape counts here."""

from __future__ import annotations

from functools import lru_cache

from PySide6.QtCore import QByteArray, QRectF
from PySide6.QtGui import QColor, QIcon, QImage, QPainter, QPixmap

import resources
from viewer import palette

# what a button's icon is drawn in, by what the button is
_BUTTON = (
    ("text", QIcon.Mode.Normal, QIcon.State.Off),
    ("accent", QIcon.Mode.Normal, QIcon.State.On),
    ("faint", QIcon.Mode.Disabled, QIcon.State.Off),
    ("faint", QIcon.Mode.Disabled, QIcon.State.On),
)


def names() -> tuple[str, ...]:
    """Every icon that there is."""
    return tuple(sorted(file.stem for file in resources.path("icons").glob("*.svg")))


@lru_cache(maxsize=256)
def _shape(name: str, pixels: int) -> QImage:
    """The drawing, white on nothing, ``pixels`` a side."""
    from PySide6.QtSvg import QSvgRenderer

    text = resources.path("icons", f"{name}.svg").read_text(encoding="utf-8")
    drawing = QSvgRenderer(QByteArray(text.replace("currentColor", "#ffffff").encode()))
    image = QImage(pixels, pixels, QImage.Format.Format_ARGB32_Premultiplied)
    image.fill(0)
    painter = QPainter(image)
    drawing.render(painter, QRectF(0, 0, pixels, pixels))
    painter.end()
    return image


def pixmap(name: str, side: float, colour: QColor, ratio: float = 1.0) -> QPixmap:
    """An icon of ``side`` logical pixels for a screen with ``ratio`` pixels in each of them."""
    image = _shape(name, max(1, round(side * ratio))).copy()
    painter = QPainter(image)
    painter.setCompositionMode(QPainter.CompositionMode.CompositionMode_SourceIn)
    painter.fillRect(image.rect(), colour)
    painter.end()
    image.setDevicePixelRatio(ratio)
    return QPixmap.fromImage(image)


def draw(painter: QPainter, name: str, box: QRectF, colour: QColor) -> None:
    """Paint an icon into a square, in the pixels of the device."""
    ratio = painter.device().devicePixelRatio()
    drawn = pixmap(name, box.width(), colour, ratio)
    painter.drawPixmap(box.topLeft(), drawn)


def icon(name: str, side: int, ratio: float = 1.0) -> QIcon:
    """For a button ``side`` logical pixels large: in the colours of the present theme, in the
    accent while it is down, faint while it can do nothing."""
    made = QIcon()
    for colour, mode, state in _BUTTON:
        made.addPixmap(pixmap(name, side, palette.colour(colour), ratio), mode, state)
    return made
