"""A contact sheet of wrong answers, to be looked at: every figure hides behind its mistakes."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from engine.evaluation.figures import DECLINED, Figures
from engine.evaluation.index import Example, read_picture
from engine.preprocess import fit_to_square

_BACK, _TEXT, _QUIET = "#11141a", "#eef1f6", "#98a2b3"
_TILE, _CAPTION, _GAP, _COLUMNS = 180, 40, 12, 8  # pixels; columns


def mistakes_sheet(folder: Path, examples: Sequence[Example], figures: Figures) -> bytes:
    """A PNG with every image whose answer is not its label, the declined ones included, as the
    model reads it, with both written under it."""
    wrong = np.nonzero(figures.labels != figures.answers)[0].tolist()
    columns = max(1, min(_COLUMNS, len(wrong)))
    rows = -(-len(wrong) // columns)
    size = (columns * (_TILE + _GAP) + _GAP, max(1, rows) * (_TILE + _CAPTION + _GAP) + _GAP)
    sheet = Image.new("RGB", size, _BACK)
    draw, font = ImageDraw.Draw(sheet), ImageFont.load_default(12)
    if not wrong:
        draw.text((_GAP, _GAP), "no wrong answer", fill=_TEXT, font=font)
    for number, position in enumerate(wrong):
        row, column = divmod(number, columns)
        x, y = _GAP + column * (_TILE + _GAP), _GAP + row * (_TILE + _CAPTION + _GAP)
        square, _ = fit_to_square(read_picture(folder / examples[position].file).grey, _TILE)
        sheet.paste(Image.fromarray(np.rint(square * 255).astype(np.uint8)), (x, y))
        answer = int(figures.answers[position])
        said = "declined" if answer == DECLINED else figures.classes[answer]
        chance = "" if answer == DECLINED else f"  {figures.confidences[position]:.2f}"
        draw.text((x, y + _TILE + 4), f"{said}{chance}", fill=_TEXT, font=font)
        draw.text((x, y + _TILE + 20), f"is {examples[position].label}", fill=_QUIET, font=font)
    stream = io.BytesIO()
    sheet.save(stream, "PNG")
    return stream.getvalue()
