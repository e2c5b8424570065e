"""A snapshot of a finished audit: the bundled hand, the real engine, landmarks, an intervention."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from PySide6.QtCore import QEvent, QEventLoop, QTimer
from PySide6.QtWidgets import QApplication

import resources
from engine.evidence.effects import PLACES, Effect
from engine.questions import Edit
from engine.shapes import box
from tests.factories.engines import ENGINE
from viewer.exporters.snapshot import Snapshot, take
from viewer.state.document import Document, Impression, Intervention, Judgement, Landmark
from viewer.state.session import Session
from viewer.state.workbench import Workbench

_PATIENCE = 120_000  # milliseconds
WRIST = box(300, 800, 700, 1000)
LETTER = box(20, 30, 200, 190)
COMMENT = "The marker lies outside the field."


def audited() -> Snapshot:
    """As the program takes it; what erasing shows is then put in by hand, since it takes long."""
    session = Session()
    bench = Workbench(session, "cpu", engine=ENGINE)
    try:
        bench.open_paths(resources.sample_files())
        _wait(lambda: session.explanation is not None and bool(session.audit.image))
        session.show_layer(14)
        session.audit.change("all", document())
        what_if = bench.what_if
        _wait(lambda: what_if.edited is not None and what_if.edited_pyramid is not None)
        _wait(lambda: bool(bench.figures.rows))
        snapshot = take(bench)
        assert snapshot is not None
    finally:
        bench.close()
        bench.deleteLater()
        session.deleteLater()
        QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    elsewhere = tuple(-0.01 * place / PLACES for place in range(PLACES))
    uses = Effect("marker", (20, 30, 200, 190), "hand_wrist", 0.99, -0.4, elsewhere)
    return replace(snapshot, what_if=replace(snapshot.what_if, effects={"letter": uses}))


def document() -> Document:
    landmarks = (
        Landmark("wrist", "carpal bones", WRIST, "Gilula 1979"),
        Landmark("tips", "finger tips", box(250, 60, 800, 300)),
    )
    erased = (Intervention("letter", "letter R", Edit(LETTER, "mean"), "marker"),)
    judged = (
        Judgement("prediction", "accept", "as I read it", "2025-05-04T10:00:00+00:00"),
        Judgement(
            "landmark wrist", "unsure", "broader than the bones", "2025-05-04T10:01:00+00:00"
        ),
    )
    said = Impression("Hand, no fracture seen.", "2025-05-04T09:58:00+00:00")
    return Document(landmarks, erased, judged, said, COMMENT)


def _wait(condition: Callable[[], bool]) -> None:
    loop, poll = QEventLoop(), QTimer()
    poll.timeout.connect(lambda: loop.quit() if condition() else None)
    poll.start(10)
    QTimer.singleShot(_PATIENCE, loop, loop.quit)
    loop.exec()
    assert condition(), "a condition did not come true"
