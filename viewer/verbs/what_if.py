"""Verbs about what is taken out of the image."""

from __future__ import annotations

from dataclasses import replace

from viewer.commands import Context


def find_candidates(context: Context) -> None:
    """Look for markers, borders, padding and background, and turn to where they are listed."""
    context.window.docks.show("what_if")
    context.workbench.what_if.offers.find()


def add_markers(context: Context) -> None:
    """Take every marker that was found out of the image."""
    context.workbench.what_if.offers.add_markers()


def toggle_changes(context: Context) -> None:
    """All changes off, or, if none is on, all on: to see the two answers in turn."""
    audit = context.session.audit
    rows = audit.document.interventions
    on = not any(item.on for item in rows)
    done = replace(audit.document, interventions=tuple(replace(item, on=on) for item in rows))
    audit.change("switch all changes " + ("on" if on else "off"), done)
