"""Pictures and numbers that are exported, read back; and the dialog that shows them before."""

from __future__ import annotations

import csv
import io
import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QSizeF
from PySide6.QtGui import QImage

from tests.viewer.audited import LETTER, audited
from tests.viewer.pdf_text import Pdf
from tests.viewer.test_canvas import pixels_of
from viewer.dialogs.export import BURNED_IN, ExportDialog
from viewer.exporters import tables, words
from viewer.exporters.before_after import before_after, pair, top_changes
from viewer.exporters.contact_sheet import TILE, contact_sheet
from viewer.exporters.poster import LARGEST
from viewer.exporters.snapshot import Snapshot
from viewer.exporters.tiles import scan_tile, with_overlay
from viewer.main_window import MainWindow
from viewer.messages import UserError
from viewer.state.progress import Cancelled, Progress
from viewer.verbs import export as export_verbs

BOX = QSizeF(TILE, TILE)


@pytest.fixture(scope="module")
def snapshot(qapp: object) -> Snapshot:
    return audited()


@pytest.fixture(scope="module")
def found(snapshot: Snapshot) -> dict:
    return tables.numbers(snapshot)


# layers
@pytest.mark.parametrize("index", [3, 13, 18])
def test_a_tile_is_coloured_where_the_response_is_above_the_threshold(
    snapshot: Snapshot, index: int
) -> None:
    maker = snapshot.maker()
    assert maker is not None
    overlay = maker.overlay(index, replace(snapshot.style, contours=False, opacity=1.0))
    scan = scan_tile(snapshot, BOX)
    bare = pixels_of(scan.image).astype(int)
    changed = np.abs(pixels_of(with_overlay(scan, overlay)).astype(int) - bare).max(2) > 12
    height, width = changed.shape
    rows = ((np.arange(height) + 0.5) * overlay.values.shape[0] / height).astype(int)
    columns = ((np.arange(width) + 0.5) * overlay.values.shape[1] / width).astype(int)
    shown = overlay.values[rows[:, None], columns]
    far_above, far_below = shown > 1.3 * overlay.level, shown < 0.6 * overlay.level
    assert changed[far_above].mean() > 0.95
    assert changed[far_below].mean() < 0.05


def test_contact_sheet_holds_the_chosen_layers(snapshot: Snapshot) -> None:
    everything = contact_sheet(snapshot)
    few = contact_sheet(snapshot, [14])
    assert max(everything.width(), everything.height()) <= LARGEST
    assert everything.width() * everything.height() > 4 * few.width() * few.height()
    scan, layer = scan_tile(snapshot, BOX), snapshot.maker().overlay(14, snapshot.style)
    sheet = pixels_of(few).astype(int)
    wanted = pixels_of(with_overlay(scan, layer)).astype(int)
    bare = pixels_of(with_overlay(scan, None, snapshot.marks)).astype(int)
    places = [_find(sheet, tile) for tile in (bare, wanted)]
    assert places[0][0] == places[1][0], "side by side"
    assert places[0][1] < places[1][1], "the bare scan first"


def _find(sheet: np.ndarray, tile: np.ndarray) -> tuple[int, int]:
    """Where a tile lies in a sheet, (row, column)."""
    height, width = tile.shape[:2]
    spread = tile[::40, ::40]
    for row in range(sheet.shape[0] - height + 1):
        for column in range(40, sheet.shape[1] - width + 1):
            part = sheet[row : row + height : 40, column : column + width : 40]
            if part.shape == spread.shape and (part == spread).all():
                assert (sheet[row : row + height, column : column + width] == tile).all()
                return row, column
    raise AssertionError("the tile is not on the sheet")


def test_contact_sheet_needs_layers(snapshot: Snapshot) -> None:
    with pytest.raises(UserError, match="no answer"):
        contact_sheet(replace(snapshot, explanation=None))
    with pytest.raises(UserError, match="No layer is chosen"):
        contact_sheet(snapshot, [])


def test_contact_sheet_stops_between_two_layers(snapshot: Snapshot) -> None:
    seen: list[float] = []

    def told(share: float) -> None:
        seen.append(share)
        if share > 0.6:
            progress.cancel()

    progress = Progress(told)
    with pytest.raises(Cancelled):
        contact_sheet(snapshot, progress=progress)
    assert seen == sorted(seen)
    assert 0.6 < seen[-1] < 0.75, "not even one more"


