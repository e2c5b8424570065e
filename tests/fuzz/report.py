"""What a run of cases came to."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from typing import Any

from tests.fuzz.causes import Cause
from tests.fuzz.trial import Outcome
from viewer.reading.limits import reader_bytes

_GIB = 1024**3
_EXAMPLES = 6


def as_json(outcomes: Sequence[Outcome], seconds: float) -> dict[str, Any]:
    """The figures, and every case that is worth a look."""
    worth = [o for o in outcomes if o.failures or o.deaths or o.unforeseen]
    return {**figures(outcomes, seconds), "notable": [asdict(outcome) for outcome in worth]}


def figures(outcomes: Sequence[Outcome], seconds: float) -> dict[str, Any]:
    """Counts, and the worst cases as (case, value)."""
    slow = sorted(outcomes, key=lambda o: -o.seconds)[:5]
    large = sorted(outcomes, key=lambda o: -o.peak)[:5]
    return {
        "cases": len(outcomes),
        "seconds": round(seconds, 1),
        "cases_per_second": round(len(outcomes) / seconds, 1),
        "cases_with_images": sum(o.images > 0 for o in outcomes),
        "images": sum(o.images for o in outcomes),
        "cases_with_refusals": sum(o.refusals > 0 for o in outcomes),
        "refusals": sum(o.refusals for o in outcomes),
        "unforeseen": sum(o.unforeseen for o in outcomes),
        "deaths": dict(Counter(status for o in outcomes for status in o.deaths)),
        "cases_with_deaths": [o.number for o in outcomes if o.deaths],
        "timeouts": sum(o.timeouts for o in outcomes),
        "slowest": [(o.number, round(o.seconds, 2)) for o in slow],
        "median_seconds": round(sorted(o.seconds for o in outcomes)[len(outcomes) // 2], 4),
        "largest_gib": [(o.number, round(o.peak / _GIB, 2)) for o in large],
        "budget_gib": round(reader_bytes() / _GIB, 2),
        "failed": [o.number for o in outcomes if o.failures],
    }


def told(outcomes: Sequence[Outcome], seconds: float, causes: bool) -> str:
    """The same in lines of text, failures at the end."""
    lines = [f"{name.replace('_', ' ')}: {x}" for name, x in figures(outcomes, seconds).items()]
    if causes:
        lines += ["", "behind the refusals:", *_causes(outcomes)]
    for outcome in outcomes:
        lines += [f"case {outcome.number}: {failure}" for failure in outcome.failures]
    failed = sum(bool(outcome.failures) for outcome in outcomes)
    lines.append(f"{failed} cases failed" if failed else "no case failed")
    return "\n".join(lines)


def _causes(outcomes: Sequence[Outcome]) -> Iterator[str]:
    """Sentences and what is behind them, the most frequent first, each with some examples."""
    rows: defaultdict[Cause, list[tuple[int, str]]] = defaultdict(list)
    for outcome in outcomes:
        for cause in outcome.causes:
            rows[replace(cause, text="")].append((outcome.number, cause.text))
    for cause, found in sorted(rows.items(), key=lambda row: -len(row[1])):
        yield f"{len(found):6} {cause.sentence}"
        yield f"       {cause.kind} {cause.place}".rstrip()
        texts = {re.sub(r"[0-9]+", "N", text): (number, text) for number, text in reversed(found)}
        for number, text in list(texts.values())[-_EXAMPLES:]:
            yield f"         case {number}: {text}".replace("\n", " ")
