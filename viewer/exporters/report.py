"""The report: A4 pages as a PDF with text that can be searched and copied."""

from __future__ import annotations

import re
from pathlib import Path

from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QMarginsF
from PySide6.QtGui import QColor, QImage, QPageSize, QPainter, QPdfWriter

from engine.files import write_atomically
from viewer.canvas.scene import make_banner
from viewer.exporters import report_closing as closing
from viewer.exporters import report_measures, words
from viewer.exporters import report_sections as sections
from viewer.exporters.paper import (
    HEIGHT,
    RESOLUTION,
    WIDTH,
    Chrome,
    Placed,
    paginate,
    paint_page,
)
from viewer.exporters.report_opening import opening
from viewer.exporters.snapshot import Snapshot
from viewer.messages import UserError
from viewer.state.progress import Progress

_TITLE = "Attentive Viewer: audit report"
_LAID_OUT = 0.2  # share of the work


def write_report(snapshot: Snapshot, path: Path, progress: Progress) -> None:
    """Atomically; between two pages it can be stopped."""
    data = report_bytes(snapshot, progress)
    progress.step(1.0)
    write_atomically(path, data)


def report_bytes(snapshot: Snapshot, progress: Progress | None = None) -> bytes:
    progress = progress or Progress()
    progress.step(0.0)
    pages, chrome = report_pages(snapshot)
    data = QByteArray()
    buffer = QBuffer(data)
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    writer = QPdfWriter(buffer)
    writer.setTitle(_TITLE)
    writer.setCreator(words.PROGRAM)
    writer.setResolution(RESOLUTION)
    writer.setPageSize(QPageSize(QPageSize.PageSizeId.A4))
    writer.setPageMargins(QMarginsF(0, 0, 0, 0))
    painter = QPainter()
    if not painter.begin(writer):
        raise UserError("The report could not be begun.")
    try:
        for number in range(len(pages)):
            progress.step(_LAID_OUT + (1 - _LAID_OUT) * number / len(pages))
            if number:
                writer.newPage()
            paint_page(painter, pages, number, chrome)
    finally:
        painter.end()
    return _searchable(bytes(data.data()))


def _searchable(pdf: bytes) -> bytes:
    """Spaces where Qt's tables from glyphs to characters have tabs (the glyph is the same), so that
    words next to each other are found. Nothing in the file moves."""

    def spaced(table: re.Match[bytes]) -> bytes:
        return re.sub(rb"\[[^\]]*\]", lambda row: row[0].replace(b"<0009>", b"<0020>"), table[0])

    return re.sub(rb"begincmap.*?endcmap", spaced, pdf, flags=re.DOTALL)


def report_pages(snapshot: Snapshot) -> tuple[list[list[Placed]], Chrome]:
    """All pages, laid out; their pictures are made when they are painted."""
    blocks = [
        *opening(snapshot),
        *sections.layers(snapshot),
        *report_measures.measurements(snapshot),
        *sections.landmarks(snapshot),
        *sections.interventions(snapshot),
        *sections.evidence(snapshot),
        *closing.reader(snapshot),
        *closing.provenance(snapshot, snapshot.input()),
        *closing.limits(),
    ]
    identity = words.identity_lines(snapshot.facts, snapshot.identity)[0]
    chrome = Chrome(
        _TITLE, f"{identity} · {words.when(snapshot.taken)} UTC", make_banner(snapshot.facts)
    )
    return paginate(blocks), chrome


def report_image(snapshot: Snapshot, page: int, width: int) -> QImage:
    """One page (from 0) as a picture, ``width`` pixels wide."""
    pages, chrome = report_pages(snapshot)
    image = QImage(width, round(width * HEIGHT / WIDTH), QImage.Format.Format_RGB32)
    image.fill(QColor("white"))
    painter = QPainter(image)
    try:
        painter.scale(width / WIDTH, width / WIDTH)
        paint_page(painter, pages, page, chrome)
    finally:
        painter.end()
    return image
