"""Exceptions → words for the user: what happened, and what can be done. Nothing is logged: values
in tracebacks may name a patient."""

from __future__ import annotations

import traceback
from pathlib import Path

from engine.errors import EngineError
from engine.process import ProcessDied
from viewer.dicom.errors import DicomError
from viewer.state.place import nameless
from viewer.state.session import Session


class UserError(Exception):
    """Something that cannot be done; the message is a sentence for the user."""


def sentence(error: BaseException) -> str:
    """One or two sentences, never a traceback."""
    if isinstance(error, (DicomError, EngineError, UserError)):
        return str(error).rstrip(".") + "."
    if isinstance(error, ProcessDied):
        return "A worker process stopped; it is started again when it is next needed."
    if isinstance(error, MemoryError):
        return "There is not enough memory for this; close other programs and try again."
    if isinstance(error, OSError):
        where = f" ({error.filename})" if error.filename else ""
        return f"{error.strerror or 'The file system refused'}{where}. Check the disk and rights."
    return (
        f"Something went wrong that was not foreseen ({_place(error)}). The session is as it was; "
        "please report this sentence."
    )


def sentence_about(error: BaseException, session: Session) -> str:
    """:func:`sentence` about the image that is wanted; while the identity is hidden without the
    name of its file, which may be that of a patient."""
    said = sentence(error)
    place = session.place
    return said if session.identity_shown or place is None else nameless(said, place)


def _place(error: BaseException) -> str:
    """Kind and place of an error, without the values in it, which may name a patient."""
    frames = traceback.extract_tb(error.__traceback__)
    where = f" at {Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""
    return f"{type(error).__name__}{where}"
