"""A list of kernels to choose from, by mouse and keys."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QListView, QWidget


class ChoosingList(QListView):
    """``toggled`` tells which row was clicked, or was current when Enter was pressed; ``moved``
    to which one a key has led."""

    toggled = Signal(QModelIndex)
    moved = Signal(QModelIndex)

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(name)
        self.setMouseTracking(True)
        self.clicked.connect(self.toggled)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        before = self.currentIndex()
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and before.isValid():
            self.toggled.emit(before)
            return
        super().keyPressEvent(event)
        now = self.currentIndex()
        if now.isValid() and now != before:
            self.moved.emit(now)

    def mark(self, row: int | None) -> None:
        """Select the row of what is shown, or none."""
        model = self.model()
        if row is None:
            self.clearSelection()
        elif self.currentIndex().row() != row or not self.selectedIndexes():
            self.setCurrentIndex(model.index(row, 0))
