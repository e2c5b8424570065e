"""Verbs about how a response is shown."""

from __future__ import annotations

from viewer.commands import Context


def jump_to_maximum(context: Context) -> None:
    """Bring the strongest point of what is shown into the middle, and mark it."""
    session = context.session
    session.change_style(visible=True, mark_maximum=True)
    peak = session.strongest
    if peak is None:
        session.say("There is no response to jump to in what is shown.")
    else:
        context.view.centre_on(*peak)


def toggle_grid(context: Context) -> None:
    session = context.session
    session.change_style(visible=True, grid=not session.style.grid)


def toggle_signed(context: Context) -> None:
    session = context.session
    session.change_style(signed=not session.style.signed)


def toggle_classes(context: Context) -> None:
    """The chosen layer, or which class dominates where."""
    session = context.session
    wanted = "layer" if session.style.shows == "classes" else "classes"
    session.change_style(visible=True, shows=wanted)
