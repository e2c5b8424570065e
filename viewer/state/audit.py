"""What the reader is doing with the open image: the document, its history, the tool in hand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Literal

from PySide6.QtCore import QObject, Signal

from engine.questions import EditWay
from engine.shapes import Kind, Shape
from viewer.render.measure import Region, Statistics
from viewer.state.document import (
    Document,
    Impression,
    Intervention,
    Judgement,
    Landmark,
    Outcome,
)
from viewer.state.measurement import Measure as Measure
from viewer.state.measurement import Measurement

Purpose = Literal[
    "window", "scroll", "zoom", "pan", "magnify", "landmark", "erase", "ask", "measure", "level"
]
LOOKING: tuple[Purpose, ...] = ("window", "scroll", "zoom", "pan", "magnify")
"""What draws nothing."""
_STEPS = 200  # that can be undone, for each image
_IMAGES = 50  # whose history is kept


@dataclass(frozen=True)
class Tool:
    """What the left mouse button does: one of :data:`LOOKING` (and take hold of what is drawn), or
    draw a shape that becomes a ``landmark``, a region to ``erase``, one to ``ask`` about, or what
    ``measure`` says."""

    purpose: Purpose = "window"
    kind: Kind = "box"
    width: float = 0.0
    """Of a stroke or point, as a share of the image's long side; 0 for the usual one."""
    measure: Measure = "length"


@dataclass
class _History:
    """Documents of one image: ``past`` and ``future`` are (what was done, the document before it,
    or after it)."""

    past: list[tuple[str, Document]] = field(default_factory=list)
    future: list[tuple[str, Document]] = field(default_factory=list)
    merging: str = ""


