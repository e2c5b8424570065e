"""The answer before and after: the class that is explained, and those that change most."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QFont, QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from engine.questions import WhatIfAnswer
from viewer.palette import colour, hex_of, themes
from viewer.panels.uses_words import signed
from viewer.state.session import Session
from viewer.state.what_if import WhatIfState
from viewer.state.words import readable

_MOST = 3  # classes with bars
_NOTICEABLE = 0.005  # of probability: what rounds to a change
_HEIGHT = 18
_INVITATION = "Take something out of the image and see what the answer makes of it."


@dataclass(frozen=True)
class Change:
    """The probability of a class, before and after."""

    name: str
    before: float
    after: float

    @property
    def size(self) -> float:
        return abs(self.after - self.before)


def changes(answer: WhatIfAnswer) -> list[Change]:
    """Of all classes, the greatest change first."""
    rows = map(Change, answer.classes, answer.before, answer.after)
    return sorted(rows, key=lambda row: -row.size)


def in_words(answer: WhatIfAnswer, target: str) -> str:
    """What the numbers are, and what becomes of the most probable class."""
    rows = changes(answer)
    first, then = max(rows, key=lambda row: row.before), max(rows, key=lambda row: row.after)
    what = f"Probability of {readable(target)}."
    if first.name == then.name:
        return f"{what} The answer stays {readable(first.name)}."
    return (
        f"{what} The answer changes: {readable(first.name)} {first.before:.2f} → "
        f"{readable(then.name)} {then.after:.2f}."
    )


class _Bars(QWidget):
    """A pair of bars a class, before over after, with both numbers."""

    def __init__(self) -> None:
        super().__init__()
        self._rows: list[Change] = []
        self.setAccessibleName("Classes that change most")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def show_rows(self, rows: list[Change]) -> None:
        self._rows = rows
        self.setAccessibleDescription(
            "; ".join(
                f"{readable(r.name)} {r.before:.3f} before, {r.after:.3f} after" for r in rows
            )
        )
        self.setVisible(bool(rows))
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(200, _HEIGHT * len(self._rows))

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        font = QFont(self.font())
        font.setPixelSize(12)
        painter.setFont(font)
        for place, row in enumerate(self._rows):
            self._draw(painter, QRectF(0, place * _HEIGHT, self.width(), _HEIGHT), row)

    def _draw(self, painter: QPainter, box: QRectF, row: Change) -> None:
        metrics, middle = painter.fontMetrics(), Qt.AlignmentFlag.AlignVCenter
        numbers = f"{row.before:.2f} → {row.after:.2f}"
        room = metrics.horizontalAdvance("0.00 → 0.00") + 8
        label = box.adjusted(0, 0, 0, 0)
        label.setWidth(box.width() * 0.34)
        painter.setPen(colour("text"))
        name = metrics.elidedText(
            readable(row.name), Qt.TextElideMode.ElideRight, int(label.width())
        )
        painter.drawText(label, Qt.AlignmentFlag.AlignLeft | middle, name)
        painter.drawText(box, Qt.AlignmentFlag.AlignRight | middle, numbers)
        left, width = label.right() + 8, box.width() - label.width() - 8 - room
        painter.setPen(Qt.PenStyle.NoPen)
        for y, value, ink in ((3, row.before, "before"), (9, row.after, "accent")):
            painter.setBrush(colour(ink))
            bar = QRectF(left, box.top() + y, max(1.5, width * value), 5)
            painter.drawRoundedRect(bar, 1.5, 1.5)


class AnswerView(QWidget):
    """Large: the class that is explained; ``beside`` stands at its right. Below it words, and bars
    where something changes."""

    def __init__(self, beside: QPushButton, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.beside = beside
        self.figure = QLabel()
        self.figure.setTextFormat(Qt.TextFormat.RichText)
        self.figure.setAccessibleName("Probability before and after")
        self.words = QLabel()
        self.words.setWordWrap(True)
        self.words.setProperty("quiet", True)
        self.bars = _Bars()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(3)
        line = QHBoxLayout()
        line.addWidget(self.figure, 1)
        line.addWidget(self.beside)
        layout.addLayout(line)
        layout.addWidget(self.words)
        layout.addWidget(self.bars)
        self._figure = ("", "")
        self.say("")
        themes.changed.connect(self._write_figure)

    def say(self, text: str) -> None:
        """There is no answer; ``text`` says why, and what to do."""
        for widget in (self.figure, self.beside):
            widget.hide()
        self.bars.show_rows([])
        self.words.setText(text)

    def show_answer(self, answer: WhatIfAnswer, target: str, busy: bool) -> None:
        rows = changes(answer)
        shown = next(row for row in rows if row.name == target)
        change = signed(shown.after - shown.before, digits=3)
        self._figure = f"{shown.before:.3f} → <b>{shown.after:.3f}</b>", change
        self._write_figure()
        for widget in (self.figure, self.beside):
            widget.show()
        self.words.setText(f"{in_words(answer, target)}{' Asking again …' if busy else ''}")
        self.bars.show_rows([row for row in rows[:_MOST] if row.size >= _NOTICEABLE])

    def _write_figure(self) -> None:
        figures, change = self._figure
        self.figure.setText(
            f"<span style='font-size:22px'>{figures}</span>"
            f"<span style='color:{hex_of('quiet')}'>&nbsp; {change}</span>"
        )


def why_nothing(session: Session, what_if: WhatIfState) -> str:
    """Why there is no answer to an edited image."""
    if session.open is None:
        return "Open an image to take something out of it."
    if session.audit.concealed:
        return "Kept back until you have committed your impression."
    explanation = session.explanation
    if explanation is not None and explanation.withheld:
        return (
            "The model gives no output for this image "
            f"({explanation.withheld_because}), so there is no answer to change."
        )
    if session.engine.state == "failed":
        return f"There is no answer to change: {session.engine.detail}"
    if what_if.refusal:
        return f"The edited image got no answer: {what_if.refusal}"
    if what_if.case is None:
        return "Waiting for the model's answer …"
    return "Asking …" if session.audit.document.interventions else _INVITATION
