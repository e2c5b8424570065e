"""Connects the session with the slow work: scanning, decoding, and the engine's process."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QObject, QTimer, Signal

import resources
from engine.process import EngineProcess, ProcessDied, Ready, Warm
from engine.results import Explanation, Method, Refusal, Request
from viewer.dicom.frame import to_grey
from viewer.dicom.grouping import merge
from viewer.dicom.study import Scan
from viewer.reading.process import ReaderProcess
from viewer.render.overlay import OverlayMaker, smoothed
from viewer.render.pyramid import Pyramid
from viewer.state.lane import Lane
from viewer.state.session import EngineStatus, OpenFrame, Place, Session


@dataclass(frozen=True)
class Question:
    """What the engine was asked: answers to any other question are stale."""

    place: Place
    model: str
    method: Method
    target: str | None
    attempt: int = 1


_ATTEMPTS = 3  # how often one question may bring the engine's process down


class Workbench(QObject):
    """Owns the lanes. The window talks to the session; this answers its changes."""

    failed = Signal(object)
    exported = Signal(object)
    exportFailed = Signal(object)

    def __init__(self, session: Session, device: str = "auto", parent: QObject | None = None):
        super().__init__(parent)
        self.session = session
        self.device = device
        self.engine = EngineProcess()
        self.reader, self.scanner = ReaderProcess(), ReaderProcess()
        self._closing = False
        self._scans: list[Sequence[Path]] = []
        self._scanning = False
        self._reading = Lane("reading", self)
        self._scan_lane = Lane("scanning", self)
        self._engine_lane = Lane("engine", self)
        self._export_lane = Lane("exporting", self, keep_all=True)
        self._export_lane.finished.connect(lambda path, done: self.exported.emit(path))
        self._export_lane.failed.connect(lambda path, error: self.exportFailed.emit(error))
        self._pending: Question | Warm | None = None
        self._reading.finished.connect(self._frame_read)
        self._reading.failed.connect(self._frame_failed)
        self._scan_lane.finished.connect(self._scanned)
        self._scan_lane.failed.connect(self._scan_failed)
        self._engine_lane.finished.connect(self._answered)
        self._engine_lane.failed.connect(self._engine_failed)
        session.placeChanged.connect(self._read_frame)
        session.requestChanged.connect(self._ask)

    # life
    def start_readers(self) -> None:
        """Let the readers boot while the window is built, one after the other: on two cores the
        second would take its time from the window."""
        self.scanner.process.start()

        def work() -> None:
            self.scanner.scan(())
            self.reader.process.start()

        self._scan_lane.submit(None, work)

    def begin(self, paths: Sequence[Path]) -> None:
        """What can wait until the window is on screen: open ``paths``; without any, warm up the
        engine (the first image would start it, too, and is on screen sooner if it does)."""
        if paths:
            self.open_paths(paths)
        else:
            self.warm()

    def warm(self) -> None:
        """Start the engine's process and load the model, while the user looks around."""
        folder = resources.model_folder(self.session.model)
        message = Warm(folder, self.device)
        self.session.set_engine(EngineStatus("starting"))
        self._pending = message
        self._engine_lane.submit(message, lambda: self.engine.ask(message))

    def close(self) -> None:
        """End the engine's process and every thread."""
        self._closing = True
        workers = (self.engine, self.reader.process, self.scanner.process)
        for worker in workers:
            worker.kill()
        for lane in (self._reading, self._scan_lane, self._engine_lane, self._export_lane):
            lane.close()
        for worker in workers:
            worker.stop()

    def export(self, path: Path, write: Callable[[], None]) -> None:
        """Run ``write`` in the background; ``exported`` or ``exportFailed`` tells how it went."""
        self._export_lane.submit(path, write)

    # scanning
    def open_paths(self, paths: Sequence[Path]) -> None:
        """Read the headers below ``paths``, in the background, one call after another."""
        self._scans.append(list(paths))
        self._next_scan()

    def _next_scan(self) -> None:
        if self._scanning or not self._scans:
            return
        self._scanning = True
        paths = self._scans.pop(0)
        self.session.say("Reading the study …")
        before = self.session.scan

        def work() -> tuple[Scan, Scan]:
            found = self.scanner.scan(paths)
            return found, merge(before, found)

        self._scan_lane.submit(tuple(paths), work)

    def _scanned(self, key: object, result: tuple[Scan, Scan] | None) -> None:
        """Show the first image of what was found, or say why there is none."""
        if result is None:
            return  # the readers have booted
        found, merged = result
        self._scanning = False
        self.session.say("")
        self.session.set_scan(merged)
        if found.studies:
            first = found.studies[0].series[0].instances[0].path
            self.session.set_place(self.session.place_of(first))
        elif found.rejected:
            self.session.say(found.rejected[0].reason)
        else:
            self.session.say("Nothing was found there; choose a DICOM file or a folder with some.")
        if self.engine.pid is None and not found.studies:
            self.warm()
        self._next_scan()

    def _scan_failed(self, key: object, error: Exception) -> None:
        if key is None:
            return  # booting failed; the next scan tells why
        self._scanning = False
        self.session.say("")
        self.failed.emit(error)
        self._next_scan()

    # decoding
    def _read_frame(self) -> None:
        place = self.session.place
        if place is None:
            return

        path, number = place.instance.path, place.frame
        self._reading.submit(place, lambda: self.reader.read(path, number))

    def _frame_read(self, place: Place, pyramid: Pyramid) -> None:
        if place == self.session.place:
            self.session.set_frame(OpenFrame(place, pyramid))

    def _frame_failed(self, place: Place, error: Exception) -> None:
        if place == self.session.place:
            self.failed.emit(error)

    # the engine
    def _question(self) -> Question | None:
        session, opened = self.session, self.session.open
        if opened is None or opened.place != session.place:
            return None
        return Question(opened.place, session.model, session.method, session.target)

    def _ask(self, attempt: int = 1) -> None:
        question = self._question()
        opened = self.session.open
        if question is None or opened is None:
            return
        question = Question(
            question.place, question.model, question.method, question.target, attempt
        )
        frame = opened.frame
        modality = opened.place.instance.attributes.modality

        smoothing = self.session.style.smoothing

        def work() -> object:
            answer = self.engine.ask(
                Request(
                    image=to_grey(frame),
                    model=resources.model_folder(question.model),
                    method=question.method,
                    target=question.target,
                    device=self.device,
                    modality=modality,
                )
            )
            return smoothed(answer, smoothing) if isinstance(answer, Explanation) else answer

        self._pending = question
        detail = self.session.engine.detail if self.session.engine.state != "starting" else ""
        self.session.set_engine(EngineStatus("busy", detail))
        self._engine_lane.submit(question, work)

    def _answered(self, key: Question | Warm, answer: object) -> None:
        if isinstance(answer, Refusal):
            self.session.set_engine(EngineStatus("failed", answer.message))
            self.session.say(answer.message)
        elif isinstance(answer, Ready):
            state = "busy" if isinstance(self._pending, Question) else "ready"
            self.session.set_engine(EngineStatus(state, answer.device))
        elif isinstance(answer, OverlayMaker) and key == self._pending:
            self.session.set_engine(EngineStatus("ready", answer.explanation.device))
            self.session.set_explanation(answer)
        if key == self._pending:
            self._pending = None

    def _engine_failed(self, key: Question | Warm, error: Exception) -> None:
        """A dead process is started again, and asked again what it was asked."""
        if self._closing:
            return
        if not isinstance(error, ProcessDied):
            self.session.set_engine(EngineStatus("failed", str(error)))
            self.failed.emit(error)
            return
        attempt = key.attempt if isinstance(key, Question) else 1
        if attempt >= _ATTEMPTS:
            self.session.set_engine(EngineStatus("failed", "it stopped again and again"))
            self.session.say(
                "The engine stops at this image again and again; it can still be viewed. "
                "Choose another image, or the other model."
            )
            return
        self.failed.emit(error)
        if isinstance(key, Warm) and self._question() is None:
            QTimer.singleShot(0, self, self.warm)
        else:
            self._ask(attempt + 1)

    def watch_engine(self) -> None:
        """Notice a process that died while nobody asked it anything, and start it again."""
        if self.session.engine.state == "ready" and self.engine.pid is None and not self._closing:
            self.failed.emit(ProcessDied("the engine process ended while idle"))
            self.warm()
