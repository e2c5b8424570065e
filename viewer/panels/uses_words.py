"""What came of an intervention, in words and signs."""

from __future__ import annotations

import math
from dataclasses import dataclass

from engine.evidence.effects import MATERIAL, PLACES, Effect
from viewer.state.attending import Attention

WARNING, FINE, OPEN = "warning", "fine", "open"
_MINUS = "−"


@dataclass(frozen=True)
class Verdict:
    """``tone`` is one of the three above; the sign says the same without colours."""

    tone: str
    sign: str
    words: str

    @property
    def text(self) -> str:
        return f"{self.sign} {self.words}".strip()


def signed(change: float, digits: int = 2) -> str:
    """``−0.31``, ``+0.02``, ``0.00``."""
    text = f"{change:+.{digits}f}".replace("-", _MINUS)
    return text if float(text[1:]) else text[1:]


def verdict(effect: Effect | None, done: bool, compared: bool, refusal: str = "") -> Verdict:
    """``done``: no more will be known; ``compared``: as much elsewhere says anything."""
    if effect is None:
        return Verdict(OPEN, "", "no answer" if refusal else "not tried yet")
    if compared and not done and not refusal:
        return Verdict(OPEN, "", f"checking {len(effect.elsewhere)} / {PLACES} …")
    if effect.uses is None:
        few = f" ({len(effect.elsewhere)} places)" if compared else ""
        return Verdict(OPEN, "?", f"not certain{few}")
    if effect.uses:
        return Verdict(WARNING, "✕", "uses it")
    if abs(effect.change) >= MATERIAL:
        return Verdict(OPEN, "≈", "same elsewhere")
    return Verdict(FINE, "✓", "no use found")


def elsewhere(effect: Effect | None, compared: bool) -> str:
    """At how many other places as much was tried, and the range of what it does there."""
    if effect is None:
        return ""
    if not compared:
        return "nothing to compare with"
    if not effect.elsewhere:
        return "elsewhere …"
    low, high = effect.span
    return f"{len(effect.elsewhere)} elsewhere: {signed(low)}…{signed(high)}"


def uses_tip(effect: Effect | None, compared: bool, target: str, refusal: str = "") -> str:
    """The figures and the rule behind a verdict."""
    if effect is None:
        return refusal or "It is tried as soon as the changes rest."
    lines = [
        f"{target}: {effect.before:.3f} as the image is, "
        f"{effect.before + effect.change:.3f} with this alone changed "
        f"({signed(effect.change)})."
    ]
    if not compared:
        lines.append("There is no other place to compare with: as much elsewhere is the body.")
    elif effect.elsewhere:
        low, high = effect.span
        lines.append(
            f"As much at {len(effect.elsewhere)} other places: {signed(low)} to {signed(high)}."
        )
        if abs(effect.change) >= MATERIAL and effect.uses is False:
            lines.append("As much elsewhere does the same: that this place counts is not shown.")
    if effect.moved:
        lines.append(
            f"Moved to {len(effect.moved)} other places: {signed(min(effect.moved))} to "
            f"{signed(max(effect.moved))}."
        )
    lines.append(
        f"“Uses it” is said of a change of {MATERIAL} or more that lies beyond all of {PLACES} "
        "other places (by chance 1 time in 20)."
    )
    return "\n".join(lines)


def share(mass: float) -> str:
    """``4.2 %``; ``–`` where nothing responds."""
    return "–" if math.isnan(mass) else f"{mass:.1%}".replace("%", " %")


def times(lift: float) -> str:
    """``× 3.1``; "" where nothing responds."""
    return "" if math.isnan(lift) else f"× {lift:.1f}"


def attends(attention: Attention | None, layer: int, names: tuple[str, ...]) -> tuple[str, str]:
    """Of the chosen layer (from 0), and of the one with the highest lift."""
    if attention is None or len(attention.masses) != len(names):  # of another answer
        return "…", ""
    here = f"{share(attention.masses[layer])} {times(attention.lifts[layer])}".strip()
    highest = attention.highest
    if highest is None:
        return here, "no layer responds"
    return here, f"max {times(attention.lifts[highest])} {names[highest]}"


def attends_tip(attention: Attention | None, layer: int, names: tuple[str, ...]) -> str:
    if attention is None or len(attention.masses) != len(names):  # of another answer
        return "It is worked out as soon as the changes rest."
    highest = attention.highest
    if highest is None:
        return "No layer responds anywhere."
    mass, lift = attention.masses[layer], attention.lifts[layer]
    here = f"{names[layer]}: {share(mass)} of the response lies in it, {times(lift)} of chance (1)."
    if math.isnan(lift):
        here = f"{names[layer]}: no response on this image."
    return (
        f"{here}\nHighest: {names[highest]}, {share(attention.masses[highest])}, "
        f"{times(attention.lifts[highest])}."
    )
