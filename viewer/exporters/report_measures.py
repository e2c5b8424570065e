"""The report's table of what was measured."""

from __future__ import annotations

from viewer.exporters.paper import Block, heading, note
from viewer.exporters.snapshot import Snapshot
from viewer.exporters.table_block import Column, Text, table
from viewer.state.measured import Reading


def measurements(snapshot: Snapshot) -> list[Block]:
    """Nothing where nothing was measured."""
    readings = snapshot.readings
    if not readings:
        return []
    legend = (
        "Of the pixels whose centres lie inside a region, by their modality values; SD divides by "
        "their number. A size at the detector is larger than in the patient."
    )
    columns = (
        Column("what was measured", 1.8),
        Column("size", 1.5),
        Column("true of", 1.4),
        Column("values inside", 3.3),
    )
    return [
        heading("Measurements"),
        note(legend),
        *table(columns, [_row(item) for item in readings]),
    ]


def _row(reading: Reading) -> list[Text | str]:
    return [
        Text(reading.measurement.title),
        Text(reading.headline, bold=True),
        reading.proviso or "–",
        "\n".join(reading.value_lines) or "–",
    ]
