"""What the model answered: classes with probabilities; choosing one explains it."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRectF, Qt
from PySide6.QtGui import QColor, QPainter
from PySide6.QtWidgets import QListWidgetItem, QStyle, QStyleOptionViewItem, QWidget

from viewer.panels.rows import BACK, TEXT, Row, RowsPanel
from viewer.state.session import Session
from viewer.state.words import readable

_NAME = Qt.ItemDataRole.UserRole
_CHANCE = Qt.ItemDataRole.UserRole + 1
_TARGET = Qt.ItemDataRole.UserRole + 2
_BAR, _BAR_TARGET = QColor("#3b4660"), QColor("#8a5d1c")


class _Row(Row):
    """A name over a bar as long as its probability, and the number."""

    def draw(
        self,
        painter: QPainter,
        box: QRectF,
        option: QStyleOptionViewItem,
        index: QModelIndex | QPersistentModelIndex,
    ) -> None:
        chance, target = float(index.data(_CHANCE)), bool(index.data(_TARGET))
        painter.setPen(Qt.PenStyle.NoPen)
        if option.state & QStyle.StateFlag.State_MouseOver:
            painter.setBrush(BACK)
            painter.drawRoundedRect(box, 3, 3)
        painter.setBrush(_BAR_TARGET if target else _BAR)
        painter.drawRoundedRect(
            QRectF(box.left(), box.top(), max(2.0, box.width() * chance), box.height()), 3, 3
        )
        painter.setPen(TEXT)
        inner = box.adjusted(7, 0, -6, 0)
        middle = Qt.AlignmentFlag.AlignVCenter
        name = readable(str(index.data(_NAME)))
        label = f"▸ {name}" if target else name
        painter.drawText(inner, Qt.AlignmentFlag.AlignLeft | middle, label)
        painter.drawText(inner, Qt.AlignmentFlag.AlignRight | middle, f"{chance:.3f}")


class PredictionPanel(RowsPanel):
    """Best class first; the class whose maps are shown is marked and coloured."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(session, _Row, "Predicted classes", parent)
        self.rows.setToolTip("Choose a class to see what speaks for it")
        self.rows.itemActivated.connect(self._chosen)
        self.rows.itemClicked.connect(self._chosen)
        session.explanationChanged.connect(self._fill)
        session.engineChanged.connect(self._head)
        session.audit.concealedChanged.connect(self._head)
        self._head()

    def _chosen(self, item: QListWidgetItem) -> None:
        self.session.set_target(str(item.data(_NAME)))

    def _fill(self) -> None:
        self.rows.clear()
        explanation = self.session.explanation
        for prediction in () if explanation is None else explanation.predictions:
            item = QListWidgetItem(self.rows)
            item.setData(_NAME, prediction.name)
            item.setData(_CHANCE, prediction.probability)
            item.setData(_TARGET, explanation is not None and prediction.name == explanation.target)
            item.setData(
                Qt.ItemDataRole.AccessibleTextRole,
                f"{readable(prediction.name)} {prediction.probability:.3f}",
            )
        self._head()

    def _head(self) -> None:
        explanation, state = self.session.explanation, self.session.engine.state
        if self.session.audit.concealed:
            text = "The output is shown once your first impression is committed, in the Review tab."
        elif explanation is not None and explanation.withheld:
            text = f"No output: {explanation.withheld_because}."
        elif explanation is not None:
            text = f"{explanation.model.name} {explanation.model.version}: probability of a class"
        elif state == "failed":
            text = f"No output: {self.session.engine.detail}"
        elif self.session.open is None:
            text = "No image is open."
        else:
            text = "The engine is warming up …" if state == "starting" else "Explaining …"
        self.heading.setText(text)
