"""What the model answered: classes with probabilities; choosing one explains it."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRectF, Qt, Signal
from PySide6.QtGui import QFont, QPainter
from PySide6.QtWidgets import QLabel, QListWidgetItem, QStyle, QStyleOptionViewItem, QWidget

import resources
from viewer.palette import colour
from viewer.panels.notice import Notice
from viewer.panels.rows import Row, RowsPanel
from viewer.state.model_facts import calibration, model_facts
from viewer.state.session import Session
from viewer.state.standing import Standing, standing
from viewer.state.words import readable

_NAME = Qt.ItemDataRole.UserRole
_CHANCE = Qt.ItemDataRole.UserRole + 1
_TARGET = Qt.ItemDataRole.UserRole + 2
_NUMBER = 64.0  # pixels of the column of numbers
_SMALLEST = 0.0005  # below it three decimals would say zero


def number(chance: float) -> str:
    """``0.990``; what three decimals would round to nothing is said to be less."""
    return f"{chance:.3f}" if chance >= _SMALLEST else "< 0.001"


class _Row(Row):
    """A name over a bar as long as its probability, and the number beside it; the class that is
    explained has a bar of another colour, an arrow and a heavier name."""

    height = 24

    def draw(
        self,
        painter: QPainter,
        box: QRectF,
        option: QStyleOptionViewItem,
        index: QModelIndex | QPersistentModelIndex,
    ) -> None:
        chance, target = float(index.data(_CHANCE)), bool(index.data(_TARGET))
        over = bool(option.state & QStyle.StateFlag.State_MouseOver)
        track = box.adjusted(0, 0, -_NUMBER, 0)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(colour("raised"))
        painter.drawRoundedRect(box if over else track, 3, 3)
        painter.setBrush(colour("bar target" if target else "bar"))
        filled = QRectF(track.topLeft(), track.bottomLeft())
        filled.setWidth(max(3.0, track.width() * chance))
        painter.drawRoundedRect(filled, 3, 3)
        if option.state & QStyle.StateFlag.State_HasFocus:
            painter.setPen(colour("focus"))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(box.adjusted(0.5, 0.5, -0.5, -0.5), 3, 3)
        font = QFont(painter.font())
        font.setWeight(QFont.Weight.DemiBold if target else QFont.Weight.Normal)
        painter.setFont(font)
        painter.setPen(colour("text"))
        middle = Qt.AlignmentFlag.AlignVCenter
        name = f"{'▸ ' if target else ''}{readable(str(index.data(_NAME)))}"
        painter.drawText(track.adjusted(8, 0, -8, 0), Qt.AlignmentFlag.AlignLeft | middle, name)
        painter.drawText(
            box.adjusted(0, 0, -6, 0), Qt.AlignmentFlag.AlignRight | middle, number(chance)
        )


class PredictionPanel(RowsPanel):
    """Best class first; the class whose maps are shown is marked and coloured. Below them stands
    what the probabilities are worth. Where there is no answer, it says why: ``cardAsked``,
    ``againAsked`` and ``reviewAsked`` tell what the user wants to do about it."""

    cardAsked = Signal()
    againAsked = Signal()
    reviewAsked = Signal()

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(session, _Row, "Predicted classes", parent)
        self.rows.setToolTip("Choose a class to see what speaks for it")
        self.rows.itemActivated.connect(self._chosen)
        self.rows.itemClicked.connect(self._chosen)
        self.notice = Notice(self)
        self.worth = QLabel(self)
        self.worth.setWordWrap(True)
        self.worth.setProperty("quiet", True)
        layout = self.layout()
        assert layout is not None
        for widget in (self.notice, self.worth):
            layout.addWidget(widget)
        layout.setAlignment(self.notice, Qt.AlignmentFlag.AlignTop)
        session.explanationChanged.connect(self._follow)
        for changed in (
            session.engineChanged,
            session.playingChanged,
            session.frameChanged,
            session.audit.concealedChanged,
        ):
            changed.connect(self._tell)
        self._fill()

    def _chosen(self, item: QListWidgetItem) -> None:
        self.session.set_target(str(item.data(_NAME)))

    def _follow(self) -> None:
        self.session.follow_answer(self._fill)

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
                f"{readable(prediction.name)} {number(prediction.probability)}",
            )
        self._tell()

    def _tell(self) -> None:
        """Who answers, and what that is worth; or why nobody does."""
        explanation, missing = self.session.explanation, standing(self.session)
        for widget in (self.heading, self.rows, self.worth):
            widget.setVisible(missing is None)
        self.heading.setToolTip(
            "The gate declines what is no radiograph, or unlike what the model learnt from."
        )
        self._say(missing)
        if missing is not None or explanation is None:
            return
        folder = resources.model_folder(explanation.model.name)
        gate = " · gate passed" if model_facts(folder).gated else ""
        who = f"{explanation.model.name} {explanation.model.version}".strip()
        self.heading.setText(f"{who} · probability of a class{gate}")
        short, words = worth(explanation.model.name)
        self.worth.setText(short)
        self.worth.setToolTip(words)
        self.worth.setVisible(bool(short))

    def _say(self, missing: Standing | None) -> None:
        if missing is None:
            self.notice.say("")
            return
        button, hint, asked = {
            "card": ("Model card", "What the model learnt from and is for", self.cardAsked),
            "again": ("Ask again", "Start the engine once more", self.againAsked),
            "review": ("To the Review tab", "Say what you see first", self.reviewAsked),
        }.get(missing.way, ("", "", None))
        action = None if asked is None else asked.emit
        self.notice.say(missing.text, button, action, hint, missing.title, missing.icon)


def worth(model: str) -> tuple[str, str]:
    """How far a bundled model's probabilities are to be trusted, by its card: short, and in words;
    both "" if it says nothing."""
    known = calibration(resources.model_folder(model))
    if known is None:
        return "", ""
    short = f"Calibration error {known.own:.3f} (own source)"
    words = (
        f"On test images of the source that it learnt from, the probabilities are {known.own:.1%} "
        "from the share of right answers, on average (expected calibration error)."
    )
    if known.unseen is not None:
        short += f", up to {known.unseen:.3f} (unseen)"
        words += f" On sources that it never saw, they were up to {known.unseen:.1%} off."
    words += f" The logits are divided by a temperature of {known.temperature:.3f}."
    return f"{short} · temperature {known.temperature:.3f}", words
