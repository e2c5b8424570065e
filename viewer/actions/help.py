"""Help."""

from __future__ import annotations

from viewer import commands
from viewer.actions.row import ActionRow
from viewer.commands import Context
from viewer.dialogs import texts


def _show_help(context: Context) -> None:
    """Every row of the table, to read."""
    from viewer.actions import ACTIONS

    rows = [(row.menu.replace("&", ""), row.text, row.shortcuts) for row in ACTIONS if row.id]
    texts.show(context.window, "Keys and gestures", texts.help_text(rows))


HELP: tuple[ActionRow, ...] = (
    ActionRow("help", "&Help", "Keys and gestures", ("F1", "H"), _show_help),
    ActionRow("model-card", "&Help", "Model card", ("M",), commands.show_model_card),
    ActionRow("about", "&Help", "About", (), commands.show_about),
)
