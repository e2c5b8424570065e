"""The workstation's pictures: themes, sizes, scales, dialogs. Called by ``tour.py``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QSize
from PySide6.QtWidgets import QApplication, QDialog

import resources
from viewer.canvas.view import View
from viewer.render.turn import Turn
from viewer.state.measurement import Measurement
from viewer.state.settings import THEME
from viewer.verbs import compare

if TYPE_CHECKING:
    from tour import Tour

SIZES = {"small": (1366, 768), "usual": (1440, 900), "4k": (3840, 2160)}


def show_window(tour: Tour) -> None:
    """Every picture in the theme and scale of this process; the sample study is open at the end."""
    window, session = tour.window, tour.window.session
    for theme in ("dark", "light"):
        session.settings.set(THEME, theme)
        tour.picture(f"window-welcome-{theme}")
    session.settings.set(THEME, "dark")
    window.workbench.open_paths(resources.sample_files())
    tour.explained()
    session.show_layer(14)
    for theme in ("dark", "light"):
        session.settings.set(THEME, theme)
        tour.picture(f"window-{theme}")
    _dialogs(tour, "light")
    session.settings.set(THEME, "dark")
    _dialogs(tour, "dark")
    _measure(tour)
    session.show_layer(10)
    compare.toggle_what_is_learnt(window.context)
    tour.wait(lambda: len([pane for pane in session.panes if pane.overlay]) == 3)
    window.docks.show("compare")
    tour.picture("window-two-by-two")
    compare.stop_comparing(window.context)
    compare.toggle_compare_image(window.context)
    tour.wait(lambda: any(pane.overlay for pane in session.panes))
    tour.picture("window-beside")
    compare.stop_comparing(window.context)
    window.docks.show("response")


def show_sizes(tour: Tour, name: str, sizes: tuple[str, ...]) -> None:
    """The same picture in windows of several sizes."""
    session = tour.window.session
    tour.window.workbench.open_paths(resources.sample_files())
    tour.explained()
    session.show_layer(14)
    for size in sizes:
        tour.window.resize(QSize(*SIZES[size]))
        for theme in ("dark", "light"):
            session.settings.set(THEME, theme)
            tour.picture(f"{name}-{size}-{theme}")


def _measure(tour: Tour) -> None:
    """A length, an angle and two regions on the hand, then the film turned."""
    window, session = tour.window, tour.window.session
    tour.wait(lambda: bool(session.audit.image))
    session.change_style(visible=False)
    assert session.open is not None
    height, width = session.open.frame.size
    for number, (kind, points) in enumerate(
        (
            ("length", ((0.43, 0.10), (0.45, 0.56))),
            ("angle", ((0.20, 0.20), (0.45, 0.60), (0.74, 0.22))),
            ("rectangle", ((0.40, 0.66), (0.55, 0.76))),
            ("ellipse", ((0.62, 0.70), (0.78, 0.80))),
        ),
        1,
    ):
        placed = tuple((x * width, y * height) for x, y in points)
        session.audit.add_measurement(Measurement(f"tour {number}", kind, placed, number))  # type: ignore[arg-type]
    session.audit.select("")
    window.docks.show("measurements")
    tour.picture("window-measurements")
    window.view.set_view(View(turn=Turn(1, mirrored=True)))
    tour.picture("window-turned")
    window.view.set_view(View())
    session.audit.clear_measurements()
    window.docks.show("studies")
    session.change_style(visible=True)


_DIALOGS = ("attributes", "preferences", "help", "find-command")


def _dialogs(tour: Tour, theme: str) -> None:
    """Each dialog by itself, opened by its action."""
    for action in _DIALOGS:
        before = _dialogs_shown()
        tour.window.menus.by_id[action].trigger()
        tour.settle()
        for dialog in _dialogs_shown() - before:
            tour.save(dialog, f"dialog-{action}-{theme}")
            dialog.close()


def _dialogs_shown() -> set[QDialog]:
    every = QApplication.topLevelWidgets()
    return {item for item in every if isinstance(item, QDialog) and item.isVisible()}
