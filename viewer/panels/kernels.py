"""The kernels of a layer, and which kernels of all layers look at a region."""

from __future__ import annotations

from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QTabWidget, QVBoxLayout, QWidget

from viewer.panels.kernel_grid import KernelGrid
from viewer.panels.kernels_here import KernelsHerePage
from viewer.state.workbench import Workbench


class KernelsPanel(QWidget):
    """Two pages. Esc brings the layer's map back while a kernel's is shown."""

    def __init__(self, workbench: Workbench, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._kernels = workbench.kernels
        self.grid = KernelGrid(self._kernels)
        self.here = KernelsHerePage(self._kernels)
        self.pages = QTabWidget(self)
        self.pages.setDocumentMode(True)
        self.pages.tabBar().setDrawBase(False)
        self.pages.addTab(self.grid, "This layer")
        self.pages.addTab(self.here, "Which look here?")
        self.pages.setAccessibleName("Kernels")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.pages)
        workbench.session.audit.regionChanged.connect(self._turn)

    def show_layer(self) -> None:
        """Turn to the page with the kernels of the chosen layer."""
        self.pages.setCurrentIndex(0)

    def show_here(self) -> None:
        """Turn to the page that asks about a region."""
        self.pages.setCurrentWidget(self.here)

    def _turn(self) -> None:
        if self._kernels.session.audit.region is not None and self._kernels.by != "region":
            self.show_here()

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ShortcutOverride and self._answers(event):
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if self._answers(event):
            self._kernels.choice.clear()
        else:
            super().keyPressEvent(event)

    def _answers(self, event: QEvent) -> bool:
        esc = isinstance(event, QKeyEvent) and event.key() == Qt.Key.Key_Escape
        return esc and self._kernels.choice.chosen is not None
