"""Windows: the values that are shown from black to white."""

from __future__ import annotations

from viewer import commands
from viewer.actions.row import ActionRow, with_image

WINDOWS: tuple[ActionRow, ...] = (
    ActionRow("window-1", "&Image", "Window of the file", ("1",), commands.file_window, with_image),
    ActionRow("window-0", "&Image", "Auto window", ("0",), commands.auto_window, with_image),
    ActionRow("invert", "&Image", "Invert", ("N",), commands.invert, with_image),
)
