"""The response over the scan."""

from __future__ import annotations

from viewer import commands
from viewer.actions.row import ActionRow, separator, with_layers
from viewer.verbs import draw, kernels, overlay

OVERLAY: tuple[ActionRow, ...] = (
    ActionRow("next-layer", "&Overlay", "Next layer", ("]",), commands.next_layer, with_layers),
    ActionRow(
        "previous-layer",
        "&Overlay",
        "Previous layer",
        ("[",),
        commands.previous_layer,
        with_layers,
    ),
    ActionRow("next-class", "&Overlay", "Next class", ("}",), commands.next_class, with_layers),
    ActionRow(
        "previous-class",
        "&Overlay",
        "Previous class",
        ("{",),
        commands.previous_class,
        with_layers,
    ),
    separator("&Overlay"),
    ActionRow("overlay", "&Overlay", "Overlay on or off", ("V",), commands.toggle_overlay),
    ActionRow("contours", "&Overlay", "Contours on or off", ("O",), commands.toggle_contours),
    ActionRow("fill", "&Overlay", "Colour on or off", ("K",), commands.toggle_fill),
    ActionRow(
        "range", "&Overlay", "One range for all layers on or off", ("R",), commands.toggle_range
    ),
    separator("&Overlay"),
    ActionRow("curtain", "&Overlay", "Curtain: scan | overlay", ("X",), draw.toggle_curtain),
    ActionRow(
        "maximum",
        "&Overlay",
        "Jump to the maximum",
        ("J",),
        overlay.jump_to_maximum,
        with_layers,
    ),
    ActionRow("grid", "&Overlay", "Native grid on or off", ("L",), overlay.toggle_grid),
    ActionRow("signed", "&Overlay", "Signed or positive", ("Shift+N",), overlay.toggle_signed),
    ActionRow(
        "classes",
        "&Overlay",
        "Layer or dominant class",
        ("Y",),
        overlay.toggle_classes,
        with_layers,
    ),
    ActionRow(
        "whole-layer",
        "&Overlay",
        "Back from a kernel to its layer",
        ("Shift+K",),
        kernels.whole_layer,
        lambda context: context.session.kernel is not None,
    ),
)
