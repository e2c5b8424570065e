"""A whole audit through the real entry point, with the real engine in its own process."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QImage
from PySide6.QtTest import QTest

import resources
from engine.evidence.effects import PLACES
from engine.shapes import box
from tests.viewer.conftest import Steps, action_of
from tests.viewer.watchdog import LONGEST, Watchdog
from viewer.main_window import MainWindow
from viewer.state.document import Document
from viewer.state.log_file import read_log
from viewer.state.log_writer import log_path
from viewer.state.records import record_file
from viewer.state.what_if import trial_of
from viewer.verbs.export import save_export, screen_export

LEFT = Qt.MouseButton.LeftButton


def _explained(window: MainWindow) -> Callable[[], bool]:
    session = window.session
    return lambda: session.explanation is not None and bool(session.audit.image)


def _do(window: MainWindow, name: str) -> Steps:
    """Trigger an action; each step of a gesture is an event of its own, as by hand."""
    action = action_of(window, name)
    assert action.isEnabled(), name
    action.trigger()
    yield lambda: True


def _drag(window: MainWindow, start: tuple[float, float], end: tuple[float, float]) -> Steps:
    """From one frame point to another."""
    view, frame = window.view, window.session.open.frame
    transform = view.view.transform(view.viewports[0], frame.size, frame.aspect_ratio)
    first, last = (transform.map(QPointF(*point)).toPoint() for point in (start, end))
    QTest.mousePress(view, LEFT, pos=first)
    yield lambda: True
    for share in (0.3, 0.7, 1.0):
        QTest.mouseMove(view, first + (last - first) * share)
        yield lambda: True
    QTest.mouseRelease(view, LEFT, pos=last)
    yield lambda: True


def test_a_whole_audit_of_the_synthetic_hand(drive, tmp_path: Path) -> None:
    picture, kept = tmp_path / "audit.png", {}

    def script(window: MainWindow) -> Steps:
        session, workbench = window.session, window.workbench
        audit = session.audit
        yield _explained(window)
        watch = Watchdog(window)
        height, width = session.open.frame.size
        for name in ("previous-layer", "previous-layer", "next-layer"):
            yield from _do(window, name)
            yield lambda: session.overlay is not None
        assert session.style.visible

        audit.next_name, audit.next_source = "carpal bones", "Gilula 1979"
        window.docks.show("landmarks")
        yield from _do(window, "landmark-box")
        audit.next_name = "carpal bones"
        yield from _drag(window, (0.3 * width, 0.62 * height), (0.6 * width, 0.76 * height))
        assert [item.name for item in audit.document.landmarks] == ["carpal bones"]
        yield lambda: bool(workbench.figures.rows)
        figures = workbench.figures.rows[0]
        assert len(figures.layers) == len(session.explanation.layers)
        for layer in figures.layers:
            assert layer.mass == pytest.approx(layer.lift * figures.area, nan_ok=True)
        assert 0.03 < figures.area < 0.06
        yield lambda: workbench.figures.rows[0].layers[0].untrained_lift is not None
        kept["document"] = audit.document

        yield from _do(window, "kernels-here")
        yield from _drag(window, (0.35 * width, 0.64 * height), (0.55 * width, 0.74 * height))
        here = workbench.kernels.here
        yield lambda: here.found is not None
        masses = [row.score.score for row in here.found.rows]
        assert masses == sorted(masses, reverse=True)
        assert len({row.score.layer for row in here.found.rows}) > 1

        what_if = workbench.what_if
        window.docks.show("what_if")
        yield from _do(window, "find-candidates")
        yield lambda: what_if.offers.found is not None
        assert any(item.kind == "marker" for item in what_if.offers.found)
        yield from _do(window, "add-markers")
        (marker,) = audit.document.interventions
        assert marker.kind == "marker"
        yield lambda: what_if.answer is not None
        assert what_if.answer.before != what_if.answer.after
        yield lambda: what_if.is_done(trial_of(marker))
        effect = what_if.effects[marker.id]
        assert len(effect.elsewhere) == PLACES
        assert effect.uses is False, "the bundled model does not need the letter on the hand"

        yield from _do(window, "compare-model")
        yield lambda: bool(session.panes) and session.panes[0].overlay is not None
        other = session.panes[0].explanation
        assert other.model.name == "shallow"
        assert other.geometry.frame_size == session.explanation.geometry.frame_size
        yield from _do(window, "compare-difference")
        yield lambda: len(session.panes) == 2

        save_export(window.context, screen_export(window.context), picture)
        yield lambda: picture.exists() and not workbench.exporting
        yield from _do(window, "compare-stop")
        assert session.panes == ()
        yield from _do(window, "accept")
        assert audit.document.judgement("prediction").outcome == "accept"
        kept["key"] = audit.image
        assert watch.longest < LONGEST

    assert drive(["--sample"], script) == 0
    image = QImage(str(picture))
    assert not image.isNull()
    facts = json.loads(picture.with_name("audit.png.json").read_text(encoding="utf-8"))
    assert facts["model"]["name"] == "deep"
    assert facts["layer"]["name"]
    assert "SYNTHETIC-0001" not in json.dumps(facts), "the identity is hidden"
    assert record_file(kept["key"]).exists()
    reading = read_log(log_path())
    assert reading.broken == 0
    told = [line["what"] for line in reading.rows]
    assert len(told) >= 5

    def again(window: MainWindow) -> Steps:
        yield _explained(window)
        document = window.session.audit.document
        assert document.landmarks == kept["document"].landmarks
        assert len(document.interventions) == 1
        assert document.judgement("prediction") is not None

    assert drive(["--sample"], again) == 0


def test_answers_belong_to_the_image_on_screen_however_fast_they_are_switched(drive) -> None:
    def script(window: MainWindow) -> Steps:
        session, workbench = window.session, window.workbench
        yield _explained(window)
        workbench.open_paths(resources.sample_files())
        yield lambda: len(session.all_series()) >= 4 and session.reading is None
        for dock in ("kernels", "what_if"):
            window.docks.show(dock)
        for _ in range(2):
            for name in ("next-series", "next-series", "previous-series"):
                yield from _do(window, name)
                session.show_layer(5)
                yield lambda: session.open is not None
        yield _explained(window)
        height, width = session.open.frame.size
        yield from _do(window, "erase-box")
        yield from _drag(window, (0.3 * width, 0.3 * height), (0.6 * width, 0.5 * height))
        assert len(session.audit.document.interventions) == 1
        yield lambda: workbench.what_if.answer is not None
        first = workbench.what_if.answer
        yield from _do(window, "previous-series")
        yield lambda: session.open is not None
        yield _explained(window)
        assert session.audit.document == Document(), "another image, another document"
        assert workbench.what_if.answer is not first
        assert session.explanation.geometry.frame_size == session.open.frame.size
        yield from _do(window, "next-series")
        yield _explained(window)
        yield lambda: workbench.what_if.answer is not None
        assert len(session.audit.document.interventions) == 1, "and back again"

    assert drive(["--sample"], script) == 0


def test_a_killed_engine_costs_no_part_of_the_audit(drive) -> None:
    def script(window: MainWindow) -> Steps:
        session, workbench = window.session, window.workbench
        yield _explained(window)
        window.docks.show("what_if")
        height, width = session.open.frame.size
        workbench.engine.kill()
        yield from _do(window, "erase-box")
        yield from _drag(window, (0.3 * width, 0.3 * height), (0.6 * width, 0.5 * height))
        yield lambda: workbench.what_if.answer is not None
        before = workbench.what_if.answer
        workbench.engine.kill()
        (item,) = session.audit.document.interventions
        session.audit.reshape(item.id, box(10, 10, 200, 200))
        yield (
            lambda: (
                workbench.what_if.answer is not None and (workbench.what_if.answer is not before)
            )
        )
        assert session.explanation is not None
        assert len(session.audit.document.interventions) == 1
        window.docks.show("kernels")
        yield lambda: bool(workbench.kernels.tiles)

    assert drive(["--sample"], script) == 0
