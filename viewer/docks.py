"""The docks: which panel stands where, and how they are laid out at first."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QDockWidget, QTabBar, QTabWidget, QWidget

from viewer import commands
from viewer.commands import Context
from viewer.panels.evidence import EvidencePanel
from viewer.panels.layer_strip import LayerStrip
from viewer.panels.overlay_controls import OverlayControls
from viewer.panels.prediction import PredictionPanel
from viewer.panels.profile import ProfilePanel
from viewer.panels.study_list import StudyList

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
    one named ``beside``, or goes to the end of its ``area``. A panel that is ``late`` is made once
    the window is on screen."""

    title: str
    name: str
    make: Callable[[Context], QWidget]
    area: Qt.DockWidgetArea
    tab_of: str = ""
    beside: str = ""
    late: bool = False


def _evidence(context: Context) -> QWidget:
    panel = EvidencePanel(context.session)
    panel.asked.connect(lambda finding: commands.show_finding(context, finding))
    panel.cardAsked.connect(lambda: commands.show_model_card(context))
    return panel


# what stands behind other tabs at first is imported late, too
def _kernels(context: Context) -> QWidget:
    from viewer.panels.kernels import KernelsPanel

    return KernelsPanel(context.workbench)


def _landmarks(context: Context) -> QWidget:
    from viewer.panels.landmarks import LandmarksPanel
    from viewer.verbs.landmarks import LandmarkFiles

    panel = LandmarksPanel(context.workbench)
    LandmarkFiles(context, panel)
    return panel


def _what_if(context: Context) -> QWidget:
    from viewer.panels.what_if import WhatIfPanel
    from viewer.verbs.compare import toggle_compare_edited

    panel = WhatIfPanel(context.workbench)
    panel.besideAsked.connect(lambda: toggle_compare_edited(context))
    return panel


def _compare(context: Context) -> QWidget:
    from viewer.panels.compare import ComparePanel

    return ComparePanel(context.workbench)


def _review(context: Context) -> QWidget:
    from viewer.panels.review import ReviewPanel

    panel = ReviewPanel(context.workbench)
    panel.cardAsked.connect(lambda: commands.show_model_card(context))
    return panel


_DOCKS: tuple[DockRow, ...] = (
    DockRow("Studies", "studies", lambda c: StudyList(c.session), _LEFT),
    DockRow("Prediction", "prediction", lambda c: PredictionPanel(c.session), _RIGHT),
    DockRow("Evidence", "evidence", _evidence, _RIGHT, "prediction"),
    DockRow("Response", "response", lambda c: OverlayControls(c.session), _RIGHT),
    DockRow("Kernels", "kernels", _kernels, _RIGHT, "response", late=True),
    DockRow("Landmarks", "landmarks", _landmarks, _RIGHT, "response", late=True),
    DockRow("What if", "what_if", _what_if, _RIGHT, "response", late=True),
    DockRow("Compare", "compare", _compare, _RIGHT, "response", late=True),
    DockRow("Review", "review", _review, _RIGHT, "response", late=True),
    DockRow(
        "Layers, from the image to the classes", "layers", lambda c: LayerStrip(c.session), _BELOW
    ),
    DockRow(
        "Profile at the cursor",
        "profile",
        lambda c: ProfilePanel(c.workbench),
        _BELOW,
        beside="layers",
    ),
)


class Docks:
    """Every dock of a window, by name, with its panel."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._window = window = context.window
        self._docks: dict[str, QDockWidget] = {}
        self._missing = {row.name: row for row in _DOCKS}
        window.setTabPosition(_RIGHT, QTabWidget.TabPosition.North)
        for row in _DOCKS:
            self._add(row)
        for first in ("prediction", "response"):
            self._docks[first].raise_()
        window.setCorner(Qt.Corner.BottomRightCorner, _RIGHT)
        window.setCorner(Qt.Corner.BottomLeftCorner, _LEFT)

    def _add(self, row: DockRow) -> None:
        dock = QDockWidget(row.title, self._window)
        dock.setObjectName(row.name)
        dock.setFeatures(
            QDockWidget.DockWidgetFeature.DockWidgetMovable
            | QDockWidget.DockWidgetFeature.DockWidgetClosable
        )
        self._docks[row.name] = dock
        if not row.late:
            self._make(row.name)
        self._window.addDockWidget(row.area, dock)
        if row.tab_of:
            self._window.tabifyDockWidget(self._docks[row.tab_of], dock)
        if row.beside:
            self._window.splitDockWidget(self._docks[row.beside], dock, Qt.Orientation.Horizontal)

    def _make(self, name: str) -> None:
        """The panel of a dock, unless it is there."""
        row, dock = self._missing.pop(name, None), self._docks[name]
        if row is None:
            return
        panel = row.make(self._context)
        # Qt moves the tabs behind out of sight, but they are not hidden: their panels are, so that
        # nobody asks or draws for a panel that is not seen.
        policy = panel.sizePolicy()
        policy.setRetainSizeWhenHidden(True)
        panel.setSizePolicy(policy)
        dock.setWidget(panel)
        dock.visibilityChanged.connect(panel.setVisible)
        if row.late and dock.visibleRegion().isEmpty():
            panel.setVisible(False)

    def make_late(self) -> None:
        """The next panel that is still to be made, then the one after it, with whatever is waiting
        in between."""
        if self._missing:
            self._make(next(iter(self._missing)))
            QTimer.singleShot(0, self._window, self.make_late)

    @property
    def complete(self) -> bool:
        """Whether every panel is there."""
        return not self._missing

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
        self._make(name)
        dock = self._docks[name]
        dock.show()
        dock.raise_()
        return dock.widget()

    def all(self) -> list[QDockWidget]:
        return list(self._docks.values())
