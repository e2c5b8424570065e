"""The font of everything that is painted, which ships with the program."""

from __future__ import annotations

from functools import lru_cache

from PySide6.QtGui import QFont

FAMILY = "Inter"
TEXT_SIZE = 12.0


def font(unit: float, size: float = TEXT_SIZE, bold: bool = False) -> QFont:
    """``size`` in pixels at a ``unit`` of 1."""
    return QFont(face(pixels_of(unit, size), bold))


def pixels_of(unit: float, size: float) -> int:
    """How high a font is: whole pixels."""
    return max(1, round(size * unit))


@lru_cache(maxsize=64)
def face(pixels: int, bold: bool) -> QFont:
    """The one that is so many pixels high; not to be changed. Qt looks for a font's file once for
    each of these."""
    chosen = QFont(FAMILY)
    chosen.setPixelSize(pixels)
    chosen.setWeight(QFont.Weight.DemiBold if bold else QFont.Weight.Normal)
    return chosen