# before and after
def test_before_and_after_shows_what_was_changed(snapshot: Snapshot) -> None:
    pictures = pair(replace(snapshot, overlay=None), BOX)
    plain = pixels_of(scan_tile(snapshot, BOX).image).astype(int)
    after = pixels_of(pictures.after).astype(int)
    before = pixels_of(pictures.before).astype(int)
    height, width = plain.shape[:2]
    tall, wide = snapshot.pyramid.source.size
    left, top, right, bottom = LETTER.bounds
    inside = np.zeros((height, width), bool)
    inside[
        round(top * height / tall) + 4 : round(bottom * height / tall) - 4,
        round(left * width / wide) + 4 : round(right * width / wide) - 4,
    ] = True
    wider = np.zeros_like(inside)
    wider[: round(bottom * height / tall) + 30, : round(right * width / wide) + 60] = True
    assert after[inside].std() < 2, "one grey, as was asked for"
    elsewhere = np.abs(after - plain).max(2)[~wider]
    assert np.quantile(elsewhere, 0.999) <= 3, "and nothing elsewhere, but for edges of white"
    assert np.abs(before - plain).max(2)[wider].max() > 60, "outlined"
    assert (before[~wider] == plain[~wider]).all()


def test_before_and_after_needs_a_change(snapshot: Snapshot) -> None:
    bare = replace(snapshot, what_if=replace(snapshot.what_if, edited_pyramid=None))
    with pytest.raises(UserError, match="Nothing was changed"):
        before_after(bare)
    assert before_after(snapshot).width() > 1000


def test_the_target_is_among_the_changes(snapshot: Snapshot) -> None:
    answer = snapshot.what_if.answer
    assert answer is not None
    least = answer.classes[int(np.argmin(answer.before))]
    rows = top_changes(answer, least, most=3)
    assert least in [row.name for row in rows]
    assert len(rows) == 3
    assert [row.before for row in rows] == sorted((row.before for row in rows), reverse=True)


# numbers
def test_json_is_read_back_with_every_digit(snapshot: Snapshot, found: dict) -> None:
    read = json.loads(tables.json_bytes(found))
    explanation = snapshot.explanation
    assert explanation is not None
    assert [row["probability"] for row in read["predictions"]] == [
        item.probability for item in explanation.predictions
    ]
    for row, layer in zip(read["layers"], explanation.layers, strict=True):
        assert (row["layer"], row["depth"]) == (layer.name, layer.depth)
        assert row["raw_min"] == float(layer.values.min())
        positive = layer.values[layer.values > 0].sum(dtype=np.float64)
        assert row["sum_positive"] == pytest.approx(positive, rel=1e-6)
        assert 0 <= row["area_above_threshold"] <= row["response_above_threshold"] <= 1
    cells = [cell for row in snapshot.figures for cell in row.layers]
    assert [row["lift"] for row in read["landmark_layers"]] == [cell.lift for cell in cells]
    (erased,) = read["interventions"]
    effect = snapshot.what_if.effects["letter"]
    assert (erased["verdict"], erased["change"]) == ("uses", effect.change)
    assert (erased["elsewhere_low"], erased["elsewhere_high"]) == effect.span
    assert [row["test"] for row in read["evidence"]] == [e.test for e in explanation.evidence]
    assert read["reader"]["impression"] == "Hand, no fracture seen."
    assert len(read["judgements"]) == 2
    assert read["provenance"]["model"]["weights_sha256"] == explanation.model.sha256
    assert re.fullmatch("[0-9a-f]{64}", read["provenance"]["input"]["sha256"])


def test_csv_says_the_same(found: dict) -> None:
    data = tables.csv_bytes(found)
    rows = list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"))))
    assert tuple(rows[0]) == tables.COLUMNS
    values = {(row["table"], row["row"], row["column"]): row["value"] for row in rows}
    assert len(values) == len(rows), "no value stands there twice"
    for number, row in enumerate(found["layers"], 1):
        assert float(values["layers", str(number), "raw_max"]) == row["raw_max"]
    for number, row in enumerate(found["predictions"], 1):
        assert values["predictions", str(number), "class"] == row["class"]
        assert float(values["predictions", str(number), "probability"]) == row["probability"]
    assert values["interventions", "1", "verdict"] == "uses"


def test_csv_holds_no_formula(found: dict) -> None:
    text = tables.csv_bytes({**found, "reader": {"comment": '=HYPERLINK("http://x")'}}).decode()
    assert "\"'=HYPERLINK" in text


@pytest.mark.parametrize("encode", [tables.json_bytes, tables.csv_bytes])
def test_numbers_tell_whose_they_are_only_when_asked(
    snapshot: Snapshot, found: dict, encode
) -> None:
    facts = snapshot.facts
    shown = encode(tables.numbers(replace(snapshot, identity=True))).decode()
    hidden = encode(found).decode()
    for private in (facts.patient_name, facts.patient_id, facts.study_date, facts.institution):
        assert private
        assert private not in hidden
        assert private in shown
    assert snapshot.place.instance.path.name not in hidden


def test_numbers_are_written_whole_or_not_at_all(snapshot: Snapshot, tmp_path: Path) -> None:
    target = tmp_path / "numbers.json"
    tables.write_json(snapshot, target, Progress())
    before = target.read_bytes()
    stopped = Progress()
    stopped.cancel()
    with pytest.raises(Cancelled):
        tables.write_json(snapshot, target, stopped)
    assert target.read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["numbers.json"]


