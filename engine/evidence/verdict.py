"""From figures to findings: what must hold for maps to be trusted, and whether it does.

Two thresholds on rank correlations, fixed before anything was measured against them: maps are the
same where they share half of the variance of their ranks or more (ρ ≥ 0.7), and others where they
share less than a quarter (ρ < 0.5). A finding passes or fails when its whole 95 % interval, by
resampling images, lies on one side; otherwise it is unknown.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from engine.evidence.agreement import MEASURES
from engine.evidence.bootstrap import Estimate, mean_of, over_first, ratio_of
from engine.evidence.effects import MATERIAL
from engine.evidence.landmarks import Agreements, comparable_lifts
from engine.evidence.reliance import FEWEST, Use
from engine.evidence.sanity import NOISE, SHARES, SHIFT, Sanity
from engine.findings import FAIL, PASS, UNKNOWN, Finding
from engine.results import Method

SAME, OTHER = 0.7, 0.5
_LIFT = MEASURES.index("lift")
_OF_A_CLASS = "class"  # the seed that knows of classes


def judged(found: Estimate, above: bool, threshold: float) -> str:
    """Pass, fail or unknown: is the whole interval above (or below) the threshold? Of fewer than
    eight images nothing is said."""
    if found.count < FEWEST:
        return UNKNOWN
    if not (math.isfinite(found.low) and math.isfinite(found.high)):
        return UNKNOWN
    good, bad = (
        (found.low >= threshold, found.high < threshold)
        if above
        else (found.high < threshold, found.low >= threshold)
    )
    return PASS if good else FAIL if bad else UNKNOWN


def _finding(
    test: str,
    outcome: str,
    criterion: str,
    sentence: str,
    found: Estimate,
    numbers: Sequence[tuple[str, str]] = (),
) -> Finding:
    value, low, high = (
        round(figure, 4) if math.isfinite(figure) else None
        for figure in (found.value, found.low, found.high)
    )
    return Finding(
        test, outcome, criterion, sentence, value, low, high, found.count, tuple(numbers)
    )


def of_sanity(method: Method, layers: Sequence[str], found: Sanity) -> Iterator[Finding]:
    """Repeatability, randomisation, class sensitivity and stability of one method's maps."""
    images = found.noise.shape[1]
    yield Finding(
        "repeatability",
        PASS if found.repeated else FAIL,
        "no bit differs",
        f"{'The same' if found.repeated else 'Not the same'} maps a second time, on one device.",
        images=images,
    )
    yield _randomisation(layers, found)
    yield _class_sensitivity(method, layers, found)
    yield _stability(layers, found)


def _randomisation(layers: Sequence[str], found: Sanity) -> Finding:
    end = mean_of(_of_images(found.randomised[-1]))
    if not end.count:
        return _silent("randomisation")
    outcome = judged(end, False, OTHER)
    words = {
        PASS: "Maps depend on what the model learnt",
        FAIL: "Much of the map is there without any learning: it shows the image, not the model",
        UNKNOWN: "How much of the map depends on what the model learnt is not certain",
    }[outcome]
    numbers = [
        (f"{share:.0%} of the modules randomised, from the last one up", _figure(table))
        for share, table in zip(SHARES, found.randomised, strict=True)
    ]
    numbers += _by_layer("all randomised", layers, found.randomised[-1])
    return _finding(
        "randomisation",
        outcome,
        f"ρ below {OTHER} with maps of the network with all weights drawn anew",
        f"{words} (ρ = {end.value:.2f}).",
        end,
        numbers,
    )


def _class_sensitivity(method: Method, layers: Sequence[str], found: Sanity) -> Finding:
    both = mean_of(np.fmax(_of_images(found.runner_up), _of_images(found.least)))
    if not both.count:
        return _silent("class sensitivity")
    outcome = judged(both, False, SAME)
    words = {
        PASS: "Maps of two classes are not the same",
        FAIL: "Maps of another class look much the same: they hardly say what speaks for one",
        UNKNOWN: "Whether maps of two classes differ is not certain",
    }[outcome]
    if method.seed != _OF_A_CLASS:
        words = "This method does not know of classes: its map is the same for each"
    return _finding(
        "class sensitivity",
        outcome,
        f"ρ below {SAME} between maps for the most probable and for the second or the last class",
        f"{words} (the more alike of two: ρ = {both.value:.2f}).",
        both,
        [
            ("with the second most probable class", _figure(found.runner_up)),
            ("with the least probable class", _figure(found.least)),
            *_by_layer("second class", layers, found.runner_up),
        ],
    )


def _stability(layers: Sequence[str], found: Sanity) -> Finding:
    worse = np.minimum(_of_images(found.noise), _of_images(found.shift))
    held = mean_of(worse[~found.moved])
    if not held.count:
        return _silent("stability")
    outcome = judged(held, True, SAME)
    words = {
        PASS: "Maps stay as they are",
        FAIL: "Maps change though the answer does not",
        UNKNOWN: "Whether maps stay as they are is not certain",
    }[outcome]
    return _finding(
        "stability",
        outcome,
        f"ρ at least {SAME} with maps of the image moved by {SHIFT} pixels of the input, and with "
        f"noise of {NOISE:.0%} of the range",
        f"{words} (the worse of both: ρ = {held.value:.2f}).",
        held,
        [
            ("with noise", _figure(found.noise)),
            ("moved and back", _figure(found.shift)),
            ("images whose most probable class changed, left out", str(int(found.moved.sum()))),
            *_by_layer("moved", layers, found.shift),
        ],
    )


