"""The docks: which panel stands where, and how they are laid out at first."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module

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
from viewer.skeleton import BELOW, LEFT, RIGHT

_LEFT, _RIGHT, _BELOW = (
    Qt.DockWidgetArea.LeftDockWidgetArea,
    Qt.DockWidgetArea.RightDockWidgetArea,
    Qt.DockWidgetArea.BottomDockWidgetArea,
)
_PROFILE_WIDTH = 300  # pixels, at first
_IN_FRONT = ("studies", "prediction", "response")  # of the tabs
_BREATH = 10  # milliseconds between two panels that are made late
_TOP_HEIGHT = 262


@dataclass(frozen=True)
class DockRow:
    """``make`` gives the panel; the dock is a tab of the one named ``tab_of``, or stands beside the
    one named ``beside``, or goes to the end of its ``area``. A panel that is ``late`` is made once
    the window is on screen; its module of :mod:`viewer.panels` has its name."""

    title: str
    name: str
    make: Callable[[Context], QWidget]
    area: Qt.DockWidgetArea
    tab_of: str = ""
    beside: str = ""
    late: bool = False


def _prediction(context: Context) -> QWidget:
    panel = PredictionPanel(context.session)
    panel.reviewAsked.connect(lambda: context.window.docks.show("review"))
    panel.cardAsked.connect(lambda: commands.show_model_card(context))
    panel.againAsked.connect(context.workbench.ask_again)
    return panel


def _evidence(context: Context) -> QWidget:
    panel = EvidencePanel(context.session)
    panel.asked.connect(lambda finding: commands.show_finding(context, finding))
    panel.cardAsked.connect(lambda: commands.show_model_card(context))
    return panel


# what stands behind other tabs at first is imported late, too
def _kernels(context: Context) -> QWidget:
    from viewer.panels.kernels import KernelsPanel

    return KernelsPanel(context.workbench)


def _measurements(context: Context) -> QWidget:
    from viewer.panels.measurements import MeasurementsPanel
    from viewer.verbs import export, measuring

    panel = MeasurementsPanel(context.workbench)
    panel.copyAsked.connect(lambda: measuring.copy_text(context))
    panel.exportAsked.connect(lambda: export.show_export(context))
    return panel


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
    DockRow("Studies", "studies", lambda c: StudyList(c.workbench), _LEFT),
    DockRow("Measurements", "measurements", _measurements, _LEFT, "studies", late=True),
    DockRow("Prediction", "prediction", _prediction, _RIGHT),
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


def load_late() -> None:
    """Import what late panels need (modules of viewer.panels), so that making them does not wait
    for the disk."""
    for row in _DOCKS:
        if row.late:
            import_module(f"viewer.panels.{row.name}")
    for name in ("landmarks", "compare"):
        import_module(f"viewer.verbs.{name}")


def _stands_on(bar: QTabBar) -> Callable[[QDockWidget], bool]:
    """Whether a dock is the one right below a bar of tabs."""

    def is_below(dock: QDockWidget) -> bool:
        box, own = dock.geometry(), bar.geometry()
        near = abs(box.top() - own.bottom()) <= 4 and abs(box.left() - own.left()) <= 4
        return near and not dock.isFloating() and not dock.visibleRegion().isEmpty()

    return is_below


class Docks:
    """Every dock of a window, by name, with its panel; each is to be added, then made."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._window = window = context.window
        self._docks: dict[str, QDockWidget] = {}
        self._hidden: list[QDockWidget] = []  # all at once, by the user
        self._missing = {row.name: row for row in _DOCKS}
        for area in (_LEFT, _RIGHT, _BELOW):
            window.setTabPosition(area, QTabWidget.TabPosition.North)
        window.setCorner(Qt.Corner.BottomRightCorner, _RIGHT)
        window.setCorner(Qt.Corner.BottomLeftCorner, _LEFT)

    @staticmethod
    def names() -> tuple[str, ...]:
        """Of all, in the order in which they are added."""
        return tuple(row.name for row in _DOCKS)

    def add(self, name: str) -> None:
        """A dock, still empty. All of them at once would be too much for one event."""
        row = self._missing[name]
        dock = QDockWidget(row.title, self._window)
        dock.setObjectName(name)
        self._docks[name] = dock
        self._place(row)

    def _place(self, row: DockRow) -> None:
        """Where it stands at first."""
        dock = self._docks[row.name]
        self._window.addDockWidget(row.area, dock)
        if row.tab_of:
            self._window.tabifyDockWidget(self._docks[row.tab_of], dock)
        if row.beside:
            self._window.splitDockWidget(self._docks[row.beside], dock, Qt.Orientation.Horizontal)

    @staticmethod
    def first() -> tuple[str, ...]:
        """The names of those whose panels are there from the beginning."""
        return tuple(row.name for row in _DOCKS if not row.late)

    def make(self, name: str) -> None:
        """The panel of a dock, unless it is there."""
        row, dock = self._missing.pop(name, None), self._docks[name]
        if row is None:
            return
        panel = row.make(self._context)
        panel.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
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
            self.make(next(iter(self._missing)))
            QTimer.singleShot(_BREATH, self._window, self.make_late)

    @property
    def complete(self) -> bool:
        """Whether every panel is there."""
        return not self._missing

    def lay_out(self) -> None:
        """Sizes at first; the user's hand is free afterwards."""
        docks, window = self._docks, self._window
        wide, tall = Qt.Orientation.Horizontal, Qt.Orientation.Vertical
        for first in _IN_FRONT:
            docks[first].raise_()
        window.resizeDocks([docks["studies"], docks["prediction"]], [LEFT, RIGHT], wide)
        rest = max(200, window.height() - _TOP_HEIGHT)
        window.resizeDocks([docks["prediction"], docks["response"]], [_TOP_HEIGHT, rest], tall)
        window.resizeDocks([docks["layers"]], [BELOW], tall)
        for bar in window.findChildren(QTabBar):
            if bar.parent() is window:  # those of the docks
                bar.setElideMode(Qt.TextElideMode.ElideNone)
                bar.setExpanding(False)
                bar.setDrawBase(False)
        middle = max(400, window.width() - LEFT - RIGHT - _PROFILE_WIDTH)
        window.resizeDocks([docks["layers"], docks["profile"]], [middle, _PROFILE_WIDTH], wide)
        QTimer.singleShot(0, window, self._put_bars_away)

    def _put_bars_away(self) -> None:
        """Qt leaves the tab bars of an arrangement that was given up where they were, in sight."""
        for bar in self._window.findChildren(QTabBar):
            if bar.parent() is self._window and not any(map(_stands_on(bar), self._docks.values())):
                bar.hide()

    def reset(self) -> None:
        """Every dock where it stood at first, shown."""
        for dock in self._docks.values():
            dock.setFloating(False)
            self._window.removeDockWidget(dock)
        for row in _DOCKS:
            self._place(row)
            self._docks[row.name].show()
        self.lay_out()

    def begin_keeping(self, changed: Callable[[], None]) -> None:
        """Call ``changed`` whenever one is moved, floated, hidden or shown."""
        for dock in self._docks.values():
            dock.dockLocationChanged.connect(lambda area: changed())
            dock.topLevelChanged.connect(lambda floating: changed())
            dock.toggleViewAction().toggled.connect(lambda shown: changed())

    def toggle_all(self) -> None:
        """Hide every dock that is shown; if none is, show those that were."""
        shown = [dock for dock in self._docks.values() if not dock.isHidden()]
        for dock in shown or self._hidden or self._docks.values():
            dock.setHidden(bool(shown))
        self._hidden = shown

    def show(self, name: str) -> QWidget:
        """Bring a dock to the front; its panel."""
        self.make(name)
        dock = self._docks[name]
        dock.show()
        dock.raise_()
        return dock.widget()

    def all(self) -> list[QDockWidget]:
        return list(self._docks.values())
