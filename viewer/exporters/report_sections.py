"""The middle of the report: layers, landmarks, interventions, evidence."""

from __future__ import annotations

import math
from collections.abc import Sequence

from engine.findings import FAIL, PASS
from engine.presets import in_words
from viewer.exporters import words
from viewer.exporters.before_after import top_changes
from viewer.exporters.lift_plot import lift_plot
from viewer.exporters.paper import (
    QUIET,
    SMALL,
    Block,
    heading,
    note,
    paragraph,
    space,
)
from viewer.exporters.report_pictures import (
    before_and_after,
    change_bars,
    layer_rows,
)
from viewer.exporters.snapshot import Snapshot
from viewer.exporters.table_block import Column, Text, table
from viewer.state.document import Intervention
from viewer.state.figures import LandmarkFigures, LayerFigures

_SIGNS = {PASS: "✓ pass", FAIL: "✕ fail"}
_BEST = 3  # layers of a landmark in the table


def layers(snapshot: Snapshot) -> list[Block]:
    rows = layer_rows(snapshot)
    if not rows:
        return []
    legend = f"{words.part_of(snapshot.style)} Chance level of a lift: 1. {words.ATTENDS}"
    return [
        heading("Layers, from the image to the classes", page=True),
        paragraph(legend, SMALL, colour=QUIET, after=90),
        *rows,
    ]


def landmarks(snapshot: Snapshot) -> list[Block]:
    head = heading("Landmarks")
    if not snapshot.document.landmarks:
        return [head, paragraph("None drawn.")]
    if not snapshot.figures:
        names = ", ".join(item.name for item in snapshot.document.landmarks)
        return [head, paragraph(f"{names}. No figures: they have not been measured.")]
    legend = (
        "Mass: share of the layer's positive response inside. Lift: that over the landmark's share "
        "of the area; 1 is chance. Untrained: mean lift of networks of the same shape that never "
        f"learnt anything. The {_BEST} layers with the highest lift."
    )
    columns = (
        Column("landmark", 2.3),
        Column("area", 1.1, number=True),
        Column("layer", 2.0),
        Column("mass", 1.1, number=True),
        Column("lift", 1.0, number=True),
        Column("untrained", 1.3, number=True),
        Column("strongest point", 1.4),
    )
    rows = [line for row in snapshot.figures for line in _landmark_rows(row)]
    blocks = [head, note(legend), *table(columns, rows)]
    plot = lift_plot(snapshot.figures)
    return [*blocks, space(120), plot] if plot is not None else blocks


def _landmark_rows(row: LandmarkFigures) -> list[list[Text | str]]:
    known = [item for item in row.layers if not math.isnan(item.lift)]
    known.sort(key=lambda item: -item.lift)
    lines = [_figures(item) for item in known[:_BEST]] or [["no response", "", "", "", ""]]
    first: list[Text | str] = [Text(row.landmark.name, bold=True), f"{row.area:.1%}"]
    return [[*first, *lines[0]], *(["", "", *line] for line in lines[1:])]


def _figures(item: LayerFigures) -> list[Text | str]:
    return [
        f"{item.depth}  {item.layer}",
        f"{item.mass:.1%}",
        Text(words.figure(item.lift), bold=True),
        words.figure(item.untrained_lift),
        "✓ inside" if item.hit else "– outside",
    ]


def interventions(snapshot: Snapshot) -> list[Block]:
    items, what_if = snapshot.document.interventions, snapshot.what_if
    head = heading("Interventions")
    if not items:
        return [head, paragraph("None made: what the answer uses is not known.")]
    legend = (
        "Attends to: the layer with the highest lift in the region. Uses: erasing it changes the "
        "probability of the explained class by 0.05 or more, and by more than as much erased at "
        "any of 39 other places does."
    )
    columns = (
        Column("what was changed", 2.4),
        Column("attends to", 2.3),
        Column("before → after", 1.7),
        Column("elsewhere", 1.9),
        Column("verdict", 1.5),
    )
    rows = [_intervention(snapshot, item) for item in items]
    blocks = [head, note(legend), *table(columns, rows), space(120)]
    pictures = before_and_after(snapshot)
    if pictures is not None:
        blocks.append(pictures)
    if what_if.answer is not None and snapshot.explanation is not None:
        changes = top_changes(what_if.answer, snapshot.explanation.target)
        title = "Probability of a class: as the image is (grey), with all changes on (amber)"
        blocks += [note(title), change_bars(changes)]
    return blocks


def _intervention(snapshot: Snapshot, item: Intervention) -> list[Text | str]:
    effect = snapshot.what_if.effects.get(item.id)
    found = snapshot.what_if.attends.get(item.id)
    attends = "–"
    if found is not None and found.highest is not None and snapshot.explanation is not None:
        layer = snapshot.explanation.layers[found.highest]
        lift, mass = found.lifts[found.highest], found.masses[found.highest]
        attends = f"{layer.name}: lift {words.figure(lift)}, {mass:.0%} of its response"
    change = "–"
    if effect is not None:
        after = effect.before + effect.change
        change = f"{effect.before:.3f} → {after:.3f}\n({words.signed(effect.change)})"
    off = "" if item.on else ", switched off"
    return [
        Text(f"{item.name}\n{item.kind}, {item.edit.way}{off}"),
        attends,
        change,
        words.elsewhere(effect),
        Text(words.verdict(effect), bold=True),
    ]


def evidence(snapshot: Snapshot) -> list[Block]:
    explanation = snapshot.explanation
    if explanation is None or not explanation.evidence:
        return []
    legend = (
        f"Of the model's maps in general, by {in_words(explanation.method)}; not of this image."
    )
    columns = (Column("test", 1.5), Column("outcome", 1.1), Column("what was found", 5.4))
    rows: list[Sequence[Text | str]] = [
        (Text(item.test, bold=True), _SIGNS.get(item.outcome, f"? {item.outcome}"), item.sentence)
        for item in explanation.evidence
    ]
    head = heading("Evidence about the maps")
    return [head, note(legend), *table(columns, rows)]
