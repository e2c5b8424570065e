"""Another image beside the main picture: read, and asked what the main one was asked."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from engine.process import Ended
from engine.questions import Explain
from engine.results import Explanation
from viewer.dicom.errors import DicomError
from viewer.dicom.frame import default_window
from viewer.dicom.presets import carried_over
from viewer.dicom.window import LookupTable, Window
from viewer.render.difference import in_range_of
from viewer.render.overlay import Overlay, OverlayMaker, smoothed
from viewer.render.pyramid import Pyramid
from viewer.state.frame_cache import Key
from viewer.state.lane import Lane
from viewer.state.later import Later
from viewer.state.measured import Notes, notes_of
from viewer.state.others import Other, Sides
from viewer.state.pictures import Picture
from viewer.state.place import OpenFrame, Place, is_film, window_owner
from viewer.state.priors import as_deep, image_words, other_of
from viewer.state.session import Pane, Session

if TYPE_CHECKING:
    from viewer.state.workbench import Workbench

_REST = 150  # milliseconds without another image before the engine is asked


class ImageBeside(QObject):
    """Follows the model, the method, the layer and the style of the main picture; the class, too,
    if one was chosen; and its depth, where both are stacks. The window is its own, unless both
    images have values in the same units. ``changed`` tells of everything here."""

    changed = Signal()
    beside = None
    """Maps of two images are not held against each other point by point."""
    names_layers = False

    def __init__(self, session: Session, workbench: Workbench) -> None:
        super().__init__(workbench)
        self._session, self._workbench = session, workbench
        self.other: Other | None = None
        self.problem = ""
        """A sentence: why there is no image, or no answer about it."""
        self._place: Place | None = None
        self._main: Place | None = session.place
        self._ahead = 0  # images that it is ahead of what is as deep as the main one
        self._opened: OpenFrame | None = None
        self._own_window: Window | LookupTable | None = None
        self._picture: Picture | None = None
        self._answer: OverlayMaker | None = None
        self._overlay: Overlay | None = None
        self._asked: object = None
        self._painted: object = None
        self._reading = Lane("beside", self)
        self._reading.finished.connect(self._read)
        self._reading.failed.connect(self._failed)
        self._asking = workbench.inquiry("beside")
        self._asking.answered.connect(self._take)
        self._asking.refused.connect(self._refuse)
        self._painting = workbench.inquiry("beside")
        self._painting.answered.connect(self._show)
        self._painting.refused.connect(self._refuse)
        self._notes: Notes | None = None
        self._noting = Lane("notes", self)
        self._noting.finished.connect(self._take_notes)
        self._at_rest = Later(self._ask, self, rest=_REST, most=None)
        session.scanChanged.connect(self._find)
        for happened in (session.placeChanged, session.playingChanged):
            happened.connect(self._scroll)
        for happened in (session.requestChanged, session.explanationChanged):
            happened.connect(self._follow)
        session.overlayChanged.connect(self._paint)
        session.windowChanged.connect(self._window_changed)
        workbench.library.changed.connect(self._forget)

    @property
    def place(self) -> Place | None:
        """Where the image is; None without one, or where it is not open any more."""
        return self._place

    def lanes(self) -> tuple[Lane, ...]:
        return self._reading, self._noting

    # which image
    def set_other(self, other: Other | None) -> None:
        """Only those of the kind ``image``."""
        if other == self.other:
            return
        self.other, self._place = other, None
        self._find()
        self._take_depth()
        if other is None:
            self._opened = self._own_window = None
            self._drop()
            self.changed.emit()

    def step(self, by: int) -> None:
        """That many images further in its series."""
        there = None if self._place is None else self._place.moved(by)
        if there is not None:
            self.set_other(other_of(there))

    def _take_depth(self) -> None:
        """What is shown now is what belongs beside the main image."""
        main, here = self._session.place, self._place
        self._main = main
        if main is not None and here is not None:
            self._ahead = here.number - as_deep(here.series, main).number

    def _scroll(self) -> None:
        """To what is as deep in the other stack, when the main one was scrolled; once it rests, if
        it is played."""
        main, before, here = self._session.place, self._main, self._place
        if self._session.playing or main is None or before is None or here is None:
            return
        stacks = not is_film(main.instance) and not is_film(here.instance)
        if not stacks or main.series.uid != before.series.uid:
            self._take_depth()
        elif main.number != before.number:
            self._main = main
            deep = as_deep(here.series, main).number + self._ahead
            there = here.moved(deep - here.number)
            if there is not None and there.key != here.key:
                ahead = self._ahead  # also beyond the ends, to come back as it was
                self.set_other(other_of(there))
                self._ahead = ahead

    def _find(self) -> None:
        """Where the image is among what is open, as often as that changes."""
        other = self.other
        if other is None:
            return
        before = self._place
        path, likely = Path(other.value), "" if before is None else before.series.uid
        found = self._session.place_of(path, likely)
        if found is None:
            self._place = self._opened = None
            self._drop("The image is no longer among those that are open.")
            self.changed.emit()
            return
        frame = min(other.frame, found.instance.frames - 1)
        self._place = Place(found.series, found.position, frame)
        if before is None or before.key != self._place.key:
            self._load(self._place.key)
        else:
            self.changed.emit()

    # its pixels
    def _load(self, key: Key) -> None:
        self._drop()
        at_hand = self._workbench.frames.cache.get(key)
        if at_hand is None:
            reader = self._workbench.readers[0]
            self._reading.submit(key, lambda: reader.read(*key))
        else:
            self._open(at_hand)
        self.changed.emit()

    def _read(self, key: Key, pyramid: Pyramid) -> None:
        if self._place is not None and key == self._place.key:
            self._workbench.frames.cache.put(key, pyramid)
            self._open(pyramid)
            self.changed.emit()

    def _failed(self, key: Key, error: Exception) -> None:
        if self._place is None or key != self._place.key:
            return
        if isinstance(error, Ended):  # on purpose, for the sake of another one
            self._load(key)
            return
        self._opened = None
        why = str(error).rstrip(".") if isinstance(error, DicomError) else type(error).__name__
        if not self._session.identity_shown:  # the names of files may be those of patients
            why = why.replace(key[0].name, "the file")
        self._drop(f"The other image cannot be shown: {why}.")
        self.changed.emit()

    def _forget(self, paths: frozenset[Path]) -> None:
        """These files are not what they were."""
        if self._place is not None and self._place.instance.path in paths:
            self._load(self._place.key)

    def _open(self, pyramid: Pyramid) -> None:
        """Show it, in the window that was chosen here if it is of the same kind."""
        assert self._place is not None
        before, self._opened = self._opened, OpenFrame(self._place, pyramid)
        own, frame = self._own_window, pyramid.source
        same = before is not None and window_owner(before) == window_owner(self._opened)
        self._own_window = carried_over(own, frame) if own and same else default_window(frame)
        picture = Picture(pyramid, self._place.instance.attributes.modality)
        self._picture, self._notes, records = picture, None, self._workbench.records
        self._noting.submit(picture, lambda: notes_of(records.of(picture)[1], frame))
        self._follow()

    def _take_notes(self, picture: Picture, notes: Notes) -> None:
        if picture is self._picture:
            self._notes = notes
            self.changed.emit()

    # its window
    @property
    def _is_linked(self) -> bool:
        """Whether a window of the main picture means the same here: both are Hounsfield units,
        say."""
        main, here = self._session.open, self._opened
        units = "" if main is None else main.frame.units
        return here is not None and bool(units) and units == here.frame.units

    @property
    def window(self) -> Window | LookupTable | None:
        main = self._session.window
        return main if self._is_linked and isinstance(main, Window) else self._own_window

    def set_window(self, window: Window | LookupTable) -> None:
        """For this picture; for the main one, too, where both have values in the same units."""
        if self._is_linked:
            self._session.set_window(window)
        elif window != self._own_window:
            self._own_window = window
            self.changed.emit()

    def _window_changed(self) -> None:
        if self._is_linked:
            self.changed.emit()

    # its answer
    @property
    def explanation(self) -> Explanation | None:
        """The answer about it; None until it is there, and while the reader reads first."""
        return None if self._answer is None else self._answer.explanation

    @property
    def waiting(self) -> bool:
        """Whether the image or its answer is being made."""
        if self.other is None or self.problem:
            return False
        asked = self._session.explanation is not None
        return self._opened is None or (asked and self._answer is None)

    def _follow(self) -> None:
        """Ask anew if something else is asked of the main picture, whose turn is first."""
        session = self._session
        if self.other is None or self._opened is None:
            return
        hidden = session.audit.concealed
        asked = self._opened.pyramid, session.model, session.method, session.target, hidden
        if asked != self._asked:
            self._drop()
            self._asked = asked
            self.changed.emit()
        if self._answer is None and not hidden and session.explanation is not None:
            self._at_rest.ask()
        self._paint()

    def _ask(self) -> None:
        """As soon as no more images rush by."""
        session, picture = self._session, self._picture
        if picture is None or self._answer is not None or session.explanation is None:
            return
        style, network = session.style, self._workbench.network()
        asked = Explain(session.method, session.target)
        self._asking.ask(
            picture, network, asked, lambda answer: smoothed(answer, style.smoothing, style.signed)
        )

    def _take(self, answer: OverlayMaker) -> None:
        if self._picture is not None:
            self._picture.forget_grey()
        self._answer = answer
        self._paint()
        self.changed.emit()

    def _refuse(self, sentence: str) -> None:
        self.problem = sentence
        self.changed.emit()

    def _drop(self, problem: str = "") -> None:
        """There is no answer, or not yet."""
        self._asking.cancel()
        self._painting.cancel()
        self._answer = self._overlay = self._asked = self._painted = None
        self.problem = problem

    @property
    def shares_range(self) -> bool:
        """One value window makes sense where one network explains one class."""
        main, theirs = self._session.explanation, self.explanation
        if main is None or theirs is None:
            return False
        return (main.model, main.target) == (theirs.model, theirs.target)

    def _paint(self) -> None:
        """The map of the main picture's layer in its style, in the background; in its value window,
        too, where both explain one class."""
        session, answer = self._session, self._answer
        if answer is None or not answer.explanation.layers:
            return
        if session.kernel is not None or session.style.shows != "layer":
            shown, self._overlay = self._overlay, None
            self._painted = None
            if shown is not None:
                self.changed.emit()
            return
        index, style, last = session.layer_index, session.style, len(answer.explanation.layers) - 1
        beside = session.overlay if self.shares_range else None
        wanted = answer, index, style, None if beside is None else beside.maximum
        if wanted == self._painted:
            return
        self._painted = wanted

        def work() -> Overlay:
            own = answer.overlay(min(index, last), style)
            return own if beside is None else in_range_of(beside, own)

        self._painting.run(work)

    def _show(self, overlay: Overlay) -> None:
        self._overlay = overlay
        self.changed.emit()

    # the picture
    @property
    def sides(self) -> Sides | None:
        """What the two pictures are called; nothing that tells who it is."""
        main, here = self._session.place, self._place
        if main is None or here is None:
            return None
        return Sides(image_words(self._session, main), image_words(self._session, here))

    @property
    def pane(self) -> Pane | None:
        """None until the image is there."""
        names, opened = self.sides, self._opened
        if names is None or opened is None or self._place is None:
            return None
        footer = ("explaining …",) if self.waiting else ()
        if self.problem:
            footer = (self.problem,)
        return Pane(
            names.other,
            self.explanation,
            self._overlay,
            opened.pyramid,
            footer,
            self._place,
            self.window,
            self._notes,
        )
