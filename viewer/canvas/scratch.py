"""Memory that pictures are worked out in."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

_MOST = 256 << 20  # bytes that are kept: enough for a screen of 4K
_LINE = 64  # bytes of the processor's cache


class Scratch:
    """Used again from one picture to the next, for the pages of new memory cost more than what is
    worked out in them. Of one thread."""

    def __init__(self) -> None:
        self._block = np.empty(0, np.uint8)
        self._taken = 0

    def take(self, shape: tuple[int, ...], dtype: DTypeLike) -> NDArray[Any]:
        """An array of whatever is there, until :meth:`free`."""
        size = math.prod(shape) * np.dtype(dtype).itemsize
        start = self._taken
        self._taken += -(-size // _LINE) * _LINE
        if self._taken > self._block.size:
            return np.empty(shape, dtype)  # and there will be room next time
        return self._block[start : start + size].view(dtype).reshape(shape)

    def zeros(self, shape: tuple[int, ...], dtype: DTypeLike) -> NDArray[Any]:
        found = self.take(shape, dtype)
        found.fill(0)
        return found

    def free(self) -> None:
        """All that was taken may be used again, and the memory becomes as large as was needed."""
        if self._taken > _MOST:
            self._block = np.empty(0, np.uint8)
        elif not self._taken <= self._block.size <= 4 * self._taken + _MOST // 32:
            self._block = np.empty(self._taken + self._taken // 4, np.uint8)
        self._taken = 0
