"""Everything that can be used by mouse is reached by Tab, and is seen to have the keyboard then."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray
from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QTabBar, QToolBar, QWidget

from tests.viewer.conftest import Steps
from viewer.dialogs.help import HelpDialog
from viewer.dialogs.preferences import Preferences
from viewer.main_window import MainWindow
from viewer.state.settings import THEME
from viewer.state.shortcuts import Bindable, Shortcuts

pytestmark = pytest.mark.usefixtures("dark_again")
_PANELS = ("response", "kernels", "landmarks", "what_if", "compare", "review")
_MOST = 200  # presses of Tab
_RATIO, _PIXELS = 3.0, 40  # WCAG 2.2, 2.4.13: the change of contrast, and how much must change


def _name(widget: QWidget) -> str:
    text = getattr(widget, "text", str)
    return f"{type(widget).__name__} {widget.accessibleName() or text()} {widget.objectName()}"


def _usable(top: QWidget) -> list[QWidget]:
    """What the mouse can use now. Of a toolbar's buttons one is reached by Tab, the others from it
    by the arrow keys."""
    return [
        widget
        for widget in top.findChildren(QWidget)
        if widget.focusPolicy() & Qt.FocusPolicy.TabFocus
        and widget.isVisibleTo(top)
        and widget.isEnabled()
        and widget.window() is top
        and widget.focusProxy() is None
        and not isinstance(widget.parentWidget(), QToolBar)
    ]


def _round(start: QWidget) -> list[QWidget]:
    """Where Tab leads, until it comes back to where it was."""
    start.setFocus(Qt.FocusReason.TabFocusReason)
    seen: list[QWidget] = []
    for _ in range(_MOST):
        here = QApplication.focusWidget()
        assert here is not None
        if here in seen:
            return seen
        seen.append(here)
        QTest.keyClick(here, Qt.Key.Key_Tab)
    pytest.fail(f"Tab does not come back; it ends at {_name(seen[-1])}")


def _painted(widget: QWidget) -> NDArray[np.float64]:
    """What is seen of a widget and two pixels around it: luminance (height, width), 0…1."""
    box = widget.rect().adjusted(-2, -2, 2, 2)
    place = QRect(widget.mapTo(widget.window(), box.topLeft()), box.size())
    image = widget.window().grab(place).toImage().convertToFormat(QImage.Format.Format_RGB32)
    pixels = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), -1, 4)
    values = pixels[..., 2::-1].copy() / 255
    linear = np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)
    return np.asarray(linear @ np.array([0.2126, 0.7152, 0.0722]))


def _ring(widget: QWidget) -> int:
    """How many pixels clearly change when a widget has the keyboard; it has it before and after."""
    on = _painted(widget)
    widget.clearFocus()
    off = _painted(widget)
    widget.setFocus(Qt.FocusReason.TabFocusReason)
    ratio = (np.maximum(on, off) + 0.05) / (np.minimum(on, off) + 0.05)
    return int((ratio >= _RATIO).sum())


def _without_a_ring(widgets: Sequence[QWidget]) -> list[str]:
    poor = []
    for widget in widgets:
        if widget.visibleRegion().isEmpty():
            continue
        widget.setFocus(Qt.FocusReason.TabFocusReason)
        if _ring(widget) < _PIXELS and not _is_left_over(widget):
            poor.append(_name(widget))
    return poor


def _is_left_over(widget: QWidget) -> bool:
    """Qt keeps tab bars that it needs no more beneath others, where nothing is seen of them."""
    if not isinstance(widget, QTabBar):
        return False
    middle = widget.mapTo(widget.window(), widget.rect().center())
    top = widget.window().childAt(middle)
    return top is not widget


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_tab_leads_to_everything_in_the_window_and_the_ring_is_seen(drive, theme: str) -> None:
    told: list[str] = []
    checked: set[QWidget] = set()

    def script(window: MainWindow) -> Steps:
        yield lambda: window.session.explanation is not None
        window.session.settings.set(THEME, theme)
        window.activateWindow()
        yield lambda: window.isActiveWindow() and window.updatesEnabled()  # in the theme, wholly
        for name in _PANELS:
            window.docks.show(name)
            for _ in range(5):
                yield lambda: True
            seen = _round(window.view)
            missing = [_name(one) for one in _usable(window) if one not in seen]
            assert missing == [], f"with {name} in front"
            # the picture is where keys act at first: it has no ring of its own
            new = [one for one in seen if one not in checked and one is not window.view]
            checked.update(new)
            assert _without_a_ring(new) == [], f"with {name} in front"
            told.append(name)

    assert drive(["--sample"], script) == 0
    assert told == list(_PANELS)


def _rows() -> list[Bindable]:
    return [Bindable(f"a{n}", "Image", f"Action {n}", (f"Ctrl+F{n}",)) for n in range(1, 10)]


@pytest.mark.parametrize("page", ["Appearance", "Reading", "Privacy", "Keys"])
def test_tab_goes_through_the_preferences_from_top_to_bottom(drive, page: str) -> None:
    def script(window: MainWindow) -> Steps:
        session = window.session
        dialog = Preferences(session.settings, session.shortcuts, _rows(), window)
        dialog.show_page(page)
        dialog.show()
        dialog.activateWindow()
        yield lambda: dialog.isActiveWindow()
        seen = _round(dialog.search)
        assert [_name(one) for one in _usable(dialog) if one not in seen] == []
        assert _without_a_ring(seen) == []
        inside = [one for one in seen if dialog.stack.currentWidget().isAncestorOf(one)]
        places = [one.mapTo(dialog, one.rect().topLeft()).y() for one in inside]
        assert places == sorted(places) or page == "Keys"
        assert seen[:2] == [dialog.search, dialog.groups]
        dialog.close()

    assert drive([], script) == 0


def test_tab_goes_through_the_help(drive) -> None:
    def script(window: MainWindow) -> Steps:
        dialog = HelpDialog(Shortcuts(window), _rows(), window)
        dialog.show()
        dialog.activateWindow()
        yield lambda: dialog.isActiveWindow()
        seen = _round(dialog.search)
        assert seen == [dialog.search, dialog.lines, dialog.change, dialog.close_button]
        assert _without_a_ring(seen) == []
        dialog.close()

    assert drive([], script) == 0
