"""How the window was laid out when it was left: kept between runs, in the user's own folder.

Read before anything else is on screen, so that the window comes up where it was and in its colours:
this module needs nothing but Qt. What another version of the program kept, or what is damaged, is
as if there were none.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QByteArray, QPoint, QRect, QSettings

from viewer.own_folder import make_private, own_folder

VERSION = 1
"""Of the docks' and toolbars' arrangement; another one than that kept gives the usual layout."""

_GRIP = (120, 24)  # what must be on a screen of a window's top to take hold of it: width, height
_LONGEST_NAME = 100  # bytes: systems take about as many for a socket's name
_NOTHING = QByteArray()


def layout_file() -> Path:
    """Where it is kept."""
    return own_folder() / "layout.ini"


def window_address() -> str:
    """The name of the socket that the running window listens on: a file in the user's folder, or a
    short one elsewhere that is told from it; on Windows a pipe's."""
    folder = own_folder()
    if sys.platform != "win32":
        path = str(folder / "window")
        if len(os.fsencode(path)) <= _LONGEST_NAME:
            return path
    from hashlib import sha256
    from tempfile import gettempdir

    name = sha256(str(folder).encode()).hexdigest()[:16]
    if sys.platform == "win32":
        return rf"\\.\pipe\attentive-viewer-{name}"
    return str(Path(gettempdir()) / f"attentive-viewer-{os.getuid()}" / name)


class Layout:
    """``geometry`` and ``state`` as Qt keeps them, empty where there are none; ``middle`` the
    picture's rectangle in what the menu bar and the status bar leave of the window; ``theme`` the
    colours it had."""

    def __init__(
        self,
        geometry: QByteArray = _NOTHING,
        state: QByteArray = _NOTHING,
        middle: QRect | None = None,
        theme: str = "dark",
    ) -> None:
        self.geometry, self.state = geometry, state
        self.middle, self.theme = middle, theme


def read_layout() -> Layout:
    """What was kept."""
    kept = QSettings(str(layout_file()), QSettings.Format.IniFormat)
    if str(kept.value("version")) != str(VERSION):
        return Layout()
    found = Layout()
    geometry, state, middle = (kept.value(name) for name in ("geometry", "state", "middle"))
    if isinstance(geometry, QByteArray):
        found.geometry = geometry
    if isinstance(state, QByteArray):
        found.state = state
    if isinstance(middle, QRect) and middle.isValid():
        found.middle = middle
    if kept.value("theme") == "light":
        found.theme = "light"
    return found


def write_layout(layout: Layout) -> None:
    """Keep it; where that cannot be written, the next window is as it was before."""
    path = layout_file()
    make_private(path)
    kept = QSettings(str(path), QSettings.Format.IniFormat)
    kept.setValue("version", VERSION)
    kept.setValue("geometry", layout.geometry)
    kept.setValue("state", layout.state)
    kept.setValue("middle", layout.middle)
    kept.setValue("theme", layout.theme)
    kept.sync()


def forget_layout() -> None:
    """The next window is laid out as the first one was."""
    with contextlib.suppress(OSError):
        layout_file().unlink(missing_ok=True)


def within_reach(frame: QRect, screens: Sequence[QRect]) -> bool:
    """Whether a window can be taken hold of by its top on one of the screens."""
    width, height = _GRIP
    top = QRect(frame.x(), frame.y(), frame.width(), height)
    return any(
        seen.width() >= min(width, frame.width()) and seen.height() >= height
        for seen in (top.intersected(screen) for screen in screens)
    )


def brought_back(frame: QRect, screens: Sequence[QRect]) -> QRect:
    """The window on a screen that there is: as it is where it can be reached, otherwise in the
    middle of the first screen, no larger than that."""
    if not screens or within_reach(frame, screens):
        return frame
    home = screens[0]
    size = frame.size().boundedTo(home.size())
    rest = QPoint(home.width() - size.width(), home.height() - size.height()) / 2
    return QRect(home.topLeft() + rest, size)
