"""A layer as a tile: its response over the scan, its name, its grid, and how it stands out."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QModelIndex, QObject, QPersistentModelIndex, QRectF, QSize, Qt
from PySide6.QtGui import QFont, QPainter, QPainterPath, QPen, QPixmap
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from viewer.palette import colour

LEAST, MOST = 80, 240
"""Logical pixels that the picture may be a side."""
PICTURE = Qt.ItemDataRole.UserRole
QUIET = "quietCurrent"
"""Property of the list: the current layer is not on the scan."""
_MARGIN, _LINE, _AROUND = 6.0, 17, 12
_KEPT = 120  # tiles as they were painted


class LayerTile(QStyledItemDelegate):
    """The first line of an item's text is the name, those below it are quiet."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.side, self.lines = LEAST, 2
        self._painted: dict[tuple[object, ...], QPixmap] = {}

    def fit(self, height: int, lines: int) -> bool:
        """Pictures as large as tiles of ``height`` with so many lines allow; whether that is
        another size than before."""
        before = self.side, self.lines
        self.side = max(LEAST, min(MOST, height - _AROUND - lines * _LINE))
        self.lines = lines
        return before != (self.side, self.lines)

    def sizeHint(
        self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> QSize:
        return QSize(self.side + _AROUND, self.side + _AROUND + self.lines * _LINE)

    def paint(
        self,
        painter: QPainter,
        option: QStyleOptionViewItem,
        index: QModelIndex | QPersistentModelIndex,
    ) -> None:
        """Kept as it was painted, for stepping through the layers paints several a time."""
        look = _Look.of(option, str(index.data(Qt.ItemDataRole.DisplayRole)), self.side)
        picture: QPixmap | None = index.data(PICTURE)
        ratio = painter.device().devicePixelRatioF()
        key = look, 0 if picture is None else picture.cacheKey(), ratio, colour("text").rgba()
        if key not in self._painted:
            if len(self._painted) >= _KEPT:
                self._painted.clear()
            self._painted[key] = _painted(look, picture, QFont(option.font), ratio)
        painter.drawPixmap(option.rect.topLeft(), self._painted[key])


@dataclass(frozen=True)
class _Look:
    """What a tile shows besides its picture, and how."""

    text: str
    side: int
    size: tuple[int, int]
    font: str
    current: bool
    over: bool
    quiet: bool

    @classmethod
    def of(cls, option: QStyleOptionViewItem, text: str, side: int) -> _Look:
        owner = option.widget
        return cls(
            text,
            side,
            (option.rect.width(), option.rect.height()),
            option.font.key(),
            bool(option.state & QStyle.StateFlag.State_Selected),
            bool(option.state & QStyle.StateFlag.State_MouseOver),
            isinstance(owner, QWidget) and bool(owner.property(QUIET)),
        )


def _painted(look: _Look, picture: QPixmap | None, font: QFont, ratio: float) -> QPixmap:
    width, height = look.size
    made = QPixmap(round(width * ratio), round(height * ratio))
    made.setDevicePixelRatio(ratio)
    made.fill(Qt.GlobalColor.transparent)
    painter = QPainter(made)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
    box = QRectF(0, 0, width, height).adjusted(1, 1, -1, -1)
    if look.current or look.over:
        _paint_ground(painter, box, look)
    square = QRectF(box.left() + _MARGIN - 1, box.top() + _MARGIN - 1, look.side, look.side)
    _paint_picture(painter, square, picture)
    words = QRectF(box.left() + 4, square.bottom() + 3, box.width() - 8, _LINE)
    for number, line in enumerate(look.text.split("\n")):
        heavy = look.current and not number
        font.setWeight(QFont.Weight.DemiBold if heavy else QFont.Weight.Normal)
        painter.setFont(font)
        painter.setPen(colour("quiet" if number else "text"))
        room, middle = int(words.width()), Qt.TextElideMode.ElideMiddle
        fitted = painter.fontMetrics().elidedText(line, middle, room)
        painter.drawText(words, Qt.AlignmentFlag.AlignCenter, fitted)
        words.translate(0, _LINE)
    painter.end()
    return made


def _paint_ground(painter: QPainter, box: QRectF, look: _Look) -> None:
    pen = QPen(colour("faint" if look.quiet else "accent"), 2.0)
    if look.quiet:
        pen.setStyle(Qt.PenStyle.DashLine)
    painter.setPen(pen if look.current else Qt.PenStyle.NoPen)
    painter.setBrush(colour("raised"))
    painter.drawRoundedRect(box.adjusted(1, 1, -1, -1), 6, 6)


def _paint_picture(painter: QPainter, box: QRectF, picture: QPixmap | None) -> None:
    """Whole, in the middle of a black square; a square alone until it is there."""
    path = QPainterPath()
    path.addRoundedRect(box, 4, 4)
    painter.save()
    painter.setClipPath(path)
    painter.fillRect(box, Qt.GlobalColor.black)
    if picture is not None and not picture.isNull():
        size = picture.size().scaled(box.size().toSize(), Qt.AspectRatioMode.KeepAspectRatio)
        inner = QRectF(0, 0, size.width(), size.height())
        inner.moveCenter(box.center())
        painter.drawPixmap(inner, picture, QRectF(picture.rect()))
    painter.restore()
