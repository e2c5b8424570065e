"""What the left mouse button does, and how the picture is turned."""

from __future__ import annotations

from viewer.actions.row import ActionRow, with_image
from viewer.verbs import draw

TOOLS: tuple[ActionRow, ...] = (
    ActionRow("tool-window", "&Tools", "Window and level", ("W",), draw.put_down, with_image),
)
