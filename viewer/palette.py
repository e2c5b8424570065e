"""The colours of the window by name, in a dark and in a light theme. The picture stays as it is.

Words are to be read (text, quiet, accent, good, bad, series, warning: 4.5 : 1 and more on every
ground they stand on), edges and rings to be seen (faint, focus: 3 : 1). ``good`` and ``bad`` are
blue and orange, which nobody's eye takes for one another; a sign or a word goes with them.
"""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QColor

THEMES: dict[str, dict[str, str]] = {
    "dark": {
        "base": "#0f1218",  # behind panels
        "panel": "#161a22",
        "raised": "#212735",  # buttons, fields, the row under the mouse
        "line": "#2c3444",
        "text": "#e2e8f0",
        "quiet": "#94a3b8",  # what explains
        "faint": "#68758c",  # what cannot be used, edges of controls
        "accent": "#f0a63c",
        "accent hover": "#ffbe5c",
        "on accent": "#0f1218",  # words on the accent
        "focus": "#9cc9f5",  # the ring around what has the keyboard
        "warning": "#ffc457",
        "warning ground": "#3a2808",
        "good": "#6fc3e8",
        "bad": "#ff9d5c",
        "series": "#7dd3fc",  # the second line of a plot, beside the accent
        "bar": "#3b4660",  # a bar behind words
        "bar target": "#7d5415",
        "before": "#64748b",  # a bar beside the accent
    },
    "light": {
        "base": "#dfe3ea",
        "panel": "#f4f6f9",
        "raised": "#ffffff",
        "line": "#c9d0da",
        "text": "#161a22",
        "quiet": "#4b5768",
        "faint": "#7d8796",
        "accent": "#9a4f00",
        "accent hover": "#7c3f00",
        "on accent": "#ffffff",
        "focus": "#1b62b5",
        "warning": "#5c3a00",
        "warning ground": "#ffe8bf",
        "good": "#0a5f8c",
        "bad": "#a33d00",
        "series": "#0a66a3",
        "bar": "#c3cddc",
        "bar target": "#f3cf9a",
        "before": "#7b8798",
    },
}
_present = ["dark"]


class Themes(QObject):
    """``changed`` tells who keeps colours, as plots do, that there are others now; who asks when
    painting need not listen."""

    changed = Signal()


themes = Themes()


def use(theme: str) -> None:
    """Take the colours of a theme from now on."""
    if theme not in THEMES:
        raise ValueError(f"no theme is called {theme!r}")
    if theme != _present[0]:
        _present[0] = theme
        themes.changed.emit()


def theme() -> str:
    """The present one."""
    return _present[0]


def hex_of(name: str) -> str:
    """``#rrggbb`` of a colour of the present theme."""
    return THEMES[_present[0]][name]


def colour(name: str) -> QColor:
    """A colour of the present theme, to paint with."""
    return QColor(hex_of(name))
