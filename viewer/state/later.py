"""What can wait until the picture has followed the hand."""

from __future__ import annotations

import time
from collections.abc import Callable

from PySide6.QtCore import QObject, QTimer

_REST, _MOST = 40, 120  # milliseconds


class Later(QObject):
    """Calls ``do`` once for many changes: as soon as none has come for ``rest`` milliseconds, and
    while they go on every ``most``, if that is given."""

    def __init__(
        self,
        do: Callable[[], None],
        parent: QObject,
        rest: int = _REST,
        most: int | None = _MOST,
    ) -> None:
        super().__init__(parent)
        self._rest, self._most = rest, most
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(do)
        self._since = 0.0

    def ask(self) -> None:
        now = time.monotonic()
        if not self._timer.isActive():
            self._since = now
        wait = self._rest
        if self._most is not None:
            wait = max(0, min(wait, self._most - round(1000 * (now - self._since))))
        self._timer.start(wait)
