"""The report read back: pages, text that can be copied, nothing that tells whose image it is."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from tests.viewer.audited import COMMENT, audited
from tests.viewer.pdf_text import Pdf
from viewer.canvas.scene import NOT_FOR_DIAGNOSIS
from viewer.exporters import paper
from viewer.exporters.report import report_bytes, report_image, report_pages, write_report
from viewer.exporters.snapshot import Snapshot, WhatIfParts
from viewer.state.document import Document
from viewer.state.progress import Cancelled, Progress
from viewer.state.words import readable


@pytest.fixture(scope="module")
def snapshot(qapp: object) -> Snapshot:
    return audited()


@pytest.fixture(scope="module")
def pdf(snapshot: Snapshot) -> Pdf:
    return Pdf(report_bytes(snapshot))


def flat(text: str) -> str:
    return "".join(text.split())


def test_every_page_has_its_number_and_the_strip(pdf: Pdf) -> None:
    count = len(pdf.texts)
    assert count >= 4
    for number, text in enumerate(pdf.texts, 1):
        assert flat(f"page {number} of {count}") in text
        assert flat(NOT_FOR_DIAGNOSIS) in text


def test_all_sections_are_there_as_text(pdf: Pdf, snapshot: Snapshot) -> None:
    explanation = snapshot.explanation
    assert explanation is not None
    best = explanation.predictions[0]
    for text in (
        f"{readable(best.name)}, probability {best.probability:.3f}",
        f"by chance {1 / len(explanation.predictions):.3f}",
        "Hand, no fracture seen.",
        "Uses: letter R.",
        "Layers, from the image to the classes",
        "Landmarks",
        "carpal bones",
        "Interventions",
        "0.990 → 0.590",
        "Evidence about the maps",
        COMMENT,
        "landmark carpal bones",
        "broader than the bone",
        explanation.model.sha256,
        explanation.model.licence,
        "Limits of such maps",
    ):
        assert flat(text) in pdf.text, text
    for finding in explanation.evidence:
        assert flat(finding.sentence) in pdf.text
    for layer in explanation.layers:
        assert flat(f"{layer.depth}  {layer.name}") in pdf.text
    assert pdf.images >= len(explanation.layers) + 4


def test_copied_text_has_spaces(pdf: Pdf) -> None:
    assert "Layers, from the image to the classes" in pdf.spaced
    assert "\t" not in pdf.spaced


def test_landmark_figures_are_those_measured(pdf: Pdf, snapshot: Snapshot) -> None:
    row = next(row for row in snapshot.figures if row.landmark.id == "wrist")
    best = max((c for c in row.layers if not math.isnan(c.lift)), key=lambda cell: cell.lift)
    assert flat(f"{best.depth}  {best.layer}") in pdf.text
    assert f"{best.lift:.2f}" in pdf.text
    assert f"{row.area:.1%}" in pdf.text


def test_identity_is_hidden_unless_asked_for(pdf: Pdf, snapshot: Snapshot) -> None:
    facts = snapshot.facts
    private = [facts.patient_name, facts.patient_id, facts.institution, facts.study_description]
    data = report_bytes(snapshot)
    for text in private:
        assert text
        assert flat(text) not in pdf.text
        assert text.encode() not in data
        assert text.encode("utf-16-be") not in data
    assert "identityhidden" in pdf.texts[0]
    shown = Pdf(report_bytes(replace(snapshot, identity=True)))
    for text in private:
        assert flat(text) in shown.texts[0]
    assert facts.patient_name not in shown.title, "the title of the file never tells"


def test_empty_sections_say_so_or_are_left_out(snapshot: Snapshot) -> None:
    bare = replace(snapshot, document=Document(), figures=(), what_if=WhatIfParts())
    text = Pdf(report_bytes(bare)).text
    assert flat("None drawn.") in text
    assert flat("Not known: no change of the image was measured.") in text
    assert flat("The reader's judgements") not in text


def test_a_scan_without_an_answer_has_a_report_too(snapshot: Snapshot) -> None:
    bare = replace(snapshot, explanation=None, overlay=None, figures=(), what_if=WhatIfParts())
    text = Pdf(report_bytes(bare)).text
    assert flat("No answer was on screen when this was exported.") in text
    assert flat("Layers, from the image") not in text


def test_nothing_runs_out_of_a_page(snapshot: Snapshot) -> None:
    many = replace(snapshot.document, comment="A long remark about the image. " * 40)
    pages, _ = report_pages(replace(snapshot, document=many))
    for page in pages:
        assert page, "no page is empty"
        for _, box in page:
            assert box.bottom() <= paper.HEIGHT - paper.BOTTOM + 1 or len(page) == 1
        assert not page[-1][0].with_next, "no heading stands at the foot of a page alone"


def test_the_preview_is_the_first_page(qtbot: QtBot, snapshot: Snapshot) -> None:
    image = report_image(snapshot, 0, 500)
    assert image.width() == 500
    assert image.height() == pytest.approx(500 * math.sqrt(2), abs=2)
    greys = {image.pixelColor(x, 350).lightness() for x in range(0, 500, 3)}
    assert len(greys) > 20, "the scan is on it"


def test_a_report_that_is_stopped_leaves_the_old_one(snapshot: Snapshot, tmp_path: Path) -> None:
    target = tmp_path / "report.pdf"
    target.write_bytes(b"the old one")
    seen: list[float] = []

    def told(share: float) -> None:
        seen.append(share)
        if share > 0.3:
            progress.cancel()

    progress = Progress(told)
    with pytest.raises(Cancelled):
        write_report(snapshot, target, progress)
    assert 0.3 < max(seen) < 1, "it stopped between two pages"
    assert target.read_bytes() == b"the old one"
    assert [path.name for path in tmp_path.iterdir()] == ["report.pdf"]


def test_a_report_that_cannot_be_written_leaves_nothing(snapshot: Snapshot, tmp_path: Path) -> None:
    blocked = tmp_path / "file-not-folder"
    blocked.write_text("in the way")
    with pytest.raises(OSError, match=r"exist|directory"):
        write_report(snapshot, blocked / "report.pdf", Progress())
    assert [path.name for path in tmp_path.iterdir()] == [blocked.name]
