"""Verbs as plain functions. Each gets the context and does one thing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PySide6.QtCore import QSizeF
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QApplication, QFileDialog, QMainWindow

import resources
from engine.findings import Finding
from engine.presets import in_words
from viewer.canvas.compose import scene_of
from viewer.canvas.image_view import ImageView
from viewer.canvas.scene import Scene
from viewer.dialogs import texts
from viewer.exporters import picture
from viewer.exporters.names import suggested_name
from viewer.state.recents import Recent
from viewer.state.session import Place, Session
from viewer.state.workbench import Workbench


@dataclass(frozen=True, eq=False)
class Context:
    """What a command may use."""

    session: Session
    workbench: Workbench
    view: ImageView
    window: QMainWindow


def nothing(context: Context) -> None:
    """What a separator does."""


# files
def open_files(context: Context) -> None:
    names, _ = QFileDialog.getOpenFileNames(
        context.window, "Open DICOM files, a ZIP archive or a DICOMDIR"
    )
    if names:
        context.workbench.open_paths([Path(name) for name in names])


def open_folder(context: Context) -> None:
    name = QFileDialog.getExistingDirectory(context.window, "Open a folder of DICOM files")
    if name:
        context.workbench.open_paths([Path(name)])


def open_sample(context: Context) -> None:
    context.workbench.open_paths(resources.sample_files())


def open_recent(context: Context, recent: Recent) -> None:
    """Open again what was opened before; what is no longer there is said by the reader."""
    context.workbench.open_paths([Path(path) for path in recent.paths])


def stop_reading(context: Context) -> None:
    context.workbench.library.cancel()


def leave(context: Context) -> None:
    context.window.close()


# exporting
@dataclass(frozen=True, eq=False)
class Export:
    """A picture to be, with everything that its JSON says, taken at one moment: what happens in
    the window afterwards cannot change it. ``paint`` may be called in a thread."""

    paint: Callable[[], QImage]
    facts: dict[str, Any]
    path: Path
    frame: int
    name: str

    def write(self, target: Path) -> None:
        facts = {**self.facts, "input": picture.input_facts(self.path, self.frame)}
        picture.write_picture(target, self.paint(), facts)


def _export(context: Context, paint: Callable[[Scene], QImage]) -> Export:
    session = context.session
    opened = session.open
    scene = scene_of(session, identity_shown=session.identity_exported)
    assert opened is not None
    assert scene is not None
    instance = opened.place.instance
    layer = session.layer.name if session.layer is not None else "scan"
    return Export(
        paint=lambda: paint(scene),
        facts=picture.provenance(session.explanation, session.overlay),
        path=instance.path,
        frame=opened.place.frame,
        name=suggested_name(instance.attributes, layer),
    )


def screen_export(context: Context) -> Export:
    """The view as it stands."""
    view = context.view
    size, ratio, now = QSizeF(view.width(), view.height()), view.devicePixelRatioF(), view.view
    return _export(context, lambda scene: picture.as_on_screen(scene, size, now, ratio))


def full_export(context: Context) -> Export:
    """The whole frame, with no pixel lost."""
    return _export(context, picture.full_resolution)


def save_export(context: Context, export: Export, target: Path) -> None:
    """Paint and write the picture and its JSON in the background; the window stays usable."""
    context.session.say(f"Exporting {target.name} …")
    context.workbench.export(target, lambda: export.write(target))


def _ask_and_save(context: Context, export: Export) -> None:
    dialog = QFileDialog(context.window, "Export the picture", export.name, "PNG (*.png)")
    dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
    dialog.setDefaultSuffix("png")
    if dialog.exec():
        save_export(context, export, Path(dialog.selectedFiles()[0]))
    dialog.deleteLater()


def export_view(context: Context) -> None:
    _ask_and_save(context, screen_export(context))


def export_full(context: Context) -> None:
    _ask_and_save(context, full_export(context))


def copy_view(context: Context) -> None:
    QApplication.clipboard().setImage(screen_export(context).paint())
    context.session.say(f"Copied this view, {identity_words(context)}.")


def identity_words(context: Context) -> str:
    return "with the identity on it" if context.session.identity_exported else "identity hidden"


def toggle_identity_export(context: Context) -> None:
    session = context.session
    session.identity_exported = not session.identity_exported
    session.say(f"Exports are made {identity_words(context)}, from now until the program ends.")


# the image
def fit(context: Context) -> None:
    context.view.fit()


def one_to_one(context: Context) -> None:
    context.view.one_to_one()


def zoom_in(context: Context) -> None:
    context.view.zoom_by(1.25)


def zoom_out(context: Context) -> None:
    context.view.zoom_by(0.8)


def file_window(context: Context) -> None:
    context.session.reset_window()


def auto_window(context: Context) -> None:
    from viewer.dicom.window import auto_window as guess

    opened = context.session.open
    if opened is not None and not opened.frame.is_colour:
        context.session.set_window(guess(opened.frame))


def invert(context: Context) -> None:
    context.session.set_inverted(not context.session.inverted)


def reset(context: Context) -> None:
    context.session.reset_window()
    context.view.fit()


def step_image(context: Context, by: int) -> None:
    """The frame ``by`` further in the series; stops at its ends."""
    place = context.session.place
    if place is not None:
        context.session.set_place(place.moved(by))


def next_image(context: Context) -> None:
    step_image(context, 1)


def previous_image(context: Context) -> None:
    step_image(context, -1)


def _step_series(context: Context, by: int) -> None:
    place = context.session.place
    every = context.session.all_series()
    if place is not None and place.series in every:
        index = every.index(place.series) + by
        context.session.set_place(Place(every[max(0, min(index, len(every) - 1))], 0))


def next_series(context: Context) -> None:
    _step_series(context, 1)


def previous_series(context: Context) -> None:
    _step_series(context, -1)


# the overlay
def next_layer(context: Context) -> None:
    context.session.show_layer(context.session.layer_index + 1)


def previous_layer(context: Context) -> None:
    context.session.show_layer(context.session.layer_index - 1)


def _step_class(context: Context, by: int) -> None:
    explanation = context.session.explanation
    if explanation is not None and explanation.predictions:
        names = [item.name for item in explanation.predictions]
        index = names.index(context.session.target or explanation.target) + by
        context.session.set_target(names[index % len(names)])


def next_class(context: Context) -> None:
    """The next less probable class as target."""
    _step_class(context, 1)


def previous_class(context: Context) -> None:
    _step_class(context, -1)


def toggle_overlay(context: Context) -> None:
    context.session.change_style(visible=not context.session.style.visible)


def toggle_contours(context: Context) -> None:
    context.session.change_style(contours=not context.session.style.contours)


def toggle_fill(context: Context) -> None:
    context.session.change_style(fill=not context.session.style.fill)


def toggle_range(context: Context) -> None:
    context.session.change_style(shared_range=not context.session.style.shared_range)


# the window
def toggle_corner_text(context: Context) -> None:
    context.session.set_corner_text(not context.session.corner_text)


def toggle_planes(context: Context) -> None:
    context.session.set_planes_shown(not context.session.planes_shown)


def toggle_identity(context: Context) -> None:
    context.session.set_identity_shown(not context.session.identity_shown)


def full_screen(context: Context) -> None:
    window = context.window
    window.showNormal() if window.isFullScreen() else window.showFullScreen()


def show_model_card(context: Context) -> None:
    folder = resources.model_folder(context.session.model)
    card = (folder / "MODEL_CARD.md").read_text(encoding="utf-8")
    texts.show(context.window, "Model card", card, folder)


def show_finding(context: Context, finding: Finding) -> None:
    """The numbers behind a row of the evidence."""
    explanation = context.session.explanation
    if explanation is None:
        return
    model = f"{explanation.model.name} {explanation.model.version}".strip()
    text = texts.finding_text(finding, model, in_words(explanation.method))
    texts.show(context.window, f"Evidence: {finding.test}", text)


def show_about(context: Context) -> None:
    texts.show(context.window, "About", texts.about_text())
