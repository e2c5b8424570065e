"""The session: the one source of truth of the window. Widgets set, signals tell, views read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from engine.presets import DEFAULT_PRESET, PRESETS, in_words
from engine.results import Explanation, LayerResponse, Method
from engine.shapes import Shape
from viewer.dicom.frame import default_window
from viewer.dicom.presets import carried_over, region_window
from viewer.dicom.study import Rejected, Scan, Series, Study
from viewer.dicom.window import LookupTable, Window
from viewer.render.class_view import ClassOverlay
from viewer.render.kernel_overlay import KernelChosen, kernel_maker
from viewer.render.overlay import Overlay, OverlayMaker
from viewer.render.pyramid import Pyramid
from viewer.render.style import OverlayStyle
from viewer.state.audit import Audit
from viewer.state.key_images import KeyImages
from viewer.state.place import OpenFrame, Place, window_owner
from viewer.state.settings import HIDDEN_AT_START, Settings
from viewer.state.shortcuts import Shortcuts
from viewer.state.turns import Turns

if TYPE_CHECKING:
    from viewer.state.measured import Notes


@dataclass(frozen=True)
class EngineStatus:
    """``state`` is starting, ready, busy or failed; ``detail`` a sentence or the device."""

    state: str
    detail: str = ""


@dataclass(frozen=True, eq=False)
class Pane:
    """A picture beside the main one: the same scan (or another, of the same size) with another
    answer over it. ``title`` says what is other ("shallow", "untrained", "difference");
    ``footer`` what stands below it in the place of the answer's provenance. One with a ``place`` is
    another image, in a ``window`` of its own, with what was drawn over it; without a ``pyramid`` it
    is read, or cannot be, for a ``problem``. ``key`` is its picture's once there is an answer."""

    title: str
    explanation: Explanation | None
    overlay: Overlay | None
    pyramid: Pyramid | None = None
    footer: tuple[str, ...] = ()
    place: Place | None = None
    window: Window | LookupTable | None = None
    notes: Notes | None = None
    problem: str = ""
    key: str = ""


@dataclass(frozen=True)
class KeptLayer:
    """The layer that was chosen, from 0, and the model that it is one of."""

    model: str
    index: int

    def of(self, explanation: Explanation) -> int:
        """The layer that an answer is shown with: of another model one below those that its classes
        are read from."""
        if explanation.layers and explanation.model.name != self.model:
            return max(0, len(explanation.layers) - 3)
        return self.index


def answer_in_words(explanation: Explanation) -> str:
    """Who answered, how, and what: equal for equal answers."""
    model, best = explanation.model, explanation.predictions[:1]
    said = best[0].name if best else "no output"
    return (
        f"{model.name} {model.version} {model.sha256[:12]} · {in_words(explanation.method)} · "
        f"{said} · explained: {explanation.target or 'nothing'}"
    )


