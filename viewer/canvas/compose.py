"""Session → scene: the only place that decides what the picture says."""

from __future__ import annotations

from dataclasses import replace

from engine.results import Explanation
from engine.shapes import Point
from viewer.canvas.marks import Mark
from viewer.canvas.measure_marks import MeasureMark
from viewer.canvas.placards import Placard
from viewer.canvas.scene import (
    Corners,
    Scene,
    make_banner,
    make_brief,
    make_corners,
    make_footer,
    orientation_letters,
    window_text,
    zoom_text,
)
from viewer.dicom.frame import Frame, default_window
from viewer.dicom.presets import name_of
from viewer.dicom.window import LookupTable, Window
from viewer.render.class_view import ClassOverlay, class_line
from viewer.render.overlay import Overlay
from viewer.render.pyramid import Pyramid
from viewer.state.audit import Audit
from viewer.state.document import Landmark
from viewer.state.linking import link_beside, shares
from viewer.state.measured import read
from viewer.state.place import Place, nameless
from viewer.state.session import Pane, Session

_UNNAMED = ("border", "background", "padding")  # so large that a name would only be in the way


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
    above: tuple[str, ...] = (),
    starred: bool = False,
    planes_visible: bool = True,
    classes: ClassOverlay | None = None,
    marks: tuple[Mark, ...] = (),
    measures: tuple[MeasureMark, ...] = (),
    title: str = "",
    curtain: float | None = None,
) -> Scene:
    """A scene from its parts; identity is hidden unless asked for, and with it the overlay planes,
    in which names are written, too. ``above`` are lines above the window's, if there is text in
    the corners; ``starred`` says there that it is a key image."""
    facts = place.instance.attributes
    position = (place.number + 1, place.series.starts[-1])
    corners = Corners()
    if corner_text:
        named = name_of(pyramid.frame, window, free_text=identity_shown)
        notes = pyramid.frame.notes
        corners = make_corners(
            facts, position, window, inverted, identity_shown, named, notes, above, starred
        )
    return Scene(
        pyramid=pyramid,
        window=window,
        inverted=inverted,
        overlay=overlay,
        overlay_visible=overlay_visible,
        corners=corners,
        orientation=orientation_letters(_directions(place, pyramid.frame)),
        footer=(
            ()
            if explanation is None
            else make_footer(explanation, overlay, overlay_visible, classes)
        ),
        banner=make_banner(facts),
        planes_visible=planes_visible and identity_shown,
        classes=classes,
        marks=marks,
        measures=measures,
        title=title,
        curtain=curtain,
        identity_shown=identity_shown,
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
    *,
    zoom_kind: str = "",
    alone: bool = False,
) -> Scene | None:
    """The session's main scene, None without an open frame. ``zoom`` (screen pixels per frame
    pixel), what ``zoom_kind`` that is, and ``cursor`` (a frame point) add their lines to the
    corner. It says everything that it says by itself where it is looked at ``alone``, though
    others are beside it."""
    opened, window = session.open, session.window
    if opened is None or window is None:
        return None
    shown = session.identity_shown if identity_shown is None else identity_shown
    place = opened.place
    above: tuple[str, ...] = ()
    if session.corner_text and zoom:
        above = (zoom_text(zoom, zoom_kind), *_values_at(opened.frame, session, cursor))
    scene = compose(
        place,
        opened.pyramid,
        window,
        session.explanation,
        session.overlay,
        inverted=session.inverted,
        overlay_visible=session.style.visible and not session.hidden_for_now,
        identity_shown=shown,
        corner_text=session.corner_text,
        above=above,
        starred=session.key_images.has(place.instance, place.frame),
        planes_visible=session.planes_shown,
        classes=session.classes,
        marks=() if session.hidden_for_now else marks_of(session.audit),
        measures=()
        if session.hidden_for_now
        else measures_of(session.audit, opened.pyramid.source),
        title=session.title if session.panes else "",
        curtain=session.curtain,
    )
    if not session.panes or alone:
        return scene
    # narrow: what is the same in all stands once, and short
    answer = session.explanation
    brief = () if answer is None else make_brief(answer, session.overlay)
    return replace(scene, corners=_brief_corners(session, scene, above), brief=brief)


def short_window(scene: Scene) -> str:
    """Its window and whether it is inverted, where there is little room."""
    return window_text(scene.window) + (" · inverted" if scene.inverted else "")


def beside(session: Session, main: Scene) -> tuple[Scene, ...]:
    """The scenes beside the main one: the same window and marks, no corner text; those of other
    images with their own."""
    return tuple(
        _pane(main, pane) if pane.place is None else _image(session, main, pane, pane.place)
        for pane in session.panes
    )


def _image(session: Session, main: Scene, pane: Pane, place: Place) -> Scene:
    """Another image, of which nothing is said that the main scene would not say of its own."""
    pyramid, window = pane.pyramid, pane.window
    if pyramid is None or window is None:
        return _without_picture(main, pane)
    notes = None if session.hidden_for_now else pane.notes
    scene = compose(
        place,
        pyramid,
        window,
        pane.explanation,
        pane.overlay,
        inverted=main.inverted,
        overlay_visible=main.overlay_visible,
        identity_shown=main.identity_shown,
        corner_text=session.corner_text,
        planes_visible=session.planes_shown,
        marks=() if notes is None else tuple(_named(item) for item in notes.landmarks),
        measures=() if notes is None else tuple(map(MeasureMark, notes.readings)),
        title=pane.title,
        curtain=main.curtain,
    )
    brief = pane.footer
    if pane.explanation is not None:
        brief = make_brief(pane.explanation, pane.overlay)
    title = " · ".join(filter(None, (pane.title, _unlike(scene, main))))
    corners = _brief_corners(session, scene)
    linked = link_beside(session, pane)
    return replace(scene, title=title, corners=corners, brief=brief, linked=linked)


