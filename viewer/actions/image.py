"""Zoom, and the display as it was."""

from __future__ import annotations

from functools import partial

from viewer.actions.row import ActionRow, separator, with_image
from viewer.commands import Context
from viewer.state.settings import ONE_SCALE
from viewer.verbs import viewing


def _several(context: Context) -> bool:
    return bool(context.session.panes)


def _one_alone(context: Context) -> bool:
    return context.view.framing.alone is not None


def _in_one_scale(context: Context) -> bool:
    return context.session.settings.get(ONE_SCALE)


IMAGE: tuple[ActionRow, ...] = (
    ActionRow(
        "fit",
        "&Image",
        "Fit to the window",
        ("F",),
        viewing.fit,
        with_image,
        checked=partial(viewing.is_zoom, "fit"),
    ),
    ActionRow(
        "one-to-one",
        "&Image",
        "One to one",
        ("Ctrl+1",),
        viewing.one_to_one,
        with_image,
        checked=partial(viewing.is_zoom, "1:1"),
    ),
    ActionRow(
        "true-size",
        "&Image",
        "True size",
        ("Ctrl+2",),
        viewing.true_size,
        viewing.can_be_true,
        checked=partial(viewing.is_zoom, "true size"),
        needs="a file that says how large its pixels are, and a screen that says how large it is",
    ),
    ActionRow("zoom-in", "&Image", "Zoom in", ("+", "="), viewing.zoom_in, with_image),
    ActionRow("zoom-out", "&Image", "Zoom out", ("-",), viewing.zoom_out, with_image),
    ActionRow(
        "alone",
        "&Image",
        "This picture alone",
        ("Ctrl+M",),
        viewing.toggle_alone,
        _several,
        checked=_one_alone,
        needs="several pictures side by side",
    ),
    ActionRow(
        "one-scale",
        "&Image",
        "One scale side by side",
        (),
        viewing.toggle_one_scale,
        viewing.has_image_beside,
        checked=_in_one_scale,
        needs="another image beside the main one",
    ),
    separator("&Image"),
    ActionRow("reset", "&Image", "Reset the display", ("Esc",), viewing.reset, with_image),
)
