"""A plot that is looked at and not moved. Imports pyqtgraph, which is slow:
:mod:`viewer.panels.plotting` does that in a thread."""

from __future__ import annotations

from typing import Any

import pyqtgraph as pg
from pyqtgraph import InfiniteLine
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGraphicsGridLayout, QWidget

from viewer.palette import hex_of

__all__ = ["InfiniteLine", "QuietPlot"]


class QuietPlot(pg.GraphicsView):  # type: ignore[misc]
    """A box of pyqtgraph's between two axes with names. Its own plot widget comes with forty
    controls that nobody sees here, which hold the window up when they are made and whenever it
    takes on another theme. The colours are put on by :meth:`dye`, in every theme anew."""

    def __init__(self, parent: QWidget | None, bottom: str, left: str = "") -> None:
        super().__init__(parent)
        self.enableMouse(False)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        frame = pg.GraphicsWidget()
        self.setCentralItem(frame)
        grid = QGraphicsGridLayout(frame)
        grid.setContentsMargins(1, 1, 1, 1)
        grid.setSpacing(0)
        self.box = pg.ViewBox(enableMouse=False, enableMenu=False)
        grid.addItem(self.box, 0, 1)
        self.legend: Any = None
        self._axes = {}
        for side, name, row, column in (("bottom", bottom, 1, 1), ("left", left, 0, 0)):
            axis = pg.AxisItem(side, parent=frame)
            axis.linkToView(self.box)
            if name:
                axis.setLabel(name)
            grid.addItem(axis, row, column)
            self._axes[side] = axis
        grid.setRowStretchFactor(0, 100)
        grid.setColumnStretchFactor(1, 100)

    def add(self, item: Any) -> None:
        self.box.addItem(item)

    def curve(self, name: str = "", **look: Any) -> Any:
        """A line without points yet; one with a name stands in the legend."""
        made = pg.PlotDataItem(**look)
        self.box.addItem(made)
        if name and self.legend is not None:
            self.legend.addItem(made, name)
        return made

    def add_legend(self, offset: tuple[int, int], spacing: int) -> None:
        """For the curves that follow."""
        self.legend = pg.LegendItem(offset=offset, verSpacing=spacing)
        self.legend.setParentItem(self.box)

    def axis(self, side: str) -> Any:
        """The one at the ``bottom`` or ``left``."""
        return self._axes[side]

    def dye(self) -> None:
        """The ground, the axes, their numbers and names in the colours of the present theme."""
        self.setBackground(hex_of("panel"))
        quiet = hex_of("quiet")
        for axis in self._axes.values():
            axis.setTextPen(quiet)
            axis.setPen(quiet)
            if axis.labelText:
                axis.setLabel(axis.labelText, color=quiet)
        if self.legend is not None:
            self.legend.setLabelTextColor(quiet)
            for _, label in self.legend.items:
                label.setText(label.text)  # or it keeps the colour that it had
