"""One decoded frame, and the way from its stored values to grey in the order of the standard:
Modality LUT or rescale → window or VOI LUT → presentation (PS3.3 C.11, PS3.4 N.2)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from viewer.dicom.planes import Plane
from viewer.dicom.window import LookupTable, Window, apply_voi, auto_window

_LUMA = np.array([0.299, 0.587, 0.114], np.float32)  # ITU-R BT.601, as in PS3.3 C.7.6.3.1.2
_SAMPLE = 400_000
_NO_END = 1e300
_IDENTITY = Window(128, 256)


@dataclass(frozen=True, eq=False)
class Frame:
    """One frame as it was stored, with what the file says about showing it.

    ``pixels`` are stored values: (H, W) integer or float, or (H, W, 3) uint8 RGB. ``padding`` is
    the inclusive range of stored values that are no image (C.7.5.1.1.2). ``spacing`` is mm
    (between rows, between columns), ``spacing_kind`` "calibrated", "at detector" or ""
    (10.7.1.3). ``aspect_ratio`` is pixel height / pixel width. ``inverted``: low values are
    white. ``units`` are those of the modality values. ``notes`` are sentences about what had to
    be guessed or mended in the file. ``planes`` are the overlay planes of the file. ``orientation``
    is (direction along a row to the right, direction down a column) in letters A P R L H F
    (C.7.6.1.1.1), or () where the file does not say. ``frame_rate`` is how many frames a second it
    wants to be played at, 0 without a wish.
    """

    pixels: NDArray[Any]
    slope: float = 1.0
    intercept: float = 0.0
    modality_lut: LookupTable | None = None
    windows: tuple[Window, ...] = ()
    voi_luts: tuple[LookupTable, ...] = ()
    inverted: bool = False
    padding: tuple[float, float] | None = None
    spacing: tuple[float, float] | None = None
    spacing_kind: str = ""
    aspect_ratio: float = 1.0
    units: str = ""
    notes: tuple[str, ...] = ()
    planes: tuple[Plane, ...] = ()
    orientation: tuple[str, str] | tuple[()] = ()
    frame_rate: float = 0.0

    def __post_init__(self) -> None:
        """Refuse pixels of another shape: everything below relies on it."""
        colour = self.pixels.ndim == 3 and self.pixels.shape[2] == 3
        if not (self.pixels.ndim == 2 or (colour and self.pixels.dtype == np.uint8)):
            raise ValueError(f"no frame has {self.pixels.shape} {self.pixels.dtype} pixels")

    @property
    def is_colour(self) -> bool:
        """Whether the pixels are RGB."""
        return self.pixels.ndim == 3

    @property
    def size(self) -> tuple[int, int]:
        """(height, width) in pixels."""
        return int(self.pixels.shape[0]), int(self.pixels.shape[1])

    def modality_values(self) -> NDArray[np.float32] | NDArray[np.float64]:
        """(H, W) values in ``units``; for colour the luma, 0 to 255.

        float32 where the stored values fit it (up to 16 bits, float32), float64 otherwise.
        """
        wide = self.pixels.dtype.itemsize > (4 if self.pixels.dtype.kind == "f" else 2)
        values = self._modality(self.pixels)
        with np.errstate(over="ignore"):  # what float32 cannot hold is infinite
            return values if wide else values.astype(np.float32)

    def value_at(self, x: float, y: float) -> float | None:
        """The modality value of the pixel under a point, or None outside and for NaN.

        (x, y) are pixels from the top-left corner of the first pixel.
        """
        height, width = self.size
        if not (0 <= x < width and 0 <= y < height):
            return None
        column, row = int(x), int(y)
        value = float(self._modality(self.pixels[row : row + 1, column : column + 1])[0, 0])
        return value if math.isfinite(value) else None

    def values_of(self, stored: NDArray[Any]) -> NDArray[np.float64]:
        """Modality values of some stored values of this frame, of any shape; for colour
        (…, 3) the luma."""
        if self.is_colour:
            return np.asarray(stored @ _LUMA, np.float64)
        return self._modality(stored)

    def sample(self) -> NDArray[np.float64]:
        """Finite modality values on a regular grid over the frame, 1-D, without padding and
        without those near the end of what numbers can be."""
        step = max(1, math.ceil(math.sqrt(self.pixels.shape[0] * self.pixels.shape[1] / _SAMPLE)))
        stored = self.pixels[::step, ::step]
        values = self._modality(stored)[~self.is_padding(stored)]
        return values[np.abs(values) < _NO_END]

    def is_padding(self, stored: NDArray[Any]) -> NDArray[np.bool_]:
        """Which of some stored values are padding; (H, W) also for colour, which has none."""
        if self.padding is None or stored.ndim == 3:
            return np.zeros(stored.shape[:2], bool)
        low, high = self.padding
        return np.asarray((stored >= low) & (stored <= high))

    def _modality(self, stored: NDArray[Any]) -> NDArray[np.float64]:
        """Stored values of this frame → modality values (C.11.1); the LUT excludes rescale."""
        if stored.ndim == 3:
            return (stored @ _LUMA).astype(np.float64)
        if self.modality_lut is not None:
            return self.modality_lut.lookup(stored).astype(np.float64)
        with np.errstate(invalid="ignore", over="ignore"):  # damaged floats
            return stored.astype(np.float64) * self.slope + self.intercept


def default_window(frame: Frame) -> Window | LookupTable:
    """What to show a frame with at first: its first window, else its VOI LUT, else a guess."""
    if frame.is_colour:
        return _IDENTITY
    if frame.windows:
        return frame.windows[0]
    return frame.voi_luts[0] if frame.voi_luts else auto_window(frame)


def has_grey_table(frame: Frame) -> bool:
    """Whether ``grey_table`` works on the frame: grey, integer and at most 16 bits."""
    return not frame.is_colour and frame.pixels.dtype.kind in "iu" and frame.pixels.itemsize <= 2


@dataclass(frozen=True, eq=False)
class Ramp:
    """Stored values of a frame, of any shape, on their way to grey as far as it is the same for
    every window: their modality values, and which of them are ``void``, padding or NaN."""

    values: NDArray[np.float64]
    void: NDArray[np.bool_] | None
    inverted: bool

    @classmethod
    def of(cls, frame: Frame, span: tuple[int, int] | None = None) -> Ramp:
        """Each value from one to another, both included, (n,); without a ``span`` each of the
        pixels' dtype."""
        if not has_grey_table(frame):
            pixels = frame.pixels
            raise ValueError(f"no grey table for {pixels.ndim}-D {pixels.dtype} pixels")
        limits = np.iinfo(frame.pixels.dtype)
        low, high = (int(limits.min), int(limits.max)) if span is None else span
        return cls.made(frame, np.arange(low, high + 1))

    @classmethod
    def made(cls, frame: Frame, stored: NDArray[Any]) -> Ramp:
        """Of some stored values."""
        values = frame.values_of(stored)
        void = frame.is_padding(stored) | np.isnan(values)
        return cls(values, void if void.any() else None, frame.inverted)

    def grey(self, voi: Window | LookupTable, invert: bool = False) -> NDArray[np.uint8]:
        """uint8 of the same shape, 0 black; ``invert`` turns the presentation once more."""
        shown = apply_voi(self.values, voi)
        if self.inverted != invert:
            shown = 1 - shown
        if self.void is not None:
            shown = np.where(self.void, 0.0, shown)
        return (np.clip(shown, 0, 1) * 255 + 0.5).astype(np.uint8)


