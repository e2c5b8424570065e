"""Reads back the PDF files that Qt writes: pages, and the text on each of them."""

from __future__ import annotations

import re
import zlib

_STREAM = re.compile(rb"stream\r?\n")


class Pdf:
    """``texts``: what can be copied from each page, without white space; ``info`` all that is not
    compressed; ``images`` how many pictures there are."""

    def __init__(self, data: bytes) -> None:
        assert data.startswith(b"%PDF-")
        assert data.rstrip().endswith(b"%%EOF")
        self._objects = _objects(data)
        pages = [body for body in self._objects.values() if re.search(rb"/Type /Page\b", body)]
        self.texts = ["".join(self._page(body).split()) for body in pages]
        self.text = "".join(self.texts)
        self.spaced = "\n".join(self._page(body) for body in pages)
        self.images = sum(b"/Subtype /Image" in body for body in self._objects.values())
        (title,) = re.findall(rb"<dc:title>.*?<rdf:li[^>]*>(.*?)</rdf:li>", data, re.S)
        self.title = title.decode()

    def _page(self, body: bytes) -> str:
        (contents,) = re.findall(rb"/Contents (\d+) 0 R", body)
        pieces: list[str] = []
        codes: dict[int, str] = {}
        for font, code, end in re.findall(
            rb"/F(\d+) [\d.]+ Tf|<([0-9A-F]+)> Tj|\b(ET)\b", self._stream(int(contents))
        ):
            if font:
                codes = self._codes(int(font))
            elif end:
                pieces.append("\n")
            else:
                pieces.append(codes[int(code, 16)])
        return "".join(pieces)

    def _codes(self, font: int) -> dict[int, str]:
        """Glyph → character, from the font's table."""
        (number,) = re.findall(rb"/ToUnicode (\d+) 0 R", self._objects[font])
        codes = {}
        for first, values in re.findall(
            rb"<([0-9A-F]{4})> <[0-9A-F]{4}> (\[[^\]]*\]|<[0-9A-F]{4}>)", self._stream(int(number))
        ):
            for place, value in enumerate(re.findall(rb"<([0-9A-F]{4})>", values)):
                codes[int(first, 16) + place] = chr(int(value, 16))
        return codes

    def _stream(self, number: int) -> bytes:
        body = self._objects[number]
        start = _STREAM.search(body)
        assert start is not None
        raw = body[start.end() : body.rindex(b"endstream")]
        return zlib.decompress(raw) if b"/FlateDecode" in body[: start.start()] else raw


def _objects(data: bytes) -> dict[int, bytes]:
    """By number, found through the table at the end of the file."""
    start = int(data[data.rindex(b"startxref") :].split()[1])
    rows = re.findall(rb"(\d{10}) \d{5} ([nf])", data[start:])
    places = {n: int(place) for n, (place, kind) in enumerate(rows) if kind == b"n"}
    ends = dict(zip(sorted(places.values()), [*sorted(places.values())[1:], start], strict=True))
    return {number: data[place : ends[place]] for number, place in places.items()}
