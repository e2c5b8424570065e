"""Tools that take something out of the image, and the way in which it is done."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import QSignalBlocker, Qt
from PySide6.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSlider,
    QVBoxLayout,
    QWidget,
)

from engine.questions import EditWay
from engine.shapes import Kind
from viewer.panels.buttons import history_buttons, small_button
from viewer.state.audit import Audit, Tool
from viewer.state.document import Intervention

_USUAL = 0.04  # of the image's long side
_STEPS = 1000  # of the slider, for the whole long side
_WIDTHS = 5, 200  # from and to, in these steps
_TOOLS: tuple[tuple[str, Kind, str], ...] = (
    ("Brush", "stroke", "Paint over what is to be taken out"),
    ("Box", "box", "Drag a box over it"),
    ("Polygon", "polygon", "Click its corners; Enter or a double click closes it"),
)
_WAYS: tuple[tuple[str, EditWay, str], ...] = (
    ("in-paint", "in-paint", "filled from its surroundings, with their grain"),
    ("blur", "blur", "blurred beyond recognition"),
    ("mean", "mean", "one grey, the mean of its surroundings"),
)


class EraseTools(QWidget):
    """Sets the audit's tool, its brush size, and the way of the next and the selected change."""

    def __init__(self, audit: Audit, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._audit = audit
        self.buttons = {kind: self._button(text, kind, tip) for text, kind, tip in _TOOLS}
        self.undo, self.redo = history_buttons(audit)
        self.way = QComboBox()
        self.way.setAccessibleName("How it is taken out")
        for row, (text, way, tip) in enumerate(_WAYS):
            self.way.addItem(text, way)
            self.way.setItemData(row, tip, Qt.ItemDataRole.ToolTipRole)
        self.way.activated.connect(self._set_way)
        self.brush = QSlider(Qt.Orientation.Horizontal)
        self.brush.setRange(*_WIDTHS)
        self.brush.setAccessibleName("Brush size")
        self.brush.setToolTip("Brush size, as a share of the image's long side")
        self.brush.valueChanged.connect(self._set_size)
        self.number = QLabel()
        self.number.setMinimumWidth(44)
        self.number.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self._lay_out()
        audit.toolChanged.connect(self._read)
        audit.selectedChanged.connect(self._take_way)
        audit.documentChanged.connect(self._take_way)
        self._read()

    @property
    def selected(self) -> Intervention | None:
        rows = self._audit.document.interventions
        return next((item for item in rows if item.id == self._audit.selected), None)

    def _button(self, text: str, kind: Kind, tip: str) -> QPushButton:
        return small_button(text, lambda: self._take(kind), tip, checkable=True)

    def _take(self, kind: Kind) -> None:
        """Take a tool, or put it down."""
        taken = self.buttons[kind].isChecked()
        tool = Tool("erase", kind, self.brush.value() / _STEPS) if taken else Tool()
        self._audit.set_tool(tool)

    def _lay_out(self) -> None:
        first, second = QHBoxLayout(), QHBoxLayout()
        for button in (*self.buttons.values(), self.undo, self.redo):
            first.addWidget(button, 1)
        second.addWidget(QLabel("Size"))
        second.addWidget(self.brush, 1)
        second.addWidget(self.number)
        second.addWidget(self.way)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(first)
        layout.addLayout(second)

    def _set_size(self, steps: int) -> None:
        tool = self._audit.tool
        if tool.purpose == "erase" and tool.kind == "stroke":
            self._audit.set_tool(replace(tool, width=steps / _STEPS))
        self.number.setText(f"{steps / _STEPS:.1%}")

    def _set_way(self, row: int) -> None:
        way = _WAYS[row][1]
        self._audit.next_way = way
        chosen = self.selected
        if chosen is not None:
            edit = replace(chosen.edit, way=way)
            self._audit.put_intervention(replace(chosen, edit=edit))

    def _take_way(self) -> None:
        """The next change is made in the way of the one that is selected."""
        if self.selected is not None:
            self._audit.next_way = self.selected.edit.way
        self._read()

    def _read(self) -> None:
        tool = self._audit.tool
        for kind, button in self.buttons.items():
            button.setChecked(tool.purpose == "erase" and tool.kind == kind)
        width = tool.width if tool.purpose == "erase" and tool.kind == "stroke" else 0.0
        holds = (tool.purpose, tool.kind) == ("erase", "stroke")
        if holds or not self.number.text():
            blocker = QSignalBlocker(self.brush)
            self.brush.setValue(round((width or _USUAL) * _STEPS))
            del blocker
            self.number.setText(f"{self.brush.value() / _STEPS:.1%}")
        ways = [way for _, way, _ in _WAYS]
        self.way.setCurrentIndex(ways.index(self._audit.next_way))
