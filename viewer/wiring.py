"""The only place where the window's objects are made and wired."""

from __future__ import annotations

from PySide6.QtWidgets import QApplication

from viewer import theme
from viewer.main_window import MainWindow
from viewer.state.session import Session
from viewer.state.workbench import Workbench


def make_window(application: QApplication, device: str = "auto") -> MainWindow:
    """The window with everything behind it; nothing is shown or started yet."""
    session = Session()
    workbench = Workbench(session, device)
    workbench.start_readers()
    theme.apply(application)
    window = MainWindow(session, workbench)
    session.setParent(window)
    workbench.setParent(window)
    return window
