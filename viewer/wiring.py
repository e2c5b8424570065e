"""The only place where the window's objects are made and wired."""

from __future__ import annotations

import sys

from PySide6.QtCore import QEvent
from PySide6.QtWidgets import QApplication

from engine.memory import give_back_freed_memory
from viewer import theme
from viewer.main_window import MainWindow
from viewer.state.session import Session
from viewer.state.workbench import Workbench


def make_window(application: QApplication, device: str = "auto") -> MainWindow:
    """The window with everything behind it; nothing is shown or started yet."""
    give_back_freed_memory()
    sys.setswitchinterval(0.0002)  # so that lanes at work hold the window up less
    session = Session()
    workbench = Workbench(session, device)
    workbench.start_readers()
    theme.apply(application)
    window = MainWindow(session, workbench)
    session.setParent(window)
    workbench.setParent(window)
    return window


def run_until_closed(application: QApplication, window: MainWindow) -> int:
    """Show the window until it is closed; the exit status."""
    window.show()
    status = int(application.exec())
    window.deleteLater()  # here and now, on this thread, and not whenever Python collects it
    application.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    return status
