"""The table of named landmarks: what a human expert looks at, class by class, and who says so."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from engine.errors import EngineError

KINDS = ("region", "line", "point")


@dataclass(frozen=True)
class Landmark:
    """``kind`` is one of :data:`KINDS`; ``annotated_as`` are the names under which annotations give
    it, ``source`` says where its name or its measure comes from."""

    name: str
    kind: str
    annotated_as: tuple[str, ...]
    source: str


def read_table(path: Path) -> Mapping[str, tuple[Landmark, ...]]:
    """Landmarks by class. Raises :class:`EngineError` with the reason for a table that cannot be
    used."""
    try:
        classes = json.loads(path.read_text(encoding="utf-8"))["classes"]
        table = {
            name: tuple(
                Landmark(row["name"], row["kind"], tuple(row["annotated_as"]), row["source"])
                for row in rows
            )
            for name, rows in classes.items()
        }
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise EngineError(f"{path} is no table of landmarks ({error})") from error
    for name, rows in table.items():
        for row in rows:
            if row.kind not in KINDS or not row.name or not row.source:
                raise EngineError(f"{path}: a landmark of {name} lacks a name, a kind or a source")
    return MappingProxyType(table)
