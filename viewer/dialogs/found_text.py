"""Cells in which what is searched for is marked."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRectF, Qt
from PySide6.QtGui import QFontMetricsF, QPainter
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from viewer.palette import colour

_STRENGTH = 90  # of the mark, of 255


class FoundText(QStyledItemDelegate):
    """Marks the text that ``wanted`` gives with a thin layer of the accent's colour."""

    def __init__(self, wanted: Callable[[], str], parent: QWidget) -> None:
        super().__init__(parent)
        self._wanted = wanted

    def paint(
        self,
        painter: QPainter,
        option: QStyleOptionViewItem,
        index: QModelIndex | QPersistentModelIndex,
    ) -> None:
        super().paint(painter, option, index)
        wanted = self._wanted().strip().casefold()
        full = QStyleOptionViewItem(option)
        self.initStyleOption(full, index)
        at = full.text.casefold().find(wanted) if wanted else -1
        if at < 0:
            return
        style = full.widget.style()
        text = style.subElementRect(QStyle.SubElement.SE_ItemViewItemText, full, full.widget)
        metrics = QFontMetricsF(full.font)
        margin = style.pixelMetric(QStyle.PixelMetric.PM_FocusFrameHMargin, full) + 1
        letters = full.text[: at + len(wanted)]
        before = metrics.horizontalAdvance(letters[:at])
        width = metrics.horizontalAdvance(letters) - before
        if full.displayAlignment & Qt.AlignmentFlag.AlignRight:
            start = text.right() - margin - metrics.horizontalAdvance(full.text) + before
        else:
            start = text.left() + margin + before
        mark = QRectF(start, text.center().y() - metrics.height() / 2, width, metrics.height())
        tint = colour("accent")
        tint.setAlpha(_STRENGTH)
        painter.fillRect(mark.intersected(QRectF(text)), tint)
