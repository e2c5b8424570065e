"""Names of landmarks, from the table that ships with the program."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache

import resources


@dataclass(frozen=True)
class LandmarkName:
    """``kind`` is region, line or point; ``source`` says where the name or its measure comes from;
    ``target`` is the class of images that show it."""

    name: str
    kind: str
    source: str
    target: str


@cache
def landmark_names() -> tuple[LandmarkName, ...]:
    """Of every class, in the order of the table."""
    table = json.loads(resources.path("landmarks", "landmarks.json").read_text("utf-8"))
    return tuple(
        LandmarkName(row["name"], row["kind"], row["source"], target)
        for target, rows in table["classes"].items()
        for row in rows
    )


def names_for(target: str) -> tuple[tuple[LandmarkName, ...], tuple[LandmarkName, ...]]:
    """(those of a class, all others)."""
    own = tuple(item for item in landmark_names() if item.target == target)
    return own, tuple(item for item in landmark_names() if item.target != target)
