"""What is known of the maps on screen: a row a test, the numbers behind a click."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRectF, Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPainter
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QListWidgetItem,
    QPushButton,
    QStyle,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from engine.findings import FAIL, PASS, TESTS, UNKNOWN, Finding, summary
from viewer.palette import colour
from viewer.panels.rows import Row, RowsPanel
from viewer.state.session import Session
from viewer.state.words import KEPT_BACK

_FINDING = Qt.ItemDataRole.UserRole
# sign, name of a colour: told apart without colours, too
_LOOKS = {PASS: ("✓", "good"), FAIL: ("✕", "bad"), UNKNOWN: ("?", "quiet")}


def signs(findings: Sequence[Finding]) -> str:
    """How many passed, failed and are unknown: ``✓ 3  ✕ 1  ? 2``."""
    counts = {name: sum(item.outcome == name for item in findings) for name in _LOOKS}
    return "  ".join(f"{_LOOKS[name][0]} {count}" for name, count in counts.items())


def verdict_line(session: Session) -> str:
    """What is known of the model's maps by this method, in a line."""
    explanation = session.explanation
    if session.audit.concealed and session.open is not None:
        return KEPT_BACK
    if explanation is None:
        return "Shown with the first answer."
    if not explanation.evidence:
        return "nothing measured"
    return f"{signs(explanation.evidence)}  ·  {summary(explanation.evidence)}"


def card_button() -> QPushButton:
    """What leads to the model card, beside every verdict."""
    button = QPushButton("Model card")
    button.setProperty("small", True)
    button.setToolTip("What the model learnt from, what it is for, and how it was measured")
    return button


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
        sign, ink = _LOOKS[finding.outcome]
        if option.state & (QStyle.StateFlag.State_MouseOver | QStyle.StateFlag.State_HasFocus):
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(colour("raised"))
            painter.drawRoundedRect(box, 3, 3)
        inner = box.adjusted(7, 0, -7, 0)
        middle = Qt.AlignmentFlag.AlignVCenter
        painter.setPen(colour(ink))
        painter.drawText(inner, Qt.AlignmentFlag.AlignLeft | middle, sign)
        painter.drawText(inner, Qt.AlignmentFlag.AlignRight | middle, finding.outcome)
        painter.setPen(colour("text"))
        name = inner.adjusted(20, 0, -60, 0)
        painter.drawText(name, Qt.AlignmentFlag.AlignLeft | middle, finding.test)


class EvidencePanel(RowsPanel):
    """``asked`` tells which finding's numbers are wanted, ``cardAsked`` that the model card is."""

    asked = Signal(object)
    cardAsked = Signal()

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(session, _Row, "Evidence about the model's maps", parent)
        self.rows.setFixedHeight(len(TESTS) * _Row.height + 4)  # no row is ever hidden
        self.rows.itemActivated.connect(self._chosen)
        self.rows.itemClicked.connect(self._chosen)
        self.card = card_button()
        self.card.clicked.connect(lambda checked=False: self.cardAsked.emit())
        top = QHBoxLayout()
        top.addWidget(self.heading, 1)
        top.addWidget(self.card, 0, Qt.AlignmentFlag.AlignTop)
        layout = self.layout()
        assert isinstance(layout, QVBoxLayout)
        layout.insertLayout(0, top)
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
        self.heading.setText(verdict_line(self.session))


class VerdictLabel(QLabel):
    """The verdict in a few signs, for a place that is always in sight; ``asked`` tells that the
    findings themselves are wanted. It stays while the next image is waited for: evidence is of a
    model and a method, not of an image."""

    asked = Signal()

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._known: tuple[tuple[object, ...], tuple[Finding, ...]] | None = None
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        session.explanationChanged.connect(self._take)
        session.requestChanged.connect(self._show)
        self._take()

    def _take(self) -> None:
        session, explanation = self._session, self._session.explanation
        if explanation is not None and explanation.method == session.method:
            self._known = (session.model, session.method), explanation.evidence
        self._show()

    def _show(self) -> None:
        session = self._session
        wanted = session.model, session.method
        findings: tuple[Finding, ...] = ()
        if session.audit.concealed:
            text = "Evidence: kept back"
        elif self._known is None or self._known[0] != wanted:
            text = "Evidence: with the first answer"
        else:
            findings = self._known[1]
            text = f"Evidence  {signs(findings)}" if findings else "Evidence: nothing measured"
        self.setText(text)
        told = f"{text}: {summary(findings)}" if findings else text
        self.setAccessibleName(told)
        lines = [f"{_LOOKS[item.outcome][0]} {item.test}: {item.sentence}" for item in findings]
        self.setToolTip("\n".join(lines) or text)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        inside = self.rect().contains(event.position().toPoint())
        if inside and event.button() == Qt.MouseButton.LeftButton:
            self.asked.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
            self.asked.emit()
        else:
            super().keyPressEvent(event)
