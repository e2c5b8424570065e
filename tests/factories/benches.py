"""A workbench with the real engine behind it, and no window."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from PySide6.QtCore import QEvent
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from engine.process import EngineProcess
from tests.factories.engines import ENGINE
from viewer.canvas.image_view import ImageView
from viewer.state.document import Document
from viewer.state.place import Place
from viewer.state.session import Session
from viewer.state.workbench import Workbench

PATIENCE = 90_000  # milliseconds that one awaited condition may take


@contextmanager
def opened(
    qtbot: QtBot, paths: Sequence[Path], explained: bool = True, model: str = "shallow"
) -> Iterator[Workbench]:
    """The first image of ``paths``, if there are any, is open, its document at hand and, if wanted,
    the model's answer."""
    with _workbench(ENGINE) as workbench:
        session = workbench.session
        session.set_model(model)
        if paths:
            workbench.open_paths(paths)
            qtbot.waitUntil(
                lambda: (
                    bool(session.audit.image) and (session.explanation is not None or not explained)
                ),
                timeout=PATIENCE,
            )
        yield workbench


@contextmanager
def read(qtbot: QtBot, paths: Sequence[Path]) -> Iterator[Workbench]:
    """All of ``paths`` is read and the first image of it is open; the engine is closed, for those
    who ask nothing."""
    engine = EngineProcess()
    engine.close()
    with _workbench(engine) as workbench:
        session = workbench.session
        if paths:
            workbench.open_paths(paths)
            qtbot.waitUntil(
                lambda: session.open is not None and session.reading is None, timeout=PATIENCE
            )
            session.set_place(Place(session.all_series()[0], 0))  # whichever was read first
            qtbot.waitUntil(lambda: session.open is not None, timeout=PATIENCE)
        yield workbench


@contextmanager
def _workbench(engine: EngineProcess) -> Iterator[Workbench]:
    """Every thread of it ends with the test."""
    session = Session()
    workbench = Workbench(session, "cpu", engine=engine)
    try:
        yield workbench
    finally:
        workbench.close()
        workbench.deleteLater()
        session.deleteLater()
        QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


def viewport(qtbot: QtBot, session: Session) -> ImageView:
    """The picture of a session's open frame, on the screen and painted once."""
    session.audit.open("picture", Document())
    widget = ImageView(session)
    qtbot.addWidget(widget)
    widget.resize(900, 700)
    widget.show()
    qtbot.waitExposed(widget)
    widget.grab()
    return widget
