"""The table of landmarks: of every class, with its sources, and under the names of annotations."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine import bundled
from engine.errors import EngineError
from engine.evidence.cases import read_cases
from engine.evidence.table import KINDS, read_table
from engine.training.recipes import CLASSES


def test_every_class_with_an_anatomy_has_landmarks_with_a_source() -> None:
    table = read_table(bundled.LANDMARKS)
    assert set(table) == set(CLASSES) - {"other"}
    for name, rows in table.items():
        assert len(rows) >= 3, name
        assert len({row.name for row in rows}) == len(rows), name
        assert all(row.kind in KINDS for row in rows)
        assert all(any(letter.isdigit() for letter in row.source) for row in rows), name  # a year


def test_every_annotated_landmark_is_in_the_table(data: Path) -> None:
    table = read_table(bundled.LANDMARKS)
    for case in read_cases(data / "landmarks"):
        known = {name for row in table[case.target] for name in row.annotated_as}
        assert set(case.names) <= known, case.image.name


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        '{"classes": {"knee": [{"name": "patella"}]}}',
        '{"classes": {"knee": [{"name": "a", "kind": "bone", "annotated_as": [], "source": "b"}]}}',
        '{"classes": {"knee": [{"name": "a", "kind": "line", "annotated_as": [], "source": ""}]}}',
    ],
)
def test_a_table_that_cannot_be_used_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "landmarks.json"
    path.write_text(text)
    with pytest.raises(EngineError, match="landmark"):
        read_table(path)
