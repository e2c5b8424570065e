"""Rows of the kernels that look at a region."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QAbstractListModel, QModelIndex, QPersistentModelIndex, QRectF, Qt
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QStyle, QStyleOptionViewItem

from viewer.palette import colour
from viewer.panels.rows import Row
from viewer.state.kernel_search import KernelSearch
from viewer.state.kernels_here import KernelHere

Index = QModelIndex | QPersistentModelIndex
HERE = Qt.ItemDataRole.UserRole
_SHOWN = Qt.ItemDataRole.UserRole + 1


class HereRow(Row):
    """Rank, kernel and layer, signed mass; below them its share of its layer, as a bar, too."""

    height = 42

    def draw(
        self, painter: QPainter, box: QRectF, option: QStyleOptionViewItem, index: Index
    ) -> None:
        row: KernelHere = index.data(HERE)
        over = QStyle.StateFlag.State_MouseOver | QStyle.StateFlag.State_HasFocus
        painter.setPen(Qt.PenStyle.NoPen)
        if option.state & over or index.data(_SHOWN):
            painter.setBrush(colour("raised"))
            painter.drawRoundedRect(box, 3, 3)
        painter.setBrush(colour("bar"))
        inner = box.adjusted(7, 3, -7, -3)
        painter.drawRect(QRectF(inner.left(), box.bottom() - 3, inner.width() * row.share, 2))
        left, right = Qt.AlignmentFlag.AlignLeft, Qt.AlignmentFlag.AlignRight
        top, bottom = Qt.AlignmentFlag.AlignTop, Qt.AlignmentFlag.AlignVCenter
        painter.setPen(colour("text"))
        mark = "▸ " if index.data(_SHOWN) else ""
        name = f"{mark}{index.row() + 1}  kernel {row.score.kernel} of {row.score.layer}"
        painter.drawText(inner, left | top, name)
        painter.drawText(inner, right | top, f"{row.score.score:+#.3g}")
        painter.setPen(colour("quiet"))
        under = inner.adjusted(0, inner.height() / 2 - 2, 0, 0)
        painter.drawText(under, left | bottom, f"{row.share:.1%} of its layer here")
        painter.drawText(under, right | bottom, f"even share {row.even:.1%}")


class HereRows(QAbstractListModel):
    """What was found, and which of it is shown large."""

    def __init__(self, kernels: KernelSearch) -> None:
        super().__init__(kernels)
        self._kernels = kernels
        self._rows: tuple[KernelHere, ...] = ()

    def take(self) -> None:
        found = self._kernels.here.found
        rows = () if found is None else found.rows
        if rows != self._rows:
            self.beginResetModel()
            self._rows = rows
            self.endResetModel()
        elif rows:
            self.dataChanged.emit(self.index(0, 0), self.index(len(rows) - 1, 0))

    def row_of(self, layer: str, kernel: int) -> int | None:
        for number, row in enumerate(self._rows):
            if (row.score.layer, row.score.kernel) == (layer, kernel):
                return number
        return None

    def rowCount(self, parent: Index | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(self._rows)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        row = self._rows[index.row()]
        score = row.score
        if role == HERE:
            return row
        if role == _SHOWN:
            return self._kernels.choice.chosen == (score.layer, score.kernel)
        if role in (
            Qt.ItemDataRole.DisplayRole,
            Qt.ItemDataRole.ToolTipRole,
            Qt.ItemDataRole.AccessibleTextRole,
        ):
            return (
                f"Number {index.row() + 1}: kernel {score.kernel} of {score.layer}; signed "
                f"response mass in the region {score.score:+.4g}, {row.share:.1%} of the positive "
                f"mass that the {row.of} kernels of its layer have there (an even share would be "
                f"{row.even:.1%})."
            )
        return None
