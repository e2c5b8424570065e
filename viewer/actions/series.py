"""The way through images and series, playing them, and key images."""

from __future__ import annotations

from viewer import commands
from viewer.actions.row import ActionRow, separator, with_series
from viewer.commands import Context
from viewer.verbs import series


def _with_stack(context: Context) -> bool:
    return context.workbench.cine.count > 1


def _is_key_image(context: Context) -> bool:
    place = context.session.place
    return place is not None and context.session.key_images.has(place.instance, place.frame)


_STACK = "a series with more than one image"

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
        "first-image",
        "&Image",
        "First image",
        ("Home",),
        series.first_image,
        _with_stack,
        in_view=True,
        needs=_STACK,
    ),
    ActionRow(
        "last-image",
        "&Image",
        "Last image",
        ("End",),
        series.last_image,
        _with_stack,
        in_view=True,
        needs=_STACK,
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
    ActionRow(
        "cine",
        "&Image/Cine",
        "Play the images",
        ("C",),
        series.toggle_cine,
        _with_stack,
        checked=lambda context: context.session.playing,
        needs=_STACK,
    ),
    ActionRow(
        "cine-swing",
        "&Image/Cine",
        "To and fro",
        ("Shift+C",),
        series.toggle_swing,
        checked=lambda context: context.workbench.cine.swing,
    ),
    ActionRow(
        "cine-faster", "&Image/Cine", "Faster", ("Ctrl+Up",), series.cine_faster, _with_stack
    ),
    ActionRow(
        "cine-slower", "&Image/Cine", "Slower", ("Ctrl+Down",), series.cine_slower, _with_stack
    ),
    ActionRow(
        "key-image",
        "&Image/Key images",
        "Key image",
        (".",),
        series.toggle_key_image,
        with_series,
        checked=_is_key_image,
    ),
    ActionRow(
        "next-key-image",
        "&Image/Key images",
        "Next key image",
        (">",),
        series.next_key_image,
        with_series,
    ),
    ActionRow(
        "previous-key-image",
        "&Image/Key images",
        "Previous key image",
        ("<",),
        series.previous_key_image,
        with_series,
    ),
    separator("&Image/Key images"),
    ActionRow(
        "only-key-images",
        "&Image/Key images",
        "List only key images",
        (),
        series.toggle_only_key_images,
        checked=lambda context: context.session.key_images.only,
    ),
)
