"""Where readers' documents are kept: a file an image, in the program's own folder.

Files are named by the picture's key, so that they are found again wherever the study lies; only the
user may read them. Each change is written at once and whole: a crash loses nothing.
"""

from __future__ import annotations

import errno
import threading
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from engine.files import read_regular
from viewer.own_folder import own_folder, put_aside, write_private
from viewer.render.pyramid import Pyramid
from viewer.state.document import Document, from_json, to_json
from viewer.state.lane import Lane
from viewer.state.pictures import Picture, Pictures
from viewer.state.session import Session

_LARGEST = 16 << 20  # bytes


def records_folder() -> Path:
    """Where documents are kept."""
    return own_folder() / "records"


def record_file(key: str) -> Path:
    return records_folder() / f"{key}.json"


def read_record(key: str) -> Document:
    """The document of an image; an empty one where there is none. Raises :class:`ValueError` for
    one that cannot be read."""
    path = record_file(key)
    try:
        if not path.exists():
            return Document()
        image, document = from_json(read_regular(path, _LARGEST).decode("utf-8"))
    except (OSError, ValueError) as error:
        raise ValueError(f"{path.name}: {error}") from error
    if image != key:
        raise ValueError(f"{path.name}: it is about another image")
    return document


def write_record(key: str, document: Document) -> None:
    """Write it, or take an empty one away. A damaged one that is there is put aside first. Raises
    :class:`OSError`, also for one too large to be read again."""
    path = record_file(key)
    try:
        read_record(key)
    except ValueError:
        put_aside(path)
    if document.is_empty:
        path.unlink(missing_ok=True)
        return
    data = to_json(document, key).encode()
    if len(data) > _LARGEST:
        raise OSError(errno.EFBIG, f"they are larger than {_LARGEST >> 20} MiB")
    write_private(path, data)


class Records(QObject):
    """Reads the document of whatever image is opened into ``session.audit``, and writes it when it
    changes. ``failed`` carries a sentence."""

    failed = Signal(str)

    def __init__(self, session: Session, pictures: Pictures, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session, self._pictures = session, pictures
        self._reading = Lane("records", self)
        self._writing = Lane("saving", self, keep_all=True)
        self._reading.finished.connect(self._read)
        self._reading.failed.connect(lambda key, error: self.failed.emit(_unread(error)))
        self._writing.failed.connect(lambda key, error: self.failed.emit(_unwritten(error)))
        self._latest: dict[str, Document] = {}  # of this session, also what is still to be written
        self._unwritten: dict[str, Document] = {}
        self._turn = threading.Lock()
        self._shown: Pyramid | None = None
        session.frameChanged.connect(self._find)
        session.playingChanged.connect(self._find)
        session.audit.documentChanged.connect(self._write)

    def lanes(self) -> tuple[Lane, ...]:
        return self._reading, self._writing

    def _find(self) -> None:
        opened, audit = self._session.open, self._session.audit
        if self._session.playing:  # what is drawn over images comes back when they rest
            audit.close()
            self._shown = None
            return
        shown = None if opened is None else opened.pyramid
        if shown is not None and shown is self._shown:
            return
        self._shown = shown
        audit.close()  # until it is known which document belongs to the new one
        if opened is None:
            return
        picture = self._pictures.of(opened)
        self._reading.submit(opened, lambda: self.of(picture))

    def of(self, picture: Picture) -> tuple[str, Document, str]:
        """(key, document, a sentence if it could not be read) of a picture, as it is in this
        session or was kept. For a thread: the key takes a while."""
        key = picture.key
        if key in self._latest:
            return key, self._latest[key], ""
        try:
            return key, read_record(key), ""
        except ValueError as error:
            return key, Document(), _unread(error)

    def _read(self, opened: object, found: tuple[str, Document, str]) -> None:
        now = self._session.open
        if now is None or getattr(opened, "pyramid", None) is not now.pyramid:
            return
        key, document, complaint = found
        if self._session.audit.image == key:
            return
        self._latest[key] = document
        self._session.audit.open(key, document)
        if complaint:
            self.failed.emit(complaint)

    def _write(self) -> None:
        audit = self._session.audit
        key, document = audit.image, audit.document
        if not key or document == self._latest.get(key):
            return
        self._latest[key] = document
        with self._turn:
            waiting = key in self._unwritten
            self._unwritten[key] = document
        if not waiting:
            self._writing.submit(key, lambda: self._save(key))

    def _save(self, key: str) -> None:
        """Write the newest of what there is to be written about an image: a drag changes it faster
        than disks write."""
        with self._turn:
            document = self._unwritten.pop(key)
        write_record(key, document)


def _unread(error: Exception) -> str:
    return (
        f"The notes about this image could not be read ({error}). The file is put aside, not "
        "lost, when something new is written."
    )


def _unwritten(error: Exception) -> str:
    reason = getattr(error, "strerror", None) or type(error).__name__
    return f"The notes about this image could not be saved ({reason}). Check the disk and rights."
