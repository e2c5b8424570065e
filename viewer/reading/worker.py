"""The reader's process: scans folders and decodes frames, one message after another."""

from __future__ import annotations

import sys

from engine.process import serve
from viewer.dicom.errors import DicomError
from viewer.dicom.reader import read_frame
from viewer.dicom.scan import scan
from viewer.dicom.study import Scan
from viewer.reading.process import ReadFrame, ScanPaths
from viewer.render.pyramid import Pyramid


def answer(message: ScanPaths | ReadFrame) -> Scan | Pyramid | DicomError:
    """An error is given back as a value; the other side raises it."""
    try:
        if isinstance(message, ScanPaths):
            return scan(message.paths)
        return Pyramid.of(read_frame(message.path, message.frame))
    except DicomError as error:
        return error
    except MemoryError:
        return DicomError("There is not enough memory to read this; close other programs.")


if __name__ == "__main__":
    sys.exit(serve(answer))
