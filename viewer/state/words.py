"""Names of the model in words."""

from __future__ import annotations


def readable(name: str) -> str:
    """``hand_wrist`` → ``hand wrist``."""
    return name.replace("_", " ")
