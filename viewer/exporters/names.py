"""File names that carry no identity."""

from __future__ import annotations

from viewer.dicom.attributes import Attributes


def safe(text: str) -> str:
    """Letters, digits and dashes only; anything else becomes one dash."""
    kept = "".join(c if c.isascii() and c.isalnum() else "-" for c in text)
    return "-".join(part for part in kept.split("-") if part)


def suggested_name(facts: Attributes, layer: str, suffix: str = "png") -> str:
    """``dx-chest-blocks-3.png``: modality, body part and layer, never who it is."""
    parts = [facts.modality.lower(), safe(facts.body_part.lower()), safe(layer)]
    return "-".join(part for part in parts if part) + f".{suffix}"
