"""Every action as a row: id, menu, text, shortcut, command, and when it can be used."""

from __future__ import annotations

from viewer import commands
from viewer.action_row import ActionRow, separator, with_image, with_layers, with_series
from viewer.audit_actions import AUDIT, EDIT, SHOWING
from viewer.commands import Context
from viewer.dialogs import texts
from viewer.verbs import export


def _show_help(context: Context) -> None:
    """Every row of the table below, to read."""
    rows = [(row.menu.replace("&", ""), row.text, row.shortcuts) for row in ACTIONS if row.id]
    texts.show(context.window, "Keys and gestures", texts.help_text(rows))


ACTIONS: tuple[ActionRow, ...] = (
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
    *EDIT,
    ActionRow("fit", "&Image", "Fit to the window", ("F",), commands.fit, with_image),
    ActionRow("one-to-one", "&Image", "One to one", ("Ctrl+1",), commands.one_to_one, with_image),
    ActionRow("zoom-in", "&Image", "Zoom in", ("+", "="), commands.zoom_in, with_image),
    ActionRow("zoom-out", "&Image", "Zoom out", ("-",), commands.zoom_out, with_image),
    separator("&Image"),
    ActionRow("window-1", "&Image", "Window of the file", ("1",), commands.file_window, with_image),
    ActionRow("window-0", "&Image", "Auto window", ("0",), commands.auto_window, with_image),
    ActionRow("invert", "&Image", "Invert", ("N",), commands.invert, with_image),
    ActionRow("reset", "&Image", "Reset the display", ("Esc",), commands.reset, with_image),
    separator("&Image"),
    ActionRow(
        "next-image",
        "&Image",
        "Next image",
        ("Down", "Right"),
        commands.next_image,
        with_series,
        in_view=True,
    ),
    ActionRow(
        "previous-image",
        "&Image",
        "Previous image",
        ("Up", "Left"),
        commands.previous_image,
        with_series,
        in_view=True,
    ),
    ActionRow(
        "next-series", "&Image", "Next series", ("PgDown",), commands.next_series, with_series
    ),
    ActionRow(
        "previous-series",
        "&Image",
        "Previous series",
        ("PgUp",),
        commands.previous_series,
        with_series,
    ),
    ActionRow("next-layer", "&Overlay", "Next layer", ("]",), commands.next_layer, with_layers),
    ActionRow(
        "previous-layer",
        "&Overlay",
        "Previous layer",
        ("[",),
        commands.previous_layer,
        with_layers,
    ),
    ActionRow("next-class", "&Overlay", "Next class", ("}",), commands.next_class, with_layers),
    ActionRow(
        "previous-class",
        "&Overlay",
        "Previous class",
        ("{",),
        commands.previous_class,
        with_layers,
    ),
    separator("&Overlay"),
    ActionRow("overlay", "&Overlay", "Overlay on or off", ("V",), commands.toggle_overlay),
    ActionRow("contours", "&Overlay", "Contours on or off", ("O",), commands.toggle_contours),
    ActionRow("fill", "&Overlay", "Colour on or off", ("K",), commands.toggle_fill),
    ActionRow(
        "range", "&Overlay", "One range for all layers on or off", ("R",), commands.toggle_range
    ),
    *SHOWING,
    *AUDIT,
    ActionRow("corner-text", "&View", "Corner text on or off", ("I",), commands.toggle_corner_text),
    ActionRow("planes", "&View", "Graphics of the file on or off", ("G",), commands.toggle_planes),
    ActionRow(
        "identity", "&View", "Identity shown or hidden", ("Ctrl+I",), commands.toggle_identity
    ),
    ActionRow("full-screen", "&View", "Full screen", ("F11",), commands.full_screen),
    ActionRow("help", "&Help", "Keys and gestures", ("F1", "H"), _show_help),
    ActionRow("model-card", "&Help", "Model card", ("M",), commands.show_model_card),
    ActionRow("about", "&Help", "About", (), commands.show_about),
)
