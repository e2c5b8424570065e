"""The toolbar: which actions have a button, and with which icon."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMainWindow


def make_toolbars(window: QMainWindow, actions: Mapping[str, QAction]) -> None:
    """Add it to the window; ``actions`` by id."""