def _silent(test: str) -> Finding:
    return Finding(test, UNKNOWN, "", "There was nothing to compare: no response, or one class.")


def of_landmarks(row: int, found: Mapping[str, Agreements], words: Mapping[str, str]) -> Finding:
    """Landmark lift over the untrained networks, of the method in ``row``; ``found`` and ``words``
    (what is marked there) are by class."""
    ratios = {name: ratio_of(*comparable_lifts(agreed, row)) for name, agreed in found.items()}
    known = {name: ratio for name, ratio in ratios.items() if math.isfinite(ratio.value)}
    criterion = "lift on landmarks, over that of untrained networks, above 1 for every class"
    if not known:
        return Finding("landmarks", UNKNOWN, criterion, "There was no response to measure.")
    outcomes = [judged(ratio, True, 1.0) for ratio in known.values()]
    outcome = FAIL if FAIL in outcomes else UNKNOWN if UNKNOWN in outcomes else PASS
    parts = [
        f"{words.get(name, name)}: {ratio.value:.2f} times an untrained network's"
        for name, ratio in known.items()
    ]
    worst = min(known.values(), key=lambda ratio: ratio.value)
    numbers = [
        (
            f"{words.get(name, name)}: lift over the untrained networks', all layers",
            f"{ratio.value:.2f} ({ratio.low:.2f} to {ratio.high:.2f}), {ratio.count} images",
        )
        for name, ratio in known.items()
    ]
    for name, agreed in found.items():
        lifted = _of_images(agreed.trained[row, :, :, _LIFT])
        beside = (
            ("another image's landmarks", _of_images(agreed.shuffled[row, :, :, _LIFT])),
            ("a blob in the middle", agreed.centre[:, _LIFT]),
            ("the image's edges", agreed.edges[:, _LIFT]),
        )
        numbers += [
            (f"{words.get(name, name)}: lift, all layers", f"{mean_of(lifted).value:.2f}"),
            *(
                (f"{words.get(name, name)}: lift, {what}", f"{mean_of(table).value:.2f}")
                for what, table in beside
            ),
        ]
        for layer, lifts in zip(agreed.layers, agreed.trained[row, :, :, _LIFT], strict=True):
            own = mean_of(lifts)
            text = "no response"
            if math.isfinite(own.value):
                text = f"{own.value:.2f} ({own.low:.2f} to {own.high:.2f})"
            numbers.append((f"{words.get(name, name)}: lift at {layer}", text))
    sentence = f"Lift on {'; '.join(parts)}."
    return _finding("landmarks", outcome, criterion, sentence, worst, numbers)


def of_uses(found: Sequence[Use]) -> Finding:
    """Whether the answers rest on artefacts: the same for every method."""
    criterion = (
        f"erasing candidates, or laying markers on other images, moves no class's probability by "
        f"more than {MATERIAL:g} (95 % interval) beyond what the same does elsewhere"
    )
    known = [use for use in found if use.known]
    if not known:
        return Finding("artefacts", UNKNOWN, criterion, "Too few images had any candidate.")
    used = [use for use in known if use.uses]
    open_ones = [use for use in known if use.uses is None]
    pairs = f"{len(known)} pairs of a class and a kind that enough patients have"
    if used:
        names = ", ".join(f"{use.kind} for {_word(use.target)}" for use in used)
        outcome, sentence = FAIL, f"The answer uses: {names} (of {pairs})."
    elif open_ones:
        outcome = UNKNOWN
        sentence = f"No use found; {len(open_ones)} of {pairs} are not certain."
    else:
        outcome, sentence = PASS, f"No use found in {pairs}."
    worst = max((part for use in used or known for part in use.known), key=lambda part: part.low)
    numbers = [
        (f"{use.kind}, {_word(use.target)}: {_SAID[use.uses]}", _effects(use)) for use in known
    ]
    return _finding("artefacts", outcome, criterion, sentence, worst, numbers)


_SAID = {True: "used", False: "no use", None: "not certain"}


def _word(name: str) -> str:
    return name.replace("_", " ")


def _effects(use: Use) -> str:
    """What was measured, as changes of the class's probability."""
    drop, gain = use.drop, use.gain
    parts = [f"erased {-drop.value:+.3f} ({-drop.high:+.3f} to {-drop.low:+.3f}), {drop.count}"]
    if gain.count:
        ends = f"({gain.low:+.3f} to {gain.high:+.3f})"
        parts.append(f"laid on others {gain.value:+.3f} {ends}, {gain.count}")
    if use.cost.value >= MATERIAL:
        parts.append(f"as much elsewhere {-use.cost.value:+.3f}")
    return "; ".join(parts)


def _of_images(table: NDArray[np.float64]) -> NDArray[np.float64]:
    """[L, N] → [N]: the mean over the layers that responded."""
    return over_first(table)


def _figure(table: NDArray[np.float64]) -> str:
    found = mean_of(_of_images(table))
    if not found.count:
        return "no response"
    return f"ρ = {found.value:.2f} ({found.low:.2f} to {found.high:.2f})"


def _by_layer(
    what: str, layers: Sequence[str], table: NDArray[np.float64]
) -> list[tuple[str, str]]:
    return [
        (f"{what}, {layer}", _figure(row[None])) for layer, row in zip(layers, table, strict=True)
    ]
