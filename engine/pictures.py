"""A contact sheet: everything that one explanation shows, in one picture for a notebook or a paper.

Each layer's positive response, smoothed as in the viewer, lies over what the model read; colours
run from 0 to the layer's own largest response, and weak responses let the scan through.
"""

from __future__ import annotations

import math
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

import cmap
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from engine.errors import RequestError
from engine.presets import in_words
from engine.results import Explanation, LayerResponse
from engine.smoothing import smooth, smoothing_width

_BACK, _TEXT, _QUIET = "#11141a", "#eef1f6", "#98a2b3"
_STRIP, _ON_STRIP = "#f0b429", "#1a1405"
_NOTICE = "RESEARCH USE - NOT FOR DIAGNOSIS"
_MARGIN, _GAP, _HEAD, _CAPTION, _FOOT, _STRIP_HEIGHT = 28, 18, 92, 52, 46, 30  # pixels
_LEAST_WIDTH = 760
_SHAPE = 1.5  # width over height that a sheet comes near to when no columns are given
_OPACITY = 0.75
_BAR = (220, 12)
# PIL's own font has no letters but the English ones
_WRITTEN = str.maketrans({"–": "-", "—": "-", "×": "x", "…": "...", "σ": "sigma", "ß": "ss"})


def contact_sheet(
    result: Explanation,
    columns: int | None = None,
    tile: int = 280,
    colour_map: str = "bids:plasma",
) -> Image.Image:
    """An RGB picture of the scan and of every layer of ``result``, with what made it written over
    it; of a declined image the scan and the reason.

    ``columns`` are chosen for a wide sheet unless given; ``tile`` is the long side of each part in
    pixels, ``colour_map`` a name of the package cmap. Letters that PIL's own font lacks are
    written without their accents. Raises :class:`RequestError` for sizes or names that do not fit.
    """
    if not 64 <= tile <= 2048 or not (columns is None or 1 <= columns <= 100):
        raise RequestError(f"a tile of {tile} pixels in {columns} columns is no sheet")
    table, layout = _table(colour_map), _layout(result, columns, tile)
    sheet = Image.new("RGB", layout.size, _BACK)
    draw = ImageDraw.Draw(sheet)
    _write_head(draw, result, layout)
    scan = _scan(result, layout.part)
    for number in range(len(result.layers) + 1):
        x, y = layout.corner(number)
        if number == 0:
            side = result.geometry.input_size
            part, lines = scan, ("scan", f"as the model read it, {side} x {side}")
        else:
            layer = result.layers[number - 1]
            part, lines = _overlaid(scan, result, layer, table), _caption(layer)
        sheet.paste(Image.fromarray(part), (x, y))
        _write_caption(draw, (x, y + layout.part[1] + 8), lines, layout.part[0])
    _write_foot(sheet, draw, layout, table if result.layers else None)
    return sheet


@dataclass(frozen=True)
class _Layout:
    """``size`` and ``part`` are (width, height) of the sheet and of each part, in pixels."""

    size: tuple[int, int]
    part: tuple[int, int]
    columns: int

    def corner(self, number: int) -> tuple[int, int]:
        row, column = divmod(number, self.columns)
        x = _MARGIN + column * (self.part[0] + _GAP)
        return x, _HEAD + row * (self.part[1] + _CAPTION + _GAP)


def _layout(result: Explanation, columns: int | None, tile: int) -> _Layout:
    height, width = result.geometry.fitted_size
    scale = tile / max(height, width)
    part = (max(1, round(width * scale)), max(1, round(height * scale)))
    count = len(result.layers) + 1
    wanted = (min(columns, count),) if columns else range(1, count + 1)
    sheets = [_Layout(_size(part, item, count), part, item) for item in wanted]
    return min(sheets, key=lambda sheet: _clumsiness(sheet, count))


def _clumsiness(sheet: _Layout, count: int) -> float:
    """0 for a sheet of the wanted shape without empty places."""
    width, height = sheet.size
    empty = -count % sheet.columns / (count + -count % sheet.columns)
    return abs(math.log(width / height / _SHAPE)) + 1.5 * empty


