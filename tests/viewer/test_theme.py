"""Another theme while the program runs: everything changes, at once, and nothing is held up."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QObject, QPointF
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QApplication, QDialog, QMenu, QTabBar, QWidget
from pytestqt.qtbot import QtBot

from tests.viewer.conftest import Steps
from tests.viewer.watchdog import LONGEST, Watchdog
from viewer.dresser import Dresser
from viewer.main_window import MainWindow
from viewer.palette import THEMES
from viewer.state.settings import THEME

pytestmark = pytest.mark.usefixtures("dark_again")
_OTHER = {"dark": "light", "light": "dark"}
_GROUNDS = ("base", "panel", "raised", "line")
_RED, _BLUE = ("QWidget { background: #ff0000; }", "QWidget { background: #0000ff; }")


def _colours(widget: QWidget) -> Counter[str]:
    """How many pixels of what is painted of a widget (of every third of them, which is quicker)
    have which colour, ``#rrggbb``."""
    image = widget.grab().toImage().convertToFormat(QImage.Format.Format_RGB32)
    if image.isNull():
        return Counter()
    pixels = np.frombuffer(image.constBits(), np.uint32)[::3] & 0xFFFFFF
    values, counts = np.unique(pixels, return_counts=True)
    return Counter({f"#{value:06x}": int(n) for value, n in zip(values, counts, strict=True)})


def _ground(widget: QWidget) -> str:
    """The colour of most of it; "" of what has no size."""
    return next((colour for colour, _ in _colours(widget).most_common(1)), "")


def _left_behind(tops: Iterable[QWidget], theme: str) -> list[str]:
    """The widgets, down to the innermost, most of which is a ground of the other theme."""
    old = {THEMES[_OTHER[theme]][name] for name in _GROUNDS}
    every = [one for top in tops for one in (top, *top.findChildren(QWidget))]
    return [
        f"{type(one).__name__} {one.objectName()} in {type(one.window()).__name__}"
        for one in every
        if _ground(one) in old
    ]


def _dialogs() -> list[QWidget]:
    return [one for one in QApplication.topLevelWidgets() if isinstance(one, QDialog)]


def _at_rest(window: MainWindow, theme: str) -> bool:
    """Whether what is on screen is painted, and in a theme."""
    shown = (window, *filter(QWidget.isVisible, _dialogs()))
    ground = THEMES[theme]["panel"]
    return all(one.updatesEnabled() for one in shown) and ground in _colours(window.menuBar())


@pytest.mark.qt_log_ignore("grabbing the keyboard", extend=True)  # by menus, offscreen
@pytest.mark.parametrize("changes", [("light",), ("light", "dark")])
def test_everything_changes_and_the_window_is_not_held_up(drive, changes: tuple[str, ...]) -> None:
    """That is: what is in front or behind, a dialog that was open, dialogs and menus that are
    opened meanwhile or later. The last of several themes wins."""
    theme = changes[-1]

    def script(window: MainWindow) -> Steps:
        session, by_id = window.session, window.menus.by_id
        yield lambda: session.explanation is not None
        for name in ("landmarks", "what_if", "response"):
            window.docks.show(name)
            yield lambda: True
        by_id["preferences"].trigger()
        yield lambda: len(_dialogs()) == 1
        dog = Watchdog(window)
        for change in changes:
            session.settings.set(THEME, change)
            yield lambda: True
        assert dog.longest < LONGEST  # of the first turns: dialogs take longer to open
        by_id["help"].trigger()
        assert len(_dialogs()) == 2
        yield lambda: True
        dog.longest = 0
        yield lambda: _at_rest(window, theme)
        assert dog.longest < LONGEST
        by_id["find-command"].trigger()
        window.menus.show_at(QPointF(40, 40))
        assert len(_dialogs()) == 3
        menu = QApplication.activePopupWidget()
        assert isinstance(menu, QMenu)
        assert _left_behind((window, *_dialogs(), menu), theme) == []
        assert all(f"background: {THEMES[theme]['base']}" in one.styleSheet() for one in _dialogs())
        assert menu.styleSheet() == window.menuBar().styleSheet()
        seam = window.centralWidget().geometry().topRight()
        assert _pixel(window, seam.x() + 3, seam.y() + 40) == THEMES[theme]["base"]
        menu.close()

    assert drive(["--sample"], script) == 0


