"""Which scenes the viewport shows: the main one, those beside it, or one of them alone."""

from __future__ import annotations

from dataclasses import replace

from viewer.canvas.compose import beside, scene_of, short_window, values_there
from viewer.canvas.framing import Framing
from viewer.canvas.scene import Scene, zoom_text
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
    shown = seen_of(main, session, framing)
    if session.corner_text:
        shown = tuple(_with_values(scene, session, framing) for scene in shown)
    zoom = main.corners.bottom_right[:1]
    if not framing.alone or shown[0].linked is not None:
        return shown
    return (_above(shown[0], zoom),) if zoom else shown


def _with_values(scene: Scene, session: Session, framing: Framing) -> Scene:
    """Another image with its own zoom, where it is alone, and the values under the cursor."""
    if scene.linked is None:
        return scene
    values = () if session.cursor is None else values_there(scene, session.cursor)
    zoom = (zoom_text(*framing.zoom_of(scene)),) if framing.alone else ()
    return _above(scene, (*zoom, *values))


def _above(scene: Scene, lines: tuple[str, ...]) -> Scene:
    """With more lines in the corner of the window and the values."""
    corners = replace(scene.corners, bottom_right=(*lines, *scene.corners.bottom_right))
    return replace(scene, corners=corners)


def seen_of(main: Scene, session: Session, framing: Framing) -> tuple[Scene, ...]:
    """``main`` and the scenes beside it, or the only one of them that is looked at."""
    alone = framing.alone
    others = beside(session, main, alone or 0)
    if not alone:
        return (main,) if alone == 0 else (main, *others)
    only = others[alone - 1]
    if only.linked is not None:
        return (only,)
    own = (*only.corners.bottom_right, short_window(only)) if session.corner_text else ()
    return (replace(only, corners=replace(main.corners, bottom_right=own)),)
