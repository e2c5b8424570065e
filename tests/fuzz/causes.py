"""Why a file was refused: what the program caught, looked for again in this process."""

from __future__ import annotations

import re
import traceback
from dataclasses import dataclass
from pathlib import Path

from viewer.dicom.containers import files_in
from viewer.dicom.errors import DicomError
from viewer.dicom.reader import read_frame, read_header
from viewer.dicom.walk import is_container
from viewer.render.pyramid import Pyramid

UNFORESEEN = "damaged in an unforeseen way"
"""The words of the reader's last net."""


@dataclass(frozen=True)
class Cause:
    """``sentence`` as the user reads it, without names and numbers; the exception behind it."""

    sentence: str
    kind: str
    place: str
    text: str


def cause_of(path: Path, frame: int | None, reason: str) -> Cause:
    """The cause of a refusal, of the header or of a frame."""
    sentence = re.sub(r"\d[\d,.]*", "N", reason.replace(path.name, "FILE"))
    try:
        if frame is not None:
            Pyramid.of(read_frame(path, frame))
        elif is_container(path, given=True):
            list(files_in(path))
        read_header(path)
        Pyramid.of(read_frame(path, 0))
    except DicomError as error:
        deep: BaseException = error
        while deep.__cause__ is not None:
            deep = deep.__cause__
        if deep is error:
            return Cause(sentence, "", "", "")
        return _told(sentence, deep)
    except Exception as error:
        return _told(sentence, error)
    return Cause(sentence, "", "not seen again", "")


def _told(sentence: str, error: BaseException) -> Cause:
    text = str(error).removeprefix(
        "Unable to decode as exceptions were raised by all available plugins:"
    )
    return Cause(sentence, type(error).__name__, place_of(error), text.strip()[:200])


def place_of(error: BaseException) -> str:
    """The innermost line of the program, and the innermost of all if it is another."""
    rows = traceback.extract_tb(error.__traceback__)
    if not rows:
        return "nowhere"
    own = [row for row in rows if "/viewer/" in row.filename or "/engine/" in row.filename]
    last = rows[-1]
    places = dict.fromkeys(
        f"{Path(r.filename).name}:{r.lineno} {r.name}" for r in (*own[-1:], last)
    )
    return " < ".join(places)
