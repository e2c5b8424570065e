"""A reader's process: lists archives, reads headers, decodes frames, one message after another."""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.process import serve
from viewer.dicom.containers import close_archives, files_in
from viewer.dicom.errors import DicomError
from viewer.dicom.frame import Frame
from viewer.dicom.listing import Listing, list_elements
from viewer.dicom.reader import FrameReader
from viewer.dicom.scan import header_of
from viewer.dicom.study import Header, Rejected
from viewer.reading.limits import limit_this_process, reader_bytes
from viewer.reading.process import (
    DescribeFrame,
    FrameFacts,
    ListElements,
    ListFiles,
    ReadFrame,
    ReadHeaders,
    ReadThumbnail,
)
from viewer.render.pyramid import Pyramid
from viewer.render.thumbnail import thumbnail

Message = ListFiles | ListElements | ReadHeaders | ReadFrame | ReadThumbnail | DescribeFrame
Answer = (
    Pyramid
    | NDArray[np.uint8]
    | FrameFacts
    | Listing
    | list[Header | Rejected]
    | list[Path | Rejected]
    | DicomError
)
_frames = FrameReader()


def answer(message: Message) -> Answer:
    """An error is given back as a value; the other side raises it."""
    try:
        if isinstance(message, ReadHeaders):
            try:
                return [header_of(path) for path in message.paths]
            finally:
                close_archives()  # so that a disc can be ejected
        if isinstance(message, ListFiles):
            return list(files_in(message.path))
        if isinstance(message, ListElements):
            return list_elements(message.path)
        frame = _frames.read(message.path, message.frame)
        if isinstance(message, ReadThumbnail):
            return thumbnail(frame, message.side)
        return Pyramid.of(frame) if isinstance(message, ReadFrame) else describe(frame)
    except DicomError as error:
        return error
    except OSError as error:
        reason = error.strerror or "the operating system refuses"
        return DicomError(f"{message.path.name} cannot be read ({reason}).")  # type: ignore[union-attr]
    except MemoryError:
        if isinstance(message, ReadHeaders):
            raise  # its end is noticed, and each file asked for by itself
        return DicomError(
            f"There is not enough memory to read {message.path.name}; it is damaged or very large. "
            "Close other programs, or open another copy."
        )


def describe(frame: Frame) -> FrameFacts:
    """The facts of a decoded frame."""
    pixels = np.ascontiguousarray(frame.pixels)
    finite = pixels[np.isfinite(pixels)] if pixels.dtype.kind == "f" else pixels
    little = pixels.dtype.newbyteorder("<")
    return FrameFacts(
        *frame.size,
        colour=frame.is_colour,
        dtype=str(pixels.dtype),
        least=float(finite.min()) if finite.size else 0.0,
        largest=float(finite.max()) if finite.size else 0.0,
        sha256=hashlib.sha256(pixels.astype(little, copy=False).tobytes()).hexdigest(),
        notes=frame.notes,
    )


if __name__ == "__main__":
    limit_this_process(reader_bytes())
    sys.exit(serve(answer))
