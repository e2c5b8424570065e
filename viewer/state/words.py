"""Words that stand in several places."""

from __future__ import annotations

NOT_FOR_DIAGNOSIS = "RESEARCH USE – NOT FOR DIAGNOSIS"


def readable(name: str) -> str:
    """``hand_wrist`` → ``hand wrist``."""
    return name.replace("_", " ")
