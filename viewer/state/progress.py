"""How far something slow has come, and a way to stop it."""

from __future__ import annotations

from collections.abc import Callable


class Cancelled(Exception):
    """It was stopped on request; nothing is left of it."""


class Progress:
    """Handed to slow work, which calls :meth:`step` between its parts. ``told`` gets the shares
    (0…1), in the thread that works; :meth:`cancel` may be called from any."""

    def __init__(self, told: Callable[[float], None] = lambda share: None) -> None:
        self._told = told
        self._cancelled = False

    def step(self, share: float) -> None:
        """``share`` of the work is done. Raises :class:`Cancelled` if the rest is not wanted."""
        if self._cancelled:
            raise Cancelled
        self._told(share)

    def cancel(self) -> None:
        self._cancelled = True
