"""Below the picture: where it is in its series, and playing it."""

from __future__ import annotations

from PySide6.QtWidgets import QWidget

from viewer.state.workbench import Workbench


class CineBar(QWidget):
    """Hidden while there is one image only."""

    def __init__(self, workbench: Workbench, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._workbench = workbench
        self.hide()
