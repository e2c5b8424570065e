"""The audit log: what was asked, answered, said and judged, a line each, on this computer alone.

It holds no name, no path and nothing written freely, unless the setting "identity in the log" is
on. :mod:`viewer.state.log_file` says how lines are bound together.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, QTimer

from engine.presets import in_words
from engine.questions import WhatIfAnswer
from engine.results import Explanation
from viewer import __version__
from viewer.dicom.study import Instance
from viewer.state.document import Document
from viewer.state.lane import Lane
from viewer.state.later import Later
from viewer.state.log_events import answered, changes, explained, is_settling
from viewer.state.log_writer import LogWriter
from viewer.state.model_facts import ModelFacts, model_facts
from viewer.state.session import Session
from viewer.state.settings import IDENTITY_IN_LOG, Setting

if TYPE_CHECKING:
    from viewer.state.workbench import Workbench

_CALM = 800  # milliseconds without a change, after which a drag is over


class AuditLog(QObject):
    """Listens to the session and the workbench; ``writer`` writes, and reads for those who show
    it. What is kept back from a reader who reads first is noted when it is shown."""

    def __init__(self, session: Session, workbench: Workbench) -> None:
        super().__init__(workbench)
        self._session, self._workbench = session, workbench
        self.writer = LogWriter(self)
        self.writer.failed.connect(session.say)
        self._image, self._document = "", Document()
        self._pending: tuple[dict[str, Any], Document] | None = None
        self._request = (session.model, session.method, session.target)
        self._explained: Explanation | None = None
        self._answered: WhatIfAnswer | None = None
        self._state = session.engine.state
        self._compared: tuple[object, ...] = ((),)
        self._exports: dict[Path, dict[str, Any]] = {}
        self._shown: set[str] = set()
        self._calm = QTimer(self)
        self._calm.setSingleShot(True)
        self._calm.setInterval(_CALM)
        self._calm.timeout.connect(self.flush)
        self._compared_at_rest = Later(self._note_compared, self, rest=_CALM, most=None)
        self._listen()

    def _listen(self) -> None:
        session, workbench = self._session, self._workbench
        session.audit.documentChanged.connect(self._document_changed)
        session.explanationChanged.connect(self._explanation_changed)
        session.requestChanged.connect(self._request_changed)
        session.engineChanged.connect(self._engine_changed)
        session.panesChanged.connect(self._panes_changed)
        session.key_images.marked.connect(self._marked)
        workbench.session.settings.changed.connect(self._setting_changed)
        workbench.exported.connect(self._export_made)
        workbench.engineStopped.connect(lambda: self.note("engine stopped"))
        workbench.closing.connect(self._close)
        workbench.what_if.changed.connect(self._what_if_changed)

    def lanes(self) -> tuple[Lane, ...]:
        return (self.writer.lane,)

    def was_shown(self, image: str) -> bool:
        """Whether the model's output for an image was on screen since the program began."""
        return image in self._shown

    # lines
    def note(self, what: str, details: Mapping[str, Any] | None = None) -> None:
        """A line about the open image, now."""
        self._write(self._moment(), what, details or {})

    def _write(
        self,
        moment: Mapping[str, Any],
        what: str,
        details: Mapping[str, Any],
        slow: Callable[[], Mapping[str, Any]] = dict,
    ) -> None:
        """``slow`` adds details that are found out in the background."""
        facts, picture = dict(moment), moment["picture"]
        del facts["picture"]

        def line() -> dict[str, Any]:
            image = "" if picture is None else picture.key
            return {"what": what, "image": image, **facts, "details": {**details, **slow()}}

        self.writer.write(line)

    def _moment(self) -> dict[str, Any]:
        """Who is asked, how, and about what, now."""
        session = self._session
        shown = session.explanation
        model = self._facts if shown is None else shown.model
        facts: dict[str, Any] = {
            "picture": self._workbench.picture(),
            "program": __version__,
            "model": {"name": model.name, "version": model.version, "weights": model.sha256},
            "method": in_words(session.method),
        }
        if self._freely and session.place is not None:
            instance = session.place.instance
            facts["patient_id"] = instance.attributes.patient_id
            facts["file"] = instance.path.name
        return facts

    @property
    def _facts(self) -> ModelFacts:
        return model_facts(self._workbench.network().model)

    @property
    def _freely(self) -> bool:
        return self._workbench.session.settings.get(IDENTITY_IN_LOG)

    # the document
    def _document_changed(self) -> None:
        audit = self._session.audit
        if audit.image != self._image:
            self.flush()
            self._image, self._document = audit.image, audit.document
            self._remember_shown()
            return
        self._pending = self._moment(), audit.document
        if is_settling(self._document, audit.document):
            self._calm.start()
        else:
            self.flush()

    def _close(self) -> None:
        self.flush()
        self._note_compared()

    def flush(self) -> None:
        """Write what has changed, as when a drag is over or the image is left."""
        self._calm.stop()
        if self._pending is None:
            return
        (moment, after), self._pending = self._pending, None
        before, self._document = self._document, after
        for what, details in changes(before, after, self._facts.classes, self._freely):
            if what == "impression committed":
                details["output_seen_before"] = self.was_shown(self._image)
            self._write(moment, what, details)
        self._what_if_changed()

    # the answer
    def _explanation_changed(self) -> None:
        explanation = self._session.explanation
        self._remember_shown()
        if explanation is not None and explanation is not self._explained:
            self._explained = explanation
            self.note(*explained(explanation, self._freely))

    def _remember_shown(self) -> None:
        if self._session.explanation is not None and self._image:
            self._shown.add(self._image)

    def _what_if_changed(self) -> None:
        """Note the newest answer, unless the next one is on its way, as during a drag."""
        answer, shown = self._workbench.what_if.answer, self._session.explanation
        if answer is None or answer is self._answered or shown is None or shown.withheld:
            return
        if self._calm.isActive() or self._workbench.what_if.busy:
            return
        self._answered = answer
        on = tuple(item.id for item in self._session.audit.document.interventions if item.on)
        self.note(*answered(answer, shown.target, on))

    # what is asked
    def _request_changed(self) -> None:
        session = self._session
        before, now = self._request, (session.model, session.method, session.target)
        self._request = now
        if now[0] != before[0]:
            self.note("model chosen")
        if now[1] != before[1]:
            self.note("method chosen")
        if now[2] is not None and now[2] != before[2]:
            self.note("target chosen", {"target": now[2]})

    def _engine_changed(self) -> None:
        before, self._state = self._state, self._session.engine.state
        if self._state == "failed" != before:
            said = {"because": self._session.engine.detail} if self._freely else {}
            self.note("engine gave no answer", said)

    def _panes_changed(self) -> None:
        self._shown.update(pane.key for pane in self._session.panes if pane.key)
        self._compared_at_rest.ask()

    def _note_compared(self) -> None:
        """Once images do not rush by any more; those that were answered with their keys."""
        panes = self._session.panes
        titles, keys = tuple(pane.title for pane in panes), [p.key for p in panes if p.key]
        if (titles, *keys) != self._compared:
            self._compared = (titles, *keys)
            details = {"beside": list(titles), **({"images": keys} if keys else {})}
            self.note("comparing" if titles else "comparing ended", details)

    def _marked(self, instance: Instance, frame: int, on: bool) -> None:
        """Only the open image can be marked in the window."""
        place = self._session.place
        if place is not None and place.key == (instance.path, frame):
            self.note("key image marked" if on else "key image unmarked", {"frame": frame + 1})

    def _setting_changed(self, setting: Setting[bool]) -> None:
        if setting.logged:
            on = self._workbench.session.settings.get(setting)
            self.note("setting changed", {"setting": setting.name, "on": on})

    # exports
    def export_asked(self, path: Path) -> None:
        """Remember what is exported: something else may be open when it is done."""
        self._exports[path] = self._moment()

    def _export_made(self, path: Path) -> None:
        moment = self._exports.pop(path, None) or self._moment()
        details = {"kind": path.suffix.removeprefix(".").casefold()}
        if self._freely:
            details["export"] = path.name

        def digest() -> dict[str, str]:
            try:
                with path.open("rb") as file:
                    return {"sha256": hashlib.file_digest(file, "sha256").hexdigest()}
            except OSError:  # it was moved meanwhile
                return {}

        self._write(moment, "export made", details, digest)
