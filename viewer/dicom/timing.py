"""How fast a file wants its frames to be played (PS3.3 C.7.6.5, C.7.6.3)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from viewer.dicom.elements import numbers

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

_SLOWEST, _FASTEST = 0.1, 1000.0  # frames a second that somebody can have meant


def frame_rate(dataset: Dataset) -> float:
    """Frames a second that the file asks for, 0.0 where it does not.

    What it recommends for display comes first, then the rate it was meant to be played at, then the
    time between the frames (ms), which is how they were taken.
    """
    for keyword in ("RecommendedDisplayFrameRate", "CineRate"):
        if rate := _sensible(numbers(dataset, keyword)):
            return rate
    times = numbers(dataset, "FrameTime")
    if len(times) != 1 or times[0] <= 0:
        times = numbers(dataset, "FrameTimeVector")[1:]  # the first is that before the first frame
    mean = sum(times) / len(times) if times else 0.0
    return _sensible((1000.0 / mean,)) if mean > 0 else 0.0


def _sensible(found: tuple[float, ...]) -> float:
    return found[0] if len(found) == 1 and _SLOWEST <= found[0] <= _FASTEST else 0.0
