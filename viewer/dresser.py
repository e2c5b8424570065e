"""Puts a style sheet on a window part by part, so that its thread is never held up for long."""

from __future__ import annotations

from PySide6.QtCore import QObject, Qt, QTimer
from PySide6.QtWidgets import QWidget
from shiboken6 import isValid

from viewer.main_window import MainWindow


def paint_again(window: QWidget) -> None:
    """Let a window be painted that was not for a while. Qt forgets what it was to paint when that
    began, and asks for no other picture of it until there has been one."""
    window.setUpdatesEnabled(True)
    window.repaint()


class Dresser(QObject):
    """Every part of a window (bars, docks, their tabs, menus, dialogs: each child of it, made by
    Qt or by us, now or later) wears the sheet itself, and what is in the part inherits it.

    The application could wear it for all of them, but Qt exchanges the sheet of an application on
    every widget at one stroke, which takes 0.1 to 0.25 s."""

    def __init__(self, window: MainWindow, sheet: str) -> None:
        super().__init__(window)
        self._window, self._sheet = window, sheet
        self._held: list[QWidget] = []  # windows that are not painted for now
        self._turns = QTimer(self)
        self._turns.setInterval(0)
        self._turns.timeout.connect(self._go_on)
        window.childPolished.connect(self._dress)
        for part in self._parts():
            self._dress(part)

    def change(self, sheet: str) -> None:
        """To another sheet, a part in each turn of the event loop. What is on screen stays as it is
        meanwhile, so that all of it changes at once."""
        self._sheet = sheet
        for window in (self._window, *filter(QWidget.isWindow, self._parts())):
            if window.updatesEnabled():
                window.setUpdatesEnabled(False)
                self._held.append(window)
        self._turns.start()

    def _parts(self) -> list[QWidget]:
        direct = Qt.FindChildOption.FindDirectChildrenOnly
        return self._window.findChildren(QWidget, options=direct)

    def _lacks(self, part: QWidget) -> bool:
        return part.styleSheet() != self._sheet

    def _dress(self, part: QWidget) -> None:
        """Putting on what it wears would cost as much again."""
        if self._lacks(part):
            part.setStyleSheet(self._sheet)

    def _go_on(self) -> None:
        """Dress the next part or, if there is none, let the next window be painted. Parts come and
        go meanwhile, and the sheet may be another one by now, so that nothing is kept of them."""
        part = next(filter(self._lacks, self._parts()), None)
        if part is not None:
            self._dress(part)
        elif self._held:
            window = self._held.pop(0)
            if isValid(window):
                paint_again(window)
        else:
            self._turns.stop()
