"""Another image beside the main picture, asked what the main one was asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from engine.questions import Explain
from engine.results import Explanation
from viewer.dicom.frame import default_window
from viewer.dicom.presets import carried_over
from viewer.dicom.window import LookupTable, Window
from viewer.render.difference import in_range_of
from viewer.render.overlay import Overlay, OverlayMaker, smoothed
from viewer.state.lane import Lane
from viewer.state.later import Later
from viewer.state.other_image import OtherImage
from viewer.state.others import Other, Sides
from viewer.state.place import OpenFrame, Place, window_owner
from viewer.state.priors import image_words, patient_words
from viewer.state.session import Pane, Session
from viewer.state.words import KEPT_BACK

if TYPE_CHECKING:
    from viewer.state.workbench import Workbench

_REST = 150  # milliseconds without another image before the engine is asked


class ImageBeside(QObject):
    """Follows the model, the method, the layer and the style of the main picture, and the class if
    one was chosen. The window is its own, unless both images have values in the same units. Who
    reads first has the answer once there is an impression of this image. ``changed`` tells of
    everything here."""

    changed = Signal()
    beside = None
    """Maps of two images are not held against each other point by point."""
    names_layers = False

    def __init__(self, session: Session, workbench: Workbench) -> None:
        super().__init__(workbench)
        self._session, self._workbench = session, workbench
        self._image = OtherImage(session, workbench, self)
        self._windowed: OpenFrame | None = None
        self._own_window: Window | LookupTable | None = None
        self._answer: OverlayMaker | None = None
        self._overlay: Overlay | None = None
        self._refusal = ""
        self._asked: object = None
        self._painted: object = None
        self._asking = workbench.inquiry("beside")
        self._asking.answered.connect(self._take)
        self._asking.refused.connect(self._refuse)
        self._painting = workbench.inquiry("beside")
        self._painting.answered.connect(self._show)
        self._painting.refused.connect(self._refuse)
        self._at_rest = Later(self._ask, self, rest=_REST, most=None)
        self._image.opened_anew.connect(self._open)
        self._image.changed.connect(self._image_changed)
        for happened in (session.requestChanged, session.explanationChanged):
            happened.connect(self._follow)
        session.audit.blindChanged.connect(self._image_changed)
        session.overlayChanged.connect(self._paint)
        session.windowChanged.connect(self._window_changed)

    def lanes(self) -> tuple[Lane, ...]:
        return self._image.lanes()

    # which image
    @property
    def other(self) -> Other | None:
        return self._image.other

    @property
    def place(self) -> Place | None:
        """Where the image is; None without one, or where it is not open any more."""
        return self._image.place

    def set_other(self, other: Other | None) -> None:
        """Only those of the kind ``image``."""
        self._image.set_other(other)
        if other is None:
            self._windowed = self._own_window = None

    def keep(self) -> None:
        """See to it that its frame is at hand for whoever shows it next."""
        opened = self._image.opened
        if opened is not None:
            self._workbench.frames.cache.put(opened.place.key, opened.pyramid)

    def _open(self) -> None:
        """Another frame, in the window that was chosen here if it is of the same kind."""
        before, now, own = self._windowed, self._image.opened, self._own_window
        if now is not None:
            self._own_window, self._windowed = default_window(now.frame), now
            same = before is not None and window_owner(before) == window_owner(now)
            if same and own is not None:
                self._own_window = carried_over(own, now.frame)
        self._follow()

    def _image_changed(self) -> None:
        self._follow()
        self.changed.emit()

    # its window
    @property
    def _is_linked(self) -> bool:
        """Whether a window of the main picture means the same here: both are Hounsfield units,
        say."""
        main, here = self._session.open, self._image.opened
        units = "" if main is None else main.frame.units
        return here is not None and bool(units) and units == here.frame.units

    @property
    def window(self) -> Window | LookupTable | None:
        main = self._session.window
        return main if self._is_linked and isinstance(main, Window) else self._own_window

    def set_window(self, window: Window | LookupTable | None = None) -> None:
        """For this picture, its usual one for None; for the main one, too, where both have values
        in the same units."""
        opened = self._image.opened
        if opened is None:
            return
        wanted = default_window(opened.frame) if window is None else window
        if self._is_linked and window is not None:
            self._session.set_window(window)
        elif wanted != self._own_window:
            self._own_window = wanted
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
    def is_kept_back(self) -> bool:
        """Whether the reader is to say first what is seen, on the main image or on this one."""
        audit, notes = self._session.audit, self._image.notes
        return audit.concealed or (audit.blind and (notes is None or not notes.has_impression))

    @property
    def problem(self) -> str:
        """A sentence: why there is no image, or no answer about it."""
        return self._image.problem or self._refusal

    @property
    def waiting(self) -> bool:
        """Whether the image or its answer is being made."""
        if self.other is None or self.problem:
            return False
        asked = self._session.explanation is not None and not self.is_kept_back
        return self._image.opened is None or (asked and self._answer is None)

    def _follow(self) -> None:
        """Ask anew if something else is asked of the main picture, whose turn is first."""
        session, opened = self._session, self._image.opened
        asked: object = None
        if opened is not None and not self.is_kept_back:
            asked = opened.pyramid, session.model, session.method, session.target
        if asked != self._asked:
            self._drop()
            self._asked = asked
            self.changed.emit()
        if asked is not None and self._answer is None and session.explanation is not None:
            self._at_rest.ask()
        self._paint()

    def _ask(self) -> None:
        """As soon as no more images rush by."""
        session, picture = self._session, self._image.picture
        if picture is None or self._asked is None or self._answer is not None:
            return
        if session.explanation is None:
            return
        style, network = session.style, self._workbench.network()
        asked = Explain(session.method, session.target)
        self._asking.ask(
            picture, network, asked, lambda answer: smoothed(answer, style.smoothing, style.signed)
        )

    def _take(self, answer: OverlayMaker) -> None:
        if self._image.picture is not None:
            self._image.picture.forget_grey()
        self._answer, self._refusal = answer, ""
        self._paint()
        self.changed.emit()

    def _refuse(self, sentence: str) -> None:
        self._refusal = sentence
        self.changed.emit()

    def _drop(self) -> None:
        """There is no answer, or not yet."""
        self._asking.cancel()
        self._painting.cancel()
        self._answer = self._overlay = self._painted = None
        self._refusal = ""

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
        index, style, last = session.layer_index, session.style, len(answer.explanation.layers) - 1
        if session.kernel is not None or style.shows != "layer":
            shown, self._overlay, self._painted = self._overlay, None, None
            self._painting.cancel()
            if shown is not None:
                self.changed.emit()
            return
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
        """What the two pictures are called; nothing that tells who it is, but whether that is
        somebody else."""
        main, here = self._session.place, self.place
        if main is None or here is None:
            return None
        theirs = image_words(self._session, here), patient_words(self._session, main, here)
        return Sides(image_words(self._session, main), " · ".join(filter(None, theirs)))

    @property
    def pane(self) -> Pane | None:
        """None without an image; one that is read, or cannot be, has no frame."""
        names, place, opened = self.sides, self.place, self._image.opened
        if names is None or place is None:
            return None
        if opened is None:
            return Pane(names.other, None, None, place=place, problem=self._image.problem)
        footer = ("explaining …",) if self.waiting else ()
        if self._refusal or self.is_kept_back:
            footer = (self._refusal or KEPT_BACK,)
        picture, answer = self._image.picture, self.explanation
        return Pane(
            names.other,
            answer,
            self._overlay,
            opened.pyramid,
            footer,
            place,
            self.window,
            self._image.notes,
            key="" if picture is None or answer is None else picture.key,
        )
