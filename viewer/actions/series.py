"""The way through images and series."""

from __future__ import annotations

from viewer import commands
from viewer.actions.row import ActionRow, with_series

SERIES: tuple[ActionRow, ...] = (
    ActionRow(
        "next-image",
        "&Image",
        "Next image",
        ("Down", "Right"),
        commands.next_image,
        with_series,
        in_view=True,
    ),
    ActionRow(
        "previous-image",
        "&Image",
        "Previous image",
        ("Up", "Left"),
        commands.previous_image,
        with_series,
        in_view=True,
    ),
    ActionRow(
        "next-series", "&Image", "Next series", ("PgDown",), commands.next_series, with_series
    ),
    ActionRow(
        "previous-series",
        "&Image",
        "Previous series",
        ("PgUp",),
        commands.previous_series,
        with_series,
    ),
)
