"""Lengths, angles and statistics."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from viewer.actions.row import ActionRow, separator
from viewer.commands import Context
from viewer.state.measurement import Measure
from viewer.verbs import measuring


def _with_document(context: Context) -> bool:
    return bool(context.session.audit.image)


def _tool(measure: Measure, text: str, key: str, take: Callable[[Context], None]) -> ActionRow:
    return ActionRow(
        f"tool-{measure}",
        "&Tools",
        text,
        (key,),
        take,
        _with_document,
        checked=partial(measuring.in_hand, measure=measure),
        needs="an open image",
    )


MEASURING: tuple[ActionRow, ...] = (
    separator("&Tools"),
    _tool("length", "Measure a length", "D", measuring.length),
    _tool("angle", "Measure an angle", "A", measuring.angle),
    _tool("rectangle", "Statistics of a rectangle", "Shift+R", measuring.rectangle),
    _tool("ellipse", "Statistics of an ellipse", "Shift+O", measuring.ellipse),
    separator("&Tools"),
    ActionRow(
        "copy-measurements",
        "&Tools",
        "Copy the measurements as text",
        ("Ctrl+Shift+C",),
        measuring.copy_text,
        measuring.has_any,
        needs="a measurement",
    ),
    ActionRow(
        "delete-measurements",
        "&Tools",
        "Delete all measurements",
        (),
        measuring.delete_all,
        measuring.has_any,
        needs="a measurement",
    ),
)
