"""What interventions do to the answer: the scan before and after them, and the numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from PySide6.QtCore import QPointF, QRectF, QSizeF, Qt
from PySide6.QtGui import QColor, QImage, QPainter

from engine.presets import in_words
from engine.questions import WhatIfAnswer
from viewer.canvas.fonts import font
from viewer.canvas.scene import make_banner
from viewer.dicom.frame import default_window
from viewer.exporters import words
from viewer.exporters.poster import QUIET, RAISED, TEXT, Line, Poster
from viewer.exporters.snapshot import Snapshot
from viewer.exporters.tiles import Scan, scan_tile, with_overlay
from viewer.messages import UserError
from viewer.render.overlay import Overlay, OverlayMaker
from viewer.state.document import Intervention
from viewer.state.progress import Progress
from viewer.state.words import readable

_PICTURE, _GAP, _ROW = 900.0, 24.0, 30.0
_CLASSES = 5
_BEFORE, _AFTER = QColor("#5b6b8c"), QColor("#f0a63c")


@dataclass(frozen=True)
class Change:
    """Probability of a class before and after."""

    name: str
    before: float
    after: float


def top_changes(answer: WhatIfAnswer, target: str, most: int = _CLASSES) -> tuple[Change, ...]:
    """Of the target and of the classes that were or became the most probable."""
    rows = [Change(*row) for row in zip(answer.classes, answer.before, answer.after, strict=True)]
    rows.sort(key=lambda row: (row.name != target, -max(row.before, row.after)))
    return tuple(sorted(rows[:most], key=lambda row: -row.before))


@dataclass(frozen=True)
class Pair:
    """The scan with the edits outlined, and the edited one; the response over both where it is
    known, each in its own range."""

    before: QImage
    after: QImage


def pair(snapshot: Snapshot, box: QSizeF) -> Pair:
    """Two pictures as large as they fit into ``box`` pixels each."""
    edited = snapshot.what_if.edited_pyramid
    if edited is None or not snapshot.changes:
        raise UserError("Nothing was changed in this image, or the answer is not there yet.")
    own = replace(snapshot, window=default_window(snapshot.pyramid.frame))  # as the edited one
    first, second = scan_tile(own, box), scan_tile(own, box, edited)
    before, after = snapshot.overlay, _after(snapshot)
    if after is None or not snapshot.style.visible:
        before = after = None
    return Pair(
        with_overlay(first, before, snapshot.changes),
        with_overlay(Scan(second.image, first.transform), after),
    )


def _after(snapshot: Snapshot) -> Overlay | None:
    """The chosen layer's response to the edited image."""
    edited, overlay = snapshot.what_if.edited, snapshot.overlay
    if edited is None or overlay is None:
        return None
    names = [layer.name for layer in edited.layers]
    if overlay.layer.name not in names:
        return None
    return OverlayMaker(edited).overlay(names.index(overlay.layer.name), snapshot.style)


def before_after(snapshot: Snapshot, progress: Progress | None = None) -> QImage:
    progress = progress or Progress()
    progress.step(0.0)
    pictures = pair(snapshot, QSizeF(_PICTURE, _PICTURE))
    progress.step(0.6)
    answer, explanation = snapshot.what_if.answer, snapshot.explanation
    width = max(2.0 * pictures.before.width() + _GAP, 1100.0)
    changes: tuple[Change, ...] = ()
    if answer is not None and explanation is not None:
        changes = top_changes(answer, explanation.target)
    body = pictures.before.height() + 2 * _ROW + _ROW * (len(changes) + 1.5)
    banner = make_banner(snapshot.facts)
    poster = Poster(_header(snapshot), _footer(snapshot), banner, (width, body))

    def draw(painter: QPainter, box: QRectF, legend: QRectF) -> None:
        _paint_pair(painter, box, pictures, snapshot)
        top = box.top() + pictures.before.height() + 2 * _ROW
        _paint_changes(painter, QRectF(box.left(), top, box.width(), 0), changes)

    image = poster.paint(draw)
    progress.step(0.9)
    return image


