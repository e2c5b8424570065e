"""The toolbar: which actions have a button, and with which icon."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from PySide6.QtCore import QEvent, QObject, QSize, Qt
from PySide6.QtGui import QAction, QKeyEvent, QKeySequence
from PySide6.QtWidgets import QMenu, QToolBar, QToolButton, QWidget

from viewer import icons, palette

SIDE = 20  # logical pixels of an icon
_AROUND, _HEIGHT = 2, 38  # logical pixels around the buttons, and of the whole
GROUPS: tuple[tuple[tuple[str, str], ...], ...] = (
    (("open-folder", "open"), ("open-file", "files")),
    (
        ("tool-window", "window"),
        ("tool-scroll", "scroll"),
        ("tool-zoom", "zoom"),
        ("tool-pan", "pan"),
        ("tool-magnify", "magnify"),
    ),
    (
        ("tool-length", "length"),
        ("tool-angle", "angle"),
        ("tool-rectangle", "rectangle"),
        ("tool-ellipse", "ellipse"),
    ),
    (
        ("rotate-left", "rotate-left"),
        ("rotate-right", "rotate-right"),
        ("flip-horizontal", "flip-horizontal"),
        ("flip-vertical", "flip-vertical"),
        ("invert", "invert"),
        ("fit", "fit"),
        ("one-to-one", "one-to-one"),
        ("true-size", "true-size"),
    ),
    (
        ("overlay", "overlay"),
        ("contours", "contours"),
        ("fill", "fill"),
        ("curtain", "curtain"),
        ("compare-learnt", "compare"),
    ),
    (("key-image", "key-image"), ("cine", "cine")),
    (("undo", "undo"), ("redo", "redo")),
    (("export", "export"),),
)
"""The buttons from left to right, as (id of an action, name of an icon), a line between groups."""


class Toolbar(QToolBar):
    """One stop for the Tab key; the arrows, Home and End lead from button to button."""

    def __init__(self, actions: Mapping[str, QAction], parent: QWidget | None = None) -> None:
        super().__init__("Toolbar", parent)
        self.setObjectName("toolbar")
        self.setAccessibleName("Toolbar")
        self.setMovable(False)
        self.setFloatable(False)
        self.setIconSize(QSize(SIDE, SIDE))
        self.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonIconOnly)
        self.setMinimumHeight(_HEIGHT)
        self._rest = self._more()
        self._icons: list[tuple[QAction, str]] = []
        for number, group in enumerate(GROUPS):
            if number:
                self.addSeparator()
            for name, drawing in group:
                self._add(actions[name], drawing)
        self._dressed = ("", 0.0)
        palette.themes.changed.connect(self.dress)

    def _more(self) -> QToolButton | None:
        """Qt's narrow button for what has no room, with nothing around its drawing."""
        found = self.findChild(QToolButton, "qt_toolbar_ext_button")
        if isinstance(found, QToolButton):
            found.setToolTip("More buttons")
            found.setAccessibleName("More buttons")
            found.installEventFilter(self)
            found.setStyleSheet("QToolButton { padding: 0; margin: 0; border-radius: 2px; }")
            return found
        return None

    def _add(self, action: QAction, drawing: str) -> None:
        action.setIconVisibleInMenu(False)
        self.addAction(action)
        self._icons.append((action, drawing))
        self.widgetForAction(action).installEventFilter(self)
        action.changed.connect(lambda: self._describe(action))
        self._describe(action)

    def buttons(self) -> list[QToolButton]:
        """From left to right; the last one leads to those that have no room."""
        found = [self.widgetForAction(action) for action, _ in self._icons]
        return [one for one in (*found, self._rest) if isinstance(one, QToolButton)]

    def _describe(self, action: QAction) -> None:
        """What it does and its keys, to read and to hear."""
        button = self.widgetForAction(action)
        if not isinstance(button, QToolButton):
            return
        button.setToolTip(tip(action))
        button.setAccessibleName(name_of(action))
        if self.isVisible():
            self._keep_a_stop()

    def dress(self) -> None:
        """The icons, in the colours of the theme and the pixels of the screen."""
        wanted = palette.theme(), self.devicePixelRatioF()
        if wanted == self._dressed:
            return
        self._dressed = wanted
        for action, drawing in self._icons:
            action.setIcon(icons.icon(drawing, SIDE, wanted[1]))
        if self._rest is not None:
            self._rest.setIcon(icons.icon("more", SIDE, wanted[1]))

    def _tighten(self) -> None:
        """A style puts more around the buttons than they need, anew with each of its sheets."""
        layout = self.layout()
        if layout is not None:
            layout.setContentsMargins(_AROUND, _AROUND, _AROUND, _AROUND)

    def event(self, event: QEvent) -> bool:
        done = super().event(event)
        if event.type() in (QEvent.Type.StyleChange, QEvent.Type.Polish):
            self._tighten()
        if event.type() in (QEvent.Type.DevicePixelRatioChange, QEvent.Type.Show):
            self.dress()
        if event.type() in (QEvent.Type.Show, QEvent.Type.Resize, QEvent.Type.LayoutRequest):
            self._keep_a_stop()  # others may have no room now
        return done

    # the keyboard
    def _usable(self) -> list[QToolButton]:
        """Buttons that can have the focus, however far the window is built."""
        return [one for one in self.buttons() if one.isEnabled() and not one.isHidden()]

    def _keep_a_stop(self) -> None:
        usable = self._usable()
        stops = [one for one in usable if one.focusPolicy() & Qt.FocusPolicy.TabFocus]
        if usable and len(stops) != 1:
            self._stop_at(usable[0])

    def _stop_at(self, stop: QToolButton) -> None:
        for one in self.buttons():
            policy = Qt.FocusPolicy.TabFocus if one is stop else Qt.FocusPolicy.NoFocus
            one.setFocusPolicy(policy)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """The arrows before the buttons get them, which would take them for Tab."""
        if event.type() == QEvent.Type.KeyPress and isinstance(event, QKeyEvent):
            return self._go(Qt.Key(event.key()), self._usable())
        return False

    def _go(self, key: Qt.Key, usable: Sequence[QToolButton]) -> bool:
        """Whether the key led to another button."""
        focus = self.focusWidget()
        at = usable.index(focus) if isinstance(focus, QToolButton) and focus in usable else 0
        going = {
            Qt.Key.Key_Left: at - 1,
            Qt.Key.Key_Right: at + 1,
            Qt.Key.Key_Home: 0,
            Qt.Key.Key_End: -1,
        }.get(key)
        if going is None or not usable:
            return False
        to = usable[going % len(usable)]
        self._stop_at(to)
        to.setFocus(Qt.FocusReason.TabFocusReason)
        return True


def tip(action: QAction) -> str:
    """``Turn: 90° right  (Ctrl+R)``: what a button does, and its keys; one that can do nothing says
    what is missing."""
    keys = [one.toString(QKeySequence.SequenceFormat.NativeText) for one in action.shortcuts()]
    lines = [name_of(action) + (f"  ({', '.join(keys)})" if keys else "")]
    if not action.isEnabled() and action.whatsThis():
        lines.append(f"{action.whatsThis().capitalize()}.")
    return "\n".join(lines)


def name_of(action: QAction) -> str:
    """Its text, after the name of the menu in a menu that it stands in: ``Turn: 90° right``."""
    for menu in action.associatedObjects():
        if isinstance(menu, QMenu) and isinstance(menu.parent(), QMenu):
            return f"{menu.title().replace('&', '')}: {action.toolTip()}"
    return action.toolTip()
