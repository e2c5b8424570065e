"""One kind of question to the engine, asked in the background; the newest one counts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QObject, Signal

from engine.process import EngineProcess, ProcessDied
from engine.questions import Asked, Network
from engine.results import Refusal
from viewer.state.lane import Lane
from viewer.state.pictures import Picture

_TRIES = 3


class Inquiry(QObject):
    """``answered`` carries the answer to the newest question, ``refused`` a sentence why there is
    none. Whatever was asked before it is dropped. Several inquiries share the engine's process,
    which takes their questions in turn."""

    answered = Signal(object)
    refused = Signal(str)

    def __init__(self, name: str, engine: EngineProcess, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._engine = engine
        self._lane = Lane(name, self)
        self._lane.finished.connect(self._finished)
        self._lane.failed.connect(self._failed)
        self._number = 0
        self.busy = False

    @property
    def lane(self) -> Lane:
        return self._lane

    def ask(
        self,
        picture: Picture,
        network: Network,
        asked: Asked,
        then: Callable[[Any], Any] | None = None,
    ) -> None:
        """Ask about a picture. ``then`` is applied to the answer in the background (not to a
        refusal), and what it returns is what ``answered`` carries."""
        engine = self._engine

        def work() -> Any:
            for left in reversed(range(_TRIES)):
                try:
                    answer = engine.answer(picture.key, picture.subject, network, asked)
                    break
                except ProcessDied:  # it is started again with the next try
                    if not left:
                        raise
            return answer if then is None or isinstance(answer, Refusal) else then(answer)

        self.run(work)

    def run(self, work: Callable[[], Any]) -> None:
        """Do something else in the background that counts as the newest question."""
        self._number += 1
        self.busy = True
        self._lane.submit(self._number, work)

    def cancel(self) -> None:
        """What was asked is not wanted any more."""
        self._number += 1
        self.busy = False

    def _finished(self, number: int, answer: object) -> None:
        if number != self._number:
            return
        self.busy = False
        if isinstance(answer, Refusal):
            self.refused.emit(answer.message)
        else:
            self.answered.emit(answer)

    def _failed(self, number: int, error: Exception) -> None:
        if number != self._number:
            return
        self.busy = False
        if isinstance(error, ProcessDied):
            self.refused.emit("The engine stopped; choose the image again to start it anew.")
        else:
            self.refused.emit(f"The engine gave no answer ({type(error).__name__}).")
