"""The reader's landmarks on the open image, and how well each layer's map agrees with them."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRectF, QSignalBlocker, Qt, Signal
from PySide6.QtGui import QFontMetrics, QKeySequence, QPainter, QPen, QShortcut, QShowEvent
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QScrollArea,
    QStyle,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from viewer.palette import colour
from viewer.panels.buttons import history_buttons, small_button
from viewer.panels.landmark_table import LandmarkTable, lift_text
from viewer.panels.landmark_tools import LandmarkTools
from viewer.panels.lift_plot import LiftPlot
from viewer.panels.rows import Row
from viewer.state.document import Landmark
from viewer.state.figures import ALL, LandmarkFigures
from viewer.state.workbench import Workbench

_ID = Qt.ItemDataRole.UserRole
_NAME = Qt.ItemDataRole.UserRole + 1
_AREA = Qt.ItemDataRole.UserRole + 2
_LIFT = Qt.ItemDataRole.UserRole + 3
_EMPTY = (
    "Mark what an expert would look at: take a tool, then draw on the picture. For every layer you "
    "then see how much of its response lies there, against chance and against networks that never "
    "learnt anything."
)
_NOTE = "Lift 1 is chance. It shows what a layer attends to, not what the answer uses."


def best_text(row: LandmarkFigures | None) -> str:
    """``lift 2.4 · untrained 1.1 · hit``, of the layer with the highest lift."""
    if row is None:
        return "measuring …"
    if not row.area:
        return "outside the image, or without area"
    best = row.best
    if best is None:
        return "no response" if row.layers else "no maps to hold it against"
    untrained = lift_text(best.untrained_lift)
    return f"lift {best.lift:.1f} · untrained {untrained} · {'hit' if best.hit else 'no hit'}"


def _tip(source: str, row: LandmarkFigures | None) -> str:
    best = None if row is None else row.best
    return "\n".join(
        line for line in (source, "" if best is None else f"best layer: {best.layer}") if line
    )


class _Row(Row):
    """A name and its share of the area, over the figures of its best layer."""

    height = 42

    def draw(
        self,
        painter: QPainter,
        box: QRectF,
        option: QStyleOptionViewItem,
        index: QModelIndex | QPersistentModelIndex,
    ) -> None:
        selected = bool(option.state & QStyle.StateFlag.State_Selected)
        if selected or option.state & QStyle.StateFlag.State_MouseOver:
            painter.setPen(QPen(colour("accent")) if selected else Qt.PenStyle.NoPen)
            painter.setBrush(colour("raised"))
            painter.drawRoundedRect(box.adjusted(0.5, 0.5, -0.5, -0.5), 3, 3)
        inner = box.adjusted(7, 3, -7, -3)
        metrics = QFontMetrics(painter.font())
        area = str(index.data(_AREA))
        room = round(inner.width()) - metrics.horizontalAdvance(area) - 10
        name = metrics.elidedText(str(index.data(_NAME)), Qt.TextElideMode.ElideRight, room)
        above, below = Qt.AlignmentFlag.AlignTop, Qt.AlignmentFlag.AlignBottom
        painter.setPen(colour("text"))
        painter.drawText(inner, Qt.AlignmentFlag.AlignLeft | above, name)
        painter.setPen(colour("quiet"))
        painter.drawText(inner, Qt.AlignmentFlag.AlignRight | above, area)
        painter.drawText(inner, Qt.AlignmentFlag.AlignLeft | below, str(index.data(_LIFT)))


class LandmarksPanel(QScrollArea):
    """The signals ask for files, which are no business of a panel's: import, export, saving beside
    the study, and taking what lies there."""

    importAsked = Signal()
    exportAsked = Signal()
    besideAsked = Signal()
    takeAsked = Signal()

    def __init__(self, workbench: Workbench, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.session, self.figures = workbench.session, workbench.figures
        self.audit = self.session.audit
        self.tools = LandmarkTools(self.session)
        beside = "Take the landmarks that lie beside the study"
        self.take = small_button("", self.takeAsked.emit, beside)
        self.empty = QLabel(_EMPTY)
        self.list = QListWidget()
        self.note = QLabel(_NOTE)
        self.delete = small_button("Delete", self.remove, "Delete the selected landmark (Del)")
        self.undo, self.redo = history_buttons(self.audit)
        self.bring = small_button("Import", self.importAsked.emit, "Take landmarks from a file …")
        self.send = small_button("Export", self.exportAsked.emit, "Write the landmarks to a file …")
        self.beside = small_button(
            "Save beside study",
            self.besideAsked.emit,
            "Write them to NAME.landmarks.json beside the image's own file",
        )
        self.table = LandmarkTable(self.session, self.figures)
        self.plot = LiftPlot(self.session, self.figures)
        self.offer(0)
        self._lay_out()
        self._connect()
        self._fill()

    def _lay_out(self) -> None:
        for label in (self.empty, self.note):
            label.setWordWrap(True)
            label.setProperty("quiet", True)
        self.list.setItemDelegate(_Row(self.list))
        self.list.setMouseTracking(True)
        self.list.setAccessibleName("Landmarks")
        self.content = content = QWidget()
        layout = QVBoxLayout(content)
        layout.setContentsMargins(8, 6, 8, 6)
        layout.setSpacing(6)
        layout.addWidget(self.tools)
        layout.addWidget(self.take)
        layout.addWidget(self.empty)
        layout.addWidget(self.list)
        layout.addLayout(_row(self.delete, self.undo, self.redo))
        layout.addLayout(_row(self.bring, self.send, self.beside))
        layout.addWidget(self.note)
        layout.addWidget(self.table)
        layout.addWidget(self.plot)
        layout.addStretch(1)
        self.setWidget(content)
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)

    def showEvent(self, event: QShowEvent) -> None:
        """As wide as what is in it, which the style decides that it has by now."""
        super().showEvent(event)
        bar = self.verticalScrollBar().sizeHint().width()
        self.setMinimumWidth(self.content.minimumSizeHint().width() + bar)

    def _connect(self) -> None:
        self.list.currentRowChanged.connect(self._chosen)
        self.audit.documentChanged.connect(self._fill)
        self.audit.selectedChanged.connect(self._select)
        self.figures.changed.connect(self._fill)
        key = QShortcut(QKeySequence.StandardKey.Delete, self.list, self.remove)
        key.setContext(Qt.ShortcutContext.WidgetShortcut)

    def offer(self, count: int) -> None:
        """Offer as many landmarks that lie beside the study; 0 takes the offer away."""
        what = f"the {count} landmarks" if count > 1 else "the landmark"
        self.take.setText(f"Take {what} beside the study")
        self.take.setAccessibleName(self.take.text())
        self.take.setVisible(count > 0)

    def remove(self) -> None:
        """Delete the selected landmark; the next one is selected."""
        landmarks = self.audit.document.landmarks
        places = [place for place, item in enumerate(landmarks) if item.id == self.audit.selected]
        if not places:
            return
        self.audit.remove(landmarks[places[0]].id)
        left = self.audit.document.landmarks
        if left:
            self.audit.select(left[min(places[0], len(left) - 1)].id)

    def _chosen(self, row: int) -> None:
        item = self.list.item(row)
        if item is not None:
            name = str(item.data(_ID))
            self.audit.select("" if name == ALL else name)

    def _fill(self) -> None:
        landmarks = self.audit.document.landmarks
        known = {row.landmark.id: row for row in self.figures.rows}
        rows = [(item.id, item) for item in landmarks]
        blocker = QSignalBlocker(self.list)
        count = len(rows) + (len(rows) > 1)
        while self.list.count() > count:
            self.list.takeItem(self.list.count() - 1)
        while self.list.count() < count:
            self.list.addItem(QListWidgetItem())
        for place, (name, landmark) in enumerate(rows):
            self._put(place, name, landmark.name, landmark.source, known.get(name))
        if len(rows) > 1:
            self._put(len(rows), ALL, ALL, "", known.get(ALL))
        self.list.setFixedHeight(min(count, 4) * _Row.height + 4)
        del blocker
        self._show(landmarks)
        self._select()

    def _put(
        self, place: int, name: str, title: str, source: str, row: LandmarkFigures | None
    ) -> None:
        item = self.list.item(place)
        area, best = "" if row is None else f"{row.area:.1%} of the area", best_text(row)
        item.setData(_ID, name)
        item.setData(_NAME, title)
        item.setData(_AREA, area)
        item.setData(_LIFT, best)
        item.setData(Qt.ItemDataRole.AccessibleTextRole, f"{title}, {area}, {best}")
        item.setToolTip(_tip(source, row))

    def _show(self, landmarks: tuple[Landmark, ...]) -> None:
        """Only what has something to show or to do."""
        self.empty.setVisible(not landmarks)
        for widget in (self.list, self.note):
            widget.setVisible(bool(landmarks))
        for button in (self.send, self.beside):
            button.setEnabled(bool(landmarks))
        self.bring.setEnabled(bool(self.audit.image))

    def _select(self) -> None:
        ids = [str(self.list.item(row).data(_ID)) for row in range(self.list.count())]
        selected = self.audit.selected if self.audit.selected in ids else ALL
        blocker = QSignalBlocker(self.list)
        self.list.setCurrentRow(ids.index(selected) if selected in ids else -1)
        del blocker
        self.delete.setEnabled(selected in ids and selected != ALL)


def _row(*widgets: QWidget) -> QHBoxLayout:
    layout = QHBoxLayout()
    layout.setSpacing(6)
    for widget in widgets:
        layout.addWidget(widget)
    layout.addStretch(1)
    return layout
