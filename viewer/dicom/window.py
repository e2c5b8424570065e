"""Windows and lookup tables: how values become grey (PS3.3 C.11.1 and C.11.2)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

Function = Literal["LINEAR", "LINEAR_EXACT", "SIGMOID"]

SHORTEST_WIDTH = 1e-6
"""Width that ``Window.moved`` stops at for LINEAR_EXACT and SIGMOID, in modality units."""


@dataclass(frozen=True)
class Window:
    """A VOI window in modality units (PS3.3 C.11.2.1.2): values to show from black to white.

    LINEAR needs a width of at least 1, the other functions one above 0; ``ValueError`` else.
    """

    center: float
    width: float
    function: Function = "LINEAR"
    explanation: str = ""

    def __post_init__(self) -> None:
        """Refuse what the standard gives no meaning to."""
        shortest = 1.0 if self.function == "LINEAR" else math.ulp(0.0)
        if not (math.isfinite(self.center) and math.isfinite(self.width)):
            raise ValueError(f"a window needs finite numbers, not {self.center} / {self.width}")
        if self.width < shortest:
            raise ValueError(f"a {self.function} window cannot be {self.width} wide")

    def moved(self, center: float, width: float) -> Window:
        """This window at another place, as wide as asked or as narrow as its function allows."""
        shortest = 1.0 if self.function == "LINEAR" else SHORTEST_WIDTH
        return replace(self, center=center, width=max(width, shortest), explanation="")


@dataclass(frozen=True, eq=False)
class LookupTable:
    """A Modality or VOI LUT (PS3.3 C.11.1.1, C.11.2.1.1).

    ``entries`` is (N,) uint16, the first one for input ``first``; inputs outside take the nearest
    entry. ``bits`` is the depth of the output: white is ``2**bits - 1``. Tables with the same
    entries are equal: each image of a series brings its own copy.
    """

    first: int
    entries: NDArray[np.uint16]
    bits: int
    explanation: str = ""

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, LookupTable):
            return NotImplemented
        mine = (self.first, self.bits, self.explanation)
        return mine == (other.first, other.bits, other.explanation) and bool(
            self.entries is other.entries or np.array_equal(self.entries, other.entries)
        )

    def __hash__(self) -> int:
        return hash((self.first, self.bits, self.explanation, len(self.entries)))

    def lookup(self, values: NDArray[Any]) -> NDArray[np.uint16]:
        """The entry for each value, same shape; values between two inputs go to the nearer."""
        narrow = values.dtype.kind in "iu" and values.dtype.itemsize < 8
        # in a type that holds the ends of the table, too, wherever it begins
        with np.errstate(invalid="ignore"):  # damaged floats
            wide = values.astype(np.int64 if narrow else np.float64)
        whole = wide if narrow else np.rint(np.nan_to_num(wide))
        last = self.first + len(self.entries) - 1
        index = np.clip(whole, self.first, last).astype(np.int64) - self.first
        return np.asarray(self.entries[index], np.uint16)


def table_entries(
    data: bytes | Sequence[float], count: int, bits: int, little: bool
) -> NDArray[np.uint16]:
    """(N,) the first ``count`` entries of LUT data: words, or bytes of a byte order.

    Entries of 8 bits may be packed two to a word, the first in its low byte (PS3.3 C.11.1.1).
    """
    if isinstance(data, bytes):
        even = data + b"\0" * (len(data) % 2)
        words = np.frombuffer(even, "<u2" if little else ">u2").astype("<u2")
    else:
        words = np.array(data, np.int64).astype("<u2")
    packed = len(words) == (count + 1) // 2 and (bits <= 8 or count > 1)
    return (words.view(np.uint8) if packed else words)[:count].astype(np.uint16)


class HasSample(Protocol):
    """What ``auto_window`` needs of a frame."""

    def sample(self) -> NDArray[np.float64]:
        """Modality values that stand for the frame, 1-D, without padding."""


def apply_window(values: NDArray[np.float64], window: Window) -> NDArray[np.float64]:
    """Modality values → 0 (black) … 1 (white), same shape, by PS3.3 C.11.2.1.2; NaN stays NaN."""
    x = np.asarray(values, np.float64)
    center, width = window.center, window.width
    with np.errstate(over="ignore"):  # far beyond the window
        if window.function == "SIGMOID":  # C.11.2.1.3.1
            return np.asarray(1 / (1 + np.exp(np.minimum(-4 * (x - center) / width, 700))))
        if window.function == "LINEAR":  # C.11.2.1.2.1
            center, width = center - 0.5, width - 1
        low, high = center - width / 2, center + width / 2
        shown = (x - center) / width + 0.5 if width > 0 else x
    return np.where(x <= low, 0.0, np.where(x > high, 1.0, shown))


def apply_voi(values: NDArray[np.float64], voi: Window | LookupTable) -> NDArray[np.float64]:
    """Modality values → 0 … 1 through a window or a VOI LUT, same shape."""
    if isinstance(voi, Window):
        return apply_window(values, voi)
    return voi.lookup(values) / float(2**voi.bits - 1)


def auto_window(frame: HasSample) -> Window:
    """A window from the 0.5th to the 99.5th percentile of the frame's values, without padding."""
    return percentile_window(frame.sample(), 0.5, 99.5, "automatic")


def percentile_window(
    values: NDArray[np.float64], low: float, high: float, explanation: str
) -> Window:
    """The window from one percentile of the values (1-D) to another; over all of them where the two
    are the same value."""
    if not values.size:
        return Window(0.5, 1.0, explanation=explanation)
    ends = np.percentile(values, (low, high), method="nearest")
    if ends[0] == ends[1]:
        ends = np.array([values.min(), values.max()])
    whole = np.array_equal(values, np.rint(values))
    return spanning_window(float(ends[0]), float(ends[1]), whole, explanation)


def spanning_window(low: float, high: float, whole: bool, explanation: str) -> Window:
    """The window that shows ``low`` as black and ``high`` as white; ``whole`` numbers by the LINEAR
    function."""
    if whole:
        return Window((low + high + 1) / 2, high - low + 1, explanation=explanation)
    width = max(high - low, SHORTEST_WIDTH)
    return Window((low + high) / 2, width, "LINEAR_EXACT", explanation)
