"""A change as a card: what attends to it, beside what the answer uses of it."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import (
    QLineF,
    QModelIndex,
    QPersistentModelIndex,
    QPointF,
    QRectF,
    Qt,
)
from PySide6.QtGui import QFont, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QStyle, QStyleOptionViewItem, QWidget

from viewer.palette import colour
from viewer.panels.rows import Row
from viewer.panels.uses_words import FINE, OPEN, WARNING, Verdict
from viewer.state.session import Session
from viewer.state.words import readable

ROW = Qt.ItemDataRole.UserRole
_TONES = {WARNING: "bad", FINE: "good", OPEN: "quiet"}
CARD = 62  # pixels: the height of a row
SIGN = 26.0  # pixels at the left, for the check box or the plus
SPLIT = 0.42  # of a row's width: where "uses" begins
_ELIDE = Qt.TextElideMode.ElideRight
_LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
_HEADS = (
    "Attends to: the share of the chosen layer's response that lies in the region, and how many "
    "times its share of the area that is; 1 is chance. Max: the layer with the highest.\n"
    "Uses: what the class's probability gains or loses when this alone is changed, and the range "
    "of what as much elsewhere does."
)


@dataclass(frozen=True)
class UseRow:
    """``on`` is None for a candidate, which is no intervention yet. ``attends`` and ``uses`` are a
    figure and a quieter line below it, the tips what is behind them."""

    key: str
    name: str
    detail: str
    on: bool | None
    attends: tuple[str, str]
    uses: tuple[str, str]
    verdict: Verdict
    attends_tip: str = ""
    uses_tip: str = ""

    @property
    def in_words(self) -> str:
        """For those who do not see the row."""
        state = {None: "candidate", True: "on", False: "off"}[self.on]
        return (
            f"{self.name}, {self.detail}, {state}; attends to {' '.join(self.attends)}; "
            f"uses {' '.join(self.uses)}: {self.verdict.words}"
        )


class UseCard(Row):
    """Check box or plus, name and verdict; below them both figures side by side."""

    height = CARD

    def draw(
        self,
        painter: QPainter,
        box: QRectF,
        option: QStyleOptionViewItem,
        index: QModelIndex | QPersistentModelIndex,
    ) -> None:
        row: UseRow = index.data(ROW)
        _draw_back(painter, box, option)
        _draw_sign(painter, box, row.on)
        inner = box.adjusted(SIGN, 4, -8, -5)
        lines = [QRectF(inner.left(), inner.top() + y, inner.width(), 18) for y in (0, 19, 35)]
        _draw_head(painter, lines[0], row)
        middle = inner.width() * SPLIT
        for line, place in ((lines[1], 0), (lines[2], 1)):
            painter.setPen(colour("quiet" if place else "text"))
            _set_size(painter, 11 if place else 13)
            left = line.adjusted(0, 0, middle - line.width() - 6, 0)
            _write(painter, left, row.attends[place])
            _write(painter, line.adjusted(middle, 0, 0, 0), row.uses[place])


def _draw_back(painter: QPainter, box: QRectF, option: QStyleOptionViewItem) -> None:
    chosen = bool(option.state & QStyle.StateFlag.State_Selected)
    if chosen or option.state & QStyle.StateFlag.State_MouseOver:
        painter.setPen(QPen(colour("accent"), 1.5) if chosen else Qt.PenStyle.NoPen)
        painter.setBrush(colour("raised"))
        painter.drawRoundedRect(box, 4, 4)


def _draw_sign(painter: QPainter, box: QRectF, on: bool | None) -> None:
    """A check box, or the plus of a candidate."""
    square = QRectF(box.left() + 6, box.top() + 6, 14, 14)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    if on is None:
        painter.setPen(QPen(colour("accent"), 2))
        middle = square.center()
        painter.drawLine(QLineF(middle - QPointF(5, 0), middle + QPointF(5, 0)))
        painter.drawLine(QLineF(middle - QPointF(0, 5), middle + QPointF(0, 5)))
        return
    painter.setPen(QPen(colour("accent" if on else "faint"), 1.5))
    painter.setBrush(colour("accent") if on else Qt.BrushStyle.NoBrush)
    painter.drawRoundedRect(square, 3, 3)
    if on:
        painter.setPen(QPen(colour("on accent"), 2))
        corner = square.topLeft()
        ticks = [(3.2, 7.2), (6.0, 10.0), (11.0, 4.0)]
        points = [corner + QPointF(x, y) for x, y in ticks]
        painter.drawPolyline(points)


def _draw_head(painter: QPainter, line: QRectF, row: UseRow) -> None:
    _set_size(painter, 12)
    painter.setPen(colour(_TONES[row.verdict.tone]))
    painter.drawText(line, _RIGHT, row.verdict.text)
    room = line.adjusted(0, 0, -painter.fontMetrics().horizontalAdvance(row.verdict.text) - 8, 0)
    _set_size(painter, 13, bold=True)
    painter.setPen(colour("text" if row.on is not False else "quiet"))
    used = _write(painter, room, row.name)
    _set_size(painter, 11)
    painter.setPen(colour("quiet"))
    _write(painter, room.adjusted(used + 7, 0, 0, 0), row.detail)


def _set_size(painter: QPainter, pixels: int, bold: bool = False) -> None:
    font = QFont(painter.font())
    font.setPixelSize(pixels)
    font.setWeight(QFont.Weight.DemiBold if bold else QFont.Weight.Normal)
    painter.setFont(font)


def _write(painter: QPainter, box: QRectF, text: str) -> int:
    """Write as much as there is room for; returns the pixels used."""
    fitted = painter.fontMetrics().elidedText(text, _ELIDE, max(0, int(box.width())))
    painter.drawText(box, _LEFT, fitted)
    return painter.fontMetrics().horizontalAdvance(fitted)


class Heads(QWidget):
    """What stands on the left and on the right of each row below."""

    def __init__(self) -> None:
        super().__init__()
        self.attends, self.uses, self.layer = "", "", ""
        self.setFixedHeight(20)

    def show_layer(self, session: Session) -> None:
        """Name the layer and the class."""
        layer, explanation = session.layer, session.explanation
        target = "" if explanation is None else explanation.target
        self.attends, self.uses = (
            "Attends to (× 1: chance)",
            f"{readable(target)} uses" if target else "Uses",
        )
        self.layer = "" if layer is None else layer.name
        self.setAccessibleName(f"{self.layer} {self.attends}; {self.uses}")
        self.setToolTip(f"{_HEADS}\nChosen layer: {self.layer or 'none'}.")
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setPen(colour("quiet"))
        width = self.width() - SIGN - 12
        for text, start, share in (
            (self.attends, 0.0, SPLIT),
            (self.uses, SPLIT * width, 1 - SPLIT),
        ):
            box = QRectF(SIGN + 4 + start, 0, share * width - 6, self.height())
            fitted = painter.fontMetrics().elidedText(
                text, Qt.TextElideMode.ElideRight, int(box.width())
            )
            painter.drawText(box, Qt.AlignmentFlag.AlignVCenter, fitted)
