"""Which way a transform faces the frame: what stands at which edge of the screen, and how it is
turned. Read from the transform that is painted with, so that it cannot disagree with the picture.
"""

from __future__ import annotations

import math

from PySide6.QtCore import QPointF
from PySide6.QtGui import QTransform

from viewer.render.turn import Turn

Letters = tuple[str, str, str, str]
"""At the left, right, top and bottom edge."""
_WAYS = ((-1.0, 0.0), (1.0, 0.0), (0.0, -1.0), (0.0, 1.0))


def step_of(transform: QTransform, x: float, y: float) -> QPointF:
    """The screen step of a frame step (x, y)."""
    return QPointF(
        transform.m11() * x + transform.m21() * y, transform.m12() * x + transform.m22() * y
    )


def seen_letters(letters: Letters, transform: QTransform) -> Letters:
    """The letters of the frame's own edges, each at the edge of the screen where it is seen."""
    seen = ["", "", "", ""]
    for letter, (x, y) in zip(letters, _WAYS, strict=True):
        to = step_of(transform, x, y)
        if abs(to.x()) > abs(to.y()):
            seen[0 if to.x() < 0 else 1] = letter
        else:
            seen[2 if to.y() < 0 else 3] = letter
    left, right, top, bottom = seen
    return left, right, top, bottom


def turn_of(transform: QTransform) -> Turn:
    """The turn in a transform, whatever its zoom and its place."""
    mirrored = transform.m11() * transform.m22() - transform.m12() * transform.m21() < 0
    across = step_of(transform, -1.0 if mirrored else 1.0, 0.0)
    quarters = round(math.atan2(across.y(), across.x()) / (math.pi / 2)) % 4
    return Turn(quarters, mirrored)


def mm_per_pixel(transform: QTransform, spacing: tuple[float, float]) -> float:
    """Millimetres along one screen pixel to the right; ``spacing`` as that of a frame."""
    inverse, _ = transform.inverted()
    step = step_of(inverse, 1.0, 0.0)
    return math.hypot(step.x() * spacing[1], step.y() * spacing[0])
