"""The key images of a study side by side, each as it looks when it is opened."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QImage, QPainter

from viewer.canvas.fonts import font
from viewer.canvas.images import to_image
from viewer.canvas.scene import NOT_FOR_DIAGNOSIS, make_banner
from viewer.dicom.study import Study
from viewer.exporters import picture, words
from viewer.exporters.poster import QUIET, TEXT, Line, Poster
from viewer.messages import UserError
from viewer.state.place import Place
from viewer.state.progress import Progress
from viewer.state.words import several

Read = Callable[[Path, int, int], NDArray[np.uint8]]
"""File, frame from 0, pixels of the longer side → grey (h, w) or RGB (h, w, 3)."""

_MOST = 100
_TILE, _GAP, _CAPTION = 480.0, 28.0, 24.0
_LEAST = 1000.0  # pixels of the sheet's width: its heading is to be read


@dataclass(frozen=True)
class KeyImageSheet:
    """Taken at one moment; :meth:`paint` may be called in a thread."""

    study: Study
    places: tuple[Place, ...]
    identity: bool
    read: Read

    def __post_init__(self) -> None:
        if not self.places:
            raise UserError(
                "There are no key images in this study; the star in the toolbar marks one."
            )
        if len(self.places) > _MOST:
            raise UserError(
                f"There are {len(self.places)} key images; a sheet holds {_MOST} at most. Take the "
                "marks of some away."
            )

    def paint(self, progress: Progress) -> QImage:
        """Stops between two images."""
        columns = math.ceil(math.sqrt(len(self.places)))
        rows = math.ceil(len(self.places) / columns)
        down = _TILE + 2 * _CAPTION + _GAP
        width = max(_LEAST, columns * (_TILE + _GAP) - _GAP)
        facts = self.places[0].instance.attributes
        poster = Poster(
            self._header(),
            (Line(f"{words.PROGRAM} · each image as it is opened", 15, quiet=True),),
            make_banner(facts),
            (width, rows * down - _GAP),
        )

        def draw(painter: QPainter, body: QRectF, legend: QRectF) -> None:
            for number, place in enumerate(self.places):
                progress.step(number / len(self.places))
                row, column = divmod(number, columns)
                left, top = body.left() + column * (_TILE + _GAP), body.top() + row * down
                self._paint_one(painter, place, QRectF(left, top, _TILE, _TILE))

        return poster.paint(draw)

    def facts(self) -> dict[str, Any]:
        """What the JSON beside the picture says."""
        return {
            "program": words.PROGRAM,
            "notice": NOT_FOR_DIAGNOSIS,
            "key_images": [
                {
                    **picture.input_facts(place.instance.path, place.frame),
                    "image": place.number + 1,
                    "of": place.series.starts[-1],
                    "modality": place.instance.attributes.modality,
                }
                for place in self.places
            ],
        }

    def _header(self) -> Sequence[Line]:
        whose = words.identity_lines(self.places[0].instance.attributes, self.identity)
        return [
            Line("Key images", 34, bold=True),
            Line(f"{several(len(self.places), 'image')} that the reader marked"),
            *(Line(line, quiet=True) for line in whose[: 3 if self.identity else 1]),
        ]

    def _paint_one(self, painter: QPainter, place: Place, box: QRectF) -> None:
        image = to_image(self.read(place.instance.path, place.frame, round(_TILE)))
        scale = min(box.width() / image.width(), box.height() / image.height())
        shown = QRectF(0, 0, image.width() * scale, image.height() * scale)
        shown.moveCenter(box.center())
        painter.fillRect(box, QColor(0, 0, 0))
        painter.drawImage(shown, image)
        for number, text in enumerate(self._captions(place)):
            line = QRectF(box.left(), box.bottom() + 6 + number * _CAPTION, box.width(), _CAPTION)
            painter.setFont(font(1.0, 18 if number == 0 else 16, bold=number == 0))
            painter.setPen(TEXT if number == 0 else QUIET)
            fitted = painter.fontMetrics().elidedText(
                text, Qt.TextElideMode.ElideRight, int(line.width())
            )
            flags = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
            painter.drawText(line, flags, fitted)

    def _captions(self, place: Place) -> tuple[str, str]:
        told, count = place.instance.attributes, place.series.starts[-1]
        described = told.series_description if self.identity else ""
        what = described or told.body_part.lower()
        first = (told.modality, what, told.laterality, told.view_position)
        second = f"image {place.number + 1} of {count}" if count > 1 else "one image"
        return " · ".join(part for part in first if part), second
