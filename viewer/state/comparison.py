"""One other answer beside the main picture: asked for, linked, and held against it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from engine.results import Explanation
from viewer.render.difference import Beside, Likeness, beside
from viewer.render.overlay import Overlay, OverlayMaker, smoothed
from viewer.state.others import Other, Sides, counterpart, is_same, layer_words, question, sides
from viewer.state.place import Place
from viewer.state.session import Pane, Session
from viewer.state.words import KEPT_BACK

if TYPE_CHECKING:
    from viewer.state.workbench import Workbench

_EDITED = Other("edited")


class Comparison(QObject):
    """Follows the main answer, its layer and its style. ``changed`` tells of everything here."""

    changed = Signal()
    place: Place | None = None
    """It is about the main image."""

    def __init__(self, session: Session, workbench: Workbench) -> None:
        super().__init__(workbench)
        self._session, self._workbench = session, workbench
        self.other: Other | None = None
        self.problem = ""
        """A sentence: why nothing is beside the main picture although it was asked for."""
        self.beside: Beside | None = None
        """The other map, in the layer and style of the main one; None until it is there."""
        self._answer: OverlayMaker | None = None
        self._wanted: object = None
        self._painting_for: Overlay | None = None
        self._asking = workbench.inquiry("comparing")
        self._asking.answered.connect(self._take)
        self._asking.refused.connect(self._give_up)
        self._painting = workbench.inquiry("comparing")
        self._painting.answered.connect(self._show)
        self._painting.refused.connect(self._give_up)
        for happened in (
            workbench.what_if.changed,
            session.audit.documentChanged,
            session.placeChanged,
            session.explanationChanged,
            session.engineChanged,
            session.overlayChanged,
        ):
            happened.connect(self._follow)
        session.overlayChanged.connect(self._paint)

    def set_other(self, other: Other | None) -> None:
        if other != self.other:
            self.other = other
            self._follow()

    # what is there
    @property
    def explanation(self) -> Explanation | None:
        """The other answer, None until it is there or where there is none."""
        return None if self._answer is None else self._answer.explanation

    @property
    def likeness(self) -> Likeness | None:
        """How much the two maps on screen look alike."""
        return None if self.beside is None else self.beside.likeness

    @property
    def waiting(self) -> bool:
        """Whether the other map is being made."""
        if self.other is None or self.problem or self.other.kind == "original":
            return False
        answer = self.explanation
        return answer is None or (self.beside is None and not answer.withheld)

    @property
    def sides(self) -> Sides | None:
        """What the two pictures are called; None when nothing is compared."""
        main, other, session = self._session.explanation, self.other, self._session
        if other is None:
            return None
        if main is None:
            return sides(other, session.model, session.method, session.target or "")
        return sides(other, main.model.name, session.method, main.target)

    # following
    def _follow(self) -> None:
        """Ask anew if the main answer, or what it is compared with, is another one."""
        if self.other is None and self._wanted is None:
            return
        problem = "" if self.other is None else self._obstacle(self.other)
        edited = self._edited() if self.other == _EDITED and not problem else None
        scan = self._workbench.what_if.edited_pyramid if edited is not None else None
        wanted = None
        if self.other is not None:
            wanted = (self.other, self._session.overlays, problem, edited, scan)
        if wanted == self._wanted:
            return
        self._wanted = wanted
        self._asking.cancel()
        self._drop(problem)
        ready = self._session.overlays if self._is_layer else edited
        if ready is not None and not problem:
            self._answer = ready
            self._paint()
        elif self.other is not None and not problem:
            self._ask(self.other)
        self.changed.emit()

    def _obstacle(self, other: Other) -> str:
        """Why there can be nothing to compare, as a sentence; "" if there can."""
        session, main = self._session, self._session.explanation
        if session.place is None:
            return "No image is open."
        if session.audit.concealed:
            return KEPT_BACK
        if main is None:
            failed = session.engine.state == "failed"
            return "The engine gave no answer, so nothing can be compared." if failed else ""
        if main.withheld:
            return f"The model gives no output for this image: {main.withheld_because}."
        if session.kernel is not None or session.style.shows != "layer":
            return "The main picture shows something else than a layer; choose one to compare."
        if other == _EDITED and not session.audit.document.edits:
            return "No intervention is on; change something in the image first."
        if other.kind == "layer" and other.value not in [item.name for item in main.layers]:
            return f"{main.model.name} has no layer {other.value}; choose another."
        if is_same(other, main):
            return "That is what the main picture shows now; choose something else."
        return ""

    @property
    def _is_layer(self) -> bool:
        return self.other is not None and self.other.kind == "layer"

    def _edited(self) -> OverlayMaker | None:
        """Maps of the edited image, once they are of the class and method of the main ones."""
        main, edited = self._session.explanation, self._workbench.what_if.edited
        if main is None or edited is None:
            return None
        found = edited.explanation
        same = (found.model, found.method, found.target) == (main.model, main.method, main.target)
        return edited if same else None

    def _ask(self, other: Other) -> None:
        """Ask for the other answer, as soon as the main one is there."""
        main, picture = self._session.explanation, self._workbench.picture()
        if main is None or picture is None or not other.is_asked:
            return
        model, untrained, asked = question(other, main)
        style = self._session.style
        self._asking.ask(
            picture,
            self._workbench.network(model, untrained),
            asked,
            lambda answer: smoothed(answer, style.smoothing, style.signed),
        )

    def _take(self, answer: OverlayMaker) -> None:
        self._answer = answer
        self._paint()
        self.changed.emit()

    def _give_up(self, sentence: str) -> None:
        self._drop(sentence)
        self.changed.emit()

    def _drop(self, problem: str) -> None:
        """Nothing is beside the main picture, or not yet."""
        self._painting.cancel()
        self._answer = self.beside = self._painting_for = None
        self.problem = problem

    def _paint(self) -> None:
        """The other map for the layer and the style of the main one, in the background."""
        main, answer, other = self._session.overlay, self._answer, self.other
        if main is self._painting_for or main is None or answer is None or other is None:
            return
        if answer.explanation.layers:
            self._painting_for = main
            index = self._counterpart(answer.explanation)
            one_range = other.shares_range
            self._painting.run(lambda: beside(main, answer, index, one_range))

    def _counterpart(self, theirs: Explanation) -> int:
        main, other = self._session.explanation, self.other
        assert main is not None  # or there would be no other answer
        assert other is not None
        if other.kind == "layer":
            return [layer.name for layer in theirs.layers].index(other.value)
        return counterpart(self._session.layer_index, len(main.layers), len(theirs.layers))

    def _show(self, painted: Beside) -> None:
        self.beside = painted
        self.changed.emit()

    # the picture
    @property
    def pane(self) -> Pane | None:
        """The other picture; None where nothing is compared, or nothing can be."""
        names, answer, painted = self.sides, self.explanation, self.beside
        if names is None or self.problem:
            return None
        name = names.other
        if answer is None or (painted is None and not answer.withheld):
            return Pane(f"{name}: explaining …" if self.waiting else name, None, None)
        if painted is None:
            return Pane(f"{name}: no output", answer, None)
        if self.names_layers:
            name = f"{name} · {layer_words(painted.overlay.layer, len(answer.layers))}"
        scan = self._workbench.what_if.edited_pyramid if self.other == _EDITED else None
        return Pane(name, answer, painted.overlay, scan)

    @property
    def names_layers(self) -> bool:
        """Whether its layer is another one: that of another network, or chosen to be."""
        return self.other is not None and self.other.kind in ("model", "layer")
