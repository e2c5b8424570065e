"""Many layers side by side: each with its numbers, under one heading."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRectF, QSizeF, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPen

from engine.presets import in_words
from viewer.canvas.fonts import font
from viewer.canvas.scene import make_banner
from viewer.exporters import words
from viewer.exporters.poster import BASE, LARGEST, MARGIN, QUIET, TEXT, Line, Poster
from viewer.exporters.snapshot import Snapshot
from viewer.exporters.tiles import scan_tile, with_overlay
from viewer.messages import UserError
from viewer.render import colour_maps
from viewer.render.overlay import Overlay, OverlayMaker
from viewer.state.progress import Progress

TILE = 480.0  # pixels: the long side of a picture
_GAP, _CAPTION, _WIDTH = 28.0, 25.0, 1.7
_LEGEND = 430.0
_MOST_LANDMARKS = 2  # whose lift stands below a picture
_SCREEN = 1.6  # width over height that the sheet comes near to


@dataclass(frozen=True)
class Cell:
    """One layer: its picture, what stands below it (the name first), and the landmarks that it is
    highest on, each with its lift."""

    overlay: Overlay
    captions: tuple[str, ...]
    lifts: tuple[tuple[str, str], ...]


def cell(snapshot: Snapshot, maker: OverlayMaker, index: int) -> Cell:
    """Layer ``index`` (from 0) in the style of the moment."""
    overlay = maker.overlay(index, snapshot.style)
    layer = overlay.layer
    lines = [f"{layer.depth}  {layer.name}", words.grid(layer)]
    if overlay.maximum <= 0:
        lines.append("no response" if snapshot.style.signed else "no positive response")
    else:
        lines.append(words.range_of(overlay))
        lines.append(f"above: {overlay.area:.1%} area, {overlay.mass:.0%} response")
    return Cell(overlay, tuple(lines), tuple(_lifts(snapshot, layer.name)))


def _lifts(snapshot: Snapshot, layer: str) -> Iterator[tuple[str, str]]:
    """(name, ``lift 2.10, chance 1, untrained 1.20``) of the landmarks it is highest on."""
    known = [pair for pair in snapshot.figures_at(layer) if not math.isnan(pair[1].lift)]
    known.sort(key=lambda pair: -pair[1].lift)
    for row, figures in known[:_MOST_LANDMARKS]:
        null = figures.untrained_lift
        beside = "" if null is None else f", untrained {words.figure(null)}"
        yield row.landmark.name, f"lift {words.figure(figures.lift)}, chance 1{beside}"


def contact_sheet(
    snapshot: Snapshot, layers: Sequence[int] | None = None, progress: Progress | None = None
) -> QImage:
    """``layers`` by number from 0, all if None. Stops between two of them."""
    progress = progress or Progress()
    maker = snapshot.maker()
    if maker is None or not snapshot.layers:
        raise UserError("There are no layers to show: the model has given no answer.")
    chosen = range(snapshot.layers) if layers is None else layers
    if not chosen:
        raise UserError("No layer is chosen.")
    cells = []
    for number, index in enumerate(chosen):
        progress.step(0.5 * number / len(chosen))
        cells.append(cell(snapshot, maker, index))
    layout = _Layout.of(snapshot, cells)
    poster = Poster(
        _header(snapshot),
        _footer(snapshot),
        make_banner(snapshot.facts),
        layout.size,
        aside=_LEGEND,
    )

    def draw(painter: QPainter, body: QRectF, legend: QRectF) -> None:
        _paint_legend(painter, legend, snapshot)
        layout.paint(painter, body, snapshot, cells, progress)

    return poster.paint(draw)


@dataclass(frozen=True)
class _Layout:
    """Pictures of ``picture`` (width, height) pixels in ``columns``, the bare scan first."""

    picture: tuple[float, float]
    columns: int
    rows: int
    captions: float

    @classmethod
    def of(cls, snapshot: Snapshot, cells: Sequence[Cell]) -> _Layout:
        frame = snapshot.pyramid.frame
        height, width = frame.size[0] * frame.aspect_ratio, float(frame.size[1])
        captions = _CAPTION * max(len(item.captions) + len(item.lifts) for item in cells)
        count, side = len(cells) + 1, TILE
        while True:
            scale = side / max(width, height)
            picture = (max(width * scale, 0.72 * side), max(height * scale, 1.0))
            across, down = picture[0] + _GAP, picture[1] + captions + _GAP
            columns = min(count, max(2, round(math.sqrt(count * _SCREEN * down / across))))
            made = cls(picture, columns, math.ceil(count / columns), captions)
            if max(made.size) < LARGEST - 40 * MARGIN or side < 40:
                return made
            side *= 0.8

    @property
    def size(self) -> tuple[float, float]:
        across, down = self.picture[0] + _GAP, self.picture[1] + self.captions + _GAP
        return max(self.columns * across - _GAP, 3 * _LEGEND), self.rows * down - _GAP

    def paint(
        self,
        painter: QPainter,
        body: QRectF,
        snapshot: Snapshot,
        cells: Sequence[Cell],
        progress: Progress,
    ) -> None:
        scan = scan_tile(snapshot, QSizeF(*self.picture))
        named = ["scan", *(mark.label for mark in snapshot.marks)]
        bare = with_overlay(scan, None, snapshot.marks)
        self._paint_cell(painter, body, 0, bare, named)
        for number, item in enumerate(cells, 1):
            progress.step(0.5 + 0.5 * number / (len(cells) + 1))
            image = with_overlay(scan, item.overlay)
            lifts = (f"{name}: {lift}" for name, lift in item.lifts)
            self._paint_cell(painter, body, number, image, (*item.captions, *lifts))

    def _paint_cell(
        self,
        painter: QPainter,
        body: QRectF,
        number: int,
        image: QImage,
        captions: Sequence[str],
    ) -> None:
        row, column = divmod(number, self.columns)
        left = body.left() + column * (self.picture[0] + _GAP)
        top = body.top() + row * (self.picture[1] + self.captions + _GAP)
        painter.drawImage(QPointF(left, top), image)
        top += self.picture[1] + 6
        lines = math.floor(self.captions / _CAPTION)
        for place, text in enumerate(captions[:lines]):
            painter.setFont(font(1.0, 18 if place == 0 else 16, bold=place == 0))
            painter.setPen(TEXT if place == 0 else QUIET)
            box = QRectF(left, top + place * _CAPTION, self.picture[0], _CAPTION)
            fitted = painter.fontMetrics().elidedText(
                text, Qt.TextElideMode.ElideMiddle, int(self.picture[0])
            )
            painter.drawText(
                box, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, fitted
            )


def _header(snapshot: Snapshot) -> list[Line]:
    explanation = snapshot.explanation
    assert explanation is not None
    model = explanation.model
    identity = words.identity_lines(snapshot.facts, snapshot.identity)
    return [
        Line("Layers, from the image to the classes", 34, bold=True),
        Line(f"{model.name} {model.version} · {in_words(explanation.method)}"),
        Line(words.answer_line(explanation), bold=True),
        Line(words.image_line(snapshot), quiet=True),
        *(Line(line, quiet=True) for line in identity),
    ]


def _footer(snapshot: Snapshot) -> list[Line]:
    explanation = snapshot.explanation
    assert explanation is not None
    model = explanation.model
    return [
        Line(f"{words.part_of(snapshot.style)} {words.ATTENDS}", 17),
        Line(
            f"{words.PROGRAM} · weights SHA-256 {model.sha256} · {explanation.device} · "
            f"{words.when(snapshot.taken)} UTC",
            15,
            quiet=True,
        ),
    ]


def _paint_legend(painter: QPainter, box: QRectF, snapshot: Snapshot) -> None:
    """The colours of the range, darkened where the response is below the threshold."""
    style = snapshot.style
    bar = QRectF(box.left() + 30, box.top() + 34, box.width() - 30, 16)
    table = colour_maps.table(style.colours).copy()
    painter.drawImage(bar, QImage(table.data, 256, 1, 256 * 3, QImage.Format.Format_RGB888))
    middle = bar.center().x() if style.signed else bar.left()
    reach = style.threshold * (bar.right() - middle)
    cuts = [middle + reach, *([middle - reach] if style.signed else [])]
    low = min(middle, *cuts)
    painter.fillRect(QRectF(low, bar.top(), max(cuts) - low, bar.height()), _below())
    painter.setPen(QPen(TEXT, 1.5))
    for cut in cuts:
        painter.drawLine(QPointF(cut, bar.top() - 5), QPointF(cut, bar.bottom() + 5))
    painter.setFont(font(1.0, 16))
    painter.setPen(QUIET)
    above = QRectF(bar.left(), bar.top() - 30, bar.width(), 22)
    under = above.translated(0, 52)
    ends = ("− top", "+ top of range") if style.signed else ("0", "top of range")
    for text, row, side in (
        ("response", above, Qt.AlignmentFlag.AlignLeft),
        (f"threshold {style.threshold:.0%}", above, Qt.AlignmentFlag.AlignRight),
        (ends[0], under, Qt.AlignmentFlag.AlignLeft),
        (ends[1], under, Qt.AlignmentFlag.AlignRight),
    ):
        painter.drawText(row, side | Qt.AlignmentFlag.AlignVCenter, text)


def _below() -> QColor:
    shade = QColor(BASE)
    shade.setAlpha(200)
    return shade
