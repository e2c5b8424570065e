"""What is in the picture: a frozen description, made alike for the screen and for exports."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QRectF

from engine.findings import summary
from engine.presets import in_words
from engine.results import Explanation, Method
from engine.shapes import Point
from viewer.canvas.marks import Mark
from viewer.canvas.measure_marks import MeasureMark
from viewer.canvas.placards import Placard
from viewer.canvas.view import View
from viewer.dicom.attributes import Attributes, opposite_orientation
from viewer.dicom.frame import Frame
from viewer.dicom.window import LookupTable, Window
from viewer.render.class_view import ClassOverlay
from viewer.render.overlay import Overlay
from viewer.render.pyramid import Pyramid
from viewer.render.turn import AS_IT_IS, Turn
from viewer.state import words
from viewer.state.linking import Extent, Link

NOT_FOR_DIAGNOSIS = words.NOT_FOR_DIAGNOSIS
_HIDDEN = "identity hidden"
_STARRED = "★ key image"
_HOW_TO_SEE = "choose a layer to see what it responds to"


@dataclass(frozen=True)
class Corners:
    """Lines of text in the corners, from the top down in each."""

    top_left: tuple[str, ...] = ()
    top_right: tuple[str, ...] = ()
    bottom_left: tuple[str, ...] = ()
    bottom_right: tuple[str, ...] = ()

    @property
    def all(self) -> tuple[tuple[str, ...], ...]:
        """In that order."""
        return self.top_left, self.top_right, self.bottom_left, self.bottom_right


@dataclass(frozen=True, eq=False)
class Scene:
    """One frame with everything over and around it. ``orientation`` holds the letters at the
    left, right, top and bottom edges; ``footer`` the provenance of the overlay, a line each;
    ``planes_visible`` whether the overlay planes of the file are painted. ``marks`` are shapes over
    it, ``title`` what it is called beside others; left of ``curtain``, a share of the viewport's
    width, the scan is bare. ``pointer`` is a frame point that the cursor is at elsewhere.
    ``brief`` stands below it in the place of the footer where several pictures share one.
    ``classes`` is painted in the place of the overlay: which class dominates where.
    ``measures`` are lengths, angles and regions with what they come to. ``identity_shown``:
    whether it may tell whose it is. The scene of another image is ``linked`` to the frame that the
    view is meant for, and has a ``turn`` of its own. One with a ``placard`` shows
    that in the place of a picture."""

    pyramid: Pyramid
    window: Window | LookupTable
    inverted: bool
    overlay: Overlay | None
    overlay_visible: bool
    corners: Corners
    orientation: tuple[str, str, str, str] | None
    footer: tuple[str, ...]
    banner: str
    planes_visible: bool = True
    marks: tuple[Mark, ...] = ()
    title: str = ""
    curtain: float | None = None
    pointer: Point | None = None
    brief: tuple[str, ...] = ()
    classes: ClassOverlay | None = None
    measures: tuple[MeasureMark, ...] = ()
    identity_shown: bool = False
    linked: Link | None = None
    turn: Turn = AS_IT_IS
    placard: Placard | None = None

    @property
    def frame(self) -> Frame:
        return self.pyramid.frame

    @property
    def extent(self) -> Extent:
        return self.frame.size, self.frame.aspect_ratio

    def own(self, view: View, viewport: QRectF) -> View:
        """The view in terms of its own frame."""
        if self.linked is None:
            return view
        return view.onto(viewport, self.linked, self.turn)


def _lines(*rows: Sequence[str]) -> tuple[str, ...]:
    """Each row's non-empty parts joined by a dot; rows without any are left out."""
    joined = (" · ".join(part for part in row if part) for row in rows)
    return tuple(line for line in joined if line)


def window_text(window: Window | LookupTable, named: str = "") -> str:
    """Width, level and, where it is not linear, the function; ``named`` is what it is called."""
    if not isinstance(window, Window):
        return f"VOI LUT {named}".strip()
    curve = "  sigmoid" if window.function == "SIGMOID" else ""
    level = f"{window.center:.5g}".replace("-", "−")
    numbers = f"W {window.width:.5g}  L {level}{curve}"
    return f"{numbers} · {named}" if named else numbers


def zoom_text(zoom: float, kind: str) -> str:
    """Screen pixels per frame pixel, and which zoom that is."""
    return " · ".join(filter(None, (f"zoom {zoom:.0%}", kind)))


def make_corners(
    facts: Attributes,
    position: tuple[int, int],
    window: Window | LookupTable,
    inverted: bool,
    identity_shown: bool,
    named: str = "",
    notes: tuple[str, ...] = (),
    above: tuple[str, ...] = (),
    starred: bool = False,
) -> Corners:
    """The corner text of an instance; ``position`` is its (number from 1, count) in the series,
    ``named`` what its window is called, ``notes`` are lines about the frame, ``above`` some that
    stand above the window."""
    identity: tuple[tuple[str, ...], ...] = ((_HIDDEN,),)
    if identity_shown:
        identity = (
            (facts.patient_name,),
            (facts.patient_id,),
            (f"sex {facts.sex}" if facts.sex else "", facts.birth_date),
        )
    # free text and dates may tell who it is, too
    where = (facts.institution,) if identity_shown else ()
    what = (facts.study_description,) if identity_shown else ()
    when = (facts.study_date,) if identity_shown else ()
    series = (facts.series_description,) if identity_shown else ()
    side = facts.laterality if facts.laterality in ("L", "R", "B") else ""
    lossy = f"lossy {facts.lossy_ratio}" if facts.lossy_ratio else ""
    return Corners(
        top_left=_lines(*identity),
        top_right=_lines(where, what, when),
        bottom_left=(
            *notes,
            *_lines(
                series,
                (facts.modality, facts.body_part, side, facts.view_position),
                (f"image {position[0]} / {position[1]}", lossy),
                (_STARRED,) if starred else (),
            ),
        ),
        bottom_right=(
            *above,
            *_lines((window_text(window, named), "inverted" if inverted else "")),
        ),
    )