def now() -> str:
    """ISO time, UTC, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def _without(document: Document, item_id: str) -> tuple[Judgement, ...]:
    """Judgements but those of a landmark or an intervention."""
    return tuple(item for item in document.judgements if not item.about.endswith(f" {item_id}"))


class Audit(QObject):
    """One document at a time, that of the open image. Setters ignore equal values; every change of
    the document can be undone."""

    documentChanged = Signal()
    toolChanged = Signal()
    selectedChanged = Signal()
    regionChanged = Signal()
    levelAsked = Signal(object)
    """The shape whose values the window is to show."""
    concealedChanged = Signal()
    blindChanged = Signal()
    proposalsChanged = Signal()
    draftChanged = Signal()
    measuredChanged = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.image = ""
        """The key of the image that the document is about; "" while none is open."""
        self.document = Document()
        self.tool = Tool()
        self.selected = ""
        """The id of the landmark, intervention or measurement that is taken hold of."""
        self.next_name = ""
        """What the next landmark that is drawn is called; "" for a plain "landmark"."""
        self.next_source = ""
        """Where that name is from."""
        self.next_way: EditWay = "in-paint"
        """How the region is changed that is drawn next."""
        self.region: Shape | None = None
        """Where "which kernels look here" is asked."""
        self.proposals: tuple[tuple[str, Shape], ...] = ()
        """Regions that are offered, with what they are called: seen, not kept."""
        self.draft: Measurement | None = None
        """What is being measured with the mouse: seen, not kept."""
        self.measured: Mapping[Region, Statistics] = {}
        """What the values inside the measured regions come to, as far as it is known."""
        self.blind = False
        self.answer = ""
        """The model's answer on screen in words, set by the session: what is judged."""
        self._histories: dict[str, _History] = {}

    # the image
    def open(self, image: str, document: Document) -> None:
        """Take up the document of an image; what was done to it in this session can be undone."""
        before = self.concealed
        self.image, self.document = image, document
        self.selected, self.region = "", None
        self.set_proposals(())
        self.set_draft(None)
        self._histories[image] = self._histories.pop(image, _History())
        while len(self._histories) > _IMAGES:
            self._histories.pop(next(iter(self._histories)))
        self.documentChanged.emit()
        self.selectedChanged.emit()
        self.regionChanged.emit()
        if before != self.concealed:
            self.concealedChanged.emit()

    def close(self) -> None:
        """There is no image now, or its document is not known yet."""
        if self.image:
            self.open("", Document())

    # the document
    def change(self, what: str, document: Document, merge: str = "") -> None:
        """Put ``document`` in the place of the present one. ``what`` is for the menu ("draw
        lungs"). Changes one after another with an equal ``merge`` are undone together."""
        if document == self.document or not self.image:
            return
        history = self._histories[self.image]
        if not (merge and history.merging == merge):
            history.past.append((what, self.document))
            del history.past[:-_STEPS]
        history.merging = merge
        history.future.clear()
        self._take(document)

    def settle(self) -> None:
        """What follows is undone separately: the end of a drag."""
        if self.image:
            self._histories[self.image].merging = ""

    def undo(self) -> None:
        self._step(back=True)

    def redo(self) -> None:
        self._step(back=False)

    @property
    def undo_text(self) -> str:
        """What would be undone, "" if there is nothing."""
        past = self._histories[self.image].past if self.image else []
        return past[-1][0] if past else ""

    @property
    def redo_text(self) -> str:
        future = self._histories[self.image].future if self.image else []
        return future[-1][0] if future else ""

    def _step(self, back: bool) -> None:
        if not self.image:
            return
        history = self._histories[self.image]
        source, goal = (history.past, history.future) if back else (history.future, history.past)
        if source:
            what, document = source.pop()
            goal.append((what, self.document))
            history.merging = ""
            self._take(document)

    def _take(self, document: Document) -> None:
        before = self.concealed
        self.document = document
        if self.selected and not document.holds(self.selected):
            self.select("")
        self.documentChanged.emit()
        if before != self.concealed:
            self.concealedChanged.emit()

    # common changes
    def add_landmark(self, landmark: Landmark) -> None:
        document = self.document
        done = replace(document, landmarks=(*document.landmarks, landmark))
        self.change(f"draw {landmark.name}", done)
        if self.image:
            self.select(landmark.id)

    def add_interventions(self, what: str, items: tuple[Intervention, ...]) -> None:
        document = self.document
        self.change(what, replace(document, interventions=(*document.interventions, *items)))

    def reshape(self, item_id: str, shape: Shape, merge: str = "") -> None:
        """Another shape for a landmark or an intervention; what was judged of it was of the old."""

        def edited(item: Intervention) -> Intervention:
            return replace(item, edit=replace(item.edit, shape=shape))

        document = self.document
        done = replace(
            document,
            landmarks=tuple(
                replace(item, shape=shape) if item.id == item_id else item
                for item in document.landmarks
            ),
            interventions=tuple(
                edited(item) if item.id == item_id else item for item in document.interventions
            ),
            judgements=_without(document, item_id),
        )
        self.change("move", done, merge)

    def put_landmark(self, landmark: Landmark) -> None:
        """A landmark in the place of the one with its id."""
        rows = (landmark if item.id == landmark.id else item for item in self.document.landmarks)
        self.change(f"edit {landmark.name}", replace(self.document, landmarks=tuple(rows)))

    def put_intervention(self, intervention: Intervention) -> None:
        rows = (
            intervention if item.id == intervention.id else item
            for item in self.document.interventions
        )
        same = any(item.edit == intervention.edit for item in self.document.interventions)
        done = replace(self.document, interventions=tuple(rows))
        if not same:  # what was judged of it was of the old one
            done = replace(done, judgements=_without(done, intervention.id))
        self.change(f"change {intervention.name}", done)

    def add_measurement(self, measurement: Measurement) -> None:
        document = self.document
        done = replace(document, measurements=(*document.measurements, measurement))
        self.change(f"measure {measurement.title}", done)
        if self.image:
            self.select(measurement.id)

    def put_measurement(self, measurement: Measurement, merge: str = "") -> None:
        """A measurement in the place of the one with its id."""
        rows = (
            measurement if item.id == measurement.id else item
            for item in self.document.measurements
        )
        done = replace(self.document, measurements=tuple(rows))
        self.change(f"move {measurement.title}", done, merge)

    def clear_measurements(self) -> None:
        self.change("delete all measurements", replace(self.document, measurements=()))

    def remove(self, item_id: str) -> None:
        """A landmark or an intervention, and what was judged of it; or a measurement."""
        document = self.document
        self.change(
            "delete",
            replace(
                document,
                landmarks=tuple(item for item in document.landmarks if item.id != item_id),
                interventions=tuple(i for i in document.interventions if i.id != item_id),
                measurements=tuple(i for i in document.measurements if i.id != item_id),
                judgements=_without(document, item_id),
            ),
        )

    def judge(self, about: str, outcome: Outcome, comment: str = "") -> None:
        """Accept, reject or doubt a finding."""
        judgement = Judgement(about, outcome, comment, now(), self.answer)
        others = tuple(item for item in self.document.judgements if item.about != about)
        done = replace(self.document, judgements=(*others, judgement))
        self.change(f"{outcome} {about.split()[0]}", done)

    def withdraw(self, about: str) -> None:
        """Take back what was judged of a finding."""
        others = tuple(item for item in self.document.judgements if item.about != about)
        self.change("withdraw a judgement", replace(self.document, judgements=others))

    # blind reading
    @property
    def concealed(self) -> bool:
        """Whether the model's output is kept back until the reader has said something."""
        return self.blind and self.document.impression is None

    def set_blind(self, blind: bool) -> None:
        """Read first: the model's output is shown after the reader's impression was committed."""
        if blind == self.blind:
            return
        before = self.concealed
        self.blind = blind
        if before != self.concealed:
            self.concealedChanged.emit()
        self.blindChanged.emit()

    def commit_impression(self, text: str, seen: bool = False) -> None:
        """Cannot be undone: it was said before the output was seen."""
        if not self.image or self.document.impression is not None:
            return
        said = Impression(text, now(), seen)
        history = self._histories[self.image]
        for row in (history.past, history.future):
            row[:] = [(what, replace(document, impression=said)) for what, document in row]
        self._take(replace(self.document, impression=said))

    # the tool
    def set_tool(self, tool: Tool) -> None:
        if tool != self.tool:
            self.tool = tool
            self.toolChanged.emit()

    def select(self, item_id: str) -> None:
        if item_id != self.selected:
            self.selected = item_id
            self.selectedChanged.emit()

    def set_proposals(self, proposals: tuple[tuple[str, Shape], ...]) -> None:
        if proposals != self.proposals:
            self.proposals = proposals
            self.proposalsChanged.emit()

    def set_draft(self, draft: Measurement | None) -> None:
        if draft != self.draft:
            self.draft = draft
            self.draftChanged.emit()

    def set_measured(self, measured: Mapping[Region, Statistics]) -> None:
        """What is known now in the place of what was."""
        self.measured = measured
        self.measuredChanged.emit()

    def set_region(self, region: Shape | None) -> None:
        if region != self.region:
            self.region = region
            self.regionChanged.emit()
