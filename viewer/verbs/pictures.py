"""The view and the whole frame as pictures to be, taken at one moment."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from PySide6.QtCore import QSizeF
from PySide6.QtGui import QImage

from viewer.canvas.compose import beside, scene_of
from viewer.canvas.scene import Scene
from viewer.commands import Context
from viewer.exporters import picture
from viewer.exporters.names import suggested_name
from viewer.messages import UserError
from viewer.state.progress import Progress


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

    def write(self, target: Path, progress: Progress) -> None:
        progress.step(0.0)
        facts = {**self.facts, "input": picture.input_facts(self.path, self.frame)}
        image = self.paint(progress)
        progress.step(1.0)
        picture.write_picture(target, image, facts)

    @property
    def words(self) -> str:
        return f" and its JSON, {identity_words(self.identity)}"


def identity_words(shown: bool) -> str:
    return "with the identity on it" if shown else "identity hidden"


def screen_export(context: Context, identity: bool | None = None) -> Export:
    """The view as it stands, with what is beside the main picture."""
    view, session = context.view, context.session
    size, ratio, now = QSizeF(view.width(), view.height()), view.devicePixelRatioF(), view.view
    scene, shown = main_scene(context, identity)
    others = beside(session, scene)
    return picture_export(
        context, lambda _: picture.as_on_screen(scene, size, now, ratio, others), shown
    )


def full_export(context: Context, identity: bool | None = None) -> Export:
    """The whole frame, with no pixel lost."""
    scene, shown = main_scene(context, identity)
    return picture_export(context, lambda _: picture.full_resolution(scene), shown)


def main_scene(context: Context, identity: bool | None) -> tuple[Scene, bool]:
    """The main scene, with nothing taken hold of; the identity as asked for, else as set."""
    session = context.session
    shown = session.identity_exported if identity is None else identity
    scene = scene_of(session, identity_shown=shown)
    if scene is None:
        raise UserError("No image is open.")
    return replace(scene, marks=tuple(replace(m, selected=False) for m in scene.marks)), shown


def picture_export(context: Context, paint: Callable[[Progress], QImage], identity: bool) -> Export:
    session = context.session
    opened = session.open
    assert opened is not None
    instance = opened.place.instance
    layer = session.layer.name if session.layer is not None else "scan"
    return Export(
        paint=paint,
        facts=picture.provenance(session.explanation, session.overlay),
        path=instance.path,
        frame=opened.place.frame,
        name=suggested_name(instance.attributes, layer),
        identity=identity,
    )
