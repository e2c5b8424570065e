"""What is asked again whenever the answer that it belongs to changes, while somebody looks."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Signal

from engine.questions import Asked
from viewer.render.overlay import OverlayMaker
from viewer.state.session import Session

if TYPE_CHECKING:
    from viewer.state.workbench import Workbench


def current(session: Session) -> OverlayMaker | None:
    """The answer to what is asked now; None while there is none, while it is kept back, and where
    the model declined."""
    maker = session.overlays
    if maker is None or not maker.explanation.layers:
        return None
    found = maker.explanation
    asked = (session.model, session.method, session.target or found.target)
    return maker if asked == (found.model.name, found.method, found.target) else None


def why_nothing(session: Session) -> str:
    """Why there is no such answer; "" where there is one."""
    if current(session) is not None:
        return ""
    if session.open is None:
        return "Open an image to see what the model's kernels respond to."
    if session.audit.concealed:
        return "Kept back until you have committed your impression."
    if session.explanation is not None and session.explanation.withheld:
        return f"No output: {session.explanation.withheld_because}."
    if session.engine.state == "failed":
        return f"No output: {session.engine.detail}"
    return "Waiting for the model's answer …"


class Following(QObject):
    """Holds answers that belong to a :meth:`key`; when it changes they are forgotten and asked for
    again, one question at a time, so that other questions get in between."""

    changed = Signal()

    def __init__(self, session: Session, workbench: Workbench) -> None:
        super().__init__(workbench)
        self.session = session
        self.refusal = ""
        """Why there is no answer, a sentence."""
        self._workbench = workbench
        self._wanted = False
        self._followed: Hashable = None
        self._inquiry = workbench.inquiry("kernels")
        self._inquiry.answered.connect(self._answered)
        self._inquiry.refused.connect(self._refused)
        for changed in (session.requestChanged, session.explanationChanged, session.overlayChanged):
            changed.connect(self.follow)
        session.audit.regionChanged.connect(self.follow)

    # what each kind of search is
    def key(self) -> Hashable:
        """What the answers belong to; None where nothing can be asked."""
        raise NotImplementedError

    def forget(self) -> None:
        """Drop the answers: they belong to something else."""
        raise NotImplementedError

    def ask_next(self, maker: OverlayMaker) -> None:
        """Ask for what is still missing, if anything is, with :meth:`ask`."""
        raise NotImplementedError

    def take(self, answer: Any) -> None:
        """Keep an answer."""
        raise NotImplementedError

    # what they have in common
    @property
    def busy(self) -> bool:
        return self._inquiry.busy

    def set_wanted(self, wanted: bool) -> None:
        """Whether somebody looks: nothing is asked while nobody does."""
        if wanted != self._wanted:
            self._wanted = wanted
            if wanted:
                self.follow()
            else:
                self._inquiry.cancel()

    def ask_again(self) -> None:
        """After a refusal."""
        self.refusal = ""
        self.go_on()
        self.changed.emit()

    def follow(self) -> None:
        """Start anew if something else is looked at now."""
        key = self.key()
        if key != self._followed:
            self._followed = key
            self._inquiry.cancel()
            self.refusal = ""
            self.forget()
            self.go_on()
            self.changed.emit()
        else:
            self.go_on()

    def go_on(self) -> None:
        """Ask the next question, unless one is being answered or nobody looks."""
        maker = current(self.session)
        idle = self._wanted and not self.busy and not self.refusal
        if idle and maker is not None and self._followed is not None:
            self.ask_next(maker)

    def ask(self, asked: Asked, then: Callable[[Any], Any] | None = None) -> None:
        picture = self._workbench.picture()
        if picture is not None:
            self._inquiry.ask(picture, self._workbench.network(), asked, then)

    def _answered(self, answer: Any) -> None:
        self.take(answer)
        self.go_on()
        self.changed.emit()

    def _refused(self, why: str) -> None:
        self.refusal = why[:1].upper() + why[1:]
        self.changed.emit()
