"""The line left of which the scan is bare, and the hand on it."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF

from viewer.state.session import Session

_GRIP = 7.0  # logical pixels


def is_on(session: Session, viewport: QRectF, at: QPointF) -> bool:
    """Whether a press at a screen point takes hold of the line."""
    share = session.curtain
    if share is None or not viewport.contains(at) or not session.style.visible:
        return False
    return abs(at.x() - viewport.left() - share * viewport.width()) <= _GRIP


def drag(session: Session, viewport: QRectF, at: QPointF) -> None:
    """Put the line there, inside the viewport."""
    share = (at.x() - viewport.left()) / max(1.0, viewport.width())
    session.set_curtain(min(1.0, max(0.0, share)))
