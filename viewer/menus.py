"""The menus and actions of the window, from the table; every action goes through a command."""

from __future__ import annotations

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QMenu

from viewer.actions import ACTIONS, DYNAMIC
from viewer.actions.help import why_not
from viewer.actions.row import ActionRow, DynamicMenu
from viewer.commands import Context
from viewer.main_window import MainWindow

_AT_THE_CURSOR = (
    *("reset", "fit", "rotate-right", "flip-horizontal", "invert"),
    *("overlay", "contours", "copy", "export-view"),
)


class Menus:
    """Fills the menu bar, whose first names are there already, and keeps the actions."""

    def __init__(self, window: MainWindow, context: Context) -> None:
        self._window, self._context = window, context
        self._actions: list[tuple[ActionRow, QAction]] = []
        self._menus = self._named()
        for row in ACTIONS:
            self._add(row)
        for filled in DYNAMIC:
            self._add_dynamic(filled)
        view = self._menu("&View")
        view.addSeparator()
        for dock in window.docks.all():
            view.addAction(dock.toggleViewAction())
        self.enable()
        self.apply_shortcuts()

    def _named(self) -> dict[str, QMenu]:
        """The menus that are in the bar by now, by their names."""
        found: dict[str, QMenu] = {}
        for action in self._window.menuBar().actions():
            menu = action.menu()
            if isinstance(menu, QMenu):
                found[action.text()] = menu
        return found

    def _add(self, row: ActionRow) -> None:
        menu = self._menu(row.menu)
        if not row.id:
            menu.addSeparator()
            return
        action = QAction(row.text, self._window)
        action.setObjectName(row.id)
        action.setWhatsThis(why_not(action))  # for tooltips of what is off
        action.setCheckable(row.checked is not None)
        action.triggered.connect(lambda checked=False, row=row: self._run(row))
        if row.in_view:
            action.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
            self._window.view.addAction(action)
        else:  # also while the menu bar is not there
            self._window.addAction(action)
        if row.listed:
            menu.addAction(action)
        self._actions.append((row, action))

    def _menu(self, path: str) -> QMenu:
        """The menu at ``"&Image/Turn"``, made where it is missing."""
        found = self._menus.get(path)
        if found is None:
            above, _, text = path.rpartition("/")
            bar = self._window.menuBar()
            found = self._menu(above).addMenu(text) if above else bar.addMenu(text)
            self._menus[path] = found
        return found

    def _add_dynamic(self, row: DynamicMenu) -> None:
        """The actions that stand in the menu by now stay above what is put in."""
        parent, path = self._menu(row.menu), f"{row.menu}/{row.text}"
        menu = self._menus.get(path) or QMenu(row.text, self._window)
        before = self._window.findChild(QAction, row.before) if row.before else None
        if before is not None:
            parent.insertMenu(before, menu)
        elif path not in self._menus:
            parent.addMenu(menu)
        fixed = len(menu.actions())

        def fill() -> None:
            for action in menu.actions()[fixed:]:
                below = action.menu()
                menu.removeAction(action)
                (below or action).deleteLater()
            row.fill(self._context, menu)

        menu.aboutToShow.connect(fill)

    def _run(self, row: ActionRow) -> None:
        if not row.enabled(self._context):  # any more, which is shown with the next event
            self.enable()
            return
        row.command(self._context)
        self.enable()  # what was clicked is checked only if that is so

    @property
    def by_id(self) -> dict[str, QAction]:
        return {row.id: action for row, action in self._actions}

    def enable(self) -> None:
        """What can be used by now, what is on, and what would be undone."""
        audit = self._context.session.audit
        for row, action in self._actions:
            action.setEnabled(row.enabled(self._context))
            if row.checked is not None:
                action.setChecked(row.checked(self._context))
            if row.id in ("undo", "redo"):
                what = audit.undo_text if row.id == "undo" else audit.redo_text
                action.setText(f"{row.text}: {what}" if what else row.text)

    def apply_shortcuts(self) -> None:
        """Every action gets the keys that the user has for it."""
        shortcuts = self._context.session.shortcuts
        keys = shortcuts.resolved([row.bindable for row, _ in self._actions])
        for row, action in self._actions:
            action.setShortcuts([QKeySequence(key) for key in keys[row.id]])

    def show_at(self, at: QPointF) -> None:
        """The few that are wanted at the cursor; ``at`` on the screen."""
        menu = QMenu(self._window)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.addActions([action for row, action in self._actions if row.id in _AT_THE_CURSOR])
        menu.addSeparator()
        menu.addAction(self._menus["&Image/Window"].menuAction())  # it is not this menu's own
        menu.popup(at.toPoint())
