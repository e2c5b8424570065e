"""A frame at screen resolution: halved copies, averaged by area, and 16-bit table look-ups.

Window and level then cost one look-up a screen pixel, however large the frame is.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from viewer.dicom.frame import Frame, Ramp, has_grey_table, to_rgb
from viewer.dicom.window import LookupTable, Window

_SMALLEST = 128
_INDICES = 16_000  # pixels that are looked up at a time: more memory comes in new pages

Entry = TypeVar("Entry", np.uint8, np.uint32)


def _halved(pixels: NDArray[Any]) -> NDArray[Any]:
    """Mean of 2 × 2 blocks, rounded; an odd last row or column joins the one before."""
    height, width = pixels.shape[0] // 2 * 2, pixels.shape[1] // 2 * 2
    even = pixels[:height, :width].astype(np.int32)
    total = even[::2, ::2] + even[1::2, ::2] + even[::2, 1::2] + even[1::2, 1::2]
    return ((total + 2) >> 2).astype(pixels.dtype)


def _halved_apart(frame: Frame, pixels: NDArray[Any]) -> NDArray[Any]:
    """The same without mixing padding in: of blocks at least half of which is real the mean of
    that, padding elsewhere."""
    void = frame.is_padding(pixels)
    if not void.any():
        return _halved(pixels)
    height, width = pixels.shape[0] // 2 * 2, pixels.shape[1] // 2 * 2
    parts = [(slice(y, height, 2), slice(x, width, 2)) for y in (0, 1) for x in (0, 1)]
    whole = functools.reduce(np.logical_and, (void[part] for part in parts))
    mixed = functools.reduce(np.logical_or, (void[part] for part in parts))
    halved, padding = _halved(pixels), pixels[void][0]
    mixed |= frame.is_padding(halved)  # a mean may be the very number that padding has
    mixed &= ~whole
    halved[whole] = padding
    real = np.stack([~void[part][mixed] for part in parts])
    values = np.stack([pixels[part][mixed] for part in parts]).astype(np.int32)
    count, total = real.sum(0), np.where(real, values, 0).sum(0)
    mean = (2 * total + count) // (2 * count)
    some = np.where(real, values, np.iinfo(np.int32).min).max(0)
    mean = np.where(frame.is_padding(mean), some, mean)
    halved[mixed] = np.where(count >= 2, mean, padding)
    return halved


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
    """Modality values that the screen tells apart: every window, and all that there are as long as
    the usual ones keep 256 shades."""
    sample = frame.sample()
    ends = list(np.percentile(sample, (0.05, 99.95))) if sample.size else [0.0, 1.0]
    values = frame.modality_values()[~frame.is_padding(frame.pixels)]
    finite = values[np.isfinite(values)]
    if finite.size:
        reach = 255 * max(ends[1] - ends[0], 1e-12)
        low, high = float(finite.min()), float(finite.max())
        ends += [max(low, ends[0] - reach), min(high, ends[1] + reach)]
    for window in frame.windows:
        ends += [window.center - window.width / 2, window.center + window.width / 2]
    for table in frame.voi_luts:
        ends += [table.first, table.first + len(table.entries) - 1]
    return float(min(ends)), float(max(ends))


@dataclass(frozen=True, eq=False)
class Pyramid:
    """``levels[n]`` is the frame reduced by 2ⁿ: stored values (h, w), or RGB uint8 (h, w, 3).

    ``source`` is the frame as it was read; ``frame`` the one that the levels belong to, the same
    unless its values had to be quantised. ``span`` are the least and the greatest stored value of a
    grey one; ``padded`` says whether some of its pixels are padding, which is in no mean.
    """

    source: Frame
    frame: Frame
    levels: tuple[NDArray[Any], ...]
    span: tuple[int, int]
    padded: bool = False

    @classmethod
    def of(cls, frame: Frame) -> Pyramid:
        tabled = _tabled(frame)
        levels = [to_rgb(frame) if frame.is_colour else tabled.pixels]
        padded = tabled.padding is not None and bool(tabled.is_padding(levels[0]).any())
        while min(levels[-1].shape[:2]) > 2 * _SMALLEST:
            below = levels[-1]
            levels.append(_halved_apart(tabled, below) if padded else _halved(below))
        span = (0, 255) if frame.is_colour else (int(levels[0].min()), int(levels[0].max()))
        return cls(frame, tabled, tuple(levels), span, padded)

    @property
    def nbytes(self) -> int:
        """Bytes of all its arrays, each counted once."""
        frame = self.source
        tables = [t.entries for t in (frame.modality_lut, *frame.voi_luts) if t is not None]
        planes = [plane.packed for plane in frame.planes]
        arrays = (frame.pixels, self.frame.pixels, *self.levels, *tables, *planes)
        masks = sum(level.size for level in self.levels) if self.padded else 0
        return masks + sum({id(array): array.nbytes for array in arrays}.values())

    def padding_at(self, level: int) -> NDArray[np.uint8]:
        """255 where a level is padding, 0 elsewhere, (h, w); made once. Not to be changed."""
        if level not in self._padding:
            self._padding[level] = self.frame.is_padding(self.levels[level]).view(np.uint8) * 255
        return self._padding[level]

    @functools.cached_property
    def _padding(self) -> dict[int, NDArray[np.uint8]]:
        return {}

    @functools.cached_property
    def _ramp(self) -> Ramp:
        """Every value that a grey frame may have: what windows make a table of."""
        return Ramp.of(self.frame, self.span)

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
        return looked_up(pixels, self.span[0], self._ramp.grey(window, invert))

    def paint(
        self,
        values: NDArray[Any],
        window: Window | LookupTable,
        invert: bool,
        into: NDArray[np.uint32],
    ) -> None:
        """Values of any of its levels (h, w), or RGB (h, w, 3), as 0xffRRGGBB: what Qt paints
        fastest."""
        if not self.frame.is_colour:
            table = self._ramp.grey(window, invert)
            packed: NDArray[np.uint32] = table * np.uint32(0x010101) | np.uint32(0xFF000000)
            looked_up(values, self.span[0], packed, into)
            return
        into[:] = 0xFF000000
        for channel, shift in enumerate((16, 8, 0)):
            into |= values[..., channel].astype(np.uint32) << np.uint32(shift)
        if invert:
            into ^= np.uint32(0xFFFFFF)

    def full_window(self) -> Window:
        """A linear window over all values of the frame, to start from where there is none."""
        values = self.frame.sample()
        low, high = (float(values.min()), float(values.max())) if values.size else (0.0, 1.0)
        return Window((low + high) / 2, max(1.0, high - low))


def looked_up(
    pixels: NDArray[Any], first: int, table: NDArray[Entry], into: NDArray[Entry] | None = None
) -> NDArray[Entry]:
    """``table[pixels - first]`` for 8- or 16-bit pixels, all of which have an entry.

    As unsigned numbers the stored values count from 0: the table is turned to begin there, so
    that nothing has to be subtracted from the pixels. Some rows at a time, whose indices stay in
    the processor's cache.
    """
    every = 1 << 8 * pixels.dtype.itemsize
    start = first % every
    before = max(0, start + len(table) - every)  # entries of what counts from 0 again
    turned = np.zeros(every if before else start + len(table), table.dtype)
    turned[start:] = table[: len(table) - before]
    turned[:before] = table[len(table) - before :]
    found = np.empty(pixels.shape, table.dtype) if into is None else into
    unsigned = pixels.view(f"u{pixels.dtype.itemsize}")
    rows = max(1, _INDICES // max(1, pixels.shape[1]))
    index = np.empty((rows, pixels.shape[1]), np.intp)
    for top in range(0, len(pixels), rows):
        some = unsigned[top : top + rows]
        own = index[: len(some)]
        own[:] = some
        # no entry is missing, so that nothing is wrapped: the quickest of numpy's ways
        turned.take(own, out=found[top : top + rows], mode="wrap")
    return found
