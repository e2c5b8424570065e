"""What if: regions taken out of the image, the answer without them, and what that says."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QScrollArea, QVBoxLayout, QWidget

from viewer.panels.buttons import small_button
from viewer.panels.rows import is_put_aside
from viewer.panels.uses_card import CARD, Heads
from viewer.panels.uses_rows import CANDIDATE, RowMaker
from viewer.panels.uses_table import UsesTable
from viewer.panels.what_if_answer import AnswerView, why_nothing
from viewer.panels.what_if_tools import EraseTools
from viewer.state.workbench import Workbench

_NOTE = "A map shows what a layer attends to; only an intervention shows what the answer uses."
_BESIDE = "Show the edited image and its maps beside the picture, or take them away"
_FIND = "Look for markers, edges, padding and background, which a model should not need"
_ADD = "Take every marker that was found out of the image"
_NARROW = 'QPushButton[small="true"] { padding: 2px 6px; }'


class WhatIfPanel(QWidget):
    """``besideAsked`` tells that the edited image is wanted beside the picture, or no more."""

    besideAsked = Signal()

    def __init__(self, workbench: Workbench, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session, self._what_if = workbench.session, workbench.what_if
        self._audit = workbench.session.audit
        self.beside = small_button("Show beside", self.besideAsked.emit, _BESIDE)
        self.answer = AnswerView(self.beside)
        self.tools = EraseTools(self._audit)
        self.table = UsesTable()
        self.heads = Heads()
        self.finds = small_button("Find markers and borders", self._what_if.offers.find, _FIND)
        self.add_all = small_button("Add markers", self._what_if.offers.add_markers, _ADD)
        self.said = _quiet("")
        self._lay_out()
        self.table.chosen.connect(self._choose)
        self.table.acted.connect(self._act)
        self.table.removed.connect(self._remove)
        for changed in (
            self._what_if.changed,
            self._audit.selectedChanged,
            self._session.overlayChanged,
            self._session.engineChanged,
        ):
            changed.connect(self._read)
        self._read()

    def _lay_out(self) -> None:
        finding = QHBoxLayout()
        finding.addWidget(self.finds, 3)
        finding.addWidget(self.add_all, 2)
        inner = QWidget()
        inner.setStyleSheet(_NARROW)
        layout = QVBoxLayout(inner)
        layout.setContentsMargins(8, 6, 8, 4)
        layout.addWidget(self.answer)
        layout.addWidget(self.tools)
        layout.addLayout(finding)
        layout.addWidget(self.said)
        layout.addWidget(self.heads)
        layout.addWidget(self.table, 1)
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setWidget(inner)
        self.table.setMinimumHeight(round(1.6 * CARD))
        note = _quiet(_NOTE)
        note.setContentsMargins(10, 0, 10, 6)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.setSpacing(4)
        outer.addWidget(area, 1)
        outer.addWidget(note)

    # candidates are offered while somebody looks
    def showEvent(self, event: QShowEvent) -> None:
        self._read()
        self._what_if.offers.show(True)
        super().showEvent(event)

    def hideEvent(self, event: QHideEvent) -> None:
        self._what_if.offers.show(False)
        super().hideEvent(event)

    # what is done
    def _choose(self, key: str) -> None:
        self._audit.select("" if key.startswith(CANDIDATE) else key)

    def _act(self, key: str) -> None:
        """Switch a change on or off, or make one of a candidate."""
        if key.startswith(CANDIDATE):
            offered = self._what_if.candidates or ()
            self._what_if.offers.add((offered[int(key.removeprefix(CANDIDATE))],))
            return
        item = next(item for item in self._audit.document.interventions if item.id == key)
        self._audit.put_intervention(replace(item, on=not item.on))

    def _remove(self, key: str) -> None:
        if not key.startswith(CANDIDATE):
            self._audit.remove(key)

    # what is shown
    def _read(self) -> None:
        if is_put_aside(self):
            return
        self._read_answer()
        self.table.show_rows(RowMaker(self._session, self._what_if).rows(), self._audit.selected)
        self.heads.show_layer(self._session)
        offers = self._what_if.offers
        left = [item for item in offers.found or () if not offers.has(item)]
        markers = [item for item in left if item.kind == "marker"]
        self.add_all.setEnabled(bool(markers))
        self.finds.setEnabled(self._session.open is not None and not offers.busy)
        self.said.setText(self._about_candidates(len(left)))
        self.said.setVisible(bool(self.said.text()))

    def _read_answer(self) -> None:
        state, case = self._what_if, self._what_if.case
        if case is not None and state.answer is not None:
            self.answer.show_answer(state.answer, case.target, state.busy)
        else:
            self.answer.say(why_nothing(self._session, state))

    def _about_candidates(self, left: int) -> str:
        offers = self._what_if.offers
        if offers.busy:
            return "Looking for markers and borders …"
        if offers.refusal:
            return f"Nothing was looked for: {offers.refusal}"
        if offers.found is None:
            return ""
        if not offers.found:
            return "No marker, edge or border was found in this image."
        return "" if left else "Everything that was found is in the list."


def _quiet(text: str) -> QLabel:
    label = QLabel(text)
    label.setWordWrap(True)
    label.setProperty("quiet", True)
    return label
