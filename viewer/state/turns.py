"""Work for the turns of the event loop that follow, a piece in each."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, QTimer
from shiboken6 import isValid


class Turns(QObject):
    """So that what one event changes does not hold the window up at one stroke: what the user
    looks at goes first, what stands beside it follows within a blink."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._waiting: list[Callable[[], None]] = []
        self._timer = QTimer(self)
        self._timer.setInterval(0)
        self._timer.timeout.connect(self._go_on)

    def ask(self, do: Callable[[], None], at_once: bool = False) -> None:
        """Call ``do`` in a turn of its own, once however often it is asked for until then, or
        ``at_once`` in place of that."""
        if at_once:
            if do in self._waiting:
                self._waiting.remove(do)
            do()
        elif do not in self._waiting:
            self._waiting.append(do)
            self._timer.start()

    def _go_on(self) -> None:
        if not self._waiting:
            self._timer.stop()
            return
        do = self._waiting.pop(0)
        owner = getattr(do, "__self__", None)
        if not isinstance(owner, QObject) or isValid(owner):
            do()
