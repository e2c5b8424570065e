"""The view and the whole frame as pictures to be, taken at one moment."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from PySide6.QtCore import QSizeF
from PySide6.QtGui import QImage

from viewer.canvas.compose import scene_of
from viewer.canvas.framing import Framing
from viewer.canvas.scene import Scene
from viewer.canvas.shown import seen_of
from viewer.commands import Context
from viewer.dicom.frame import Frame
from viewer.exporters import picture
from viewer.exporters.names import suggested_name
from viewer.messages import UserError
from viewer.render.turn import AS_IT_IS, Turn
from viewer.state.frame_cache import Key
from viewer.state.measured import read_all
from viewer.state.measurement import Measurement
from viewer.state.progress import Progress
from viewer.state.session import Pane


@dataclass(frozen=True, eq=False)
class Export:
    """A picture to be, with everything that its JSON says, taken at one moment: what happens in
    the window afterwards cannot change it. ``paint`` may be called in a thread."""

    paint: Callable[[Progress], QImage]
    facts: dict[str, Any]
    path: Path
    frame: int
    name: str
    identity: bool
    measurements: tuple[Measurement, ...]
    measured: Frame
    others: tuple[tuple[int, Key], ...] = ()
    """The other images that are in it, each with its place among what is beside the main one."""

    def write(self, target: Path, progress: Progress) -> None:
        progress.step(0.0)
        facts = {**self.facts, "input": picture.input_facts(self.path, self.frame)}
        for pane, key in self.others:
            facts["beside"][pane]["input"] = picture.input_facts(*key)
        if self.measurements:
            readings = read_all(self.measurements, self.measured)
            facts["measurements"] = [item.facts() for item in readings]
        image = self.paint(progress)
        progress.step(1.0)
        picture.write_picture(target, image, facts)

    @property
    def words(self) -> str:
        return f" and its JSON, {identity_words(self.identity)}"


def identity_words(shown: bool) -> str:
    return "with the identity on it" if shown else "identity hidden"


def screen_export(context: Context, identity: bool | None = None) -> Export:
    """The view as it stands, with what is beside the main picture, or the one that is alone."""
    view = context.view
    size, ratio, now = QSizeF(view.width(), view.height()), view.devicePixelRatioF(), view.view
    main, shown = main_scene(context, identity, view.framing.alone is not None)
    first, *others = seen_of(main, context.session, view.framing)
    export = picture_export(
        context, lambda _: picture.as_on_screen(first, size, now, ratio, others), shown, now.turn
    )
    return _of_panes(context, export, now.turn)


def _of_panes(context: Context, export: Export, turn: Turn) -> Export:
    """What the JSON says where other pictures are beside the main one, or one of them is alone."""
    session, alone = context.session, context.view.framing.alone
    if not session.panes or alone == 0 or session.open is None:
        return export
    if alone is None:
        framing = context.view.framing
        beside = [_pane_facts(pane) | _image_facts(pane, framing) for pane in session.panes]
        others = tuple(
            (number, pane.place.key)
            for number, pane in enumerate(session.panes)
            if pane.place is not None and pane.pyramid is not None
        )
        return replace(export, facts={**export.facts, "beside": beside}, others=others)
    pane = session.panes[alone - 1]
    layer = pane.overlay.layer.name if pane.overlay is not None else "scan"
    return replace(
        export,
        facts=_pane_facts(pane) | _turn_facts(turn),
        name=suggested_name(session.open.place.instance.attributes, layer),
        measurements=export.measurements if pane.pyramid is None else (),
    )


def _image_facts(pane: Pane, framing: Framing) -> dict[str, Any]:
    """What is another image's own: how it is turned, and what is measured on it."""
    if pane.place is None:
        return {}
    facts = _turn_facts(framing.turn_of(pane.place))
    if pane.notes is not None and pane.notes.readings:
        facts["measurements"] = [reading.facts() for reading in pane.notes.readings]
    return facts


def _pane_facts(pane: Pane) -> dict[str, Any]:
    return {"picture": pane.title, **picture.provenance(pane.explanation, pane.overlay)}


def full_export(context: Context, identity: bool | None = None) -> Export:
    """The whole frame, with no pixel lost, turned as it is on the screen."""
    scene, shown = main_scene(context, identity, alone=True)
    turn = context.view.view.turn
    return picture_export(context, lambda _: picture.full_resolution(scene, turn), shown, turn)


def main_scene(context: Context, identity: bool | None, alone: bool = False) -> tuple[Scene, bool]:
    """The main scene, with nothing taken hold of; the identity as asked for, else as set. Looked
    at ``alone`` it says all that it says without others beside it."""
    session = context.session
    shown = session.identity_exported if identity is None else identity
    scene = scene_of(session, identity_shown=shown, alone=alone)
    if scene is None:
        raise UserError("No image is open.")
    scene = replace(
        scene,
        marks=tuple(replace(mark, selected=False) for mark in scene.marks),
        measures=tuple(replace(mark, selected=False) for mark in scene.measures if mark.key),
    )
    return scene, shown


def picture_export(
    context: Context,
    paint: Callable[[Progress], QImage],
    identity: bool,
    turn: Turn = AS_IT_IS,
) -> Export:
    """A picture that ``paint`` makes, ``turn`` being how the frame is turned in it."""
    session = context.session
    opened = session.open
    assert opened is not None
    instance = opened.place.instance
    layer = session.layer.name if session.layer is not None else "scan"
    return Export(
        paint=paint,
        facts=picture.provenance(session.explanation, session.overlay) | _turn_facts(turn),
        path=instance.path,
        frame=opened.place.frame,
        name=suggested_name(instance.attributes, layer),
        identity=identity,
        measurements=session.audit.document.measurements,
        measured=opened.pyramid.source,
    )


def _turn_facts(turn: Turn) -> dict[str, Any]:
    """That the picture is not as it was taken; nothing if it is."""
    if turn == AS_IT_IS:
        return {}
    return {"display": {"mirrored_first": turn.mirrored, "turned_clockwise": 90 * turn.quarters}}
