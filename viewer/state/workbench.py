"""Connects the session with the slow work: scanning, decoding, and the engine's process."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject, Signal

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


_MOST_DEATHS = 3  # of the engine's process in a row, before it is left alone


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
        self._export_lane.finished.connect(self._export_ended)
        self._export_lane.failed.connect(self._export_ended)
        self.exporting = 0
        self._deaths = 0
        self._engine_said = ""
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
            worker.close()
        for lane in (self._reading, self._scan_lane, self._engine_lane, self._export_lane):
            lane.close()
        for worker in workers:
            worker.stop()

    def export(self, path: Path, write: Callable[[], None]) -> None:
        """Run ``write`` in the background; ``exported`` or ``exportFailed`` tells how it went."""
        self.exporting += 1
        self._export_lane.submit(path, write)

    def _export_ended(self, path: Path, result: object) -> None:
        self.exporting -= 1
        if isinstance(result, Exception):
            self.exportFailed.emit(result)
        else:
            self.exported.emit(path)

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
        self._pending = None  # whatever is asked was asked of another image
        place = self.session.place
        if place is not None:
            path, number = place.instance.path, place.frame
            self._reading.submit((path, number), lambda: self.reader.read(path, number))

    def _wanted(self, key: tuple[Path, int]) -> Place | None:
        """The open place if it is the one that was read, whatever its series is by now."""
        place = self.session.place
        return place if place and key == (place.instance.path, place.frame) else None

    def _frame_read(self, key: tuple[Path, int], pyramid: Pyramid) -> None:
        place = self._wanted(key)
        if place is not None:
            self.session.set_frame(OpenFrame(place, pyramid))

    def _frame_failed(self, key: tuple[Path, int], error: Exception) -> None:
        if self._wanted(key) is not None:
            if self.session.engine.state == "busy":
                self.session.set_engine(replace(self.session.engine, state="ready"))
            self.failed.emit(error)

    # the engine
    def _ask(self) -> None:
        """Ask about the session's request; an answer to anything else is stale."""
        session, opened = self.session, self.session.open
        if opened is None:
            return
        question = Question(opened.place, session.model, session.method, session.target)
        frame, smoothing = opened.frame, session.style.smoothing
        request = partial(
            Request,
            model=resources.model_folder(question.model),
            method=question.method,
            target=question.target,
            device=self.device,
            modality=opened.place.instance.attributes.modality,
            aspect_ratio=frame.aspect_ratio,
        )

        def work() -> object:
            answer = self.engine.ask(request(image=to_grey(frame)))
            return smoothed(answer, smoothing) if isinstance(answer, Explanation) else answer

        self._pending = question
        detail = session.engine.detail if session.engine.state in ("ready", "busy") else ""
        session.set_engine(EngineStatus("busy", detail))
        self._engine_lane.submit(question, work)

    def _answered(self, key: Question | Warm, answer: object) -> None:
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

    def _engine_failed(self, key: Question | Warm, error: Exception) -> None:
        """A dead process is started again and asked again, but not for ever."""
        if self._closing:
            return
        if not isinstance(error, ProcessDied):
            self.session.set_engine(EngineStatus("failed", str(error)))
            self.failed.emit(error)
            return
        self._deaths += 1
        if self._deaths >= _MOST_DEATHS:
            self._pending = None
            self.session.set_engine(EngineStatus("failed", "it stopped again and again"))
            self._say(
                "The engine stopped again and again; images can still be viewed. Choose another "
                "image or the other model to try once more."
            )
            return
        self._say("The engine stopped and was started again; what it was asked is asked anew.")
        self._ask()
        if self._pending is None or isinstance(self._pending, Warm):
            self.warm()

    def watch_engine(self) -> None:
        """Notice a process that died while nobody asked it anything, and start it again."""
        if self.session.engine.state == "ready" and self.engine.pid is None and not self._closing:
            self._say("The engine stopped and was started again.")
            self.warm()
