"""One finding with its three buttons, and the comment and the time of what was judged."""

from __future__ import annotations

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtWidgets import (
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QSizePolicy,
    QWidget,
)

from viewer.panels.buttons import small_button
from viewer.panels.review_items import ReviewItem, told
from viewer.state.audit import Audit
from viewer.state.document import OUTCOMES, Judgement, Outcome

_SIGNS: dict[Outcome, str] = {"accept": "✓", "reject": "✕", "unsure": "?"}
_DONE: dict[Outcome, str] = {"accept": "accepted", "reject": "rejected", "unsure": "unsure"}
LONGEST_COMMENT = 2_000  # characters


def judge_or_withdraw(audit: Audit, about: str, outcome: Outcome) -> None:
    """Judge a finding, or take the same judgement back; the comment stays with another one."""
    before = audit.document.judgement(about)
    if before is not None and before.outcome == outcome and not is_stale(before, audit):
        audit.withdraw(about)
    else:
        audit.judge(about, outcome, before.comment if before is not None else "")


def is_stale(judgement: Judgement, audit: Audit) -> bool:
    """Whether another answer was on screen when it was judged."""
    return bool(judgement.of) and judgement.of != audit.answer


class JudgementRow(QWidget):
    """``judged`` carries the outcome of the button that was pressed, ``commented`` a new text."""

    judged = Signal(str)
    commented = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.title, self.figures, self.when = QLabel(), QLabel(), QLabel()
        for label in (self.title, self.figures):
            label.setWordWrap(True)
            label.setTextFormat(Qt.TextFormat.PlainText)
            label.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        for label in (self.figures, self.when):
            label.setProperty("quiet", True)
        self.buttons = {outcome: self._button(outcome) for outcome in OUTCOMES}
        self.comment = QLineEdit()
        self.comment.setPlaceholderText("comment")
        self.comment.setMaxLength(LONGEST_COMMENT)
        self.comment.editingFinished.connect(self.commit)
        self._said = ""
        self._lay_out()

    def _button(self, outcome: Outcome) -> QPushButton:
        tip = f"{outcome}; once more takes it back"
        button = small_button(
            _SIGNS[outcome], lambda: self.judged.emit(outcome), tip, checkable=True
        )
        button.setFixedWidth(36)
        return button

    def _lay_out(self) -> None:
        buttons = QHBoxLayout()
        buttons.setSpacing(3)
        for button in self.buttons.values():
            buttons.addWidget(button)
        layout = QGridLayout(self)
        layout.setContentsMargins(0, 5, 0, 5)
        layout.setVerticalSpacing(3)
        layout.setColumnStretch(0, 1)
        layout.addWidget(self.title, 0, 0)
        layout.addLayout(buttons, 0, 1, Qt.AlignmentFlag.AlignTop)
        layout.addWidget(self.figures, 1, 0)
        layout.addWidget(self.when, 1, 1, Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignRight)
        layout.addWidget(self.comment, 2, 0, 1, 2)

    @property
    def in_order(self) -> tuple[QWidget, ...]:
        """What Tab goes through."""
        return (*self.buttons.values(), self.comment)

    def show_item(self, item: ReviewItem, judgement: Judgement | None, stale: bool = False) -> None:
        """``stale``: it was judged while another answer was on screen."""
        self.title.setText(item.title)
        self.figures.setText(item.figures)
        self.setToolTip(item.hint)
        for outcome, button in self.buttons.items():
            blocker = QSignalBlocker(button)
            holds = judgement is not None and judgement.outcome == outcome
            button.setChecked(holds and not stale)
            del blocker
            button.setAccessibleName(f"{outcome} {item.title}")
        self.comment.setAccessibleName(f"comment on {item.title}")
        self.comment.setVisible(judgement is not None)
        self.when.setVisible(judgement is not None)
        said = "" if judgement is None else judgement.comment
        if judgement is None or said != self._said:  # else what is being typed stays
            self._said = said
            self.comment.setText(said)
            self.comment.setCursorPosition(0)
        if judgement is not None:
            when = f"{_DONE[judgement.outcome]} {told(judgement.when)}"
            self.when.setText(f"{when}\nof another answer" if stale else when)
            self.when.setToolTip(f"Judged: {judgement.of}" if judgement.of else "")

    def commit(self) -> None:
        """Take what was typed as said."""
        text = self.comment.text().strip()
        if not self.comment.isHidden() and text != self._said:
            self._said = text
            self.commented.emit(text)
