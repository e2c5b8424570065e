"""The end of the report: what the reader said, how it was computed, what such maps cannot show."""

from __future__ import annotations

from engine.presets import in_words
from viewer.exporters import words
from viewer.exporters.paper import (
    Block,
    heading,
    paragraph,
)
from viewer.exporters.snapshot import Snapshot
from viewer.exporters.table_block import Column, Text, table
from viewer.state.document import Document, Judgement
from viewer.state.words import readable

_LIMITS = (
    "A response map shows what a layer attends to. Whether the answer uses it is another question, "
    "which only a change of the image can settle; where nothing was changed, nothing is known.",
    "A map that lies on the expected anatomy may do so by chance: bodies fill the middle of a "
    "radiograph, and networks that never learnt anything respond to edges there, too. Read every "
    "lift beside its chance level of 1 and beside the untrained networks.",
    "Maps made with the deconvnet and guided rules are partly a recovery of the image and say "
    "little about the decision. Maps of a class with a low probability mean little by any rule.",
    "Maps do not reveal every spurious cue and may point at innocent ones. On chest films, "
    "published methods of this kind mark findings less exactly than radiologists do. Readers "
    "tend to follow wrong advice that comes with an explanation: judge the scan first.",
)


def reader(snapshot: Snapshot) -> list[Block]:
    document = snapshot.document
    others = [item for item in document.judgements if item.about != "prediction"]
    if not others and not document.comment:
        return []
    blocks = [heading("The reader's judgements and comments")]
    if document.comment:
        blocks.append(paragraph(document.comment, after=90))
    if others:
        columns = (
            Column("about", 2.3),
            Column("judgement", 1.1),
            Column("comment", 3.2),
            Column("when (UTC)", 2.0),
        )
        rows = [_judged(document, item) for item in others]
        blocks += table(columns, rows)
    return blocks


def _judged(document: Document, said: Judgement) -> list[Text | str]:
    kind, _, name = said.about.partition(" ")
    named = {item.id: item.name for item in document.landmarks}
    named |= {item.id: item.name for item in document.interventions}
    about = f"{kind} {named.get(name, name)}".strip()
    return [Text(about, bold=True), said.outcome, said.comment or "–", words.when(said.when)]


def provenance(snapshot: Snapshot, file: dict[str, object]) -> list[Block]:
    """How it was computed; ``file`` is what identifies the input."""
    rows = [("program", words.PROGRAM), ("time (UTC)", words.when(snapshot.taken))]
    explanation = snapshot.explanation
    if explanation is not None:
        model, geometry = explanation.model, explanation.geometry
        (height, width), side = geometry.frame_size, geometry.input_size
        fitted = f"{geometry.fitted_size[1]} × {geometry.fitted_size[0]}"
        rows += [
            ("model", f"{model.name} {model.version}, {len(model.classes)} classes"),
            ("weights, SHA-256", model.sha256),
            ("licence of the weights", model.licence),
            ("device", explanation.device),
            ("method", in_words(explanation.method)),
            ("target", readable(explanation.target) or "none"),
            (
                "geometry",
                f"frame {width} × {height} → {fitted} within the model's input of {side} × {side}, "
                "aspect kept, centred",
            ),
            ("shown", words.part_of(snapshot.style)),
        ]
    rows.append(("input file, SHA-256", f"{file['sha256']} (frame {file['frame']}, from 0)"))
    cells = [(Text(name, quiet=True), value) for name, value in rows]
    return [heading("Provenance"), *table((Column("", 1.8), Column("", 6.2)), cells)[1:]]


def limits() -> list[Block]:
    kept = (paragraph(text, after=70, with_next=text != _LIMITS[-1]) for text in _LIMITS)
    return [heading("Limits of such maps"), *kept]
