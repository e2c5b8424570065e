"""Buttons that are painted as cards, and the field to drop files on."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QAbstractButton, QSizePolicy, QStyle, QStyleOption, QWidget

from viewer import icons
from viewer.palette import colour

_SIDE, _MARGIN, _ROUND = 22.0, 12.0, 7.0  # logical pixels


class Card(QAbstractButton):
    """A drawing, a line that says what it is, and a quiet one below it."""

    def __init__(self, icon: str, title: str, detail: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._icon, self._detail = icon, detail
        self.setText(title)
        self.setAccessibleName(f"{title}, {detail}")
        self.setToolTip(f"{title}\n{detail}")
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def sizeHint(self) -> QSize:
        return QSize(250, 54)

    def minimumSizeHint(self) -> QSize:
        return QSize(140, 54)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(colour("focus" if self.hasFocus() else "line"), 1.0))
        painter.setBrush(colour("raised" if self.underMouse() or self.isDown() else "panel"))
        frame = QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5)
        painter.drawRoundedRect(frame, _ROUND, _ROUND)
        icon = QRectF(_MARGIN, (self.height() - _SIDE) / 2, _SIDE, _SIDE)
        icons.draw(painter, self._icon, icon, colour("quiet"))
        words = frame.adjusted(2 * _MARGIN + _SIDE, 9, -_MARGIN, -9)
        self._write(painter, words, self.text(), Qt.AlignmentFlag.AlignTop, "text", True)
        self._write(painter, words, self._detail, Qt.AlignmentFlag.AlignBottom, "quiet", False)
        painter.end()

    @staticmethod
    def _write(
        painter: QPainter, box: QRectF, text: str, where: Qt.AlignmentFlag, name: str, bold: bool
    ) -> None:
        font = QFont(painter.font())
        font.setWeight(QFont.Weight.DemiBold if bold else QFont.Weight.Normal)
        painter.setFont(font)
        painter.setPen(colour(name))
        fitted = painter.fontMetrics().elidedText(
            text, Qt.TextElideMode.ElideRight, int(box.width())
        )
        painter.drawText(box, Qt.AlignmentFlag.AlignLeft | where, fitted)


class DropField(QWidget):
    """Says that files can be dropped; lights up while some are held over the window."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.over = False
        self.setMinimumHeight(96)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName(self.words)

    @property
    def words(self) -> str:
        if self.over:
            return "Let go to open"
        return "Drop DICOM files, folders, a ZIP archive or a DICOMDIR anywhere on this window"

    def set_over(self, over: bool) -> None:
        if over != self.over:
            self.over = over
            self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        option = QStyleOption()
        option.initFrom(self)
        painter = QPainter(self)
        self.style().drawPrimitive(QStyle.PrimitiveElement.PE_Widget, option, painter, self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        edge = colour("accent" if self.over else "faint")
        pen = QPen(edge, 2.0 if self.over else 1.2)
        pen.setDashPattern([5.0, 4.0])
        painter.setPen(pen)
        ground = colour("raised") if self.over else QColor(0, 0, 0, 0)
        painter.setBrush(ground)
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(1, 1, -1, -1), _ROUND, _ROUND)
        middle = QRectF(self.rect())
        icon = QRectF(middle.center().x() - 14, middle.top() + 18, 28, 28)
        ink = colour("accent" if self.over else "quiet")
        icons.draw(painter, "drop", icon, ink)
        painter.setPen(ink)
        below = middle.adjusted(12, 54, -12, -8)
        flags = Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop
        painter.drawText(below, flags | Qt.TextFlag.TextWordWrap, self.words)
        painter.end()
