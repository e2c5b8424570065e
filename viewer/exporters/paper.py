"""A4 pages from blocks: measured first, so that every page knows how many there are.

Lengths are tenths of a point (720 to the inch); a block is as wide as the text.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache

from PySide6.QtCore import QLineF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QImage, QPainter, QPen

from viewer.canvas.fonts import FAMILY

RESOLUTION = 720
WIDTH, HEIGHT = 5953.0, 8419.0
MARGIN, TOP, BOTTOM = 510.0, 620.0, 600.0
TEXT_WIDTH = WIDTH - 2 * MARGIN
INK, QUIET, FAINT, RULE, ACCENT = (
    QColor(c) for c in ("#161b26", "#586276", "#eef1f5", "#cfd6e0", "#a85f00")
)
_MIDDLE = Qt.AlignmentFlag.AlignVCenter.value
LEFT = Qt.AlignmentFlag.AlignLeft.value | _MIDDLE
RIGHT = Qt.AlignmentFlag.AlignRight.value | _MIDDLE
CENTRE = Qt.AlignmentFlag.AlignCenter.value
WRAP = Qt.TextFlag.TextWordWrap.value | Qt.AlignmentFlag.AlignTop.value
WRAP_RIGHT = WRAP | Qt.AlignmentFlag.AlignRight.value
SMALL, BODY, LARGE, HEAD, TITLE = 78, 92, 110, 130, 200

Paint = Callable[[QPainter, QRectF], None]


@dataclass(frozen=True)
class Block:
    """Something that is not broken across pages. ``with_next``: it does not stand at the foot of a
    page alone; ``page`` begins a new one."""

    height: float
    paint: Paint
    with_next: bool = False
    page: bool = False


Placed = tuple[Block, QRectF]


@cache
def font(size: int = BODY, bold: bool = False) -> QFont:
    """The bundled font without the glyphs that a reader of the PDF could not find or copy."""
    chosen = QFont(FAMILY)
    chosen.setPixelSize(size)
    chosen.setWeight(QFont.Weight.DemiBold if bold else QFont.Weight.Normal)
    for feature in ("calt", "liga"):
        chosen.setFeature(QFont.Tag(feature), 0)
    chosen.setHintingPreference(QFont.HintingPreference.PreferNoHinting)
    return chosen


def text_height(text: str, width: float, size: int = BODY, bold: bool = False) -> float:
    box = QRectF(0, 0, width, 1e6)
    return QFontMetricsF(font(size, bold)).boundingRect(box, WRAP, text).height()


def write(
    painter: QPainter,
    box: QRectF,
    text: str,
    size: int = BODY,
    bold: bool = False,
    colour: QColor = INK,
    flags: int = WRAP,
) -> None:
    """Text in a box: wrapped from its top, or where ``flags`` (of Qt's alignment) say."""
    painter.setFont(font(size, bold))
    painter.setPen(colour)
    painter.drawText(box, flags, text)


def paragraph(
    text: str,
    size: int = BODY,
    bold: bool = False,
    colour: QColor = INK,
    after: float = 50,
    with_next: bool = False,
) -> Block:
    height = text_height(text, TEXT_WIDTH, size, bold)
    return Block(height + after, lambda p, box: write(p, box, text, size, bold, colour), with_next)


def note(text: str) -> Block:
    """Small, over what it explains."""
    return paragraph(text, SMALL, colour=QUIET, with_next=True)


def heading(text: str, page: bool = False) -> Block:
    """The name of a section, below a rule unless it begins a ``page``."""

    def paint(painter: QPainter, box: QRectF) -> None:
        if page:
            write(painter, box, text, HEAD, bold=True)
            return
        painter.setPen(QPen(RULE, 8))
        painter.drawLine(QLineF(box.left(), box.top() + 60, box.right(), box.top() + 60))
        write(painter, box.adjusted(0, 130, 0, 0), text, HEAD, bold=True)

    return Block(250 if page else 380, paint, with_next=True, page=page)


def space(height: float) -> Block:
    return Block(height, lambda painter, box: None)


def paginate(blocks: Sequence[Block]) -> list[list[Placed]]:
    """Pages of blocks with the place of each."""
    pages: list[list[Placed]] = [[]]
    y = TOP
    for number, block in enumerate(blocks):
        needed = block.height
        for follower in blocks[number + 1 :] if block.with_next else ():
            needed += follower.height
            if not follower.with_next:
                break
        if pages[-1] and (block.page or y + needed > HEIGHT - BOTTOM):
            pages.append([])
            y = TOP
        pages[-1].append((block, QRectF(MARGIN, y, TEXT_WIDTH, block.height)))
        y += block.height
    return pages


@dataclass(frozen=True)
class Chrome:
    """What stands on every page: ``title`` and ``note`` at its head, ``banner`` at its foot."""

    title: str
    note: str
    banner: str

    def paint(self, painter: QPainter, number: int, count: int) -> None:
        head = QRectF(MARGIN, 270, TEXT_WIDTH, 150)
        write(painter, head, self.title, SMALL, bold=True, flags=LEFT)
        write(painter, head, self.note, SMALL, colour=QUIET, flags=RIGHT)
        painter.setPen(QPen(RULE, 6))
        painter.drawLine(QLineF(MARGIN, 450, MARGIN + TEXT_WIDTH, 450))
        foot = QRectF(MARGIN, HEIGHT - 430, TEXT_WIDTH, 160)
        painter.fillRect(foot, QColor("#fff1d6"))
        inner = foot.adjusted(70, 0, -70, 0)
        write(painter, inner, self.banner, SMALL, bold=True, colour=ACCENT, flags=LEFT)
        write(painter, inner, f"page {number} of {count}", SMALL, flags=RIGHT)


def paint_page(
    painter: QPainter, pages: Sequence[Sequence[Placed]], number: int, chrome: Chrome
) -> None:
    """Page ``number`` (from 0)."""
    painter.setRenderHints(
        QPainter.RenderHint.Antialiasing
        | QPainter.RenderHint.TextAntialiasing
        | QPainter.RenderHint.SmoothPixmapTransform
    )
    chrome.paint(painter, number + 1, len(pages))
    for block, box in pages[number]:
        painter.save()
        block.paint(painter, box)
        painter.restore()


def mounted(painter: QPainter, place: QRectF, image: QImage) -> None:
    """An image in the middle of a black box, as large as it fits."""
    painter.fillRect(place, Qt.GlobalColor.black)
    scale = min(place.width() / image.width(), place.height() / image.height())
    shown = QRectF(0, 0, image.width() * scale, image.height() * scale)
    shown.moveCenter(place.center())
    painter.drawImage(shown, image)
