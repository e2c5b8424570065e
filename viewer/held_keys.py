"""Keys that act wherever the focus is: Space hides the overlay while it is held, Esc gives the
window its panels back when the picture has the whole screen."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QAbstractButton, QApplication, QComboBox, QLineEdit, QWidget
from shiboken6 import isValid

from viewer.main_window import MainWindow
from viewer.panels.rows import ANSWERS_SPACE
from viewer.state.audit import LOOKING

_KEYS = frozenset((QEvent.Type.KeyPress, QEvent.Type.KeyRelease, QEvent.Type.ShortcutOverride))
_ANSWER_SPACE = (QAbstractButton, QComboBox, QLineEdit)


class HeldKeys(QObject):
    """Watches whatever has the focus, from its making until :meth:`end`; not the whole application,
    whose every event would then pass through here."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window, self._session = window, window.session
        self._always: tuple[QWidget, ...] = (window, window.view)
        self._focused: QWidget | None = None
        for widget in self._always:
            widget.installEventFilter(self)
        application = QApplication.instance()
        assert isinstance(application, QApplication)
        self._application = application
        application.focusChanged.connect(self._follow)
        self._follow(None, QApplication.focusWidget())

    def end(self) -> None:
        self._application.focusChanged.disconnect(self._follow)
        self._follow(None, None)
        self._hide(False)

    def _follow(self, before: QWidget | None, focused: QWidget | None) -> None:
        if self._focused is not None and isValid(self._focused):
            self._focused.removeEventFilter(self)
        self._focused = None if focused in self._always else focused
        if self._focused is not None:
            self._focused.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        kind = event.type()
        if kind == QEvent.Type.WindowDeactivate and watched is self._window:
            self._hide(False)  # the release will go to somebody else
        if kind not in _KEYS or not isinstance(event, QKeyEvent):
            return False
        if kind != QEvent.Type.KeyRelease and QApplication.activePopupWidget() is not None:
            return False  # an open menu has them first
        if event.key() == Qt.Key.Key_Space and kind != QEvent.Type.ShortcutOverride:
            return self._space(event, kind == QEvent.Type.KeyPress)
        if event.key() == Qt.Key.Key_Escape and kind != QEvent.Type.KeyRelease:
            return self._escape(event, kind == QEvent.Type.KeyPress)
        return False

    def _space(self, event: QKeyEvent, pressed: bool) -> bool:
        """Unless the focus is where Space means something."""
        focus = QApplication.focusWidget()
        answers = isinstance(focus, _ANSWER_SPACE) or bool(
            focus is not None and focus.property(ANSWERS_SPACE)
        )
        if not event.isAutoRepeat() and not pressed:
            self._hide(False)
        if not self._window.isActiveWindow() or answers:
            return False
        if not event.isAutoRepeat():
            self._hide(pressed)
        return True

    def _hide(self, hidden: bool) -> None:
        """Meanwhile everything is watched: a menu gets the release, and never has the focus."""
        if hidden:
            self._application.installEventFilter(self)
        else:
            self._application.removeEventFilter(self)
        self._session.set_hidden_for_now(hidden)

    def _escape(self, event: QKeyEvent, pressed: bool) -> bool:
        """Before that, Esc puts down what is drawn with, as always."""
        window = self._window
        if not window.picture_alone or not window.isActiveWindow():
            return False
        if self._session.audit.tool.purpose not in LOOKING:
            return False
        event.accept()  # and so it comes as a key and not to the action that has it
        if pressed:
            window.show_picture_alone(False)
        return True
