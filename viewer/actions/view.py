"""What of the window is shown."""

from __future__ import annotations

from viewer import commands
from viewer.actions.row import ActionRow

VIEW: tuple[ActionRow, ...] = (
    ActionRow("corner-text", "&View", "Corner text on or off", ("I",), commands.toggle_corner_text),
    ActionRow("planes", "&View", "Graphics of the file on or off", ("G",), commands.toggle_planes),
    ActionRow(
        "identity", "&View", "Identity shown or hidden", ("Ctrl+I",), commands.toggle_identity
    ),
    ActionRow("full-screen", "&View", "Full screen", ("F11",), commands.full_screen),
)
