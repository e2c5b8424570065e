"""What can go wrong with a file. Each message is one sentence for the user; it names the
file, and tells nothing that the file says of a patient."""

from __future__ import annotations

_LONGEST = 600  # characters of a sentence, long names of files among them


def one_line(sentence: str) -> str:
    """A sentence as plain text: names of files may hold line breaks and other control characters,
    and be as long as they like."""
    if not sentence.isprintable():
        sentence = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in sentence)
    if len(sentence) > _LONGEST:
        sentence = f"{sentence[: _LONGEST // 2]}…{sentence[-_LONGEST // 2 :]}"
    return sentence


class DicomError(Exception):
    """Base of everything that this package raises on purpose; also a file that is unreadable."""

    def __init__(self, sentence: str) -> None:
        super().__init__(one_line(sentence))


class NotDicomError(DicomError):
    """The file is not DICOM, or holds nothing that could be an image, a report or an index."""


class NoPixelsError(DicomError):
    """The file is DICOM but has no image in it: a report, a plan, an index, spectroscopy."""


class DecodeError(DicomError):
    """The file has pixels, but they are damaged or their compression cannot be undone."""
