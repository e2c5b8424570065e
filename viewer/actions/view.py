"""What of the window is shown, and where."""

from __future__ import annotations

from viewer import commands
from viewer.actions.row import ActionRow, separator
from viewer.verbs import screens

VIEW: tuple[ActionRow, ...] = (
    ActionRow(
        "corner-text",
        "&View",
        "Corner text",
        ("I",),
        commands.toggle_corner_text,
        checked=lambda context: context.session.corner_text,
    ),
    ActionRow(
        "planes",
        "&View",
        "Graphics of the file",
        ("G",),
        commands.toggle_planes,
        checked=lambda context: context.session.planes_shown,
    ),
    ActionRow(
        "identity",
        "&View",
        "Identity of the patient",
        ("Ctrl+I",),
        commands.toggle_identity,
        checked=lambda context: context.session.identity_shown,
    ),
    separator("&View"),
    ActionRow(
        "full-screen",
        "&View",
        "Full screen",
        ("F11",),
        screens.full_screen,
        checked=screens.is_full_screen,
    ),
    ActionRow(
        "picture-alone",
        "&View",
        "Image alone on the screen",
        ("Shift+F11",),
        screens.picture_alone,
        checked=screens.is_picture_alone,
    ),
    ActionRow(
        "next-screen",
        "&View",
        "Move to the next screen",
        ("Ctrl+F11",),
        screens.next_screen,
        screens.on_several_screens,
        needs="a second screen",
    ),
    separator("&View"),
    ActionRow("panels", "&View", "Hide or show all panels", ("F9",), screens.toggle_panels),
    ActionRow(
        "toolbar",
        "&View",
        "Toolbar",
        (),
        screens.toggle_toolbar,
        checked=screens.has_toolbar,
    ),
    ActionRow("reset-layout", "&View", "Reset the layout", (), screens.reset_layout),
)
