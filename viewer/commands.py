"""Verbs as plain functions. Each gets the context and does one thing."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from PySide6.QtWidgets import QFileDialog

import resources
from engine.findings import Finding
from engine.presets import in_words
from viewer.canvas.image_view import ImageView
from viewer.dialogs import texts
from viewer.main_window import MainWindow
from viewer.state.place import Place
from viewer.state.recents import Recent
from viewer.state.session import Session
from viewer.state.workbench import Workbench


@dataclass(frozen=True, eq=False)
class Context:
    """What a command may use."""

    session: Session
    workbench: Workbench
    view: ImageView
    window: MainWindow


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


# the image
def invert(context: Context) -> None:
    context.session.set_inverted(not context.session.inverted)


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
