"""The way into and out of asking about a region: what both lists of kernels offer."""

from __future__ import annotations

from engine.presets import DEFAULT_PRESET, PRESETS
from viewer.panels.notice import Notice
from viewer.state.audit import Tool
from viewer.state.following import Following
from viewer.state.session import Session

REGION = Tool("ask", "box")


def draw_region(session: Session) -> None:
    """Take up the tool that draws a region to ask about."""
    session.audit.set_tool(REGION)


def offer_way_out(notice: Notice, search: Following) -> None:
    """Say why there is no answer. Regions can be asked about with linear rules alone, so with
    another method the way out is the usual one; else it is to ask again."""
    session = search.session
    usual = PRESETS[DEFAULT_PRESET]
    if session.audit.region is None or session.method == usual:
        notice.say(search.refusal, "Ask again", search.ask_again)
        return
    notice.say(
        search.refusal,
        f"Ask with {DEFAULT_PRESET}",
        lambda: session.set_method(usual),
        f"Sets the method of all maps to {DEFAULT_PRESET}",
    )
