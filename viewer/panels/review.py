"""What the reader makes of it: a first impression, and a judgement of every finding."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import (
    QCheckBox,
    QFrame,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from engine.results import Explanation
from viewer.panels.blind_form import BlindForm
from viewer.panels.evidence import card_button, verdict_line
from viewer.panels.judgement_row import (
    LONGEST_COMMENT,
    JudgementRow,
    is_stale,
    judge_or_withdraw,
)
from viewer.panels.review_items import review_items, told
from viewer.panels.rows import is_put_aside
from viewer.state.document import Impression, Outcome
from viewer.state.model_facts import model_facts
from viewer.state.settings import BLIND_READING
from viewer.state.words import readable
from viewer.state.workbench import Workbench


def against(said: Impression, explanation: Explanation | None) -> str:
    """The reader's impression beside the prediction: do they agree?"""
    you = f"You, {told(said.when)}: {readable(said.text)}"
    if explanation is None:
        return you
    if explanation.withheld:
        return f"{you} · model: no output"
    best = explanation.predictions[0]
    model = f"model: {readable(best.name)} {best.probability:.3f}"
    if said.text not in explanation.model.classes:
        return f"{you} · {model}"
    return f"{you} · {model} – {'agree' if said.text == best.name else 'differ'}"


class ReviewPanel(QWidget):
    """``cardAsked`` tells that the model card is wanted. Rows are kept from one change to the
    next, so that the focus and what is being typed stay."""

    cardAsked = Signal()

    def __init__(self, workbench: Workbench, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._workbench, self._session = workbench, workbench.session
        self._audit = workbench.session.audit
        self._asked_about: tuple[str, str] | None = None
        self.rows: dict[str, JudgementRow] = {}
        self.verdict, self.impression, self.nothing = QLabel(), QLabel(), QLabel()
        self.verdict.setProperty("quiet", True)
        self.nothing.setProperty("quiet", True)
        for label in (self.verdict, self.impression, self.nothing):
            label.setWordWrap(True)
            label.setTextFormat(Qt.TextFormat.PlainText)
        self.card = card_button()
        self.card.clicked.connect(lambda checked=False: self.cardAsked.emit())
        self.form = BlindForm()
        self.form.committed.connect(self._commit_impression)
        self.comment = QLineEdit()
        self.comment.setPlaceholderText("comment on the image as a whole")
        self.comment.setAccessibleName("Comment on the image")
        self.comment.setMaxLength(LONGEST_COMMENT)
        self.comment.editingFinished.connect(self._comment)
        self.blind = QCheckBox("Read first: keep the model's output back")
        self.blind.toggled.connect(lambda on: workbench.session.settings.set(BLIND_READING, on))
        self._lay_out()
        self._listen()
        self._fill()

    def _lay_out(self) -> None:
        top = QHBoxLayout()
        top.addWidget(self.verdict, 1)
        top.addWidget(self.card, 0, Qt.AlignmentFlag.AlignTop)
        inside = QWidget()
        self._list = QVBoxLayout(inside)
        self._list.setContentsMargins(0, 0, 6, 0)
        self._list.setSpacing(0)
        self._list.addStretch()
        self._area = QScrollArea()
        self._area.setWidgetResizable(True)
        self._area.setFrameShape(QFrame.Shape.NoFrame)
        self._area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._area.setWidget(inside)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(10, 8, 10, 8)
        layout.addLayout(top)
        for widget in (self.impression, self.form, self.nothing):
            layout.addWidget(widget)
        layout.addWidget(self._area, 1)
        layout.addStretch()
        layout.addWidget(self.comment)
        layout.addWidget(self.blind)

    def _listen(self) -> None:
        session, workbench = self._session, self._workbench
        for changed in (
            session.explanationChanged,
            session.overlayChanged,
            session.requestChanged,
            session.engineChanged,
            session.frameChanged,
            self._audit.documentChanged,
            self._audit.concealedChanged,
            workbench.session.settings.changed,
            workbench.figures.changed,
            workbench.what_if.changed,
        ):
            changed.connect(self._fill)
        session.placeLeft.connect(self._commit)
        workbench.closing.connect(self._commit)

    def _commit_impression(self, text: str) -> None:
        seen = self._workbench.log.was_shown(self._audit.image)
        self._audit.commit_impression(text, seen)

    # showing
    def showEvent(self, event: QShowEvent) -> None:
        self._fill()
        super().showEvent(event)

    def _fill(self) -> None:
        if is_put_aside(self):
            return
        audit, said = self._audit, self._audit.document.impression
        concealed = audit.concealed and bool(audit.image)
        blocker = QSignalBlocker(self.blind)
        self.blind.setChecked(self._workbench.session.settings.get(BLIND_READING))
        del blocker
        self.verdict.setText(verdict_line(self._session))
        self.impression.setVisible(said is not None)
        if said is not None:
            self.impression.setText(against(said, self._session.explanation))
        self._begin(concealed)
        self.form.setVisible(concealed)
        self._show_rows()
        self._area.setVisible(bool(self.rows))
        self.nothing.setVisible(not self.rows and not concealed)
        self.nothing.setText(self._why_nothing())
        self.comment.setEnabled(bool(audit.image))
        if not self.comment.isModified() and self.comment.text() != audit.document.comment:
            self.comment.setText(audit.document.comment)

    def _why_nothing(self) -> str:
        if self._session.open is None:
            return "No image is open."
        failed = self._session.engine.state == "failed"
        return "There is no answer to judge." if failed else "Waiting for the answer …"

    def _begin(self, concealed: bool) -> None:
        """An empty form for each image that is to be read first."""
        model = self._workbench.network().model
        about = (self._audit.image, str(model)) if concealed else None
        if about is not None and about != self._asked_about:
            seen = self._workbench.log.was_shown(self._audit.image)
            self.form.begin(model_facts(model).classes, seen)
        self._asked_about = about

    def _show_rows(self) -> None:
        items = {item.about: item for item in review_items(self._workbench)}
        for about in self.rows.keys() - items.keys():
            row = self.rows.pop(about, None)
            if row is not None:
                row.commit()  # which comes back here, with fewer rows
                row.hide()
                row.deleteLater()
        shown: dict[str, JudgementRow] = {}
        for place, (about, item) in enumerate(items.items()):
            row = self.rows.get(about) or self._row(about)
            if self._list.indexOf(row) != place:
                self._list.insertWidget(place, row)
            judged = self._audit.document.judgement(about)
            row.show_item(item, judged, judged is not None and is_stale(judged, self._audit))
            shown[about] = row
        if list(shown) != list(self.rows):
            reached = [widget for row in shown.values() for widget in row.in_order]
            for first, second in pairwise(reached):
                QWidget.setTabOrder(first, second)
        self.rows = shown

    def _row(self, about: str) -> JudgementRow:
        row = JudgementRow()

        def judge(outcome: Outcome) -> None:
            judge_or_withdraw(self._audit, about, outcome)

        def comment(text: str) -> None:
            judgement = self._audit.document.judgement(about)
            if judgement is not None:
                self._audit.judge(about, judgement.outcome, text)

        row.judged.connect(judge)
        row.commented.connect(comment)
        return row

    # saying
    def _comment(self) -> None:
        self.comment.setModified(False)
        said = replace(self._audit.document, comment=self.comment.text().strip())
        self._audit.change("comment", said)

    def _commit(self) -> None:
        """What is being typed belongs to the image that it was typed for."""
        for row in tuple(self.rows.values()):
            row.commit()
        if self.comment.isModified():
            self._comment()
