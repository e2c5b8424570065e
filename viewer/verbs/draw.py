"""Tools in hand, undo, and the curtain."""

from __future__ import annotations

from engine.shapes import Kind
from viewer.commands import Context
from viewer.state.audit import Purpose, Tool

_HOW = {
    "box": "Drag a box",
    "polygon": "Click the corners; a double click or Enter closes it, Backspace takes one back",
    "stroke": "Paint over it",
    "point": "Click the place",
}
_WHAT = {
    "landmark": "to draw a landmark",
    "erase": "to take it out of the image",
}


def _take(context: Context, purpose: Purpose, kind: Kind) -> None:
    """Take a tool, or put it down if it is in hand."""
    audit = context.session.audit
    if (audit.tool.purpose, audit.tool.kind) == (purpose, kind):
        put_down(context)
        return
    audit.set_tool(Tool(purpose, kind))
    context.session.say(f"{_HOW[kind]} {_WHAT[purpose]}. Esc puts the tool down.")
    context.view.setFocus()


def put_down(context: Context) -> None:
    """The left button windows again."""
    context.session.audit.set_tool(Tool())
    context.session.say("")


def landmark_box(context: Context) -> None:
    _take(context, "landmark", "box")


def landmark_polygon(context: Context) -> None:
    _take(context, "landmark", "polygon")


def landmark_point(context: Context) -> None:
    _take(context, "landmark", "point")


def erase_brush(context: Context) -> None:
    _take(context, "erase", "stroke")


def erase_box(context: Context) -> None:
    _take(context, "erase", "box")


def undo(context: Context) -> None:
    context.session.audit.undo()


def redo(context: Context) -> None:
    context.session.audit.redo()


def delete_selected(context: Context) -> None:
    audit = context.session.audit
    if audit.selected:
        audit.remove(audit.selected)


def toggle_curtain(context: Context) -> None:
    """Bare scan at the left, overlay at the right, with a line to drag between them."""
    session = context.session
    on = session.curtain is None
    session.set_curtain(0.5 if on else None)
    if on:
        session.change_style(visible=True)