class Session(QObject):
    """Setters ignore equal values, so that every signal means a change."""

    scanChanged = Signal()
    readingChanged = Signal()
    placeLeft = Signal()
    """Another image is coming; the document is still that of the old one."""
    placeChanged = Signal()
    frameChanged = Signal()
    windowChanged = Signal()
    requestChanged = Signal()
    explanationChanged = Signal()
    overlayChanged = Signal()
    engineChanged = Signal()
    messageChanged = Signal()
    cursorChanged = Signal()
    panesChanged = Signal()
    playingChanged = Signal()
    liftsChanged = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.settings = Settings(self)
        self.shortcuts = Shortcuts(self)
        self._turns = Turns(self)
        self.scan = Scan((), ())
        self.key_images = KeyImages(self)
        self.key_images.failed.connect(self.say)
        self.playing = False
        """Whether the images are played, one after another."""
        self.reading: int | None = None
        """Number of files looked at while studies are being read, else None."""
        self.place: Place | None = None
        self.open: OpenFrame | None = None
        self.failure: Exception | None = None
        """Why the image of the place cannot be shown; None while it can, or is being read."""
        self.window: Window | LookupTable | None = None
        self._own_window: object = None
        self.inverted = False
        self.model = "deep"
        self.method: Method = PRESETS[DEFAULT_PRESET]
        self.target: str | None = None
        self.layer_index = 0
        self._layer_of = ""
        self.style = OverlayStyle()
        self.hidden_for_now = False
        self.identity_shown = not self.settings.get(HIDDEN_AT_START)
        self.identity_exported = False
        self.corner_text = True
        self.planes_shown = True
        self.engine = EngineStatus("starting")
        self.message = ""
        self.cursor: tuple[float, float] | None = None
        """The frame point (x, y) under the mouse."""
        self.curtain: float | None = None
        """Left of this share of the viewport's width the scan is bare; None without a curtain."""
        self.title = ""
        """What the main picture is called while others are beside it."""
        self.panes: tuple[Pane, ...] = ()
        self.classes: ClassOverlay | None = None
        """Which class dominates where, once that is asked for and known."""
        self.lifts: dict[str, float] = {}
        """Lift of each layer, by name, on the landmark that is looked at; empty without one."""
        self.audit = Audit(self)
        self.audit.concealedChanged.connect(self._reveal)
        self.audit.levelAsked.connect(self._level)
        self._answer: OverlayMaker | None = None
        self._overlay: Overlay | None = None
        self._onward = 0  # to the next layer, or -1; 0 while nobody steps through them
        self.kernel: KernelChosen | None = None
        """The kernel whose map is shown in the place of its layer's."""
        self._kernel_maker: OverlayMaker | None = None
        self.requestChanged.connect(self._leave_kernel)

    # studies and images
    def set_scan(self, scan: Scan) -> None:
        """Take in what is there now; the open image stays open, at its place in the new order,
        unless it is no longer there."""
        self.scan = scan
        self.key_images.forget_series()
        moved = None
        if self.place is not None:
            moved = self.place_of(self.place.instance.path, self.place.series.uid)
        if self.place is not None and moved is not None:
            frame = min(self.place.frame, moved.instance.frames - 1)
            self.place = moved = replace(moved, frame=frame)
            if self.open is not None:
                self.open = replace(self.open, place=moved)
        elif self.place is not None:
            self.set_place(None)
        self.scanChanged.emit()

    def set_playing(self, playing: bool) -> None:
        if playing != self.playing:
            self.playing = playing
            self.playingChanged.emit()

    def set_reading(self, files: int | None) -> None:
        if files != self.reading:
            self.reading = files
            self.readingChanged.emit()

    def place_of(self, path: Path, likely: str = "") -> Place | None:
        """Where the file's (first) image is, None if it is in no study; ``likely`` is the UID of
        the series that is looked through first."""
        for series in sorted(self.all_series(), key=lambda series: series.uid != likely):
            for position, instance in enumerate(series.instances):
                if instance.path == path:
                    return Place(series, position)
        return None

    @property
    def studies(self) -> tuple[Study, ...]:
        return self.scan.studies

    @property
    def rejected(self) -> tuple[Rejected, ...]:
        return self.scan.rejected

    def all_series(self) -> list[Series]:
        return [series for study in self.studies for series in study.series]

    def set_place(self, place: Place | None) -> None:
        if place == self.place:
            return
        self.placeLeft.emit()
        self.place = place
        self.open = self.failure = None
        self.target = None
        self._set_overlays(None)
        self.placeChanged.emit()
        self.frameChanged.emit()

    def set_frame(self, opened: OpenFrame) -> None:
        """Show a decoded frame; the window is the file's own first one, or what the user made of it
        on another image of the series that has the same one, or of a stack that has none."""
        if self.open is not None and self.open.pyramid is not opened.pyramid:  # written anew
            self.placeLeft.emit()
            self._set_overlays(None)
        self.open, self.failure = opened, None
        own = window_owner(opened)
        if own != self._own_window:
            self.inverted = False
            self.window = default_window(opened.frame)
        elif self.window is not None:
            self.window = carried_over(self.window, opened.frame)
        self._own_window = own
        self.frameChanged.emit()
        self.windowChanged.emit()
        self.requestChanged.emit()

    def set_failure(self, failure: Exception) -> None:
        """There is no image at the place, and will be none."""
        self.failure = failure
        self.frameChanged.emit()

    def set_window(self, window: Window | LookupTable) -> None:
        if window != self.window:
            self.window = window
            self.windowChanged.emit()

    def reset_window(self) -> None:
        if self.open is not None:
            self.set_inverted(False)
            self.set_window(default_window(self.open.frame))

    def window_to(self, box: tuple[float, float, float, float]) -> None:
        """The automatic window of what is in a box: (left, top, right, bottom) in frame pixels."""
        if self.open is None or self.open.frame.is_colour:
            return
        window = region_window(self.open.frame, box)
        if window is None:
            self.say("There is nothing but padding, so no window can be made of it.")
        else:
            self.set_window(window)
            self.say("")

    def _level(self, shape: Shape) -> None:
        self.window_to(shape.bounds)

    def set_inverted(self, inverted: bool) -> None:
        if inverted != self.inverted:
            self.inverted = inverted
            self.windowChanged.emit()

    # what is computed
    def set_model(self, model: str) -> None:
        if model != self.model:
            self.model = model
            self.target = None
            self.requestChanged.emit()

    def set_method(self, method: Method) -> None:
        if method != self.method:
            self.method = method
            self.requestChanged.emit()

    def set_target(self, target: str | None) -> None:
        if target != self.target:
            self.target = target
            self.requestChanged.emit()

    def set_explanation(self, maker: OverlayMaker) -> None:
        """Take an answer, ready to be shown."""
        explanation = maker.explanation
        self.layer_index = self.kept_layer.of(explanation)
        if explanation.layers:
            self._layer_of = explanation.model.name
        self._set_overlays(maker)

    @property
    def kept_layer(self) -> KeptLayer:
        """Which layer the next answer will be shown with."""
        return KeptLayer(self._layer_of, self.layer_index)

    def clear_explanation(self) -> None:
        """There is no answer to what is asked now."""
        self._set_overlays(None)

    def _set_overlays(self, maker: OverlayMaker | None) -> None:
        if maker is not self._answer:
            self._answer, self._onward = maker, 0
            self._reveal()

    @property
    def overlays(self) -> OverlayMaker | None:
        """What the engine answered, ready to be shown; None while it is kept back from a reader
        who reads first."""
        return None if self.audit.concealed else self._answer

    def _reveal(self) -> None:
        self.audit.answer = "" if self.explanation is None else answer_in_words(self.explanation)
        self._overlay = self.kernel = self.classes = None
        self.explanationChanged.emit()
        self.overlayChanged.emit()

    def follow_answer(self, do: Callable[[], None]) -> None:
        """For what stands beside the scan: now where the answer has gone, so that nothing of it
        stays on screen; in a turn of its own where one has come, after the scan."""
        self._turns.ask(do, at_once=self.explanation is None)

    # how it is shown
    def set_layer(self, index: int) -> None:
        count = 0 if self.explanation is None else len(self.explanation.layers)
        index = max(0, min(index, count - 1))
        if index != self.layer_index:
            self._onward = -1 if index == self.layer_index - 1 else 1
            self.layer_index = index
            self._overlay = self.kernel = None
            self.overlayChanged.emit()

    def show_layer(self, index: int) -> None:
        """Choose a layer and see it: asking for one switches the overlay on."""
        self.set_layer(index)
        self.show_kernel(None)
        self.change_style(visible=True, shows="layer")

    def show_kernel(self, kernel: KernelChosen | None) -> None:
        """See the map of one kernel in the place of its layer's, until another layer is chosen or
        something else is asked; None brings the layer back."""
        if kernel is self.kernel or (kernel is not None and self.explanation is None):
            return
        self.kernel, self._overlay, self._onward = kernel, None, 0
        if kernel is not None and self.explanation is not None:
            names = [layer.name for layer in self.explanation.layers]
            self.layer_index = names.index(kernel.layer)
            self._kernel_maker = kernel_maker(self.explanation, kernel)
            self.style = replace(self.style, visible=True, shows="layer")
        self.overlayChanged.emit()

    def _leave_kernel(self) -> None:
        self.show_kernel(None)

    def set_style(self, style: OverlayStyle) -> None:
        if style != self.style:
            self.style = style
            self._overlay = None
            self._onward = 0
            self.overlayChanged.emit()

    def change_style(self, **changes: object) -> None:
        self.set_style(replace(self.style, **changes))  # type: ignore[arg-type]

    def set_hidden_for_now(self, hidden: bool) -> None:
        if hidden != self.hidden_for_now:
            self.hidden_for_now = hidden
            self.overlayChanged.emit()

    def set_identity_shown(self, shown: bool) -> None:
        if shown != self.identity_shown:
            self.identity_shown = shown
            self.overlayChanged.emit()

    def set_corner_text(self, shown: bool) -> None:
        if shown != self.corner_text:
            self.corner_text = shown
            self.overlayChanged.emit()

    def set_panes(self, title: str, panes: tuple[Pane, ...]) -> None:
        """Show these beside the main picture; none takes them away."""
        if panes or self.panes:
            self.title, self.panes = title, panes
            self.panesChanged.emit()

    def set_classes(self, classes: ClassOverlay | None) -> None:
        if classes is not self.classes:
            self.classes = classes
            self.overlayChanged.emit()

    def set_lifts(self, lifts: dict[str, float]) -> None:
        if lifts != self.lifts:
            self.lifts = lifts
            self.liftsChanged.emit()

    def set_curtain(self, share: float | None) -> None:
        if share != self.curtain:
            self.curtain = share
            self.overlayChanged.emit()

    def set_cursor(self, point: tuple[float, float] | None) -> None:
        if point != self.cursor:
            self.cursor = point
            self.cursorChanged.emit()

    def set_planes_shown(self, shown: bool) -> None:
        if shown != self.planes_shown:
            self.planes_shown = shown
            self.overlayChanged.emit()

    @property
    def explanation(self) -> Explanation | None:
        """What the engine answered for the open image, None until it has."""
        return None if self.overlays is None else self.overlays.explanation

    @property
    def layer(self) -> LayerResponse | None:
        if self.explanation is None or not self.explanation.layers:
            return None
        return self.explanation.layers[self.layer_index]

    @property
    def overlay(self) -> Overlay | None:
        """The chosen layer, or kernel, in the chosen style; made once, when it is first asked
        for."""
        if self._overlay is None and self.overlays is not None and self.layer is not None:
            if self.kernel is not None and self._kernel_maker is not None:
                own = replace(self.style, shared_range=False)
                self._overlay = self._kernel_maker.overlay(0, own)
            else:
                self._overlay = self.overlays.overlay(self.layer_index, self.style)
        return self._overlay

    @property
    def upcoming(self) -> Overlay | None:
        """The layer that is next for who steps through them, if it is ready."""
        maker, onward, style = self.overlays, self._onward, self.style
        seen = style.visible and style.shows == "layer" and not self.hidden_for_now
        if not onward or not seen or self.playing or maker is None or self.kernel is not None:
            return None
        there = range(len(maker.explanation.layers))
        index = self.layer_index + onward
        index = index if index in there else self.layer_index - onward  # at the end there is back
        return maker.at_hand(index, style) if index in there else None

    @property
    def strongest(self) -> tuple[float, float] | None:
        """The frame point (x, y) of the greatest response in what is shown; None without one."""
        if self.style.shows == "classes":
            return None if self.classes is None else self.classes.peak
        return None if self.overlay is None else self.overlay.peak

    def set_engine(self, status: EngineStatus) -> None:
        if status != self.engine:
            self.engine = status
            self.engineChanged.emit()

    def say(self, message: str) -> None:
        """A sentence for the user; empty to take it away."""
        if message != self.message:
            self.message = message
            self.messageChanged.emit()
