"""Which way a transform faces the frame: what stands at which edge of the screen, and how it is
turned. Read from the transform that is painted with, so that it cannot disagree with the picture.
"""

from __future__ import annotations

import math
from functools import lru_cache

from PySide6.QtGui import QTransform

from viewer.render.turn import Turn

Letters = tuple[str, str, str, str]
"""At the left, right, top and bottom edge."""
Steps = tuple[float, float, float, float]
"""Screen steps (x, y) of a frame step to the right, and of one down."""
_WAYS = ((-1.0, 0.0), (1.0, 0.0), (0.0, -1.0), (0.0, 1.0))


def seen_letters(letters: Letters, transform: QTransform) -> Letters:
    """The letters of the frame's own edges, each at the edge of the screen where it is seen."""
    return _seen(letters, _steps(transform))


def turn_of(transform: QTransform) -> Turn:
    """The turn in a transform, whatever its zoom and its place."""
    return _turn(_steps(transform))


def _steps(transform: QTransform) -> Steps:
    return transform.m11(), transform.m12(), transform.m21(), transform.m22()


def _step(steps: Steps, x: float, y: float) -> tuple[float, float]:
    """The screen step of a frame step (x, y)."""
    return steps[0] * x + steps[2] * y, steps[1] * x + steps[3] * y


@lru_cache(maxsize=32)
def _seen(letters: Letters, steps: Steps) -> Letters:
    seen = ["", "", "", ""]
    for letter, way in zip(letters, _WAYS, strict=True):
        x, y = _step(steps, *way)
        if abs(x) > abs(y):
            seen[0 if x < 0 else 1] = letter
        else:
            seen[2 if y < 0 else 3] = letter
    left, right, top, bottom = seen
    return left, right, top, bottom


@lru_cache(maxsize=32)
def _turn(steps: Steps) -> Turn:
    mirrored = steps[0] * steps[3] - steps[1] * steps[2] < 0
    across = _step(steps, -1.0 if mirrored else 1.0, 0.0)
    quarters = round(math.atan2(across[1], across[0]) / (math.pi / 2)) % 4
    return Turn(quarters, mirrored)


def mm_per_pixel(transform: QTransform, spacing: tuple[float, float]) -> float:
    """Millimetres along one screen pixel to the right; ``spacing`` as that of a frame."""
    inverse, _ = transform.inverted()
    x, y = _step(_steps(inverse), 1.0, 0.0)
    return math.hypot(x * spacing[1], y * spacing[0])
