"""What is painted in the place of a picture while there is none."""

from __future__ import annotations

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QPainter

from viewer.canvas import decorations
from viewer.state.session import Session


def paint(painter: QPainter, size: QRectF, session: Session, unit: float = 1.0) -> None:
    """That an image is being read, or why there is none."""
    painter.fillRect(size, QColor(0, 0, 0))
    painter.setPen(QColor(148, 163, 184))
    painter.setFont(decorations.font(unit, 17))
    message = session.message or "Reading the image …"
    painter.drawText(size, Qt.AlignmentFlag.AlignCenter, message)
