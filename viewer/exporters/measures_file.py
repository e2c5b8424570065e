"""Measurements as a spreadsheet takes them: one a line. And as plain text."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path

from engine.files import write_atomically
from viewer.exporters.snapshot import Snapshot
from viewer.state.measured import Reading
from viewer.state.progress import Progress

COLUMNS = (
    *("number", "kind", "value", "unit", "true_of", "pixels", "mean", "sd", "min", "median"),
    *("max", "value_units", "padding_left_out", "not_finite_left_out", "points"),
)


def csv_bytes(readings: Sequence[Reading]) -> bytes:
    """UTF-8 with a mark that spreadsheets know it by; numbers with every digit, points (x, y) in
    pixels from the corner of the first one."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    for reading in readings:
        facts = reading.facts()
        facts["points"] = " ".join(f"{x:.3f},{y:.3f}" for x, y in reading.measurement.points)
        writer.writerow([_cell(facts.get(column)) for column in COLUMNS])
    return b"\xef\xbb\xbf" + text.getvalue().encode()


def write_csv(snapshot: Snapshot, path: Path, progress: Progress) -> None:
    progress.step(0.0)
    data = csv_bytes(snapshot.readings)
    progress.step(1.0)
    write_atomically(path, data)


def _cell(value: object) -> object:
    if value is None:
        return ""
    return repr(value) if isinstance(value, float) else value
