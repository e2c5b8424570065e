"""Words that stand in several places."""

from __future__ import annotations

NOT_FOR_DIAGNOSIS = "RESEARCH USE – NOT FOR DIAGNOSIS"
KEPT_BACK = "Kept back until you have said what you see (Review)."
"""What stands in the place of the model's output until then."""


def readable(name: str) -> str:
    """``hand_wrist`` → ``hand wrist``."""
    return name.replace("_", " ")


def several(count: int, one: str, more: str = "") -> str:
    """``1 image``, ``1,200 images``; ``more`` where an s does not make the plural."""
    return f"{count:,} {one if count == 1 else more or f'{one}s'}"


def as_sentence(text: str) -> str:
    """With a capital and a full stop."""
    return f"{text[:1].upper()}{text[1:].rstrip('.')}." if text else ""
