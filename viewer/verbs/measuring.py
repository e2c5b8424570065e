"""Verbs for lengths, angles and regions."""

from __future__ import annotations

from PySide6.QtWidgets import QApplication

from viewer.commands import Context
from viewer.state.audit import Tool
from viewer.state.measured import read
from viewer.state.measurement import Measure
from viewer.state.words import several
from viewer.verbs import draw

_HOW: dict[Measure, str] = {
    "length": "Drag from one end to the other, or click both",
    "angle": "Click the end of one leg, the vertex and the end of the other leg, or drag the "
    "first leg",
    "rectangle": "Drag from one corner to the opposite one",
    "ellipse": "Drag from one corner of the box around it to the opposite one",
}


def _take(context: Context, measure: Measure) -> None:
    """Take a tool, or put it down if it is in hand."""
    audit = context.session.audit
    if in_hand(context, measure):
        draw.put_down(context)
        return
    audit.set_tool(Tool("measure", measure=measure))
    context.session.say(f"{_HOW[measure]}. With Shift the tool stays in hand; Esc puts it down.")
    context.view.setFocus()


def in_hand(context: Context, measure: Measure) -> bool:
    tool = context.session.audit.tool
    return (tool.purpose, tool.measure) == ("measure", measure)


def length(context: Context) -> None:
    _take(context, "length")


def angle(context: Context) -> None:
    _take(context, "angle")


def rectangle(context: Context) -> None:
    _take(context, "rectangle")


def ellipse(context: Context) -> None:
    _take(context, "ellipse")


def has_any(context: Context) -> bool:
    return bool(context.session.audit.document.measurements)


def delete_all(context: Context) -> None:
    context.session.audit.clear_measurements()


def copy_text(context: Context) -> None:
    """Every measurement of the image, a line each, to the clipboard."""
    opened, audit = context.session.open, context.session.audit
    if opened is None:
        return
    frame, rows = opened.pyramid.source, audit.document.measurements
    lines = [read(item, frame, audit.measured).text for item in rows]
    QApplication.clipboard().setText("\n".join(lines))
    context.session.say(f"Copied {several(len(lines), 'measurement')} as text.")
