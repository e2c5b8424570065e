"""Which scenes the viewport shows: the main one, those beside it, or one of them alone."""

from __future__ import annotations

from dataclasses import replace

from viewer.canvas.compose import beside, scene_of, short_window
from viewer.canvas.framing import Framing
from viewer.canvas.scene import Scene
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
    lines = (*zoom, *shown[0].corners.bottom_right) if zoom else ()
    return (replace(shown[0], corners=replace(shown[0].corners, bottom_right=lines)),)


def seen_of(main: Scene, session: Session, framing: Framing) -> tuple[Scene, ...]:
    """``main`` and the scenes beside it, or the only one of them that is looked at."""
    others, alone = beside(session, main), framing.alone
    if not alone:
        return (main,) if alone == 0 else (main, *others)
    only = others[alone - 1]
    own = (*only.corners.bottom_right, short_window(only)) if session.corner_text else ()
    return (replace(only, corners=replace(main.corners, bottom_right=own)),)
