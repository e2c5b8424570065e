"""What the export dialog offers: each a picture, a report or numbers of the moment."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtGui import QImage

from viewer.commands import Context
from viewer.dialogs.export import Offer, Prepared, Wishes
from viewer.exporters import measures_file, picture, tables
from viewer.exporters.before_after import before_after
from viewer.exporters.contact_sheet import contact_sheet
from viewer.exporters.names import suggested_name
from viewer.exporters.report import report_image, write_report
from viewer.exporters.snapshot import Snapshot, take
from viewer.messages import UserError
from viewer.state.progress import Progress
from viewer.verbs.key_images import key_image_sheet
from viewer.verbs.pictures import (
    Export,
    full_export,
    identity_words,
    main_scene,
    picture_export,
    screen_export,
)

_SIDE = 1100  # pixels of a preview
_LINES = 60  # of the preview of a text


def offers(context: Context) -> tuple[Offer, ...]:
    def made(prepare: Callable[[Context, Wishes], Prepared]) -> Callable[[Wishes], Prepared]:
        return lambda wishes: prepare(context, wishes)

    return (
        Offer("This view (PNG)", "The picture as it stands in the window.", made(_view)),
        Offer("Full resolution (PNG)", "The whole frame, no pixel lost.", made(_full)),
        Offer(
            "Contact sheet of layers (PNG)",
            "Each chosen layer over the scan, with its numbers.",
            made(_sheet),
            with_layers=True,
        ),
        Offer(
            "Before and after (PNG)",
            "The scan and the answer without what was taken away.",
            made(_before_after),
        ),
        Offer(
            "Key images (PNG)",
            "The images of the open study that were marked, side by side.",
            made(_key_images),
        ),
        Offer(
            "Report (PDF)",
            "All of the audit on A4 pages: answer, layers, landmarks, interventions, evidence, "
            "what the reader said, provenance.",
            made(_report),
            with_words=True,
        ),
        Offer(
            "Measurements (CSV)",
            "Lengths, angles and regions with their statistics, one a line.",
            made(_measurements),
        ),
        Offer(
            "All numbers (JSON)",
            "Every table with full precision, for programs.",
            made(_json),
            with_words=True,
        ),
        Offer(
            "All numbers (CSV)",
            "One value a line: table, row, column, value.",
            made(_csv),
            with_words=True,
        ),
    )


def _view(context: Context, wishes: Wishes) -> Prepared:
    return _picture(screen_export(context, wishes.identity))


def _full(context: Context, wishes: Wishes) -> Prepared:
    export = full_export(context, wishes.identity)
    scene, _ = main_scene(context, wishes.identity, alone=True)
    turn = context.view.view.turn
    return replace(_picture(export), preview=lambda: picture.fitted(scene, _SIDE, turn))


def _sheet(context: Context, wishes: Wishes) -> Prepared:
    snapshot = _snapshot(context, wishes)
    if not snapshot.layers:
        raise UserError("There are no layers to show: the model has given no answer.")
    if not wishes.layers:
        raise UserError("No layer is chosen.")

    def paint(progress: Progress) -> QImage:
        return contact_sheet(snapshot, wishes.layers, progress)

    return _picture(_snapshot_export(context, snapshot, paint, "layers"))


def _before_after(context: Context, wishes: Wishes) -> Prepared:
    snapshot = _snapshot(context, wishes)
    if snapshot.what_if.edited_pyramid is None or not snapshot.changes:
        raise UserError("Nothing was changed in this image, or the answer is not there yet.")

    def paint(progress: Progress) -> QImage:
        return before_after(snapshot, progress)

    return _picture(_snapshot_export(context, snapshot, paint, "before-after"))


def _key_images(context: Context, wishes: Wishes) -> Prepared:
    sheet = key_image_sheet(context, wishes.identity)

    def write(path: Path, progress: Progress) -> None:
        picture.write_picture(path, sheet.paint(progress), sheet.facts())

    return Prepared(
        suggested_name(sheet.places[0].instance.attributes, "key-images"),
        lambda: sheet.paint(Progress()),
        write,
        f" and its JSON, {identity_words(sheet.identity)}",
    )


def _report(context: Context, wishes: Wishes) -> Prepared:
    snapshot = _snapshot(context, wishes)
    return Prepared(
        suggested_name(snapshot.facts, "report", "pdf"),
        lambda: report_image(snapshot, 0, _SIDE),
        lambda path, progress: write_report(snapshot, path, progress),
        f", {identity_words(snapshot.identity)}",
    )


def _measurements(context: Context, wishes: Wishes) -> Prepared:
    snapshot = _snapshot(context, wishes)
    if not snapshot.document.measurements:
        raise UserError("Nothing was measured on this image.")
    return Prepared(
        suggested_name(snapshot.facts, "measurements", "csv"),
        lambda: measures_file.csv_bytes(snapshot.readings).decode("utf-8-sig"),
        lambda path, progress: measures_file.write_csv(snapshot, path, progress),
        "",
    )


def _json(context: Context, wishes: Wishes) -> Prepared:
    return _numbers(_snapshot(context, wishes), "json", tables.json_bytes, tables.write_json)


def _csv(context: Context, wishes: Wishes) -> Prepared:
    return _numbers(_snapshot(context, wishes), "csv", tables.csv_bytes, tables.write_csv)


def _numbers(
    snapshot: Snapshot,
    suffix: str,
    encode: Callable[[dict[str, Any]], bytes],
    write: Callable[[Snapshot, Path, Progress], None],
) -> Prepared:
    def preview() -> str:
        text = encode(tables.numbers(snapshot)).decode("utf-8-sig")
        return "\n".join(text.splitlines()[:_LINES])

    return Prepared(
        suggested_name(snapshot.facts, "numbers", suffix),
        preview,
        lambda path, progress: write(snapshot, path, progress),
        f", {identity_words(snapshot.identity)}",
    )


def _picture(export: Export) -> Prepared:
    def preview() -> QImage:
        image = export.paint(Progress())
        keep, smooth = (
            Qt.AspectRatioMode.KeepAspectRatio,
            Qt.TransformationMode.SmoothTransformation,
        )
        image.setDevicePixelRatio(1.0)
        small = max(image.width(), image.height()) <= _SIDE
        return image if small else image.scaled(_SIDE, _SIDE, keep, smooth)

    return Prepared(export.name, preview, export.write, export.words)


def _snapshot(context: Context, wishes: Wishes) -> Snapshot:
    snapshot = take(context.workbench, wishes.identity)
    if snapshot is None:
        raise UserError("No image is open.")
    return snapshot


def _snapshot_export(
    context: Context, snapshot: Snapshot, paint: Callable[[Progress], QImage], what: str
) -> Export:
    export = picture_export(context, paint, snapshot.identity)
    return replace(export, name=suggested_name(snapshot.facts, what))
