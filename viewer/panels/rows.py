"""A heading over a list of painted rows: what the panels of answers have in common."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRectF, QSize, Qt
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import (
    QLabel,
    QListWidget,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from viewer.state.session import Session

ANSWERS_SPACE = "answersSpace"
"""Property of a widget in which the space bar does something."""


def is_put_aside(panel: QWidget) -> bool:
    """Whether a panel was hidden on purpose, as those behind other tabs are: it reads again when it
    is shown."""
    return panel.isHidden() and panel.testAttribute(Qt.WidgetAttribute.WA_WState_ExplicitShowHide)


class Row(QStyledItemDelegate):
    """Paints a row by hand: :meth:`draw` gets the box inside its margins."""

    height = 25  # pixels

    def sizeHint(
        self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> QSize:
        return QSize(160, self.height)

    def paint(
        self,
        painter: QPainter,
        option: QStyleOptionViewItem,
        index: QModelIndex | QPersistentModelIndex,
    ) -> None:
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self.draw(painter, QRectF(option.rect).adjusted(2, 1, -2, -1), option, index)
        painter.restore()

    def draw(
        self,
        painter: QPainter,
        box: QRectF,
        option: QStyleOptionViewItem,
        index: QModelIndex | QPersistentModelIndex,
    ) -> None:
        raise NotImplementedError


class RowsPanel(QWidget):
    """``heading`` says what the ``rows`` are."""

    def __init__(self, session: Session, row: type[Row], name: str, parent: QWidget | None) -> None:
        super().__init__(parent)
        self.session = session
        self.heading = QLabel(self)
        self.heading.setWordWrap(True)
        self.heading.setProperty("quiet", True)
        self.heading.setAlignment(Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft)
        self.rows = QListWidget(self)
        self.rows.setItemDelegate(row(self.rows))
        self.rows.setMouseTracking(True)
        self.rows.setAccessibleName(name)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 6, 8, 6)
        layout.addWidget(self.heading)
        layout.addWidget(self.rows)
