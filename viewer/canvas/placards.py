"""What is painted in the place of a picture while there is none: always on black."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QPainter

from viewer import icons, palette
from viewer.canvas.fonts import font
from viewer.messages import sentence_about
from viewer.state.session import Session

_TITLE, _TEXT, _SIDE, _GAP = 17.0, 13.0, 36.0, 10.0  # logical pixels
_WIDEST = 460.0
_COLOURS = palette.THEMES["dark"]


@dataclass(frozen=True)
class Placard:
    """``title`` says what is so, ``text`` why, ``hint`` what can be done."""

    icon: str
    title: str
    text: str = ""
    hint: str = ""


def placard_of(session: Session) -> Placard:
    """That an image is being read, or why there is none."""
    place = session.place
    if place is None:
        return Placard(
            "image", "No image is open", "", "Open a study, or drop files on this window."
        )
    if session.failure is not None:
        hint = "The others can be read: choose another series"
        if place.series.starts[-1] > 1:
            hint += ", or another image of this one"
        why = sentence_about(session.failure, session)
        return Placard("no-image", "This image cannot be shown", why, f"{hint}.")
    number, count = place.number + 1, place.series.starts[-1]
    where = f"image {number:,} of {count:,}" if count > 1 else ""
    modality = place.series.modality
    return Placard("image", "Reading the image …", " · ".join(filter(None, (modality, where))))


def paint(painter: QPainter, size: QRectF, session: Session, unit: float = 1.0) -> None:
    """What there is instead of the session's picture."""
    paint_placard(painter, size, placard_of(session), unit)


def paint_placard(painter: QPainter, size: QRectF, shown: Placard, unit: float) -> None:
    """In the middle of ``size``, in which a logical pixel is ``unit`` pixels."""
    painter.fillRect(size, QColor(0, 0, 0))
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    width = min(_WIDEST * unit, size.width() - 40 * unit)
    flags = Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop | Qt.TextFlag.TextWordWrap
    lines = []
    for text, pixels, bold, colour in (
        (shown.title, _TITLE, True, "text"),
        (shown.text, _TEXT, False, "text"),
        (shown.hint, _TEXT, False, "quiet"),
    ):
        painter.setFont(font(unit, pixels, bold))
        box = painter.boundingRect(QRectF(0, 0, width, 1e4), flags, text)
        if text:
            lines.append((text, painter.font(), colour, box.height()))
    gap, side = _GAP * unit, _SIDE * unit
    y = size.center().y() - (side + sum(gap + height for *_, height in lines)) / 2
    x = size.center().x()
    icon = QRectF(round(x - side / 2), round(y), side, side)
    icons.draw(painter, shown.icon, icon, QColor(_COLOURS["quiet"]))
    y += side
    for text, chosen, colour, height in lines:
        y += gap
        painter.setFont(chosen)
        painter.setPen(QColor(_COLOURS[colour]))
        painter.drawText(QRectF(x - width / 2, y, width, height + unit), flags, text)
        y += height
