"""A table on paper: a block a row, so that it may go on on the next page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QLineF, QRectF
from PySide6.QtGui import QPainter, QPen

from viewer.exporters.paper import (
    BODY,
    INK,
    QUIET,
    RULE,
    SMALL,
    TEXT_WIDTH,
    WRAP,
    WRAP_RIGHT,
    Block,
    text_height,
    write,
)

_PAD, _GAP, _NUMBER_GAP = 30.0, 70.0, 190.0


@dataclass(frozen=True)
class Column:
    """``share`` of the width; numbers stand at the right."""

    title: str
    share: float
    number: bool = False

    @property
    def gap(self) -> float:
        """To the next column."""
        return _NUMBER_GAP if self.number else _GAP


@dataclass(frozen=True)
class Text:
    """What stands in a cell."""

    text: str
    bold: bool = False
    quiet: bool = False


def table(columns: Sequence[Column], rows: Sequence[Sequence[Text | str]]) -> list[Block]:
    """The head goes with the first row. A row whose first cell is empty belongs to the one above:
    no line parts them."""
    head = [Text(column.title, quiet=True) for column in columns]
    blocks = [_row(columns, head, SMALL, with_next=True)]
    for row in rows:
        cells = [cell if isinstance(cell, Text) else Text(cell) for cell in row]
        blocks.append(_row(columns, cells, BODY))
    return blocks


def _row(
    columns: Sequence[Column], cells: Sequence[Text], size: int, with_next: bool = False
) -> Block:
    total = sum(column.share for column in columns)
    widths = [TEXT_WIDTH * column.share / total for column in columns]
    height = max(
        text_height(cell.text or " ", width - column.gap, size, cell.bold)
        for column, cell, width in zip(columns, cells, widths, strict=True)
    )
    pen = QPen(RULE, 5)

    def paint(painter: QPainter, box: QRectF) -> None:
        if size == BODY and cells[0].text:
            painter.setPen(pen)
            painter.drawLine(QLineF(box.topLeft(), box.topRight()))
        left = box.left()
        for column, cell, width in zip(columns, cells, widths, strict=True):
            inner = QRectF(left, box.top() + _PAD, width - column.gap, height + 10)
            flags = WRAP_RIGHT if column.number else WRAP
            colour = QUIET if cell.quiet else INK
            write(painter, inner, cell.text, size, cell.bold, colour, flags)
            left += width

    return Block(height + 2 * _PAD, paint, with_next=with_next)
