"""Exceptions → words for the user: what happened, and what can be done."""

from __future__ import annotations

import logging

from engine.errors import EngineError
from engine.process import ProcessDied
from viewer.dicom.errors import DicomError

_log = logging.getLogger("attentive_viewer")


class UserError(Exception):
    """Something that cannot be done; the message is a sentence for the user."""


def sentence(error: BaseException) -> str:
    """One or two sentences; the traceback of what nobody expected goes to the log alone."""
    if isinstance(error, (DicomError, EngineError, UserError)):
        return str(error).rstrip(".") + "."
    if isinstance(error, ProcessDied):
        return "The engine stopped and was started again; the image is being explained anew."
    if isinstance(error, MemoryError):
        return "There is not enough memory for this; close other programs and try again."
    if isinstance(error, OSError):
        where = f" ({error.filename})" if error.filename else ""
        return f"{error.strerror or 'The file system refused'}{where}. Check the disk and rights."
    _log.error("unexpected", exc_info=error)
    return (
        f"Something went wrong that was not foreseen ({type(error).__name__}). "
        "The session is as it was; the details are in the log."
    )
