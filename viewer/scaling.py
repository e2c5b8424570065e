"""How large everything in the window is. Qt takes the factor when the application is made, so that
another one holds from the next start on; text, icons and the picture stay sharp at each.

Needs nothing but Qt, as it comes before anything is on screen."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from PySide6.QtCore import QSettings

from viewer.own_folder import own_folder

if TYPE_CHECKING:
    from PySide6.QtCore import QSize
    from PySide6.QtGui import QScreen
    from PySide6.QtWidgets import QApplication

AUTOMATIC = "automatic"
FACTORS = {f"{percent} %": percent / 100 for percent in (100, 125, 150, 175, 200)}
SCALE, DOTS = "scale", "dots per inch of the screen"
"""What the settings are called."""

_FACTOR = "QT_SCALE_FACTOR"
_USUAL = 96.0  # dots per inch that everything is drawn for
_LEAST = (1366, 768)  # logical pixels that the window needs
_UNTOLD = ("xcb", "offscreen")  # elsewhere the desktop has scaled what is to be scaled
_MM_PER_INCH = 25.4
_BELIEVED = (40.0, 1200.0)  # dots per inch that a screen may say of itself
_INVENTED = 100.0  # what Qt says, exactly, where it was told nothing


def make_application(arguments: Sequence[str]) -> QApplication:
    """The application, as large as the settings say, or as its screen needs. What the system was
    told (by ``QT_SCALE_FACTOR``) comes first."""
    from PySide6.QtWidgets import QApplication

    kept = QSettings(str(own_folder() / "settings.ini"), QSettings.Format.IniFormat)
    factor = FACTORS.get(str(kept.value(SCALE, AUTOMATIC)))
    if factor is None or _FACTOR in os.environ:
        application = QApplication(list(arguments))
        if _FACTOR in os.environ or application.platformName() not in _UNTOLD:
            return application
        factor = fitting(application.primaryScreen(), _measured(kept))
        if factor == 1:
            return application
        application.shutdown()  # only one that is made with the factor takes it
        del application
    with _told(factor):
        return QApplication(list(arguments))


def _measured(kept: QSettings) -> float:
    try:
        return float(str(kept.value(DOTS, 0.0)))
    except ValueError:
        return 0.0


@contextmanager
def _told(factor: float) -> Iterator[None]:
    """No process that is started later takes over ours."""
    os.environ[_FACTOR] = f"{factor:g}"
    try:
        yield
    finally:
        del os.environ[_FACTOR]


def fitting(screen: QScreen, measured: float = 0.0) -> float:
    """The factor at which letters are at most as large as on a usual screen, and the window has
    room: 1 for a screen that was scaled, or does not say how large it is."""
    if screen.devicePixelRatio() != 1:
        return 1.0
    return factor_for(measured or dots_per_inch(screen), screen.size())


def factor_for(dots: float, size: QSize) -> float:
    """The same for a screen of so many pixels with so many of them in an inch."""
    most = min(dots / _USUAL, size.width() / _LEAST[0], size.height() / _LEAST[1])
    return max([factor for factor in FACTORS.values() if factor <= most], default=1.0)


def dots_per_inch(screen: QScreen) -> float:
    """Device pixels in an inch; 0 where the screen does not say its size, or says what no screen
    has (projectors, and screens behind some cables)."""
    ratio = screen.devicePixelRatio()
    across, down = screen.physicalDotsPerInchX() * ratio, screen.physicalDotsPerInchY() * ratio
    low, high = _BELIEVED
    invented = across == down == _INVENTED
    if invented or not (low <= across <= high) or not math.isclose(across, down, rel_tol=0.1):
        return 0.0
    return (across + down) / 2


def pixels_per_mm(screen: QScreen, measured: float = 0.0) -> float:
    """Logical pixels on a millimetre of the screen, ``measured`` dots on an inch of it if that is
    not 0; else what it says, or 0."""
    return (measured or dots_per_inch(screen)) / screen.devicePixelRatio() / _MM_PER_INCH
