"""Connects the session with the slow work: scanning, decoding, and the engine's process."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from PySide6.QtCore import QObject, QTimer, Signal

import resources
from engine.process import EngineProcess, ProcessDied, Ready
from engine.questions import Explain, Network
from engine.results import Explanation, Method, Refusal
from viewer.reading.limits import frame_bytes
from viewer.reading.process import ReaderProcess, make_readers
from viewer.render.overlay import OverlayMaker, smoothed
from viewer.state.audit_log import AuditLog
from viewer.state.cine import Cine
from viewer.state.classes import ClassView
from viewer.state.comparing import Comparing
from viewer.state.figures import Figures
from viewer.state.frames import Frames
from viewer.state.inquiry import Inquiry
from viewer.state.kernel_search import KernelSearch
from viewer.state.lane import Lane
from viewer.state.library import Library
from viewer.state.measured import Measuring
from viewer.state.pictures import Picture, Pictures
from viewer.state.place import Place
from viewer.state.progress import Cancelled
from viewer.state.records import Records
from viewer.state.session import EngineStatus, Session
from viewer.state.settings import BLIND_READING
from viewer.state.thumbnails import Thumbnails
from viewer.state.what_if import WhatIfState


@dataclass(frozen=True)
class Question:
    """What the engine was asked: answers to any other question are stale."""

    place: Place
    model: str
    method: Method
    target: str | None


_RUSH = 0.15  # seconds between two questions, below which only the last one is asked
_MOST_DEATHS = 3  # of the engine's process in a row, before it is left alone


class Workbench(QObject):
    """Owns the lanes. The window talks to the session; this answers its changes."""

    failed = Signal(object)
    exported = Signal(object)
    exportFailed = Signal(object)
    exportCancelled = Signal(object)
    engineStopped = Signal()
    closing = Signal()
    """What is still to be kept is written before the threads end."""

    def __init__(
        self,
        session: Session,
        device: str = "auto",
        parent: QObject | None = None,
        engine: EngineProcess | None = None,
        readers: Sequence[ReaderProcess] = (),
    ):
        """An ``engine`` that is given is left running at the end: others may use it, too.
        ``readers`` that boot already are used."""
        super().__init__(parent)
        self.session = session
        self.device = device
        self.engine = engine or EngineProcess()
        self._owns_engine = engine is None
        session.placeChanged.connect(self._forget_question)  # before a frame at hand asks anew
        self.readers = tuple(readers) or make_readers()
        visible, *scanners = self.readers
        self.library = Library(session, scanners, self)
        self.frames = Frames(session, visible, scanners[0], frame_bytes(), self)
        self.thumbnails = Thumbnails(session, scanners[0], self)
        self.cine = Cine(session, self.frames, self)
        self.pictures = Pictures()
        self.records = Records(session, self.pictures, self)
        self.measuring = Measuring(session, self)
        self._inquiries: list[Inquiry] = []
        self._closing = False
        self._engine_lane = Lane("engine", self)
        self._export_lane = Lane("exporting", self, keep_all=True)
        self._export_lane.finished.connect(self._export_ended)
        self._export_lane.failed.connect(self._export_ended)
        self.exporting = 0
        self._asked = 0.0
        self._rest = QTimer(self)
        self._rest.setSingleShot(True)
        self._rest.setInterval(int(1000 * _RUSH))
        self._rest.timeout.connect(self._ask_now)
        self._deaths = 0
        self._engine_said = ""
        self._pending: Question | Network | None = None
        self.library.failed.connect(self.failed)
        self.records.failed.connect(session.say)
        self.library.ended.connect(self._warm_without_image)
        self.library.changed.connect(self.frames.forget)
        self.library.changed.connect(self.thumbnails.forget)
        self.frames.failed.connect(self._frame_failed)
        self._engine_lane.finished.connect(self._answered)
        self._engine_lane.failed.connect(self._engine_failed)
        session.requestChanged.connect(self._ask)
        session.playingChanged.connect(self._ask)
        self.what_if = WhatIfState(session, self)
        self.comparing = Comparing(session, self)
        self.kernels = KernelSearch(session, self)
        self.class_view = ClassView(session, self)
        self.figures = Figures(session, self)
        session.settings.changed.connect(self._read_settings)
        self._read_settings()
        self.log = AuditLog(session, self)  # last: it listens to all of these

    def _read_settings(self) -> None:
        self.session.audit.set_blind(self.session.settings.get(BLIND_READING))

    # life
    def start_readers(self) -> None:
        """Let the readers boot while the window is built."""
        self.library.boot(self.readers[0])

    def begin(self, paths: Sequence[Path]) -> None:
        """What can wait until the window is on screen: open ``paths``; without any, warm up the
        engine (the first image would start it, too, and is on screen sooner if it does)."""
        if paths:
            self.open_paths(paths)
        else:
            self.warm()

    def warm(self) -> None:
        """Start the engine's process and load the model, while the user looks around."""
        network = self.network()
        self.session.set_engine(EngineStatus("starting"))
        self._pending = network
        self._engine_lane.submit(network, lambda: self.engine.warm(network))

    def network(self, model: str = "", untrained: int = 0) -> Network:
        """Who is asked: the session's model, or another one by name."""
        folder = resources.model_folder(model or self.session.model)
        return Network(folder, self.device, untrained)

    def picture(self) -> Picture | None:
        """The open image, for the engine."""
        opened = self.session.open
        return None if opened is None else self.pictures.of(opened)

    def inquiry(self, name: str) -> Inquiry:
        """A way of its own to ask the engine; it ends with the workbench."""
        inquiry = Inquiry(name, self.engine, self)
        self._inquiries.append(inquiry)
        return inquiry

    def close(self) -> None:
        """End the engine's process and every thread."""
        self.closing.emit()
        self._closing = True
        self.cine.stop()
        self.library.cancel()
        workers = [reader.process for reader in self.readers]
        if self._owns_engine:
            workers.append(self.engine)
        for worker in workers:
            worker.close()
        owners = (
            self.thumbnails,
            self.session.key_images,
            self.library,
            self.frames,
            self.records,
            self.measuring,
            self.comparing,
            self.log,
        )
        lanes = [lane for owner in owners for lane in owner.lanes()]
        lanes += [inquiry.lane for inquiry in self._inquiries]
        for lane in (*lanes, self._engine_lane, self._export_lane):
            lane.close()
        for worker in workers:
            worker.stop()
        gc.enable()  # as it was before studies were read
        gc.unfreeze()

    def export(self, path: Path, write: Callable[[], None], words: str = "") -> None:
        """Run ``write`` in the background; ``exported``, ``exportFailed`` or ``exportCancelled``
        tells how it went. ``words`` follow "Exported NAME" in the message about it."""
        self.exporting += 1
        self.log.export_asked(path)
        self._export_lane.submit((path, words), write)

    def _export_ended(self, key: tuple[Path, str], result: object) -> None:
        path, words = key
        self.exporting -= 1
        if isinstance(result, Cancelled):
            self.session.say(f"{path.name} was not exported: it was stopped.")
            self.exportCancelled.emit(path)
        elif isinstance(result, Exception):
            self.exportFailed.emit(result)
        else:
            self.session.say(f"Exported {path.name}{words}.")
            self.exported.emit(path)

    # opening and decoding
    def open_paths(self, paths: Sequence[Path]) -> None:
        """Find the studies below ``paths``, in the background."""
        self.library.open_paths(paths)

    def _warm_without_image(self, found: bool) -> None:
        if self.engine.pid is None and not found:
            self.warm()

    def _forget_question(self) -> None:
        self._pending = None  # whatever is asked was asked of another image

    def _leave_question(self) -> None:
        """Nothing is asked of what is shown now, whatever the engine is still at."""
        if self.session.engine.state == "busy":
            self.session.set_engine(replace(self.session.engine, state="ready"))

    def _frame_failed(self, error: Exception) -> None:
        self._leave_question()
        self.session.set_failure(error)
        self.failed.emit(error)

    # the engine
    def _ask(self) -> None:
        """Ask about the session's request, at once or, while images rush by, when they rest; about
        none that is played."""
        if self._closing:
            return
        if self.session.playing:
            self._leave_question()
            return
        now = time.monotonic()
        rushing, self._asked = now - self._asked < _RUSH, now
        if rushing:
            self._rest.start()
        else:
            self._rest.stop()
            self._ask_now()

    def _ask_now(self) -> None:
        """Ask about the session's request; an answer to anything else is stale."""
        session, opened = self.session, self.session.open
        if opened is None:
            return
        question = Question(opened.place, session.model, session.method, session.target)
        style, kept, picture = session.style, session.kept_layer, self.pictures.of(opened)
        network, asked = self.network(question.model), Explain(question.method, question.target)

        def work() -> object:
            answer = self.engine.answer(picture.key, picture.subject, network, asked)
            if not isinstance(answer, Explanation):
                return answer
            layer = None if style.shared_range else kept.of(answer)
            return smoothed(answer, style.smoothing, style.signed, layer)

        self._pending = question
        detail = session.engine.detail if session.engine.state in ("ready", "busy") else ""
        session.set_engine(EngineStatus("busy", detail))
        self._engine_lane.submit(question, work)

    def _answered(self, key: Question | Network, answer: object) -> None:
        self._deaths = 0
        if isinstance(answer, Ready) and self._pending in (key, None):
            self.session.set_engine(EngineStatus("ready", answer.device))
            self._unsay()
        if key != self._pending:
            return
        self._pending = None
        if isinstance(answer, Refusal):
            self.session.clear_explanation()
            self.session.set_engine(EngineStatus("failed", answer.message))
            self._say(answer.message)
        elif isinstance(answer, OverlayMaker):
            self.session.set_engine(EngineStatus("ready", answer.explanation.device))
            self.session.set_explanation(answer)
            self._unsay()

    def _say(self, message: str) -> None:
        """A message that the engine's next good answer takes away again."""
        self._engine_said = message
        self.session.say(message)

    def _unsay(self) -> None:
        if self._engine_said and self.session.message == self._engine_said:
            self.session.say("")
        self._engine_said = ""

    def _engine_failed(self, key: Question | Network, error: Exception) -> None:
        """A dead process is started again and asked again, but not for ever."""
        if self._closing:
            return
        if not isinstance(error, ProcessDied):
            self.session.set_engine(EngineStatus("failed", str(error)))
            self.failed.emit(error)
            return
        self._deaths += 1
        self.engineStopped.emit()
        if self._deaths >= _MOST_DEATHS:
            self._pending = None
            self.session.set_engine(EngineStatus("failed", "it stopped again and again"))
            self._say(
                "The engine stopped again and again; images can still be viewed. Choose another "
                "image or the other model to try once more."
            )
            return
        self._say("The engine stopped and was started again; what it was asked is asked anew.")
        self._ask_now()
        if self._pending is None or isinstance(self._pending, Network):
            self.warm()

    def ask_again(self) -> None:
        """After the engine gave no answer, or stopped too often: once more, from the beginning."""
        self._deaths = 0
        self._unsay()
        if self.session.open is None:
            self.warm()
        else:
            self._ask_now()

    def watch_engine(self) -> None:
        """Notice a process that died while nobody asked it anything, and start it again."""
        if self.session.engine.state == "ready" and self.engine.pid is None and not self._closing:
            self.engineStopped.emit()
            self._say("The engine stopped and was started again.")
            self.warm()