def _unlike(scene: Scene, main: Scene) -> str:
    """What the strip below all pictures, which is the main one's, would say wrongly of this one."""
    if scene.banner == main.banner:
        return ""
    return "synthetic" if "SYNTHETIC" in scene.banner else "not synthetic"


def _without_picture(main: Scene, pane: Pane) -> Scene:
    """That another image is being read, or why it cannot be."""
    placard = Placard("image", "Reading the image …")
    if pane.problem:
        why = pane.problem
        if pane.place is not None and not main.identity_shown:
            why = nameless(why, pane.place)
        placard = Placard("no-image", "This image cannot be shown", why)
    same = shares(main.extent, main.extent)
    return replace(main, title=pane.title, overlay=None, brief=(), linked=same, placard=placard)


def _brief_corners(session: Session, scene: Scene, above: tuple[str, ...] = ()) -> Corners:
    """Who, the window with lines ``above`` it, and, beside another image, when: what is the same in
    all pictures stands once, below them."""
    said = (short_window(scene),) if session.corner_text else ()
    several = any(pane.place is not None for pane in session.panes)
    when = scene.corners.top_right[-1:] if several else ()
    return Corners(scene.corners.top_left, when, (), (*above, *said))


def _pane(main: Scene, pane: Pane) -> Scene:
    footer, brief = pane.footer, pane.footer
    if pane.explanation is not None:
        brief = make_brief(pane.explanation, pane.overlay)
        footer = make_footer(pane.explanation, pane.overlay, main.overlay_visible)
    pyramid = pane.pyramid or main.pyramid
    other = pane.pyramid is not None
    return replace(
        main,
        pyramid=pyramid,
        window=default_window(pyramid.frame) if other else main.window,
        inverted=main.inverted,
        overlay=pane.overlay,
        classes=None,
        corners=Corners(bottom_right=("the file's window, 8 bits",) if other else ()),
        footer=footer,
        title=pane.title,
        brief=brief,
        measures=main.measures if pane.pyramid is None else (),  # values of another picture
    )


def measures_of(audit: Audit, frame: Frame) -> tuple[MeasureMark, ...]:
    """What is measured and being measured on a frame, with what is known of it."""
    kept = [
        MeasureMark(read(item, frame, audit.measured), item.id, item.id == audit.selected)
        for item in audit.document.measurements
    ]
    if audit.draft is not None:
        kept.append(MeasureMark(read(audit.draft, frame, audit.measured)))
    return tuple(kept)


def marks_of(audit: Audit) -> tuple[Mark, ...]:
    """What is drawn over the scan: proposals at the bottom, landmarks on top."""
    document = audit.document
    offered = [
        Mark(shape, "" if name.startswith(_UNNAMED) else name, "proposal")
        for name, shape in audit.proposals
    ]
    changed = [
        Mark(
            item.edit.shape, item.name, "intervention", item.id, item.id == audit.selected, item.on
        )
        for item in document.interventions
    ]
    named = [
        replace(_named(item), key=item.id, selected=item.id == audit.selected)
        for item in document.landmarks
    ]
    asked = [] if audit.region is None else [Mark(audit.region, "kernels here?", "region")]
    return (*offered, *changed, *asked, *named)


def _named(landmark: Landmark) -> Mark:
    return Mark(landmark.shape, landmark.name, "landmark")


def _values_at(frame: Frame, session: Session, cursor: tuple[float, float] | None) -> list[str]:
    if cursor is None:
        return []
    if session.classes is not None:
        return [*_pixel_lines(frame, *cursor), class_line(session.classes, *cursor)]
    return [*_pixel_lines(frame, *cursor), *_response_line(session.overlay, *cursor)]


def values_there(scene: Scene, at: Point) -> tuple[str, ...]:
    """What another image has at a point of its own, if it reaches there."""
    (x, y), (height, width) = at, scene.frame.size
    if not (0 <= x < width and 0 <= y < height):
        return ()
    return (*_pixel_lines(scene.pyramid.source, x, y), *_response_line(scene.overlay, x, y))


def _response_line(overlay: Overlay | None, x: float, y: float) -> tuple[str, ...]:
    return () if overlay is None else (f"response {overlay.value_at(x, y):.3g}",)


def _pixel_lines(frame: Frame, x: float, y: float) -> tuple[str, ...]:
    return (f"x {int(x)}  y {int(y)}", *_value_line(frame, x, y))


def _value_line(frame: Frame, x: float, y: float) -> tuple[str, ...]:
    """The modality value of a pixel, the parts of a colour; what is padding has none."""
    value = frame.value_at(x, y)
    if value is None:
        return ()
    if frame.is_colour:
        return ("red {}  green {}  blue {}".format(*frame.pixels[int(y), int(x)].tolist()),)
    if frame.padding is not None:
        stored = frame.pixels[int(y) : int(y) + 1, int(x) : int(x) + 1]
        if frame.is_padding(stored)[0, 0]:
            return ("padding, no value",)
    return (f"value {value:.6g} {frame.units}".rstrip(),)
