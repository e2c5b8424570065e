"""Zoom, and the display as it was."""

from __future__ import annotations

from viewer import commands
from viewer.actions.row import ActionRow, separator, with_image

IMAGE: tuple[ActionRow, ...] = (
    ActionRow("fit", "&Image", "Fit to the window", ("F",), commands.fit, with_image),
    ActionRow("one-to-one", "&Image", "One to one", ("Ctrl+1",), commands.one_to_one, with_image),
    ActionRow("zoom-in", "&Image", "Zoom in", ("+", "="), commands.zoom_in, with_image),
    ActionRow("zoom-out", "&Image", "Zoom out", ("-",), commands.zoom_out, with_image),
    separator("&Image"),
    ActionRow("reset", "&Image", "Reset the display", ("Esc",), commands.reset, with_image),
)
