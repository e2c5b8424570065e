"""The font of everything that is painted, which ships with the program."""

from __future__ import annotations

from PySide6.QtGui import QFont

FAMILY = "Inter"
TEXT_SIZE = 12.0


def font(unit: float, size: float = TEXT_SIZE, bold: bool = False) -> QFont:
    """``size`` in pixels at a ``unit`` of 1."""
    chosen = QFont(FAMILY)
    chosen.setPixelSize(max(1, round(size * unit)))
    chosen.setWeight(QFont.Weight.DemiBold if bold else QFont.Weight.Normal)
    return chosen
