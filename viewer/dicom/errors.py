"""What can go wrong with a file. Each message is one sentence for the user, without identity."""

from __future__ import annotations


class DicomError(Exception):
    """Base of everything that this package raises on purpose; also a file that is unreadable."""


class NotDicomError(DicomError):
    """The file is not DICOM, or holds nothing that could be an image, a report or an index."""


class NoPixelsError(DicomError):
    """The file is DICOM but has no image in it: a report, a plan, an index, spectroscopy."""


class DecodeError(DicomError):
    """The file has pixels, but they are damaged or their compression cannot be undone."""
