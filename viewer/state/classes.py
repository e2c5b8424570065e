"""Which class dominates where, asked for when it is to be seen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject

from engine.questions import Explain
from engine.results import Explanation
from viewer.render.class_view import ClassMaps, ClassOverlay, class_maps, class_overlay
from viewer.render.overlay import OverlayMaker
from viewer.state.session import Session

if TYPE_CHECKING:
    from viewer.state.workbench import Workbench


class ClassView(QObject):
    """Puts the dominant classes of the open image into the session while the style shows them.
    They are asked for after the answer that they belong to; those of another answer are dropped."""

    def __init__(self, session: Session, workbench: Workbench) -> None:
        super().__init__(workbench)
        self._session = session
        self._workbench = workbench
        self._inquiry = workbench.inquiry("classes")
        self._inquiry.answered.connect(self._take)
        self._inquiry.refused.connect(self._refuse)
        self._of: OverlayMaker | None = None
        self._explanation: Explanation | None = None
        self._maps: ClassMaps | None = None
        session.explanationChanged.connect(self._renew)
        session.overlayChanged.connect(self._renew)

    @property
    def overlay(self) -> ClassOverlay | None:
        """What is shown, None while it is not asked for or not known."""
        return self._session.classes

    def _renew(self) -> None:
        """Ask, smooth, or style anew, whichever is needed."""
        session = self._session
        if session.overlays is not self._of:
            self._of, self._explanation, self._maps = session.overlays, None, None
            self._inquiry.cancel()
        wanted = session.style.visible and session.style.shows == "classes"
        if not wanted or session.explanation is None or session.explanation.withheld:
            session.set_classes(None)
        elif self._maps is not None and self._maps.factor == session.style.smoothing:
            if session.classes is None or session.classes.style != session.style:
                session.set_classes(class_overlay(self._maps, session.style))
        elif not self._inquiry.busy:
            self._find()

    def _find(self) -> None:
        """The maps at the style's smoothing, of the answer at hand or of one to be asked for."""
        session, factor = self._session, self._session.style.smoothing

        def smoothed(answer: Explanation) -> tuple[Explanation, ClassMaps | None]:
            return answer, class_maps(answer, factor)

        known, picture = self._explanation, self._workbench.picture()
        if known is not None:
            self._inquiry.run(lambda: smoothed(known))
        elif picture is not None and session.explanation is not None:
            network, target = self._workbench.network(), session.explanation.target
            asked = Explain(session.method, target, with_classes=True)
            self._inquiry.ask(picture, network, asked, smoothed)

    def _take(self, answer: tuple[Explanation, Any]) -> None:
        shown = self._session.explanation
        if shown is None or (shown.model, shown.method) != (answer[0].model, answer[0].method):
            return  # it was asked while another answer was already on its way
        self._explanation, self._maps = answer
        if self._maps is None:
            self._refuse("This model has no classes of which one could dominate.")
        else:
            self._renew()

    def _refuse(self, message: str) -> None:
        self._session.change_style(shows="layer")
        self._session.say(message)
