"""What is known of the maps on screen: a row a test, the numbers behind a click."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRectF, Qt, Signal
from PySide6.QtGui import QColor, QPainter
from PySide6.QtWidgets import QListWidgetItem, QStyle, QStyleOptionViewItem, QWidget

from engine.findings import FAIL, PASS, TESTS, UNKNOWN, Finding, summary
from viewer.panels.rows import BACK, TEXT, Row, RowsPanel
from viewer.state.session import Session

_FINDING = Qt.ItemDataRole.UserRole
# sign, colour: told apart without colours, too
_LOOKS = {
    PASS: ("✓", QColor("#6fc3e8")),
    FAIL: ("✕", QColor("#ff9d5c")),
    UNKNOWN: ("?", QColor("#94a3b8")),
}


class _Row(Row):
    """A sign, the test, and how it came out."""

    height = 24

    def draw(
        self,
        painter: QPainter,
        box: QRectF,
        option: QStyleOptionViewItem,
        index: QModelIndex | QPersistentModelIndex,
    ) -> None:
        finding: Finding = index.data(_FINDING)
        sign, colour = _LOOKS[finding.outcome]
        if option.state & (QStyle.StateFlag.State_MouseOver | QStyle.StateFlag.State_HasFocus):
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(BACK)
            painter.drawRoundedRect(box, 3, 3)
        inner = box.adjusted(7, 0, -7, 0)
        middle = Qt.AlignmentFlag.AlignVCenter
        painter.setPen(colour)
        painter.drawText(inner, Qt.AlignmentFlag.AlignLeft | middle, sign)
        painter.drawText(inner, Qt.AlignmentFlag.AlignRight | middle, finding.outcome)
        painter.setPen(TEXT)
        name = inner.adjusted(20, 0, -60, 0)
        painter.drawText(name, Qt.AlignmentFlag.AlignLeft | middle, finding.test)


class EvidencePanel(RowsPanel):
    """``asked`` tells which finding's numbers are wanted."""

    asked = Signal(object)

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(session, _Row, "Evidence about the model's maps", parent)
        self.rows.setFixedHeight(len(TESTS) * _Row.height + 4)  # no row is ever hidden
        self.rows.itemActivated.connect(self._chosen)
        self.rows.itemClicked.connect(self._chosen)
        session.explanationChanged.connect(self._fill)
        self._fill()

    def _chosen(self, item: QListWidgetItem) -> None:
        self.asked.emit(item.data(_FINDING))

    def _fill(self) -> None:
        explanation = self.session.explanation
        findings = () if explanation is None else explanation.evidence
        self.rows.clear()
        self.rows.setVisible(bool(findings))
        for finding in findings:
            item = QListWidgetItem(self.rows)
            item.setData(_FINDING, finding)
            item.setData(Qt.ItemDataRole.AccessibleTextRole, f"{finding.test}: {finding.outcome}")
            item.setToolTip(f"{finding.sentence}\nClick for the numbers.")
        if explanation is None:
            self.heading.setText("Shown with the first answer.")
        else:
            self.heading.setText(summary(findings))
