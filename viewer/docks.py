"""The docks: which panel stands where, and how they are laid out at first."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDockWidget, QMainWindow, QTabBar, QTabWidget, QWidget

from viewer.panels.compare import ComparePanel
from viewer.panels.evidence import EvidencePanel
from viewer.panels.kernels import KernelsPanel
from viewer.panels.landmarks import LandmarksPanel
from viewer.panels.layer_strip import LayerStrip
from viewer.panels.overlay_controls import OverlayControls
from viewer.panels.prediction import PredictionPanel
from viewer.panels.profile import ProfilePanel
from viewer.panels.review import ReviewPanel
from viewer.panels.study_list import StudyList
from viewer.panels.what_if import WhatIfPanel
from viewer.state.workbench import Workbench

Panel = TypeVar("Panel", bound=QWidget)

_LEFT, _RIGHT, _BELOW = (
    Qt.DockWidgetArea.LeftDockWidgetArea,
    Qt.DockWidgetArea.RightDockWidgetArea,
    Qt.DockWidgetArea.BottomDockWidgetArea,
)
_LEFT_WIDTH, _RIGHT_WIDTH, _PROFILE_WIDTH = 230, 384, 300  # pixels, at first
_TOP_HEIGHT, _BELOW_HEIGHT = 262, 196


@dataclass(frozen=True)
class DockRow:
    """``make`` gives the panel; the dock is a tab of the one named ``tab_of``, or stands beside the
    one named ``beside``, or goes to the end of its ``area``."""

    title: str
    name: str
    make: Callable[[Workbench], QWidget]
    area: Qt.DockWidgetArea
    tab_of: str = ""
    beside: str = ""


_DOCKS: tuple[DockRow, ...] = (
    DockRow("Studies", "studies", lambda w: StudyList(w.session), _LEFT),
    DockRow("Prediction", "prediction", lambda w: PredictionPanel(w.session), _RIGHT),
    DockRow("Evidence", "evidence", lambda w: EvidencePanel(w.session), _RIGHT, "prediction"),
    DockRow("Response", "response", lambda w: OverlayControls(w.session), _RIGHT),
    DockRow("Kernels", "kernels", KernelsPanel, _RIGHT, "response"),
    DockRow("Landmarks", "landmarks", LandmarksPanel, _RIGHT, "response"),
    DockRow("What if", "what_if", WhatIfPanel, _RIGHT, "response"),
    DockRow("Compare", "compare", ComparePanel, _RIGHT, "response"),
    DockRow("Review", "review", ReviewPanel, _RIGHT, "response"),
    DockRow(
        "Layers, from the image to the classes", "layers", lambda w: LayerStrip(w.session), _BELOW
    ),
    DockRow("Profile at the cursor", "profile", ProfilePanel, _BELOW, beside="layers"),
)


class Docks:
    """Every dock of a window, by name, with its panel."""

    def __init__(self, window: QMainWindow, workbench: Workbench) -> None:
        self._window = window
        self.panels: dict[str, QWidget] = {}
        self._docks: dict[str, QDockWidget] = {}
        window.setTabPosition(_RIGHT, QTabWidget.TabPosition.North)
        for row in _DOCKS:
            self._add(row, row.make(workbench))
        for first in ("prediction", "response"):
            self._docks[first].raise_()
        window.setCorner(Qt.Corner.BottomRightCorner, _RIGHT)
        window.setCorner(Qt.Corner.BottomLeftCorner, _LEFT)

    def _add(self, row: DockRow, panel: QWidget) -> None:
        dock = QDockWidget(row.title, self._window)
        dock.setObjectName(row.name)
        dock.setWidget(panel)
        dock.setFeatures(
            QDockWidget.DockWidgetFeature.DockWidgetMovable
            | QDockWidget.DockWidgetFeature.DockWidgetClosable
        )
        # Qt moves the tabs behind out of sight, but they are not hidden: their panels are, so that
        # nobody asks or draws for a panel that is not seen.
        policy = panel.sizePolicy()
        policy.setRetainSizeWhenHidden(True)
        panel.setSizePolicy(policy)
        dock.visibilityChanged.connect(panel.setVisible)
        self._window.addDockWidget(row.area, dock)
        if row.tab_of:
            self._window.tabifyDockWidget(self._docks[row.tab_of], dock)
        if row.beside:
            self._window.splitDockWidget(self._docks[row.beside], dock, Qt.Orientation.Horizontal)
        self.panels[row.name], self._docks[row.name] = panel, dock

    def lay_out(self) -> None:
        """Sizes at first; the user's hand is free afterwards."""
        docks, window = self._docks, self._window
        wide, tall = Qt.Orientation.Horizontal, Qt.Orientation.Vertical
        window.resizeDocks(
            [docks["studies"], docks["prediction"]], [_LEFT_WIDTH, _RIGHT_WIDTH], wide
        )
        rest = max(200, window.height() - _TOP_HEIGHT)
        window.resizeDocks([docks["prediction"], docks["response"]], [_TOP_HEIGHT, rest], tall)
        window.resizeDocks([docks["layers"]], [_BELOW_HEIGHT], tall)
        for bar in window.findChildren(QTabBar):
            if bar.parent() is window:  # those of the docks
                bar.setElideMode(Qt.TextElideMode.ElideNone)
                bar.setExpanding(False)
                bar.setDrawBase(False)
        middle = max(400, window.width() - _LEFT_WIDTH - _RIGHT_WIDTH - _PROFILE_WIDTH)
        window.resizeDocks([docks["layers"], docks["profile"]], [middle, _PROFILE_WIDTH], wide)

    def show(self, name: str) -> QWidget:
        """Bring a dock to the front; its panel."""
        self._docks[name].show()
        self._docks[name].raise_()
        return self.panels[name]

    def panel(self, kind: type[Panel]) -> Panel:
        """The panel of a kind."""
        return next(panel for panel in self.panels.values() if isinstance(panel, kind))

    def all(self) -> list[QDockWidget]:
        return list(self._docks.values())
