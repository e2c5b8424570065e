"""The chosen landmark, layer by layer."""

from __future__ import annotations

import math

from PySide6.QtCore import QSignalBlocker, Qt
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QTableWidget,
    QTableWidgetItem,
    QWidget,
)

from viewer.state.figures import Figures, LayerFigures
from viewer.state.session import Session

_HEADS = (
    ("#", "Depth of the layer, counted from the image"),
    ("layer", "Click to see the layer"),
    ("mass", "Share of the layer's response that lies on the landmark"),
    ("lift", "Mass over the landmark's share of the area; 1 is chance"),
    ("untrained", "Mean lift of three networks of the same shape that never learnt anything"),
    ("hit", "Whether the strongest response lies on the landmark"),
)
_LAYER = 1


def lift_text(lift: float | None) -> str:
    """``2.4``; a dash where there is none, dots where it is not known yet."""
    if lift is None:
        return "…"
    return f"{lift:.1f}" if math.isfinite(lift) else "–"


def _cells(layer: LayerFigures) -> tuple[str, ...]:
    return (
        str(layer.depth),
        layer.layer,
        f"{layer.mass:.0%}" if math.isfinite(layer.mass) else "–",
        lift_text(layer.lift),
        lift_text(layer.untrained_lift),
        "✓" if layer.hit else "–",
    )


class LandmarkTable(QTableWidget):
    """Arrow keys or a click show a layer."""

    def __init__(self, session: Session, figures: Figures, parent: QWidget | None = None) -> None:
        super().__init__(0, len(_HEADS), parent)
        self._session, self._figures = session, figures
        self.setAccessibleName("Figures of each layer")
        self.setShowGrid(False)
        self.setTabKeyNavigation(False)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setMinimumHeight(150)
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(22)
        self._make_heads()
        self.currentCellChanged.connect(lambda row, *others: self._shown(row))
        self.cellClicked.connect(lambda row, column: self._shown(row))
        figures.changed.connect(self._fill)
        session.audit.selectedChanged.connect(self._fill)
        session.overlayChanged.connect(self._mark)
        self._fill()

    def _make_heads(self) -> None:
        head = self.horizontalHeader()
        head.setHighlightSections(False)
        head.setMinimumSectionSize(24)
        for column, (text, tip) in enumerate(_HEADS):
            item = QTableWidgetItem(text)
            item.setToolTip(tip)
            item.setTextAlignment(_side(column))
            self.setHorizontalHeaderItem(column, item)
            stretch = column == _LAYER
            head.setSectionResizeMode(
                column,
                QHeaderView.ResizeMode.Stretch
                if stretch
                else QHeaderView.ResizeMode.ResizeToContents,
            )

    def _shown(self, row: int) -> None:
        if row >= 0:
            self._session.show_layer(row)

    def _fill(self) -> None:
        chosen = self._figures.chosen
        layers = () if chosen is None else chosen.layers
        blocker = QSignalBlocker(self)
        self.setRowCount(len(layers))
        for row, layer in enumerate(layers):
            for column, text in enumerate(_cells(layer)):
                item = self.item(row, column)
                if item is None:
                    item = QTableWidgetItem()
                    item.setTextAlignment(_side(column))
                    self.setItem(row, column, item)
                item.setText(text)
        del blocker
        self.setVisible(bool(layers))
        self._mark()

    def _mark(self) -> None:
        """The layer on screen is the current row."""
        row = self._session.layer_index
        if self.currentRow() != row and row < self.rowCount():
            blocker = QSignalBlocker(self)
            self.setCurrentCell(row, 0)
            del blocker


def _side(column: int) -> Qt.AlignmentFlag:
    side = Qt.AlignmentFlag.AlignLeft if column == _LAYER else Qt.AlignmentFlag.AlignRight
    return side | Qt.AlignmentFlag.AlignVCenter
