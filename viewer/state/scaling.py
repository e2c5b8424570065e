"""How large everything in the window is. Qt takes the factor when the application is made, so that
a new one holds from the next start on; text, icons and the picture stay sharp at each."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from PySide6.QtCore import QSettings

from viewer.state.settings import SCALE, settings_file

_FACTOR = "QT_SCALE_FACTOR"


def chosen_scale() -> float:
    """The factor of the settings, 1 to 2."""
    kept = QSettings(str(settings_file()), QSettings.Format.IniFormat)
    return int(SCALE.read(kept.value(SCALE.name, SCALE.default)).removesuffix(" %")) / 100


@contextmanager
def as_scaled() -> Iterator[None]:
    """While the application is made inside, Qt finds the factor of the settings. One that the
    system was told (by ``QT_SCALE_FACTOR``) comes first, and no process that is started later
    takes over ours."""
    scale = chosen_scale()
    if scale == 1 or _FACTOR in os.environ:
        yield
        return
    os.environ[_FACTOR] = f"{scale:g}"
    try:
        yield
    finally:
        del os.environ[_FACTOR]
