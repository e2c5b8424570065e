"""Session → scene: the only place that decides what the picture says."""

from __future__ import annotations

from dataclasses import replace

from engine.results import Explanation
from viewer.canvas.scene import (
    Corners,
    Scene,
    make_banner,
    make_corners,
    make_footer,
    orientation_letters,
)
from viewer.dicom.frame import Frame
from viewer.dicom.window import LookupTable, Window
from viewer.render.overlay import Overlay
from viewer.render.pyramid import Pyramid
from viewer.state.session import Place, Session


def compose(
    place: Place,
    pyramid: Pyramid,
    window: Window | LookupTable,
    explanation: Explanation | None,
    overlay: Overlay | None,
    *,
    inverted: bool = False,
    overlay_visible: bool = True,
    identity_shown: bool = False,
    corner_text: bool = True,
    planes_visible: bool = True,
) -> Scene:
    """A scene from its parts; identity is hidden unless asked for, and with it the overlay planes,
    in which names are written, too."""
    facts = place.instance.attributes
    position = (place.number + 1, place.series.starts[-1])
    corners = Corners()
    if corner_text:
        corners = make_corners(facts, position, window, inverted, identity_shown)
        corners = replace(corners, bottom_left=(*pyramid.frame.notes, *corners.bottom_left))
    return Scene(
        pyramid=pyramid,
        window=window,
        inverted=inverted,
        overlay=overlay,
        overlay_visible=overlay_visible,
        corners=corners,
        orientation=orientation_letters(_directions(place, pyramid.frame)),
        footer=() if explanation is None else make_footer(explanation, overlay, overlay_visible),
        banner=make_banner(facts),
        planes_visible=planes_visible and identity_shown,
    )


def _directions(place: Place, frame: Frame) -> tuple[str, str] | tuple[()]:
    """Those of the frame; what the instance says holds for its only frame, not for one of many."""
    of_instance = place.instance.attributes.patient_orientation
    return frame.orientation or (of_instance if place.instance.frames == 1 else ())


def scene_of(
    session: Session,
    zoom: float = 0.0,
    cursor: tuple[float, float] | None = None,
    identity_shown: bool | None = None,
) -> Scene | None:
    """The session's scene, None without an open frame. ``zoom`` (screen pixels per frame pixel)
    and ``cursor`` (a frame point) add their lines to the corner."""
    opened, window = session.open, session.window
    if opened is None or window is None:
        return None
    shown = session.identity_shown if identity_shown is None else identity_shown
    scene = compose(
        opened.place,
        opened.pyramid,
        window,
        session.explanation,
        session.overlay,
        inverted=session.inverted,
        overlay_visible=session.style.visible and not session.hidden_for_now,
        identity_shown=shown,
        corner_text=session.corner_text,
        planes_visible=session.planes_shown,
    )
    if not session.corner_text or not zoom:
        return scene
    extra = [f"zoom {zoom:.0%}", *_values_at(opened.frame, session.overlay, cursor)]
    corners = replace(scene.corners, bottom_right=(*extra, *scene.corners.bottom_right))
    return replace(scene, corners=corners)


def _values_at(
    frame: Frame, overlay: Overlay | None, cursor: tuple[float, float] | None
) -> list[str]:
    if cursor is None:
        return []
    x, y = cursor
    value = frame.value_at(x, y)
    lines = [f"x {int(x)}  y {int(y)}"]
    if value is not None:
        lines.append(f"value {value:.6g} {frame.units}".rstrip())
    if overlay is not None:
        lines.append(f"response {overlay.value_at(x, y):.3g}")
    return lines
