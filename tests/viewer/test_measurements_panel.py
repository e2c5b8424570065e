"""The list of measurements, what leaves the program about them, and labels that can be read."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QRectF, QSizeF, Qt
from PySide6.QtGui import QImage, QPainter
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

import resources
from tests.factories.benches import opened
from tests.viewer.pdf_text import Pdf
from viewer.canvas import measure_labels, measure_marks
from viewer.canvas.image_view import ImageView
from viewer.canvas.measure_marks import MeasureMark
from viewer.canvas.view import View
from viewer.commands import Context
from viewer.dialogs.export import Wishes
from viewer.dicom.frame import Frame
from viewer.exporters import picture, tables
from viewer.exporters.report import report_bytes
from viewer.exporters.snapshot import take
from viewer.messages import UserError
from viewer.panels.measurements import MeasurementsPanel
from viewer.render.turn import Turn
from viewer.state.audit import Tool
from viewer.state.measured import read, read_all
from viewer.state.measurement import Measurement
from viewer.state.progress import Progress
from viewer.state.workbench import Workbench
from viewer.verbs import measuring
from viewer.verbs.offers import offers
from viewer.verbs.pictures import screen_export

MADE = (
    Measurement("a", "length", ((100, 200), (400, 600)), 1),
    Measurement("b", "angle", ((100, 200), (100, 500), (400, 500)), 2),
    Measurement("c", "rectangle", ((300, 300), (500, 700)), 3),
    Measurement("d", "ellipse", ((500, 300), (700, 700)), 4),
)


@pytest.fixture
def bench(qtbot: QtBot) -> Iterator[Workbench]:
    """The sample hand, with one measurement of each kind; nobody asks the model."""
    with opened(qtbot, resources.sample_files(), explained=False) as workbench:
        for item in MADE:
            workbench.session.audit.add_measurement(item)
        yield workbench


@pytest.fixture
def panel(bench: Workbench, qtbot: QtBot) -> MeasurementsPanel:
    widget = MeasurementsPanel(bench)
    qtbot.addWidget(widget)
    widget.show()
    qtbot.waitUntil(lambda: len(bench.session.audit.measured) == 2)
    return widget


def _text(panel: MeasurementsPanel, row: int) -> str:
    return str(panel.list.item(row).data(Qt.ItemDataRole.AccessibleTextRole))


def test_it_lists_what_is_there_with_values(panel: MeasurementsPanel) -> None:
    frame = panel.session.open.pyramid.source
    assert [_text(panel, row) for row in range(4)] == [item.text for item in read_all(MADE, frame)]
    across, down = frame.spacing[1] * 300, frame.spacing[0] * 400
    assert _text(panel, 0) == f"length 1: {np.hypot(across, down):.1f} mm at detector"
    assert _text(panel, 1) == "angle 2: 90.0°"
    assert "80,000 pixels" in _text(panel, 2)
    assert panel.empty.isHidden()


def test_row_and_mark_are_one(panel: MeasurementsPanel) -> None:
    panel.list.setCurrentRow(1)
    assert panel.audit.selected == "b"
    panel.audit.select("d")
    assert panel.list.currentRow() == 3
    panel.audit.select("")
    assert panel.list.currentRow() == -1
    assert not panel.delete.isEnabled()


def test_deleting_selects_the_next_and_can_be_undone(
    panel: MeasurementsPanel, qtbot: QtBot
) -> None:
    panel.activateWindow()
    panel.list.setFocus()
    qtbot.waitActive(panel)
    panel.audit.select("b")
    QTest.keyClick(panel.list, Qt.Key.Key_Delete)
    assert [item.id for item in panel.audit.document.measurements] == ["a", "c", "d"]
    assert panel.audit.selected == "c"
    panel.audit.undo()
    assert panel.list.count() == 4
    for _ in range(4):
        panel.remove()
    assert panel.list.count() == 0, "one after the other, without a hand on the mouse"


def test_tools_are_taken_and_put_down(panel: MeasurementsPanel) -> None:
    panel.tools["angle"].click()
    assert panel.audit.tool == Tool("measure", measure="angle")
    assert panel.tools["angle"].isChecked()
    panel.audit.set_tool(Tool("measure", measure="ellipse"))
    assert panel.tools["ellipse"].isChecked()
    assert not panel.tools["angle"].isChecked()
    panel.tools["ellipse"].click()
    assert panel.audit.tool == Tool()
    assert not panel.tools["ellipse"].isChecked()


def test_without_any_it_says_what_to_do(panel: MeasurementsPanel) -> None:
    panel.audit.clear_measurements()
    assert "Take a tool" in panel.empty.text()
    assert panel.list.isHidden()
    assert panel.send.isHidden()
    panel.audit.close()
    assert not panel.tools["length"].isEnabled()
    assert panel.empty.text() == "Open an image to measure on it."


def test_they_are_there_after_a_restart(qtbot: QtBot, bench: Workbench) -> None:
    bench.close()
    with opened(qtbot, resources.sample_files(), explained=False) as again:
        assert again.session.audit.document.measurements == MADE


# what leaves the program
@pytest.fixture
def context(bench: Workbench, qtbot: QtBot) -> Context:
    view = ImageView(bench.session)
    qtbot.addWidget(view)
    view.resize(700, 600)
    return Context(bench.session, bench, view, view)  # type: ignore[arg-type]


def test_they_are_in_the_tables_and_the_report(bench: Workbench) -> None:
    snapshot = take(bench)
    found = tables.numbers(snapshot)["measurements"]
    assert [(row["number"], row["kind"], row["unit"]) for row in found] == [
        (1, "length", "mm"),
        (2, "angle", "°"),
        (3, "rectangle", "mm²"),
        (4, "ellipse", "mm²"),
    ]
    frame = bench.session.open.pyramid.source
    inside = frame.modality_values()[300:700, 300:500].astype(np.float64)
    assert found[2]["mean"] == pytest.approx(inside.mean(), rel=1e-12)
    assert found[2]["sd"] == pytest.approx(inside.std(), rel=1e-9)
    assert found[2]["true_of"] == "at detector"
    text = Pdf(report_bytes(snapshot)).text
    for words in ("Measurements", "rectangle3", "atdetector", "withmeasurements"):
        assert words in text


def test_a_csv_has_a_line_for_each(context: Context) -> None:
    (offer,) = [item for item in offers(context) if item.title == "Measurements (CSV)"]
    prepared = offer.prepare(Wishes(False, ()))
    rows = list(csv.DictReader(io.StringIO(prepared.preview())))
    assert [row["kind"] for row in rows] == ["length", "angle", "rectangle", "ellipse"]
    assert float(rows[1]["value"]) == 90
    assert (rows[0]["mean"], rows[2]["pixels"]) == ("", "80000")
    context.session.audit.clear_measurements()
    with pytest.raises(UserError, match="Nothing was measured"):
        offer.prepare(Wishes(False, ()))


def test_a_picture_has_them_with_its_json(context: Context, tmp_path: Path) -> None:
    export = screen_export(context)
    export.write(tmp_path / "x.png", Progress())
    facts = json.loads((tmp_path / "x.png.json").read_text("utf-8"))
    assert [row["kind"] for row in facts["measurements"]] == [item.kind for item in MADE]
    assert facts["measurements"][3]["pixels"] > 60_000
    shown = QImage(str(tmp_path / "x.png")).convertToFormat(QImage.Format.Format_RGB888)
    assert _bright(shown) > 300


def test_an_export_waits_for_no_statistics(context: Context) -> None:
    context.session.audit.set_measured({})
    scene = context.view.current_scene()
    assert any(mark.reading.is_waiting for mark in scene.measures)
    done = picture.measured(scene)
    assert not any(mark.reading.is_waiting for mark in done.measures)
    image = picture.as_on_screen(scene, QSizeF(700, 600), View(), 1.0)
    assert image == picture.as_on_screen(done, QSizeF(700, 600), View(), 1.0)


def test_they_are_copied_as_text(context: Context, qtbot: QtBot) -> None:
    qtbot.waitUntil(lambda: len(context.session.audit.measured) == 2)
    measuring.copy_text(context)
    lines = QApplication.clipboard().text().splitlines()
    assert len(lines) == 4
    assert lines[1] == "angle 2: 90.0°"
    assert lines[3].startswith("ellipse 4: ")


def _bright(image: QImage) -> int:
    """Pixels in the colour of measurements."""
    rows = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), -1)
    rgb = rows[:, : 3 * image.width()].reshape(-1, 3).astype(int)
    near = np.abs(rgb - np.array(measure_labels.COLOUR.getRgb()[:3])).max(axis=1) < 12
    return int(near.sum())


# labels
@pytest.mark.parametrize("mirrored", [False, True])
@pytest.mark.parametrize("quarters", range(4))
def test_labels_are_inside_and_off_their_own_lines(
    quarters: int, mirrored: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In every turn; and letters are upright, which their size shows."""
    frame = Frame(np.zeros((300, 200), np.uint8), spacing=(0.5, 0.5), spacing_kind="calibrated")
    made = [
        Measurement("a", "length", ((2, 2), (190, 280)), 1),
        Measurement("b", "angle", ((10, 290), (100, 150), (195, 290)), 2),
        Measurement("c", "rectangle", ((1, 100), (60, 160)), 3),
        Measurement("d", "length", ((100, 1), (199, 1)), 4),
        Measurement("e", "ellipse", ((150, 240), (199, 299)), 5),
    ]
    size = QRectF(0, 0, 640, 520)
    transform = View(turn=Turn(quarters, mirrored)).transform(size, frame.size, 1.0)
    boxes: list[QRectF] = []
    written = measure_labels._write

    def watch(painter: QPainter, box: QRectF, *rest: object) -> None:
        boxes.append(box)
        written(painter, box, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(measure_labels, "_write", watch)
    image = QImage(640, 520, QImage.Format.Format_RGB32)
    image.fill(0)
    painter = QPainter(image)
    marks = [MeasureMark(item, item.measurement.id) for item in read_all(made, frame)]
    measure_marks.paint(painter, marks, transform, size, 1.0)
    painter.end()
    assert len(boxes) == len(made)
    for box, item in zip(boxes, made, strict=True):
        assert size.contains(box)
        lines = measure_marks._lines(item, transform, 1.0)
        points = measure_labels._along(lines, 1.0)
        assert measure_labels._inside(points, box) == 0, item.title
        assert box.height() < box.width() * 1.2, "the text is upright"
    assert not any(a.intersects(b) for n, a in enumerate(boxes) for b in boxes[:n])


def test_what_is_out_of_sight_has_no_label(monkeypatch: pytest.MonkeyPatch) -> None:
    frame = Frame(np.zeros((300, 200), np.uint8))
    mark = MeasureMark(read(Measurement("a", "length", ((1, 1), (9, 9))), frame, {}), "a")
    image = QImage(300, 300, QImage.Format.Format_RGB888)
    image.fill(0)
    painter = QPainter(image)
    view = View(10.0, (190.0, 290.0))
    size = QRectF(0, 0, 300, 300)
    measure_marks.paint(painter, [mark], view.transform(size, frame.size, 1.0), size, 1.0)
    painter.end()
    assert _bright(image) == 0