def test_verdicts_in_words(snapshot: Snapshot) -> None:
    uses = snapshot.what_if.effects["letter"]
    assert words.verdict(uses) == "uses"
    assert words.verdict(replace(uses, change=-0.01)) == "no use found"
    assert words.verdict(replace(uses, elsewhere=uses.elsewhere[:5])) == "not certain"
    assert words.verdict(None) == "not measured"
    assert words.signed(-0.4) == "−0.400"


# the dialog
def _explained(window: MainWindow):
    return lambda: window.session.explanation is not None


def _choose(dialog: ExportDialog, title: str):
    """The row with that title, and its preview."""
    row = next(n for n in range(dialog.kinds.count()) if title in dialog.kinds.item(n).text())
    dialog.kinds.setCurrentRow(row)
    return lambda: dialog.preview.shown != "Making the preview …"


def test_the_dialog_hides_the_identity_each_time_and_warns(drive, tmp_path: Path) -> None:
    def script(window: MainWindow):
        yield _explained(window)
        name = window.session.open.place.instance.attributes.patient_name
        export_verbs.show_export(window.context)
        dialog = window.findChild(ExportDialog)
        assert not dialog.identity.isChecked()
        assert not dialog.isModal()
        assert dialog.warning.isVisible(), "the sample's files say that text is burned in"
        assert dialog.warning.text() == BURNED_IN
        yield _choose(dialog, "JSON")
        dialog.identity.setChecked(True)
        dialog.export_to(tmp_path / "shown.json")
        yield lambda: "Exported shown.json, with the identity" in window.session.message
        assert name in (tmp_path / "shown.json").read_text(encoding="utf-8")
        dialog.close()
        export_verbs.show_export(window.context)
        assert window.findChildren(ExportDialog) == [dialog], "there is one"
        assert not dialog.identity.isChecked()
        dialog.export_to(tmp_path / "hidden.json")
        yield lambda: "Exported hidden.json, identity hidden" in window.session.message
        assert name not in (tmp_path / "hidden.json").read_text(encoding="utf-8")

    assert drive(["--sample"], script) == 0


def test_the_dialog_previews_what_it_writes(drive, tmp_path: Path) -> None:
    def script(window: MainWindow):
        yield _explained(window)
        window.session.show_layer(14)
        export_verbs.show_export(window.context)
        dialog = window.findChild(ExportDialog)
        yield _choose(dialog, "Before and after")
        assert "Nothing was changed" in dialog.preview.shown
        assert not dialog.export.isEnabled()
        yield _choose(dialog, "Contact sheet")
        dialog.no_layers.click()
        yield lambda: dialog.preview.shown == "No layer is chosen."
        dialog.all_layers.click()
        yield lambda: isinstance(dialog.preview.shown, QImage)
        assert len(dialog.wishes.layers) == len(window.session.explanation.layers)
        dialog.export_to(tmp_path / "sheet.png")
        yield lambda: "Exported sheet.png" in window.session.message
        written, seen = QImage(str(tmp_path / "sheet.png")), dialog.preview.shown
        assert written.width() / written.height() == pytest.approx(
            seen.width() / seen.height(), rel=0.01
        )
        yield _choose(dialog, "Report")
        assert dialog.preview.shown.height() > dialog.preview.shown.width()
        dialog.export_to(tmp_path / "report.pdf")
        yield lambda: "Exported report.pdf, identity hidden" in window.session.message
        assert len(Pdf((tmp_path / "report.pdf").read_bytes()).texts) >= 3
        assert dialog.export.isEnabled()

    assert drive(["--sample"], script) == 0
    facts = json.loads((tmp_path / "sheet.png.json").read_text(encoding="utf-8"))
    assert facts["layer"]["depth"] == 15


def test_a_cancelled_export_leaves_nothing(drive, tmp_path: Path) -> None:
    def script(window: MainWindow):
        yield _explained(window)
        export_verbs.show_export(window.context)
        dialog = window.findChild(ExportDialog)
        yield _choose(dialog, "Report")
        dialog.export_to(tmp_path / "report.pdf")
        assert dialog.cancel.isVisible()
        assert not dialog.export.isEnabled()
        dialog.cancel.click()
        yield lambda: not window.workbench.exporting
        assert "not exported: it was stopped" in window.session.message
        yield lambda: dialog.export.isEnabled()
        assert not dialog.cancel.isVisible()

    assert drive(["--sample"], script) == 0
    assert list(tmp_path.iterdir()) == []


def test_the_preview_follows_the_window(drive) -> None:
    def script(window: MainWindow):
        yield _explained(window)
        export_verbs.show_export(window.context)
        dialog = window.findChild(ExportDialog)
        yield _choose(dialog, "JSON")
        assert '"target"' in dialog.preview.shown
        before = dialog.preview.shown
        window.session.set_target(window.session.explanation.predictions[1].name)
        yield lambda: dialog.preview.shown != before and _explained(window)()
        target = window.session.explanation.target
        yield lambda: f'"target": "{target}"' in dialog.preview.shown

    assert drive(["--sample"], script) == 0
