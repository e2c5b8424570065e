"""The first page of the report: whose answer, to what, and what is known of it."""

from __future__ import annotations

from engine.findings import summary
from viewer.exporters import words
from viewer.exporters.paper import (
    BODY,
    HEAD,
    LARGE,
    QUIET,
    TITLE,
    Block,
    note,
    paragraph,
    space,
)
from viewer.exporters.report_pictures import (
    probability_bars,
    scan_and_response,
)
from viewer.exporters.snapshot import Snapshot
from viewer.exporters.table_block import Column, Text, table
from viewer.render.overlay import Overlay
from viewer.state.document import Judgement
from viewer.state.session import answer_in_words


def opening(snapshot: Snapshot) -> list[Block]:
    """The first page: whose answer, to what, and what is known of it."""
    explanation = snapshot.explanation
    blocks = [
        paragraph("What a model's answer rests on", TITLE, bold=True, after=30),
        paragraph(words.image_line(snapshot), LARGE, after=10),
        *(
            paragraph(line, BODY, colour=QUIET, after=5)
            for line in words.identity_lines(snapshot.facts, snapshot.identity)
        ),
        space(90),
        scan_and_response(snapshot),
    ]
    if explanation is None:
        return [
            *blocks,
            paragraph("No answer was on screen when this was exported."),
            *_summary(snapshot),
        ]
    model = explanation.model
    blocks.append(paragraph(words.answer_line(explanation), HEAD, bold=True, after=10))
    if not explanation.withheld:
        count = len(explanation.predictions)
        legend = f"{model.name} {model.version}: probability of a class; by chance {1 / count:.3f}"
        blocks += [note(legend), probability_bars(explanation)]
    return [*blocks, space(60), *_summary(snapshot)]


def _summary(snapshot: Snapshot) -> list[Block]:
    """The audit in a few rows."""
    explanation, document = snapshot.explanation, snapshot.document
    rows = [("What the answer uses", _verdicts(snapshot))]
    if explanation is not None:
        rows += [("Evidence about the maps", summary(explanation.evidence))]
    if snapshot.overlay is not None and snapshot.figures:
        rows.append(("Landmarks, at this layer", _lift_line(snapshot, snapshot.overlay)))
    if document.impression is not None:
        said = f"{document.impression.text}\n{words.when(document.impression.when)} UTC"
        if document.impression.seen:
            said += "\nThe answer had been on screen earlier all the same."
        rows.append(("Reader's impression, while the answer was kept back", said))
    judged = document.judgement("prediction")
    if judged is not None:
        said = _with_comment(judged)
        if judged.of and (explanation is None or judged.of != answer_in_words(explanation)):
            said += f"\nThat was of another answer: {judged.of}"
        rows.append(("Reader's judgement of the answer", said))
    cells = [(Text(name, quiet=True), value) for name, value in rows]
    return table((Column("", 2.6), Column("", 5.4)), cells)[1:]


def _with_comment(judged: Judgement) -> str:
    return f"{judged.outcome}: {judged.comment}" if judged.comment else judged.outcome


def _lift_line(snapshot: Snapshot, overlay: Overlay) -> str:
    """``lungs: lift 1.90, untrained 1.10``, a line each; 1 is chance."""
    lines = []
    for row, figures in snapshot.figures_at(overlay.layer.name):
        untrained = words.figure(figures.untrained_lift)
        lift = words.figure(figures.lift)
        lines.append(f"{row.landmark.name}: lift {lift} (chance 1, untrained {untrained})")
    return "\n".join(lines)


def _verdicts(snapshot: Snapshot) -> str:
    """``Uses: letter R. No use found: left border.``, or that nothing was changed."""
    found: dict[str, list[str]] = {"uses": [], "not certain": [], "no use found": []}
    for item in snapshot.document.interventions:
        effect = snapshot.what_if.effects.get(item.id)
        found.setdefault(words.verdict(effect), []).append(item.name)
    known = {verdict: names for verdict, names in found.items() if verdict != "not measured"}
    parts = [f"{name.capitalize()}: {', '.join(of)}." for name, of in known.items() if of]
    return " ".join(parts) or "Not known: no change of the image was measured."
