"""Which scenes the viewport shows: the main one, those beside it, or one of them alone."""

from __future__ import annotations

from dataclasses import replace

from viewer.canvas.compose import beside, scene_of
from viewer.canvas.framing import Framing
from viewer.canvas.scene import Scene, window_text
from viewer.state.session import Session


def main_scene(session: Session, framing: Framing) -> Scene | None:
    """The main scene as it stands, with the zoom and the value under the cursor."""
    return scene_of(
        session,
        framing.scale * framing.ratio,
        session.cursor,
        zoom_kind=framing.kind,
        alone=framing.alone is not None,
    )


def scenes(session: Session, framing: Framing) -> tuple[Scene, ...]:
    """All that are shown; none without a frame."""
    main = main_scene(session, framing)
    if main is None:
        return ()
    shown, zoom = seen_of(main, session, framing), main.corners.bottom_right[:1]
    if not framing.alone:
        return shown
    lines = (*zoom, window_text(shown[0].window)) if zoom else ()
    return (replace(shown[0], corners=replace(shown[0].corners, bottom_right=lines)),)


def seen_of(main: Scene, session: Session, framing: Framing) -> tuple[Scene, ...]:
    """``main`` and the scenes beside it, or the only one of them that is looked at."""
    others, alone = beside(session, main), framing.alone
    if not alone:
        return (main,) if alone == 0 else (main, *others)
    corners = replace(main.corners, bottom_right=())  # those are the main picture's own
    return (replace(others[alone - 1], corners=corners),)
