"""What was measured on the open image: a list that is one with the marks over the scan."""

from __future__ import annotations

from PySide6.QtCore import (
    QModelIndex,
    QPersistentModelIndex,
    QRectF,
    QSignalBlocker,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import QFont, QFontMetricsF, QKeySequence, QPainter, QPen, QShortcut
from PySide6.QtWidgets import (
    QGridLayout,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QStyle,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from viewer.palette import colour
from viewer.panels.buttons import small_button
from viewer.panels.measure_glyph import paint_glyph
from viewer.panels.rows import Row
from viewer.state.audit import Tool
from viewer.state.measured import Reading, read
from viewer.state.measurement import MEASURES, Measure
from viewer.state.workbench import Workbench

_ID = Qt.ItemDataRole.UserRole
_READING = Qt.ItemDataRole.UserRole + 1
_LINE, _PAD, _GLYPH, _GAP = 17.0, 5.0, 15.0, 8.0
_AROUND = 4 + 2 * _GAP + _GLYPH + _GAP  # of a row's width, what is left and right of its text
_EMPTY = (
    "Nothing measured on this image. Take a tool, then drag on the picture. What you measure is "
    "kept with the image."
)
_NO_IMAGE = "Open an image to measure on it."
_TOOLS: dict[Measure, tuple[str, str]] = {
    "length": ("Length", "Drag from one end to the other"),
    "angle": ("Angle", "Click one end, the vertex, the other end"),
    "rectangle": ("Rectangle", "Mean, SD, range and area of a rectangle"),
    "ellipse": ("Ellipse", "Mean, SD, range and area of an ellipse"),
}


class _Row(Row):
    """Its sign, number and kind, its size; what that is true of and the values inside below."""

    def sizeHint(
        self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> QSize:
        rows = self.parent()
        assert isinstance(rows, QListWidget)
        width, metrics = rows.viewport().width(), QFontMetricsF(rows.font())
        lines = 1 + len(_details(index.data(_READING), width - _AROUND, metrics))
        return QSize(160, round(_LINE * lines + 2 * _PAD + 2))

    def draw(
        self,
        painter: QPainter,
        box: QRectF,
        option: QStyleOptionViewItem,
        index: QModelIndex | QPersistentModelIndex,
    ) -> None:
        reading: Reading = index.data(_READING)
        selected = bool(option.state & QStyle.StateFlag.State_Selected)
        if selected or option.state & QStyle.StateFlag.State_MouseOver:
            painter.setPen(QPen(colour("accent")) if selected else Qt.PenStyle.NoPen)
            painter.setBrush(colour("raised"))
            painter.drawRoundedRect(box.adjusted(0.5, 0.5, -0.5, -0.5), 3, 3)
        inner = box.adjusted(_GAP, _PAD, -_GAP, -_PAD)
        sign = QRectF(inner.left(), inner.top() + 1, _GLYPH, _GLYPH)
        paint_glyph(painter, reading.measurement.kind, sign, colour("quiet"))
        inner.setLeft(sign.right() + _GAP)
        top = QRectF(inner.topLeft(), inner.topRight()).adjusted(0, 0, 0, _LINE)
        painter.setPen(colour("text"))
        painter.drawText(top, Qt.AlignmentFlag.AlignLeft, reading.measurement.title)
        plain = QFont(painter.font())
        bold = QFont(plain)
        bold.setWeight(QFont.Weight.DemiBold)
        painter.setFont(bold)
        painter.drawText(top, Qt.AlignmentFlag.AlignRight, reading.headline)
        painter.setFont(plain)
        painter.setPen(colour("quiet"))
        metrics = QFontMetricsF(plain)
        for number, text in enumerate(_details(reading, top.width(), metrics), 1):
            line = top.translated(0, number * _LINE)
            fitted = metrics.elidedText(text, Qt.TextElideMode.ElideRight, line.width())
            painter.drawText(line, Qt.AlignmentFlag.AlignLeft, fitted)


def _details(reading: Reading, width: float, metrics: QFontMetricsF) -> list[str]:
    """What stands below its size, in lines that fit into ``width`` if they can be broken."""
    lines: list[str] = [reading.proviso] if reading.proviso else []
    for line in reading.value_lines:
        fits = metrics.horizontalAdvance(line) <= width
        lines += [line] if fits else line.split(" · ")
    return lines


class MeasurementsPanel(QWidget):
    """``exportAsked`` and ``copyAsked``: files and the clipboard are no business of a panel's."""

    exportAsked = Signal()
    copyAsked = Signal()

    def __init__(self, workbench: Workbench, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.session, self.audit = workbench.session, workbench.session.audit
        self.tools = {kind: self._tool(kind) for kind in MEASURES}
        self.empty = QLabel(_EMPTY)
        self.list = QListWidget()
        self.delete = small_button("Delete", self.remove, "Delete the selected one (Del)")
        self.copy = small_button("Copy", self.copyAsked.emit, "Copy all of them as text")
        self.send = small_button("CSV …", self.exportAsked.emit, "Export them as a table")
        self._lay_out()
        self._connect()
        self._fill()
        self._show_tool()

    def _tool(self, kind: Measure) -> QPushButton:
        text, tip = _TOOLS[kind]
        return small_button(text, lambda: self._take(kind), tip, checkable=True)

    def _lay_out(self) -> None:
        self.empty.setWordWrap(True)
        self.empty.setProperty("quiet", True)
        self.list.setItemDelegate(_Row(self.list))
        self.list.setMouseTracking(True)
        self.list.setResizeMode(QListWidget.ResizeMode.Adjust)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.setAccessibleName("Measurements")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 6, 8, 6)
        layout.setSpacing(6)
        tools = QGridLayout()
        tools.setSpacing(6)
        for number, button in enumerate(self.tools.values()):
            tools.addWidget(button, number // 2, number % 2)
        layout.addLayout(tools)
        layout.addWidget(self.empty)
        layout.addWidget(self.list, 1)
        below = QGridLayout()
        below.setSpacing(6)
        for number, button in enumerate((self.delete, self.copy, self.send)):
            below.addWidget(button, 0, number)
        layout.addLayout(below)
        layout.addStretch(0)

    def _connect(self) -> None:
        self.list.currentRowChanged.connect(self._chosen)
        for changed in (
            self.audit.documentChanged,
            self.audit.measuredChanged,
            self.session.frameChanged,
        ):
            changed.connect(self._fill)
        self.audit.selectedChanged.connect(self._select)
        self.audit.toolChanged.connect(self._show_tool)
        key = QShortcut(QKeySequence.StandardKey.Delete, self.list, self.remove)
        key.setContext(Qt.ShortcutContext.WidgetShortcut)

    def _take(self, kind: Measure) -> None:
        """Take the tool, or put it down if it is in hand."""
        mine = Tool("measure", measure=kind)
        self.audit.set_tool(Tool() if self.audit.tool == mine else mine)
        self._show_tool()

    def _show_tool(self) -> None:
        tool = self.audit.tool
        for kind, button in self.tools.items():
            button.setChecked((tool.purpose, tool.measure) == ("measure", kind))

    def remove(self) -> None:
        """Delete the selected measurement; the next one is selected."""
        rows = self.audit.document.measurements
        places = [place for place, item in enumerate(rows) if item.id == self.audit.selected]
        if not places:
            return
        self.audit.remove(rows[places[0]].id)
        left = self.audit.document.measurements
        if left:
            self.audit.select(left[min(places[0], len(left) - 1)].id)

    def _chosen(self, row: int) -> None:
        item = self.list.item(row)
        if item is not None:
            self.audit.select(str(item.data(_ID)))

    def _fill(self) -> None:
        opened, audit = self.session.open, self.audit
        rows = audit.document.measurements if opened is not None else ()
        blocker = QSignalBlocker(self.list)
        while self.list.count() > len(rows):
            self.list.takeItem(self.list.count() - 1)
        while self.list.count() < len(rows):
            self.list.addItem(QListWidgetItem())
        for place, measurement in enumerate(rows):
            assert opened is not None
            reading = read(measurement, opened.pyramid.source, audit.measured)
            item = self.list.item(place)
            item.setData(_ID, measurement.id)
            if item.data(_READING) != reading:
                item.setData(_READING, reading)
                item.setData(Qt.ItemDataRole.AccessibleTextRole, reading.text)
                item.setToolTip(reading.text.replace("; ", "\n"))
        del blocker
        self._show(bool(audit.image), bool(rows))
        self._select()

    def _show(self, ready: bool, some: bool) -> None:
        """Only what has something to show or to do."""
        self.empty.setText(_EMPTY if ready else _NO_IMAGE)
        self.empty.setVisible(not some)
        for widget in (self.list, self.delete, self.copy, self.send):
            widget.setVisible(some)
        for button in self.tools.values():
            button.setEnabled(ready)

    def _select(self) -> None:
        ids = [str(self.list.item(row).data(_ID)) for row in range(self.list.count())]
        selected = self.audit.selected
        blocker = QSignalBlocker(self.list)
        self.list.setCurrentRow(ids.index(selected) if selected in ids else -1)
        del blocker
        self.delete.setEnabled(selected in ids)
