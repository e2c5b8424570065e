"""Pictures of the report: the scan beside its response, bars, layers, before and after."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QRectF, QSizeF, Qt
from PySide6.QtGui import QColor, QPainter

from engine.results import Explanation
from viewer.canvas.scene import layer_title, window_text
from viewer.exporters import words
from viewer.exporters.before_after import Change, pair
from viewer.exporters.contact_sheet import Cell, cell
from viewer.exporters.paper import (
    BODY,
    FAINT,
    INK,
    LEFT,
    QUIET,
    RIGHT,
    SMALL,
    TEXT_WIDTH,
    Block,
    font,
    mounted,
    text_height,
    write,
)
from viewer.exporters.snapshot import Snapshot
from viewer.exporters.tiles import panel, scan_tile, with_overlay
from viewer.render.overlay import Overlay, OverlayMaker
from viewer.state.words import readable

_GAP = 130.0
_DENSITY = 0.3  # pixels of a picture for each tenth of a point: 216 to the inch
_TALLEST = 3300.0
_COLUMNS, _TILE_GAP, _CAPTION = 4, 110.0, 105.0
_BAR, _BAR_TARGET = QColor("#c3cddc"), QColor("#f0b45c")


def scan_and_response(snapshot: Snapshot) -> Block:
    """Side by side: the bare scan with its landmarks, and the response of the chosen layer over it,
    each with a line below."""
    frame = snapshot.pyramid.frame
    height, width = frame.size[0] * frame.aspect_ratio, frame.size[1]
    across = (TEXT_WIDTH - _GAP) / 2
    tall = min(_TALLEST, max(1500.0, across * height / width))
    overlay = snapshot.overlay
    captions = [
        f"The scan, {window_text(snapshot.window)}{', inverted' if snapshot.inverted else ''}"
        f"{_with(snapshot)}.",
        "No answer was on screen when this was exported."
        if overlay is None
        else _response_caption(overlay, snapshot.layers),
    ]
    below = max(text_height(text, across, SMALL) for text in captions)

    def paint(painter: QPainter, box: QRectF) -> None:
        size = QSizeF(across * _DENSITY, tall * _DENSITY)
        unit = size.width() / 480
        scan = snapshot.scene(None, snapshot.marks, snapshot.measures)
        for number, (scene, caption) in enumerate(
            ((scan, captions[0]), (snapshot.scene(overlay), captions[1]))
        ):
            left = box.left() + number * (across + _GAP)
            painter.drawImage(QRectF(left, box.top(), across, tall), panel(scene, size, unit))
            place = QRectF(left, box.top() + tall + 50, across, below)
            write(painter, place, caption, SMALL, colour=QUIET)

    return Block(tall + below + 150, paint)


def _with(snapshot: Snapshot) -> str:
    """What is drawn over the scan."""
    document = snapshot.document
    drawn = (("landmarks", document.landmarks), ("measurements", document.measurements))
    names = [name for name, items in drawn if items]
    return f", with {' and '.join(names)}" if names else ""


def _response_caption(overlay: Overlay, layers: int) -> str:
    return (
        f"Response of {layer_title(overlay, layers)}; range {words.range_of(overlay)} "
        f"({overlay.style.threshold:.0%}): {overlay.area:.1%} of the area, {overlay.mass:.0%} of "
        "the response above it."
    )


def probability_bars(explanation: Explanation, most: int = 5) -> Block:
    """The most probable classes and the explained one; chance beside them."""
    best = list(explanation.predictions[:most])
    best += [p for p in explanation.predictions[most:] if p.name == explanation.target]
    row, name, number = 150.0, 1300.0, 500.0

    def paint(painter: QPainter, box: QRectF) -> None:
        for place, item in enumerate(best):
            line = QRectF(box.left(), box.top() + place * row, box.width(), row)
            target = item.name == explanation.target
            label = readable(item.name) + ("  (explained)" if target else "")
            write(painter, line, label, BODY, bold=target, flags=LEFT)
            write(painter, line, f"{item.probability:.3f}", BODY, bold=target, flags=RIGHT)
            reach = line.width() - name - number
            bar = QRectF(line.left() + name, line.top() + 35, reach, row - 70)
            painter.fillRect(bar, FAINT)
            bar.setWidth(max(12.0, reach * item.probability))
            painter.fillRect(bar, _BAR_TARGET if target else _BAR)

    return Block(row * len(best) + 70, paint)


def layer_rows(snapshot: Snapshot) -> list[Block]:
    """The layers, four in a row, each with its numbers: a block a row."""
    if snapshot.explanation is None:
        return []
    maker = OverlayMaker(snapshot.explanation)
    cells = [cell(snapshot, maker, index) for index in range(snapshot.layers)]
    return [
        _layer_row(snapshot, cells[start : start + _COLUMNS])
        for start in range(0, len(cells), _COLUMNS)
    ]


def _layer_row(snapshot: Snapshot, cells: Sequence[Cell]) -> Block:
    frame = snapshot.pyramid.frame
    across = (TEXT_WIDTH - (_COLUMNS - 1) * _TILE_GAP) / _COLUMNS
    tall = min(across * 1.2, across * frame.size[0] * frame.aspect_ratio / frame.size[1])
    texts = [_captions(item) for item in cells]
    rows = max(map(len, texts))

    def paint(painter: QPainter, box: QRectF) -> None:
        size = QSizeF(across, tall) * _DENSITY
        scan = scan_tile(snapshot, size)
        for number, (item, lines) in enumerate(zip(cells, texts, strict=True)):
            left = box.left() + number * (across + _TILE_GAP)
            place = QRectF(left, box.top(), across, tall)
            mounted(painter, place, with_overlay(scan, item.overlay))
            _write_captions(painter, QRectF(left, place.bottom() + 30, across, 0), lines)

    return Block(tall + rows * _CAPTION + 110, paint)


def _captions(item: Cell) -> tuple[str, ...]:
    """Narrow ones: of one landmark alone, its figures on a line of their own."""
    return item.captions + (item.lifts[0] if item.lifts else ())


def _write_captions(painter: QPainter, box: QRectF, captions: Sequence[str]) -> None:
    for row, text in enumerate(captions):
        line = QRectF(box.left(), box.top() + row * _CAPTION, box.width(), _CAPTION)
        painter.setFont(font(SMALL - 8, bold=row == 0))
        fitted = painter.fontMetrics().elidedText(
            text, Qt.TextElideMode.ElideRight, int(box.width())
        )
        colour = INK if row == 0 else QUIET
        write(painter, line, fitted, SMALL - 8, bold=row == 0, colour=colour, flags=LEFT)


def before_and_after(snapshot: Snapshot) -> Block | None:
    """None where nothing is changed, or the changed image is not there yet."""
    if snapshot.what_if.edited_pyramid is None or not snapshot.changes:
        return None
    frame = snapshot.pyramid.frame
    across = (TEXT_WIDTH - _GAP) / 2
    tall = min(2450.0, across * frame.size[0] * frame.aspect_ratio / frame.size[1])

    def paint(painter: QPainter, box: QRectF) -> None:
        pictures = pair(snapshot, QSizeF(across, tall) * _DENSITY)
        titles = ("As it is, with what is changed", "Changed")
        images = (pictures.before, pictures.after)
        for number, (title, image) in enumerate(zip(titles, images, strict=True)):
            left = box.left() + number * (across + _GAP)
            place = QRectF(left, box.top(), across, tall)
            mounted(painter, place, image)
            line = QRectF(left, place.bottom() + 20, across, 130)
            write(painter, line, title, SMALL, colour=QUIET, flags=LEFT)

    return Block(tall + 220, paint)


def change_bars(changes: Sequence[Change]) -> Block:
    """Each class with its probability before (grey) and after (amber) all changes together."""
    row, name, numbers = 165.0, 1300.0, 1500.0

    def paint(painter: QPainter, box: QRectF) -> None:
        for place, item in enumerate(changes):
            line = QRectF(box.left(), box.top() + place * row, box.width(), row)
            write(painter, line, readable(item.name), BODY, flags=LEFT)
            write(painter, line, words.signed(item.after - item.before), BODY, flags=RIGHT)
            both = f"{item.before:.3f} → {item.after:.3f}"
            write(painter, line.adjusted(0, 0, -480, 0), both, BODY, flags=RIGHT)
            reach = line.width() - name - numbers
            bar = QRectF(line.left() + name, line.top() + 30, reach, row - 60)
            painter.fillRect(bar, FAINT)
            for half, (share, colour) in enumerate(
                ((item.before, _BAR), (item.after, _BAR_TARGET))
            ):
                depth = bar.height() / 2
                top = bar.top() + half * depth
                painter.fillRect(QRectF(bar.left(), top, max(12.0, reach * share), depth), colour)

    return Block(row * len(changes) + 80, paint)
