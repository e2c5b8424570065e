"""A picture, or the first lines of a text, as large as there is room."""

from __future__ import annotations

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontDatabase, QImage, QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

_BACK, _TEXT = QColor("#0a0c11"), QColor("#94a3b8")
_MARGIN = 14


class Preview(QWidget):
    """Nothing until something is shown."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.shown: QImage | str = ""
        self.setMinimumSize(360, 360)
        self.setAccessibleName("Preview")

    def show_one(self, shown: QImage | str) -> None:
        self.shown = shown
        self.setAccessibleDescription(shown if isinstance(shown, str) else "a picture")
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), _BACK)
        inner = QRectF(self.rect()).adjusted(_MARGIN, _MARGIN, -_MARGIN, -_MARGIN)
        if isinstance(self.shown, str):
            self._paint_text(painter, inner, self.shown)
        elif not self.shown.isNull():
            self._paint_picture(painter, inner, self.shown)
        painter.end()

    def _paint_picture(self, painter: QPainter, box: QRectF, image: QImage) -> None:
        scale = min(box.width() / image.width(), box.height() / image.height(), 1.0)
        target = QRectF(0, 0, image.width() * scale, image.height() * scale)
        target.moveCenter(box.center())
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.drawImage(target, image)

    def _paint_text(self, painter: QPainter, box: QRectF, text: str) -> None:
        long = "\n" in text
        font = QFont(self.font())
        if long:
            font = QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont)
            font.setPixelSize(12)
        painter.setFont(font)
        painter.setPen(_TEXT)
        flags = Qt.TextFlag.TextWordWrap.value | Qt.AlignmentFlag.AlignCenter.value
        if long:
            flags = Qt.AlignmentFlag.AlignLeft.value | Qt.AlignmentFlag.AlignTop.value
        painter.drawText(box, flags, text)
