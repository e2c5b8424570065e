"""Which scenes the viewport shows: the main one, those beside it, or one of them alone."""

from __future__ import annotations

from dataclasses import replace

from engine.shapes import Point
from viewer.canvas.compose import beside, scene_of, short_window, values_there
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
    if framing.alone:
        return (_above(shown[0], zoom),) if zoom else shown
    if not session.corner_text:
        return shown
    points = (_pointed(scene, session, framing, number) for number, scene in enumerate(shown))
    return tuple(
        scene if at is None else _above(scene, values_there(scene, at))
        for scene, at in zip(shown, points, strict=True)
    )


def _pointed(scene: Scene, session: Session, framing: Framing, number: int) -> Point | None:
    """The point of another image that the mouse is over, or that belongs to the cursor."""
    if scene.linked is None or scene.placard is not None:
        return None
    if framing.over is not None and number == framing.pane:
        return framing.over
    return None if session.cursor is None else scene.linked.point(session.cursor)


def _above(scene: Scene, lines: tuple[str, ...]) -> Scene:
    """With more lines in the corner of the window and the values."""
    corners = replace(scene.corners, bottom_right=(*lines, *scene.corners.bottom_right))
    return replace(scene, corners=corners)


def seen_of(main: Scene, session: Session, framing: Framing) -> tuple[Scene, ...]:
    """``main`` and the scenes beside it, or the only one of them that is looked at. Another image
    has the turn that it was given when it was the main one."""
    others, alone = beside(session, main), framing.alone
    if not alone:
        turned = (
            scene if pane.place is None else replace(scene, turn=framing.turn_of(pane.place))
            for scene, pane in zip(others, session.panes, strict=True)
        )
        return (main,) if alone == 0 else (main, *turned)
    only = others[alone - 1]
    own = (*only.corners.bottom_right, short_window(only)) if session.corner_text else ()
    return (replace(only, corners=replace(main.corners, bottom_right=own)),)
