"""What stands in the window before its parts do: drawn by hand, from Qt alone, so that it is on
screen at once. The parts take its place without anything moving.

PySide makes a class when it is first needed: ``Qt``, with its hundreds of enumerations, takes 20 ms
(``QPainter.fillRect`` and ``setPen`` need it), ``QStyle`` 6. Nothing here, in :mod:`viewer.layout`
or in :mod:`viewer.main_window` needs them before the first painting.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QRect, Signal
from PySide6.QtGui import QColor, QFontDatabase, QPainter, QPixmap
from PySide6.QtWidgets import QWidget

from viewer.palette import colour, hex_of

if TYPE_CHECKING:
    from PySide6.QtGui import QPaintEvent
    from PySide6.QtWidgets import QMainWindow

_FONT, _FAMILY, _TEXT = "Inter-Regular.otf", "Inter", 13  # pixels
_SEAM = 5  # between panels, logical pixels
_BARS = 38  # height of the toolbar
LEFT, RIGHT, BELOW = 230, 384, 196
"""Logical pixels that panels take at first."""

MENUS = ("&File", "&Edit", "&Tools", "&Image", "&Overlay", "&Audit", "&View", "&Help")
"""The names in the menu bar, in order; what is in the menus comes later."""


def dress(window: QMainWindow) -> None:
    """Font and colours as the finished window has them, as far as they are seen by now; the menus
    by their names."""
    font = Path(__file__).parent.parent / "resources" / "fonts" / _FONT
    QFontDatabase.addApplicationFont(str(font))
    panel, text, quiet = hex_of("panel"), hex_of("text"), hex_of("quiet")
    window.setStyleSheet(
        f"QWidget {{ color: {quiet}; font-family: {_FAMILY}; font-size: {_TEXT}px; }}"
        f"QMainWindow, QMenuBar, QStatusBar {{ background: {panel}; border: none; }}"
        f"QMenuBar {{ color: {text}; }} QMenuBar::item {{ padding: 5px 10px; }}"
    )
    bar = window.menuBar()
    for name in MENUS:
        bar.addMenu(name)


def _ground(name: str) -> QPixmap:
    """One pixel of a colour, to be stretched."""
    pixel = QPixmap(1, 1)
    pixel.fill(QColor(0, 0, 0) if name == "picture" else colour(name))
    return pixel


class Skeleton(QWidget):
    """Panels' grounds around the black of the picture, which ``middle`` says the place of: a
    rectangle in the central widget's pixels, or None for the usual one. ``words`` stand in the
    picture's middle. ``painted`` tells when that was so for the first time."""

    painted = Signal()

    def __init__(self, words: str, middle: QRect | None, parent: QMainWindow) -> None:
        super().__init__(parent)
        self._words, self._middle = words, middle
        self._seen = False

    def _picture(self) -> QRect:
        usual = self.rect().adjusted(LEFT + _SEAM, _BARS, -RIGHT - _SEAM, -BELOW - _SEAM)
        found = usual if self._middle is None else self._middle.intersected(self.rect())
        return found if found.isValid() else self.rect()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)  # its pen has the colour of the window's sheet
        picture = self._picture()
        for ground, where in (
            ("panel", self.rect()),
            ("base", picture.adjusted(-_SEAM, 0, _SEAM, _SEAM)),
            ("picture", picture),
        ):
            painter.drawPixmap(where, _ground(ground))
        words = painter.fontMetrics().boundingRect(self._words)
        painter.drawText(picture.center() - words.center(), self._words)
        painter.end()
        if not self._seen:
            self._seen = True
            self.painted.emit()