def orientation_letters(
    directions: tuple[str, str] | tuple[()],
) -> tuple[str, str, str, str] | None:
    """Letters at (left, right, top, bottom) of where the rows (to the right) and the columns
    (down) point (PS3.3 C.7.6.1.1.1); None when it is not given."""
    if len(directions) != 2:
        return None
    right, bottom = directions
    if not right or not bottom:
        return None
    return (opposite_orientation(right), right, opposite_orientation(bottom), bottom)


def layer_title(overlay: Overlay, count: int) -> str:
    """``blocks.3 (layer 5 of 19, 28 × 28, 40 kernels)``."""
    kernels, height, width = overlay.layer.native_shape
    return (
        f"{overlay.layer.name} (layer {overlay.layer.depth} of {count}, "
        f"{width} × {height}, {kernels} {'kernel' if kernels == 1 else 'kernels'})"
    )


def make_footer(
    explanation: Explanation,
    overlay: Overlay | None,
    visible: bool = True,
    classes: ClassOverlay | None = None,
) -> tuple[str, ...]:
    """Provenance of what is over the scan: who answered, how it was made, how it is shown."""
    model = explanation.model
    weights = f"weights {model.sha256[:12]}" if model.sha256 else "weights drawn, not learnt"
    first = f"{model.name} {model.version} · {weights} · {explanation.device}"
    known = f"evidence: {summary(explanation.evidence)} · " if explanation.evidence else ""
    if explanation.withheld:
        return (first, f"No output: {explanation.withheld_because}")
    chance = next(p.probability for p in explanation.predictions if p.name == explanation.target)
    how = _how(explanation)
    target = f"target {explanation.target} (p = {chance:.3f})"
    if overlay is None or not visible:
        return (f"{first} · {how} · {target}", f"{known}overlay off", _HOW_TO_SEE)
    if classes is not None:
        return (f"{first} · {how} · {target}", *_classes_lines(known, classes))
    if overlay.style.shows == "classes":
        waiting = f"{known}asking which class dominates where …"
        return (f"{first} · {how} · {target}", waiting)
    title = layer_title(overlay, len(explanation.layers))
    return (f"{first} · {how} · {target}", *_layer_lines(f"{known}{title}", overlay))


def make_brief(explanation: Explanation, overlay: Overlay | None) -> tuple[str, ...]:
    """What is this picture's own, where several share a footer."""
    if explanation.withheld:
        return (f"no output: {explanation.withheld_because}",)
    chance = next(p.probability for p in explanation.predictions if p.name == explanation.target)
    first = f"{explanation.target} (p = {chance:.3f})"
    if overlay is None:
        return (first,)
    low = f"−{overlay.maximum:.3g}" if overlay.style.signed else "0"
    return (f"{first} · {overlay.layer.name} · range {low} – {overlay.maximum:.3g}",)


def _how(explanation: Explanation) -> str:
    """The method in words, with its un-pooling if that is not the usual one."""
    how, method = in_words(explanation.method), explanation.method
    if isinstance(method, Method) and method.unpooling != "switch":
        return f"{how} · un-pooling {method.unpooling}"
    return how


def _smoothing(sigma: float) -> str:
    return f"smoothed σ {sigma:.1f} px of the input" if sigma else "raw"


def _layer_lines(title: str, overlay: Overlay) -> tuple[str, ...]:
    style = overlay.style
    what = "signed" if style.signed else "positive part"
    low = f"−{overlay.maximum:.3g} – +" if style.signed else "0 – "
    share = "± threshold" if style.signed else "threshold"
    response = "of the unsigned response" if style.signed else "of the response"
    shared = "all layers" if style.shared_range else "this layer, rescaled"
    above = f"{overlay.area:.0%} of the area, {overlay.mass:.0%} {response}"
    if overlay.area <= 0:
        above = "nothing lies above" if overlay.maximum > 0 else "there is no response to show"
    return (
        f"{title} · {what} · {_smoothing(overlay.sigma)}",
        f"range {low}{overlay.maximum:.3g} ({shared}) · {share} {style.threshold:.0%} of it: "
        f"{above}",
    )


def _classes_lines(known: str, classes: ClassOverlay) -> tuple[str, ...]:
    """CLEAR's equations are named, so that the picture can be made again."""
    return (
        f"{known}dominant class (CLEAR eqs. 3–6, each class from its own kernel) · ties left out · "
        f"{_smoothing(classes.maps.sigma)}",
        f"range 0 – {classes.maximum:.3g} · threshold {classes.style.threshold:.0%} of it",
    )


def make_banner(facts: Attributes) -> str:
    """The strip that cannot be dismissed."""
    texts = (facts.patient_name, facts.study_description, facts.series_description)
    synthetic = any("SYNTHETIC" in text.upper() for text in texts)
    return f"{NOT_FOR_DIAGNOSIS} · SYNTHETIC IMAGE" if synthetic else NOT_FOR_DIAGNOSIS
