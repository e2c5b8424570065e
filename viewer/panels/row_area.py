"""Rows of different heights, of which only those in view cost anything."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from itertools import accumulate

from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QAbstractScrollArea, QFrame, QWidget


class RowArea(QAbstractScrollArea):
    """Knows where each row is; what it shows, and how, is for those who derive from it."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._tops = [0]  # of each row, and the end of the last
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.viewport().setMouseTracking(True)

    def set_heights(self, heights: Iterable[int], step: int) -> None:
        """Of all rows, in logical pixels; the wheel and the bar's arrows go by ``step``."""
        self._tops = list(accumulate(heights, initial=0))
        self.verticalScrollBar().setSingleStep(step)
        self._set_range()

    def row_at(self, y: float) -> int:
        """The row at a height of the viewport, -1 beyond the last."""
        number = bisect_right(self._tops, y + self.scrolled) - 1
        return number if 0 <= number < len(self._tops) - 1 else -1

    def box_of(self, number: int) -> QRect:
        """Where a row is in the viewport."""
        top = self._tops[number]
        height = self._tops[number + 1] - top
        return QRect(0, top - self.scrolled, self.viewport().width(), height)

    def in_view(self) -> Iterator[int]:
        """The rows that are seen, wholly or in part."""
        for number in range(max(0, self.row_at(0)), len(self._tops) - 1):
            if self._tops[number] - self.scrolled >= self.viewport().height():
                return
            yield number

    @property
    def scrolled(self) -> int:
        """Logical pixels above the viewport."""
        return self.verticalScrollBar().value()

    def scroll_to(self, number: int, offset: int = 0) -> None:
        """Put a row at the top, ``offset`` pixels of it out of sight."""
        self.verticalScrollBar().setValue(self._tops[number] + offset)

    def reveal(self, number: int) -> None:
        """Scroll as little as may be for a row to be seen whole."""
        top, end, height = self._tops[number], self._tops[number + 1], self.viewport().height()
        if top < self.scrolled:
            self.verticalScrollBar().setValue(top)
        elif end > self.scrolled + height:
            self.verticalScrollBar().setValue(end - height)

    def _set_range(self) -> None:
        bar, height = self.verticalScrollBar(), self.viewport().height()
        bar.setPageStep(height)
        bar.setRange(0, max(0, self._tops[-1] - height))

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._set_range()

    def scrollContentsBy(self, dx: int, dy: int) -> None:
        self.viewport().update()