def grey_table(
    frame: Frame, window: Window | LookupTable, invert: bool = False
) -> tuple[int, NDArray[np.uint8]]:
    """``(first, table)`` so that ``table[pixels - first]`` is what ``to_grey`` gives.

    The table is (256,) or (65536,) uint8, one entry for each value of the pixels' dtype, so that
    it holds for every frame of the series and needs no pass over the pixels.
    """
    table = Ramp.of(frame).grey(window, invert)
    return int(np.iinfo(frame.pixels.dtype).min), table


def to_grey(
    frame: Frame, window: Window | LookupTable | None = None, invert: bool = False
) -> NDArray[np.uint8]:
    """(H, W) uint8 grey for the screen, 0 black. Padding and NaN are black, inverted or not.

    Without a window, ``default_window``. ``invert`` turns the presentation once more. Colour is
    shown by its luma (0 to 255).
    """
    chosen = default_window(frame) if window is None else window
    if not has_grey_table(frame):
        return Ramp.made(frame, frame.pixels).grey(chosen, invert)
    first, table = grey_table(frame, chosen, invert)
    # As unsigned numbers the stored values count from 0: the table is turned to begin there.
    unsigned = frame.pixels.view(frame.pixels.dtype.str.replace("i", "u"))
    return np.asarray(np.roll(table, first)[unsigned], np.uint8)


def to_rgb(frame: Frame) -> NDArray[np.uint8]:
    """(H, W, 3) uint8 RGB: the pixels of a colour frame, a grey frame three times."""
    if frame.is_colour:
        return np.asarray(frame.pixels, np.uint8)
    return np.repeat(to_grey(frame)[:, :, None], 3, axis=2)