def _pixel(widget: QWidget, x: int, y: int) -> str:
    return widget.grab().toImage().pixelColor(x, y).name()


@pytest.fixture
def window(qtbot: QtBot) -> MainWindow:
    made = MainWindow()
    qtbot.addWidget(made)
    return made


@pytest.mark.qt_log_ignore("grabbing the keyboard", extend=True)
def test_what_qt_or_somebody_else_puts_into_the_window_is_dressed_too(
    window: MainWindow, qtbot: QtBot
) -> None:
    dresser = Dresser(window, _RED)
    window.show()
    assert _ground(window.menuBar()) == "#ff0000"
    for made in (QTabBar(window), QMenu("Own", window), QDialog(window)):
        made.show()
        assert _ground(made) == "#ff0000"
        made.close()
    dresser.change(_BLUE)
    late = QDialog(window)
    late.show()
    assert _ground(late) == "#0000ff"
    qtbot.waitUntil(window.updatesEnabled)
    assert _ground(window.menuBar()) == "#0000ff"


def test_nothing_is_painted_until_all_has_changed(window: MainWindow, qtbot: QtBot) -> None:
    dresser = Dresser(window, _RED)
    dialog = QDialog(window)
    window.show()
    dialog.show()
    dresser.change(_BLUE)
    assert not window.updatesEnabled()
    assert not dialog.updatesEnabled()
    dialog.deleteLater()  # and so is gone before it can be painted
    qtbot.waitUntil(window.updatesEnabled)
    parts = [part for part in window.children() if isinstance(part, QWidget)]
    assert {part.styleSheet() for part in parts} == {_BLUE}


def test_who_holds_the_window_holds_it_on(window: MainWindow, qtbot: QtBot) -> None:
    """While the window is put together, say."""
    dresser = Dresser(window, _RED)
    window.setUpdatesEnabled(False)
    dresser.change(_BLUE)
    qtbot.waitUntil(lambda: window.menuBar().styleSheet() == _BLUE)
    for _ in range(20):
        QApplication.processEvents()
    assert window.statusBar().styleSheet() == _BLUE
    assert not window.updatesEnabled()


class _Sore(QWidget):
    """Fails when it gets its second sheet, once."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._left = 1

    def changeEvent(self, event: QEvent) -> None:
        if event.type() == QEvent.Type.StyleChange and self.styleSheet() == _BLUE and self._left:
            self._left = 0
            raise RuntimeError("sore")


def test_a_part_that_fails_does_not_leave_the_window_unpainted(
    window: MainWindow, qtbot: QtBot
) -> None:
    with qtbot.captureExceptions() as raised:
        dresser = Dresser(window, _RED)
        _Sore(window).show()
        window.show()
        dresser.change(_BLUE)
        qtbot.waitUntil(window.updatesEnabled)
    assert len(raised) == 1
    assert _ground(window.menuBar()) == "#0000ff"


class Paintings(QObject):
    """Counts those of a widget."""

    def __init__(self, widget: QWidget) -> None:
        super().__init__(widget)
        self.count = 0
        widget.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        self.count += event.type() == QEvent.Type.Paint
        return False


def test_what_was_to_be_painted_does_not_hold_the_new_theme_back(drive) -> None:
    """Qt forgets it while a window is not painted, and then asks for no other picture of it."""

    def script(window: MainWindow) -> Steps:
        session = window.session
        yield lambda: session.explanation is not None
        bar, view = Paintings(window.menuBar()), Paintings(window.view)
        window.view.update()
        session.settings.set(THEME, "light")
        assert not window.updatesEnabled()
        bar.count = view.count = 0
        yield lambda: window.updatesEnabled() and bar.count > 0 and view.count > 0
        view.count = 0
        window.view.update()
        yield lambda: view.count > 0

    assert drive(["--sample"], script) == 0
