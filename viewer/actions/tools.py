"""What the left mouse button does, and how the picture is turned."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from viewer.actions.row import ActionRow, with_image
from viewer.commands import Context
from viewer.state.audit import Purpose
from viewer.verbs import viewing

_TURN = "&Image/Turn"


def _tool(purpose: Purpose, text: str, key: str, take: Callable[[Context], None]) -> ActionRow:
    return ActionRow(
        f"tool-{purpose}",
        "&Tools",
        text,
        (key,),
        take,
        with_image,
        checked=partial(viewing.in_hand, purpose),
    )


TOOLS: tuple[ActionRow, ...] = (
    _tool("window", "Window and level", "W", viewing.take_window),
    _tool("scroll", "Scroll through the images", "S", viewing.take_scroll),
    _tool("zoom", "Zoom", "Z", viewing.take_zoom),
    _tool("pan", "Pan", "T", viewing.take_pan),
    _tool("magnify", "Magnifier", "Shift+Z", viewing.toggle_magnifier),
    ActionRow("rotate-right", _TURN, "90° right", ("Ctrl+R",), viewing.rotate_right, with_image),
    ActionRow("rotate-left", _TURN, "90° left", ("Ctrl+L",), viewing.rotate_left, with_image),
    ActionRow(
        "flip-horizontal",
        _TURN,
        "Mirror left to right",
        ("Ctrl+H",),
        viewing.flip_horizontally,
        with_image,
    ),
    ActionRow(
        "flip-vertical",
        _TURN,
        "Mirror top to bottom",
        ("Ctrl+Shift+H",),
        viewing.flip_vertically,
        with_image,
    ),
    ActionRow(
        "turn-back",
        _TURN,
        "Back to how it was taken",
        ("Ctrl+Shift+R",),
        viewing.turn_back,
        viewing.is_turned,
        needs="a picture that is turned or mirrored",
    ),
)
