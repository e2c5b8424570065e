"""A layer as a tile: its response over the scan, its name, its grid, and how it stands out."""

from __future__ import annotations

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


class LayerTile(QStyledItemDelegate):
    """The first line of an item's text is the name, those below it are quiet."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.side, self.lines = LEAST, 2

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
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        box = QRectF(option.rect).adjusted(1, 1, -1, -1)
        current = bool(option.state & QStyle.StateFlag.State_Selected)
        self._ground(painter, box, option, current)
        picture = QRectF(box.left() + _MARGIN - 1, box.top() + _MARGIN - 1, self.side, self.side)
        self._picture(painter, picture, index.data(PICTURE))
        words = QRectF(box.left() + 4, picture.bottom() + 3, box.width() - 8, _LINE)
        for number, line in enumerate(str(index.data(Qt.ItemDataRole.DisplayRole)).split("\n")):
            font = QFont(option.font)
            heavy = current and not number
            font.setWeight(QFont.Weight.DemiBold if heavy else QFont.Weight.Normal)
            painter.setFont(font)
            painter.setPen(colour("quiet" if number else "text"))
            room, middle = int(words.width()), Qt.TextElideMode.ElideMiddle
            fitted = painter.fontMetrics().elidedText(line, middle, room)
            painter.drawText(words, Qt.AlignmentFlag.AlignCenter, fitted)
            words.translate(0, _LINE)
        painter.restore()

    @staticmethod
    def _ground(
        painter: QPainter, box: QRectF, option: QStyleOptionViewItem, current: bool
    ) -> None:
        over = bool(option.state & QStyle.StateFlag.State_MouseOver)
        if not current and not over:
            return
        owner = option.widget
        quiet = isinstance(owner, QWidget) and bool(owner.property(QUIET))
        pen = QPen(colour("faint" if quiet else "accent"), 2.0)
        if quiet:
            pen.setStyle(Qt.PenStyle.DashLine)
        painter.setPen(pen if current else Qt.PenStyle.NoPen)
        painter.setBrush(colour("raised"))
        painter.drawRoundedRect(box.adjusted(1, 1, -1, -1), 6, 6)

    @staticmethod
    def _picture(painter: QPainter, box: QRectF, picture: QPixmap | None) -> None:
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
