"""An image that is looked at beside the open one: where it is, its frame, what was drawn on it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from viewer.dicom.errors import DicomError
from viewer.render.pyramid import Pyramid
from viewer.state.frame_cache import Key
from viewer.state.frame_reading import FrameReading
from viewer.state.lane import Lane
from viewer.state.linking import Ahead, ahead_of, as_deep
from viewer.state.measured import Notes, notes_of
from viewer.state.others import Other
from viewer.state.pictures import Picture
from viewer.state.place import OpenFrame, Place, is_film, nameless
from viewer.state.priors import other_of
from viewer.state.session import Session

if TYPE_CHECKING:
    from viewer.state.workbench import Workbench


class OtherImage(QObject):
    """Set by :meth:`set_other`; in a stack it follows the depth of the open image. ``changed``
    tells of everything here, ``opened_anew`` of another frame."""

    changed = Signal()
    opened_anew = Signal()

    def __init__(self, session: Session, workbench: Workbench, parent: QObject) -> None:
        super().__init__(parent)
        self._session, self._workbench = session, workbench
        self.other: Other | None = None
        self.place: Place | None = None
        """None without one, or where it is not open any more."""
        self.opened: OpenFrame | None = None
        """Its frame, None while that is read."""
        self.failure: Exception | None = None
        """Why it cannot be shown."""
        self.picture: Picture | None = None
        self.notes: Notes | None = None
        self._main: Place | None = session.place
        self._ahead = Ahead()  # of what is as deep as the open one
        # the open image need not wait for this reader, which reads headers for the list, too
        reader = workbench.readers[1]
        self._reading = FrameReading("beside", reader, self, lambda: session.reading is None)
        self._reading.came.connect(self._read)
        self._reading.failed.connect(self._fail)
        self._noting = Lane("notes", self)
        self._noting.finished.connect(self._take_notes)
        session.scanChanged.connect(self._find)
        for happened in (session.placeChanged, session.playingChanged):
            happened.connect(self._scroll)
        workbench.library.changed.connect(self._forget)
        session.overlayChanged.connect(self._identity_changed)

    def lanes(self) -> tuple[Lane, ...]:
        return self._reading.lane, self._noting

    # which image
    def set_other(self, other: Other | None) -> None:
        """Only those of the kind ``image``."""
        if other == self.other:
            return
        self.other = other
        if other is None:
            self.place = None
            self._close()
            self.changed.emit()
            return
        self._find()
        self._take_depth()

    def _take_depth(self) -> None:
        """What is shown now is what belongs beside the open image."""
        main, here = self._session.place, self.place
        self._main = main
        if main is not None and here is not None:
            self._ahead = ahead_of(here, main)

    def _scroll(self) -> None:
        """To what is as deep in the other stack, when the open one was scrolled; once it rests, if
        it is played."""
        main, before, here = self._session.place, self._main, self.place
        if self._session.playing or main is None or before is None or here is None:
            return
        stacks = not is_film(main.instance) and not is_film(here.instance)
        if not stacks or main.series.uid != before.series.uid:
            self._take_depth()
        elif main.number != before.number:
            self._main = main
            there = as_deep(here.series, main, self._ahead)
            if there.key != here.key:
                ahead = self._ahead  # also beyond the ends, to come back as it was
                self.set_other(other_of(there))
                self._ahead = ahead

    def _find(self) -> None:
        """Where the image is among what is open, as often as that changes."""
        other, before = self.other, self.place
        if other is None:
            return
        found = self._session.place_of(
            Path(other.value), "" if before is None else before.series.uid
        )
        if found is None:
            self.place = None
            self._close()
        else:
            frame = min(other.frame, found.instance.frames - 1)
            self.place = place = Place(found.series, found.position, frame)
            if before is None or before.key != place.key:
                self._close()
                self._load(place.key)
            elif self.opened is not None:
                self.opened = OpenFrame(place, self.opened.pyramid)
        self.changed.emit()

    def _close(self) -> None:
        self._reading.want(None)
        self.opened = self.picture = self.notes = self.failure = None
        self.opened_anew.emit()

    # its frame
    def _load(self, key: Key) -> None:
        self.failure = None
        at_hand = self._workbench.frames.cache.get(key)
        self._reading.want(key if at_hand is None else None)
        if at_hand is not None:
            self._open(at_hand)

    def _read(self, key: Key, pyramid: Pyramid) -> None:
        self._workbench.frames.cache.put(key, pyramid)
        if self.place is not None and key == self.place.key:
            self._open(pyramid)
            self.changed.emit()

    def _fail(self, _key: Key, error: Exception) -> None:
        self._close()
        self.failure = error
        self.changed.emit()

    def _forget(self, paths: frozenset[Path]) -> None:
        """These files are not what they were."""
        self._reading.forget(paths)
        if self.place is not None and self.place.instance.path in paths:
            self._close()
            self._load(self.place.key)
            self.changed.emit()

    def _open(self, pyramid: Pyramid) -> None:
        place, records = self.place, self._workbench.records
        assert place is not None
        self.opened, self.failure, self.notes = OpenFrame(place, pyramid), None, None
        self.picture = picture = Picture(pyramid, place.instance.attributes.modality)
        frame = pyramid.source
        self._noting.submit(picture, lambda: notes_of(records.of(picture)[1], frame))
        self.opened_anew.emit()

    def _take_notes(self, picture: Picture, notes: Notes) -> None:
        if picture is self.picture:
            self.notes = notes
            self.changed.emit()

    # in words
    def _identity_changed(self) -> None:
        if self.failure is not None:
            self.changed.emit()

    @property
    def problem(self) -> str:
        """A sentence why there is no image, "" if there is one or it is being read; while the
        identity is hidden without the name of the file, which may be that of a patient."""
        place, failure = self.place, self.failure
        if self.other is not None and place is None:
            return "The image is no longer among those that are open."
        if failure is None or place is None:
            return ""
        why = (
            str(failure).rstrip(".") if isinstance(failure, DicomError) else type(failure).__name__
        )
        if not self._session.identity_shown:
            why = nameless(why, place)
        return f"{why[:1].upper()}{why[1:]}."
