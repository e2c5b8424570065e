"""How the window and its panels stand on the screen, or on several."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QToolBar

from viewer.commands import Context
from viewer.layout import forget_layout


def full_screen(context: Context) -> None:
    """The window over the whole screen, with its panels, or back; from the picture alone to all."""
    window = context.window
    if window.picture_alone:
        window.show_picture_alone(False)
        return
    window.set_full_screen(not window.isFullScreen())


def is_full_screen(context: Context) -> bool:
    return context.window.isFullScreen() and not context.window.picture_alone


def picture_alone(context: Context) -> None:
    """The picture over the whole screen, or everything back; Esc does that, too."""
    window = context.window
    window.show_picture_alone(not window.picture_alone)


def is_picture_alone(context: Context) -> bool:
    return context.window.picture_alone


def toggle_panels(context: Context) -> None:
    """Hide every panel, or show again those that were."""
    context.window.docks.toggle_all()


def toggle_toolbar(context: Context) -> None:
    """Its menu entry brings it back."""
    for toolbar in _toolbars(context):
        toolbar.setVisible(toolbar.isHidden())


def has_toolbar(context: Context) -> bool:
    return any(not toolbar.isHidden() for toolbar in _toolbars(context))


def _toolbars(context: Context) -> list[QToolBar]:
    """Those of the window itself: looking through all that it holds takes a millisecond."""
    near = Qt.FindChildOption.FindDirectChildrenOnly
    return context.window.findChildren(QToolBar, options=near)


def reset_layout(context: Context) -> None:
    """Every panel where it stood at first."""
    context.window.show_picture_alone(False)
    context.window.docks.reset()
    forget_layout()


def on_several_screens(context: Context) -> bool:
    return len(QGuiApplication.screens()) > 1


def next_screen(context: Context) -> None:
    """The window to the next screen, as large as before where there is room, and full again if it
    was full."""
    window, screens = context.window, QGuiApplication.screens()
    screen = screens[(screens.index(window.screen()) + 1) % len(screens)]
    there = screen.availableGeometry()
    full, maximised = window.isFullScreen(), window.isMaximized()
    if full or maximised:
        window.showNormal()
    window.windowHandle().setScreen(screen)  # full is full there
    frame = window.frameGeometry()
    frame.setSize(frame.size().boundedTo(there.size()))
    frame.moveCenter(there.center())
    window.move(frame.topLeft())
    window.resize(window.size().boundedTo(there.size()))
    if full:
        window.showFullScreen()
    elif maximised:
        window.showMaximized()
