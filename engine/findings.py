"""Findings about a model's maps: what was asked, and how it came out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

PASS, FAIL, UNKNOWN = "pass", "fail", "unknown"

TESTS: Mapping[str, str] = MappingProxyType(
    {
        "repeatability": "The same image gives the same map, bit for bit",
        "randomisation": "Maps change when the weights are randomised",
        "class sensitivity": "Maps of two classes differ",
        "stability": "Maps stay when the image moves a little or gets some noise",
        "landmarks": "Maps lie on landmarks more than an untrained network's",
        "artefacts": "The decision does not change when markers and edges are erased",
    }
)
"""Every test and what it asks, in the order in which findings are shown."""


@dataclass(frozen=True)
class Finding:
    """The outcome of one of :data:`TESTS`: pass, fail or unknown.

    ``criterion`` says what had to hold, ``sentence`` what was found. ``value`` with its 95 %
    interval ``low`` to ``high``, from ``images`` images, is what was judged; None where nothing
    could be measured. ``numbers`` are (what, figure) behind it.
    """

    test: str
    outcome: str
    criterion: str
    sentence: str
    value: float | None = None
    low: float | None = None
    high: float | None = None
    images: int = 0
    numbers: tuple[tuple[str, str], ...] = ()

    def __post_init__(self) -> None:
        if self.test not in TESTS or self.outcome not in (PASS, FAIL, UNKNOWN):
            raise ValueError(f"no finding: {self.test!r} is {self.outcome!r}")


def summary(findings: Sequence[Finding]) -> str:
    """``3 of 6 passed, 1 failed, 2 unknown``; ``nothing measured`` where all are unknown."""
    counts = {name: sum(item.outcome == name for item in findings) for name in (FAIL, UNKNOWN)}
    if counts[UNKNOWN] == len(findings):
        return "nothing measured"
    passed = len(findings) - sum(counts.values())
    parts = [f"{passed} of {len(findings)} passed"]
    parts += [f"{counts[FAIL]} failed"] if counts[FAIL] else []
    parts += [f"{counts[UNKNOWN]} unknown"] if counts[UNKNOWN] else []
    return ", ".join(parts)