def _paint_pair(painter: QPainter, box: QRectF, pictures: Pair, snapshot: Snapshot) -> None:
    left = box.left() + (box.width() - 2 * pictures.before.width() - _GAP) / 2
    step = pictures.before.width() + _GAP
    for number, (title, image) in enumerate(
        (("as it is, with what is changed", pictures.before), ("changed", pictures.after))
    ):
        at = QPointF(left + number * step, box.top() + _ROW)
        painter.setFont(font(1.0, 19, bold=True))
        painter.setPen(TEXT)
        row = QRectF(at.x(), box.top() - 6, image.width(), _ROW)
        painter.drawText(row, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, title)
        painter.drawImage(at, image)


def _paint_changes(painter: QPainter, box: QRectF, changes: Sequence[Change]) -> None:
    """A row a class: its name, two bars, and both numbers."""
    if not changes:
        return
    name, numbers = 280.0, 330.0
    reach = box.width() - name - numbers
    painter.setFont(font(1.0, 16))
    painter.setPen(QUIET)
    middle = Qt.AlignmentFlag.AlignVCenter
    head = QRectF(box.left(), box.top(), box.width(), _ROW)
    painter.drawText(head, Qt.AlignmentFlag.AlignLeft | middle, "probability of a class")
    painter.drawText(head, Qt.AlignmentFlag.AlignRight | middle, "change")
    beside = head.adjusted(0, 0, -110, 0)
    painter.drawText(beside, Qt.AlignmentFlag.AlignRight | middle, "before → after")
    for number, row in enumerate(changes, 1):
        line = head.translated(0, number * _ROW)
        painter.setFont(font(1.0, 18))
        painter.setPen(TEXT)
        painter.drawText(line, Qt.AlignmentFlag.AlignLeft | middle, readable(row.name))
        right = Qt.AlignmentFlag.AlignRight | middle
        painter.drawText(line, right, words.signed(row.after - row.before))
        both = f"{row.before:.3f} → {row.after:.3f}"
        painter.drawText(line.adjusted(0, 0, -110, 0), right, both)
        bars = QRectF(line.left() + name, line.top() + 6, reach, _ROW - 12)
        painter.fillRect(bars, RAISED)
        for place, (share, colour) in enumerate(((row.before, _BEFORE), (row.after, _AFTER))):
            half = bars.height() / 2
            bar = QRectF(bars.left(), bars.top() + place * half, max(2.0, reach * share), half)
            painter.fillRect(bar, colour)


def sentence_of(snapshot: Snapshot, item: Intervention) -> str:
    """``Letter R (in-painted): uses. 0.93 → 0.41, change −0.52; elsewhere …``."""
    effect = snapshot.what_if.effects.get(item.id)
    title = f"{item.name} ({item.kind}, {item.edit.way})"
    if effect is None:
        return f"{title}: not measured"
    after = effect.before + effect.change
    return (
        f"{title}: {words.verdict(effect)}. {readable(effect.target)} "
        f"{effect.before:.3f} → {after:.3f}, change {words.signed(effect.change)}; "
        f"as much erased elsewhere: {words.elsewhere(effect)}"
    )


def _header(snapshot: Snapshot) -> list[Line]:
    explanation = snapshot.explanation
    lines = [Line("What if this were not there", 34, bold=True)]
    if explanation is not None:
        model = explanation.model
        lines.append(Line(f"{model.name} {model.version} · {in_words(explanation.method)}"))
        lines.append(Line(words.answer_line(explanation), bold=True))
    lines.append(Line(words.image_line(snapshot), quiet=True))
    hidden = words.identity_lines(snapshot.facts, snapshot.identity)
    return [*lines, *(Line(line, quiet=True) for line in hidden)]


def _footer(snapshot: Snapshot) -> list[Line]:
    on = [item for item in snapshot.document.interventions if item.on]
    lines = [Line(sentence_of(snapshot, item), 18) for item in on]
    lines.append(Line(words.ATTENDS, 17, quiet=True))
    explanation = snapshot.explanation
    weights = "" if explanation is None else f" · weights SHA-256 {explanation.model.sha256}"
    lines.append(
        Line(f"{words.PROGRAM}{weights} · {words.when(snapshot.taken)} UTC", 15, quiet=True)
    )
    return lines
