"""A frame at screen resolution: halved copies, averaged by area, and 16-bit table look-ups.

Window and level then cost one look-up a screen pixel, however large the frame is.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from viewer.dicom.frame import Frame, grey_table, has_grey_table, to_rgb
from viewer.dicom.window import LookupTable, Window

_SMALLEST = 128


def _halved(pixels: NDArray[Any]) -> NDArray[Any]:
    """Mean of 2 × 2 blocks, rounded; an odd last row or column joins the one before."""
    height, width = pixels.shape[0] // 2 * 2, pixels.shape[1] // 2 * 2
    even = pixels[:height, :width].astype(np.int32)
    total = even[::2, ::2] + even[1::2, ::2] + even[::2, 1::2] + even[1::2, 1::2]
    return ((total + 2) >> 2).astype(pixels.dtype)


def _tabled(frame: Frame) -> Frame:
    """The frame with pixels that a 65,536-entry table can serve: wide and float ones are
    quantised to codes 1…65535 over what a window can show, for the screen only; code 0 is padding
    and what is not a number."""
    if frame.is_colour or has_grey_table(frame):
        return frame
    values = frame.modality_values().astype(np.float64)
    low, high = _visible_range(frame)
    step = (high - low) / 65534 or 1.0
    void = frame.is_padding(frame.pixels) | np.isnan(values)
    with np.errstate(over="ignore"):  # far outside: the first code, or the last
        codes = np.clip(np.rint((np.where(void, low, values) - low) / step), 0, 65534) + 1
    return replace(
        frame,
        pixels=np.where(void, 0, codes).astype(np.uint16),
        slope=step,
        intercept=low - step,
        modality_lut=None,
        padding=(0, 0),
    )


def _visible_range(frame: Frame) -> tuple[float, float]:
    """Modality values that the screen tells apart: all but the outermost, and every window."""
    sample = frame.sample()
    ends = list(np.percentile(sample, (0.05, 99.95))) if sample.size else [0.0, 1.0]
    for window in frame.windows:
        ends += [window.center - window.width / 2, window.center + window.width / 2]
    for table in frame.voi_luts:
        ends += [table.first, table.first + len(table.entries) - 1]
    return float(min(ends)), float(max(ends))


@dataclass(frozen=True, eq=False)
class Pyramid:
    """``levels[n]`` is the frame reduced by 2ⁿ: stored values (h, w), or RGB uint8 (h, w, 3).

    ``source`` is the frame as it was read; ``frame`` the one that the levels belong to, the same
    unless its values had to be quantised.
    """

    source: Frame
    frame: Frame
    levels: tuple[NDArray[Any], ...]

    @classmethod
    def of(cls, frame: Frame) -> Pyramid:
        tabled = _tabled(frame)
        levels = [to_rgb(frame) if frame.is_colour else tabled.pixels]
        while min(levels[-1].shape[:2]) > 2 * _SMALLEST:
            levels.append(_halved(levels[-1]))
        return cls(frame, tabled, tuple(levels))

    @property
    def nbytes(self) -> int:
        """Bytes of all its arrays, each counted once."""
        frame = self.source
        tables = [t.entries for t in (frame.modality_lut, *frame.voi_luts) if t is not None]
        planes = [plane.packed for plane in frame.planes]
        arrays = (frame.pixels, self.frame.pixels, *self.levels, *tables, *planes)
        return sum({id(array): array.nbytes for array in arrays}.values())

    def level_for(self, scale: float) -> int:
        """The smallest level that still has a pixel for every screen pixel at ``scale`` (screen
        pixels per frame pixel)."""
        level = 0
        while level + 1 < len(self.levels) and scale * 2 ** (level + 1) <= 1.0:
            level += 1
        return level

    def shown(
        self, level: int, window: Window | LookupTable, invert: bool = False
    ) -> NDArray[np.uint8]:
        """Grey uint8 (h, w) of a level, or its RGB unchanged for a colour frame."""
        pixels = self.levels[level]
        if self.frame.is_colour:
            return (255 - pixels) if invert else pixels
        first, table = grey_table(self.frame, window, invert)
        # As unsigned numbers the stored values count from 0: the table is turned to begin there.
        grey: NDArray[np.uint8] = np.roll(table, first)[pixels.view(f"u{pixels.dtype.itemsize}")]
        return grey

    def full_window(self) -> Window:
        """A linear window over all values of the frame, to start from where there is none."""
        values = self.frame.sample()
        low, high = (float(values.min()), float(values.max())) if values.size else (0.0, 1.0)
        return Window((low + high) / 2, max(1.0, high - low))
