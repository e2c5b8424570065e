"""Words and numbers as they stand in pictures and reports."""

from __future__ import annotations

import math
from collections.abc import Sequence

from engine.evidence.effects import MATERIAL, Effect
from engine.results import Explanation, LayerResponse
from viewer import __version__
from viewer.dicom.attributes import Attributes
from viewer.exporters.snapshot import Snapshot
from viewer.render.overlay import Overlay
from viewer.render.style import OverlayStyle
from viewer.state.words import readable

PROGRAM = f"Attentive Viewer {__version__}"
HIDDEN = "identity hidden"
ATTENDS = "A map shows what a layer attends to; only an intervention shows what the answer uses."
_SHOWN = 3  # figures of a value of the response


def signed(change: float) -> str:
    """``+0.120``, ``−0.030``: of a probability."""
    return f"{change:+.3f}".replace("-", "−")


def figure(value: float | None, form: str = ".2f") -> str:
    """A number, or a dash where there is none."""
    return "–" if value is None or math.isnan(value) else format(value, form)


def verdict(effect: Effect | None) -> str:
    """What an intervention shows of the answer."""
    if effect is None:
        return "not measured"
    if effect.uses is False and abs(effect.change) >= MATERIAL:
        return "same elsewhere"
    return {True: "uses", False: "no use found", None: "not certain"}[effect.uses]


def when(taken: str) -> str:
    """ISO time in UTC as it is read: ``2026-01-31 09:58:00``."""
    return taken.replace("T", " ").removesuffix("+00:00")


def elsewhere(effect: Effect | None) -> str:
    """The range of what as much erased elsewhere does: the chance level of a change."""
    if effect is None or not effect.elsewhere:
        return "–"
    low, high = effect.span
    return f"{signed(low)} to {signed(high)} at {len(effect.elsewhere)} places"


def identity_lines(facts: Attributes, shown: bool) -> tuple[str, ...]:
    """Whose image it is, or that this is hidden."""
    if not shown:
        return (HIDDEN,)
    born = f"born {facts.birth_date}" if facts.birth_date else ""
    rows: Sequence[Sequence[str]] = (
        (facts.patient_name, facts.patient_id),
        (f"sex {facts.sex}" if facts.sex else "", born),
        (facts.institution, facts.study_description, facts.study_date),
        (facts.series_description,),
    )
    joined = (" · ".join(part for part in row if part) for row in rows)
    return tuple(line for line in joined if line) or ("no identity in the file",)


def image_line(snapshot: Snapshot) -> str:
    """``DX · hand · PA · image 1 of 4 · 1200 × 900 pixels``: nothing that tells who it is."""
    facts, place = snapshot.facts, snapshot.place
    height, width = snapshot.pyramid.source.size
    side = facts.laterality if facts.laterality in ("L", "R", "B") else ""
    count = place.series.starts[-1]
    parts = (
        facts.modality,
        facts.body_part.lower(),
        side,
        facts.view_position,
        f"image {place.number + 1} of {count}" if count > 1 else "",
        f"{width} × {height} pixels",
    )
    return " · ".join(part for part in parts if part)


def answer_line(explanation: Explanation) -> str:
    """``hand wrist, probability 0.998``, or why there is none."""
    if explanation.withheld:
        return f"No output: {explanation.withheld_because}"
    chance = next(p.probability for p in explanation.predictions if p.name == explanation.target)
    best = explanation.predictions[0]
    if best.name == explanation.target:
        return f"{readable(best.name)}, probability {chance:.3f}"
    return (
        f"explained: {readable(explanation.target)}, probability {chance:.3f} "
        f"(predicted: {readable(best.name)}, {best.probability:.3f})"
    )


def grid(layer: LayerResponse) -> str:
    kernels, rows, columns = layer.native_shape
    return f"{columns} × {rows} · {kernels} {'kernel' if kernels == 1 else 'kernels'}"


def value(number: float) -> str:
    """Of a response, in its own unit."""
    return f"{number:.{_SHOWN}g}"


def range_of(overlay: Overlay) -> str:
    """``0 – 0.12, threshold 0.042``."""
    low = value(overlay.minimum).replace("-", "−")
    return f"{low} – {value(overlay.maximum)}, threshold {value(overlay.level)}"


def part_of(style: OverlayStyle) -> str:
    """What of the response is shown, and how."""
    part = "Signed response" if style.signed else "Positive part of the response"
    shared = "one range for all layers" if style.shared_range else "each layer has its own range"
    smoothing = f"smoothed, × {style.smoothing:g}" if style.smoothing else "not smoothed"
    return f"{part}, {smoothing}; {shared}."
