"""The colours of the window by name, in a dark and in a light theme. The picture stays as it is."""

from __future__ import annotations

from PySide6.QtGui import QColor

THEMES: dict[str, dict[str, str]] = {
    "dark": {
        "base": "#0f1218",
        "panel": "#161a22",
        "raised": "#212735",
        "line": "#2c3444",
        "text": "#e2e8f0",
        "quiet": "#94a3b8",
        "faint": "#5b6577",
        "accent": "#f0a63c",
        "warning": "#ffc457",
        "warning ground": "#3a2808",
    },
    "light": {
        "base": "#d9dee6",
        "panel": "#f4f6f9",
        "raised": "#ffffff",
        "line": "#c3cad5",
        "text": "#161a22",
        "quiet": "#4b5768",
        "faint": "#8a94a3",
        "accent": "#9a5a00",
        "warning": "#5c3a00",
        "warning ground": "#ffe8bf",
    },
}
_present = ["dark"]


def use(theme: str) -> None:
    """Take the colours of a theme from now on."""
    if theme not in THEMES:
        raise ValueError(f"no theme is called {theme!r}")
    _present[0] = theme


def theme() -> str:
    """The present one."""
    return _present[0]


def hex_of(name: str) -> str:
    """``#rrggbb`` of a colour of the present theme."""
    return THEMES[_present[0]][name]


def colour(name: str) -> QColor:
    """A colour of the present theme, to paint with."""
    return QColor(hex_of(name))
