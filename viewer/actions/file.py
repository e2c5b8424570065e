"""Opening, exporting, leaving."""

from __future__ import annotations

from PySide6.QtWidgets import QMenu

from viewer import commands
from viewer.actions.row import ActionRow, DynamicMenu, separator, with_image
from viewer.commands import Context
from viewer.state.recents import forget_recents, read_recents
from viewer.verbs import export


def _fill_recents(context: Context, menu: QMenu) -> None:
    """What was opened lately."""
    for recent in read_recents():
        action = menu.addAction(recent.title.replace("&", "&&"))
        action.triggered.connect(
            lambda checked=False, recent=recent: commands.open_recent(context, recent)
        )
    if menu.isEmpty():
        menu.addAction("nothing yet").setEnabled(False)
        return
    menu.addSeparator()
    menu.addAction("Forget these").triggered.connect(lambda: forget_recents())


RECENTS = DynamicMenu("&File", "Open recent", _fill_recents, before="open-sample")

FILE: tuple[ActionRow, ...] = (
    ActionRow("open-file", "&File", "Open files …", ("Ctrl+O",), commands.open_files),
    ActionRow("open-folder", "&File", "Open a folder …", ("Ctrl+Shift+O",), commands.open_folder),
    ActionRow("open-sample", "&File", "Open the sample study", ("Ctrl+D",), commands.open_sample),
    ActionRow(
        "stop-reading",
        "&File",
        "Stop reading",
        (),
        commands.stop_reading,
        lambda context: context.session.reading is not None,
    ),
    separator("&File"),
    ActionRow(
        "export",
        "&File",
        "Export pictures, a report or numbers …",
        ("Ctrl+P",),
        export.show_export,
        with_image,
    ),
    ActionRow(
        "export-view",
        "&File",
        "Export this view …",
        ("P", "Ctrl+E"),
        export.export_view,
        with_image,
    ),
    ActionRow(
        "export-full",
        "&File",
        "Export at full resolution …",
        ("Ctrl+Shift+E",),
        export.export_full,
        with_image,
    ),
    ActionRow(
        "identity-export",
        "&File",
        "Identity in exports on or off",
        (),
        export.toggle_identity_export,
    ),
    ActionRow("copy", "&File", "Copy this view", ("Ctrl+C",), export.copy_view, with_image),
    separator("&File"),
    ActionRow("quit", "&File", "Quit", ("Ctrl+Q",), commands.leave),
)
