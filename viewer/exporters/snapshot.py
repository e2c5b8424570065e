"""Everything that an export may say, taken at one moment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from engine.evidence.effects import Effect
from engine.questions import Candidate, WhatIfAnswer
from engine.results import Explanation
from viewer.canvas.compose import compose
from viewer.canvas.marks import Mark
from viewer.canvas.measure_marks import MeasureMark
from viewer.canvas.scene import Scene
from viewer.dicom.attributes import Attributes
from viewer.dicom.frame import default_window
from viewer.dicom.window import LookupTable, Window
from viewer.exporters.picture import input_facts
from viewer.render.overlay import Overlay, OverlayMaker
from viewer.render.pyramid import Pyramid
from viewer.render.style import OverlayStyle
from viewer.state.attending import Attention
from viewer.state.audit import now
from viewer.state.document import Document
from viewer.state.figures import LandmarkFigures, LayerFigures
from viewer.state.measured import Reading, read_all
from viewer.state.place import Place

if TYPE_CHECKING:
    from viewer.state.workbench import Workbench


@dataclass(frozen=True, eq=False)
class WhatIfParts:
    """What is known of the interventions: the answer with all that are on; by id the probabilities
    with each ``alone``, its ``effects``, and what ``attends`` to its region; the explanation and
    the scan after all of them; what was found that a model should not need. Empty until it is
    asked for."""

    answer: WhatIfAnswer | None = None
    alone: Mapping[str, tuple[float, ...]] = field(default_factory=lambda: MappingProxyType({}))
    effects: Mapping[str, Effect] = field(default_factory=lambda: MappingProxyType({}))
    attends: Mapping[str, Attention] = field(default_factory=lambda: MappingProxyType({}))
    edited: Explanation | None = None
    edited_pyramid: Pyramid | None = None
    candidates: tuple[Candidate, ...] | None = None


@dataclass(frozen=True, eq=False)
class Snapshot:
    """References to frozen things, so that it is taken at once and may be read in any thread.
    ``overlay`` is that of the chosen layer or kernel; ``identity`` says whether an export tells
    whose image it is, ``taken`` is ISO time, UTC."""

    place: Place
    pyramid: Pyramid
    window: Window | LookupTable
    inverted: bool
    explanation: Explanation | None
    overlay: Overlay | None
    style: OverlayStyle
    document: Document
    figures: tuple[LandmarkFigures, ...] = ()
    what_if: WhatIfParts = field(default_factory=WhatIfParts)
    planes_shown: bool = False
    identity: bool = False
    taken: str = ""

    @property
    def facts(self) -> Attributes:
        return self.place.instance.attributes

    @property
    def layers(self) -> int:
        return 0 if self.explanation is None else len(self.explanation.layers)

    @property
    def marks(self) -> tuple[Mark, ...]:
        """Landmarks, as an export shows them."""
        return tuple(Mark(item.shape, item.name, "landmark") for item in self.document.landmarks)

    @property
    def changes(self) -> tuple[Mark, ...]:
        """Interventions that are on."""
        on = (item for item in self.document.interventions if item.on)
        return tuple(Mark(item.edit.shape, item.name, "intervention") for item in on)

    @cached_property
    def readings(self) -> tuple[Reading, ...]:
        """What is measured, with every statistic: goes over the pixels, once."""
        return read_all(self.document.measurements, self.pyramid.source)

    @property
    def measures(self) -> tuple[MeasureMark, ...]:
        """The same, as a small picture beside a table shows it."""
        return tuple(MeasureMark(item, item.measurement.id, brief=True) for item in self.readings)

    def maker(self) -> OverlayMaker | None:
        """A maker of its own for each export: makers are not for several threads."""
        return None if self.explanation is None else OverlayMaker(self.explanation)

    def scene(
        self,
        overlay: Overlay | None,
        marks: tuple[Mark, ...] = (),
        measures: tuple[MeasureMark, ...] = (),
    ) -> Scene:
        return compose(
            self.place,
            self.pyramid,
            self.window,
            self.explanation,
            overlay,
            inverted=self.inverted,
            identity_shown=self.identity,
            planes_visible=self.planes_shown,
            marks=marks,
            measures=measures,
        )

    def input(self) -> dict[str, Any]:
        """What identifies the file: reads all of it."""
        return input_facts(self.place.instance.path, self.place.frame)

    def figures_at(self, layer: str) -> tuple[tuple[LandmarkFigures, LayerFigures], ...]:
        """Of every landmark with a figure at a layer."""
        return tuple(
            (row, cell) for row in self.figures for cell in row.layers if cell.layer == layer
        )


def take(workbench: Workbench, identity: bool = False) -> Snapshot | None:
    """What is on screen now; None without an open image. What is kept back from a reader who reads
    first is kept back here, too."""
    session = workbench.session
    opened, audit = session.open, session.audit
    if opened is None:
        return None
    shown = session.overlay
    if shown is not None:  # also while it is the classes that are looked at
        shown = replace(shown, style=replace(shown.style, shows="layer"))
    return Snapshot(
        place=opened.place,
        pyramid=opened.pyramid,
        window=session.window or default_window(opened.frame),
        inverted=session.inverted,
        explanation=session.explanation,
        overlay=shown,
        style=session.style,
        document=audit.document,
        figures=() if audit.concealed else workbench.figures.rows,
        what_if=WhatIfParts() if audit.concealed else _what_if(workbench),
        planes_shown=session.planes_shown,
        identity=identity,
        taken=now(),
    )


def _what_if(workbench: Workbench) -> WhatIfParts:
    state, items = workbench.what_if, workbench.session.audit.document.interventions
    attends = {item.id: state.attention(item.edit.shape) for item in items}
    return WhatIfParts(
        answer=None if state.busy else state.answer,
        alone=MappingProxyType(dict(state.alone)),
        effects=MappingProxyType(dict(state.effects)),
        attends=MappingProxyType({key: found for key, found in attends.items() if found}),
        edited=None if state.edited is None else state.edited.explanation,
        edited_pyramid=state.edited_pyramid,
        candidates=state.candidates,
    )
