"""Putting another answer beside the main picture, and taking it away again."""

from __future__ import annotations

from viewer.commands import Context
from viewer.state.others import Other


def toggle_compare_untrained(context: Context) -> None:
    """A network of the same shape that never learnt anything."""
    _toggle(context, Other("untrained"))


def toggle_compare_other_model(context: Context) -> None:
    """The shallow network beside any other, the deep one beside the shallow."""
    _toggle(context, Other("model", "deep" if context.session.model == "shallow" else "shallow"))


def toggle_compare_edited(context: Context) -> None:
    """The image with the interventions that are on."""
    _toggle(context, Other("edited"))


def toggle_difference(context: Context) -> None:
    """A third picture with what each of the two has more than the other."""
    comparing = context.workbench.comparing
    if comparing.other is None:
        context.session.say("Choose what to compare with first, in the Compare panel.")
        return
    comparing.set_difference(not comparing.difference)


def stop_comparing(context: Context) -> None:
    context.workbench.comparing.set_other(None)


def _toggle(context: Context, other: Other) -> None:
    comparing = context.workbench.comparing
    comparing.set_other(None if comparing.other == other else other)