def _size(part: tuple[int, int], columns: int, count: int) -> tuple[int, int]:
    rows = -(-count // columns)
    width = 2 * _MARGIN + columns * (part[0] + _GAP) - _GAP
    below = _FOOT + _STRIP_HEIGHT
    return max(width, _LEAST_WIDTH), _HEAD + rows * (part[1] + _CAPTION + _GAP) - _GAP + below


def _scan(result: Explanation, size: tuple[int, int]) -> NDArray[np.uint8]:
    """The frame's part of what the model read, RGB uint8 (h, w, 3)."""
    grey = _enlarged(result.geometry.crop(result.input_image), size)
    return np.repeat(np.rint(grey.clip(0, 1) * 255).astype(np.uint8)[..., None], 3, axis=2)


def _enlarged(values: NDArray[np.float32], size: tuple[int, int]) -> NDArray[np.float32]:
    picture = Image.fromarray(np.ascontiguousarray(values, np.float32))
    return np.asarray(picture.resize(size, Image.Resampling.BICUBIC))


def _overlaid(
    scan: NDArray[np.uint8], result: Explanation, layer: LayerResponse, table: NDArray[np.uint8]
) -> NDArray[np.uint8]:
    positive = smooth(np.maximum(layer.values, 0), smoothing_width(layer, 1))
    values = _enlarged(result.geometry.crop(positive), (scan.shape[1], scan.shape[0]))
    greatest = float(values.max())
    share = np.zeros_like(values) if greatest <= 0 else (values / greatest).clip(0, 1)
    colours = table[np.rint(share * 255).astype(np.uint8)]
    weight = _OPACITY * np.sqrt(share)[..., None]
    mixed: NDArray[np.float32] = scan * (1 - weight) + colours * weight
    return np.rint(mixed).astype(np.uint8)


def _caption(layer: LayerResponse) -> tuple[str, str]:
    kernels, height, width = layer.native_shape
    grid = f"{width} x {height}"
    if layer.name != "input":
        grid = f"{grid} · {kernels} {'kernel' if kernels == 1 else 'kernels'}"
    return layer.name, grid if (layer.values > 0).any() else f"{grid} · nothing positive"


def _write_head(draw: ImageDraw.ImageDraw, result: Explanation, layout: _Layout) -> None:
    room = layout.size[0] - 2 * _MARGIN
    model = f"{result.model.name} {result.model.version}".strip()
    first, second = model, f"No output: {result.withheld_because}"
    if not result.withheld:
        chances = {item.name: item.probability for item in result.predictions}
        first = f"{model} · target {result.target} (p = {chances[result.target]:.3f})"
        second = in_words(result.method)
    _write(draw, (_MARGIN, 22), first, 27, _TEXT, room)
    _write(draw, (_MARGIN, 58), second, 16, _QUIET, room)


def _write_caption(
    draw: ImageDraw.ImageDraw, place: tuple[int, int], lines: tuple[str, str], room: int
) -> None:
    (x, y), (name, grid) = place, lines
    _write(draw, (x, y), name, 16, _TEXT, room)
    _write(draw, (x, y + 21), grid, 13, _QUIET, room)


def _write_foot(
    sheet: Image.Image,
    draw: ImageDraw.ImageDraw,
    layout: _Layout,
    table: NDArray[np.uint8] | None,
) -> None:
    """The colour bar, and the strip that says what the picture is not for."""
    width, height = layout.size
    top = height - _STRIP_HEIGHT
    draw.rectangle((0, top, width, height), fill=_STRIP)
    draw.text((width / 2, top + _STRIP_HEIGHT / 2), _NOTICE, _ON_STRIP, _font(15), anchor="mm")
    if table is None:
        return
    ramp = np.broadcast_to(table[None], (_BAR[1], *table.shape))
    bar = Image.fromarray(np.ascontiguousarray(ramp)).resize(_BAR)
    middle, x = top - _FOOT // 2 - 2, _MARGIN + 16
    sheet.paste(bar, (x, middle - _BAR[1] // 2))
    draw.text((_MARGIN, middle), "0", _QUIET, _font(13), anchor="lm")
    words = "the layer's largest positive response"
    draw.text((x + _BAR[0] + 8, middle), words, _QUIET, _font(13), anchor="lm")


def _write(
    draw: ImageDraw.ImageDraw,
    place: tuple[int, int],
    text: str,
    size: int,
    colour: str,
    room: int,
) -> None:
    """One line, its middle left out where it is too long."""
    font, whole = _font(size), _written(text)
    shown, kept = whole, len(whole)
    while kept > 1 and font.getlength(shown) > room:
        kept -= 1
        shown = f"{whole[: (kept + 1) // 2]}...{whole[len(whole) - kept // 2 :]}"
    draw.text(place, shown, colour, font)


def _written(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text.translate(_WRITTEN))
    letters = (item for item in plain if not unicodedata.combining(item))
    return "".join(item if item.isascii() or item == "·" else "?" for item in letters)


@lru_cache(maxsize=16)
def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size)


def _table(name: str) -> NDArray[np.uint8]:
    """256 colours of a map, uint8 [256, 3]."""
    try:
        colours = cmap.Colormap(name)(np.linspace(0, 1, 256))
    except (ValueError, KeyError) as error:
        raise RequestError(f"the colour map {name!r} is not known to cmap") from error
    return np.rint(np.asarray(colours)[:, :3] * 255).astype(np.uint8)
