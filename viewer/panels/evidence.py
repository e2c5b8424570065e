"""What is known of the maps on screen: a row a test, the numbers behind a click."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QPainter
from PySide6.QtWidgets import (
    QLabel,
    QListWidget,
    QListWidgetItem,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from engine.findings import FAIL, PASS, TESTS, UNKNOWN, Finding, summary
from viewer.state.session import Session

_FINDING = Qt.ItemDataRole.UserRole
_ROW_HEIGHT = 24  # pixels
_TEXT, _BACK = QColor("#e2e8f0"), QColor("#212735")
# sign, colour: told apart without colours, too
_LOOKS = {
    PASS: ("✓", QColor("#6fc3e8")),
    FAIL: ("✕", QColor("#ff9d5c")),
    UNKNOWN: ("?", QColor("#94a3b8")),
}


class _Row(QStyledItemDelegate):
    """A sign, the test, and how it came out."""

    def sizeHint(
        self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> QSize:
        return QSize(160, _ROW_HEIGHT)

    def paint(
        self,
        painter: QPainter,
        option: QStyleOptionViewItem,
        index: QModelIndex | QPersistentModelIndex,
    ) -> None:
        finding: Finding = index.data(_FINDING)
        sign, colour = _LOOKS[finding.outcome]
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        box = QRectF(option.rect).adjusted(2, 1, -2, -1)
        lit = QStyle.StateFlag.State_MouseOver | QStyle.StateFlag.State_HasFocus
        if option.state & lit:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(_BACK)
            painter.drawRoundedRect(box, 3, 3)
        inner = box.adjusted(7, 0, -7, 0)
        middle = Qt.AlignmentFlag.AlignVCenter
        painter.setPen(colour)
        painter.drawText(inner, Qt.AlignmentFlag.AlignLeft | middle, sign)
        painter.drawText(inner, Qt.AlignmentFlag.AlignRight | middle, finding.outcome)
        painter.setPen(_TEXT)
        name = inner.adjusted(20, 0, -60, 0)
        painter.drawText(name, Qt.AlignmentFlag.AlignLeft | middle, finding.test)
        painter.restore()


class EvidencePanel(QWidget):
    """``asked`` tells which finding's numbers are wanted."""

    asked = Signal(object)

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self.heading = QLabel(self)
        self.heading.setWordWrap(True)
        self.heading.setProperty("quiet", True)
        self.rows = QListWidget(self)
        self.rows.setItemDelegate(_Row(self.rows))
        self.rows.setMouseTracking(True)
        self.rows.setFixedHeight(len(TESTS) * _ROW_HEIGHT + 4)  # no row is ever hidden
        self.rows.setAccessibleName("Evidence about the model's maps")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 6, 8, 6)
        layout.addWidget(self.heading)
        layout.addWidget(self.rows)
        layout.addStretch()
        self.rows.itemActivated.connect(self._chosen)
        self.rows.itemClicked.connect(self._chosen)
        session.explanationChanged.connect(self._fill)
        self._fill()

    def _chosen(self, item: QListWidgetItem) -> None:
        self.asked.emit(item.data(_FINDING))

    def _fill(self) -> None:
        explanation = self._session.explanation
        findings = () if explanation is None else explanation.evidence
        self.rows.clear()
        for finding in findings:
            item = QListWidgetItem(self.rows)
            item.setData(_FINDING, finding)
            item.setData(Qt.ItemDataRole.AccessibleTextRole, f"{finding.test}: {finding.outcome}")
            item.setToolTip(f"{finding.sentence}\nClick for the numbers.")
        if findings:
            self.heading.setText(f"Maps by this method: {summary(findings)}")
        elif explanation is not None:
            self.heading.setText("Nothing was measured for this model and method.")
        else:
            self.heading.setText("Shown with the first answer.")
