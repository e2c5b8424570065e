"""Help, the preferences, and the way to every command by its name."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtGui import QAction
from PySide6.QtWidgets import QDialog

from viewer import commands
from viewer.actions.row import ActionRow, separator, with_image, with_layers, with_series
from viewer.commands import Context
from viewer.state.shortcuts import Bindable

_NEEDS: dict[Callable[[Context], bool], str] = {
    with_image: "needs an open image",
    with_series: "needs an open series",
    with_layers: "needs the maps of an image",
}
_NOT_NOW = "not possible just now"


def _rows() -> list[ActionRow]:
    """Every row of the table that is an action."""
    from viewer.actions import ACTIONS  # the table holds these rows, too

    return [row for row in ACTIONS if row.id]


def _bindable() -> list[Bindable]:
    return [row.bindable for row in _rows()]


def _bring_up(dialog: QDialog) -> None:
    if dialog.isVisible():
        dialog.raise_()
    dialog.show()
    dialog.activateWindow()


def _show_help(context: Context) -> None:
    """Every key and gesture, to read; a help that is open already comes up."""
    from viewer.dialogs.help import HelpDialog  # not at the start

    dialog = context.window.findChild(HelpDialog)
    if dialog is None:
        dialog = HelpDialog(context.session.shortcuts, _bindable(), context.window)
        dialog.keysAsked.connect(lambda: _show_keys(context))
    _bring_up(dialog)


def _preferences(context: Context, page: str) -> None:
    """Open the preferences, or bring them up; at a page if one is named."""
    from viewer.dialogs.preferences import Preferences  # not at the start

    session = context.session
    dialog = context.window.findChild(Preferences)
    if dialog is None:
        dialog = Preferences(session.settings, session.shortcuts, _bindable(), context.window)
    if page:
        dialog.show_page(page)
    _bring_up(dialog)


def _show_preferences(context: Context) -> None:
    _preferences(context, "")


def _show_keys(context: Context) -> None:
    from viewer.dialogs.preferences import KEYS

    _preferences(context, KEYS)


def why_not(action: QAction) -> str:
    """Why an action that is off cannot be used."""
    for row in _rows():
        if row.id == action.objectName():
            default = _NEEDS.get(row.enabled, _NOT_NOW)
            return f"needs {row.needs}" if row.needs else default
    return _NOT_NOW


def _find_command(context: Context) -> None:
    """A field to type into: commands by their names, run with Enter."""
    from viewer.dialogs import find  # not at the start

    every = find.commands(context.window.menuBar(), why_not)
    find.FindCommand(every, context.window).show()


HELP: tuple[ActionRow, ...] = (
    separator("&Edit"),
    ActionRow("preferences", "&Edit", "Preferences …", ("Ctrl+,",), _show_preferences),
    ActionRow("find-command", "&Help", "Find a command …", ("Ctrl+Shift+P",), _find_command),
    ActionRow("help", "&Help", "Keys and gestures", ("F1", "H"), _show_help),
    ActionRow("keys", "&Help", "Change keys …", (), _show_keys),
    separator("&Help"),
    ActionRow("model-card", "&Help", "Model card", ("M",), commands.show_model_card),
    ActionRow("about", "&Help", "About", (), commands.show_about),
)
